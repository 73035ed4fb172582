"""Whom a log entry is about stands here alone, and a person's tag hangs on their key.

A person is found by their `locator`, a keyed digest of their number that no other database holds. In all other tables they are
called by `subject_tag`, which is made from their key: once the key is gone nobody can make it again, so that what an old backup
of the main database says under it can be led back to no one. Keys from before keep the tag that they had.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE vault_key RENAME COLUMN subject_tag TO locator")
    op.execute("ALTER TABLE vault_key ADD COLUMN subject_tag bytea")
    op.execute("UPDATE vault_key SET subject_tag = locator")
    op.execute("ALTER TABLE vault_key ALTER COLUMN subject_tag SET NOT NULL")
    op.execute("CREATE UNIQUE INDEX vault_key_tag ON vault_key (subject_tag)")
    op.execute("""
        CREATE TABLE vault_subject (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            subject_tag bytea NOT NULL,
            ref         uuid NOT NULL,
            PRIMARY KEY (subject_tag, ref)
        )""")
    op.execute("CREATE INDEX vault_subject_ref ON vault_subject (ref)")
    op.execute("GRANT SELECT, INSERT, DELETE ON vault_subject TO hub_vault")
    op.execute("""
        CREATE TABLE vault_tombstone (
            log_id      text NOT NULL,
            party_id    text NOT NULL,
            subject_tag bytea PRIMARY KEY,
            erased_us   bigint NOT NULL
        )""")
    op.execute("GRANT SELECT, INSERT ON vault_tombstone TO hub_vault")


def downgrade() -> None:
    op.execute("DROP TABLE vault_tombstone")
    op.execute("DROP TABLE vault_subject")
    op.execute("DROP INDEX vault_key_tag")
    op.execute("ALTER TABLE vault_key DROP COLUMN subject_tag")
    op.execute("ALTER TABLE vault_key RENAME COLUMN locator TO subject_tag")
