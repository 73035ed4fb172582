"""Notices to recipients about what they may no longer keep or use: why they go out, how each stands, and all that happened.

`consent_cause` is written with the event that it stands for and followed right after; `entry_ref` is that event's log entry. A
notice's `state`, `level`, `late`, `handed` and `next_us` say how it stands now; `consent_notice_event` says how it came to be
so, and is only added to. `via` is the notice by which a recipient told to whom it had passed things on (zero for none).
`statements` of a delivery counts the statements about its young person that came while it waited.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = {
    "consent_cause": """
        CREATE TABLE consent_cause (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            cause_id    uuid PRIMARY KEY,
            entry_ref   uuid NOT NULL,
            kind        text NOT NULL CHECK (kind ~ '^[a-z]+(-[a-z]+)*$'),
            subject_tag bytea,
            scope       jsonb NOT NULL,
            since_us    bigint NOT NULL,
            followed_us bigint) WITH (fillfactor = 80)""",
    "consent_notice": """
        CREATE TABLE consent_notice (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            notice_id   uuid PRIMARY KEY,
            cause_id    uuid NOT NULL,
            via         uuid NOT NULL,
            cause       text NOT NULL,
            action      text NOT NULL CHECK (action IN ('stop', 'restrict', 'erase', 'correct', 'none_other_basis')),
            subject_tag bytea,
            agreement   text,
            items       jsonb NOT NULL,
            opened_us   bigint NOT NULL,
            due_us      bigint NOT NULL,
            state       text NOT NULL CHECK (state IN ('open', 'acknowledged', 'attested', 'refused', 'closed')),
            level       int NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 3),
            late        boolean NOT NULL DEFAULT false,
            handed      int NOT NULL DEFAULT 0,
            next_us     bigint NOT NULL DEFAULT 0,
            UNIQUE (log_id, cause_id, party_id, action, via)) WITH (fillfactor = 80)""",
    "consent_notice_event": """
        CREATE TABLE consent_notice_event (
            log_id    text NOT NULL,
            party_id  text NOT NULL,
            event_id  uuid PRIMARY KEY,
            number    bigint GENERATED ALWAYS AS IDENTITY,
            notice_id uuid NOT NULL,
            kind      text NOT NULL CHECK (kind ~ '^[a-z]+(-[a-z]+)*$'),
            us        bigint NOT NULL,
            level     int NOT NULL DEFAULT 0,
            staff     text NOT NULL DEFAULT '',
            channel   text NOT NULL DEFAULT '',
            method    text NOT NULL DEFAULT '',
            ground    text NOT NULL DEFAULT '',
            digest    bytea,
            sealed    bytea,
            onward    text NOT NULL DEFAULT '')""",
}
_INDEXES = (
    "consent_cause_open ON consent_cause (log_id, cause_id) WHERE followed_us IS NULL",
    "consent_cause_tag ON consent_cause (subject_tag)",
    "consent_notice_waiting ON consent_notice (party_id, notice_id) WHERE state = 'open'",
    "consent_notice_running ON consent_notice (log_id, opened_us, notice_id) WHERE state <> 'closed'",
    "consent_notice_late ON consent_notice (log_id, party_id) WHERE late",
    "consent_notice_tag ON consent_notice (subject_tag)",
    "consent_notice_ended ON consent_notice (log_id, opened_us, notice_id)",
    "consent_notice_event_of ON consent_notice_event (notice_id, number)",
)


def upgrade() -> None:
    op.execute("ALTER TABLE deliver_outbox ADD COLUMN statements int NOT NULL DEFAULT 0")
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT UPDATE (followed_us) ON consent_cause TO hub_app")
    op.execute("GRANT UPDATE (state, level, late, handed, next_us) ON consent_notice TO hub_app")
    op.execute("ALTER TABLE consent_notice_event ALTER COLUMN sealed SET STORAGE EXTERNAL")
    for index in _INDEXES:
        op.execute(f"CREATE INDEX {index}")
    op.execute(
        "CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON consent_notice_event FOR EACH ROW EXECUTE FUNCTION audit_keep()"
    )
    op.execute("CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON consent_notice_event EXECUTE FUNCTION audit_keep()")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE deliver_outbox DROP COLUMN statements")
