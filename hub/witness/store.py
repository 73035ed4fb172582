"""What is remembered of witnesses and time stamps, on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.tree import EMPTY_ROOT
from hub.db import Connection, transaction
from hub.domain.terms import LogId, PartyId, ReasonCode
from hub.ports import Claim
from hub.witness.model import Asked, Cosignature, KnownLog, Stamp

_KNOWN = "SELECT origin, vkey, active, size, root, note, cosigned_us, forked FROM witness_log WHERE log_id = $1"
_ALLOW = """
INSERT INTO witness_log (log_id, party_id, origin, vkey, active, size, root, cosigned_us)
SELECT log_id, party_id, origin, vkey, true, 0, root, 0
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[]) AS g(log_id, party_id, origin, vkey, root)
ON CONFLICT (log_id, origin) DO UPDATE SET vkey = excluded.vkey, active = true WHERE NOT witness_log.active
"""
_STOP = """
UPDATE witness_log AS known SET active = false
FROM unnest($1::text[], $2::text[]) AS g(log_id, origin)
WHERE known.log_id = g.log_id AND known.origin = g.origin AND known.active
"""
_FORKED = """
UPDATE witness_log AS known SET forked = g.note
FROM unnest($1::text[], $2::text[], $3::text[]) AS g(log_id, origin, note)
WHERE known.log_id = g.log_id AND known.origin = g.origin AND known.forked IS NULL
"""
_COSIGNED = "UPDATE witness_log SET size = $3, root = $4, note = $5, cosigned_us = $6 WHERE log_id = $1 AND origin = $2"

_ASKED = "SELECT witness, size, answered_us, asked_us, trouble FROM witness_asked WHERE log_id = $1 ORDER BY witness"
_ANSWERED = """
INSERT INTO witness_asked (log_id, party_id, witness, size, answered_us, asked_us)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (log_id, witness) DO UPDATE SET size = excluded.size, answered_us = excluded.answered_us,
    asked_us = excluded.asked_us, trouble = NULL
