"""The systems of a gemeente over real databases: the BRP asked over the REST interface, deliveries pushed into its cases."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.connector import Endpoint, Setup
from hub.connectors.gemeente_zgw.client import open_sink
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PartyId
from hub.identity.partners import BEVRAGEN
from hub.inquiry.registers import ActiveRegisters
from hub.inquiry.service import Inquiries
from hub.normalise.mapping import load_mapping
from hub.push.worker import Target
from hub.receive.inquiries import INQUIRIES_PATH
from hub.registry import Connector, load_connectors
from hub.setups.actor import Actor
from hub.setups.checks import Checks
from hub.setups.service import Setups
from ops.demo.gemeente import KEY
from tests.fakes.gemeente import BSN, PERSON, Gemeente
from tests.fakes.house import DESK, House, body, open_house, shipped
from tests.fakes.partner import Desk, ec_key
from tests.fakes.pushing import Watched, all_acknowledged, pusher, settle
from tests.fakes.recorder import LOG, OPERATOR

ASKER, NAME, TASK = PartyId("werk-en-inkomen-aldermeer"), "brp-aldermeer", "participatiewet"
ANNA = Actor.staff(Staff(StaffId("m-0123456789abcdef"), "Anna", frozenset({Role.administrator})))
BRAM = Actor.client("beheer-systeem")


@pytest.fixture(scope="module")
def gemeente() -> Iterator[Gemeente]:
    with Gemeente() as running:
        yield running


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
async def setups(house: House, engine: AsyncEngine, gemeente: Gemeente) -> Setups:
    """With the BRP of Aldermeer set up by two people."""
    checks = Checks(load_connectors(), lambda: shipped().policy.parties)
    made = Setups(engine, LOG, house.log, _notes(house), house.vault, house.clock, secrets.token_bytes, checks)
    said = {
        "id": NAME,
        "connector": "gemeente_brp",
        "party": "college-aldermeer",
        "college": "college-aldermeer",
        "protocol": "rest",
        "address": gemeente.where["brp"],
        "options": {"tasks": TASK, "gemeente": "9001"},
    }
    await made.create(Setup.model_validate(said), ANNA)
    await made.credential(NAME, "api_key", KEY.encode(), ANNA)
    await made.propose(NAME, ANNA)
    await made.activate(NAME, 1, BRAM)
    return made


def _notes(house: House) -> Notes:
    return Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)


async def _mapping(connector: Connector, _instance: str) -> Any:
    return load_mapping(connector.mapping)


async def ask(house: House, setups: Setups, number: str) -> Any:
    registers = ActiveRegisters(setups.running, _mapping)
    asks = Inquiries(
        registers, house.route, _notes(house), house.people, lambda: shipped().policy.parties, house.digests, house.clock,
        secrets.token_bytes, LOG,
    )  # fmt: skip
    desk = Desk(clock=house.clock, asks=asks)
    partner = desk.partners.add(ASKER, "asker", ec_key("gemeente"), scopes=frozenset({BEVRAGEN}))
    said = {"register": NAME, "bsn": number, "gebruiker": "j.jansen", "taak": TASK}
    headers = {"Authorization": f"Bearer {desk.token(partner)}", "Idempotency-Key": str(uuid4())}
    async with desk.client() as client:
        answer = await client.post(INQUIRIES_PATH, json=said, headers=headers)
    await registers.close()
    return answer


async def test_the_brp_is_asked_for_no_more_and_says_no_more_than_was_agreed(
    house: House, setups: Setups, gemeente: Gemeente
) -> None:
    gemeente.registers({**PERSON, "nationaliteiten": [{"nationaliteit": {"omschrijving": "geheim123"}}]})
    gemeente.dial("more")  # it gives whatever it has
    answer = await ask(house, setups, BSN)
    assert answer.status_code == 200, answer.text
    (delivery,) = answer.json()["bezorgingen"]
    assert delivery["inhoud"] == {
        "bsn": BSN,
        "geslachtsnaam": "Verzonnen",
        "voorvoegsel": "van der",
        "voornamen": "Noor Elif",
        "geboortedatum": "2006-02-28",
        "straatnaam": "Lindelaan",
        "huisnummer": 12,
        "huisnummertoevoeging": "b3",
        "postcode": "1234AB",
        "woonplaats": "Aldermeer",
        "indicatieGeheim": True,
    }
    gemeente.dial()
    assert len(gemeente.state()["asked"]) == 1
    assert (await ask(house, setups, "999923389")).json()["gevonden"] is False


async def test_who_has_died_is_told_of_to_nobody(house: House, setups: Setups, gemeente: Gemeente) -> None:
    gemeente.registers({**PERSON, "opschortingBijhouding": {"reden": {"code": "O"}}})
    said = (await ask(house, setups, BSN)).json()
    assert (said["gevonden"], said["besluit"], said["redenen"], said["bezorgingen"]) == (False, None, [], [])
    (refused,) = [entry for entry in await house.entries() if entry["kind"] == "refusal"]
    assert refused["reasons"] == ["PERSOONLIJK"]  # why says something about a person: it is sealed


async def test_an_answer_about_somebody_else_leaves_nothing_behind(house: House, setups: Setups, gemeente: Gemeente) -> None:
    gemeente.registers(PERSON)
    gemeente.dial("other")
    answer = await ask(house, setups, BSN)
    gemeente.dial()
    assert answer.status_code >= 500
    assert "Verzonnen" not in answer.text
    assert not [entry for entry in await house.entries() if entry["kind"] == "disclosure"]


async def test_every_delivery_is_one_whole_case_whatever_the_system_does_meanwhile(house: House, gemeente: Gemeente) -> None:
    await house.drop([body(number) for number in range(6)])
    at = gemeente.zgw()
    sink = Watched(house, open_sink(Endpoint(at.address, at.options, at.credentials, 5.0)))
    pushing, target = pusher(house), Target(DESK, sink, 3, 1, 5.0)
    for mode, on in (
        ("unanswered", "POST /zaken/api/v1/zaken"),
        ("truncated", "POST /zaken/api/v1/rollen"),
        ("503", "statussen"),
    ):
        gemeente.dial(mode, on, times=1)
        await pushing.once(target)
        house.clock.us += 3_600_000_000
    gemeente.dial()
    await settle(house, pushing, target)
    await sink.close()
    assert await all_acknowledged(house)
    state = gemeente.state()
    assert len(state["zaken"]) == len({zaak["identificatie"] for zaak in state["zaken"]}) == 6
    for kind in ("rollen", "statussen"):
        assert Counter(row["zaak"] for row in state[kind]) == Counter(zaak["url"] for zaak in state["zaken"])
    held = {row["betrokkeneIdentificatie"]["inpBsn"] for row in state["rollen"]}
    assert len(held) == 6
