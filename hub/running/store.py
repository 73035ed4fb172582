"""What is kept of runs: how each instance stands, the history, the pace of calls, and who has an instance to itself now.

A process has an instance by a lock of its database session, so a process that is killed has it no longer. All its locks are
those of one connection, over which it also hears that somebody asked for something.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Trouble
from hub.db import fetch, transaction, translate
from hub.domain.terms import ConnectorId, Count, LogId, Micros, PartyId
from hub.errors import Retry
from hub.ports import Claim, Tally
from hub.running.model import Job, Run, RunOutcome, RunReport, Standing
from hub.running.plan import Due

CHANNEL: Final = "hub_running"
KEPT_US: Final = 400 * 86_400_000_000
"""How long a run stays in the history."""
_DAY_US: Final = 86_400_000_000
_FAR_US: Final = 7_200_000_000
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended($1, 1))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended($1, 1))"
# A machine that lost its power says nothing; its locks end with what the server finds out within a minute.
_ALIVE = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
_STANDINGS = """
SELECT known.connector, slot_us, owed, asked_us, cancelled_us, failures, known.trouble, closed_us, barred, version, run.run_id,
    known.mapping IS DISTINCT FROM (SELECT max(mended.version) FROM receive_mapping AS mended
        WHERE mended.log_id = known.log_id AND mended.connector = known.connector)
FROM connector_state AS known LEFT JOIN connector_run AS run
    ON run.log_id = known.log_id AND run.connector = known.connector AND run.ended_us IS NULL
WHERE known.log_id = $1 AND ($2::text IS NULL OR known.connector = $2)
"""
_KNOWN = "INSERT INTO connector_state (log_id, party_id, connector) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_NEW = """
INSERT INTO connector_state AS known (log_id, party_id, connector, slot_us)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[])
ON CONFLICT (log_id, connector) DO UPDATE SET slot_us = coalesce(known.slot_us, excluded.slot_us)
"""
_CLOSE = """
UPDATE connector_run AS run SET ended_us = $3, outcome = 'afgebroken', files = (SELECT count(*) FROM receive_drop AS drop
        WHERE drop.party_id = run.party_id AND drop.connector = run.connector AND drop.updated_us >= run.started_us
        AND drop.state IN ('done', 'refused')),
    refused = (SELECT count(*) FROM receive_drop AS drop
        WHERE drop.party_id = run.party_id AND drop.connector = run.connector AND drop.updated_us >= run.started_us
        AND drop.state = 'refused')
WHERE run.log_id = $1 AND run.connector = $2 AND run.ended_us IS NULL
"""
_BEGIN_STATE = """
UPDATE connector_state SET party_id = $2, slot_us = $4, owed = true, asked_us = NULL, version = $5,
    mapping = (SELECT max(version) FROM receive_mapping WHERE log_id = $1 AND connector = $3)
WHERE log_id = $1 AND connector = $3
"""
_BEGIN_RUN = """
INSERT INTO connector_run (log_id, party_id, connector, run_id, started_us, outcome, asked, resumed_from)
SELECT $1, $2, $3, $4, $5, 'loopt', $6, (SELECT CASE WHEN outcome IN ('afgebroken', 'gestopt', 'verlopen') THEN run_id END
    FROM connector_run WHERE log_id = $1 AND connector = $3 ORDER BY started_us DESC, run_id DESC LIMIT 1)
"""
_END_RUN = """
UPDATE connector_run SET ended_us = $2, outcome = $3, trouble = $4, files = $5, refused = $6
WHERE run_id = $1 AND ended_us IS NULL RETURNING rows = 0 AND files = 0 AND NOT asked AND resumed_from IS NULL
"""
_END_STATE = """
UPDATE connector_state SET owed = $3, failures = $4, trouble = $5, closed_us = $6, barred = $7, due_us = $8
WHERE log_id = $1 AND connector = $2
"""
_ALIKE = """
UPDATE connector_run AS earlier SET ended_us = $4, times = earlier.times + 1
FROM (SELECT run_id FROM connector_run WHERE log_id = $1 AND connector = $2 AND run_id <> $3
      ORDER BY started_us DESC, run_id DESC LIMIT 1) AS last
WHERE earlier.run_id = last.run_id AND earlier.rows = 0 AND earlier.files = 0 AND NOT earlier.asked
    AND earlier.resumed_from IS NULL AND earlier.outcome = $5 AND earlier.trouble IS NOT DISTINCT FROM $6
    AND earlier.started_us > $7
