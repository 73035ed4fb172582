"""Mending: mappings that an administrator changed, each version kept; files and rows that are read again."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The highest version of a connector is the one in use; the mapping that it is installed with is none of them.
_MAPPING = """
    CREATE TABLE receive_mapping (
        log_id     text NOT NULL,
        party_id   text NOT NULL,
        connector  text NOT NULL,
        version    int NOT NULL CHECK (version > 0),
        body       text NOT NULL,
        entry_ref  uuid NOT NULL,
        created_us bigint NOT NULL,
        PRIMARY KEY (log_id, connector, version))"""


def upgrade() -> None:
    op.execute(_MAPPING)
    op.execute("GRANT SELECT, INSERT ON receive_mapping TO hub_app")
    op.execute("ALTER TABLE receive_drop DROP CONSTRAINT receive_drop_state_check")
    op.execute("""
        ALTER TABLE receive_drop ADD CONSTRAINT receive_drop_state_check
        CHECK (state IN ('taken', 'done', 'refused', 'again'))""")
    op.execute("CREATE INDEX receive_quarantine_drop ON receive_quarantine (drop_id, row_number) WHERE state = 'waiting'")


def downgrade() -> None:
    op.execute("DROP INDEX receive_quarantine_drop")
    op.execute("UPDATE receive_drop SET state = 'refused' WHERE state = 'again'")
    op.execute("ALTER TABLE receive_drop DROP CONSTRAINT receive_drop_state_check")
    op.execute("""
        ALTER TABLE receive_drop ADD CONSTRAINT receive_drop_state_check CHECK (state IN ('taken', 'done', 'refused'))""")
    op.execute("DROP TABLE receive_mapping")
