"""Pushing: what is sent to a recipient's own system until it has it, in order per person, by several processes.

`due_us`: not before this moment (a lease of a process that is sending it, or a pause after a failure). `lease_id`: whose.
`alone`: goes by itself from now on, because it stood in a page that failed. `record_id`: whose facts it is decided anew by.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS = """
    ADD COLUMN record_id uuid,
    ADD COLUMN due_us    bigint,
    ADD COLUMN lease_id  uuid,
    ADD COLUMN alone     boolean,
    ADD COLUMN failed_us bigint,
    ADD COLUMN cause     text,
    ADD COLUMN ended_us  bigint
"""
# Of two records of one person that came at once nobody can tell here whose a delivery is: it will be stopped, not guessed.
_OWN_FACTS = """
    UPDATE deliver_outbox AS held SET record_id = known.record_ids[1] FROM (
        SELECT subject_tag, created_us, array_agg(record_id) AS record_ids FROM consent_facts GROUP BY 1, 2 HAVING count(*) = 1
    ) AS known
    WHERE known.subject_tag = held.subject_tag AND known.created_us = held.held_us AND held.sealed IS NOT NULL
"""
_RECIPIENT = """
    CREATE TABLE deliver_recipient (
        log_id       text NOT NULL,
        party_id     text NOT NULL,
        held         boolean NOT NULL DEFAULT false,
        held_reason  text,
        held_us      bigint,
        failures     int NOT NULL DEFAULT 0,
        closed_us    bigint NOT NULL DEFAULT 0,
        cause        text,
        failed_us    bigint,
        succeeded_us bigint,
        PRIMARY KEY (log_id, party_id)) WITH (fillfactor = 50)
"""
# One statement of COPY, one notice per recipient: whoever pushes to it looks at once instead of at the next poll.
_TELL = """
    CREATE FUNCTION deliver_tell() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        PERFORM pg_notify('hub_deliver', party_id) FROM (SELECT DISTINCT party_id FROM added) AS recipient;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute(f"ALTER TABLE deliver_outbox {_COLUMNS}")
    op.execute(_OWN_FACTS)
    op.execute("ALTER TABLE deliver_outbox DROP CONSTRAINT deliver_outbox_state_check")
    op.execute("""
        ALTER TABLE deliver_outbox ADD CONSTRAINT deliver_outbox_state_check
        CHECK (state IN ('held', 'handed', 'acknowledged', 'failed', 'stopped', 'dropped'))""")
    # Each of the two fits one question and no other, whatever the planner believes of a table that just grew: what waits for a
    # recipient in order, and whether something older waits for the same person.
    op.execute("DROP INDEX deliver_outbox_open")
    op.execute("CREATE INDEX deliver_outbox_open ON deliver_outbox (party_id, delivery_id) WHERE state IN ('held', 'handed')")
    op.execute("""
        CREATE INDEX deliver_outbox_person ON deliver_outbox (subject_tag, party_id, delivery_id)
        WHERE state IN ('held', 'handed', 'failed')""")
    op.execute("""
        CREATE INDEX deliver_outbox_ended ON deliver_outbox (party_id, delivery_id)
        WHERE state IN ('failed', 'stopped')""")
    op.execute(_RECIPIENT)
    op.execute("GRANT SELECT, INSERT, UPDATE ON deliver_recipient TO hub_app")
    op.execute(_TELL)
    op.execute("""
        CREATE TRIGGER deliver_tell AFTER INSERT ON deliver_outbox REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION deliver_tell()""")


def downgrade() -> None:
    op.execute("DROP TRIGGER deliver_tell ON deliver_outbox")
    op.execute("DROP FUNCTION deliver_tell()")
    op.execute("DROP TABLE deliver_recipient")
    op.execute("DROP INDEX deliver_outbox_ended")
    op.execute("DROP INDEX deliver_outbox_person")
    op.execute("DROP INDEX deliver_outbox_open")
    op.execute("CREATE INDEX deliver_outbox_open ON deliver_outbox (party_id, delivery_id) WHERE state <> 'acknowledged'")
    op.execute("UPDATE deliver_outbox SET state = 'held' WHERE state IN ('failed', 'stopped')")
    op.execute("UPDATE deliver_outbox SET state = 'acknowledged' WHERE state = 'dropped'")
    op.execute("ALTER TABLE deliver_outbox DROP CONSTRAINT deliver_outbox_state_check")
    op.execute("""
        ALTER TABLE deliver_outbox ADD CONSTRAINT deliver_outbox_state_check
        CHECK (state IN ('held', 'handed', 'acknowledged'))""")
    for column in ("record_id", "due_us", "lease_id", "alone", "failed_us", "cause", "ended_us"):
        op.execute(f"ALTER TABLE deliver_outbox DROP COLUMN {column}")
