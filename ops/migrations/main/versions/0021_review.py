"""The index of the log as bitmaps per word, the trace of each request, and the lists that were looked through.

The index is made from the entries, says no more than they do, and can be made again from them: it is begun anew here.
`audit_word` gives each word of the log a number. `audit_posting` says for 4,096 places of the log which of them name a word: a
bit for each, or two bytes for each that do where these are few. `audit_moment` holds when each of 256 entries was recorded,
`audit_outcome` what each outcome entry says of its delivery, `audit_tally` how often a thing happened on a day.

`audit_trace` is no part of the index: which entries were made under a trace (W3C Trace Context) stands nowhere else. `review_`
holds the lists that are drawn from the log to be looked through, and what was said of each line.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_INDEX = {
    "audit_word": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        id       int NOT NULL,
        sort     text NOT NULL,
        word     text NOT NULL,
        entries  bigint NOT NULL,
        PRIMARY KEY (log_id, id),
        UNIQUE (log_id, sort, word)) WITH (fillfactor = 70)""",
    "audit_posting": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        word     int NOT NULL,
        block    bigint NOT NULL,
        entries  int NOT NULL,
        bits     bytea NOT NULL,
        PRIMARY KEY (log_id, word, block))""",
    "audit_moment": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        part     bigint NOT NULL,
        first_us bigint NOT NULL,
        moments  bytea NOT NULL,
        PRIMARY KEY (log_id, part))""",
    "audit_outcome": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        seq      bigint NOT NULL,
        us       bigint NOT NULL,
        delivery uuid NOT NULL,
        attempt  int NOT NULL,
        became   text NOT NULL,
        PRIMARY KEY (log_id, seq))""",
    "audit_tally": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        day       date NOT NULL,
        kind      text NOT NULL,
        recipient text NOT NULL,
        reason    text NOT NULL,
        entries   bigint NOT NULL,
        PRIMARY KEY (log_id, day, kind, recipient, reason))""",
}
_KEPT = {
    "audit_trace": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        trace_id uuid NOT NULL,
        refs     bytea NOT NULL CHECK (octet_length(refs) % 16 = 0))""",
    "review_list": """(
        log_id     text NOT NULL,
        party_id   text NOT NULL,
        month      text NOT NULL CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
        first_seq  bigint NOT NULL,
        size       bigint NOT NULL CHECK (size > first_seq),
        root       bytea NOT NULL CHECK (octet_length(root) = 32),
        each       int NOT NULL CHECK (each > 0),
        entry_ref  uuid NOT NULL,
        drawn_us   bigint NOT NULL,
        PRIMARY KEY (log_id, month))""",
    "review_item": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        month    text NOT NULL,
        seq      bigint NOT NULL,
        kind     text NOT NULL,
        PRIMARY KEY (log_id, month, seq))""",
    "review_mark": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        month     text NOT NULL,
        seq       bigint NOT NULL,
        verdict   text NOT NULL CHECK (verdict IN ('in-orde', 'vraag')),
        reason    text NOT NULL,
        staff     text NOT NULL,
        entry_ref uuid NOT NULL,
        marked_us bigint NOT NULL)""",
    "review_signed": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        month     text NOT NULL,
        digest    bytea NOT NULL CHECK (octet_length(digest) = 32),
        staff     text NOT NULL,
        entry_ref uuid NOT NULL,
        signed_us bigint NOT NULL,
        PRIMARY KEY (log_id, month))""",
}
_INDEXES = (
    "audit_moment_us ON audit_moment (log_id, first_us, part)",
    "audit_outcome_of ON audit_outcome (log_id, delivery, seq)",
    "audit_trace_of ON audit_trace (log_id, trace_id)",
    "review_mark_of ON review_mark (log_id, month, seq, marked_us)",
)


def upgrade() -> None:
    op.execute("DROP TABLE audit_index_word")
    op.execute("DROP TABLE audit_index")
    op.execute("DELETE FROM audit_indexed")
    for table, columns in (_INDEX | _KEPT).items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    for table in _INDEX:  # to bring it up to date, and to make it again
        op.execute(f"GRANT DELETE ON {table} TO hub_app")
    op.execute("GRANT UPDATE (entries) ON audit_word, audit_tally TO hub_app")
    op.execute("GRANT UPDATE (entries, bits) ON audit_posting TO hub_app")
    op.execute("GRANT UPDATE (moments) ON audit_moment TO hub_app")
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")
    for table in ("review_list", "review_item", "review_mark", "review_signed"):
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")


def downgrade() -> None:
    for table in reversed(_INDEX | _KEPT):
        op.execute(f"DROP TABLE {table}")
    op.execute("DELETE FROM audit_indexed")
    op.execute("""
        CREATE TABLE audit_index (
            log_id text NOT NULL, party_id text NOT NULL, seq bigint NOT NULL, us bigint NOT NULL, ref uuid NOT NULL,
            kind text NOT NULL, operation text NOT NULL, actor text NOT NULL, purpose text NOT NULL, source text NOT NULL,
            recipient text NOT NULL, staff text NOT NULL, bases text[] NOT NULL, reasons text[] NOT NULL,
            outcome text NOT NULL, became text NOT NULL, attempt int NOT NULL, delivery uuid,
            PRIMARY KEY (log_id, seq)) WITH (fillfactor = 80)""")
    op.execute("""
        CREATE TABLE audit_index_word (
            log_id text NOT NULL, party_id text NOT NULL, sort text NOT NULL CHECK (sort IN ('basis', 'reason')),
            word text NOT NULL, seq bigint NOT NULL,
            PRIMARY KEY (log_id, sort, word, seq))""")
    for table in ("audit_index", "audit_index_word"):
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO hub_app")
    op.execute("GRANT UPDATE (outcome, attempt) ON audit_index TO hub_app")
    for index in (
        "audit_index_us ON audit_index (log_id, us, seq)",
        "audit_index_ref ON audit_index (log_id, ref)",
        "audit_index_kind ON audit_index (log_id, kind, seq)",
        "audit_index_operation ON audit_index (log_id, operation, seq)",
        "audit_index_source ON audit_index (log_id, source, seq)",
        "audit_index_recipient ON audit_index (log_id, recipient, seq)",
        "audit_index_purpose ON audit_index (log_id, purpose, seq)",
        "audit_index_outcome ON audit_index (log_id, outcome, seq)",
        "audit_index_delivery ON audit_index (log_id, delivery, seq) WHERE delivery IS NOT NULL",
        "audit_index_became ON audit_index (log_id, recipient, became, seq) WHERE became <> ''",
        "audit_index_refusal ON audit_index (log_id, recipient, seq) WHERE kind = 'refusal'",
        "audit_index_again ON audit_index (log_id, recipient, seq) WHERE outcome = 'handed-over' AND attempt >= 5",
        "audit_index_staff ON audit_index (log_id, staff, seq) WHERE staff <> ''",
    ):
        op.execute(f"CREATE INDEX {index}")
