"""Runs instances when they are due: any number in one process, any number of processes over one database.

One heap holds who is due when, and one task waits for its top: an instance that is not due costs nothing. Each run is a task of
its own, so that a partner who is slow or hangs holds up its own instances and no other's. Before a run an instance is taken to
this process alone and looked at again: another worker may have run it. A run that is cut short, however, leaves its place in
the files it was reading and its counts behind, and whoever comes next ends it in the history and goes on.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from hub.connector import SourceAway, Trouble, trouble_of
from hub.domain.ids import new_ids
from hub.domain.terms import ConnectorId, Micros, PartyId
from hub.errors import HubError, Retry
from hub.observe import Event, emit, report
from hub.ports import Clock, Entropy
from hub.running.model import Job, RunContext, RunOutcome, RunReport, Standing
from hub.running.plan import Due, after_failure, after_success, first_slot, is_new, next_due
from hub.running.turns import Turns

LOOK_S: Final = 2.0
"""Seconds between two looks at what was added, changed, paused, ended or asked for."""
_TROUBLED_S: Final = 2.0
_TAKEN_S: Final = 2.0
_GRACE_S: Final = 15.0
_LONGEST_WAIT_S: Final = 30.0
_SECOND: Final = 1_000_000

Jobs = Callable[[], Awaitable[Sequence[Job]]]


class Held(Protocol):
    """The instances that this process has to itself; `lost` is set when it has none any more."""

    lost: asyncio.Event

    async def take(self, connector: ConnectorId, /) -> bool: ...
    async def give(self, connector: ConnectorId, /) -> None: ...


class Book(Protocol):
    """What is kept of runs; `hub.running.store.RunStore` has it."""

    def leases(self, hear: Callable[[str], None], /) -> AbstractAsyncContextManager[Held]: ...
    async def standings(self) -> Mapping[ConnectorId, Standing]: ...
    async def standing(self, connector: ConnectorId, /) -> Standing: ...
    async def close(self, connector: ConnectorId, now: int, /) -> None: ...
    async def begin(self, job: Job, run_id: UUID, due: Due, now: int, /) -> None: ...
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
        /,
    ) -> None: ...
    async def know(self, jobs: Sequence[tuple[Job, int | None]], /) -> None: ...
    async def plan(self, due: Sequence[tuple[ConnectorId, int | None]], /) -> None: ...
    async def pace(self, party: PartyId, per_minute: int, now: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a run went; `error` where it failed."""

    outcome: RunOutcome
    report: RunReport
    error: BaseException | None = None


async def _room() -> None:
    """There is."""


