"""What waits, what failed, and what an administrator makes of it: counted, held, freed, resumed, dropped; logged first."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.notes import Notes
from hub.commands import mending as commands
from hub.deliver.lease import store as lease
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros, PartyId, ReasonCode
from hub.endings import Endings
from hub.errors import Misconfigured, Refused
from hub.mend import deliveries as module
from hub.mend.deliveries import Deliveries, DropReason, HoldReason
from tests.fakes.house import DESK, WORK, House, body, open_house
from tests.fakes.recorder import LOG, OPERATOR

DAY = 86_400_000_000
FAULT = ReasonCode("NIET_VERWERKBAAR")
BY = Staff(StaffId("m-" + "1" * 16), "Noor", frozenset({Role.administrator}))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def deliveries(house: House) -> Deliveries:
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    return Deliveries(house.engine, LOG, notes, house.route.endings, house.route.rules, house.clock, {DESK})


async def ids(house: House, recipient: PartyId = DESK) -> list[UUID]:
    found = await house.rows("SELECT delivery_id FROM deliver_outbox WHERE party_id = $1 ORDER BY delivery_id", recipient)
    return [UUID(bytes=row["delivery_id"].bytes) for row in found]


async def fail(house: House, numbers: int, cause: ReasonCode = FAULT) -> list[UUID]:
    """The first of what waits is handed over, and will not be had."""
    chosen = (await ids(house))[:numbers]
    await house.rows("UPDATE deliver_outbox SET state = 'handed' WHERE delivery_id = ANY($1::uuid[])", chosen)
    assert len(await house.route.endings.fail(DESK, dict.fromkeys(chosen, cause))) == numbers
    return chosen


async def states(house: House) -> dict[str, int]:
    return {row["state"]: row["count"] for row in await house.rows("SELECT state, count(*) FROM deliver_outbox GROUP BY 1")}


async def test_nothing_waits(deliveries: Deliveries) -> None:
    queue = await deliveries.queue()
    quiet = deliveries.quiet(queue)
    assert {one.id for one in quiet}.isdisjoint(one.recipient for one in queue.recipients)
    assert [one.name for one in quiet] == sorted(one.name for one in quiet)
    assert "duo" in {str(one.id) for one in quiet}  # schools report absence to it
    assert "minister-ocw" not in {str(one.id) for one in quiet}  # nothing is ever given to it
    assert [one.recipient for one in queue.recipients] == [DESK]  # it is pushed to, so it is shown
    assert (queue.people, queue.late, queue.recipients[0].people, queue.recipients[0].due) == (0, 0, 0, None)
    assert await deliveries.failed() == await deliveries.stopped() == []


async def test_young_people_are_counted_once_and_each_source_has_its_own_term(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0), body(1)])
    await house.send(body(0, datumUitschrijving="2026-10-01"))
    queue = await deliveries.queue()
    desk = next(one for one in queue.recipients if one.recipient == DESK)
    assert (desk.people, desk.deliveries, desk.handed, desk.pushed) == (2, 3, 0, True)
    assert queue.people == 2
    assert desk.due is not None
    assert (desk.due.left, desk.due.overdue, desk.late) == (7, False, 0)
    assert str(desk.due.day) == "2026-11-09"
    work = next(one for one in queue.recipients if one.recipient == WORK)
    assert work.due is not None
    assert (work.due.left, work.pushed) == (14, False)


async def test_late_from_the_day_after_the_last_day(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0)])
    house.clock.us += 7 * DAY
    assert (await deliveries.queue()).late == 0
    await house.drop([body(1)])
    house.clock.us += DAY // 2  # it is midnight in Amsterdam: the day has passed
    queue = await deliveries.queue()
    assert queue.late == 1
    assert queue.recipients[0].recipient == DESK
    assert queue.recipients[0].due is not None
    assert (queue.recipients[0].due.left, queue.recipients[0].late, queue.recipients[0].people) == (-1, 1, 2)


async def test_a_system_that_is_down_says_since_when_and_why(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0)])
    now = house.clock.us
    await lease.health(house.engine, LOG, DESK)
    await lease.failed(house.engine, LOG, DESK, Micros(now + 60), ReasonCode("TIJD_VERSTREKEN"), Micros(now))
    down = (await deliveries.waiting())[0].down
    assert down is not None
    assert (down.failures, down.since_us, down.cause, down.next_us) == (1, now, "TIJD_VERSTREKEN", now + 60)


async def test_a_system_that_fails_is_tried_at_once_when_someone_asks(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0)])
    now, later = Micros(house.clock.us), Micros(house.clock.us + 300_000_000)
    await lease.health(house.engine, LOG, DESK)
    with pytest.raises(Refused):
        await deliveries.try_now(DESK, BY)
    (leased,) = await lease.lease(house.engine, DESK, uuid4(), 1, now, later)
    await house.rows("UPDATE deliver_outbox SET lease_id = NULL, due_us = $1 RETURNING 1", int(later))
    await lease.failed(house.engine, LOG, DESK, later, ReasonCode("TIJD_VERSTREKEN"), now)
    await deliveries.try_now(DESK, BY)
    assert await lease.probe(house.engine, LOG, DESK, now, later)
    (again,) = await lease.lease(house.engine, DESK, uuid4(), 1, now, later)
    assert again.held.delivery_id == leased.held.delivery_id
    assert (await house.entries())[-1]["operation"] == "try-recipient"
    await deliveries.hold(DESK, HoldReason.doubt, BY)
    with pytest.raises(Refused):
        await deliveries.try_now(DESK, BY)


async def test_a_recipient_is_held_and_freed_once_each_with_an_entry(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0)])
    await deliveries.hold(DESK, HoldReason.doubt, BY)
    found = await deliveries.find(DESK)
    assert found is not None
    assert found.hold is not None
    assert found.hold.reason is HoldReason.doubt
    assert (await house.route.outbox.page(DESK, 10))[0] == []
    with pytest.raises(Refused):
        await deliveries.hold(DESK, HoldReason.asked, BY)
    await deliveries.free(DESK, BY)
    with pytest.raises(Refused):
        await deliveries.free(DESK, BY)
    assert len((await house.route.outbox.page(DESK, 10))[0]) == 1
    said = [one for one in await house.entries() if one["operation"].endswith("-recipient")]
    assert [one["operation"] for one in said] == ["hold-recipient", "free-recipient"]
    assert said[0]["details"] == {"recipient": DESK, "reason": "TWIJFEL_INHOUD", "staff": BY.staff_id}


async def test_who_is_no_party_is_not_held(deliveries: Deliveries) -> None:
    with pytest.raises(Refused):
        await deliveries.hold(PartyId("niemand"), HoldReason.asked, BY)
    with pytest.raises(Refused):
        await deliveries.free(WORK, BY)
    assert await deliveries.find(PartyId("niemand")) is None


async def test_dead_letters_by_cause_with_who_waits_behind_them(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0), body(1), body(2)])
    await fail(house, 2)
    house.clock.us += 1_000_000
    await house.send(body(0, datumUitschrijving="2026-10-01"))
    (dead,) = await deliveries.failed()
    assert (dead.recipient, dead.cause, dead.deliveries, dead.people, dead.behind) == (DESK, FAULT, 2, 2, 1)
    assert dead.since_us == house.clock.us - 1_000_000
    ones = await deliveries.ones(DESK, FAULT)
    assert [(one.state, one.source, one.cause) for one in ones] == [("failed", "duo", FAULT)] * 2
    assert len(await deliveries.ones(DESK, FAULT, after=ones[0].delivery_id)) == 1
    assert await deliveries.failed(WORK) == await deliveries.stopped() == []


async def test_resuming_is_logged_first_and_goes_in_parts(
    house: House, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.drop([body(number) for number in range(5)])
    await fail(house, 5)
    monkeypatch.setattr(module, "CHUNK", 2)
    turned: list[int] = []
    resume = Endings.resume

    async def counted(self: Endings, recipient: PartyId, chosen: list[UUID]) -> tuple[UUID, ...]:
        assert [one["operation"] for one in await house.entries()].count("resume-deliveries") == 1
        turned.append(len(chosen))
        if len(turned) == 2:
            raise KeyboardInterrupt  # killed half-way
        return await resume(self, recipient, chosen)

    monkeypatch.setattr(Endings, "resume", counted)
    with pytest.raises(KeyboardInterrupt):
        await deliveries.resume(DESK, FAULT, BY)
    assert (await deliveries.failed())[0].deliveries == 3
    monkeypatch.setattr(Endings, "resume", resume)
    assert await deliveries.resume(DESK, FAULT, BY) == 3
    assert await deliveries.failed() == []
    notes = [one["details"] for one in await house.entries() if one["operation"] == "resume-deliveries"]
    assert [one["count"] for one in notes] == [5, 3]
    assert notes[0] == {"recipient": DESK, "count": 5, "cause": FAULT, "staff": BY.staff_id}
    with pytest.raises(Refused):
        await deliveries.resume(DESK, FAULT, BY)


async def test_dropping_single_ones_empties_them_and_leaves_the_rest(house: House, deliveries: Deliveries) -> None:
    await house.drop([body(0), body(1)])
    first, _ = await fail(house, 2)
    assert await deliveries.count(DESK, [first]) == (1, 1)
    assert await deliveries.drop(DESK, [first, UUID(int=3)], DropReason.elsewhere, BY) == 1
    assert (await states(house))["dropped"] == 1
    (row,) = await house.rows("SELECT sealed FROM deliver_outbox WHERE state = 'dropped'")
    assert row["sealed"] is None
    outcome = [one for one in await house.entries() if one.get("outcome") == "dropped"]
    assert [one["reasons"] for one in outcome] == [["NIET_MEER_NODIG"]]
    with pytest.raises(Refused):
        await deliveries.drop(WORK, (await ids(house))[1:2], DropReason.elsewhere, BY)  # another's
    assert (await deliveries.failed())[0].deliveries == 1


async def test_the_commands_show_and_mend(house: House, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[Any] = []

    async def now(_hub: object) -> Deliveries:
        return deliveries

    monkeypatch.setattr(commands, "deliveries_now", now)
    app = typer.Typer()
    app.command("other")(lambda: None)
    commands.delivery_commands(app, work.append)

    async def say(*words: str) -> str:
        done = CliRunner().invoke(app, ["deliveries", *words])
        assert done.exit_code == 0, done.output
        told: list[str] = []
        monkeypatch.setattr(typer, "echo", told.append)
        await work.pop()(None)
        return "\n".join(told)

    assert await say("failed") == "none"
    await house.drop([body(0), body(1), body(2)])
    first, *_ = await fail(house, 3)
    house.clock.us += 9 * DAY
    assert "(overdue)" not in await say("waiting"), "what failed does not wait"
    assert '"people":' in await say("waiting", "--json")
    assert str(FAULT) in await say("failed")
    assert await say("drop", DESK, "--id", str(first), "--reason", "GEVER_TROK_IN") == "1 go no more"
    assert await say("resume", DESK, "--cause", FAULT) == "2 wait again"
    assert "(overdue)" in await say("waiting")
    assert "on hold" in await say("hold", DESK, "--reason", "ONDERHOUD")
    assert "served again" in await say("free", DESK)
    for words in (("resume", DESK), ("resume", DESK, "--cause", "x"), ("hold", "Geen Partij", "--reason", "ONDERHOUD")):
        with pytest.raises(Misconfigured):
            await say(*words)
