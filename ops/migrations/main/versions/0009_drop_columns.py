"""Of a file that was refused for its header: which columns it lacks, and which it has that nobody knows. Names, never cells."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE receive_drop ADD COLUMN missing text[], ADD COLUMN strange text[]")


def downgrade() -> None:
    op.execute("ALTER TABLE receive_drop DROP COLUMN missing, DROP COLUMN strange")