class Runner:
    """The runs of one process. `room` raises errors.Retry where the hub is behind and begins nothing new."""

    def __init__(self, book: Book, clock: Clock, entropy: Entropy, room: Callable[[], Awaitable[None]] = _room) -> None:
        self._book, self._clock, self._entropy, self._room = book, clock, entropy, room
        self._jobs: dict[ConnectorId, Job] = {}
        self._known: Mapping[ConnectorId, Standing] = {}
        self._heap: list[tuple[int, int]] = []
        self._pending: dict[ConnectorId, tuple[int, int]] = {}
        self._named: dict[int, ConnectorId] = {}
        self._numbers = itertools.count()
        self._running: dict[ConnectorId, asyncio.Event] = {}
        self._tasks: dict[ConnectorId, asyncio.Task[None]] = {}
        self._aside: dict[ConnectorId, int] = {}
        self._rung: dict[ConnectorId, int] = {}
        self._turns = Turns()
        self._woken, self._asked = asyncio.Event(), asyncio.Event()
        self._full = self._ending = False
        self._waiting: set[ConnectorId] = set()

    # -- until told to stop

    async def run(self, jobs: Jobs, stopping: asyncio.Event) -> None:
        """Runs what is due until `stopping`; what is under way then ends at its next chunk, to be gone on with."""
        while not stopping.is_set():
            try:
                async with self._book.leases(self._hear) as held:
                    await self._work(held, jobs, stopping)
            except HubError as error:
                report(error, Event.database_unavailable)
                await _until(stopping, timeout_s=_TROUBLED_S)

    async def _work(self, held: Held, jobs: Jobs, stopping: asyncio.Event) -> None:
        looking = asyncio.create_task(self._keep_looking(jobs))
        self._ending = False
        try:
            while not (stopping.is_set() or held.lost.is_set()):
                self._woken.clear()
                wait_s = self._begin_due(held)
                await _until(stopping, held.lost, self._woken, timeout_s=wait_s)
        finally:
            looking.cancel()
            self._ending = True
            for stop in self._running.values():
                stop.set()
            for connector in self._waiting:
                self._tasks[connector].cancel()
            ending = [looking, *self._tasks.values()]
            await asyncio.wait(ending, timeout=_GRACE_S)
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)

    def _begin_due(self, held: Held) -> float:
        """Begins what is due, and gives the seconds until the next is."""
        now = self._clock.now_us()
        while self._heap:
            at_us, number = self._heap[0]
            connector = self._named.get(number)
            if connector is not None and at_us > now:
                return min(_LONGEST_WAIT_S, (at_us - now) / _SECOND)
            heapq.heappop(self._heap)
            if connector is not None:
                self._forget_pending(connector)
                task = asyncio.create_task(self._turn(held, connector))
                self._tasks[connector] = task
                task.add_done_callback(partial(self._over, connector))
        return _LONGEST_WAIT_S

    def _over(self, connector: ConnectorId, _: object) -> None:
        self._tasks.pop(connector, None)
        self._place(connector)
        self._woken.set()

    def _forget_pending(self, connector: ConnectorId) -> None:
        if (before := self._pending.pop(connector, None)) is not None:
            self._named.pop(before[0], None)

    def _place(self, connector: ConnectorId) -> None:
        """Puts the instance into the heap, where it is next due."""
        job = self._jobs.get(connector)
        if connector in self._tasks:
            return
        due = None if job is None else self._due(job, self._known.get(connector, Standing()))
        before = self._pending.get(connector)
        if before is not None and due is not None and before[1] == due.at_us:
            return
        self._forget_pending(connector)
        if due is not None:
            number = next(self._numbers)
            self._named[number], self._pending[connector] = connector, (number, int(due.at_us))
            heapq.heappush(self._heap, (int(due.at_us), number))

    def _due(self, job: Job, known: Standing) -> Due | None:
        due = next_due(job, known, self._clock.now_us(), self._rung.get(job.id))
        aside = self._aside.get(job.id, 0)
        return due if due is None or due.at_us >= aside else replace(due, at_us=Micros(aside))

    # -- what changes meanwhile

    def _hear(self, word: str) -> None:
        with suppress(ValueError):
            self._rung[ConnectorId(word)] = self._clock.now_us()
            self._aside.pop(ConnectorId(word), None)
        self._asked.set()

    async def _keep_looking(self, jobs: Jobs) -> None:
        said: str | None = None
        while True:
            self._asked.clear()
            try:
                await self._look(jobs)
                said = None
            except Exception as error:
                # Whatever is wrong with what is set up: what is known goes on, and it is said once.
                if (word := repr(type(error)) + str(error)) != said:
                    report(error, Event.connector_failed if isinstance(error, HubError) else Event.failure)
                    said = word
            await _until(self._asked, timeout_s=LOOK_S)

    async def _look(self, jobs: Jobs) -> None:
        await self._look_for_room()
        found = {job.id: job for job in await jobs()}
        known = await self._book.standings()
        now = self._clock.now_us()
        if new := [(job, first_slot(job, now)) for job in found.values() if is_new(job, known.get(job.id))]:
            await self._book.know(new)
            known = await self._book.standings()
        gone = [(one, None) for one in self._jobs if one not in found]
        self._jobs, self._known = found, known
        for party in {job.party for job in found.values()}:
            self._turns.bound(party, min(job.concurrency for job in found.values() if job.party == party))
        for connector, stop in self._running.items():
            if known.get(connector, Standing()).cancelled_us is not None:
                stop.set()
        for connector in [*found, *(one for one in self._pending if one not in found)]:
            self._place(connector)
        await self._book.plan(gone)
        self._woken.set()

    async def _look_for_room(self) -> None:
        try:
            await self._room()
        except Retry as behind:
            if not self._full:
                report(behind, Event.intake_paused)
            self._full = True
        else:
            if self._full:
                emit(Event.intake_resumed)
            self._full = False

    # -- one run

    async def _turn(self, held: Held, connector: ConnectorId) -> None:
        job = self._jobs[connector]
        try:
            self._waiting.add(connector)
            async with self._turns.at(job.party):
                self._waiting.discard(connector)
                if self._ending:
                    return
                if self._full:
                    self._set_aside(connector, _TROUBLED_S)
                elif not await held.take(connector):
                    self._set_aside(connector, _TAKEN_S)
                else:
                    try:
                        await self._alone(self._jobs.get(connector, job))
                    finally:
                        with suppress(HubError):  # the connection is lost, and the instance with it
                            await held.give(connector)
        except HubError as error:
            report(error, Event.database_unavailable, connector=connector)
            self._set_aside(connector, _TROUBLED_S)
        except Exception as error:  # nobody foresaw it, and it is not to stop the others
            report(error, connector=connector)
            self._set_aside(connector, _TROUBLED_S)
        finally:
            self._waiting.discard(connector)

    def _set_aside(self, connector: ConnectorId, seconds: float) -> None:
        self._aside[connector] = self._clock.now_us() + int(seconds * _SECOND)

    async def _alone(self, job: Job) -> None:
        """Runs the instance if it is due after all, with nobody else at it."""
        known = await self._book.standing(job.id)
        now = self._clock.now_us()
        due = next_due(job, known, now, self._rung.get(job.id))
        if due is not None and due.at_us <= now:
            self._aside.pop(job.id, None)
            known, _ = await self._recorded(job, known, due)
        self._known = {**self._known, job.id: known}

    async def once(self, job: Job, stopping: asyncio.Event) -> RunReport:
        """One run now, whatever the schedule and window say; `stopping` ends it at its next chunk.

        Raises what the run raises, when it is in the history.

        Nothing is done where another process runs the instance now, or it was stopped by hand.
        """
        async with self._book.leases(lambda _: None) as held:
            if not await held.take(job.id):
                return RunReport()
            watching = asyncio.create_task(self._watch(job.id, stopping))
            try:
                known = await self._book.standing(job.id)
                if known.cancelled_us is not None or stopping.is_set():
                    return RunReport()
                now = self._clock.now_us()
                due = next_due(job, replace(known, asked_us=now), now)
                _, ended = await self._recorded(job, known, due or Due(now, known.slot_us))
            finally:
                watching.cancel()
                await held.give(job.id)
        if ended.error is not None:
            raise ended.error
        return ended.report

    async def _watch(self, connector: ConnectorId, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._ending = True
        if connector in self._running:
            self._running[connector].set()

    async def _recorded(self, job: Job, known: Standing, due: Due) -> tuple[Standing, _Ended]:
        """A run that is in the history from its beginning to its end."""
        began = Micros(self._clock.now_us())
        if known.run_id is not None:
            await self._book.close(job.id, began)
            emit(Event.run_broken_off, connector=job.id, run=known.run_id)
        (run_id,) = new_ids(1, began, self._entropy(8))
        await self._book.begin(job, run_id, due, began)
        stop = self._running[job.id] = asyncio.Event()
        if self._ending:
            stop.set()
        try:
            ended = await self._bounded(job, run_id, stop)
        finally:
            del self._running[job.id]
        known = replace(await self._book.standing(job.id), run_id=None)
        after, now = self._after(known, ended), self._clock.now_us()
        if ended.error is not None:
            report(ended.error, Event.connector_failed, connector=job.id)
        if after.barred and not known.barred:
            emit(Event.connector_barred, connector=job.id, reason=after.trouble)
        if ended.outcome is RunOutcome.broken_off and after.cancelled_us is not None:
            ended = replace(ended, outcome=RunOutcome.cancelled)
        following = next_due(job, after, now)
        trouble = None if ended.error is None else trouble_of(ended.error)
        due_us = None if following is None else int(following.at_us)
        await self._book.finish(job, run_id, ended.outcome, trouble, ended.report, after, due_us, now)
        return after, ended

    def _after(self, known: Standing, ended: _Ended) -> Standing:
        if ended.error is not None:
            luck = int.from_bytes(self._entropy(4)) / (1 << 32)
            return after_failure(known, ended.error, self._clock.now_us(), luck)
        return known if ended.outcome is RunOutcome.broken_off else after_success(known)

    async def _bounded(self, job: Job, run_id: UUID, stop: asyncio.Event) -> _Ended:
        """The run itself, ended when it shows no progress for too long."""
        loop, deadline = asyncio.get_running_loop(), asyncio.timeout(job.still_s)
        try:
            async with deadline:

                def moved() -> None:
                    if not deadline.expired():
                        deadline.reschedule(loop.time() + job.still_s)

                found = await job.run(RunContext(run_id, stop, moved, lambda: self._paced(job)))
        except TimeoutError as error:
            if not deadline.expired():
                return _Ended(RunOutcome.failed, RunReport(), error)
            return _Ended(RunOutcome.silent, RunReport(), _too_still())
        except Exception as error:
            return _Ended(RunOutcome.failed, RunReport(), error)
        return _Ended(RunOutcome.broken_off if found.cut else RunOutcome.done, found)

    async def _paced(self, job: Job) -> None:
        """Returns when the next call to the partner may go."""
        while job.per_minute is not None:
            wait_us = await self._book.pace(job.party, job.per_minute, self._clock.now_us())
            if not wait_us:
                return
            await asyncio.sleep(wait_us / _SECOND)


def _too_still() -> SourceAway:
    return SourceAway(
        Trouble.silent,
        "A run showed no progress for too long and was ended.",
        "The partner's machine takes calls and does not get on with them.",
        "Nothing was lost; the next run goes on where this one was.",
    )


async def _until(*events: asyncio.Event, timeout_s: float) -> None:
    """Returns when one of the events is set, at the latest after `timeout_s`."""
    if any(event.is_set() for event in events):
        return
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=max(timeout_s, 0.0), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
