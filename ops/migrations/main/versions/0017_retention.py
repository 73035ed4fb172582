"""Bodies may be redacted and prefixes pruned, by logged authority alone; what stands against it."""

from __future__ import annotations

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
