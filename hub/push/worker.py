"""Sends what waits to recipients' own systems: every recipient at its own pace, so that none delays another.

Any number of processes may do so at once. A delivery is sent by whoever holds its lease, and whoever ends leaves leases that
end by themselves. Nothing waits in memory: as much is leased as goes out at once, and a process that is asked to stop lets what
is on its way arrive, and leases no more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Rejected, Sent, Sink
from hub.deliver.lease import store
from hub.deliver.lease.model import WHOLE, Back, Leased, Part
from hub.domain.ids import new_ids
from hub.domain.stages import Held
from hub.domain.terms import Count, LogId, Micros, PartyId, ReasonCode
from hub.errors import Conflict, HubError, Misconfigured, Retry
from hub.http import INVALID, REFUSED, UNKNOWN_NAME, Away, Barred
from hub.observe import Event, emit, report
from hub.ports import Clock, Entropy
from hub.push.plan import Failure, Pace, Plan, after_failure
from hub.running import store as pace
from hub.schedule import Window

BUSY: Final = ReasonCode("ONTVANGER_BEZET")
_UNREACHED: Final = frozenset({REFUSED, UNKNOWN_NAME, BUSY})
_MARGIN_S: Final = 30.0
_PACED: Final = "push"
_TROUBLED_S: Final = 2.0
_ASIDE_S: Final = 3600.0
_SECOND: Final = 1_000_000


class Sending(Protocol):
    """Steps 6 and 7 for a page that is sent; `hub.route.Route` has it."""

    async def send(self, recipient: PartyId, lease_id: UUID, held: Sequence[Held], sink: Sink, /) -> Sent: ...


class Failing(Protocol):
    """Ends deliveries that a recipient's system will not have; `hub.endings.Endings` has it."""

    async def fail(self, recipient: PartyId, causes: Mapping[UUID, ReasonCode], /) -> tuple[UUID, ...]: ...


