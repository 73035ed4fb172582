"""What waited for a party that ended, and moved to the one that follows it.

`region_move` is one such move: who asked for it, who confirmed it, how far it came. `region_act` is what people did with it,
each with its entry in the log: what the move says of itself counts as far as these bear it out. `region_moved` says of each
delivery what became of it; of whom it was about neither says a thing.
"""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TABLES = {
    "region_move": """(
        log_id       text NOT NULL,
        party_id     text NOT NULL,
        move_id      uuid PRIMARY KEY,
        old_party    text NOT NULL,
        new_party    text NOT NULL CHECK (new_party <> old_party),
        since        date NOT NULL,
        state        text NOT NULL CHECK (state IN ('ordered', 'confirmed', 'done', 'withdrawn')),
        ordered_by   text NOT NULL,
        ordered_us   bigint NOT NULL,
        confirmed_by text,
        confirmed_us bigint,
        glass        text,
        batches      int NOT NULL DEFAULT 0,
        done_us      bigint,
        CHECK (state IN ('ordered', 'withdrawn') OR confirmed_us IS NOT NULL),
        CHECK (confirmed_by IS NULL OR confirmed_by <> ordered_by OR glass IS NOT NULL))""",
    "region_act": """(
        log_id    text NOT NULL,
        party_id  text NOT NULL,
        move_id   uuid NOT NULL REFERENCES region_move,
        seq       int NOT NULL CHECK (seq > 0),
        act       text NOT NULL CHECK (act IN ('order', 'glass', 'confirm', 'withdraw', 'approve', 'done')),
        who       text NOT NULL,
        entry_ref uuid NOT NULL,
        us        bigint NOT NULL,
        PRIMARY KEY (move_id, seq))""",
    "region_moved": """(
        log_id      text NOT NULL,
        party_id    text NOT NULL,
        move_id     uuid NOT NULL REFERENCES region_move,
        delivery_id uuid NOT NULL,
        became      text NOT NULL CHECK (became IN ('moved', 'refused', 'resupply')),
        source      text NOT NULL,
        record_kind text NOT NULL,
        new_id      uuid CHECK ((new_id IS NOT NULL) = (became = 'moved')),
        reason      text,
        moved_us    bigint NOT NULL,
        PRIMARY KEY (move_id, delivery_id))""",
}
_CHANGES = "state, confirmed_by, confirmed_us, batches, done_us"


def upgrade() -> None:
    """Adds the two tables."""
    for table, columns in _TABLES.items():
        op.execute(f"CREATE TABLE {table} {columns}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO hub_app")
    op.execute(f"GRANT UPDATE ({_CHANGES}) ON region_move TO hub_app")
    for event in ("BEFORE UPDATE OR DELETE ON region_act FOR EACH ROW", "BEFORE TRUNCATE ON region_act"):
        name = "audit_keep" if "ROW" in event else "audit_keep_whole"
        op.execute(f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION audit_keep()")
    op.execute("CREATE UNIQUE INDEX region_move_open ON region_move (log_id, old_party, new_party) WHERE state = 'ordered'")
    op.execute("CREATE INDEX region_move_of ON region_move (log_id, ordered_us)")


def downgrade() -> None:
    """Takes them away."""
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
