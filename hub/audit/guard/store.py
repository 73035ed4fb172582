"""What the guard reads: entries hashed again by PostgreSQL itself, tiles, checkpoints, and what stands where nothing should."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import Connection, fetch, transaction
from hub.domain.terms import LogId, PartyId

# The inner query leaves the bodies behind, so that what is sorted stays small. A body's own ref must be the row's: it is by
# the row's that entries are found.
_PAGE = r"""
SELECT idx, string_agg(leaf, ''::bytea ORDER BY seq), min(seq) FILTER (WHERE wrong), array_agg(seq) FILTER (WHERE gone)
FROM (SELECT seq >> 8 AS idx, seq, leaf, body IS NULL AS gone, sha256('\x00'::bytea || body) <> leaf
          OR position(convert_to('"ref":"' || ref || '"', 'UTF8') IN body) = 0 AS wrong
      FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3) AS page
GROUP BY idx
"""
_TILES = "SELECT idx, hashes FROM audit_tile WHERE log_id = $1 AND level = $2 AND idx >= $3 AND idx < $4"
_CHECKPOINTS = "SELECT size, note FROM audit_checkpoint WHERE log_id = $1 AND size > $2 AND size <= $3 ORDER BY size"
_NEWEST = "SELECT size FROM audit_checkpoint WHERE log_id = $1 ORDER BY size DESC OFFSET $2 LIMIT 1"
_HEAD = "SELECT size, root, last_us, frontier FROM audit_head WHERE log_id = $1"
_BEYOND = "SELECT seq FROM audit_entry WHERE log_id = $1 AND seq >= $2 LIMIT 1"
_TILE_BEYOND = """
SELECT level FROM audit_tile
WHERE log_id = $1 AND (level NOT BETWEEN 0 AND 6 OR idx < 0 OR idx >= $2 >> 8 * (level + 1)) LIMIT 1
"""
_UNSIGNED = """
SELECT min(size) FROM audit_request AS r WHERE log_id = $1 AND size > $2 AND size <= $3
    AND NOT EXISTS (SELECT FROM audit_checkpoint AS c WHERE c.log_id = r.log_id AND c.size = r.size)
"""
_REDACTED = """
SELECT act.proposal_id, part.seqs FROM retention_part AS part
JOIN audit_redaction AS act ON act.log_id = part.log_id AND act.proposal_id = part.proposal_id
WHERE part.log_id = $1 AND part.tile >= $2 AND part.tile < $3
"""
_BY_SEQ = "SELECT body FROM audit_entry WHERE log_id = $1 AND seq = $2"
_SOUND = """
INSERT INTO audit_alarm (log_id, party_id, found_us, what) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1
"""
_STANDING = "SELECT found_us, what FROM audit_alarm WHERE log_id = $1 AND ended_us IS NULL ORDER BY found_us LIMIT 1"
_END = "UPDATE audit_alarm SET ended_us = $2 WHERE log_id = $1 AND ended_us IS NULL RETURNING 1"


@dataclass(frozen=True, slots=True)
class Row:
    """What is stored of the entries under one level-0 tile: their leaves in order, the first whose body is another, and those
    without one."""

    leaves: bytes
    wrong: int | None
    gone: tuple[int, ...]


async def head(connection: Connection, log_id: LogId) -> tuple[int, bytes, int, bytes] | None:
    """Size, root, last moment and frontier."""
    row = await connection.raw.fetchrow(_HEAD, log_id)
    return None if row is None else (row[0], bytes(row[1]), row[2], bytes(row[3]))


async def page(connection: Connection, log_id: LogId, first: int, stop: int) -> dict[int, Row]:
    """The entries from `first` up to `stop`, by tile."""
    rows = await connection.raw.fetch(_PAGE, log_id, first, stop)
    return {row[0]: Row(bytes(row[1]), row[2], tuple(row[3] or ())) for row in rows}


async def tiles(connection: Connection, log_id: LogId, level: int, first: int, stop: int) -> dict[int, bytes]:
    """Tiles number `first` up to `stop` of a level."""
    return {row[0]: bytes(row[1]) for row in await connection.raw.fetch(_TILES, log_id, level, first, stop)}


async def checkpoints(connection: Connection, log_id: LogId, after: int, upto: int) -> list[tuple[int, str]]:
    """Size and note of the checkpoints above `after` and up to `upto`."""
    return [(row[0], row[1]) for row in await connection.raw.fetch(_CHECKPOINTS, log_id, after, upto)]


async def size_of_newest(connection: Connection, log_id: LogId, count: int) -> int:
    """The size above which the `count` newest checkpoints are; 0 where there are no more."""
    found: int | None = await connection.raw.fetchval(_NEWEST, log_id, count)
    return found or 0


async def entry_beyond(connection: Connection, log_id: LogId, size: int) -> int | None:
    """An entry that stands behind the end."""
    found: int | None = await connection.raw.fetchval(_BEYOND, log_id, size)
    return found


async def tile_beyond(connection: Connection, log_id: LogId, size: int) -> bool:
    """Whether there is a tile that a tree of `size` does not have."""
    return await connection.raw.fetchval(_TILE_BEYOND, log_id, size) is not None


async def unsigned(connection: Connection, log_id: LogId, after: int, upto: int) -> int | None:
    """A size at which something was recorded, above `after`, whose checkpoint is gone."""
    found: int | None = await connection.raw.fetchval(_UNSIGNED, log_id, after, upto)
    return found


async def redacted(connection: Connection, log_id: LogId, first: int, stop: int) -> list[tuple[UUID, tuple[int, ...]]]:
    """Per proposal that an entry authorised, the entries that it names under the tiles from `first` up to `stop`."""
    rows = await connection.raw.fetch(_REDACTED, log_id, first, stop)
    return [(UUID(bytes=row[0].bytes), tuple(row[1])) for row in rows]


async def body(connection: Connection, log_id: LogId, seq: int) -> bytes | None:
    """An entry, where there is one and it says something."""
    found: bytes | None = await connection.raw.fetchval(_BY_SEQ, log_id, seq)
    return found


async def sound(engine: AsyncEngine, log_id: LogId, operator: PartyId, now_us: int, what: str) -> None:
    """From here on nothing is added to the log, by any process."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_SOUND, log_id, operator, now_us, what)


async def standing(engine: AsyncEngine, log_id: LogId) -> tuple[int, str] | None:
    """The moment and the sentence of an alarm that stands."""
    rows = await fetch(engine, _STANDING, log_id)
    return (rows[0][0], rows[0][1]) if rows else None


async def end(engine: AsyncEngine, log_id: LogId, now_us: int) -> int:
    """Ends what stands; how many did."""
    return len(await fetch(engine, _END, log_id, now_us))