@dataclass(frozen=True, slots=True)
class Target:
    """One system of a recipient: over which sink it is sent to, how many deliveries in a page, how many pages at a time, and
    which part of what waits for the recipient goes there.

    Nothing is sent outside its `window`, and no more than `per_minute` pages, counted in the database: any number of processes
    send to the same system, and a count in each would be as many times what was agreed.
    """

    recipient: PartyId
    sink: Sink
    batch: int
    concurrency: int
    timeout_s: float
    window: Window = field(default_factory=Window)
    per_minute: int | None = None
    part: Part = WHOLE

    @property
    def paced(self) -> str:
        """Under which name its pages are counted."""
        return f"{_PACED}:{self.part.name}" if self.part.name else _PACED


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is sent in one go: under which lease, until when. `trying`: one delivery, to see whether an ill system is well."""

    target: Target
    lease_id: UUID
    until: Micros
    trying: bool


@dataclass(frozen=True, slots=True)
class Pusher:
    """Sends to all targets. Where nothing is due and no notice comes, it looks again after `idle_s`."""

    engine: AsyncEngine
    log_id: LogId
    way: Sending
    endings: Failing
    clock: Clock
    entropy: Entropy
    pace: Pace = field(default_factory=Pace)
    idle_s: float = 5.0

    async def run(self, targets: Sequence[Target], stopping: asyncio.Event) -> None:
        """Sends until `stopping`; then what is on its way arrives first."""
        lanes = [(target, asyncio.Event()) for target in targets for _ in range(target.concurrency)]
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen([(target.recipient, bell) for target, bell in lanes], stopping))
            await asyncio.gather(*(group.create_task(self._lane(target, bell, stopping)) for target, bell in lanes))
            listening.cancel()

    async def drain(self, target: Target) -> int:
        """Sends to one target until nothing of it is due, and gives how many deliveries were confirmed."""
        confirmed = 0
        while (done := await self.once(target)) is not None:
            confirmed += done
        return confirmed

    async def _listen(self, bells: Sequence[tuple[PartyId, asyncio.Event]], stopping: asyncio.Event) -> None:
        """Rings for whom something came in. A notice that is lost costs a few seconds and nothing else."""
        while not stopping.is_set():
            try:
                async with store.notices(self.engine) as heard:
                    async for recipient in heard:
                        for party, bell in bells:
                            if party == recipient:
                                bell.set()
            except HubError as error:
                report(error, Event.database_unavailable)
                await _pause(stopping, _TROUBLED_S)

    async def _lane(self, target: Target, bell: asyncio.Event, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            bell.clear()
            try:
                done = await self.once(target, stopping)
                idle_s = await self._idle_s(target) if done is None else 0.0
            except HubError as error:  # the hub's own: database or log
                report(error, Event.push_failed, party=target.recipient)
                idle_s = _TROUBLED_S
            except Exception as error:  # nobody foresaw it, and it is not to stop the others
                report(error, party=target.recipient)
                idle_s = _TROUBLED_S
            if idle_s:
                await _either(stopping, bell, idle_s)

    async def _idle_s(self, target: Target) -> float:
        """Until when there is nothing to do, if no bell rings."""
        now = self.clock.now_us()
        health = await store.health(self.engine, self.log_id, target.recipient, target.part)
        due = await store.next_due(self.engine, target.recipient, now, target.part)
        closed = health.closed_us if health.failures else None
        allowed = await pace.next_call(self.engine, self.log_id, target.recipient, target.paced) if target.per_minute else None
        moments = [moment - now for moment in (due, closed, allowed, target.window.opens(now)) if moment is not None]
        ahead = [moment for moment in moments if moment > 0]
        return min([self.idle_s, *(moment / _SECOND for moment in ahead)])

    async def once(self, target: Target, stopping: asyncio.Event | None = None) -> int | None:
        """Leases and sends once; gives how many deliveries were confirmed, or None where nothing may be sent now."""
        recipient, part, now = target.recipient, target.part, self.clock.now_us()
        until = Micros(now + int((target.timeout_s + _MARGIN_S) * _SECOND))
        health = await store.health(self.engine, self.log_id, recipient, part)
        if health.on_hold or not target.window.is_open(now):
            return None
        if target.per_minute and (await pace.next_call(self.engine, self.log_id, recipient, target.paced) or 0) > now:
            return None
        turn = _Turn(target, new_ids(1, now, self.entropy(8))[0], until, health.failures > 0)
        if not turn.trying:
            leased = await store.lease(self.engine, recipient, turn.lease_id, target.batch, now, until, part)
            return await self._go(turn, leased, stopping) if leased else None
        # One delivery tries whether the system is well again; the others wait for what comes of it.
        if not await store.probe(self.engine, self.log_id, recipient, now, until, part):
            return None
        try:
            newest = self._luck() < 0.5
            leased = await store.lease_one(self.engine, recipient, turn.lease_id, now, until, part, newest=newest)
            return await self._go(turn, leased, stopping) if leased else None
        finally:  # where it came to nothing, nobody has to wait for it
            with suppress(HubError):
                await store.reopen(self.engine, self.log_id, recipient, until, self.clock.now_us(), part)

    async def _go(self, turn: _Turn, leased: Sequence[Leased], stopping: asyncio.Event | None) -> int:
        pages, confirmed = deque(_pages(leased)), 0
        try:
            while pages and await self._its_turn(turn):
                confirmed += await self._send(turn, pages.popleft())
                if pages and not await self._goes_on(turn, stopping):
                    break
        finally:
            with suppress(HubError):
                await self._put_back(turn, [one for page in pages for one in page], 0.0)
        return confirmed

    async def _its_turn(self, turn: _Turn) -> bool:
        """Whether a page may go now, as often as was agreed; what may not waits again."""
        target = turn.target
        if target.per_minute is None:
            return True
        now = self.clock.now_us()
        return not await pace.pace(self.engine, self.log_id, target.recipient, target.per_minute, now, target.paced)

    async def _goes_on(self, turn: _Turn, stopping: asyncio.Event | None) -> bool:
        """Whether more of what is leased may be sent: nobody stopped it, the system is well, and it is surely still ours."""
        needed = int((turn.target.timeout_s + _MARGIN_S / 2) * _SECOND)
        if (stopping is not None and stopping.is_set()) or self.clock.now_us() + needed > turn.until:
            return False
        health = await store.health(self.engine, self.log_id, turn.target.recipient, turn.target.part)
        return not health.on_hold and not health.failures

    async def _send(self, turn: _Turn, page: Sequence[Leased]) -> int:
        target, recipient = turn.target, turn.target.recipient
        try:
            sent = await self.way.send(recipient, turn.lease_id, [one.held for one in page], target.sink)
        except Away as away:
            failure = Failure.unreached if away.cause in _UNREACHED else Failure.unclear
            asked = away.after_s if away.cause == BUSY else 0.0
            await self._failed(turn, page, failure, away.cause, away, asked)
        except Barred as barred:
            await self._failed(turn, page, Failure.barred, barred.cause, barred)
        except Rejected as rejected:
            await self._failed(turn, page, Failure.rejected, rejected.cause, rejected)
        except Conflict:
            # The recipient fetched it meanwhile, or the lease went to another: what is still ours waits again.
            await self._put_back(turn, page, 0.0)
        except (Retry, Misconfigured):  # the hub's own database or log
            await self._put_back(turn, page, _TROUBLED_S)
            raise
        except Exception as error:
            # Something of it was changed, or nobody foresaw it: it must hold up no other.
            report(error, Event.push_failed, party=recipient)
            await self._put_back(turn, page, _ASIDE_S if len(page) == 1 else 0.0, alone=True)
        except BaseException:
            with suppress(HubError):
                await self._put_back(turn, page, 0.0)
            raise
        else:
            return await self._answered(turn, page, sent)
        return 0

    async def _answered(self, turn: _Turn, page: Sequence[Leased], sent: Sent) -> int:
        recipient, said = turn.target.recipient, sent.said
        silent = [one for one in page if one.held.delivery_id in sent.unsaid]
        if silent and not said.confirmed and not said.refused:
            await self._failed(turn, silent, Failure.unclear, INVALID, _silence())
            return 0
        if said.confirmed:
            await store.succeeded(self.engine, self.log_id, recipient, self.clock.now_us(), turn.target.part)
            emit(Event.deliveries_sent, party=recipient, deliveries=Count(len(said.confirmed)))
        for cause in sorted(set(said.refused.values())):
            count = sum(1 for each in said.refused.values() if each == cause)
            emit(Event.deliveries_failed, party=recipient, deliveries=Count(count), reason=cause)
        if silent:  # it took others and not these: from now on each by itself
            now = self.clock.now_us()
            due = Micros(now + self.pace.pause(1, self._luck()))
            back = [Back(one.held.delivery_id, due, True, one.failed_us or now) for one in silent]
            await store.put_back(self.engine, turn.lease_id, back)
        if not said.confirmed and said.refused:
            # A system that refuses and confirms nothing may be ill: it goes on, but slowly.
            await self._close(turn, min(said.refused.values()))
        return len(said.confirmed)

    async def _failed(
        self,
        turn: _Turn,
        page: Sequence[Leased],
        failure: Failure,
        cause: ReasonCode,
        error: HubError,
        asked_s: float = 0.0,
    ) -> None:
        recipient, now = turn.target.recipient, self.clock.now_us()
        report(error, Event.push_failed, party=recipient, reason=cause, deliveries=Count(len(page)))
        health = await store.health(self.engine, self.log_id, recipient, turn.target.part)
        plan = after_failure(failure, cause, page, health, now, self._luck(), self.pace, asked_s)
        await self._carry_out(turn, plan, cause, now)

    async def _carry_out(self, turn: _Turn, plan: Plan, cause: ReasonCode, now: Micros) -> None:
        recipient = turn.target.recipient
        if plan.closed_until is not None:
            await store.failed(
                self.engine, self.log_id, recipient, plan.closed_until, cause, now, turn.target.part, trying=turn.trying
            )
        if plan.back:
            await store.put_back(self.engine, turn.lease_id, plan.back)
        if plan.dead:
            await self.endings.fail(recipient, plan.dead)
            emit(Event.deliveries_failed, party=recipient, deliveries=Count(len(plan.dead)), reason=min(plan.dead.values()))

    async def _close(self, turn: _Turn, cause: ReasonCode) -> None:
        recipient, now = turn.target.recipient, self.clock.now_us()
        health = await store.health(self.engine, self.log_id, recipient, turn.target.part)
        until = Micros(now + self.pace.pause(health.failures + 1, self._luck()))
        await store.failed(self.engine, self.log_id, recipient, until, cause, now, turn.target.part, trying=turn.trying)

    async def _put_back(self, turn: _Turn, page: Sequence[Leased], after_s: float, *, alone: bool = False) -> None:
        due = Micros(self.clock.now_us() + int(after_s * _SECOND))
        back = [Back(one.held.delivery_id, due, alone, None) for one in page]
        if back:
            await store.put_back(self.engine, turn.lease_id, back)

    def _luck(self) -> float:
        return int.from_bytes(self.entropy(4)) / (1 << 32)


def _pages(leased: Sequence[Leased]) -> list[list[Leased]]:
    """All in one page, but those that go by themselves, which come after it: they are the likelier to fail."""
    together = [one for one in leased if not one.alone]
    return [*([together] if together else []), *([one] for one in leased if one.alone)]


def _silence() -> Away:
    return Away(INVALID, "A recipient's system says nothing of what it was sent.", "It names none of it.")


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def _either(stopping: asyncio.Event, bell: asyncio.Event, seconds: float) -> None:
    """Waits until one of the two, at most so long."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (stopping, bell)]
    try:
        await asyncio.wait(waiting, timeout=max(seconds, 0.01), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
