"""What replays read: entries by place, the sealed facts of persons, and what became of deliveries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.terms import LogId, Micros, PartyId

_SIZE = "SELECT size FROM audit_head WHERE log_id = $1"
_ENTRIES = "SELECT body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 AND body IS NOT NULL ORDER BY seq"
_NEXT = "SELECT body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND body IS NOT NULL ORDER BY seq LIMIT 1"
_FACTS = "SELECT record_id, party_id, subject_tag, sealed FROM consent_facts WHERE subject_tag = ANY($1::bytea[])"
_ALL = """
SELECT record_id, party_id, subject_tag, sealed FROM consent_facts
WHERE record_id > $2 AND log_id = $1 ORDER BY record_id LIMIT $3
"""
_HANDED = """
SELECT delivery_id, handed_us, acknowledged_us FROM deliver_outbox
WHERE delivery_id = ANY($1::uuid[]) AND handed_us IS NOT NULL
"""
FIRST: Final = UUID(int=0)
"""Before every record."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The sealed facts of one record: about whom (by tag), and who gave it."""

    record: UUID
    source: PartyId
    tag: bytes = field(repr=False)
    sealed: bytes = field(repr=False)


async def size_of(engine: AsyncEngine, log_id: LogId) -> int:
    """How many entries the log has."""
    rows = await fetch(engine, _SIZE, log_id)
    return rows[0][0] if rows else 0


async def entries(engine: AsyncEngine, log_id: LogId, first: int, after: int) -> list[bytes]:
    """The entries from the place `first` up to, not including, `after`, in order, as they stand.

    What was redacted or pruned says nothing any more, and is left out.
    """
    return [bytes(row[0]) for row in await fetch(engine, _ENTRIES, log_id, first, after)]


async def place(engine: AsyncEngine, log_id: LogId, moment: Micros, size: int) -> int:
    """Where among the first `size` entries the first recorded at `moment` or later stands: moments only grow along a log."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        rows = await fetch(engine, _NEXT, log_id, middle)
        low, high = (middle + 1, high) if rows and orjson.loads(rows[0][0])["us"] < moment else (low, middle)
    return low


async def facts_of(engine: AsyncEngine, tags: Collection[bytes]) -> dict[bytes, list[Kept]]:
    """The sealed facts of all records about these persons, by tag."""
    found: dict[bytes, list[Kept]] = {}
    for row in await fetch(engine, _FACTS, list(tags)):
        one = _kept(row)
        found.setdefault(one.tag, []).append(one)
    return found


async def all_facts(engine: AsyncEngine, log_id: LogId, after: UUID, limit: int) -> list[Kept]:
    """A page of all sealed facts, in the order of their records."""
    return [_kept(row) for row in await fetch(engine, _ALL, log_id, after, limit)]


def _kept(row: Sequence[object]) -> Kept:
    record, party, tag, sealed = row
    return Kept(UUID(bytes=record.bytes), PartyId(str(party)), bytes(tag), bytes(sealed))  # type: ignore[attr-defined,call-overload]  # a row


async def handed(engine: AsyncEngine, deliveries: Collection[UUID]) -> dict[UUID, tuple[Micros, Micros | None]]:
    """When these deliveries were handed over last, and when they were acknowledged; what never left is missing."""
    return {
        UUID(bytes=ref.bytes): (Micros(left), None if got is None else Micros(got))
        for ref, left, got in await fetch(engine, _HANDED, list(deliveries))
    }
