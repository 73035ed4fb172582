"""Whatever a recipient's system does, in whatever order: nothing is lost, nobody is held up by another's, nobody hammered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, cast
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.domain.terms import LogId, PartyId
from hub.errors import Retry
from hub.push import worker
from hub.push.plan import MOST_STRIKES
from hub.push.worker import Pusher, Target
from tests.fakes.queue import SECOND, WAITING, Queue, Row, System
from tests.fakes.recorder import Clock

RECIPIENT = PartyId("gemeente")
ILL = ("unreached", "busy", "unclear", "barred", "mute")
MODES = ("ok", "partly", *ILL, "rejecting", "refusing")
KINDS = ("good", "good", "good", "poison", "rejected", "refused", "silent")
TIMEOUT_S = 10.0
LONGEST = 3_600 * SECOND + 300 * SECOND


class World:
    """One recipient, what waits for it, and processes that send to it."""

    def __init__(self, seed: int = 0, batch: int = 5) -> None:
        self.clock = Clock()
        self.queue = Queue(self.clock)
        self.system = System(self.queue)
        dice = random.Random(seed)
        self.pusher = Pusher(
            cast("Any", None), LogId("l"), self.system, self.queue, self.clock, lambda size: dice.randbytes(size)
        )
        self.target = Target(RECIPIENT, cast("Any", None), batch, 1, TIMEOUT_S)

    def once(self) -> int | None:
        """One process does one thing, with nothing real behind it."""
        with patch.object(worker, "store", self.queue), patch.object(worker, "report"), patch.object(worker, "emit"):
            try:
                return asyncio.run(self.pusher.once(self.target))
            except Retry:
                return None
            finally:
                self.queue.gone = False

    def meanwhile(self) -> None:
        """While the next page is on its way, another process does its thing."""

        async def other() -> None:
            self.clock.us += SECOND // 2
            await self.pusher.once(self.target)

        self.system.meanwhile = other

    def wait(self) -> bool:
        """Until the next thing may happen; False where nothing ever will."""
        now = self.clock.us
        open_rows = [row for row in self.queue.waiting() if self.queue.first(row)]
        moments = [max(row.due or 0, self.queue.closed if self.queue.failures else 0) for row in open_rows]
        if not moments:
            return False
        self.clock.us = max(now + 1, min(moments))
        return True

    def work(self, until: Callable[[], bool], most: int = 100_000) -> None:
        """Goes on, and lets time pass, until it holds or nothing can happen any more."""
        for _ in range(most):
            if until():
                return
            if self.once() is None and not self.wait():
                return
        raise AssertionError("it never comes to rest")


class Pushing(RuleBasedStateMachine):
    """Anything happens in any order; at the end the system is well, and everything comes to its place."""

    @initialize(seed=st.integers(0, 1 << 32), batch=st.integers(1, 6))
    def begin(self, seed: int, batch: int) -> None:
        self.world = World(seed, batch)
        self.rejecting = False

    @rule(persons=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(KINDS)), min_size=1, max_size=8))
    def come_in(self, persons: list[tuple[int, str]]) -> None:
        for person, kind in persons:
            self.world.queue.add(person, kind)

    @rule(mode=st.sampled_from(MODES))
    def turn(self, mode: str) -> None:
        self.world.system.mode = mode

    @rule(times=st.integers(1, 6))
    def work(self, times: int) -> None:
        for _ in range(times):
            self.world.once()

    @rule()
    def two_at_once(self) -> None:
        self.world.meanwhile()
        self.world.once()
        self.world.system.meanwhile = None

    @rule(moment=st.sampled_from(["before", "handed", "answered"]))
    def kill(self, moment: str) -> None:
        self.world.system.dies = moment
        self.world.once()
        self.world.system.dies = ""

    @rule()
    def wait(self) -> None:
        self.world.wait()

    @rule(seconds=st.integers(1, 100_000))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.us += seconds * SECOND

    @rule()
    def hold(self) -> None:
        calls = self.world.system.calls
        self.world.queue.on_hold = True
        assert self.world.once() is None
        self.world.queue.on_hold = False
        assert self.world.system.calls == calls

    @invariant()
    def nothing_is_lost_and_everything_has_its_time(self) -> None:
        world = self.world
        for row in world.queue.rows.values():
            assert row.state in (*WAITING, "acknowledged", "failed")
            if row.state in WAITING:
                assert row.due is None or row.due <= world.clock.us + LONGEST
            if row.state == "acknowledged":
                assert row.id in world.system.effects
        assert world.queue.closed <= world.clock.us + LONGEST

    @invariant()
    def what_failed_deserved_it(self) -> None:
        for row in self.world.queue.rows.values():
            if row.state == "failed":
                assert deserved(self.world, row), row

    @invariant()
    def effects_about_one_person_are_in_order(self) -> None:
        rows = [self.world.queue.rows[each] for each in self.world.system.effects]
        for person in {row.person for row in rows}:
            of_one = [row.id for row in rows if row.person == person]
            assert of_one == sorted(of_one)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world, queue = self.world, self.world.queue
        world.system.mode = "ok"
        start, calls = world.clock.us, world.system.calls
        world.work(lambda: not [row for row in queue.waiting() if row.kind == "good" and not behind_a_bad_one(queue, row)])
        bad = sum(row.kind != "good" for row in queue.rows.values())
        assert world.system.calls - calls <= 2 * len(queue.rows) + bad * (MOST_STRIKES + 2), "they were held up by others"
        assert world.clock.us - start <= LONGEST + len(queue.rows) * 600 * SECOND
        # While others come and are confirmed, what is bad comes to its end; what waits then stands behind a dead letter.
        for number in range((bad + 1) * (MOST_STRIKES + 3)):
            if not any(queue.first(row) for row in queue.waiting()):
                break
            fresh = queue.add(1_000 + number)
            world.work(lambda fresh=fresh: fresh.state == "acknowledged")  # type: ignore[misc]
            assert fresh.state == "acknowledged"
            world.wait()
        assert not any(queue.first(row) for row in queue.waiting())
        assert all(
            row.state == "failed" for row in queue.rows.values() if row.kind in ("rejected", "refused") and queue.first(row)
        )


def behind_a_bad_one(queue: Queue, row: Row) -> bool:
    return any(
        other.person == row.person and other.id < row.id and (other.kind != "good" or other.state == "failed")
        for other in queue.rows.values()
    )


def deserved(world: World, row: Row) -> bool:
    """It is bad itself, or the system said so of it alone."""
    return row.kind != "good" or row.id in world.system.refused or row.id in world.system.rejected


TestPushing = Pushing.TestCase
TestPushing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


DAY = 86_400 * SECOND


@given(
    mode=st.sampled_from(ILL),
    seed=st.integers(0, 1 << 32),
    batch=st.integers(1, 50),
    persons=st.lists(st.integers(0, 20), min_size=1, max_size=60),
)
@settings(max_examples=12, deadline=None)
def test_an_ill_system_is_left_alone_and_loses_nothing_however_long_it_takes(
    mode: str, seed: int, batch: int, persons: list[int]
) -> None:
    world = World(seed, batch)
    for person in persons:
        world.queue.add(person)
    world.system.mode = mode
    start = world.clock.us
    world.work(lambda: world.clock.us > start + DAY)
    # Ten pauses that double, and from then on one call in half of the longest pause at most.
    assert world.system.calls <= 10 + 86_400 / 150
    assert {row.state for row in world.queue.rows.values()} <= set(WAITING)
    world.system.mode = "ok"
    calls, well = world.system.calls, world.clock.us
    world.work(lambda: not world.queue.waiting())
    assert {row.state for row in world.queue.rows.values()} == {"acknowledged"}
    assert world.system.calls - calls <= len(persons) + 1
    assert world.clock.us - well <= LONGEST


@given(seed=st.integers(0, 1 << 32), batch=st.integers(1, 50), bad=st.sampled_from(["poison", "rejected", "refused", "silent"]))
@settings(max_examples=25, deadline=None)
def test_bad_ones_in_front_hold_up_nobody_else(seed: int, batch: int, bad: str) -> None:
    world = World(seed, batch)
    for person in range(10):
        world.queue.add(person, bad)
    good = [world.queue.add(person) for person in range(100, 180)]
    start = world.clock.us
    world.work(lambda: all(row.state == "acknowledged" for row in good))
    assert all(row.state == "acknowledged" for row in good)
    assert world.system.calls <= 2 * len(good) + 10 * 12
    assert world.clock.us - start <= 600 * SECOND


@given(seed=st.integers(0, 1 << 32), many=st.integers(1, 40), days=st.integers(0, 1))
@settings(max_examples=8, deadline=None)
def test_who_comes_after_nothing_but_bad_ones_goes_first(seed: int, many: int, days: int) -> None:
    """Whether the system is ill or all that waits is bad, nobody can tell: the next who comes shows it."""
    world = World(seed)
    for person in range(many):
        world.queue.add(person, "poison")
    end = world.clock.us + days * DAY
    world.work(lambda: world.clock.us > end and all(row.failed for row in world.queue.rows.values()))
    assert {row.state for row in world.queue.rows.values()} <= set(WAITING)
    fresh, calls = world.queue.add(1_000), world.system.calls
    world.work(lambda: fresh.state == "acknowledged")
    assert world.system.calls - calls <= 1 + (not world.queue.failures)


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=10, deadline=None)
def test_many_bad_ones_that_came_together_do_not_make_a_healthy_system_look_ill_for_long(seed: int) -> None:
    world = World(seed, batch=20)
    for person in range(200):
        world.queue.add(person, "poison")
    good = [world.queue.add(person) for person in range(1_000, 1_100)]
    start = world.clock.us
    world.work(lambda: all(row.state == "acknowledged" for row in good))
    assert world.clock.us - start <= DAY // 8


@given(seed=st.integers(0, 1 << 32), share=st.floats(0.1, 0.6))
@settings(max_examples=10, deadline=None)
def test_a_system_that_fails_now_and_then_gives_no_dead_letters(seed: int, share: float) -> None:
    world, dice = World(seed), random.Random(seed)
    for number in range(60):
        world.queue.add(number % 25)
    for _ in range(20_000):
        world.system.mode = dice.choice(ILL) if dice.random() < share else "ok"
        if world.once() is None and not world.wait():
            break
    assert {row.state for row in world.queue.rows.values()} == {"acknowledged"}


def test_those_who_fail_at_once_do_not_come_back_at_once() -> None:
    closed = set()
    for seed in range(40):
        world = World(seed)
        world.queue.add(1)
        world.system.mode = "unreached"
        begun = world.clock.us
        world.once()
        assert SECOND // 2 <= world.queue.closed - begun <= SECOND
        closed.add(world.queue.closed)
    assert len(closed) > 30


def test_what_is_on_its_way_when_the_system_falls_ill_is_one_failure() -> None:
    world = World(batch=1)
    for person in range(8):
        world.queue.add(person)
    world.system.mode = "unclear"

    async def others(left: int) -> None:
        if left:
            world.system.meanwhile = lambda: others(left - 1)
            await world.pusher.once(world.target)

    world.system.meanwhile = lambda: others(6)
    world.once()
    assert world.system.calls == 7
    assert world.queue.failures == 1
    assert world.queue.closed <= world.clock.us + 2 * SECOND


def test_a_breaker_that_opens_stops_what_was_leased() -> None:
    world = World(batch=50)
    for person in range(50):
        world.queue.add(person).alone = True
    world.system.mode = "unclear"
    world.once()
    assert world.system.calls == 1
    assert not [row for row in world.queue.waiting() if row.lease is not None]


def test_a_try_that_showed_nothing_delays_nobody() -> None:
    world = World()
    row = world.queue.add(1)
    world.system.mode = "unreached"
    world.once()
    row.due = world.clock.us + 10 * SECOND
    world.clock.us += 2 * SECOND
    assert world.once() is None
    world.system.mode = "ok"
    late = world.queue.add(2)
    assert world.once() == 1
    assert late.state == "acknowledged"
