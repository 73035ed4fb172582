"""Time that passes as fast as it can, and what is kept of runs in memory, for one or several workers."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from hub.connector import Trouble
from hub.domain.terms import ConnectorId, Micros, PartyId
from hub.running.model import Job, RunOutcome, RunReport, Standing
from hub.running.plan import Due

START = 1_793_617_200_000_000
"""2 November 2026, noon in the Netherlands."""


class _Skipping(selectors.SelectSelector):
    """Waits for nothing: the time that would have been waited has passed."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found and timeout:
            self.passed += timeout
        return found


def at_once(work: Coroutine[Any, Any, None]) -> None:
    """Runs it in a loop whose time is what its timers say."""
    skipping = _Skipping()
    loop = asyncio.SelectorEventLoop(skipping)
    loop.time = lambda: skipping.passed  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work)


class LoopClock:
    """The clock of that loop."""

    def now_us(self) -> Micros:
        return Micros(START + round(asyncio.get_running_loop().time() * 1_000_000))


@dataclass
class Locks:
    """What one worker has."""

    book: MemoryBook
    slow_s: float
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    mine: set[ConnectorId] = field(default_factory=set)

    async def take(self, connector: ConnectorId, /) -> bool:
        await asyncio.sleep(self.slow_s)
        if connector in self.book.taken:
            return False
        self.book.taken.add(connector)
        self.mine.add(connector)
        return True

    async def give(self, connector: ConnectorId, /) -> None:
        self.book.taken.discard(connector)
        self.mine.discard(connector)


@dataclass
class MemoryBook:
    """Satisfies `hub.running.runner.Book` for any number of workers in one loop."""

    known: dict[ConnectorId, Standing] = field(default_factory=dict)
    taken: set[ConnectorId] = field(default_factory=set)
    ended: list[tuple[str, int | None, RunOutcome, Trouble | None]] = field(default_factory=list)
    broken_off: list[ConnectorId] = field(default_factory=list)
    hearing: list[Callable[[str], None]] = field(default_factory=list)
    calls: int = 0

    @asynccontextmanager
    async def leases(self, hear: Callable[[str], None], /) -> AsyncIterator[Locks]:
        locks = Locks(self, 0.001 + 0.3 * len(self.hearing))
        self.hearing.append(hear)
        yield locks
        self.hearing.remove(hear)
        self.taken -= locks.mine

    def change(self, connector: ConnectorId, **other: Any) -> None:
        """What an administrator does, and the bell."""
        self.known[connector] = replace(self.known.get(connector, Standing()), **other)
        for hear in self.hearing:
            hear(connector)

    async def standings(self) -> Mapping[ConnectorId, Standing]:
        return dict(self.known)

    async def standing(self, connector: ConnectorId, /) -> Standing:
        return self.known.get(connector, Standing())

    async def close(self, connector: ConnectorId, _now: int, /) -> None:
        self.broken_off.append(connector)

    async def begin(self, job: Job, run_id: UUID, due: Due, _now: int, /) -> None:
        before = self.known.get(job.id, Standing())
        self.known[job.id] = replace(
            before, slot_us=due.slot_us, owed=True, asked_us=None, version=job.version, run_id=run_id, mended=False
        )

    async def finish(
        self,
        job: Job,
        _run_id: UUID,
        outcome: RunOutcome,
        trouble: Trouble | None,
        _report: RunReport,
        after: Standing,
        _due_us: int | None,
        _now: int,
        /,
    ) -> None:
        self.known[job.id] = after
        self.ended.append((job.id, after.slot_us, outcome, trouble))

    async def know(self, jobs: Sequence[tuple[Job, int | None]], /) -> None:
        for job, slot in jobs:
            before = self.known.get(job.id, Standing())
            self.known[job.id] = replace(before, slot_us=before.slot_us if before.slot_us is not None else slot)

    async def plan(self, _due: Sequence[tuple[ConnectorId, int | None]], /) -> None: ...

    async def pace(self, _party: PartyId, per_minute: int, now: int, /) -> int:
        self.calls += 1
        return 0 if self.calls % 2 else 60_000_000 // per_minute
