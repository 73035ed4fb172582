"""The duty to inform over a real log: whose it is, by when, that it was done, and what the officer and the young person see."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.clock import legal_date
from hub.consent.model import Agreement, PolicySet
from hub.consent.policy import named_by_hash
from hub.db import transaction
from hub.domain.terms import Micros, PartyId
from hub.errors import Malformed, Tampered
from hub.notices.plan import DAY
from hub.rights.informing.model import Reported, Standing, Telling
from hub.rights.informing.service import Informing
from tests.fakes.consenting import AGENCY, FOUNDATION, consenting, young
from tests.fakes.house import DUO, LOG, OPERATOR
from tests.fakes.told import NUMBERS, Told, open_told

TEXT = "Wij kregen uw naam en geboortedatum omdat u dat goed vond."


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def informing(told: Told) -> Informing:
    return informing_of(told)


def informing_of(told: Told) -> Informing:
    house = told.house
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    return Informing(house.engine, Search(house.engine, LOG, OPERATOR, house.vault.tags_of), notes, house.vault.tags_of)


def today(told: Told) -> date:
    return legal_date(Micros(told.house.clock.us))


async def delivered(told: Told, number: int = 0) -> tuple[UUID, UUID]:
    """What the foundation and the agency received, in this order."""
    await told.consent(number)
    made = await told.deliver(number)
    first, second = made
    return first, second


def report(told: Told, *deliveries: UUID, text: bytes | None = None, day: date | None = None) -> Telling:
    return Telling(deliveries, day or today(told), text)


async def one(informing: Informing, recipient: PartyId) -> Standing:
    (found,) = [each for each in await informing.standing() if each.recipient == recipient]
    return found


async def test_what_arrived_is_owed_by_whom_the_clause_names(told: Told, informing: Informing):
    await delivered(told)
    await delivered(told, 1)
    first, second = await one(informing, FOUNDATION), await one(informing, AGENCY)
    assert (first.teller, first.clause, first.received, first.told, first.late) == (FOUNDATION, "dal/1/stichting", 2, 0, 0)
    assert (second.teller, second.clause, second.received) == (FOUNDATION, "dal/1/werk", 2)  # the giver tells of what it gives


async def test_what_has_not_arrived_is_not_owed(told: Told, informing: Informing):
    await told.consent(0)
    await told.house.send(young(0))
    assert await informing.standing() == []
    handed = await told.house.route.release(FOUNDATION, 100)
    assert await informing.standing() == []
    await told.house.route.acknowledge(FOUNDATION, [each.delivery_id for each in handed.deliveries])
    assert [each.received for each in await informing.standing()] == [1]


async def test_it_is_late_after_the_last_day_and_not_on_it(told: Told, informing: Informing):
    first, _ = await delivered(told)
    arrived = today(told)
    told.house.clock.us += 31 * DAY
    assert (await one(informing, FOUNDATION)).late == 0
    told.house.clock.us += DAY
    found = await one(informing, FOUNDATION)
    assert (found.late, found.since) == (1, arrived + timedelta(days=31))
    assert await informing.late(found, 20) == [first]
    await informing.record(report(told, first), FOUNDATION)
    found = await one(informing, FOUNDATION)
    assert (found.told, found.late, found.since) == (1, 0, None)
    assert await informing.late(found, 20) == []


async def test_a_report_is_in_the_log_per_delivery_and_found_when_its_person_asks(told: Told, informing: Informing):
    """GDPR 13, 14 and 5(2): who was told, when, and by whom can be shown."""
    first, second = await delivered(told)
    day = today(told) - timedelta(days=3)
    reported = await informing.record(report(told, first, second, day=day), FOUNDATION)
    assert reported == Reported((first, second), ())
    entries = await told.by("inform-record")
    assert [each["actor"] for each in entries] == [FOUNDATION, FOUNDATION]
    said: Any = {each["details"]["delivery"]: each["details"] for each in entries}  # type: ignore[index]
    digest = sha256(TEXT.encode()).hexdigest()
    assert said[str(first)] == {
        "delivery": str(first),
        "recipient": FOUNDATION,
        "day": int(day.strftime("%Y%m%d")),
        "text": digest,
        "form": "agreement",
    }
    assert {UUID(each["ref"]) for each in entries} <= await told.house.about(await told.tag(0))


async def test_what_was_reported_stands(told: Told, informing: Informing):
    first, _ = await delivered(told)
    once = await informing.record(report(told, first, text=b"\x01" * 32), FOUNDATION)
    again = await informing.record(report(told, first, day=today(told) - timedelta(days=1)), FOUNDATION)
    assert once == again
    assert len(await told.by("inform-record")) == 1
    (row,) = await told.house.rows("SELECT told_on, text_hash, own_text FROM rights_informed")
    assert (row["told_on"], bytes(row["text_hash"]), row["own_text"]) == (today(told), b"\x01" * 32, True)


async def test_who_report_at_once_make_one_entry_between_them(told: Told):
    first, second = await delivered(told)
    reports = [informing_of(told).record(report(told, first, second), FOUNDATION) for _ in range(4)]
    assert set(await asyncio.gather(*reports)) == {Reported((first, second), ())}
    assert len(await told.by("inform-record")) == 2


async def test_only_who_owes_it_may_say_so(told: Told, informing: Informing):
    first, second = await delivered(told)
    nobody = uuid4()
    for caller, mine in ((DUO, ()), (AGENCY, ()), (FOUNDATION, (first, second)), (None, (first, second))):
        reported = await informing.record(report(told, first, second, nobody), caller)
        assert (reported.stands, nobody in reported.unknown) == (mine, True)
    entry = (await told.by("inform-record"))[0]["ref"]
    assert (await informing.record(report(told, UUID(str(entry))), None)).unknown == (UUID(str(entry)),)


@pytest.mark.parametrize(("days", "fault"), [(1, "datum"), (-367, "datum")])
async def test_nobody_is_told_tomorrow_or_long_before(told: Told, informing: Informing, days: int, fault: str):
    first, _ = await delivered(told)
    with pytest.raises(Malformed) as refused:
        await informing.record(report(told, first, day=today(told) + timedelta(days=days)), FOUNDATION)
    assert [each.where for each in refused.value.faults] == [fault]
    assert await told.by("inform-record") == []
    assert (await informing.record(report(told, first, day=today(told) - timedelta(days=366)), FOUNDATION)).stands == (first,)


@pytest.mark.parametrize("count", [0, 501])
async def test_a_report_names_some_deliveries(told: Told, informing: Informing, count: int):
    with pytest.raises(Malformed):
        await informing.record(report(told, *(uuid4() for _ in range(count))), None)


async def test_told_before_it_arrived_counts(told: Told, informing: Informing):
    await told.consent(0)
    await told.house.send(young(0))
    handed = await told.house.route.release(FOUNDATION, 100)
    (first,) = [each.delivery_id for each in handed.deliveries]
    await informing.record(report(told, first), FOUNDATION)
    await told.house.route.acknowledge(FOUNDATION, [first])
    found = await one(informing, FOUNDATION)
    assert (found.received, found.told) == (1, 1)


def _with(policy: PolicySet, **informs: Any) -> PolicySet:
    def changed(agreement: Agreement) -> Agreement:
        if agreement.id != "dal/1":
            return agreement
        duties = [
            clause.model_copy(update={"duty_to_inform": clause.duty_to_inform.model_copy(update=informs)})  # type: ignore[union-attr]
            for clause in agreement.clauses
        ]
        return agreement.model_copy(update={"clauses": tuple(duties)})

    return named_by_hash(replace(policy, agreements=tuple(changed(each) for each in policy.agreements)))


async def test_a_shorter_term_and_an_exception_are_those_of_the_clause(
    engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path
):
    async with open_told(engine, vault_engine, tmp_path / "mark", _with(consenting(), within_days=7)) as told:
        await delivered(told)
        told.house.clock.us += 8 * DAY
        assert (await one(informing_of(told), FOUNDATION)).late == 1


async def test_of_an_exempt_clause_nobody_is_late(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path):
    policy = _with(consenting(), exception="De jongere weet dit al; AVG, artikel 14, vijfde lid, onder a.")
    async with open_told(engine, vault_engine, tmp_path / "mark", policy) as told:
        await delivered(told)
        told.house.clock.us += 400 * DAY
        found = await one(informing_of(told), FOUNDATION)
        assert (found.exempt, found.received, found.late, found.since) == (True, 1, 0, None)


async def test_any_number_of_readers_write_the_same(told: Told):
    await delivered(told)
    readers = [informing_of(told) for _ in range(4)]
    await asyncio.gather(*(each.catch_up() for each in readers))
    assert (await told.house.rows("SELECT count(*) AS n FROM rights_duty"))[0]["n"] == 2


async def test_where_the_policy_set_is_lost_the_recipient_owes_it_within_a_month(
    told: Told, informing: Informing, owner_engine: AsyncEngine
):
    first, _ = await delivered(told)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE consent_policy DISABLE TRIGGER USER")
        await connection.raw.execute("DELETE FROM consent_policy")
        await connection.raw.execute("ALTER TABLE consent_policy ENABLE TRIGGER USER")
    found = await one(informing, AGENCY)
    assert (found.teller, found.exempt) == (AGENCY, False)
    assert (await informing.record(report(told, first), FOUNDATION)).unknown == (first,)  # which text it was, nobody can say


@pytest.mark.parametrize("act", ["UPDATE {} SET told_on = '2020-01-01'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_was_reported_is_only_added_to(told: Told, informing: Informing, owner_engine: AsyncEngine, act: str):
    first, _ = await delivered(told)
    await informing.record(report(told, first), FOUNDATION)
    with pytest.raises(Tampered):
        async with transaction(owner_engine) as connection:
            await connection.raw.execute(act.format("rights_informed"))


async def test_no_number_stands_in_what_was_written(told: Told, informing: Informing):
    first, _ = await delivered(told)
    await informing.record(report(told, first), FOUNDATION)
    entries = [each for each in await told.house.entries() if each["kind"] == EntryKind.statement]
    assert NUMBERS[0] not in str(entries)
