"""What decides what the hub does is added to, in order, and names the entry of the log that speaks of it.

Acts on agreements follow each other without a gap, whoever writes them. A key that signs names the entry of its registration,
and is closed by a row of its own, so that nobody opens it again. A mapping or move that one person put through alone is
confirmed by a row beside it. Partner systems come and go by moves that are numbered for each of them.
"""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TERM = "^[a-z][a-z0-9]*([-./_:][a-z0-9]+)*$"
_TABLES = {
    "policy_closed": """(
        log_id     text NOT NULL,
        party_id   text NOT NULL,
        thumbprint text NOT NULL CHECK (thumbprint ~ '^[0-9a-f]{64}$'),
        us         bigint NOT NULL,
        PRIMARY KEY (log_id, thumbprint))""",
    "receive_confirmed": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        connector text NOT NULL,
        version   int NOT NULL,
        who       text NOT NULL,
        entry_ref uuid NOT NULL,
        us        bigint NOT NULL,
        PRIMARY KEY (log_id, connector, version))""",
    "identity_move": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        client_id text NOT NULL,
        seq       int NOT NULL CHECK (seq > 0),
        digest    bytea CHECK (octet_length(digest) = 32),
        entry_ref uuid NOT NULL,
        us        bigint NOT NULL,
        PRIMARY KEY (log_id, client_id, seq))""",
}
# An act of a number that is taken is left to the primary key; one that leaves a gap is none of the hub's.
_NEXT = """
    CREATE FUNCTION policy_next() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        newest CONSTANT bigint := (SELECT coalesce(max(number), 0) FROM public.policy_act WHERE log_id = NEW.log_id);
    BEGIN
        IF NEW.number > newest + 1 OR NEW.number < 1 THEN
            RAISE EXCEPTION 'acts follow each other' USING ERRCODE = 'HU001';
        END IF;
        -- What the hub could not even read would keep it from reading the acts that are well.
        IF NEW.kind NOT IN ('founded', 'laid', 'proposed', 'advised', 'signed', 'activated', 'suspended', 'resumed', 'ended')
            OR NEW.staff !~ '^m-[0-9a-f]{16}$'
            OR length(NEW.for_party) > 64 OR NEW.for_party !~ '^[a-z][a-z0-9]*([-./_:][a-z0-9]+)*$'
            OR length(NEW.agreement) > 64 OR NEW.agreement !~ '^[a-z][a-z0-9]*([-./_:][a-z0-9]+)*$'
            OR (NEW.kind IN ('proposed', 'advised', 'activated') AND (NEW.follows IS NULL OR NEW.policy_hash IS NULL))
            OR (NEW.kind IN ('signed', 'suspended', 'resumed', 'ended') AND NEW.agreement IS NULL)
        THEN
            RAISE EXCEPTION 'this is no act' USING ERRCODE = 'HU001';
        END IF;
        RETURN NEW;
    END $$"""


def upgrade() -> None:
    """Adds them."""
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")
    op.execute(_NEXT)
    op.execute("CREATE TRIGGER policy_next BEFORE INSERT ON policy_act FOR EACH ROW EXECUTE FUNCTION policy_next()")
    # A name that is none would keep the hub from reading the instances that are well.
    for column in ("instance", "party_id"):
        op.execute(
            f"ALTER TABLE setup_move ADD CONSTRAINT setup_move_{column} "
            f"CHECK (length({column}) <= 64 AND {column} ~ '{_TERM}') NOT VALID"
        )
    op.execute("ALTER TABLE policy_signatory ADD COLUMN entry_ref uuid")
    op.execute(
        """INSERT INTO policy_closed (log_id, party_id, thumbprint, us)
        SELECT log_id, party_id, thumbprint, closed_us FROM policy_signatory WHERE closed_us IS NOT NULL"""
    )
    op.execute("REVOKE UPDATE (closed_us) ON policy_signatory FROM hub_app")
    op.execute("ALTER TABLE policy_signatory DROP COLUMN closed_us")


def downgrade() -> None:
    """Takes them away."""
    op.execute("ALTER TABLE policy_signatory ADD COLUMN closed_us bigint")
    op.execute("GRANT UPDATE (closed_us) ON policy_signatory TO hub_app")
    op.execute(
        """UPDATE policy_signatory AS held SET closed_us = closed.us FROM policy_closed AS closed
        WHERE closed.log_id = held.log_id AND closed.thumbprint = held.thumbprint"""
    )
    op.execute("ALTER TABLE policy_signatory DROP COLUMN entry_ref")
    for column in ("instance", "party_id"):
        op.execute(f"ALTER TABLE setup_move DROP CONSTRAINT setup_move_{column}")
    op.execute("DROP TRIGGER policy_next ON policy_act")
    op.execute("DROP FUNCTION policy_next()")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
