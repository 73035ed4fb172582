"""What was asked and answered in decision calls, sealed, each row named by its log entry; and the log's entries by time.

Content is kept for a year: facts of a nameless young person may still single one out, and the log tells how it came out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.terms import LogId, Micros, PartyId
from hub.ports import RowSet

KEPT_US: Final = 366 * 86_400_000_000
_PAGE: Final = 1000
_COLUMNS: Final = ("log_id", "party_id", "entry_ref", "sealed", "key_version", "recorded_us")
_CONTENT = "SELECT entry_ref, sealed FROM decision_call WHERE log_id = $1 AND entry_ref = ANY($2::uuid[])"
_FORGET = "DELETE FROM decision_call WHERE log_id = $1 AND recorded_us < $2"
_SIZE = "SELECT size FROM audit_head WHERE log_id = $1"
# What was redacted or pruned says nothing any more.
_BODIES = "SELECT body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 AND body IS NOT NULL ORDER BY seq"
_NEXT = "SELECT body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND body IS NOT NULL ORDER BY seq LIMIT 1"


def call_row(log_id: LogId, party: PartyId, ref: UUID, sealed: bytes, key_version: int, now: Micros) -> RowSet:
    """The content of one call, to be written with its entry."""
    return RowSet("decision_call", _COLUMNS, [(log_id, party, ref, sealed, key_version, int(now))])


async def contents(engine: AsyncEngine, log_id: LogId, refs: Sequence[UUID]) -> dict[UUID, bytes]:
    """What is kept of these calls, sealed."""
    return {UUID(bytes=row[0].bytes): bytes(row[1]) for row in await fetch(engine, _CONTENT, log_id, list(refs))}


async def forget(engine: AsyncEngine, log_id: LogId, before: int) -> None:
    """Drops the content of calls from before that moment (µs)."""
    await fetch(engine, _FORGET, log_id, before)


async def entries(engine: AsyncEngine, log_id: LogId, start_us: int, end_us: int) -> AsyncIterator[list[Mapping[str, Any]]]:
    """The log's entries from `start_us` up to, not including, `end_us`, in pages of their order."""
    rows = await fetch(engine, _SIZE, log_id)
    size = int(rows[0][0]) if rows else 0
    at = await _first(engine, log_id, start_us, size)
    while at < size:
        page = [orjson.loads(row[0]) for row in await fetch(engine, _BODIES, log_id, at, min(at + _PAGE, size))]
        within = [entry for entry in page if entry["us"] < end_us]
        if within:
            yield within
        if len(within) < len(page):
            return
        at += _PAGE


async def _first(engine: AsyncEngine, log_id: LogId, moment: int, size: int) -> int:
    """The place of the first entry of that moment or later: an entry is never older than the one before it."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        rows = await fetch(engine, _NEXT, log_id, middle)
        if rows and orjson.loads(rows[0][0])["us"] >= moment:
            high = middle
        else:
            low = middle + 1
    return low
