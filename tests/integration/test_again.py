"""What waits is decided anew when it is fetched and when it is sent: what may not go any more stays, and the log says why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Said
from hub.consent.policy import read_policy
from hub.db import transaction
from hub.domain.facts import StatementKind
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId
from hub.errors import Tampered
from hub.ports import WorkItem
from hub.postgres import PrivatePostgres, Urls
from hub.push.worker import Target
from hub.route import Route
from hub.rules import Rules
from tests import canary
from tests.fakes.house import DESK, DUO, LOG, POLICY, SCHOOL, WORK, House, body, open_house, shipped
from tests.fakes.pushing import pusher, states
from tests.fakes.statements import said
from tests.integration.test_recorder import superuser

DAY = 86_400_000_000


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


class Grateful:
    """A recipient's system that is well, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[Delivered] = []

    async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
        self.got += page
        return Said(frozenset(each.delivery_id for each in page))

    async def close(self) -> None: ...


async def fetched(house: House, recipient: PartyId, page: int = 100) -> list[UUID]:
    """What the recipient gets when it fetches, until nothing waits."""
    got: list[UUID] = []
    while handed := (await house.route.release(recipient, page)).deliveries:
        got += [each.delivery_id for each in handed]
        await house.route.acknowledge(recipient, [each.delivery_id for each in handed])
    return got


async def sent(house: House, recipient: PartyId, page: int = 100) -> list[UUID]:
    """What the recipient gets when it is sent to, until nothing waits."""
    sink = Grateful()
    await pusher(house).drain(Target(recipient, sink, page, 1, 5.0))
    return [each.delivery_id for each in sink.got]


WAYS: list[Callable[..., Awaitable[list[UUID]]]] = [fetched, sent]
both_ways = pytest.mark.parametrize("get", WAYS, ids=["fetched", "sent"])


async def tag(house: House) -> bytes:
    return await house.tag(canary.BSN)


async def state(house: House, subject: bytes, kind: StatementKind, until: date | None = None) -> None:
    """That person says so, from the day of the record on."""
    claim = said(house.digests, LOG, subject, kind, (date(2026, 11, 2), until))
    await house.committer.record(WorkItem(uuid4(), DUO, (), claims=(claim,)))


async def tags(house: House, recipient: PartyId = DESK) -> list[bytes]:
    rows = await house.rows("SELECT subject_tag FROM deliver_outbox WHERE party_id = $1 ORDER BY delivery_id", recipient)
    return [bytes(row["subject_tag"]) for row in rows]


async def stopped(house: House, recipient: PartyId = DESK) -> list[dict[str, Any]]:
    """The entries that say that something was stopped, each of which its delivery agrees with."""
    entries = [each for each in await house.entries() if each.get("outcome") == "stopped"]
    rows = await house.rows(
        "SELECT delivery_id, cause FROM deliver_outbox WHERE party_id = $1 AND state = 'stopped'", recipient
    )
    newest = {each["delivery"]: each["reasons"][0] for each in entries}
    assert {str(row["delivery_id"]): row["cause"] for row in rows} == newest
    return entries


def under(house: House, old: str, new: str) -> Route:
    """The way, as it is under the shipped policy with `new` for every `old`."""
    files = {path.relative_to(POLICY).as_posix(): path.read_text(encoding="utf-8") for path in sorted(POLICY.rglob("*.yaml"))}
    changed = {name: text.replace(old, new) for name, text in files.items()}
    assert changed != files
    other = Rules(read_policy(changed))
    again, endings = replace(house.route.again, rules=other), replace(house.route.endings, rules=other)
    return replace(house.route, rules=other, again=again, endings=endings)


# -- what is no longer permitted


@both_ways
async def test_what_is_still_permitted_goes(house: House, get: Callable[..., Awaitable[list[UUID]]]) -> None:
    await house.drop([body(number) for number in range(3)])
    assert len(await get(house, DESK)) == len(await get(house, WORK)) == 3
    assert await stopped(house) == []


@both_ways
@pytest.mark.parametrize(
    ("recipient", "kind"), [(WORK, StatementKind.bezwaar), (DESK, StatementKind.beperking), (WORK, StatementKind.beperking)]
)
async def test_what_a_person_states_while_it_waits_counts(
    house: House, get: Callable[..., Awaitable[list[UUID]]], recipient: PartyId, kind: StatementKind
) -> None:
    await house.drop([body(0), body(1)])
    await state(house, await tag(house), kind)
    assert len(await get(house, recipient)) == 1
    (entry,) = await stopped(house, recipient)
    assert entry["reasons"][-1] == "PERSOONLIJK"
    assert entry["policy"] == shipped().policy.hash
    assert not canary.found_in(str(await house.entries()))
    assert kind.value.upper() not in str(await house.entries())


@both_ways
async def test_an_objection_stops_not_what_a_law_asks_for(house: House, get: Callable[..., Awaitable[list[UUID]]]) -> None:
    await house.drop([body(0)])
    await state(house, await tag(house), StatementKind.bezwaar)
    assert len(await get(house, DESK)) == 1


