"""An index of the log for searching. It is made from the entries, says no more than they do, and can be made again from them.

`audit_indexed` says up to which entry it goes; whoever searches brings it up to date first. Words that a kind of entry does
not have are empty. `outcome` is the newest outcome of a disclosure or refusal, `became` what an outcome entry itself says. A
word of many in one entry (a basis, a reason) stands in `audit_index_word`, so that a rare one is found as fast as any.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = {
    "audit_index": """
        CREATE TABLE audit_index (
            log_id    text NOT NULL,
            party_id  text NOT NULL,
            seq       bigint NOT NULL,
            us        bigint NOT NULL,
            ref       uuid NOT NULL,
            kind      text NOT NULL,
            operation text NOT NULL,
            actor     text NOT NULL,
            purpose   text NOT NULL,
            source    text NOT NULL,
            recipient text NOT NULL,
            staff     text NOT NULL,
            bases     text[] NOT NULL,
            reasons   text[] NOT NULL,
            outcome   text NOT NULL,
            became    text NOT NULL,
            attempt   int NOT NULL,
            delivery  uuid,
            PRIMARY KEY (log_id, seq)) WITH (fillfactor = 80)""",
    "audit_index_word": """
        CREATE TABLE audit_index_word (
            log_id   text NOT NULL,
            party_id text NOT NULL,
            sort     text NOT NULL CHECK (sort IN ('basis', 'reason')),
            word     text NOT NULL,
            seq      bigint NOT NULL,
            PRIMARY KEY (log_id, sort, word, seq))""",
    "audit_indexed": """
        CREATE TABLE audit_indexed (
            log_id   text PRIMARY KEY,
            party_id text NOT NULL,
            size     bigint NOT NULL)""",
}
_INDEXES = (
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
)


def upgrade() -> None:
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT UPDATE (outcome, attempt) ON audit_index TO hub_app")
    op.execute("GRANT DELETE ON audit_index, audit_index_word TO hub_app")  # to make the index again
    op.execute("GRANT UPDATE ON audit_indexed TO hub_app")
    # Whoever asks what is known about one person is answered from the facts that were decided on, too.
    op.execute("CREATE INDEX consent_facts_tag ON consent_facts (subject_tag)")
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")


def downgrade() -> None:
    op.execute("DROP INDEX consent_facts_tag")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
