"""The running hub may read which revision its tables have, so that 'hub doctor' can say when the migrations did not run."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT ON alembic_version TO hub_app")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON alembic_version FROM hub_app")
