"""The baseline: log, consent, receipt, routing, delivery, partners.

Every row names its log and its party. Times are microseconds since 1970 (`_us`). What is sealed hangs on a person's key in
the vault; tags and digests are keyed.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# On every row of every table.
_WHOSE = "log_id text NOT NULL, party_id text NOT NULL"

_TABLES = {
    "audit_entry": f"""({_WHOSE},
        seq  bigint NOT NULL CHECK (seq >= 0),
        ref  uuid NOT NULL,
        leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
        body bytea NOT NULL CHECK (octet_length(body) <= 65535),
        PRIMARY KEY (log_id, seq)) PARTITION BY LIST (log_id)""",
    "audit_tile": f"""({_WHOSE},
        level  smallint NOT NULL,
        idx    bigint NOT NULL,
        hashes bytea NOT NULL,
        PRIMARY KEY (log_id, level, idx))""",
    # One row, updated by every commit: room on its page keeps the update off the index.
    "audit_head": f"""({_WHOSE},
        size     bigint NOT NULL CHECK (size >= 0),
        frontier bytea NOT NULL,
        root     bytea NOT NULL,
        last_us  bigint NOT NULL,
        PRIMARY KEY (log_id)) WITH (fillfactor = 10)""",
    "audit_checkpoint": f"""({_WHOSE},
        size       bigint NOT NULL,
        note       text NOT NULL,
        created_us bigint NOT NULL,
        PRIMARY KEY (log_id, size))""",
    "audit_request": f"""({_WHOSE},
        request_id uuid NOT NULL,
        size       bigint NOT NULL,
        refs       uuid[] NOT NULL,
        tally      int[] NOT NULL,
        created_us bigint NOT NULL,
        PRIMARY KEY (log_id, request_id))""",
    "audit_subject": f"""({_WHOSE},
        subject_tag bytea NOT NULL,
        ref         uuid NOT NULL)""",
    "consent_facts": f"""({_WHOSE},
        record_id   uuid PRIMARY KEY,
        subject_tag bytea NOT NULL,
        sealed      bytea NOT NULL,
        created_us  bigint NOT NULL)""",
    "consent_statement": f"""({_WHOSE},
        statement_id uuid PRIMARY KEY,
        subject_tag  bytea NOT NULL,
        kind         text NOT NULL,
        valid_from   date NOT NULL,
        valid_until  date,
        event_us     bigint NOT NULL,
        recorded_us  bigint NOT NULL)""",
    "receive_record": f"""({_WHOSE},
        content_digest bytea NOT NULL,
        record_id      uuid NOT NULL,
        received_us    bigint NOT NULL,
        PRIMARY KEY (party_id, content_digest))""",
    "receive_drop": f"""({_WHOSE},
        drop_id         uuid PRIMARY KEY,
        connector       text NOT NULL,
        file_digest     bytea NOT NULL,
        state           text NOT NULL CHECK (state IN ('taken', 'done', 'refused')),
        reason          text,
        rows_done       int NOT NULL DEFAULT 0,
        rows_total      int,
        accepted        int NOT NULL DEFAULT 0,
        quarantined     int NOT NULL DEFAULT 0,
        duplicate       int NOT NULL DEFAULT 0,
        columns_ignored int NOT NULL DEFAULT 0,
        seen_us         bigint NOT NULL,
        updated_us      bigint NOT NULL,
        UNIQUE (party_id, connector, file_digest)) WITH (fillfactor = 80)""",
    "receive_quarantine": f"""({_WHOSE},
        quarantine_id uuid PRIMARY KEY,
        drop_id       uuid,
        row_number    int NOT NULL,
        faults        jsonb NOT NULL,
        sealed        bytea,
        key_version   int NOT NULL,
        state         text NOT NULL DEFAULT 'waiting',
        created_us    bigint NOT NULL,
        UNIQUE (drop_id, row_number)) WITH (fillfactor = 80)""",
    "receive_idempotency": f"""({_WHOSE},
        key_digest  bytea NOT NULL,
        body_digest bytea NOT NULL,
        request_id  uuid NOT NULL,
        created_us  bigint NOT NULL,
        PRIMARY KEY (party_id, key_digest))""",
    "route_tally": f"""({_WHOSE},
        recipient text NOT NULL,
        reason    text NOT NULL,
        refused   bigint NOT NULL,
        PRIMARY KEY (log_id, party_id, recipient, reason)) WITH (fillfactor = 50)""",
    # party_id is the recipient; sealed is gone once it is acknowledged.
    "deliver_outbox": f"""({_WHOSE},
        delivery_id     uuid PRIMARY KEY,
        source          text NOT NULL,
        record_kind     text NOT NULL,
        subject_tag     bytea NOT NULL,
        sealed          bytea,
        nonce           bytea NOT NULL,
        digest          bytea NOT NULL,
        state           text NOT NULL CHECK (state IN ('held', 'handed', 'acknowledged')),
        attempts        int NOT NULL DEFAULT 0,
        held_us         bigint NOT NULL,
        handed_us       bigint,
        acknowledged_us bigint) WITH (fillfactor = 80)""",
    "identity_partner": f"""({_WHOSE},
        client_id  text PRIMARY KEY,
        jwks       jsonb NOT NULL,
        scopes     text[] NOT NULL,
        active     boolean NOT NULL,
        created_us bigint NOT NULL)""",
    "identity_assertion": f"""({_WHOSE},
        client_id  text NOT NULL,
        jti_digest bytea NOT NULL,
        expires_us bigint NOT NULL,
        PRIMARY KEY (client_id, jti_digest))""",
}

_INDEXES = (
    "audit_entry_ref ON audit_entry (log_id, ref)",
    "audit_subject_tag ON audit_subject (subject_tag)",
    "audit_subject_ref ON audit_subject (ref)",
    "consent_statement_tag ON consent_statement (subject_tag)",
    "deliver_outbox_open ON deliver_outbox (party_id, delivery_id) WHERE state <> 'acknowledged'",
    "identity_assertion_expiry ON identity_assertion (expires_us)",
)

# What is encrypted does not get smaller; do not try.
_SEALED = ("consent_facts", "receive_quarantine", "deliver_outbox")

_MAY_UPDATE = ("audit_head", "receive_drop", "receive_quarantine", "route_tally", "deliver_outbox", "identity_partner")
_MAY_DELETE = ("identity_assertion",)

# For everyone, the owner included. HU001 is the hub's own code: hub.db makes errors.Tampered of it.
_KEPT = ("audit_entry", "audit_tile", "audit_checkpoint")
_KEEP = """
    CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        RAISE EXCEPTION 'the log is only added to' USING ERRCODE = 'HU001';
    END $$"""
_GROW = """
    CREATE FUNCTION audit_grow() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF NEW.log_id <> OLD.log_id OR NEW.size <= OLD.size OR NEW.last_us < OLD.last_us THEN
            RAISE EXCEPTION 'the head of the log only grows' USING ERRCODE = 'HU001';
        END IF;
        RETURN NEW;
    END $$"""

# The running hub owns no table, so the owner's function makes partitions for it. A partition is made apart and then attached:
# that waits for no reader and holds up no writer. What lies before the last partition may have been pruned; it stays away.
_PARTITIONS = """
    CREATE FUNCTION ensure_audit_partitions(log text, upto bigint) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        span    CONSTANT bigint := 5000000;
        of_log  text;
        next_at bigint;
        made    int := 0;
    BEGIN
        IF log IS NULL OR log !~ '^[a-z][a-z0-9-]{0,62}$' OR upto IS NULL OR upto < 0 THEN
            RAISE EXCEPTION 'not a log, or not a position in one' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('audit_entry ' || log, 0));
        of_log := 'audit_entry_' || left(encode(sha256(convert_to(log, 'UTF8')), 'hex'), 24);
        IF to_regclass('public.' || of_log) IS NULL THEN
            EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_entry INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
                           'INCLUDING STORAGE) PARTITION BY RANGE (seq)', of_log);
            EXECUTE format('CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON public.%I '
                           'EXECUTE FUNCTION public.audit_keep()', of_log);
            EXECUTE format('ALTER TABLE public.audit_entry ATTACH PARTITION public.%I FOR VALUES IN (%L)', of_log, log);
        END IF;
        SELECT coalesce(max(split_part(part.relname, '_', 4)::bigint) + 1, 0) INTO next_at
        FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
        WHERE inhparent = to_regclass('public.' || of_log);
        IF upto / span - next_at >= 1000 THEN
            RAISE EXCEPTION 'too far ahead of the log' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        WHILE next_at <= upto / span LOOP
            EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_entry INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
                           'INCLUDING STORAGE)', of_log || '_' || next_at);
            EXECUTE format('CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON public.%I '
                           'EXECUTE FUNCTION public.audit_keep()', of_log || '_' || next_at);
            EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
                           of_log, of_log || '_' || next_at, next_at * span, (next_at + 1) * span);
            next_at := next_at + 1;
            made := made + 1;
        END LOOP;
        RETURN made;
    END $$"""


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")
    for table in _SEALED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN sealed SET STORAGE EXTERNAL")
    for table in _MAY_UPDATE:
        op.execute(f"GRANT UPDATE ON {table} TO hub_app")
    for table in _MAY_DELETE:
        op.execute(f"GRANT DELETE ON {table} TO hub_app")

    op.execute(_KEEP)
    op.execute(_GROW)
    for table in _KEPT:
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    for table in (*_KEPT, "audit_head"):
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")
    op.execute("CREATE TRIGGER audit_keep BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    op.execute("CREATE TRIGGER audit_grow BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_grow()")

    op.execute(_PARTITIONS)
    op.execute("REVOKE ALL ON FUNCTION ensure_audit_partitions(text, bigint) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION ensure_audit_partitions(text, bigint) TO hub_app")

    op.execute("ALTER TABLE deliver_outbox ENABLE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY deliver_outbox_own ON deliver_outbox FOR SELECT TO hub_reader
        USING (party_id = current_setting('hub.party_id', true))""")
    op.execute("GRANT SELECT ON deliver_outbox TO hub_reader")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION ensure_audit_partitions(text, bigint)")
    op.execute("DROP FUNCTION audit_grow()")
    op.execute("DROP FUNCTION audit_keep()")
