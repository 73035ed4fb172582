"""The outbox: sealed payloads that wait for their recipient. A payload is emptied once its recipient has it.

`party_id` is the recipient. Reads for a recipient run under the reader role and row-level security besides their own condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.stages import Held, Permitted, ProtectedRecord, Standing
from hub.domain.terms import LogId, Micros, PartyId, RecordKind
from hub.ports import Claim, RowSet

_COLUMNS = (
    "log_id",
    "party_id",
    "delivery_id",
    "source",
    "record_kind",
    "subject_tag",
    "sealed",
    "nonce",
    "digest",
    "state",
    "attempts",
    "held_us",
)
_PAGE = """
SELECT delivery_id, source, record_kind, subject_tag, sealed, nonce, digest, attempts FROM deliver_outbox
WHERE party_id = $1 AND delivery_id > $2 AND state <> 'acknowledged' ORDER BY delivery_id LIMIT $3
"""
_WAITING = "SELECT count(*) FROM deliver_outbox WHERE party_id = $1 AND delivery_id > $2 AND state <> 'acknowledged'"
_FIRST = UUID(int=0)
_HAND = """
UPDATE deliver_outbox AS held SET state = 'handed', attempts = attempts + 1, handed_us = new.us
FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS new (recipient, delivery, us)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state <> 'acknowledged'
"""
_OWN = "SELECT delivery_id, state, source, attempts FROM deliver_outbox WHERE party_id = $1 AND delivery_id = ANY($2::uuid[])"
_ACKNOWLEDGE = """
UPDATE deliver_outbox AS held SET state = 'acknowledged', acknowledged_us = new.us, sealed = NULL
FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS new (recipient, delivery, us)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state = 'handed'
"""


def rows_of(log_id: LogId, kind: RecordKind, held_us: Micros, records: Sequence[ProtectedRecord]) -> RowSet:
    """An outbox row for every verdict that permits."""
    rows: list[tuple[Any, ...]] = []
    now = int(held_us)
    for record in records:
        for protected in record.verdicts:
            if isinstance(protected.verdict, Permitted):
                candidate = protected.verdict.candidate
                rows.append(
                    (
                        log_id,
                        candidate.recipient,
                        protected.ref,
                        candidate.provider,
                        kind,
                        record.subject_tag,
                        protected.sealed,
                        protected.nonce,
                        protected.digest,
                        "held",
                        0,
                        now,
                    )
                )
    return RowSet("deliver_outbox", _COLUMNS, rows)


async def page(engine: AsyncEngine, recipient: PartyId, limit: int, after: UUID | None = None) -> tuple[list[Held], int]:
    """The oldest `limit` deliveries (after that one) that the recipient has not acknowledged, and how many there are in all."""
    async with transaction(engine) as connection:
        await connection.raw.execute("SET LOCAL ROLE hub_reader")
        await connection.raw.execute("SELECT set_config('hub.party_id', $1, true)", recipient)
        rows = await connection.raw.fetch(_PAGE, recipient, after or _FIRST, limit)
        total = await connection.raw.fetchval(_WAITING, recipient, after or _FIRST)
    waiting = [
        Held(row[0], PartyId(row[1]), RecordKind(row[2]), bytes(row[3]), bytes(row[4]), bytes(row[5]), bytes(row[6]), row[7])
        for row in rows
    ]
    return waiting, int(total)


async def own(engine: AsyncEngine, recipient: PartyId, delivery_ids: Sequence[UUID]) -> list[Standing]:
    """Those of `delivery_ids` that are the recipient's own."""
    async with transaction(engine) as connection:
        await connection.raw.execute("SET LOCAL ROLE hub_reader")
        await connection.raw.execute("SELECT set_config('hub.party_id', $1, true)", recipient)
        rows = await connection.raw.fetch(_OWN, recipient, list(delivery_ids))
    return [Standing(row[0], PartyId(row[2]), row[3], row[1] != "held", row[1] == "acknowledged") for row in rows]


def claim_hand_over(recipient: PartyId, delivery_ids: Sequence[UUID], now: Micros) -> Claim:
    """The condition that all of these are still to be handed over; marks them so."""
    return Claim(_HAND, [(recipient, delivery, int(now)) for delivery in delivery_ids])


def claim_acknowledge(recipient: PartyId, delivery_ids: Sequence[UUID], now: Micros) -> Claim:
    """The condition that all of these were handed over and not yet acknowledged; marks them so and empties the payload."""
    return Claim(_ACKNOWLEDGE, [(recipient, delivery, int(now)) for delivery in delivery_ids])
