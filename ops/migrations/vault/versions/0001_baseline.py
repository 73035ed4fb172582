"""The vault: one wrapped key per person. Destroying a row erases the person."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE vault_key (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            subject_tag bytea PRIMARY KEY,
            wrapped     bytea NOT NULL,
            kek_version int NOT NULL,
            created_us  bigint NOT NULL
        )""")
    op.execute("CREATE INDEX vault_key_kek ON vault_key (kek_version)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON vault_key TO hub_vault")


def downgrade() -> None:
    op.execute("DROP TABLE vault_key")
