"""Leases: which deliveries a process is sending, for how long nobody else may, and how each recipient's system is doing.

A lease is an end that lies in the future. Whoever is killed leaves it behind, and when it has passed the next one goes on.
Of one person's deliveries to one system of a recipient only the oldest is ever given out: they arrive in order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch, listen
from hub.deliver.lease.model import WHOLE, Back, Health, Leased, Part
from hub.deliver.store import held_of
from hub.domain.stages import Held
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode
from hub.ports import Claim

CHANNEL = "hub_deliver"

# No pause and no lease is this long (two hours, µs): a moment further ahead was written by a clock that was wrong.
_FAR_US = 7_200_000_000

# OFFSET 0 keeps the question about each delivery a question: as a join it is answered by comparing all with all.
_LEASE = """
WITH picked AS MATERIALIZED (
    SELECT delivery_id FROM deliver_outbox AS waiting
    WHERE party_id = $1 AND state IN ('held', 'handed') AND (due_us IS NULL OR due_us <= $2 OR due_us > $2 + {far}) {which}
    AND (record_kind = ANY($6::text[])) <> $7
    AND NOT EXISTS (SELECT FROM deliver_outbox AS earlier WHERE earlier.party_id = waiting.party_id
        AND earlier.subject_tag = waiting.subject_tag AND earlier.delivery_id < waiting.delivery_id
        AND (earlier.record_kind = ANY($6::text[])) <> $7 AND earlier.state IN ('held', 'handed', 'failed') OFFSET 0)
    ORDER BY {order} LIMIT $3 FOR UPDATE SKIP LOCKED)
UPDATE deliver_outbox AS held SET lease_id = $4, due_us = $5 FROM picked WHERE held.delivery_id = picked.delivery_id
RETURNING held.delivery_id, source, record_kind, subject_tag, sealed, nonce, digest, attempts, record_id, statements, alone,
    held_us, failed_us, strikes
"""
_ANY = _LEASE.format(which="", order="delivery_id", far=_FAR_US)
# What tries an ill system: something that never failed, for it may be that only what did is bad; else in turn. From either
# end of the queue, for what is bad often came together.
_OLDEST = _LEASE.format(which="AND failed_us IS NULL", order="delivery_id", far=_FAR_US)
_NEWEST = _LEASE.format(which="AND failed_us IS NULL", order="delivery_id DESC", far=_FAR_US)
_LONGEST_AGO = _LEASE.format(which="AND failed_us IS NOT NULL", order="due_us NULLS FIRST, delivery_id", far=_FAR_US)
_HAND = """
UPDATE deliver_outbox AS held SET state = 'handed', attempts = attempts + 1, handed_us = new.us
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[], $5::int[]) AS new (recipient, delivery, lease, us, statements)
WHERE held.party_id = new.recipient AND held.delivery_id = new.delivery AND held.lease_id = new.lease
AND held.statements = new.statements AND held.state IN ('held', 'handed')
AND NOT EXISTS (SELECT FROM deliver_recipient AS system
    WHERE system.log_id = held.log_id AND system.party_id = new.recipient AND system.held)
"""
_PUT_BACK = """
UPDATE deliver_outbox AS held SET lease_id = NULL, due_us = new.due, alone = CASE WHEN new.alone THEN true ELSE held.alone END,
    failed_us = coalesce(new.failed, held.failed_us), strikes = coalesce(new.strikes, held.strikes)
FROM unnest($2::uuid[], $3::bigint[], $4::boolean[], $5::bigint[], $6::int[]) AS new (delivery, due, alone, failed, strikes)
WHERE held.delivery_id = new.delivery AND held.lease_id = $1
"""
_NEXT = """
SELECT min(due_us) FROM deliver_outbox WHERE party_id = $1 AND state IN ('held', 'handed') AND due_us > $2
AND (record_kind = ANY($3::text[])) <> $4
"""
# A hold is of the recipient and stands in the row without a name; the rest is of one system.
_RECIPIENT = """
SELECT EXISTS (SELECT FROM deliver_recipient WHERE log_id = $1 AND party_id = $2 AND held),
    failures, closed_us, succeeded_us, failed_us
