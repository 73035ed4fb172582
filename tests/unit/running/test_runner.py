"""Who is run when, in a loop whose time passes at once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest

from hub.connector import SourceAway, SourceBarred, Trouble
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Retry
from hub.running.model import Job, RunContext, RunOutcome, RunReport, Standing
from hub.running.runner import Runner
from hub.schedule import Schedule, Window
from tests.fakes.running import START, LoopClock, MemoryBook, at_once

A, B = ConnectorId("bron-a"), ConnectorId("bron-b")
HOUR = 3600.0


@dataclass
class Bench:
    """Workers over one book, and what was begun when, in seconds since the start."""

    jobs: list[Job] = field(default_factory=list)
    book: MemoryBook = field(default_factory=MemoryBook)
    begun: list[tuple[str, float]] = field(default_factory=list)
    room: Callable[[], Awaitable[None]] | None = None

    def job(
        self,
        name: ConnectorId,
        run: Callable[[RunContext], Awaitable[None]] | None = None,
        every: str = "every 1m",
        party: str = "duo",
        **other: object,
    ) -> None:
        async def work(context: RunContext) -> RunReport:
            self.begun.append((name, (LoopClock().now_us() - START) / 1_000_000))
            if run is not None:
                await run(context)
            return RunReport(cut=not context.goes_on())

        self.jobs.append(Job(name, PartyId(party), Schedule.parse(every), work, **other))  # type: ignore[arg-type]

    def times(self, name: ConnectorId) -> list[float]:
        return [at for one, at in self.begun if one == name]

    async def works(self, seconds: float, workers: int = 1, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        stopping = asyncio.Event()

        async def jobs() -> Sequence[Job]:
            return list(self.jobs)

        runners = [Runner(self.book, LoopClock(), os.urandom, *([self.room] if self.room else [])) for _ in range(workers)]
        async with asyncio.TaskGroup() as group:
            for runner in runners:
                group.create_task(runner.run(jobs, stopping))
            if meanwhile is not None:
                group.create_task(meanwhile())
            await asyncio.sleep(seconds)
            stopping.set()

    def outcomes(self, name: ConnectorId = A) -> list[RunOutcome]:
        return [one[2] for one in self.book.ended if one[0] == name]


def test_each_moment_is_run_once_over_all_workers() -> None:
    bench = Bench()
    for n in range(20):
        bench.job(ConnectorId(f"bron-{n}"), lambda _: asyncio.sleep(0.2), party=f"partij-{n % 7}")
    at_once(bench.works(HOUR, workers=3))
    moments = Counter((name, slot) for name, slot, _, _ in bench.book.ended)
    assert set(moments.values()) == {1}
    per_instance = Counter(name for name, _ in bench.begun)
    assert len(per_instance) == 20
    assert all(60 <= count <= 62 for count in per_instance.values())


def test_a_partner_that_hangs_holds_up_its_own_alone_and_is_ended() -> None:
    bench = Bench()
    bench.job(A, lambda _: asyncio.sleep(10 * HOUR), still_s=600.0)
    bench.job(B, party="uwv")
    bench.job(ConnectorId("bron-c"))
    at_once(bench.works(900))
    assert len(bench.times(B)) >= 15
    assert bench.outcomes()[0] is RunOutcome.silent
    assert bench.book.known[A].failures == 1
    other = bench.times(ConnectorId("bron-c"))
    assert not [at for at in other if 70 < at < 590], "the same partner is called by one at a time"
    assert [at for at in other if at > 600]


def test_who_gets_on_is_not_ended() -> None:
    bench = Bench()

    async def slow(context: RunContext) -> None:
        for _ in range(20):
            await asyncio.sleep(50)
            context.moved()

    bench.job(A, slow, still_s=60.0)
    at_once(bench.works(1200))
    assert bench.outcomes()[0] is RunOutcome.done


def test_so_many_at_a_partner_at_a_time() -> None:
    bench, now, most = Bench(), 0, 0

    async def count(_: RunContext) -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        await asyncio.sleep(30)
        now -= 1

    for n in range(6):
        bench.job(ConnectorId(f"bron-{n}"), count, concurrency=2)
    at_once(bench.works(600))
    assert most == 2
    assert len({name for name, _ in bench.begun}) == 6


def fails(*errors: BaseException | None) -> Callable[[RunContext], Awaitable[None]]:
    left = list(errors)

    async def run(_: RunContext) -> None:
        error = left.pop(0) if len(left) > 1 else left[0]
        if error is not None:
            raise error

    return run


def barred() -> SourceBarred:
    return SourceBarred(Trouble.login_refused, "It is not let in.", "", "")


def test_who_is_away_is_tried_again_at_growing_pauses() -> None:
    bench = Bench()
    away = SourceAway(Trouble.silent, "It is silent.", "", "")
    bench.job(A, fails(*[away] * 12, None), every="daily 12:00")
    bench.book.known[A] = Standing(slot_us=START - 86_400_000_000)
    at_once(bench.works(3 * HOUR))
    pauses = [later - at for at, later in zip(bench.times(A), bench.times(A)[1:], strict=False)]
    assert pauses[0] <= 16
    assert max(pauses) <= 901
    assert max(pauses) > 400
    assert bench.book.known[A].failures == 0
    assert len(bench.times(A)) == 13, "and then it is the next day's turn"


def test_what_a_partner_asks_for_is_waited() -> None:
    bench = Bench()
    bench.job(A, fails(SourceAway(Trouble.limited, "Not so fast.", "", "", after_s=400), None))
    at_once(bench.works(500))
    first, second = bench.times(A)[:2]
    assert 400 <= second - first < 402


@pytest.mark.parametrize("mends", ["version", "asked", "mapping", "nobody"])
def test_who_bars_us_is_tried_once_an_hour_or_when_something_changed(mends: str) -> None:
    bench = Bench()
    bench.job(A, fails(barred(), barred()), version="1")

    async def mend() -> None:
        await asyncio.sleep(300)
        assert len(bench.times(A)) == 1
        if mends == "version":
            bench.jobs[0] = replace(bench.jobs[0], version="2")
        elif mends == "asked":
            bench.book.change(A, asked_us=1)
        elif mends == "mapping":
            bench.book.change(A, mended=True)

    at_once(bench.works(2 * HOUR, meanwhile=mend))
    second = bench.times(A)[1]
    assert second >= 0.9 * HOUR if mends == "nobody" else 300 <= second < 303
    assert len(bench.times(A)) <= 4


def test_the_hub_itself_is_held_against_nobody() -> None:
    bench = Bench()
    bench.job(A, fails(Retry("The database is away."), Retry("The database is away."), None))
    at_once(bench.works(90))
    assert bench.book.known[A].failures == 0
    assert bench.times(A)[2] - bench.times(A)[0] < 12


def test_who_is_stopped_stands_still_until_told_to_go_on() -> None:
    bench = Bench()

    async def chunks(context: RunContext) -> None:
        await context.stop.wait()

    bench.job(A, chunks)

    async def stop() -> None:
        await asyncio.sleep(100)
        bench.book.change(A, cancelled_us=1)
        await asyncio.sleep(1)
        assert bench.outcomes() == [RunOutcome.cancelled]
        await asyncio.sleep(500)
        assert len(bench.times(A)) == 1
        bench.book.change(A, cancelled_us=None)
        await asyncio.sleep(1)
        assert len(bench.times(A)) == 2

    at_once(bench.works(700, meanwhile=stop))
    assert bench.outcomes()[-1] is RunOutcome.broken_off, "with its process; the next one goes on"
    assert bench.book.known[A].owed


def test_who_was_killed_is_ended_by_the_next_and_gone_on_with_at_once() -> None:
    bench = Bench()
    bench.job(A, every="daily 06:30")
    bench.book.known[A] = Standing(slot_us=START - 3_600_000_000, owed=True, run_id=uuid4())
    at_once(bench.works(10))
    assert bench.book.broken_off == [A]
    assert len(bench.times(A)) == 1


def test_outside_its_window_nothing_is_begun_but_what_is_asked_for() -> None:
    bench = Bench()
    bench.job(A, window=Window.parse("mon-fri 13:00-14:00"))

    async def ask() -> None:
        await asyncio.sleep(600)
        assert bench.times(A) == []
        bench.book.change(A, asked_us=1)
        await asyncio.sleep(5)
        assert len(bench.times(A)) == 1

    at_once(bench.works(4 * HOUR, meanwhile=ask))
    assert min(bench.times(A)[1:]) >= HOUR
    assert max(bench.times(A)) <= 2 * HOUR
    assert len(bench.times(A)) >= 60


def test_while_the_hub_is_behind_nothing_is_begun_and_nothing_is_lost() -> None:
    bench = Bench()
    bench.job(A, every="daily 12:05")

    async def room() -> None:
        if LoopClock().now_us() < START + 1_800_000_000:
            raise Retry("More waits than the hub takes on.")

    bench.room = room
    at_once(bench.works(HOUR))
    assert len(bench.times(A)) == 1
    assert 1800 <= bench.times(A)[0] < 1810


def test_what_is_brought_is_taken_when_the_bell_rings_and_without_it_within_a_minute() -> None:
    bench = Bench()
    bench.job(A, every="at once")

    async def ring() -> None:
        await asyncio.sleep(90)
        bench.book.hearing[0](A)

    at_once(bench.works(140, workers=2, meanwhile=ring))
    assert [at for at in bench.times(A) if 90 <= at < 91]
    assert len(bench.times(A)) <= 4


def test_what_is_added_begins_and_what_is_taken_away_ends() -> None:
    bench = Bench()
    bench.job(A)

    async def change() -> None:
        await asyncio.sleep(300)
        bench.jobs.clear()
        bench.job(B)

    at_once(bench.works(600, meanwhile=change))
    assert max(bench.times(A)) < 310
    assert 300 <= min(bench.times(B)) < 365


def test_calls_go_at_the_agreed_pace() -> None:
    bench = Bench()

    async def calls(context: RunContext) -> None:
        for _ in range(10):
            await context.turn()

    bench.job(A, calls, per_minute=60, every="daily 11:00")
    bench.book.known[A] = Standing(slot_us=1)
    at_once(bench.works(60))
    assert bench.book.calls == 19


def test_what_nobody_foresaw_stops_nobody() -> None:
    bench = Bench()
    bench.job(A, fails(ZeroDivisionError(), None))
    bench.job(B, party="uwv")
    at_once(bench.works(200))
    assert bench.outcomes()[0] is RunOutcome.failed
    assert bench.outcomes()[1] is RunOutcome.done
    assert len(bench.times(B)) >= 3
