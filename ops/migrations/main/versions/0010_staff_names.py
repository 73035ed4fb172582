"""Who the members of staff in the log are: their name as the identity provider gave it last, for the officer's desk alone.

The log itself knows them by a keyed digest. They are told at the desk that what they do is recorded.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLE = """
    CREATE TABLE identity_staff (
        log_id   text NOT NULL,
        party_id text NOT NULL,
        staff_id text NOT NULL,
        name     text NOT NULL,
        seen_us  bigint NOT NULL,
        PRIMARY KEY (log_id, staff_id))
"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute("GRANT SELECT, INSERT, UPDATE ON identity_staff TO hub_app")


def downgrade() -> None:
    op.execute("DROP TABLE identity_staff")
