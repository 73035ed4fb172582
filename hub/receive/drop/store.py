"""What is known of files: by keyed digest, never by name; how far each was read; which of its rows wait in quarantine."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hub.connector import Trouble
from hub.db import fetch, transaction, translate
from hub.domain.stages import DropPlace, Received
from hub.domain.terms import ConnectorId, LogId, PartyId, ReasonCode
from hub.errors import Conflict
from hub.formats.agreed import FileColumns
from hub.ports import Claim, RowSet, SealedRow, Tally

State = Literal["taken", "done", "refused", "again"]

_FIND = """
SELECT drop_id, state, rows_done FROM receive_drop WHERE party_id = $1 AND connector = $2 AND file_digest = $3
"""
_INSERT = """
INSERT INTO receive_drop
    (log_id, party_id, drop_id, connector, file_digest, state, reason, rows_total, columns_ignored, seen_us, updated_us,
    missing, strange)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)
ON CONFLICT (party_id, connector, file_digest) DO NOTHING
"""
_REOPEN = """
UPDATE receive_drop SET state = 'taken', reason = NULL, rows_total = $2, columns_ignored = $3, updated_us = $4,
    missing = NULL, strange = NULL
WHERE drop_id = $1 AND state IN ('refused', 'again')
"""
_REFUSE = """
UPDATE receive_drop SET state = 'refused', reason = $2, updated_us = $3, missing = $4, strange = $5
WHERE drop_id = $1 AND (state = 'again' OR state = 'refused' AND reason IS DISTINCT FROM $2)
"""
_AGAIN = "SELECT drop_id, file_digest FROM receive_drop WHERE party_id = $1 AND connector = $2 AND state = 'again'"
_GONE = "UPDATE receive_drop SET state = 'refused', reason = $2, updated_us = $3 WHERE drop_id = $1 AND state = 'again'"
_POLLED = """
INSERT INTO receive_connector AS held (log_id, party_id, connector, outcome, since_us, polled_us)
VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT (log_id, connector) DO UPDATE SET party_id = excluded.party_id, outcome = excluded.outcome,
    since_us = CASE WHEN held.outcome = excluded.outcome THEN held.since_us ELSE excluded.since_us END,
    polled_us = greatest(held.polled_us, excluded.polled_us)
"""
_MOVE_ON = """
UPDATE receive_drop AS held
SET rows_done = new.done, accepted = held.accepted + new.accepted, quarantined = held.quarantined + new.quarantined,
    duplicate = held.duplicate + new.duplicate, updated_us = new.us, reason = NULL
FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::bigint[])
    AS new (drop_id, before, done, accepted, quarantined, duplicate, us)
