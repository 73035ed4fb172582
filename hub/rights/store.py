"""What the rows say about one person, by tag."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.statement import hold
from hub.consent.store import histories
from hub.domain.terms import Micros
from hub.rights.answer import Statement


async def statements_of(engine: AsyncEngine, tag: bytes, day: date) -> tuple[Statement, ...]:
    """The statements of or about this person as they stand on `day`, the newest first."""
    found: list[Statement] = []
    for history in (await histories(engine, [tag])).get(tag, ()):
        events = history.events
        if (held := hold(events, max(day, events[0].day))) is not None:
            last = Micros(events[-1].recorded_us)
            found.append(Statement(held.kind, held.begins, held.until, last, held.state))
    return tuple(sorted(found, key=lambda one: one.recorded_us, reverse=True))