"""
_DROP = "DELETE FROM connector_run WHERE run_id = $1"
_DUE = """
UPDATE connector_state AS known SET due_us = new.due_us FROM unnest($2::text[], $3::bigint[]) AS new (connector, due_us)
WHERE known.log_id = $1 AND known.connector = new.connector AND known.due_us IS DISTINCT FROM new.due_us
"""
_COUNTED = """
UPDATE connector_run AS run SET rows = run.rows + new.rows, accepted = run.accepted + new.accepted,
    quarantined = run.quarantined + new.quarantined, duplicate = run.duplicate + new.duplicate
FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[]) AS new (run_id, rows, accepted, quarantined, duplicate)
WHERE run.run_id = new.run_id
"""
_PACE = """
INSERT INTO connector_pace AS held (log_id, party_id, name, next_us) VALUES ($1, $2, $3, $4::bigint + $5::bigint)
ON CONFLICT (log_id, party_id, name) DO UPDATE SET next_us = excluded.next_us
WHERE held.next_us <= $4 OR held.next_us > $4::bigint + $6::bigint
RETURNING next_us
"""
_NEXT = "SELECT next_us FROM connector_pace WHERE log_id = $1 AND party_id = $2 AND name = $3"
_RUNS = """
SELECT run_id, connector, party_id, started_us, ended_us, outcome, trouble, times, files, refused, rows, accepted, quarantined,
    duplicate, asked, resumed_from
FROM connector_run WHERE log_id = $1 AND ($2::text IS NULL OR connector = $2)
ORDER BY started_us DESC, run_id DESC LIMIT $3
"""
_FORGET = "DELETE FROM connector_run WHERE log_id = $1 AND ended_us < $2"
_CROWD = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'public.deliver_outbox'::regclass"
_WAITING = """
SELECT count(*) FROM (SELECT FROM deliver_outbox WHERE state IN ('held', 'handed') LIMIT $1) AS waiting
"""
_ASK = """
UPDATE connector_state AS known SET asked_us = new.us, closed_us = 0
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (log_id, connector, us)
WHERE known.log_id = new.log_id AND known.connector = new.connector AND known.cancelled_us IS NULL
"""
_CANCEL = """
UPDATE connector_state AS known SET cancelled_us = new.us, asked_us = NULL
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (log_id, connector, us)
WHERE known.log_id = new.log_id AND known.connector = new.connector AND known.cancelled_us IS NULL
"""
_RESUME = """
UPDATE connector_state AS known SET cancelled_us = NULL, closed_us = 0, owed = true
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (log_id, connector, us)
WHERE known.log_id = new.log_id AND known.connector = new.connector AND known.cancelled_us IS NOT NULL
"""
_CURSOR = "SELECT cursor FROM connector_state WHERE log_id = $1 AND connector = $2"
_SAVE = """
INSERT INTO connector_state AS known (log_id, party_id, connector, cursor) VALUES ($1, $2, $3, $4)
ON CONFLICT (log_id, connector) DO UPDATE SET cursor = excluded.cursor
"""
_PARTY = "SELECT party_id FROM connector_state WHERE log_id = $1 AND connector = $2"
_NOTIFY = "SELECT pg_notify($1, $2)"


class RunStore:
    """The runs of one log; satisfies `hub.running.runner.Book`."""

    def __init__(self, engine: AsyncEngine, log_id: LogId) -> None:
        self._engine, self._log_id = engine, log_id

    @contextlib.asynccontextmanager
    async def leases(self, hear: Callable[[str], None]) -> AsyncIterator[Leases]:
        """The locks of this process; `hear` gets the instances that somebody asked something of. Raises errors.Retry."""
        async with _session(self._engine) as raw:
            leases = Leases(raw, self._log_id)
            await leases.begin(hear)
            try:
                yield leases
            finally:
                await leases.end()

    async def standings(self) -> dict[ConnectorId, Standing]:
        """Every instance that ever ran, or of which something was asked."""
        rows = await fetch(self._engine, _STANDINGS, self._log_id, None)
        return {ConnectorId(row[0]): _standing(row) for row in rows}

    async def standing(self, connector: ConnectorId) -> Standing:
        """One instance; one that is not known is new."""
        rows = await fetch(self._engine, _STANDINGS, self._log_id, connector)
        return _standing(rows[0]) if rows else Standing()

    async def close(self, connector: ConnectorId, now: int) -> None:
        """A run whose process is gone has ended; what it admitted was counted with it."""
        await fetch(self._engine, _CLOSE, self._log_id, connector, now)

    async def begin(self, job: Job, run_id: UUID, due: Due, now: int) -> None:
        """The run is in the history before it does anything. Raises errors.Conflict where another has not ended."""
        async with transaction(self._engine) as connection:
            await connection.raw.execute(_KNOWN, self._log_id, job.party, job.id)
            await connection.raw.execute(_BEGIN_STATE, self._log_id, job.party, job.id, due.slot_us, job.version)
            await connection.raw.execute(_BEGIN_RUN, self._log_id, job.party, job.id, run_id, now, due.asked)

    async def finish(
        self,
        job: Job,
        run_id: UUID,
        outcome: RunOutcome,
        trouble: Trouble | None,
        report: RunReport,
        after: Standing,
        due_us: int | None,
        now: int,
    ) -> None:
        """The run is over, and the instance stands like this from now on.

        Of runs on end that found nothing and went alike the history keeps one line a day.
        """
        barring = (after.owed, after.failures, after.trouble.value, after.closed_us, after.barred, due_us)
        async with transaction(self._engine) as connection:
            raw = connection.raw
            found = int(report.files), int(report.refused)
            quiet = await raw.fetchval(_END_RUN, run_id, now, outcome.value, trouble, *found)
            await raw.execute(_END_STATE, self._log_id, job.id, *barring)
            if quiet:
                alike = (self._log_id, job.id, run_id, now, outcome.value, trouble, now - _DAY_US)
                if await raw.execute(_ALIKE, *alike) == "UPDATE 1":
                    await raw.execute(_DROP, run_id)

    async def know(self, jobs: Sequence[tuple[Job, int | None]]) -> None:
        """New instances, each with the moment from which on its schedule counts."""
        parties, ids, slots = [one.party for one, _ in jobs], [one.id for one, _ in jobs], [slot for _, slot in jobs]
        await fetch(self._engine, _NEW, self._log_id, parties, ids, slots)

    async def plan(self, due: Sequence[tuple[ConnectorId, int | None]]) -> None:
        """When instances are to be run next, so that it shows when nobody does; None where nobody is to."""
        if due:
            await fetch(self._engine, _DUE, self._log_id, [one[0] for one in due], [one[1] for one in due])

    async def pace(self, party: PartyId, per_minute: int, now: int, name: str = "") -> int:
        """0 where a call to the partner may go now, and from then on the next may not; else the microseconds to wait."""
        return await pace(self._engine, self._log_id, party, per_minute, now, name)


class SourceCursor:
    """How far a source was with its partner; satisfies `hub.connector.Cursor`."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, party: PartyId, connector: ConnectorId) -> None:
        self._engine, self._key = engine, (log_id, party, connector)

    async def load(self) -> str | None:
        """What was saved last, if anything."""
        rows = await fetch(self._engine, _CURSOR, self._key[0], self._key[2])
        return rows[0][0] if rows else None

    async def save(self, at: str, /) -> None:
        """Keeps it durably in place of what was there."""
        await fetch(self._engine, _SAVE, *self._key, at)