WHERE held.drop_id = new.drop_id AND held.rows_done = new.before AND held.state = 'taken'
"""
_FINISH = """
UPDATE receive_drop SET state = 'done', rows_done = rows_total, updated_us = $3
WHERE drop_id = $1 AND rows_done = $2 AND state = 'taken'
"""
_STUCK = """
UPDATE receive_drop SET reason = $2, updated_us = $3
WHERE drop_id = $1 AND state = 'taken' AND reason IS DISTINCT FROM $2
"""
_LAYOUT = "SELECT mapping, digests, names, readable FROM connector_layout WHERE log_id = $1 AND connector = $2 AND state = $3"
_KEEP_LAYOUT = """
INSERT INTO connector_layout (log_id, party_id, connector, state, mapping, digests, names, readable, since_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (log_id, connector, state) DO UPDATE SET party_id = excluded.party_id, mapping = excluded.mapping,
    digests = excluded.digests, names = excluded.names, readable = excluded.readable, since_us = excluded.since_us
"""
_UNCHANGED = "DELETE FROM connector_layout WHERE log_id = $1 AND connector = $2 AND state = 'changed'"
_KNOWN = "SELECT state FROM receive_drop WHERE party_id = $1 AND connector = $2 AND file_digest = $3"
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended($1, 0))"
_QUARANTINE = (
    "log_id",
    "party_id",
    "quarantine_id",
    "drop_id",
    "row_number",
    "faults",
    "sealed",
    "key_version",
    "created_us",
)


@dataclass(frozen=True, slots=True)
class Drop:
    """A file that the hub knows. `rows_done` is the line up to which its rows are accounted for.

    `new` where it was not known, or known and to be read again.
    """

    drop_id: UUID
    state: State
    rows_done: int
    new: bool


class DropStore:
    """The memory of one connector's files."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, party: PartyId, connector: ConnectorId) -> None:
        self._engine, self._log_id, self._party, self._connector = engine, log_id, party, connector
        self._key = f"drop:{party}:{connector}"

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Whether this worker has the connector to itself, for as long as the block lasts or the connection lives.

        It spares double work and nothing more: what two workers do at once is kept right by `DropIntake.claims`.
        """
        pooled = await self._lock()
        try:
            yield pooled is not None
        finally:
            if pooled is not None:
                await self._unlock(pooled)

    async def _lock(self) -> AsyncConnection | None:
        try:
            pooled = await self._engine.connect()
            try:
                if await (await _driver(pooled)).fetchval(_LOCK, self._key):
                    return pooled
            except BaseException:
                await pooled.invalidate()
                raise
            await pooled.close()
        except Exception as wrong:
            clean = translate(wrong)
        else:
            return None
        raise clean from None

    async def _unlock(self, pooled: AsyncConnection) -> None:
        try:
            await (await _driver(pooled)).fetchval(_UNLOCK, self._key)
        except BaseException as wrong:
            await pooled.invalidate()  # closing the connection is what frees the lock then
            if not isinstance(wrong, Exception):
                raise
        finally:
            await pooled.close()

    async def claim(
        self,
        drop_id: UUID,
        digest: bytes,
        *,
        refused: ReasonCode | None,
        lines: int,
        ignored: int,
        now_us: int,
        missing: Sequence[str] = (),
        strange: Sequence[str] = (),
    ) -> Drop:
        """The file with this keyed digest: as it is known, or from now on known under `drop_id`.

        One that was refused before and can be read now, because the mapping was mended, is taken after all; one that somebody
        had read again, and still cannot be read, is refused anew.
        """
        state = "taken" if refused is None else "refused"
        async with transaction(self._engine) as connection:
            done = await connection.raw.execute(
                _INSERT,
                *(self._log_id, self._party, drop_id, self._connector, digest, state, refused, lines, ignored, now_us),
                *(list(missing), list(strange)),
            )
            row = await connection.raw.fetchrow(_FIND, self._party, self._connector, digest)
            stands: State = row["state"]
            asked = stands == "again"
            if stands in ("refused", "again"):
                if refused is None:
                    await connection.raw.execute(_REOPEN, row["drop_id"], lines, ignored, now_us)
                else:
                    await connection.raw.execute(_REFUSE, row["drop_id"], refused, now_us, list(missing), list(strange))
                stands = "taken" if refused is None else "refused"
        return Drop(row["drop_id"], stands, row["rows_done"], new=asked or done == "INSERT 0 1")

    async def finish(self, drop_id: UUID, rows_done: int, now_us: int) -> None:
        """All rows are accounted for. Raises errors.Conflict when another worker was at it."""
        async with transaction(self._engine) as connection:
            done = await connection.raw.execute(_FINISH, drop_id, rows_done, now_us)
        if done != "UPDATE 1":
            raise Conflict("Another worker is at this file.", "Its place has moved on.", "The next poll looks at it again.")

    async def stuck(self, drop_id: UUID, reason: ReasonCode, now_us: int) -> None:
        """Says beside an unfinished file why it stopped, and since when it does."""
        async with transaction(self._engine) as connection:
            await connection.raw.execute(_STUCK, drop_id, reason, now_us)

    async def again(self) -> dict[bytes, UUID]:
        """Refused files that somebody wants read again, by their digest."""
        found = await fetch(self._engine, _AGAIN, self._party, self._connector)
        return {bytes(row[1]): UUID(bytes=row[0].bytes) for row in found}

    async def gone(self, drop_id: UUID, reason: ReasonCode, now_us: int) -> None:
        """A file that was to be read again stays refused, for this reason."""
        await fetch(self._engine, _GONE, drop_id, reason, now_us)

    async def known(self, digest: bytes) -> State | None:
        """How a file with this keyed digest stands; None where it is new."""
        rows = await fetch(self._engine, _KNOWN, self._party, self._connector, digest)
        return rows[0][0] if rows else None

    async def agreed(self) -> FileColumns | None:
        """The layout that was agreed on; None before the first file was taken."""
        rows = await fetch(self._engine, _LAYOUT, self._log_id, self._connector, "agreed")
        return file_columns(rows[0]) if rows else None

    async def agree(self, columns: FileColumns, now_us: int) -> None:
        """Files are held to this layout from now on, and none stands that differs."""
        async with transaction(self._engine) as connection:
            await connection.raw.execute(_KEEP_LAYOUT, *self._layout("agreed", columns, now_us))
            await connection.raw.execute(_UNCHANGED, self._log_id, self._connector)

    async def changed(self, columns: FileColumns, now_us: int) -> None:
        """A file lies there that is written otherwise than agreed."""
        await fetch(self._engine, _KEEP_LAYOUT, *self._layout("changed", columns, now_us))

    def _layout(self, state: str, columns: FileColumns, now_us: int) -> tuple[Any, ...]:
        whose = (self._log_id, self._party, self._connector, state)
        return (*whose, columns.mapping, list(columns.digests), list(columns.names), columns.readable, now_us)

    async def polled(self, trouble: Trouble, now_us: int) -> None:
        """How the last poll of this connector went."""
        await fetch(self._engine, _POLLED, self._log_id, self._party, self._connector, trouble.value, now_us)


class DropIntake:
    """The door's own bookkeeping for rows of a file, durable with the records; satisfies `hub.ports.Intake`."""

    def tally(self, tally: Tally, /) -> Tally:
        """Every row of a file counts once, where it went."""
        return tally

    def claims(self, received: Received, tally: Tally, /) -> Sequence[Claim]:
        """The file's place moves on from where this batch began; elsewhere someone else was first."""
        place = _place(received)
        args = (
            place.drop_id,
            place.done_before,
            place.done_after,
            tally.accepted,
            tally.quarantined,
            tally.duplicate,
            int(received.received_us),
        )
        return (Claim(_MOVE_ON, [args]),)

    def keep(self, received: Received, rejected: Sequence[SealedRow], /) -> Sequence[RowSet]:
        """Rejected rows wait in quarantine."""
        if not rejected:
            return ()
        place = _place(received)
        rows = [_quarantined(received, place.drop_id, row) for row in rejected]
        return (RowSet("receive_quarantine", _QUARANTINE, rows),)


def file_columns(row: Any) -> FileColumns:
    """A row of `connector_layout`: mapping, digests, names, readable."""
    return FileColumns(row[0], tuple(bytes(each) for each in row[1]), tuple(row[2]), row[3])


async def _driver(pooled: AsyncConnection) -> Any:
    """asyncpg's own connection, in no transaction: the lock belongs to the session."""
    return (await pooled.get_raw_connection()).driver_connection


def _place(received: Received) -> DropPlace:
    if received.place is None:
        raise ValueError("rows of a file must say which part of which file they are")
    return received.place


def _quarantined(received: Received, drop_id: UUID, row: SealedRow) -> tuple[Any, ...]:
    faults = orjson.dumps([{"where": where, "code": str(code)} for where, code in row.faults]).decode()
    return (
        received.log_id,
        received.party,
        row.quarantine_id,
        drop_id,
        row.row_number,
        faults,
        row.sealed,
        row.key_version,
        int(received.received_us),
    )


_RUNS = """
SELECT drop_id, party_id, connector, state, reason, rows_done, rows_total, accepted, quarantined, duplicate,
    columns_ignored, seen_us, coalesce(missing, '{}'), coalesce(strange, '{}')
FROM receive_drop WHERE log_id = $1 ORDER BY seen_us DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One file as it stands: how far it was read, and where its rows went."""

    drop_id: UUID
    party: str
    connector: str
    state: str
    reason: str | None
    rows_done: int
    rows_total: int | None
    accepted: int
    quarantined: int
    duplicate: int
    columns_ignored: int
    seen_us: int
    missing: list[str]
    strange: list[str]


async def runs(engine: AsyncEngine, log_id: LogId, limit: int = 100) -> list[Run]:
    """The files that were taken, newest first."""
    async with transaction(engine) as connection:
        return [Run(UUID(bytes=row[0].bytes), *row[1:]) for row in await connection.raw.fetch(_RUNS, log_id, limit)]
