"""The policy sets that decisions were taken by, each under its content hash, in the order in which they came into use.

A log entry names its policy by that hash; years later it must still be possible to read what the hash stands for.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# One row each time that another set comes into use. `entry_ref` is its log entry, `follows` that of the set before it (zero for
# the first): unique, so that processes that start at once write one row between them.
_TABLE = """
    CREATE TABLE consent_policy (
        log_id      text NOT NULL,
        party_id    text NOT NULL,
        entry_ref   uuid PRIMARY KEY,
        follows     uuid NOT NULL,
        policy_hash text NOT NULL CHECK (policy_hash ~ '^[0-9a-f]{64}$'),
        body        bytea NOT NULL,
        recorded_us bigint NOT NULL,
        UNIQUE (log_id, follows))"""


def upgrade() -> None:
    op.execute(_TABLE)
    op.execute("CREATE INDEX consent_policy_hash ON consent_policy (log_id, policy_hash)")
    op.execute("GRANT SELECT, INSERT ON consent_policy TO hub_app")
    op.execute("CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON consent_policy FOR EACH ROW EXECUTE FUNCTION audit_keep()")
    op.execute("CREATE TRIGGER audit_keep_whole BEFORE TRUNCATE ON consent_policy EXECUTE FUNCTION audit_keep()")


def downgrade() -> None:
    op.execute("DROP TABLE consent_policy")