@both_ways
@pytest.mark.parametrize(("giver", "year", "reason"), [(SCHOOL, 1999, "BUITEN_DOELGROEP"), (DUO, 2003, "BESLUIT_TOT_23")])
async def test_a_birthday_counts_on_the_day_itself(
    house: House, get: Callable[..., Awaitable[list[UUID]]], giver: PartyId, year: int, reason: str
) -> None:
    for number, day in enumerate(("11-05", "11-06")):
        await house.send(body(number, geboortedatum=f"{year}-{day}"), giver)
    assert await states(house) == {"held": 2}
    house.clock.us += 3 * DAY
    assert len(await get(house, DESK)) == 1
    assert [each["reasons"] for each in await stopped(house)] == [[reason]]


@both_ways
async def test_an_agreement_that_ended_lets_nothing_go(house: House, get: Callable[..., Awaitable[list[UUID]]]) -> None:
    await house.drop([body(0)])
    house.clock.us += 800 * DAY  # 2029
    assert await get(house, DESK) == []
    (entry,) = await stopped(house)
    assert entry["reasons"]


@both_ways
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("      geslachtsnaam: {form: raw, need: Zonder naam kan niemand worden aangesproken.}\n", "", "MINDER_TOEGESTAAN"),
        ("begeleiding-doorstroompunt", "begeleiding-anders", "ANDER_DOEL"),
    ],
)
async def test_a_policy_that_permits_less_or_for_something_else_counts(
    house: House, get: Callable[..., Awaitable[list[UUID]]], old: str, new: str, reason: str
) -> None:
    await house.drop([body(0)])
    house.route = under(house, old, new)
    assert await get(house, DESK) == []
    (entry,) = await stopped(house)
    assert entry["reasons"] == [reason]
    assert entry["policy"] == house.route.rules.policy.hash != shipped().policy.hash


@both_ways
async def test_a_policy_that_permits_more_sends_what_was_permitted_then(
    house: House, get: Callable[..., Awaitable[list[UUID]]]
) -> None:
    policy = "      voornamen: {form: raw, need: De begeleider spreekt de jongere met de voornaam aan.}\n"
    now, house.route = house.route, under(house, policy, "")
    await house.drop([body(0, voornamen="Verzonnen")])
    house.route = now
    assert len(await get(house, DESK)) == 1


@both_ways
async def test_who_is_no_recipient_any_more_gets_nothing(house: House, get: Callable[..., Awaitable[list[UUID]]]) -> None:
    await house.drop([body(0)])
    nowhere = Rules(replace(shipped().policy, regions=()))
    house.route = replace(house.route, again=replace(house.route.again, rules=nowhere))
    assert await get(house, DESK) == []
    assert [each["reasons"] for each in await stopped(house)] == [["GEEN_ONTVANGER_MEER"]]


@both_ways
@pytest.mark.parametrize("change", ["DELETE FROM consent_facts", "UPDATE deliver_outbox SET record_id = NULL"])
async def test_without_its_facts_nothing_can_be_decided(
    house: House, postgres: PrivatePostgres, database_urls: Urls, get: Callable[..., Awaitable[list[UUID]]], change: str
) -> None:
    await house.drop([body(0)])
    vandal = await superuser(postgres, database_urls)
    await vandal.execute(change)
    await vandal.close()
    assert await get(house, DESK) == []
    assert [each["reasons"] for each in await stopped(house)] == [["FEITEN_NIET_BEWAARD"]]


@both_ways
async def test_who_was_erased_is_sent_to_nobody(house: House, get: Callable[..., Awaitable[list[UUID]]]) -> None:
    await house.drop([body(0), body(1)])
    async with transaction(house.vault_engine) as connection:
        await connection.raw.execute("DELETE FROM vault_key WHERE subject_tag = $1", await tag(house))
    assert len(await get(house, DESK)) == 1
    assert [each["reasons"] for each in await stopped(house)] == [["PERSOONLIJK"]]


# -- what becomes of the rest


@both_ways
@pytest.mark.parametrize("page", [1, 4, 100])
async def test_page_after_page_that_is_stopped_holds_up_nobody(
    house: House, get: Callable[..., Awaitable[list[UUID]]], page: int
) -> None:
    await house.drop([body(number) for number in range(20)])
    for each in (await tags(house))[:17]:
        await state(house, each, StatementKind.beperking)
    assert len(await get(house, DESK, page)) == 3
    assert len(await stopped(house)) == 17
    assert await states(house) == {"stopped": 17, "acknowledged": 3}


async def test_while_a_system_is_ill_what_is_stopped_costs_no_time(house: House) -> None:
    """A try that met what may not go any more says nothing of the system: the next goes at once."""
    await house.drop([body(number) for number in range(12)])
    for each in (await tags(house))[:11]:
        await state(house, each, StatementKind.beperking)
    await house.rows("INSERT INTO deliver_recipient (log_id, party_id, failures) VALUES ($1, $2, 9)", LOG, DESK)
    assert len(await sent(house, DESK)) == 1
    assert len(await stopped(house)) == 11


