"""Pushing to a real HTTP server that does everything wrong it can, over real databases, with a clock that moves when told."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.again import Again
from hub.connector import Said
from hub.deliver.lease import store as lease
from hub.deliver.lease.model import Back, parts
from hub.deliver.overview.store import queue
from hub.domain.ids import new_ids
from hub.domain.kinds import RECORDS
from hub.domain.stages import Delivered
from hub.domain.terms import Micros, ReasonCode, RecordKind
from hub.errors import Conflict
from hub.http import REFUSED, Away
from hub.normalise import JsonMapping
from hub.ports import Claim, WorkItem
from hub.postgres import PrivatePostgres, Urls
from hub.push.plan import MOST_STRIKES
from hub.push.worker import Pusher, Target
from hub.receive.messages import MessageIntake
from hub.schedule import Window
from ops.demo.controls import Running
from ops.demo.simulator import MODES
from tests.fakes import kinds
from tests.fakes.house import DESK, SCHOOL, WORK, House, body, open_house
from tests.fakes.pushing import all_acknowledged, check, forward, pusher, sending, settle, some, states, until
from tests.fakes.recorder import LOG
from tests.integration.test_recorder import superuser

SECOND = 1_000_000


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "simulator") as running:
        yield running


async def fill(house: House, persons: int = 10, again: int = 3) -> int:
    """So many persons, some of whom have another record that came later; gives how many deliveries the desk gets."""
    await house.drop([body(number) for number in range(persons)])
    for number in range(again):
        house.clock.us += SECOND
        await house.send(body(number, geslachtsnaam="Anders"))
    return persons + again


@asynccontextmanager
async def running(pushing: Pusher, *targets: Target) -> AsyncIterator[asyncio.Event]:
    """The worker at work; ends in its own time."""
    stopping = asyncio.Event()
    task = asyncio.create_task(pushing.run(targets, stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await task
        for target in targets:
            await target.sink.close()


# -- whatever a system does

HANGING = ("slow", "drip", "accept-never-answers")


@pytest.mark.parametrize("mode", sorted({*MODES, "down", "flaky"}))
async def test_whatever_a_system_does_everything_reaches_it_once(house: House, simulator: Running, mode: str) -> None:
    count = await fill(house)
    target, pushing = sending(house, simulator, timeout_s=0.4 if mode in HANGING else 5.0), pusher(house)
    seconds = {"slow": 2.0, "drip": 0.3}.get(mode, 7)
    simulator.dial(mode, seconds=seconds, seed=3, share=0.6)
    await some(house, pushing, target, 4 if mode in HANGING else 12)
    dead = (await states(house))["failed"]
    assert bool(dead) == (mode == "refuse"), "a dead letter that nobody deserved"
    simulator.dial("ok")
    await settle(house, pushing, target)
    blocked = (await states(house))["held"]
    assert await states(house) == Counter(acknowledged=count - dead - blocked, failed=dead, held=blocked)
    assert not blocked or dead
    await check(house, simulator)
    await target.sink.close()


async def test_a_system_that_is_down_for_a_day_loses_nothing_and_is_left_alone(house: House, simulator: Running) -> None:
    count = await fill(house)
    target, pushing = sending(house, simulator, timeout_s=10.0), pusher(house)
    simulator.dial("500")
    end = house.clock.us + 86_400 * SECOND
    while house.clock.us < end:
        if await pushing.once(target) is None:
            await forward(house)
    assert simulator.counts()["requests"] <= 10 + 86_400 / 150
    assert not (await states(house))["failed"]
    simulator.dial("ok")
    before = simulator.counts()["requests"]
    await settle(house, pushing, target)
    assert await states(house) == Counter(acknowledged=count)
    assert simulator.counts()["requests"] - before <= count
    await check(house, simulator)
    await target.sink.close()


async def test_what_a_system_cannot_take_becomes_a_dead_letter_and_nothing_else_does(house: House, simulator: Running) -> None:
    """From one source everything is poison; the rest passes, and so does what came about others later."""
    for number in range(3):
        await house.send(body(number), SCHOOL)
    house.clock.us += 2_000  # what comes later waits behind it: only what passes after a failure shows whose fault that was
    await house.drop([body(number) for number in range(10, 20)])
    target, pushing = sending(house, simulator), pusher(house)
    simulator.dial("poison", source=SCHOOL, share=0.0)
    await settle(house, pushing, target)
    rows = await house.rows("SELECT source, state, cause, strikes FROM deliver_outbox WHERE party_id = $1", DESK)
    assert {row["source"] for row in rows if row["state"] == "acknowledged"} == {"duo"}
    dead = [row for row in rows if row["state"] == "failed"]
    assert [(row["source"], row["cause"], row["strikes"]) for row in dead] == [(SCHOOL, "ONTVANGER_FOUT", MOST_STRIKES - 1)] * 3
    said = [one for one in await house.entries() if one.get("outcome") == "failed"]
    assert [one["reasons"] for one in said] == [["ONTVANGER_FOUT"]] * 3
    await check(house, simulator)
    # Someone mends it, and lets them go again.
    simulator.dial("ok")
    ended = [UUID(one["delivery"]) for one in said]
    assert set(await house.route.endings.resume(DESK, ended)) == set(ended)
    await settle(house, pushing, target)
    assert await states(house) == Counter(acknowledged=13)
    await target.sink.close()


async def test_what_comes_after_a_dead_letter_about_the_same_person_waits_and_no_one_else_does(
    house: House, simulator: Running
) -> None:
    await house.drop([body(0)])
    target, pushing = sending(house, simulator), pusher(house)
    simulator.dial("refuse")
    await settle(house, pushing, target)
    simulator.dial("ok")
    house.clock.us += SECOND
    await house.drop([body(0, geslachtsnaam="Anders"), body(1)])
    await settle(house, pushing, target)
    assert await states(house) == Counter(failed=1, held=1, acknowledged=1)
    (failed,) = await house.rows("SELECT delivery_id FROM deliver_outbox WHERE state = 'failed'")
    await house.route.endings.drop(DESK, {UUID(bytes=failed["delivery_id"].bytes): ReasonCode("NIET_MEER_NODIG")})
    await settle(house, pushing, target)
    assert await states(house) == Counter(dropped=1, acknowledged=2)
    await target.sink.close()


async def test_what_was_changed_goes_nowhere_and_holds_up_nobody(
    house: House, simulator: Running, postgres: PrivatePostgres, database_urls: Urls
) -> None:
    await house.drop([body(number) for number in range(5)])
    vandal = await superuser(postgres, database_urls)
    (first,) = await house.rows("SELECT delivery_id FROM deliver_outbox WHERE party_id = $1 ORDER BY 1 LIMIT 1", DESK)
    await vandal.execute("UPDATE deliver_outbox SET digest = sha256('x') WHERE delivery_id = $1", first["delivery_id"])
    await vandal.close()
    target, pushing = sending(house, simulator), pusher(house)
    assert await pushing.drain(target) == 4
    assert await states(house) == Counter(acknowledged=4, held=1)
    (row,) = await house.rows("SELECT due_us FROM deliver_outbox WHERE party_id = $1 AND state = 'held'", DESK)
    assert row["due_us"] >= house.clock.us + 3_600 * SECOND
    await check(house, simulator)
    await target.sink.close()


async def test_what_nobody_foresaw_about_one_delivery_holds_up_no_other(house: House) -> None:
    await house.drop([body(number) for number in range(5)])
    (bad,) = await house.rows("SELECT delivery_id FROM deliver_outbox WHERE party_id = $1 ORDER BY 1 LIMIT 1", DESK)

    class Broken:
        async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
            if any(each.delivery_id == UUID(bytes=bad["delivery_id"].bytes) for each in page):
                raise RuntimeError
            return Said(frozenset(each.delivery_id for each in page))

        async def close(self) -> None: ...

    assert await pusher(house).drain(Target(DESK, Broken(), 5, 1, 5.0)) == 4
    assert await states(house) == Counter(acknowledged=4, handed=1)


async def test_two_systems_of_one_recipient_each_have_their_kinds_and_their_own_trouble(house: House) -> None:
    for kind in ("uitvalmelding", "verzuimmelding"):
        for number in range(2):
            message = house.message(kinds.body(kind, bsn=orjson.loads(body(number))["bsn"]))
            await house.route.admit(message, JsonMapping(RECORDS[RecordKind(kind)]), MessageIntake())
    came: Counter[tuple[str, str]] = Counter()

    @dataclass
    class System:
        name: str
        down: bool = False

        async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
            if self.down:
                raise Away(REFUSED, "It is away.")
            came.update((self.name, each.record_kind) for each in page)
            return Said(frozenset(each.delivery_id for each in page))

    carried = {"verzuim": frozenset({RecordKind("verzuimmelding")}), "alles": frozenset(RECORDS)}
    absence, rest = System("verzuim", down=True), System("alles")
    targets = {
        name: Target(DESK, sink, 5, 1, 5.0, part=part)
        for name, part in parts(carried).items()
        for sink in (absence, rest)
        if sink.name == name
    }
    pushing = pusher(house)
    assert await pushing.drain(targets["verzuim"]) == 0
    assert await pushing.drain(targets["alles"]) == 2, "the trouble of one is not the trouble of the other"
    assert set(came) == {("alles", "uitvalmelding")}
    assert (await lease.health(house.engine, LOG, DESK)).failures == 0
    assert (await lease.health(house.engine, LOG, DESK, targets["verzuim"].part)).failures == 1
    (shown,) = (one for one in (await queue(house.engine, LOG, lambda _: None)).systems if one.recipient == DESK)
    assert (shown.system, shown.failures) == ("verzuim", 1)
    await claimed(house, lease.claim_try(LOG, DESK))
    absence.down = False
    await claimed(house, lease.claim_hold(LOG, DESK, ReasonCode("TWIJFEL_INHOUD"), house.clock.now_us()))
    assert await pushing.once(targets["verzuim"]) is None, "a hold is of the recipient, whatever its systems"
    with pytest.raises(Conflict):
        await claimed(house, lease.claim_try(LOG, DESK))
    await claimed(house, lease.claim_hold(LOG, DESK, None, house.clock.now_us()))
    await settle(house, pushing, targets["verzuim"])
    assert came == Counter({("alles", "uitvalmelding"): 2, ("verzuim", "verzuimmelding"): 2})
    assert await all_acknowledged(house)


async def claimed(house: House, claim: Claim) -> None:
    """Carries it out as an act of its own."""
    await house.committer.record(
        WorkItem(new_ids(1, house.clock.now_us(), secrets.token_bytes(8))[0], DESK, (), claims=(claim,))
    )


async def test_what_one_list_says_about_one_person_arrives_in_its_order(house: House, simulator: Running) -> None:
    await house.drop([body(number, geslachtsnaam=name) for number in range(10) for name in ("Een", "Twee", "Drie")])
    target, pushing = sending(house, simulator), pusher(house)
    await settle(house, pushing, target)
    assert await states(house) == Counter(acknowledged=30)
    await check(house, simulator)
    await target.sink.close()


# -- several at once


async def test_one_that_hangs_delays_no_other(house: House, simulator: Running, tmp_path: Path) -> None:
    await house.drop([body(number) for number in range(12)])
    with Running(tmp_path / "hangs") as hangs:
        hangs.dial("accept-never-answers")
        both = (sending(house, hangs, WORK, timeout_s=60.0), sending(house, simulator, DESK))
        async with running(pusher(house), *both) as stopping:
            await until("a call that hangs", lambda: hangs.counts()["requests"])
            await until("the other gets everything", lambda: simulator.counts()["effects"] == 12)
            await until("all is acknowledged", lambda: all_acknowledged(house))
            assert (await states(house, WORK))["acknowledged"] == 0
            assert hangs.counts()["requests"] == 1
            stopping.set()
            hangs.kill()
    await check(house, simulator)


async def test_no_more_calls_at_a_time_than_agreed(house: House, simulator: Running) -> None:
    await house.drop([body(number) for number in range(16)])
    simulator.dial("slow", seconds=0.1)
    async with running(pusher(house), sending(house, simulator, batch=1, concurrency=3)):
        await until("all", lambda: simulator.counts()["effects"] == 16)
    assert 1 < simulator.counts()["high_water"] <= 3
    assert simulator.counts()["duplicates"] == 0
    await check(house, simulator)


async def test_what_comes_in_wakes_who_sends_it(house: House, simulator: Running) -> None:
    async with running(pusher(house, idle_s=86_400.0), sending(house, simulator)):
        for _ in range(500):
            if await house.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle'"):
                break
            await asyncio.sleep(0.02)
        for number in range(3):
            await asyncio.sleep(0.1)  # it has looked and found nothing
            await house.send(body(number))
            await until("it arrives", lambda number=number: simulator.counts()["effects"] == number + 1)  # type: ignore[misc]
    await check(house, simulator)


async def test_several_processes_send_nothing_twice(house: House, simulator: Running, database_urls: Urls) -> None:
    count = await fill(house, 40, 10)
    simulator.dial("slow", seconds=0.02)
    engines = [db.create_engine(database_urls.database) for _ in range(3)]
    try:
        async with asyncio.TaskGroup() as group:
            for engine in engines:
                group.create_task(_until_empty(house, pusher(house, engine), sending(house, simulator, batch=3, concurrency=2)))
    finally:
        for engine in engines:
            await engine.dispose()
    assert await states(house) == Counter(acknowledged=count)
    assert set(simulator.times().values()) == {1}
    assert {row["attempts"] for row in await house.rows("SELECT attempts FROM deliver_outbox WHERE party_id = $1", DESK)} == {1}
    await check(house, simulator)


async def _until_empty(house: House, pushing: Pusher, target: Target) -> None:
    async with running(pushing, target):
        await until("all is acknowledged", lambda: all_acknowledged(house))


async def test_who_is_stopped_lets_what_is_on_its_way_arrive_and_leaves_no_lease(house: House, simulator: Running) -> None:
    await house.drop([body(number) for number in range(20)])
    await house.rows("UPDATE deliver_outbox SET alone = true")
    simulator.dial("slow", seconds=0.3)
    async with running(pusher(house), sending(house, simulator, batch=10)) as stopping:
        await until("a call", lambda: simulator.counts()["requests"])
        stopping.set()
    assert await states(house) == Counter(acknowledged=1, held=19)
    assert await house.rows("SELECT 1 FROM deliver_outbox WHERE lease_id IS NOT NULL") == []
    await check(house, simulator)


async def test_a_lease_that_was_left_behind_is_taken_over_when_it_ends(house: House, simulator: Running) -> None:
    await house.drop([body(number) for number in range(3)])
    now, left = house.clock.now_us(), new_ids(1, house.clock.now_us(), secrets.token_bytes(8))[0]
    gone = await lease.lease(house.engine, DESK, left, 2, now, Micros(now + 40 * SECOND))
    assert len(gone) == 2
    target, pushing = sending(house, simulator), pusher(house)
    assert await pushing.drain(target) == 1
    house.clock.us += 39 * SECOND
    assert await pushing.drain(target) == 0
    house.clock.us += 2 * SECOND
    now, other = house.clock.now_us(), new_ids(1, house.clock.now_us(), secrets.token_bytes(8))[0]
    assert len(await lease.lease(house.engine, DESK, other, 5, now, Micros(now + SECOND))) == 2
    # Whoever held it comes back to life: it is another's now.
    with pytest.raises(Conflict):
        await house.route.send(DESK, left, [one.held for one in gone], target.sink)
    house.clock.us += 2 * SECOND
    assert await pushing.drain(target) == 2
    assert set(simulator.times().values()) == {1}
    await check(house, simulator)
    await target.sink.close()


async def test_what_a_clock_leased_that_was_years_ahead_does_not_wait_for_years(house: House, simulator: Running) -> None:
    await house.drop([body(number) for number in range(3)])
    true, ahead = house.clock.us, Micros(house.clock.us + 3 * 365 * 86_400 * SECOND)
    left = new_ids(1, ahead, secrets.token_bytes(8))[0]
    assert len(await lease.lease(house.engine, DESK, left, 3, ahead, Micros(ahead + 40 * SECOND))) == 3
    await lease.health(house.engine, LOG, DESK)
    await lease.failed(house.engine, LOG, DESK, Micros(ahead + 300 * SECOND), ReasonCode("X"), ahead)
    house.clock.us = true
    target, pushing = sending(house, simulator), pusher(house)
    await settle(house, pushing, target)
    assert await states(house) == Counter(acknowledged=3)
    assert house.clock.us < true + 3600 * SECOND
    await target.sink.close()


async def test_what_its_recipient_fetched_meanwhile_is_not_sent(house: House, simulator: Running) -> None:
    await house.drop([body(0), body(1)])
    target, pushing = sending(house, simulator), pusher(house)
    (first,) = (await house.route.release(DESK, 1)).deliveries
    await house.route.acknowledge(DESK, [first.delivery_id])
    assert await pushing.drain(target) == 1
    assert str(first.delivery_id) not in simulator.times()
    await target.sink.close()


async def test_for_who_is_on_hold_nothing_goes_though_it_waits(house: House, simulator: Running) -> None:
    count = await fill(house)
    target, pushing = sending(house, simulator), pusher(house)
    hold = lease.claim_hold(LOG, DESK, ReasonCode("TWIJFEL_INHOUD"), house.clock.now_us())
    await claimed(house, hold)
    assert await pushing.once(target) is None
    handed = await house.route.release(DESK, 100)
    assert (handed.deliveries, handed.waiting) == ((), count)
    free = lease.claim_hold(LOG, DESK, None, house.clock.now_us())
    await claimed(house, free)
    await settle(house, pushing, target)
    assert await states(house) == Counter(acknowledged=count)
    await target.sink.close()


@pytest.mark.parametrize("fetched", [True, False])
async def test_what_was_looked_up_before_a_hold_does_not_go_after_it(
    house: House, simulator: Running, monkeypatch: pytest.MonkeyPatch, fetched: bool
) -> None:
    await house.drop([body(0)])
    look = Again.look

    async def held_meanwhile(again: Again, *asked: Any) -> Any:
        found = await look(again, *asked)
        hold = lease.claim_hold(LOG, DESK, ReasonCode("TWIJFEL_INHOUD"), house.clock.now_us())
        with suppress(Conflict):  # the second time it is so already
            await claimed(house, hold)
        return found

    monkeypatch.setattr(Again, "look", held_meanwhile)
    if fetched:
        assert (await house.route.release(DESK, 100)).deliveries == ()
    else:
        target = sending(house, simulator)
        assert not await pusher(house).once(target)
        await target.sink.close()
    assert await states(house) == Counter(held=1)
    assert [each for each in await house.entries() if each["kind"] == "outcome"] == []


async def test_one_failure_of_several_calls_at_once_is_one(house: House, simulator: Running) -> None:
    await house.drop([body(number) for number in range(8)])
    now = house.clock.now_us()
    assert (await lease.health(house.engine, LOG, DESK)).failures == 0
    for closed in (5, 9, 7):
        await lease.failed(house.engine, LOG, DESK, Micros(now + closed), ReasonCode("X"), now)
    health = await lease.health(house.engine, LOG, DESK)
    assert (health.failures, health.closed_us) == (1, now + 9)
    assert not await lease.probe(house.engine, LOG, DESK, now, Micros(now + 100))
    later = Micros(now + 10)
    assert await lease.probe(house.engine, LOG, DESK, later, Micros(now + 100))
    assert not await lease.probe(house.engine, LOG, DESK, later, Micros(now + 100))
    await lease.reopen(house.engine, LOG, DESK, Micros(now + 100), later)
    assert await lease.probe(house.engine, LOG, DESK, later, Micros(now + 100))
    await lease.failed(house.engine, LOG, DESK, Micros(now + 20), ReasonCode("X"), later, trying=True)
    health = await lease.health(house.engine, LOG, DESK)
    assert (health.failures, health.closed_us) == (2, now + 20)


async def test_an_ill_system_is_tried_from_either_end_and_then_in_turn(house: House) -> None:
    await house.drop([body(number) for number in range(4)])
    ids = [
        UUID(bytes=row["delivery_id"].bytes)
        for row in await house.rows("SELECT delivery_id FROM deliver_outbox WHERE party_id = $1 ORDER BY 1", DESK)
    ]
    now, until_us = house.clock.now_us(), Micros(house.clock.us + SECOND)
    order: list[UUID] = []
    for newest, due in ((False, 30), (True, 10), (False, 40), (True, 20)):
        (lease_id,) = new_ids(1, now, secrets.token_bytes(8))
        (one,) = await lease.lease_one(house.engine, DESK, lease_id, now, until_us, newest=newest)
        order.append(one.held.delivery_id)
        await lease.put_back(house.engine, lease_id, [Back(order[-1], Micros(now + due), True, now)])
    assert order == [ids[0], ids[3], ids[1], ids[2]]
    (lease_id,) = new_ids(1, now, secrets.token_bytes(8))
    (one,) = await lease.lease_one(house.engine, DESK, lease_id, Micros(now + 50), until_us, newest=True)
    assert one.held.delivery_id == ids[3]
    assert one.alone


async def test_outside_its_window_nothing_goes_and_inside_no_more_pages_than_agreed(
    house: House, simulator: Running, database_urls: Urls
) -> None:
    await house.drop([body(number) for number in range(6)])
    plain = sending(house, simulator, batch=2)
    shut = replace(plain, window=Window.parse("mon-fri 14:00-15:00"))
    assert await pusher(house).once(shut) is None
    paced = replace(plain, window=Window.parse("mon-fri 13:00-14:00"), per_minute=2)
    other = db.create_engine(database_urls.database)
    try:
        assert await pusher(house).once(paced) == 2
        for process in (house.engine, other):
            assert await pusher(house, process).once(paced) is None
        house.clock.us += 30 * SECOND
        assert await pusher(house, other).once(paced) == 2
        assert await pusher(house).once(paced) is None
    finally:
        await other.dispose()
    assert await states(house) == Counter(acknowledged=4, held=2)
    await check(house, simulator)
    await plain.sink.close()
