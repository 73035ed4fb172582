"""Decision calls: what a partner asked and was answered, sealed, beside the log entry that says so."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE decision_call (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            entry_ref   uuid NOT NULL,
            sealed      bytea NOT NULL,
            key_version int NOT NULL,
            recorded_us bigint NOT NULL,
            PRIMARY KEY (log_id, entry_ref))""")
    op.execute("GRANT SELECT, INSERT, DELETE ON decision_call TO hub_app")
    op.execute("CREATE INDEX decision_call_expiry ON decision_call (log_id, recorded_us)")


def downgrade() -> None:
    op.execute("DROP TABLE decision_call")
