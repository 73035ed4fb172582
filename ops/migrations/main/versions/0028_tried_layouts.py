"""Layouts of files that were tried before a connector works, and by which hands a member of staff works."""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_TABLES = {
    "setup_layout": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        instance text NOT NULL,
        seq      int NOT NULL CHECK (seq > 0),
        body     text NOT NULL,
        PRIMARY KEY (log_id, instance, seq))""",
    "setup_hand": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        hand      text NOT NULL,
        staff_id  text NOT NULL,
        entry_ref uuid NOT NULL,
        us        bigint NOT NULL,
        PRIMARY KEY (log_id, hand))""",
}


def upgrade() -> None:
    """Adds the two tables."""
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT DELETE ON setup_hand TO hub_app")


def downgrade() -> None:
    """Takes them away."""
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
