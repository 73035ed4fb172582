"""The life of agreements: every act, the sets proposed, what was written with an advice, and who signs with which key.

What holds is what the acts together say, in the order of their numbers: `number` is the next one or somebody else was first.
Acts and proposed sets only grow. Of a proposal, an advice, a signature, an activation the entry in the log is `entry_ref`.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TABLES = {
    "policy_act": """
        CREATE TABLE policy_act (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            number      bigint NOT NULL,
            kind        text NOT NULL,
            us          bigint NOT NULL,
            entry_ref   uuid NOT NULL,
            method      text NOT NULL CHECK (method IN ('hub', 'desk', 'key')),
            staff       text,
            for_party   text,
            agreement   text,
            digest      text CHECK (digest ~ '^[0-9a-f]{64}$'),
            follows     text CHECK (follows ~ '^[0-9a-f]{64}$'),
            policy_hash text CHECK (policy_hash ~ '^[0-9a-f]{64}$'),
            word        text,
            text_digest text CHECK (text_digest ~ '^[0-9a-f]{64}$'),
            proof       text,
            PRIMARY KEY (log_id, number),
            CHECK ((method = 'hub') = (staff IS NULL)),
            CHECK ((method = 'key') = (proof IS NOT NULL)))""",
    "policy_set": """
        CREATE TABLE policy_set (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            policy_hash text NOT NULL CHECK (policy_hash ~ '^[0-9a-f]{64}$'),
            body        bytea NOT NULL,
            recorded_us bigint NOT NULL,
            PRIMARY KEY (log_id, policy_hash))""",
    "policy_text": """
        CREATE TABLE policy_text (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            digest      text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
            body        text NOT NULL,
            recorded_us bigint NOT NULL,
            PRIMARY KEY (log_id, digest))""",
    "policy_signatory": """
        CREATE TABLE policy_signatory (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            thumbprint  text NOT NULL CHECK (thumbprint ~ '^[0-9a-f]{64}$'),
            staff       text NOT NULL,
            name        text NOT NULL,
            role        text NOT NULL,
            for_party   text,
            jwk         text NOT NULL,
            recorded_us bigint NOT NULL,
            closed_us   bigint,
            PRIMARY KEY (log_id, thumbprint))""",
}
_KEPT = ("policy_act", "policy_set")


def upgrade() -> None:
    for table, made in _TABLES.items():
        op.execute(made)
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute("GRANT UPDATE (closed_us) ON policy_signatory TO hub_app")
    for table in _KEPT:
        op.execute(f"CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_keep()")
        op.execute(f"CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_keep()")
    op.execute("ALTER TABLE identity_session ADD COLUMN staff_party text")


def downgrade() -> None:
    op.execute("ALTER TABLE identity_session DROP COLUMN staff_party")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
