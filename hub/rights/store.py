"""What the rows say about one person, by tag."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.terms import LogId, Micros
from hub.rights.answer import Statement

_REFS = "SELECT ref FROM audit_subject WHERE log_id = $1 AND subject_tag = $2"
_STATEMENTS = """
SELECT kind, valid_from, valid_until, recorded_us FROM consent_statement WHERE log_id = $1 AND subject_tag = $2
ORDER BY recorded_us DESC, statement_id DESC
"""


async def refs_of(engine: AsyncEngine, log_id: LogId, tag: bytes) -> list[UUID]:
    """The entries that are said to be about this person; their commitments say whether they are."""
    return list(dict.fromkeys(UUID(bytes=row[0].bytes) for row in await fetch(engine, _REFS, log_id, tag)))


async def statements_of(engine: AsyncEngine, log_id: LogId, tag: bytes) -> tuple[Statement, ...]:
    """The statements of or about this person, the newest first."""
    rows = await fetch(engine, _STATEMENTS, log_id, tag)
    return tuple(Statement(kind, begins, ends, Micros(recorded)) for kind, begins, ends, recorded in rows)