FROM deliver_recipient WHERE log_id = $1 AND party_id = $2 AND system = $3
"""
_KNOWN = "INSERT INTO deliver_recipient (log_id, party_id, system) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_PROBE = """
UPDATE deliver_recipient SET closed_us = $4 WHERE log_id = $1 AND party_id = $2 AND system = $6 AND failures > 0
AND (closed_us <= $3 OR closed_us > $5)
RETURNING failures
"""
_REOPEN = """
UPDATE deliver_recipient SET closed_us = $4 WHERE log_id = $1 AND party_id = $2 AND system = $5 AND closed_us = $3
"""
# Of several pages that were on their way when the system fell ill, the first to fail counts; what they say is one failure.
_FAILED = """
UPDATE deliver_recipient SET failures = CASE WHEN failures = 0 OR $6 THEN failures + 1 ELSE failures END,
    closed_us = CASE WHEN $6 THEN $3 ELSE greatest(closed_us, $3) END, cause = $4, failed_us = $5
WHERE log_id = $1 AND party_id = $2 AND system = $7
"""
_SUCCEEDED = """
UPDATE deliver_recipient SET failures = 0, closed_us = 0, cause = NULL, succeeded_us = $3
WHERE log_id = $1 AND party_id = $2 AND system = $5 AND (failures > 0 OR succeeded_us IS NULL OR succeeded_us < $4)
"""
_HOLD = """
INSERT INTO deliver_recipient (log_id, party_id, held, held_reason, held_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[], $5::bigint[])
ON CONFLICT (log_id, party_id, system) DO UPDATE
SET held = excluded.held, held_reason = excluded.held_reason, held_us = excluded.held_us
WHERE deliver_recipient.held <> excluded.held
"""
_TRY = """
WITH due AS (
    UPDATE deliver_outbox SET due_us = NULL
    WHERE party_id = ANY($2::text[]) AND state IN ('held', 'handed') AND lease_id IS NULL AND due_us IS NOT NULL),
opened AS (
    UPDATE deliver_recipient AS known SET closed_us = 0 FROM unnest($1::text[], $2::text[]) AS new (log_id, party_id)
    WHERE known.log_id = new.log_id AND known.party_id = new.party_id AND known.failures > 0
    AND NOT EXISTS (SELECT FROM deliver_recipient AS whole
        WHERE whole.log_id = new.log_id AND whole.party_id = new.party_id AND whole.held)
    RETURNING known.party_id)
SELECT DISTINCT party_id FROM opened
"""
_SECOND = 1_000_000


async def health(engine: AsyncEngine, log_id: LogId, recipient: PartyId, part: Part = WHOLE) -> Health:
    """As it stands now; a system of which nothing is known yet is well."""
    rows = await fetch(engine, _RECIPIENT, log_id, recipient, part.name)
    if not rows:
        await fetch(engine, _KNOWN, log_id, recipient, part.name)
        rows = await fetch(engine, _RECIPIENT, log_id, recipient, part.name)
    held, failures, closed, succeeded, failed = rows[0]
    return Health(held, failures, Micros(closed), _moment(succeeded), _moment(failed))


def _number(us: Micros | None) -> int | None:
    return None if us is None else int(us)


def _moment(us: int | None) -> Micros | None:
    return None if us is None else Micros(us)


async def probe(engine: AsyncEngine, log_id: LogId, recipient: PartyId, now: Micros, until: Micros, part: Part = WHOLE) -> bool:
    """Whether this process, and until `until` no other, may try a system that failed."""
    return bool(await fetch(engine, _PROBE, log_id, recipient, int(now), int(until), int(now) + _FAR_US, part.name))


async def reopen(
    engine: AsyncEngine, log_id: LogId, recipient: PartyId, until: Micros, now: Micros, part: Part = WHOLE
) -> None:
    """The try that was to last until `until` showed nothing: another may try at once."""
    await fetch(engine, _REOPEN, log_id, recipient, int(until), int(now), part.name)


async def lease(
    engine: AsyncEngine, recipient: PartyId, lease_id: UUID, most: int, now: Micros, until: Micros, part: Part = WHOLE
) -> list[Leased]:
    """At most `most` deliveries of that part that are due, oldest first, nobody else's until `until`."""
    return await _leased(engine, _ANY, recipient, lease_id, most, now, until, part)


