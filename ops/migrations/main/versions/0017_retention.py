"""Bodies may be redacted and prefixes pruned, by logged authority alone; what stands against it.

A proposal names entries (`retention_part`: at most those of one tile a row) or a size to prune to; `audit_redaction` and
`audit_pruned` say which entry of the log authorised it, and only then do the triggers let a body become NULL, or an entry below
the size go. `roots` of a pruning are the hashes of the open tile of level 1 at its size: their own tiles are gone.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_WHOSE = "log_id text NOT NULL, party_id text NOT NULL"
_TABLES = {
    "retention_hold": f"""({_WHOSE},
        event_id    uuid PRIMARY KEY,
        hold_id     uuid NOT NULL,
        event       text NOT NULL CHECK (event IN ('opened', 'lifted')),
        kind        text NOT NULL CHECK (kind IN ('breach', 'legal-hold')),
        scope       text NOT NULL CHECK (scope IN ('all', 'party', 'purpose', 'person')),
        word        text NOT NULL,
        subject_tag bytea,
        staff       text NOT NULL,
        us          bigint NOT NULL,
        CHECK ((scope = 'person') = (subject_tag IS NOT NULL)),
        UNIQUE (log_id, hold_id, event))""",
    "retention_proposal": f"""({_WHOSE},
        proposal_id uuid PRIMARY KEY,
        act         text NOT NULL CHECK (act IN ('redact', 'prune')),
        purpose     text NOT NULL,
        entries     bigint NOT NULL CHECK (entries > 0),
        first       bigint NOT NULL,
        after       bigint NOT NULL,
        digest      bytea NOT NULL CHECK (octet_length(digest) = 32),
        policy_hash text NOT NULL,
        staff       text NOT NULL,
        us          bigint NOT NULL)""",
    "retention_part": f"""({_WHOSE},
        proposal_id uuid NOT NULL,
        tile        bigint NOT NULL,
        seqs        bigint[] NOT NULL,
        PRIMARY KEY (log_id, tile, proposal_id))""",
    "audit_redaction": f"""({_WHOSE},
        proposal_id   uuid PRIMARY KEY,
        authority_ref uuid NOT NULL)""",
    "audit_pruned": f"""({_WHOSE},
        size          bigint NOT NULL CHECK (size > 0 AND size % 256 = 0),
        proposal_id   uuid NOT NULL,
        authority_ref uuid NOT NULL,
        roots         bytea NOT NULL,
        PRIMARY KEY (log_id, size))""",
    "retention_done": f"""({_WHOSE},
        proposal_id uuid PRIMARY KEY,
        us          bigint NOT NULL)""",
}
_INDEXES = (
    "retention_hold_of ON retention_hold (log_id, us)",
    "retention_proposal_of ON retention_proposal (log_id, us)",
    "retention_part_of ON retention_part (log_id, proposal_id, tile)",
    "audit_redaction_of ON audit_redaction (log_id, proposal_id)",
    # Which notices were about a delivery: one that runs keeps its entry, one that was carried out ends the recipient's term.
    "consent_notice_items ON consent_notice USING gin (items)",
)

# What authorises is an entry of the log that comes after what it is about.
_AUTHORITY = """audit_entry AS said ON said.log_id = {0}.log_id AND said.ref = {0}.authority_ref
            AND convert_from(said.body, 'UTF8')::jsonb @> '{{"kind": "prune", "operation": "{1}"}}'"""
_MAY_GO = f"""
    CREATE FUNCTION audit_may_go(log text, upto bigint) RETURNS boolean LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
        SELECT EXISTS (SELECT FROM public.audit_pruned AS gone JOIN public.{_AUTHORITY.format("gone", "prune-prefix")}
            WHERE gone.log_id = log AND gone.size >= upto AND said.seq >= gone.size)
    $$"""
_KEEP_ENTRY = f"""
    CREATE FUNCTION audit_keep_entry() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF public.audit_may_go(OLD.log_id, OLD.seq + 1) THEN
                RETURN OLD;
            END IF;
        ELSIF NEW.body IS NULL AND OLD.body IS NOT NULL
            AND (NEW.log_id, NEW.party_id, NEW.seq, NEW.ref, NEW.leaf) = (OLD.log_id, OLD.party_id, OLD.seq, OLD.ref, OLD.leaf)
            AND EXISTS (SELECT FROM public.retention_part AS part
                JOIN public.audit_redaction AS act ON act.log_id = part.log_id AND act.proposal_id = part.proposal_id
                JOIN public.{_AUTHORITY.format("act", "redact-entries")}
                WHERE part.log_id = OLD.log_id AND part.tile = OLD.seq / 256 AND OLD.seq = ANY (part.seqs)
                AND said.seq > OLD.seq)
            AND convert_from(OLD.body, 'UTF8')::jsonb ->> 'kind' NOT IN ('prune', 'key_rotation')
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the log is only added to' USING ERRCODE = 'HU001';
    END $$"""
_KEEP_TILE = """
    CREATE FUNCTION audit_keep_tile() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND OLD.level = 0 AND public.audit_may_go(OLD.log_id, (OLD.idx + 1) * 256) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the log is only added to' USING ERRCODE = 'HU001';
    END $$"""
# The running hub may delete nothing of the log itself. Whole partitions below the size go as files, the rest row by row.
_PRUNE = """
    CREATE FUNCTION prune_audit(log text, most int) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        span   CONSTANT bigint := 5000000;
        of_log text := 'audit_entry_' || left(encode(sha256(convert_to(log, 'UTF8')), 'hex'), 24);
        below  bigint;
        part   name;
        gone   bigint := 0;
        these  bigint;
    BEGIN
        SELECT max(size) INTO below FROM public.audit_pruned WHERE log_id = log;
        IF below IS NULL OR NOT public.audit_may_go(log, below) THEN
            RAISE EXCEPTION 'the log is only added to' USING ERRCODE = 'HU001';
        END IF;
        FOR part IN SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
            WHERE inhparent = to_regclass('public.' || of_log)
            AND (split_part(child.relname, '_', 4)::bigint + 1) * span <= below
        LOOP
            EXECUTE format('DROP TABLE public.%I', part);
            gone := gone + 1;
        END LOOP;
        DELETE FROM public.audit_entry WHERE log_id = log AND seq IN (
            SELECT seq FROM public.audit_entry WHERE log_id = log AND seq < below ORDER BY seq LIMIT most);
        GET DIAGNOSTICS these = ROW_COUNT;
        gone := gone + these;
        DELETE FROM public.audit_tile WHERE log_id = log AND level = 0 AND idx IN (
            SELECT idx FROM public.audit_tile WHERE log_id = log AND level = 0 AND idx < below / 256 ORDER BY idx LIMIT most);
        GET DIAGNOSTICS these = ROW_COUNT;
        RETURN gone + these;
    END $$"""
_WATCHED = {"audit_entry": "audit_keep_entry", "audit_tile": "audit_keep_tile"}


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")
    op.execute("ALTER TABLE audit_entry ALTER COLUMN body DROP NOT NULL")
    for function in (_MAY_GO, _KEEP_ENTRY, _KEEP_TILE, _PRUNE):
        op.execute(function)
    for table, function in _WATCHED.items():
        op.execute(f"DROP TRIGGER audit_keep ON {table}")
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()")
    op.execute("GRANT UPDATE (body) ON audit_entry TO hub_app")
    op.execute("REVOKE ALL ON FUNCTION prune_audit(text, int) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION prune_audit(text, int) TO hub_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (body) ON audit_entry FROM hub_app")
    for table in _WATCHED:
        op.execute(f"DROP TRIGGER audit_keep ON {table}")
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    for function in ("prune_audit(text, int)", "audit_keep_tile()", "audit_keep_entry()", "audit_may_go(text, bigint)"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("DROP INDEX consent_notice_items")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE audit_entry ALTER COLUMN body SET NOT NULL")
