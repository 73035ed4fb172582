"""What others say of the log: cosignatures and time stamps; and what this hub cosigned for others.

`witness_log` is a log that this hub is a witness of, with the newest checkpoint that it cosigned: it never goes back.
`witness_asked` is how it stands with each witness, and with the time-stamping authority, that this log asks.
`witness_cosignature` and `witness_timestamp` are what they answered: evidence, only added to.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TABLES = {
    "witness_log": """
        CREATE TABLE witness_log (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            origin      text NOT NULL,
            vkey        text NOT NULL,
            active      boolean NOT NULL,
            size        bigint NOT NULL CHECK (size >= 0),
            root        bytea NOT NULL CHECK (octet_length(root) = 32),
            note        text,
            cosigned_us bigint NOT NULL,
            forked      text,
            PRIMARY KEY (log_id, origin))""",
    "witness_asked": """
        CREATE TABLE witness_asked (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            witness     text NOT NULL,
            size        bigint NOT NULL CHECK (size >= 0),
            answered_us bigint NOT NULL,
            asked_us    bigint NOT NULL,
            trouble     text,
            PRIMARY KEY (log_id, witness))""",
    "witness_cosignature": """
        CREATE TABLE witness_cosignature (
            log_id   text NOT NULL,
            party_id text NOT NULL,
            witness  text NOT NULL,
            size     bigint NOT NULL CHECK (size >= 0),
            signed_s bigint NOT NULL,
            note     text NOT NULL,
            line     text NOT NULL,
            us       bigint NOT NULL,
            PRIMARY KEY (log_id, witness, size, signed_s))""",
    "witness_timestamp": """
        CREATE TABLE witness_timestamp (
            log_id     text NOT NULL,
            party_id   text NOT NULL,
            size       bigint NOT NULL CHECK (size >= 0),
            note       text NOT NULL,
            digest     bytea NOT NULL CHECK (octet_length(digest) = 64),
            token      bytea NOT NULL,
            stamped_us bigint NOT NULL,
            us         bigint NOT NULL,
            PRIMARY KEY (log_id, size))""",
}
_KEPT = ("witness_cosignature", "witness_timestamp")
_GROW = """
    CREATE FUNCTION witness_grow() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF NEW.log_id <> OLD.log_id OR NEW.origin <> OLD.origin OR NEW.size < OLD.size
            OR (NEW.size = OLD.size AND NEW.root <> OLD.root) OR (OLD.forked IS NOT NULL AND NEW.forked IS NULL) THEN
            RAISE EXCEPTION 'what a witness has seen only grows' USING ERRCODE = 'HU001';
        END IF;
        RETURN NEW;
    END $$"""


def upgrade() -> None:
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT UPDATE (vkey, active, size, root, note, cosigned_us, forked) ON witness_log TO hub_app")
    op.execute("GRANT UPDATE (size, answered_us, asked_us, trouble) ON witness_asked TO hub_app")
    op.execute("CREATE INDEX witness_cosignature_at ON witness_cosignature (log_id, size)")
    for table in _KEPT:
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")
    op.execute(_GROW)
    op.execute("CREATE TRIGGER witness_grow BEFORE UPDATE ON witness_log FOR EACH ROW EXECUTE FUNCTION witness_grow()")
    op.execute("CREATE TRIGGER audit_keep BEFORE DELETE ON witness_log FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    op.execute("CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON witness_log EXECUTE FUNCTION audit_keep()")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION witness_grow()")
