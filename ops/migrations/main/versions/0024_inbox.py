"""What partners bring to the hub, sealed until it is taken in.

`receive_inbox` says what was brought, when and through which door; `receive_inbox_block` holds the content, sealed a mebibyte
at a time. No name of a file, sender or subject is kept. What was read stays known without its content for as long as its sender
may repeat it; what could not be read keeps its content until somebody has it read again, or its time is over.
"""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_TABLES = {
    "receive_inbox": """(
        log_id      text NOT NULL,
        party_id    text NOT NULL,
        item_id     uuid PRIMARY KEY,
        connector   text NOT NULL,
        protocol    text NOT NULL CHECK (protocol IN ('webhook', 'mail', 'upload')),
        state       text NOT NULL CHECK (state IN ('held', 'waiting', 'refused', 'done')),
        mark        text NOT NULL DEFAULT '' CHECK (mark ~ '^[0-9a-f]{0,64}$'),
        size        bigint NOT NULL CHECK (size >= 0),
        digest      bytea NOT NULL CHECK (octet_length(digest) = 32),
        key_digest  bytea CHECK (octet_length(key_digest) = 32),
        key_version int NOT NULL,
        received_us bigint NOT NULL,
        updated_us  bigint NOT NULL,
        UNIQUE (log_id, connector, key_digest))""",
    "receive_inbox_block": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        item_id  uuid NOT NULL REFERENCES receive_inbox ON DELETE CASCADE,
        number   int NOT NULL CHECK (number >= 0),
        sealed   bytea NOT NULL,
        PRIMARY KEY (item_id, number))""",
}


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT, DELETE ON {table} TO hub_app")
    op.execute("ALTER TABLE receive_inbox_block ALTER COLUMN sealed SET STORAGE EXTERNAL")  # what is sealed grows by packing
    op.execute("GRANT UPDATE (state, mark, updated_us) ON receive_inbox TO hub_app")
    op.execute("CREATE INDEX receive_inbox_of ON receive_inbox (log_id, connector, state, received_us, item_id)")
    op.execute("CREATE INDEX receive_inbox_age ON receive_inbox (log_id, updated_us)")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