"""
_BROUGHT = _ANSWERED + "WHERE witness_asked.asked_us < $6\n"
_TROUBLE = """
INSERT INTO witness_asked (log_id, party_id, witness, size, answered_us, asked_us, trouble)
VALUES ($1, $2, $3, 0, 0, $4, $5)
ON CONFLICT (log_id, witness) DO UPDATE SET asked_us = excluded.asked_us, trouble = excluded.trouble
"""
_KEEP_LINE = """
INSERT INTO witness_cosignature (log_id, party_id, witness, size, signed_s, note, line, us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_LINES = """
SELECT witness, size, signed_s, note, line FROM witness_cosignature WHERE log_id = $1 AND size = $2 ORDER BY us, witness
"""
_LARGEST = """
SELECT witness, size, signed_s, note, line FROM witness_cosignature
WHERE log_id = $1 AND starts_with(note, $2) ORDER BY size DESC, signed_s DESC LIMIT 1
"""
_LAST = """
SELECT size, note, array_agg(line ORDER BY us) FROM witness_cosignature
WHERE log_id = $1 AND starts_with(note, $2) AND size IN (
    SELECT DISTINCT size FROM witness_cosignature WHERE log_id = $1 AND starts_with(note, $2) ORDER BY size DESC LIMIT $3)
GROUP BY size, note ORDER BY size DESC
"""
_KEEP_STAMP = """
INSERT INTO witness_timestamp (log_id, party_id, size, note, digest, token, stamped_us, us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_NEWEST_STAMP = """
SELECT size, note, token, stamped_us FROM witness_timestamp WHERE log_id = $1 ORDER BY size DESC LIMIT 1
"""
_STAMPS = """
SELECT size, note, token, stamped_us FROM witness_timestamp WHERE log_id = $1 AND size > $2 ORDER BY size LIMIT $3
"""
_CHECKPOINT_AT = "SELECT note FROM audit_checkpoint WHERE log_id = $1 AND size = $2"
_CHECKPOINTS = "SELECT size, note FROM audit_checkpoint WHERE log_id = $1 ORDER BY size DESC LIMIT $2"
# The age of the first checkpoint that nobody outside has: what could still be taken back unseen is no older than it.
_BEYOND = "SELECT created_us FROM audit_checkpoint WHERE log_id = $1 AND size > $2 ORDER BY size LIMIT 1"


async def known(engine: AsyncEngine, log_id: LogId) -> list[KnownLog]:
    """The logs that this hub is or was a witness of."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(f"{_KNOWN} ORDER BY origin", log_id)
    return [_of(row) for row in rows]


async def known_log(engine: AsyncEngine, log_id: LogId, origin: str) -> KnownLog | None:
    """The log of this origin."""
    async with transaction(engine) as connection:
        row = await connection.raw.fetchrow(f"{_KNOWN} AND origin = $2", log_id, origin)
    return None if row is None else _of(row)


@asynccontextmanager
async def held(engine: AsyncEngine, log_id: LogId, origin: str) -> AsyncIterator[tuple[Connection, KnownLog | None]]:
    """The log of this origin, held until the block ends: what is checked against it is what is written over it."""
    async with transaction(engine) as connection:
        row = await connection.raw.fetchrow(f"{_KNOWN} AND origin = $2 FOR UPDATE", log_id, origin)
        yield connection, None if row is None else _of(row)


def _of(row: tuple[object, ...]) -> KnownLog:
    origin, vkey, active, size, root, note, cosigned_us, forked = row
    return KnownLog(origin, vkey, active, size, bytes(root), note, cosigned_us, forked)  # type: ignore[arg-type,call-overload]  # a row


def allow(log_id: LogId, operator: PartyId, origin: str, vkey: str) -> Claim:
    """The condition that this log was not witnessed until now; one that was stopped goes on where it was, under this key."""
    return Claim(_ALLOW, [(log_id, operator, origin, vkey, EMPTY_ROOT)])


def stop(log_id: LogId, origin: str) -> Claim:
    """The condition that this log was witnessed until now."""
    return Claim(_STOP, [(log_id, origin)])


def forked(log_id: LogId, origin: str, note: str) -> Claim:
    """The condition that nobody had proved before that this log forked."""
    return Claim(_FORKED, [(log_id, origin, note)])


async def cosigned(connection: Connection, log_id: LogId, origin: str, size: int, root: bytes, note: str, now_us: int) -> None:
    """Remembers what is cosigned; for a block of `held`."""
    await connection.raw.execute(_COSIGNED, log_id, origin, size, root, note, now_us)


async def asked(engine: AsyncEngine, log_id: LogId) -> dict[str, Asked]:
    """How it stands with everyone who was asked, by witness."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_ASKED, log_id)
    return {row[0]: Asked(row[0], row[1], row[2], row[3], None if row[4] is None else ReasonCode(row[4])) for row in rows}


async def keep_cosignature(engine: AsyncEngine, log_id: LogId, operator: PartyId, one: Cosignature, now_us: int) -> None:
    """Adds what a witness answered, and that it answered well."""
    async with transaction(engine) as connection:
        await connection.raw.execute(
            _KEEP_LINE, log_id, operator, one.witness, one.size, one.signed_s, one.note, one.line, now_us
        )
        await connection.raw.execute(_ANSWERED, log_id, operator, one.witness, one.size, now_us)


async def keep_brought(engine: AsyncEngine, log_id: LogId, operator: PartyId, one: Cosignature, now_us: int) -> bool:
    """Adds a line that somebody brought; whether it was not here yet.

    Anyone can bring a line of before again: only one that its witness signed since says how it stands with it.
    """
    async with transaction(engine) as connection:
        added: str = await connection.raw.execute(
            _KEEP_LINE, log_id, operator, one.witness, one.size, one.signed_s, one.note, one.line, now_us
        )
        signed_us = one.signed_s * 1_000_000
        await connection.raw.execute(_BROUGHT, log_id, operator, one.witness, one.size, now_us, signed_us)
    return not added.endswith(" 0")


async def keep_trouble(
    engine: AsyncEngine, log_id: LogId, operator: PartyId, witness: str, trouble: ReasonCode, now_us: int
) -> None:
    """Remembers that someone did not answer well."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_TROUBLE, log_id, operator, witness, now_us, trouble)


async def cosignatures(engine: AsyncEngine, log_id: LogId, size: int) -> list[Cosignature]:
    """The lines under the checkpoint of this size, in order of arrival."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_LINES, log_id, size)
    return [Cosignature(*row) for row in rows]


async def largest_cosigned(engine: AsyncEngine, log_id: LogId, origin: str) -> Cosignature | None:
    """The newest line under the largest checkpoint of this origin that a witness cosigned; None where none ever did."""
    async with transaction(engine) as connection:
        row = await connection.raw.fetchrow(_LARGEST, log_id, f"{origin}\n")
    return None if row is None else Cosignature(*row)


async def last_cosigned(engine: AsyncEngine, log_id: LogId, origin: str, most: int = 64) -> list[tuple[int, str, list[str]]]:
    """The last checkpoints of this origin that anyone cosigned, largest first: size, note, and the lines under it."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_LAST, log_id, f"{origin}\n", most)
    return [(row[0], row[1], list(row[2])) for row in rows]


async def keep_stamp(
    engine: AsyncEngine, log_id: LogId, operator: PartyId, authority: str, stamp: Stamp, digest: bytes, now_us: int
) -> None:
    """Adds a time stamp, and that its authority answered well."""
    async with transaction(engine) as connection:
        await connection.raw.execute(
            _KEEP_STAMP, log_id, operator, stamp.size, stamp.note, digest, stamp.token, stamp.stamped_us, now_us
        )
        await connection.raw.execute(_ANSWERED, log_id, operator, authority, stamp.size, now_us)


async def newest_stamp(engine: AsyncEngine, log_id: LogId) -> Stamp | None:
    """The time stamp of the largest checkpoint that has one."""
    async with transaction(engine) as connection:
        row = await connection.raw.fetchrow(_NEWEST_STAMP, log_id)
    return None if row is None else Stamp(row[0], row[1], bytes(row[2]), row[3])


async def stamps_after(engine: AsyncEngine, log_id: LogId, size: int, most: int) -> list[Stamp]:
    """Time stamps of checkpoints larger than `size`, smallest first."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_STAMPS, log_id, size, most)
    return [Stamp(row[0], row[1], bytes(row[2]), row[3]) for row in rows]


async def beyond_since(engine: AsyncEngine, log_id: LogId, size: int) -> int | None:
    """When (µs) the log first grew beyond `size`; None where it has not."""
    async with transaction(engine) as connection:
        since: int | None = await connection.raw.fetchval(_BEYOND, log_id, size)
    return since


async def checkpoint_at(engine: AsyncEngine, log_id: LogId, size: int) -> str | None:
    """The checkpoint that the log signed at this size, if it did."""
    async with transaction(engine) as connection:
        note: str | None = await connection.raw.fetchval(_CHECKPOINT_AT, log_id, size)
    return note


async def newest_checkpoints(engine: AsyncEngine, log_id: LogId, most: int) -> list[tuple[int, str]]:
    """The checkpoints that the log signed last, newest first."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_CHECKPOINTS, log_id, most)
    return [(row[0], row[1]) for row in rows]
