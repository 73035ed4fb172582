"""The log's rows as exports read them: pages of entries, some emptied by retention, and the entries that these speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.terms import LogId

_PAGE: Final = "SELECT seq, body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
_FIRST_KEPT: Final = """
SELECT seq, body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 AND body IS NOT NULL ORDER BY seq LIMIT 1
"""
_BY_REF: Final = "SELECT ref, body FROM audit_entry WHERE log_id = $1 AND ref = ANY($2::uuid[]) AND body IS NOT NULL"


async def page(engine: AsyncEngine, log_id: LogId, start: int, end: int) -> list[tuple[int, bytes | None]]:
    """The entries from `start` up to, not including, `end`: None where retention emptied one; pruned ones are missing."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_PAGE, log_id, start, end)
    return [(row[0], None if row[1] is None else bytes(row[1])) for row in rows]


async def first_kept(engine: AsyncEngine, log_id: LogId, start: int, end: int) -> tuple[int, bytes] | None:
    """The first entry in that range that still has its text."""
    async with transaction(engine) as connection:
        row = await connection.raw.fetchrow(_FIRST_KEPT, log_id, start, end)
    return None if row is None else (row[0], bytes(row[1]))


async def by_refs(engine: AsyncEngine, log_id: LogId, refs: Sequence[UUID]) -> Mapping[UUID, bytes]:
    """The entries with these refs, those that still have their text."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_BY_REF, log_id, list(refs))
    return {UUID(bytes=row[0].bytes): bytes(row[1]) for row in rows}
