"""Mending: mappings that an administrator changed, each version kept; files and rows that are read again; how polls go."""

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
# `outcome` is one of the codes of hub.connector.Trouble, and has been so since `since_us`.
_CONNECTOR = """
    CREATE TABLE receive_connector (
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        connector text NOT NULL,
        outcome   text NOT NULL CHECK (outcome ~ '^[A-Z][A-Z_]{1,63}$'),
        since_us  bigint NOT NULL,
        polled_us bigint NOT NULL,
        PRIMARY KEY (log_id, connector)) WITH (fillfactor = 50)"""


def upgrade() -> None:
    op.execute(_MAPPING)
    op.execute("GRANT SELECT, INSERT ON receive_mapping TO hub_app")
    op.execute(_CONNECTOR)
    op.execute("GRANT SELECT, INSERT, UPDATE ON receive_connector TO hub_app")
    op.execute("ALTER TABLE receive_drop DROP CONSTRAINT receive_drop_state_check")
    op.execute("""
        ALTER TABLE receive_drop ADD CONSTRAINT receive_drop_state_check
        CHECK (state IN ('taken', 'done', 'refused', 'again'))""")
    op.execute("CREATE INDEX receive_drop_seen ON receive_drop (log_id, seen_us)")
    op.execute("CREATE INDEX receive_drop_again ON receive_drop (party_id, connector) WHERE state = 'again'")
    op.execute("CREATE INDEX receive_quarantine_drop ON receive_quarantine (drop_id, row_number) WHERE state = 'waiting'")


def downgrade() -> None:
    op.execute("DROP INDEX receive_quarantine_drop")
    op.execute("DROP INDEX receive_drop_again")
    op.execute("DROP INDEX receive_drop_seen")
    op.execute("UPDATE receive_drop SET state = 'refused' WHERE state = 'again'")
    op.execute("ALTER TABLE receive_drop DROP CONSTRAINT receive_drop_state_check")
    op.execute("""
        ALTER TABLE receive_drop ADD CONSTRAINT receive_drop_state_check CHECK (state IN ('taken', 'done', 'refused'))""")
    op.execute("DROP TABLE receive_connector")
    op.execute("DROP TABLE receive_mapping")
