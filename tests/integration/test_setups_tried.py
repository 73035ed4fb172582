"""What a trial tells before a connector works: where its rows would go, and the layout that its activation agrees on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import PERSONAL
from hub.db import transaction
from hub.domain.staff import StaffId
from hub.errors import Conflict, Malformed, Refused, Tampered
from hub.formats.agreed import FileColumns
from hub.receive.drop.store import DropStore
from hub.setups.actor import Actor
from hub.setups.rules import FourEyes
from hub.setups.trying import DryRun
from tests.fakes.certificates import private_key
from tests.fakes.house import DESK, DUO, House, open_house
from tests.fakes.recorder import LOG
from tests.hostile.read import file, line
from tests.integration.test_setups import ANNA, BRAM, CAROLA, HOST_KEY, NAME, SECRET, Desk, made, setup

SCHOOL = {"INSTELLINGSCODE": "98ZZ"}
GOOD = line(1, **SCHOOL)


@pytest.fixture
async def desk(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as house:
        yield Desk(house, tried(house))


def tried(house: House) -> Any:
    setups = made(house)
    setups.rules, setups.keyed = house.route.rules, house.digests
    return setups


async def sample(desk: Desk, *rows: bytes, by: Actor = ANNA) -> DryRun:
    return await desk.setups.sample(NAME, 1, file(*rows), by)


async def agreed(desk: Desk) -> FileColumns | None:
    return await DropStore(desk.house.engine, LOG, DUO, NAME).agreed()


async def test_a_trial_tells_where_rows_would_go_and_keeps_nothing_of_them(desk: Desk) -> None:
    await desk.drafted()
    before = await desk.everything()
    away, old = line(2, GEMEENTECODE="0001", **SCHOOL), line(3, GEBOORTEDATUM="19600101", **SCHOOL)
    seen = (await sample(desk, GOOD, away, old)).seen
    assert [(one.where, one.code, one.rows) for one in seen.failing] == [("gemeente", "GEEN_ROUTE", 1)]
    assert [(one.row, one.faults) for one in seen.rows] == [(3, (("gemeente", "GEEN_ROUTE"),))]
    found = seen.outlook
    assert found is not None
    assert DESK in found.to
    assert (found.going, found.nowhere) == (1, 1), "of the other two one goes, and one would be refused to everybody"
    assert {one.rows for one in found.turned if one.recipient == DESK} == {1}
    told = repr(seen) + repr(desk.setups)
    assert not {"999990019", "999990020", "Voorbeeld"} & set(told.replace("'", " ").split())
    for table in ("deliver_outbox", "receive_drop", "receive_quarantine"):
        assert await desk.house.rows(f"SELECT FROM {table}") == []
    assert b"99999" not in (await desk.everything()).replace(before, b"")


async def test_a_reason_that_tells_of_a_person_is_told_without_its_rows(desk: Desk) -> None:
    await desk.drafted()
    found = (await sample(desk, GOOD, line(2, STARTKWALIFICATIE="J", **SCHOOL))).seen.outlook
    assert found is not None
    told = {one.code: one.numbers for one in found.turned}
    assert told.pop(PERSONAL) == ()
    assert not set(told) & desk.house.route.rules.policy.personal
    assert all(told.values())


async def test_it_says_at_once_that_no_agreement_covers_a_party(desk: Desk) -> None:
    school = {"connector": "lvs_csv", "protocol": "upload", "address": "", "options": {}}
    for name, party in (("mbo-lijst", "mbo-zilverlinde"), ("po-lijst", "po-de-beuk")):
        await desk.setups.create(setup(id=name, party=party, **school), ANNA)
    assert DESK in ((await desk.setups.show("mbo-lijst")).reach or ())
    assert (await desk.setups.show("po-lijst")).reach == ()
    found = (await desk.setups.sample("po-lijst", 1, file(GOOD), ANNA)).seen.outlook
    assert found is not None
    assert found.to == ()


async def test_an_activation_agrees_on_the_layout_that_was_tried(desk: Desk) -> None:
    await desk.drafted()
    done = await sample(desk, GOOD)
    assert (done.agrees, done.drift) == (True, None)
    assert "GEBOORTEDATUM" in done.header
    assert await agreed(desk) is None, "nothing is agreed on before somebody activates it"
    await desk.setups.propose(NAME, ANNA)
    standing = (await desk.setups.show(NAME)).standing
    await sample(desk, GOOD)
    assert (await desk.setups.show(NAME)).standing.touched == standing.touched, "the same again is nothing new"
    wider = file(GOOD).replace(b"\r\n", b";MENTOR\r\n", 1)
    assert (await desk.setups.sample(NAME, 1, wider, CAROLA)).agrees
    with pytest.raises(Conflict):
        await desk.setups.activate(NAME, 1, BRAM, seen=standing.touched)
    view = await desk.setups.show(NAME)
    assert view.layout is not None
    assert "MENTOR" in view.layout.names
    await desk.setups.activate(NAME, 1, BRAM, seen=view.standing.touched)
    now = await agreed(desk)
    assert now is not None
    assert (now.digests, now.names) == (view.layout.digests, view.layout.names)
    (entry,) = await desk.said("connector-activate")
    (_, logged) = await desk.said("connector-layout")
    assert entry["details"]["layout"] == logged["details"]["hash"]
    drift = (await sample(desk, GOOD)).drift
    assert drift is not None
    assert drift.missing == ("MENTOR",)


async def test_a_layout_that_the_log_does_not_speak_of_is_agreed_on_by_nobody(desk: Desk, owner_engine: AsyncEngine) -> None:
    await desk.drafted()
    await sample(desk, GOOD)
    await desk.setups.propose(NAME, ANNA)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("UPDATE setup_layout SET body = replace(body, 'GEBOORTEDATUM', 'GEBDATUM')")
    with pytest.raises(Tampered):
        await desk.setups.activate(NAME, 1, BRAM)
    assert await agreed(desk) is None


async def test_who_works_by_two_hands_is_one_person(desk: Desk) -> None:
    member = StaffId(ANNA.word)
    await desk.setups.tie(CAROLA, member, BRAM)
    with pytest.raises(Refused, match="tied already"):
        await desk.setups.tie(CAROLA, member, BRAM)
    await desk.drafted()
    await desk.setups.propose(NAME, ANNA)
    with pytest.raises(FourEyes):
        await desk.setups.activate(NAME, 1, CAROLA)
    await desk.setups.untie(CAROLA, BRAM)
    await desk.setups.activate(NAME, 1, CAROLA)
    (entry,) = await desk.said("hand-tie")
    assert (entry["details"]["hand"], entry["details"]["member"]) == (CAROLA.word, ANNA.word)
    assert len(await desk.said("hand-untie")) == 1


async def test_a_locked_key_is_opened_with_its_passphrase_which_is_kept_nowhere(desk: Desk) -> None:
    await desk.setups.create(setup(), ANNA)
    locked = private_key(SECRET)
    with pytest.raises(Malformed) as none:
        await desk.setups.credential(NAME, "private_key", locked, ANNA)
    assert none.value.faults[0].code == "WACHTWOORDZIN"
    assert "ssh-keygen -p" in str(none.value)
    with pytest.raises(Malformed) as wrong:
        await desk.setups.credential(NAME, "private_key", locked, ANNA, b"something else")
    assert wrong.value.faults[0].code == "WACHTWOORDZIN_ONJUIST"
    await desk.setups.credential(NAME, "private_key", locked, ANNA, SECRET + b"\n")
    await desk.setups.credential(NAME, "known_hosts", HOST_KEY, ANNA)
    await desk.setups.propose(NAME, ANNA)
    await desk.setups.activate(NAME, 1, BRAM)
    (runs,) = await desk.setups.active()
    assert b"BEGIN PRIVATE KEY" in runs.endpoint.credentials["private_key"]
    assert SECRET not in await desk.everything()
    await desk.setups.credential(NAME, "passphrase", SECRET, ANNA)
    await desk.setups.credential(NAME, "private_key", locked, ANNA)
