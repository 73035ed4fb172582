"""Runs over a real database: the history adds up whoever dies, an instance runs once at a time, and what is asked is heard."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.clock import SystemClock
from hub.connector import SourceBarred, Trouble
from hub.db import create_engine, fetch, transaction
from hub.domain.terms import ConnectorId, Count, LogId, PartyId
from hub.errors import Refused
from hub.ports import Tally
from hub.postgres import Urls
from hub.protect.vault import Vault
from hub.running import store
from hub.running.desk import RunDesk
from hub.running.model import Job, RunContext, RunOutcome, RunReport, Standing
from hub.running.plan import Due
from hub.running.runner import Runner
from hub.running.store import RunStore, SourceCursor, claim_counted
from hub.schedule import Schedule
from tests.fakes.house import RING
from tests.fakes.recorder import LOG, OPERATOR, Clock, committing

DUO, A = PartyId("duo"), ConnectorId("duo-uitval")
SECOND = 1_000_000
ROOT = Path(__file__).resolve().parents[2]


def job(run: Callable[[RunContext], Awaitable[RunReport]], every: str = "every 1s", **other: object) -> Job:
    return Job(A, DUO, Schedule.parse(every), run, **other)  # type: ignore[arg-type]


async def admits(engine: AsyncEngine, context: RunContext, accepted: int, quarantined: int = 0, duplicate: int = 0) -> None:
    """A chunk of rows becomes durable, as the recorder does it."""
    tally = Tally(accepted, quarantined, duplicate)
    claim = claim_counted(context.run_id, accepted + quarantined + duplicate, tally)
    async with transaction(engine) as connection:
        assert await connection.raw.execute(claim.statement, *map(list, zip(*claim.rows, strict=True))) == "UPDATE 1"


@asynccontextmanager
async def worker(engine: AsyncEngine, jobs: Sequence[Job]) -> AsyncIterator[asyncio.Task[None]]:
    stopping = asyncio.Event()

    async def these() -> Sequence[Job]:
        return jobs

    running = asyncio.create_task(Runner(RunStore(engine, LOG), SystemClock(), os.urandom).run(these, stopping))
    try:
        yield running
    finally:
        stopping.set()
        with suppress(asyncio.CancelledError):
            await running


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(15):
        while not await holds():  # noqa: ASYNC110 - another process makes it so
            await asyncio.sleep(0.02)


@dataclass
class Chunks:
    """A run of chunks of ten rows, until it is told to stop or is through."""

    engine: AsyncEngine
    left: int = 1 << 30
    done: int = 0
    now: int = 0
    most: int = 0

    async def __call__(self, context: RunContext) -> RunReport:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            while self.left and context.goes_on():
                await admits(self.engine, context, 7, 2, 1)
                self.left, self.done = self.left - 1, self.done + 1
                await asyncio.sleep(0.01)
        finally:
            self.now -= 1
        return RunReport(Count(0 if self.left else 1), cut=bool(self.left))


def work_until_killed(url: str) -> None:
    """A worker process with one job that never ends by itself."""

    async def work() -> None:
        engine = create_engine(url)
        async with worker(engine, [job(Chunks(engine), "daily 06:30")]) as running:
            await running

    asyncio.run(work())


async def test_a_worker_that_is_killed_is_ended_by_the_next_with_the_right_counts(
    engine: AsyncEngine, database_urls: Urls
) -> None:
    await engine_asks(engine)
    script = "import sys; from tests.integration.test_running import work_until_killed; work_until_killed(sys.argv[1])"
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", script, database_urls.database, cwd=ROOT)
    await until(lambda: _counted(engine, 30))
    dying.send_signal(signal.SIGKILL)
    await dying.wait()
    (cut,) = await store.history(engine, LOG)
    assert (cut.outcome, cut.ended_us) == (RunOutcome.running, None)
    second = Chunks(engine, left=2)
    async with worker(engine, [job(second, "daily 06:30")]):
        await until(lambda: _ended(engine, 2))
    newest, oldest = await store.history(engine, LOG)
    assert (oldest.outcome, oldest.asked) == (RunOutcome.broken_off, True)
    assert oldest.rows == oldest.accepted + oldest.quarantined + oldest.duplicate >= 30
    assert (oldest.rows, oldest.accepted * 10) == (cut.rows, cut.rows * 7)
    assert (newest.outcome, newest.rows, newest.files, newest.resumed_from) == (RunOutcome.done, 20, 1, oldest.run_id)


async def _counted(engine: AsyncEngine, rows: int) -> bool:
    return any(run.rows >= rows for run in await store.history(engine, LOG))


async def engine_asks(engine: AsyncEngine) -> None:
    """Somebody asks for a run, past the log."""
    await store.know(engine, LOG, DUO, A)
    await fetch(engine, "UPDATE connector_state SET asked_us = 1 WHERE connector = $1", A)
    await store.ring(engine, A)


async def _value(value: object) -> object:
    return value


async def _ended(engine: AsyncEngine, count: int) -> bool:
    return sum(run.ended_us is not None for run in await store.history(engine, LOG)) >= count


async def test_two_workers_run_an_instance_once_at_a_time_and_each_moment_once(
    engine: AsyncEngine, database_urls: Urls
) -> None:
    other = create_engine(database_urls.database)
    both = Chunks(engine)
    slots: list[int | None] = []

    async def run(context: RunContext) -> RunReport:
        both.left = 1
        slots.append((await RunStore(engine, LOG).standing(A)).slot_us)
        return await both(context)

    async with worker(engine, [job(run)]), worker(other, [job(run)]):
        await until(lambda: _value(len(slots) >= 4))
    await other.dispose()
    assert both.most == 1
    assert len(slots) == len(set(slots))


@pytest.fixture
async def desk(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[RunDesk]:
    clock = Clock()
    async with committing(engine, tmp_path / "high-water", clock) as committer:
        notes = Notes(committer, LOG, OPERATOR, clock, os.urandom, Vault(vault_engine, RING, LOG, os.urandom))
        yield RunDesk(engine, LOG, notes, SystemClock())


async def operations(engine: AsyncEngine) -> list[str]:
    rows = await fetch(engine, "SELECT convert_from(body, 'utf8')::jsonb ->> 'operation' FROM audit_entry ORDER BY seq")
    return [row[0] for row in rows]


async def test_a_run_is_stopped_in_another_process_and_goes_on_when_told(
    engine: AsyncEngine, database_urls: Urls, desk: RunDesk
) -> None:
    other, chunks = create_engine(database_urls.database), Chunks(engine)
    async with worker(other, [job(chunks)]):
        await until(lambda: _value(chunks.done >= 2))
        await desk.cancel(A, DUO, None)
        await until(lambda: _ended(engine, 1))
        with pytest.raises(Refused):
            await desk.cancel(A, DUO, None)
        with pytest.raises(Refused, match="resume"):
            await desk.ask(A, DUO, None)
        (run,) = await desk.history(A)
        assert (run.outcome, run.rows) == (RunOutcome.cancelled, 10 * chunks.done)
        chunks.left = 2
        await desk.resume(A, DUO, None)
        await until(lambda: _ended(engine, 2))
        with pytest.raises(Refused):
            await desk.resume(A, DUO, None)
    await other.dispose()
    newest = (await desk.history(A))[-2]
    assert (newest.outcome, newest.rows, newest.resumed_from) == (RunOutcome.done, 20, run.run_id)
    assert await operations(engine) == ["connector-cancel", "connector-resume"]


async def test_a_circuit_is_open_for_every_worker_and_after_a_restart_until_somebody_asks(
    engine: AsyncEngine, desk: RunDesk
) -> None:
    tried = 0

    async def barred(_: RunContext) -> RunReport:
        nonlocal tried
        tried += 1
        raise SourceBarred(Trouble.login_refused, "It is not let in.", "", "")

    async with worker(engine, [job(barred)]):
        await until(lambda: _ended(engine, 1))
    async with worker(engine, [job(barred)]), worker(engine, [job(barred)]):
        await asyncio.sleep(1.5)
        assert tried == 1
        await desk.ask(A, DUO, None)
        await until(lambda: _value(tried == 2))
    known = await RunStore(engine, LOG).standing(A)
    assert (known.barred, known.failures, known.trouble) == (True, 2, Trouble.login_refused)
    assert known.closed_us > SystemClock().now_us() + 3000 * SECOND


async def test_runs_that_find_nothing_are_one_line_a_day(engine: AsyncEngine) -> None:
    book, clock = RunStore(engine, LOG), 1_790_000_000 * SECOND

    async def none(_: RunContext) -> RunReport:
        return RunReport()

    async def one(now: int, report: RunReport, outcome: RunOutcome = RunOutcome.done, trouble: Trouble | None = None) -> None:
        run_id = uuid4()
        await book.begin(job(none), run_id, Due(now, now), now)  # type: ignore[arg-type]
        await book.finish(job(none), run_id, outcome, trouble, report, Standing(), None, now + 1)

    for n in range(3):
        await one(clock + n * SECOND, RunReport())
    await one(clock + 4 * SECOND, RunReport(Count(2), Count(1)))
    for n in range(5, 8):
        await one(clock + n * SECOND, RunReport(), RunOutcome.failed, Trouble.silent)
    await one(clock + 90_000 * SECOND, RunReport(), RunOutcome.failed, Trouble.silent)
    runs = await store.history(engine, LOG, A)
    assert [(run.outcome, run.times, run.files, run.refused) for run in reversed(runs)] == [
        (RunOutcome.done, 3, 0, 0),
        (RunOutcome.done, 1, 2, 1),
        (RunOutcome.failed, 3, 0, 0),
        (RunOutcome.failed, 1, 0, 0),
    ]
    await store.forget(engine, LOG, clock + 80_000 * SECOND)
    assert len(await store.history(engine, LOG, A)) == 1


async def test_calls_to_a_partner_keep_their_pace_over_all_processes(engine: AsyncEngine) -> None:
    book, now = RunStore(engine, LOG), 1_790_000_000 * SECOND
    waits = await asyncio.gather(*(book.pace(DUO, 60, now) for _ in range(5)))
    assert sorted(waits) == [0, SECOND, SECOND, SECOND, SECOND]
    assert await book.pace(DUO, 60, now + SECOND - 1) == 1
    assert await book.pace(DUO, 60, now + SECOND) == 0
    assert await book.pace(PartyId("uwv"), 60, now) == 0


async def test_where_a_source_was_is_kept_for_its_instance_alone(engine: AsyncEngine) -> None:
    one, other = SourceCursor(engine, LOG, DUO, A), SourceCursor(engine, LogId("ander"), DUO, A)
    assert await one.load() is None
    for at in ("pagina 1", "pagina 2"):
        await one.save(at)
    assert (await one.load(), await other.load()) == ("pagina 2", None)


async def test_room_is_counted_only_where_there_could_be_too_little(engine: AsyncEngine) -> None:
    await store.check_room(engine, 10)