async def lease_one(
    engine: AsyncEngine,
    recipient: PartyId,
    lease_id: UUID,
    now: Micros,
    until: Micros,
    part: Part = WHOLE,
    *,
    newest: bool,
) -> list[Leased]:
    """One delivery that is due, to try an ill system with: one that never failed if there is any, else whose turn it is."""
    found = await _leased(engine, _NEWEST if newest else _OLDEST, recipient, lease_id, 1, now, until, part)
    return found or await _leased(engine, _LONGEST_AGO, recipient, lease_id, 1, now, until, part)


async def _leased(
    engine: AsyncEngine, query: str, recipient: PartyId, lease_id: UUID, most: int, now: Micros, until: Micros, part: Part
) -> list[Leased]:
    rows = await fetch(engine, query, recipient, int(now), most, lease_id, int(until), sorted(part.kinds), part.others)
    leased = [Leased(held_of(tuple(row)[:10]), bool(row[10]), Micros(row[11]), _moment(row[12]), row[13]) for row in rows]
    return sorted(leased, key=lambda one: one.held.delivery_id)


def claim_sending(recipient: PartyId, lease_id: UUID, held: Sequence[Held], now: Micros) -> Claim:
    """The condition that the lease on all of these is still ours, they stand as decided, and the recipient is not on hold."""
    return Claim(_HAND, [(recipient, one.delivery_id, lease_id, int(now), one.statements) for one in held])


async def put_back(engine: AsyncEngine, lease_id: UUID, back: Sequence[Back]) -> None:
    """They wait again, those of them that are still leased under `lease_id`."""
    columns = [(one.delivery_id, int(one.due_us), one.alone, _number(one.failed_us), one.strikes) for one in back]
    await fetch(engine, _PUT_BACK, lease_id, *map(list, zip(*columns, strict=True)))


async def next_due(engine: AsyncEngine, recipient: PartyId, now: Micros, part: Part = WHOLE) -> Micros | None:
    """When the first of what may not be sent yet may be; None when nothing waits for its time."""
    found = (await fetch(engine, _NEXT, recipient, int(now), sorted(part.kinds), part.others))[0][0]
    return _moment(found)


async def failed(
    engine: AsyncEngine,
    log_id: LogId,
    recipient: PartyId,
    closed_until: Micros,
    cause: ReasonCode,
    now: Micros,
    part: Part = WHOLE,
    *,
    trying: bool = False,
) -> None:
    """The recipient's system failed: nothing goes to it before `closed_until`. `trying`: it was being tried, after `probe`."""
    await fetch(engine, _FAILED, log_id, recipient, int(closed_until), cause, int(now), trying, part.name)


async def succeeded(engine: AsyncEngine, log_id: LogId, recipient: PartyId, now: Micros, part: Part = WHOLE) -> None:
    """The recipient's system did what it should; written down once a second at most."""
    await fetch(engine, _SUCCEEDED, log_id, recipient, int(now), int(now) - _SECOND, part.name)


def claim_hold(log_id: LogId, recipient: PartyId, reason: ReasonCode | None, now: Micros) -> Claim:
    """The condition that the recipient was not on hold (or was, where `reason` is None); nothing goes to it from now on."""
    return Claim(_HOLD, [(log_id, recipient, reason is not None, reason, int(now))])


def claim_try(log_id: LogId, recipient: PartyId) -> Claim:
    """The condition that a system of the recipient fails and is not on hold; what fails of them is tried again at once."""
    return Claim(_TRY, [(log_id, recipient)])


@asynccontextmanager
async def notices(engine: AsyncEngine) -> AsyncIterator[AsyncIterator[PartyId]]:
    """The recipients for whom something has come in, as it happens. Raises Retry when the connection is lost."""
    async with listen(engine, CHANNEL) as heard:

        async def parties() -> AsyncIterator[PartyId]:
            async for word in heard:
                yield PartyId(word)

        yield parties()
