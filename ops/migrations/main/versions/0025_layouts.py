"""The agreed layout of each instance's files, and what changed; mappings that wait for a second person.

`connector_layout` holds per instance the layout that was agreed on, and beside it the one of a file that differs, for as long
as it does. A name that could be somebody's data is kept as a keyed digest alone. `receive_proposal` only grows: which proposal
stands is the last one of a number that is higher than what is in use.
"""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE connector_layout (
            log_id    text NOT NULL,
            party_id  text NOT NULL,
            connector text NOT NULL,
            state     text NOT NULL CHECK (state IN ('agreed', 'changed')),
            mapping   text NOT NULL,
            digests   bytea[] NOT NULL,
            names     text[] NOT NULL CHECK (cardinality(names) = cardinality(digests)),
            readable  boolean NOT NULL,
            since_us  bigint NOT NULL,
            PRIMARY KEY (log_id, connector, state))""")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON connector_layout TO hub_app")
    op.execute("""
        CREATE TABLE receive_proposal (
            log_id     text NOT NULL,
            party_id   text NOT NULL,
            connector  text NOT NULL,
            version    int NOT NULL CHECK (version > 0),
            body       text NOT NULL,
            entry_ref  uuid NOT NULL,
            created_us bigint NOT NULL,
            PRIMARY KEY (log_id, connector, entry_ref))""")
    op.execute("GRANT SELECT, INSERT ON receive_proposal TO hub_app")


def downgrade() -> None:
    op.execute("DROP TABLE receive_proposal")
    op.execute("DROP TABLE connector_layout")
