"""The outbox: sealed payloads that wait for their recipient. A payload is emptied once its recipient has it,
and then the row says no more whom it was about.

A delivery is `held`, then `handed` over, then `acknowledged`; or it `failed` (a dead letter) or was `stopped` (no longer
permitted), and waits for someone who resumes it or drops it. `party_id` is the recipient. Reads for a recipient run under the
reader role and row-level security besides their own condition. What is sent by us is in `hub.deliver.lease.store`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.stages import Held, Permitted, ProtectedRecord, Standing
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode, RecordKind
from hub.ports import Claim, RowSet

Ended = Literal["failed", "stopped"]

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
    "record_id",
)
_PAGE = """
SELECT delivery_id, source, record_kind, subject_tag, sealed, nonce, digest, attempts, record_id, statements FROM deliver_outbox
WHERE party_id = $1 AND delivery_id > $2 AND state IN ('held', 'handed') ORDER BY delivery_id LIMIT $3
"""
_WAITING = "SELECT count(*) FROM deliver_outbox WHERE party_id = $1 AND delivery_id > $2 AND state IN ('held', 'handed')"
_ON_HOLD = "SELECT true FROM deliver_recipient WHERE log_id = $1 AND party_id = $2 AND held"
_FIRST = UUID(int=0)
_HAND = """
UPDATE deliver_outbox AS held SET state = 'handed', attempts = attempts + 1, handed_us = new.us
FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::int[]) AS new (recipient, delivery, us, statements)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state IN ('held', 'handed')
AND held.statements = new.statements
AND NOT EXISTS (SELECT FROM deliver_recipient AS system
    WHERE system.log_id = held.log_id AND system.party_id = new.recipient AND system.held)
"""
_TOUCH = """
UPDATE deliver_outbox AS held SET statements = held.statements + 1 FROM unnest($1::bytea[]) AS new (tag)
WHERE held.subject_tag = new.tag AND held.state IN ('held', 'handed', 'failed')
"""
_OWN = "SELECT delivery_id, state, source, attempts FROM deliver_outbox WHERE party_id = $1 AND delivery_id = ANY($2::uuid[])"
_ACKNOWLEDGE = """
UPDATE deliver_outbox AS held
SET state = 'acknowledged', acknowledged_us = new.us, sealed = NULL, subject_tag = NULL, record_id = NULL, lease_id = NULL,
    due_us = NULL
FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS new (recipient, delivery, us)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state = 'handed'
"""
_END = """
UPDATE deliver_outbox AS held SET state = new.state, cause = new.cause, ended_us = new.us, lease_id = NULL, due_us = NULL
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bigint[]) AS new (recipient, delivery, state, cause, us)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state IN ('held', 'handed')
"""
_RESUME = """
UPDATE deliver_outbox AS held
SET state = 'held', cause = NULL, ended_us = NULL, failed_us = NULL, strikes = 0,
    alone = CASE WHEN held.state = 'failed' THEN true END
FROM unnest($1::text[], $2::uuid[]) AS new (recipient, delivery)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state IN ('failed', 'stopped')
"""
_DROP = """
UPDATE deliver_outbox AS held SET state = 'dropped', ended_us = new.us, sealed = NULL, subject_tag = NULL, record_id = NULL
FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS new (recipient, delivery, us)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.state IN ('failed', 'stopped')
"""


def rows_of(log_id: LogId, held_us: Micros, records: Sequence[ProtectedRecord]) -> RowSet:
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
                        protected.verdict.canonical.record.KIND,
                        record.subject_tag,
                        protected.sealed,
                        protected.nonce,
                        protected.digest,
                        "held",
                        0,
                        now,
                        record.record_id,
                    )
                )
    return RowSet("deliver_outbox", _COLUMNS, rows)


async def page(
    engine: AsyncEngine, log_id: LogId, recipient: PartyId, limit: int, after: UUID | None = None
) -> tuple[list[Held], int]:
    """The oldest `limit` deliveries (after that one) that wait for the recipient, and how many there are in all.

    For a recipient that is on hold none are given, though they wait.
    """
    async with transaction(engine) as connection:
        if await connection.raw.fetchval(_ON_HOLD, log_id, recipient):
            limit = 0
        await connection.raw.execute("SET LOCAL ROLE hub_reader")
        await connection.raw.execute("SELECT set_config('hub.party_id', $1, true)", recipient)
        rows = await connection.raw.fetch(_PAGE, recipient, after or _FIRST, limit)
        total = await connection.raw.fetchval(_WAITING, recipient, after or _FIRST)
    return [held_of(row) for row in rows], int(total)


def held_of(row: Sequence[Any]) -> Held:
    """A delivery from its row, in the order of the columns that are read."""
    delivery, source, kind, tag, sealed, nonce, digest, attempts, record, statements = row
    return Held(
        UUID(bytes=delivery.bytes),
        PartyId(source),
        RecordKind(kind),
        bytes(tag),
        bytes(sealed),
        bytes(nonce),
        bytes(digest),
        attempts,
        None if record is None else UUID(bytes=record.bytes),
        statements,
    )


async def own(engine: AsyncEngine, recipient: PartyId, delivery_ids: Sequence[UUID]) -> list[Standing]:
    """Those of `delivery_ids` that are the recipient's own."""
    async with transaction(engine) as connection:
        await connection.raw.execute("SET LOCAL ROLE hub_reader")
        await connection.raw.execute("SELECT set_config('hub.party_id', $1, true)", recipient)
        rows = await connection.raw.fetch(_OWN, recipient, list(delivery_ids))
    return [
        Standing(
            UUID(bytes=delivery.bytes),
            PartyId(source),
            attempts,
            handed=state in ("handed", "acknowledged"),
            acknowledged=state == "acknowledged",
            ended=state in ("failed", "stopped"),
        )
        for delivery, state, source, attempts in rows
    ]


def touch(subject_tag: bytes) -> Claim:
    """That a young person stated something: whatever of theirs is on its way out is decided once more before it goes.

    No condition but a touch (`hub.ports.WorkItem`): a hand-over at the same moment waits for it, and then does not hold.
    """
    return Claim(_TOUCH, [(subject_tag,)])


def claim_hand_over(recipient: PartyId, held: Sequence[Held], now: Micros) -> Claim:
    """The condition that all of these are still to be handed over as they were decided, and the recipient not on hold."""
    return Claim(_HAND, [(recipient, one.delivery_id, int(now), one.statements) for one in held])


def claim_acknowledge(recipient: PartyId, delivery_ids: Sequence[UUID], now: Micros) -> Claim:
    """The condition that all of these were handed over and not yet acknowledged; marks them so and empties the payload."""
    return Claim(_ACKNOWLEDGE, [(recipient, delivery, int(now)) for delivery in delivery_ids])


def claim_end(recipient: PartyId, ended: Sequence[tuple[UUID, ReasonCode]], state: Ended, now: Micros) -> Claim:
    """The condition that all of these still wait; from now on they go no more, each for its cause."""
    return Claim(_END, [(recipient, delivery, state, cause, int(now)) for delivery, cause in ended])


def claim_resume(recipient: PartyId, delivery_ids: Sequence[UUID]) -> Claim:
    """The condition that all of these failed or were stopped; they wait again, one that failed by itself."""
    return Claim(_RESUME, [(recipient, delivery) for delivery in delivery_ids])


def claim_drop(recipient: PartyId, delivery_ids: Sequence[UUID], now: Micros) -> Claim:
    """The condition that all of these failed or were stopped; they go no more, and their payloads are emptied."""
    return Claim(_DROP, [(recipient, delivery, int(now)) for delivery in delivery_ids])
