"""What the rows say about one person, by tag."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.statement import hold
from hub.consent.store import histories
from hub.db import fetch
from hub.domain.terms import LogId, Micros
from hub.rights.answer import Statement

_REFS = "SELECT ref FROM audit_subject WHERE log_id = $1 AND subject_tag = $2"


async def refs_of(engine: AsyncEngine, log_id: LogId, tag: bytes) -> list[UUID]:
    """The entries that are said to be about this person; their commitments say whether they are."""
    return list(dict.fromkeys(UUID(bytes=row[0].bytes) for row in await fetch(engine, _REFS, log_id, tag)))


async def statements_of(engine: AsyncEngine, tag: bytes, day: date) -> tuple[Statement, ...]:
    """The statements of or about this person as they stand on `day`, the newest first."""
    found: list[Statement] = []
    for history in (await histories(engine, [tag])).get(tag, ()):
        events = history.events
        if (held := hold(events, max(day, events[0].day))) is not None:
            last = Micros(events[-1].recorded_us)
            found.append(Statement(held.kind, held.begins, held.until, last, held.state))
    return tuple(sorted(found, key=lambda one: one.recorded_us, reverse=True))