@both_ways
async def test_what_was_stopped_is_decided_anew_when_it_is_let_go(
    house: House, get: Callable[..., Awaitable[list[UUID]]]
) -> None:
    await house.drop([body(0)])
    await state(house, await tag(house), StatementKind.beperking, date(2026, 11, 10))
    assert await get(house, DESK) == []
    (entry,) = await stopped(house)
    delivery = UUID(entry["delivery"])
    endings = house.route.endings
    assert await endings.resume(DESK, [delivery, uuid4()]) == (delivery,)
    assert await get(house, DESK) == []  # it still holds
    assert len(await stopped(house)) == 2
    assert await endings.resume(DESK, [delivery]) == (delivery,)
    house.clock.us += 8 * DAY
    assert await get(house, DESK) == [delivery]
    outcomes = [each["outcome"] for each in await house.entries() if each.get("delivery") == str(delivery)]
    assert outcomes == ["stopped", "resumed", "stopped", "resumed", "handed-over", "acknowledged"]
    assert await endings.resume(DESK, [delivery]) == ()


async def test_nobody_resumes_or_drops_another_recipients(house: House) -> None:
    await house.drop([body(0)])
    await state(house, await tag(house), StatementKind.beperking)
    await sent(house, DESK)
    (entry,) = await stopped(house)
    assert await house.route.endings.resume(WORK, [UUID(entry["delivery"])]) == ()
    assert await states(house) == {"stopped": 1}


# -- what was changed


@both_ways
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE consent_facts SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)",
        "UPDATE deliver_outbox SET digest = sha256('x')",
        "UPDATE deliver_outbox SET nonce = substr(sha256('x'), 1, 16)",
        "UPDATE deliver_outbox SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)",
        "UPDATE audit_entry SET body = replace(convert_from(body, 'UTF8'), 'duo', 'dua')::bytea",
    ],
)
async def test_what_was_changed_leaves_for_nobody(
    house: House, postgres: PrivatePostgres, database_urls: Urls, get: Callable[..., Awaitable[list[UUID]]], change: str
) -> None:
    await house.drop([body(0)])
    vandal = await superuser(postgres, database_urls)
    await vandal.execute(change)
    await vandal.close()
    size = len(await house.entries())
    if get is fetched:
        with pytest.raises(Tampered):
            await get(house, DESK)
    else:
        assert await get(house, DESK) == []
    assert len(await house.entries()) == size
    assert await states(house) == {"held": 1}


async def forge(house: House, subject: bytes) -> None:
    """Somebody who may write to the database, and has no key, puts a statement there in the hub's own form."""
    claim = said(lambda _label, _data: bytes(32), LOG, subject, StatementKind.raadpleging_school, (date(2026, 11, 2), None))
    await house.committer.record(WorkItem(uuid4(), DUO, (), claims=(claim,)))


@both_ways
async def test_a_statement_that_nobody_recorded_sends_nothing(house: House, get: Callable[..., Awaitable[list[UUID]]]) -> None:
    await house.drop([body(0)])
    await forge(house, await tag(house))
    with suppress(Tampered):  # a push says so in its own log, and goes on
        assert await get(house, DESK) == []
    assert not [each for each in await house.entries() if each.get("outcome") == "handed-over"]


async def test_a_statement_that_nobody_recorded_decides_nothing(house: House) -> None:
    await forge(house, await tag(house))
    with pytest.raises(Tampered):
        await house.send(body(0))
    assert await house.rows("SELECT FROM deliver_outbox") == []


@both_ways
async def test_what_waits_is_not_decided_by_another_record_of_the_same_person(
    house: House, get: Callable[..., Awaitable[list[UUID]]]
) -> None:
    await house.drop([body(0)])
    await house.drop([body(0, datumUitschrijving="2026-10-01")])
    one, other = await house.rows("SELECT delivery_id, record_id FROM deliver_outbox WHERE party_id = $1 ORDER BY 1", DESK)
    async with transaction(house.engine) as connection:  # as the hub's own role: this table is one that it writes
        await connection.raw.execute(
            "UPDATE deliver_outbox SET record_id = $1 WHERE delivery_id = $2", other["record_id"], one["delivery_id"]
        )
    if get is fetched:
        with pytest.raises(Tampered):
            await get(house, DESK)
    else:
        assert one["delivery_id"] not in await get(house, DESK)
    assert await house.rows("SELECT FROM deliver_outbox WHERE delivery_id = $1 AND state = 'held'", one["delivery_id"])


async def test_from_a_school_too(house: House) -> None:
    await house.send(body(0), SCHOOL)
    await state(house, await tag(house), StatementKind.beperking)
    assert await sent(house, DESK) == []
    assert [each["reasons"] for each in await stopped(house)] == [["PERSOONLIJK"]]
