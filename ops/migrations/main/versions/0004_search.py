"""An index of the log for searching. It is made from the entries, says no more than they do, and can be made again from them.

`audit_indexed` says up to which entry it goes; whoever searches brings it up to date first.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE audit_index (
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        seq       bigint NOT NULL,
        us        bigint NOT NULL,
        ref       uuid NOT NULL,
        kind      text NOT NULL,
        operation text NOT NULL,
        actor     text NOT NULL,
        purpose   text NOT NULL,
        source    text,
        recipient text,
        bases     text[],
        reasons   text[],
        outcome   text,
        delivery  uuid,
        PRIMARY KEY (log_id, seq))""",
    """
    CREATE TABLE audit_indexed (
        log_id   text PRIMARY KEY,
        party_id text NOT NULL,
        size     bigint NOT NULL)""",
)


def upgrade() -> None:
    for table in _TABLES:
        op.execute(table)
    op.execute("CREATE INDEX audit_index_recipient ON audit_index (log_id, recipient, seq)")
    op.execute("CREATE INDEX audit_index_kind ON audit_index (log_id, kind, seq)")
    op.execute("CREATE INDEX audit_index_us ON audit_index (log_id, us)")
    op.execute("CREATE INDEX audit_index_delivery ON audit_index (log_id, delivery, seq) WHERE delivery IS NOT NULL")
    op.execute("CREATE INDEX audit_index_ref ON audit_index (log_id, ref)")
    op.execute("GRANT SELECT, INSERT ON audit_index TO hub_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON audit_indexed TO hub_app")


def downgrade() -> None:
    op.execute("DROP TABLE audit_indexed")
    op.execute("DROP TABLE audit_index")
