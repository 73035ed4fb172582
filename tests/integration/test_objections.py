"""Which objections wait for a ruling, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.statement import Channel, Scope
from hub.db import transaction
from hub.domain.facts import StatementKind, StatementState, Voice
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PartyId, Term
from hub.errors import Malformed, Refused, Tampered
from hub.rules import Rules
from hub.statements.desk import Statements
from hub.statements.rulings import Rulings
from hub.statements.said import Said, Spoken
from tests import canary
from tests.fakes.house import House, body, open_house
from tests.fakes.statements import desk_over, scope
from tests.fakes.wide import CARE, DAY, SCHOOL, WIDE


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=Rules(WIDE)) as opened:
        yield opened


@pytest.fixture
def desk(house: House) -> Statements:
    return desk_over(house)


async def objects(desk: Statements, about: Scope, **other: Any) -> UUID:
    spoken = Spoken(SCHOOL, Voice.jongere, Channel.balie, Term(SCHOOL))
    given: dict[str, Any] = {"kind": StatementKind.bezwaar, "scope": about, "spoken": spoken, "begins": DAY, **other}
    return (await desk.record(canary.BSN, Said(**given))).statements[-1]


async def test_what_waits_is_listed_until_a_controller_ruled(house: House, desk: Statements):
    first = await objects(desk, scope(None, {CARE}))
    second = await objects(desk, Scope())
    preference = await objects(
        desk, scope(None, {CARE}), kind=StatementKind.contactvoorkeur, ends=DAY.replace(year=2027), also_objection=True
    )
    waiting = await Rulings(desk).waiting()
    assert [one.statement_id for one in waiting] == [first, second, preference]
    assert (waiting[0].asked, waiting[0].controllers) == ((CARE,), (WIDE.parties[CARE].controller,))
    assert waiting[1].asked == (SCHOOL,)  # nobody was given anything: who heard it passes it on
    assert not canary.found_in(*map(repr, waiting))

    ruler = Staff(StaffId("m-0000000000000001"), "", frozenset({Role.decision_maker}), waiting[0].controllers[0])
    with pytest.raises(Refused, match="You do not decide"):
        await Rulings(desk).rule(first, True, WIDE.parties[SCHOOL].controller, ruler)
    await Rulings(desk).rule(first, True, waiting[0].controllers[0], ruler)
    await desk.decide_objection(second, False, waiting[1].controllers[0])
    assert [one.statement_id for one in await Rulings(desk).waiting()] == [preference]
    for done in (first, second):
        with pytest.raises(Refused, match="does not wait"):
            await Rulings(desk).find(done)
    assert (await Rulings(desk).find(preference)).statement_id == preference


async def test_one_controller_rejects_for_its_own_alone(house: House, desk: Statements):
    parties = WIDE.parties
    said = await objects(desk, scope(None, {CARE, SCHOOL}))
    own, other = parties[CARE].controller, parties[SCHOOL].controller
    assert own != other
    (before,) = await Rulings(desk).waiting()
    await Rulings(desk).decide(said, False, own)
    (one,) = await Rulings(desk).waiting()
    assert (one.asked, one.controllers, one.until) == ((SCHOOL,), (other,), before.until)
    with pytest.raises(Malformed):
        await Rulings(desk).decide(said, False, own)
    (told,) = await desk.history(canary.BSN)
    assert (told.hold.scope.parties, told.hold.state) == ({SCHOOL}, StatementState.given)
    await Rulings(desk).decide(said, False, other)
    assert await Rulings(desk).waiting() == ()
    (told,) = await desk.history(canary.BSN)
    assert told.hold.state is StatementState.refused


async def test_one_that_was_taken_back_or_made_up_is_not_among_them(house: House, desk: Statements, owner_engine: AsyncEngine):
    gone = await objects(desk, Scope())
    await desk.withdraw_one(gone, Spoken(SCHOOL, Voice.jongere, Channel.balie, Term(SCHOOL)))
    assert await Rulings(desk).waiting() == ()
    made_up = await objects(desk, scope(None, {CARE}))
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("UPDATE consent_event SET hash = sha256(body) WHERE statement_id = $1", made_up)
    with pytest.raises(Tampered):
        await Rulings(desk).waiting()


async def test_who_was_given_it_is_asked(house: House, desk: Statements):
    await house.send(body())
    await objects(desk, scope({"begeleiding-doorstroompunt"}))
    await objects(desk, scope({"proef-bellen"}))
    given = [each["recipient"] for each in await house.entries() if each.get("purpose") == "begeleiding-doorstroompunt"]
    first, second = await Rulings(desk).waiting()
    assert first.asked == tuple(given)
    assert second.asked == (SCHOOL,)

    (asked,) = given
    with pytest.raises(Refused):
        await Rulings(desk).rule_for(second.statement_id, True, PartyId(asked))
    for _ in range(2):  # whoever repeats a call changes nothing
        await Rulings(desk).rule_for(first.statement_id, True, PartyId(asked))
    assert [one.statement_id for one in await Rulings(desk).waiting()] == [second.statement_id]
    with pytest.raises(Refused):
        await Rulings(desk).rule_for(first.statement_id, False, PartyId(asked))
