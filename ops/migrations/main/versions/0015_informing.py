"""What young persons have to be told (GDPR 13, 14), and that they were.

`rights_duty` is made from the log and says no more than it does: a row per delivery that its recipient has. `rights_duty_read`
says up to which entry it goes. `rights_informed` is what parties report, each row named by its log entry, and only added to.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = {
    "rights_duty": """
        CREATE TABLE rights_duty (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            delivery_id uuid NOT NULL,
            teller      text NOT NULL,
            agreement   text NOT NULL,
            clause      text NOT NULL,
            policy_hash text NOT NULL,
            exempt      boolean NOT NULL,
            received_us bigint NOT NULL,
            due_on      date NOT NULL,
            PRIMARY KEY (log_id, delivery_id))""",
    "rights_duty_read": """
        CREATE TABLE rights_duty_read (
            log_id   text PRIMARY KEY,
            party_id text NOT NULL,
            size     bigint NOT NULL)""",
    "rights_informed": """
        CREATE TABLE rights_informed (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            delivery_id uuid NOT NULL,
            entry_ref   uuid NOT NULL,
            told_on     date NOT NULL,
            text_hash   bytea NOT NULL CHECK (octet_length(text_hash) = 32),
            own_text    boolean NOT NULL,
            recorded_us bigint NOT NULL,
            PRIMARY KEY (log_id, delivery_id))""",
}


def upgrade() -> None:
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT UPDATE (size) ON rights_duty_read TO hub_app")
    op.execute("CREATE INDEX rights_duty_of ON rights_duty (log_id, party_id, agreement, clause, due_on, delivery_id)")
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON rights_informed FOR EACH ROW EXECUTE FUNCTION audit_keep()"
    )
    op.execute("CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON rights_informed EXECUTE FUNCTION audit_keep()")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
