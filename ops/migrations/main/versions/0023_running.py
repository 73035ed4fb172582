"""Runs of connectors: when, how, with what counts; pauses of partners that are ill.

`connector_state` is what is known of an instance between runs, shared by all workers; `due_us` is when it is to be run next,
`cursor` how far its source was with the partner, in that source's own words.
`connector_run` is the history, of which one line may stand for many runs that found nothing. A run's counts move in the
transaction that admits its rows. `connector_pace` says when a partner may be called next.
"""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TABLES = {
    "connector_state": """(
        log_id       text NOT NULL,
        party_id     text NOT NULL,
        connector    text NOT NULL,
        slot_us      bigint,
        due_us       bigint,
        owed         boolean NOT NULL DEFAULT false,
        asked_us     bigint,
        cancelled_us bigint,
        failures     int NOT NULL DEFAULT 0,
        trouble      text NOT NULL DEFAULT 'BEREIKT',
        closed_us    bigint NOT NULL DEFAULT 0,
        barred       boolean NOT NULL DEFAULT false,
        version      text NOT NULL DEFAULT '',
        mapping      int,
        cursor       text CHECK (octet_length(cursor) <= 65536),
        PRIMARY KEY (log_id, connector)) WITH (fillfactor = 70)""",
    "connector_run": """(
        log_id       text NOT NULL,
        party_id     text NOT NULL,
        connector    text NOT NULL,
        run_id       uuid PRIMARY KEY,
        started_us   bigint NOT NULL,
        ended_us     bigint,
        outcome      text NOT NULL
            CHECK (outcome IN ('loopt', 'klaar', 'mislukt', 'verlopen', 'gestopt', 'afgebroken')),
        trouble      text,
        times        int NOT NULL DEFAULT 1,
        files        int NOT NULL DEFAULT 0,
        refused      int NOT NULL DEFAULT 0 CHECK (refused <= files),
        rows         bigint NOT NULL DEFAULT 0,
        accepted     bigint NOT NULL DEFAULT 0,
        quarantined  bigint NOT NULL DEFAULT 0,
        duplicate    bigint NOT NULL DEFAULT 0,
        asked        boolean NOT NULL DEFAULT false,
        resumed_from uuid,
        CHECK (rows = accepted + quarantined + duplicate),
        CHECK ((ended_us IS NULL) = (outcome = 'loopt'))) WITH (fillfactor = 80)""",
    "connector_pace": """(
        log_id   text NOT NULL,
        party_id text NOT NULL,
        name     text NOT NULL,
        next_us  bigint NOT NULL,
        PRIMARY KEY (log_id, party_id, name)) WITH (fillfactor = 70)""",
}


def upgrade() -> None:
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO hub_app")
    op.execute("GRANT DELETE ON connector_run TO hub_app")
    op.execute("CREATE INDEX connector_run_of ON connector_run (log_id, connector, started_us DESC, run_id DESC)")
    op.execute("CREATE INDEX connector_run_ended ON connector_run (log_id, ended_us)")
    op.execute("CREATE UNIQUE INDEX connector_run_open ON connector_run (log_id, connector) WHERE ended_us IS NULL")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
