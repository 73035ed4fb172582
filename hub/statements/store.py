"""Which statements end by themselves, who objects, and whose a statement is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.statement import Event, Hold, hold
from hub.consent.store import histories
from hub.db import fetch
from hub.domain.terms import LogId
from hub.ports import KeyedDigest

_WHOSE = "SELECT subject_tag FROM consent_event WHERE log_id = $1 AND statement_id = $2 AND seq = 1"
_ENDING = """
SELECT event.subject_tag FROM consent_event AS event WHERE log_id = $1 AND ends >= $2 AND ends < $3
AND NOT EXISTS (SELECT FROM consent_event AS later WHERE later.statement_id = event.statement_id AND later.seq > event.seq)
ORDER BY ends LIMIT $4
"""
# A ruling that was recorded last is the last word: what is left may be pending, and its history says whether it is.
_OBJECTING = """
SELECT DISTINCT event.subject_tag FROM consent_event AS event WHERE log_id = $1
AND position(convert_to('"kind":"bezwaar"', 'UTF8') in body) > 0
AND position(convert_to('"what":"upheld"', 'UTF8') in body) = 0
AND NOT EXISTS (SELECT FROM consent_event AS later WHERE later.statement_id = event.statement_id AND later.seq > event.seq)
"""
_FIRST = date(1900, 1, 1)
MOST = 10_000


async def whose(engine: AsyncEngine, log_id: LogId, statement_id: UUID) -> bytes | None:
    """The tag of the person whom a statement is about, or None where there is no such statement."""
    rows = await fetch(engine, _WHOSE, log_id, statement_id)
    return bytes(rows[0][0]) if rows else None


async def ending(engine: AsyncEngine, log_id: LogId, until: date, since: date = _FIRST) -> list[bytes]:
    """The persons with a statement of which the end lies from `since` up to, not including, `until`; soonest first."""
    rows = await fetch(engine, _ENDING, log_id, since, until, MOST)
    return list(dict.fromkeys(bytes(row[0]) for row in rows))


async def objecting(engine: AsyncEngine, log_id: LogId) -> list[bytes]:
    """The persons with an objection that was not upheld; one of several controllers may have rejected it for its own."""
    return [bytes(row[0]) for row in await fetch(engine, _OBJECTING, log_id)]


async def pending(
    engine: AsyncEngine, log_id: LogId, today: date, digest: KeyedDigest | None = None
) -> list[tuple[bytes, Hold]]:
    """The objections on which no controller has ruled, each with whose it is; the oldest first. Raises Tampered."""
    found: list[tuple[bytes, Hold]] = []
    for tag, known in (await histories(engine, await objecting(engine, log_id), digest)).items():
        for history in known:
            held = stands(history.events, today)
            if held is not None and held.pending:
                found.append((tag, held))
    return sorted(found, key=lambda one: (one[1].since_us, one[1].statement_id))


def stands(events: Sequence[Event], today: date) -> Hold | None:
    """How a statement stands; of one that is to begin later, as it will: it waits for a ruling as well."""
    return hold(events, today) or hold(events, max(event.day for event in events))
