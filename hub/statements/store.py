"""Which statements end by themselves, and whose a statement is."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.terms import LogId

_WHOSE = "SELECT subject_tag FROM consent_event WHERE log_id = $1 AND statement_id = $2 AND seq = 1"
_ENDING = """
SELECT event.subject_tag FROM consent_event AS event WHERE log_id = $1 AND ends >= $2 AND ends < $3
AND NOT EXISTS (SELECT FROM consent_event AS later WHERE later.statement_id = event.statement_id AND later.seq > event.seq)
ORDER BY ends LIMIT $4
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
