"""Which logs an installation has, and under which names and keys each was signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import Connection, fetch
from hub.domain.terms import LogId, PartyId
from hub.ports import Claim

_REGISTER = """
INSERT INTO audit_log (log_id, party_id, region, origin, vkey, opened_us) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
_OPENED = "SELECT origin, vkey, opened_us, region FROM audit_log WHERE log_id = $1"
_LATER = """
SELECT first_size, origin, vkey, cause, ref, created_us FROM audit_origin WHERE log_id = $1 ORDER BY first_size
"""
_USED = """
SELECT EXISTS (SELECT FROM audit_log WHERE vkey = $1 OR origin = $2 AND log_id <> $3)
    OR EXISTS (SELECT FROM audit_origin WHERE vkey = $1 OR origin = $2 AND log_id <> $3)
"""
_NAMED = """
SELECT EXISTS (SELECT FROM audit_log WHERE origin = $1) OR EXISTS (SELECT FROM audit_origin WHERE origin = $1)
"""
# Only while the log stands where it was looked at: an entry that came in between would be under neither key.
_SUCCEED = """
INSERT INTO audit_origin (log_id, party_id, first_size, origin, vkey, cause, ref, created_us)
SELECT t.* FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bigint[])
    AS t (log_id, party_id, first_size, origin, vkey, cause, ref, created_us)
JOIN audit_head AS h ON h.log_id = t.log_id AND h.size = t.first_size - 1 FOR UPDATE OF h
"""
_LOGS = """
SELECT l.log_id, l.party_id, l.region, l.opened_us, coalesce(h.size, 0), coalesce(h.last_us, 0), coalesce(o.origin, l.origin),
    coalesce(o.vkey, l.vkey), c.note, EXISTS (SELECT FROM audit_alarm AS a WHERE a.log_id = l.log_id AND a.ended_us IS NULL)
FROM audit_log AS l LEFT JOIN audit_head AS h ON h.log_id = l.log_id
LEFT JOIN LATERAL (SELECT origin, vkey FROM audit_origin WHERE log_id = l.log_id ORDER BY first_size DESC LIMIT 1) AS o ON true
LEFT JOIN LATERAL (SELECT note FROM audit_checkpoint WHERE log_id = l.log_id ORDER BY size DESC LIMIT 1) AS c ON true
ORDER BY l.log_id
"""


async def register(
    connection: Connection, log_id: LogId, operator: PartyId, region: str, origin: str, vkey: str, now_us: int
) -> None:
    """Writes down what a log begins as; a log that is known stays what it was, and so does a name or key in use elsewhere."""
    await connection.raw.execute(_REGISTER, log_id, operator, region, origin, vkey, now_us)


async def opened(connection: Connection, log_id: LogId) -> tuple[str, str, int, str] | None:
    """Origin, key, moment and region of the log's beginning."""
    row = await connection.raw.fetchrow(_OPENED, log_id)
    return None if row is None else (row[0], row[1], row[2], row[3])


async def later(connection: Connection, log_id: LogId) -> list[tuple[int, str, str, str, UUID, int]]:
    """First size, origin, key, cause, entry and moment of every succession, oldest first."""
    rows = await connection.raw.fetch(_LATER, log_id)
    return [(row[0], row[1], row[2], row[3], UUID(bytes=row[4].bytes), row[5]) for row in rows]


async def used(connection: Connection, log_id: LogId, origin: str, vkey: str) -> bool:
    """Whether a log here ever had this key, or another log this name."""
    return bool(await connection.raw.fetchval(_USED, vkey, origin, log_id))


async def named(connection: Connection, origin: str) -> bool:
    """Whether a log here ever had this name."""
    return bool(await connection.raw.fetchval(_NAMED, origin))


def succeeds(log_id: LogId, operator: PartyId, size: int, origin: str, vkey: str, cause: str, ref: UUID, now_us: int) -> Claim:
    """The row of a succession, for the transaction of its entry."""
    return Claim(_SUCCEED, [(log_id, operator, size, origin, vkey, cause, ref, now_us)])


async def logs(engine: AsyncEngine) -> Sequence[Any]:
    """A row per log of the installation."""
    return await fetch(engine, _LOGS)
