"""The logs of this installation, the names and keys under which each was signed, and alarms that keep one from growing."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = {
    # One row per log: what it began as. Two logs under one key would be two logs under one name.
    "audit_log": """
        CREATE TABLE audit_log (
            log_id    text PRIMARY KEY,
            party_id  text NOT NULL,
            region    text NOT NULL,
            origin    text NOT NULL UNIQUE,
            vkey      text NOT NULL UNIQUE,
            opened_us bigint NOT NULL)""",
    # The log goes on under another name or key; `ref` is the entry that says why, the first that this key signed.
    "audit_origin": """
        CREATE TABLE audit_origin (
            log_id     text NOT NULL,
            party_id   text NOT NULL,
            first_size bigint NOT NULL CHECK (first_size > 0),
            origin     text NOT NULL,
            vkey       text NOT NULL UNIQUE,
            cause      text NOT NULL CHECK (cause IN ('restored', 'rotation')),
            ref        uuid NOT NULL,
            created_us bigint NOT NULL,
            PRIMARY KEY (log_id, first_size))""",
    # While one stands (`ended_us` is null) nothing is added to the log.
    "audit_alarm": """
        CREATE TABLE audit_alarm (
            log_id   text NOT NULL,
            party_id text NOT NULL,
            found_us bigint NOT NULL,
            what     text NOT NULL,
            ended_us bigint,
            PRIMARY KEY (log_id, found_us))""",
}
_KEPT = ("audit_log", "audit_origin")


def upgrade() -> None:
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")
    for table in _KEPT:
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    op.execute("CREATE TRIGGER audit_keep BEFORE DELETE ON audit_alarm FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    op.execute("GRANT UPDATE (ended_us) ON audit_alarm TO hub_app")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
