"""What counts against a delivery itself is counted by itself.

`attempts` says how often it was handed over, also while its recipient's system was ill; that is no ground to give it up.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE deliver_outbox ADD COLUMN strikes int NOT NULL DEFAULT 0")


def downgrade() -> None:
    op.execute("ALTER TABLE deliver_outbox DROP COLUMN strikes")
