"""A lease looks at the few deliveries that it takes, however many wait and whatever the planner believes of the table."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.deliver.lease import store

_FILL = """
INSERT INTO deliver_outbox
    (log_id, party_id, delivery_id, source, record_kind, subject_tag, sealed, nonce, digest, state, held_us)
SELECT 'regio', 'ontvanger', gen_random_uuid(), 'gever', 'uitvalmelding', decode(md5(n::text), 'hex'), '', '', '', 'held', 1
FROM generate_series(1, 3000) AS n
"""


async def test_a_lease_walks_the_queue_in_order_and_asks_about_each_person_once(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.raw.execute(_FILL)
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {store._ANY}", "ontvanger", 2, 50, uuid4(), 3, [], True)
    plan = "\n".join(row[0] for row in rows)
    assert "deliver_outbox_open on deliver_outbox waiting" in plan
    assert "deliver_outbox_person on deliver_outbox earlier" in plan
    assert "Sort" not in plan
    assert "loops=3000" not in plan
