"""The rows of what has to be told and what was."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import parse
from hub.db import fetch, transaction
from hub.domain.terms import AgreementId, ClauseId, LogId, Micros, PartyId, PolicyHash
from hub.ports import Claim
from hub.rights.informing.model import Duty, Informed, Standing

_REACHED: Final = """
SELECT coalesce((SELECT size FROM rights_duty_read WHERE log_id = $1), 0),
    coalesce((SELECT size FROM audit_indexed WHERE log_id = $1), 0)
"""
_ARRIVED: Final = """
SELECT delivery, us FROM audit_outcome
WHERE log_id = $1 AND seq >= $2 AND seq < $3 AND became = 'acknowledged' ORDER BY seq
"""
_BODIES: Final = "SELECT ref, body FROM audit_entry WHERE log_id = $1 AND ref = ANY($2::uuid[]) AND body IS NOT NULL"
_ADD: Final = """
INSERT INTO rights_duty (log_id, party_id, delivery_id, teller, agreement, clause, policy_hash, exempt, received_us, due_on)
SELECT $1::text, * FROM unnest($2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
    $9::bigint[], $10::date[]) ON CONFLICT DO NOTHING
"""
_MOVE: Final = """
INSERT INTO rights_duty_read AS done (log_id, party_id, size) VALUES ($1, $2, $3)
ON CONFLICT (log_id) DO UPDATE SET size = greatest(done.size, excluded.size)
"""
_TELL: Final = """
INSERT INTO rights_informed (log_id, party_id, delivery_id, entry_ref, told_on, text_hash, own_text, recorded_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::date[], $6::bytea[], $7::boolean[], $8::bigint[])
ON CONFLICT DO NOTHING
"""
_TOLD: Final = """
SELECT delivery_id, told_on, party_id, entry_ref, text_hash, own_text FROM rights_informed
WHERE log_id = $1 AND delivery_id = ANY($2::uuid[])
"""
# LIMIT 1 keeps both a look-up by key per delivery: on tables just filled, a join would be planned as if they were empty.
_STANDING: Final = """
SELECT duty.party_id, duty.teller, duty.agreement, duty.clause, max(duty.policy_hash), duty.exempt, count(*),
    count(told.delivery_id),
    count(*) FILTER (WHERE told.delivery_id IS NULL AND duty.due_on < $2 AND NOT duty.exempt),
    min(duty.due_on) FILTER (WHERE told.delivery_id IS NULL AND duty.due_on < $2 AND NOT duty.exempt)
FROM rights_duty AS duty LEFT JOIN LATERAL (SELECT one.delivery_id FROM rights_informed AS one
    WHERE one.log_id = duty.log_id AND one.delivery_id = duty.delivery_id LIMIT 1) AS told ON true
WHERE duty.log_id = $1 GROUP BY 1, 2, 3, 4, 6 ORDER BY 1, 3, 4, 2, 6
"""
_LATE: Final = """
SELECT duty.delivery_id FROM rights_duty AS duty
WHERE duty.log_id = $1 AND duty.party_id = $2 AND duty.agreement = $3 AND duty.clause = $4 AND duty.due_on < $5
AND duty.teller = $6 AND NOT duty.exempt AND (SELECT true FROM rights_informed AS told
    WHERE told.log_id = duty.log_id AND told.delivery_id = duty.delivery_id LIMIT 1) IS NULL
ORDER BY duty.due_on, duty.delivery_id LIMIT $7
"""


async def reached(engine: AsyncEngine, log_id: LogId) -> tuple[int, int]:
    """Up to which entry duties were read, and up to which they can be."""
    row = (await fetch(engine, _REACHED, log_id))[0]
    return int(row[0]), int(row[1])


async def arrived(engine: AsyncEngine, log_id: LogId, start: int, stop: int) -> dict[UUID, Micros]:
    """The deliveries whose recipient said between these entries that it has them, and when."""
    found: dict[UUID, Micros] = {}
    for delivery, us in await fetch(engine, _ARRIVED, log_id, start, stop):
        found.setdefault(UUID(bytes=delivery.bytes), Micros(us))
    return found


async def entries(engine: AsyncEngine, log_id: LogId, refs: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """The entries of these refs, as far as there are such. Raises Tampered for one that cannot be read."""
    return {UUID(bytes=row[0].bytes): parse(bytes(row[1])) for row in await fetch(engine, _BODIES, log_id, list(refs))}


async def add(engine: AsyncEngine, log_id: LogId, operator: PartyId, duties: Sequence[Duty], upto: int) -> None:
    """Adds duties, read up to that entry; what another process added meanwhile stands."""
    rows = [
        (
            one.recipient,
            one.delivery_id,
            one.teller,
            one.agreement,
            one.clause,
            one.policy,
            one.exempt,
            int(one.received_us),
            one.due_on,
        )
        for one in duties
    ]
    async with transaction(engine) as connection:
        if rows:
            await connection.raw.execute(_ADD, log_id, *map(list, zip(*rows, strict=True)))
        await connection.raw.execute(_MOVE, log_id, operator, upto)


def claim_told(log_id: LogId, told: Mapping[UUID, Informed], recorded_us: Micros) -> Claim:
    """The condition that nobody reported these deliveries before; records that their young persons were told."""
    return Claim(
        _TELL,
        [
            (log_id, one.by, delivery, one.entry, one.day, one.text, one.own_text, int(recorded_us))
            for delivery, one in told.items()
        ],
    )


async def told_of(engine: AsyncEngine, log_id: LogId, deliveries: Collection[UUID]) -> dict[UUID, Informed]:
    """Of which of these deliveries the young person was told."""
    return {
        UUID(bytes=delivery.bytes): Informed(day, PartyId(by), UUID(bytes=entry.bytes), bytes(text), own)
        for delivery, day, by, entry, text, own in await fetch(engine, _TOLD, log_id, list(deliveries))
    }


async def standing(engine: AsyncEngine, log_id: LogId, today: date) -> list[Standing]:
    """How it stands per recipient and clause."""
    return [
        Standing(
            recipient=PartyId(recipient),
            teller=PartyId(teller),
            agreement=AgreementId(agreement),
            clause=ClauseId(clause),
            policy=PolicyHash(policy),
            exempt=exempt,
            received=received,
            told=told,
            late=late,
            since=since,
        )
        for recipient, teller, agreement, clause, policy, exempt, received, told, late, since in await fetch(
            engine, _STANDING, log_id, today
        )
    ]


async def late(engine: AsyncEngine, log_id: LogId, of: Standing, today: date, most: int) -> list[UUID]:
    """The deliveries of one recipient and clause that are not told of in time, the oldest first."""
    args = (of.recipient, of.agreement, of.clause, today, of.teller, most)
    return [UUID(bytes=row[0].bytes) for row in await fetch(engine, _LATE, log_id, *args)]