class Leases:
    """The instances that this process has to itself, for as long as its connection lives."""

    def __init__(self, raw: Any, log_id: LogId) -> None:
        self._raw, self._log_id, self._turn = raw, log_id, asyncio.Lock()
        self.lost = asyncio.Event()

    async def begin(self, hear: Callable[[str], None]) -> None:
        """Listens from now on."""
        self._hear = lambda _raw, _pid, _channel, word: hear(word)
        self._raw.add_termination_listener(self._gone)
        await self._raw.execute(_ALIVE)
        await self._raw.add_listener(CHANNEL, self._hear)

    async def end(self) -> None:
        """Listens no more, and lets go of every instance."""
        self._raw.remove_termination_listener(self._gone)
        if not self._raw.is_closed():
            with contextlib.suppress(Exception):  # a connection that does not let go is closed by its pool
                await self._raw.remove_listener(CHANNEL, self._hear)
                await self._raw.execute("SELECT pg_advisory_unlock_all()")

    async def take(self, connector: ConnectorId) -> bool:
        """Whether this process has the instance to itself from now on. Raises errors.Retry when the connection is lost."""
        return bool(await self._ask(_LOCK, connector))

    async def give(self, connector: ConnectorId) -> None:
        """Lets go of it. Raises errors.Retry when the connection is lost, and all are let go of."""
        await self._ask(_UNLOCK, connector)

    async def _ask(self, query: str, connector: ConnectorId) -> Any:
        try:
            async with self._turn:
                return await self._raw.fetchval(query, f"run:{self._log_id}:{connector}")
        except Exception as wrong:
            self.lost.set()
            clean = translate(wrong)
        raise clean from None

    def _gone(self, _raw: Any) -> None:
        self.lost.set()


@contextlib.asynccontextmanager
async def _session(engine: AsyncEngine) -> AsyncIterator[Any]:
    """A connection of its own, thrown away after: its settings and locks are nobody else's."""
    try:
        pooled = await engine.connect()
    except Exception as wrong:
        clean = translate(wrong)
    else:
        try:
            yield (await pooled.get_raw_connection()).driver_connection
        finally:
            with contextlib.suppress(Exception):
                await pooled.invalidate()
                await pooled.close()
        return
    raise clean from None


def _standing(row: Sequence[Any]) -> Standing:
    slot, owed, asked, cancelled, failures, trouble, closed, barred, version, run_id, mended = row[1:]
    held = None if run_id is None else UUID(bytes=run_id.bytes)
    return Standing(slot, owed, asked, cancelled, failures, Trouble(trouble), closed, barred, version, held, mended)


def claim_counted(run_id: UUID, rows: int, tally: Tally) -> Claim:
    """Rows of a run went where they went, in the transaction that admits them."""
    return Claim(_COUNTED, [(run_id, rows, tally.accepted, tally.quarantined, tally.duplicate)])


def claim_asked(log_id: LogId, connector: ConnectorId, now: int) -> Claim:
    """It is to be run now, once; holds where it does not stand still by hand."""
    return Claim(_ASK, [(log_id, connector, int(now))])


def claim_cancelled(log_id: LogId, connector: ConnectorId, now: int) -> Claim:
    """It stands still from now on; holds where it did not."""
    return Claim(_CANCEL, [(log_id, connector, int(now))])


def claim_resumed(log_id: LogId, connector: ConnectorId, now: int) -> Claim:
    """It goes on; holds where it stood still by hand."""
    return Claim(_RESUME, [(log_id, connector, int(now))])


async def know(engine: AsyncEngine, log_id: LogId, party: PartyId, connector: ConnectorId) -> None:
    """The instance has a row from now on, if it had none."""
    await fetch(engine, _KNOWN, log_id, party, connector)


async def party_of(engine: AsyncEngine, log_id: LogId, connector: ConnectorId) -> PartyId | None:
    """Whose instance it is; None where it never ran."""
    rows = await fetch(engine, _PARTY, log_id, connector)
    return PartyId(rows[0][0]) if rows else None


async def ring(engine: AsyncEngine, connector: ConnectorId) -> None:
    """Something was asked of this instance, or brought for it: whoever runs it looks at once."""
    await fetch(engine, _NOTIFY, CHANNEL, connector)


async def pace(engine: AsyncEngine, log_id: LogId, party: PartyId, per_minute: int, now: int, name: str) -> int:
    """As `RunStore.pace`: 0 where a call may go, else the microseconds to wait."""
    step = 60_000_000 // per_minute
    if await fetch(engine, _PACE, log_id, party, name, int(now), step, _FAR_US):
        return 0
    rows = await fetch(engine, _NEXT, log_id, party, name)
    return max(1, int(rows[0][0]) - int(now)) if rows else 1


async def next_call(engine: AsyncEngine, log_id: LogId, party: PartyId, name: str) -> Micros | None:
    """When the next call to the partner may go; None where none ever went."""
    rows = await fetch(engine, _NEXT, log_id, party, name)
    return Micros(rows[0][0]) if rows else None


async def history(engine: AsyncEngine, log_id: LogId, connector: ConnectorId | None = None, most: int = 100) -> list[Run]:
    """Runs, newest first."""
    return [_run(row) for row in await fetch(engine, _RUNS, log_id, connector, most)]


def _run(row: Sequence[Any]) -> Run:
    run_id, connector, party, started, ended, outcome, trouble, *counts, asked, resumed = row
    return Run(
        UUID(bytes=run_id.bytes),
        ConnectorId(connector),
        PartyId(party),
        Micros(started),
        None if ended is None else Micros(ended),
        RunOutcome(outcome),
        None if trouble is None else Trouble(trouble),
        asked,
        None if resumed is None else UUID(bytes=resumed.bytes),
        *(Count(one) for one in counts),
    )


async def forget(engine: AsyncEngine, log_id: LogId, before_us: int) -> None:
    """Runs that ended before that moment are in the history no more."""
    await fetch(engine, _FORGET, log_id, before_us)


async def check_room(engine: AsyncEngine, most: int) -> None:
    """Raises errors.Retry where more than `most` deliveries wait. Counted only where the table may hold that many."""
    if int((await fetch(engine, _CROWD))[0][0]) > most and int((await fetch(engine, _WAITING, most + 1))[0][0]) > most:
        raise Retry("More waits for recipients than the hub takes on.", "They do not fetch it, or cannot be reached.")
