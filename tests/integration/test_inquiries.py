"""A register asked over the REST interface: set up by two people, the simulator in a process of its own, real databases."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.connector import Setup
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Malformed
from hub.identity.partners import BEVRAGEN, Partner
from hub.inquiry.registers import ActiveRegisters
from hub.inquiry.service import Inquiries
from hub.normalise.mapping import load_mapping
from hub.ports import RecordMapping
from hub.receive.inquiries import INQUIRIES_PATH
from hub.registry import Connector, load_connectors
from hub.setups.actor import Actor
from hub.setups.checks import Checks
from hub.setups.service import Setups
from ops.demo.uwv_answers import AMOUNT, EMPLOYER, PERSONS, SCHOOL, Person
from tests.fakes.house import House, open_house, shipped
from tests.fakes.partner import Desk, ec_key
from tests.fakes.recorder import LOG, OPERATOR
from tests.fakes.suwinet import ASSISTED, STUDIES, WORKS, Suwinet, suwinet

ALDERMEER, RIETVOORDE = PartyId("werk-en-inkomen-aldermeer"), PartyId("werk-en-inkomen-rietvoorde")
NAME, USER = "suwinet-inkomen", "j.de.vries@aldermeer"
ANNA = Actor.staff(Staff(StaffId("m-0123456789abcdef"), "Anna", frozenset({Role.administrator})))
BRAM = Actor.client("beheer-systeem")


@dataclass
class Town:
    """A hub whose REST interface is asked, over a house, with its registers."""

    house: House
    setups: Setups
    desk: Desk = field(default_factory=Desk)

    def __post_init__(self) -> None:
        notes, house = notes_of(self.house), self.house
        self.registers = ActiveRegisters(self.setups.running, _mapping)
        self.asks = Inquiries(
            registers=self.registers,
            way=house.route,
            notes=notes,
            people=house.people,
            parties=lambda: shipped().policy.parties,
            digest=house.digests,
            clock=house.clock,
            entropy=secrets.token_bytes,
            log_id=LOG,
        )
        self.desk = Desk(clock=house.clock, asks=self.asks)
        self.partners = {
            party: self.desk.partners.add(party, f"{party}-client", ec_key("town"), scopes=frozenset({BEVRAGEN}))
            for party in (ALDERMEER, RIETVOORDE)
        }

    async def register(self, running: Suwinet, services: str = "inkomen", party: str = "uwv", name: str = NAME) -> None:
        """Sets up the register for Aldermeer, as `hub connector create` does."""
        given = {"services": services, "tasks": "participatiewet"}
        setup = {"id": name, "connector": "uwv_suwinet", "party": party, "protocol": "soap", "address": running.url}
        await self.setups.create(Setup.model_validate({**setup, "options": given, "college": "college-aldermeer"}), ANNA)
        await self.setups.propose(name, ANNA)
        await self.setups.activate(name, 1, BRAM)

    async def ask(self, number: str, asker: PartyId = ALDERMEER, name: str = NAME, task: str = "participatiewet") -> Any:
        partner: Partner = self.partners[asker]
        said = {"register": name, "bsn": number, "gebruiker": USER, "taak": task}
        headers = {"Authorization": f"Bearer {self.desk.token(partner)}", "Idempotency-Key": str(uuid4())}
        async with self.desk.client() as client:
            return await client.post(INQUIRIES_PATH, json=said, headers=headers)

    async def everything(self) -> str:
        """Every row of every table of the hub's database, as text, and bytes as hexadecimal digits."""
        tables = await self.house.rows(
            """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
            AND has_table_privilege(oid, 'SELECT')"""
        )
        found = [await self.house.rows(f"SELECT t::text AS row FROM {each['relname']} AS t") for each in tables]
        return "".join(row["row"] for rows in found for row in rows)


async def _mapping(connector: Connector, _instance: ConnectorId) -> RecordMapping:
    return load_mapping(connector.mapping)


def notes_of(house: House) -> Notes:
    return Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)


@pytest.fixture(scope="module")
def running() -> Iterator[Suwinet]:
    with suwinet() as simulator:
        yield simulator


@pytest.fixture
async def town(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as house:
        checks = Checks(load_connectors(), lambda: shipped().policy.parties)
        clock, random = house.clock, secrets.token_bytes
        made = Town(house, Setups(engine, LOG, house.log, notes_of(house), house.vault, clock, random, checks))
        yield made
        await made.registers.close()


async def test_a_college_asks_and_gets_yes_or_no_and_the_log_says_so_twice(town: Town, running: Suwinet) -> None:
    await town.register(running)
    answer = await town.ask(WORKS)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["gevonden"], said["besluit"], said["redenen"]) == (True, "verstrekt", [])
    (delivery,) = said["bezorgingen"]
    assert delivery["inhoud"] == {
        "bsn": WORKS,
        "geboortedatum": "2004-12-31",
        "heeftInkomen": True,
        "heeftUitkering": False,
    }
    entries = {entry["ref"]: entry for entry in await town.house.entries()}
    about = [entries[str(ref)] for ref in await town.house.about(await town.house.tag(WORKS))]
    asked = next(entry for entry in about if entry["operation"] == "register-ask")
    assert (asked["actor"], asked["details"]["connector"]) == (ALDERMEER, NAME)
    disclosed = [entry for entry in about if entry["kind"] == "disclosure"]
    assert [entry["recipient"] for entry in disclosed] == [ALDERMEER]
    assert (await town.house.route.release(RIETVOORDE, 10)).deliveries == ()


async def test_nothing_that_the_register_said_beside_yes_and_no_is_anywhere(town: Town, running: Suwinet) -> None:
    await town.register(running, "inkomen duo bijstand")
    answers = [await town.ask(number) for number in (WORKS, STUDIES, ASSISTED)]
    assert [one.status_code for one in answers] == [200, 200, 200]
    for text in (*(one.text for one in answers), await town.everything(), str(await town.house.entries())):
        for secret in (AMOUNT, EMPLOYER, SCHOOL, "Wederhelft", "20260301", "2026-03-01"):
            assert secret not in text
            assert secret.encode().hex() not in text
    database = await town.everything()
    for secret in (WORKS, USER):
        assert secret not in database
        assert secret.encode().hex() not in database


async def test_another_college_is_refused_and_nothing_leaves(town: Town, running: Suwinet) -> None:
    await town.register(running)
    before = running.counts()["questions"]
    refused = await town.ask(WORKS, RIETVOORDE)
    strange = await town.ask(WORKS, task="schuldhulp")
    unknown = await town.ask(WORKS, name="suwinet-elders")
    assert [one.status_code for one in (refused, strange, unknown)] == [403, 403, 403]
    assert WORKS not in refused.text
    assert running.counts()["questions"] == before
    entries = [entry for entry in await town.house.entries() if entry["operation"] == "register-refused"]
    assert [entry["details"]["code"] for entry in entries] == [
        "GEEN_EIGEN_AANSLUITING",
        "TAAK_NIET_TOEGESTAAN",
        "GEEN_EIGEN_AANSLUITING",
    ]


async def test_what_each_source_gives_passes_along_its_own_clause(town: Town, running: Suwinet) -> None:
    await town.register(running, "duo", "duo", "suwinet-duo")
    (delivery,) = (await town.ask(WORKS, name="suwinet-duo")).json()["bezorgingen"]
    assert delivery["inhoud"] == {
        "bsn": WORKS,
        "geboortedatum": "2004-12-31",
        "startkwalificatie": False,
        "volgtOnderwijs": False,
    }
    await town.register(running, "bijstand", "college-rietvoorde", "suwinet-bijstand")
    (delivery,) = (await town.ask(ASSISTED, name="suwinet-bijstand")).json()["bezorgingen"]
    assert delivery["inhoud"]["ontvangtBijstand"] is True


async def test_the_same_answer_to_two_questions_is_two_deliveries(town: Town, running: Suwinet) -> None:
    await town.register(running)
    first, second = [(await town.ask(WORKS)).json()["bezorgingen"] for _ in range(2)]
    assert [len(first), len(second)] == [1, 1]
    assert first[0]["bezorgingId"] != second[0]["bezorgingId"]
    assert first[0]["inhoud"] == second[0]["inhoud"]


async def test_who_lives_elsewhere_died_or_is_unknown_is_told_of_to_nobody(town: Town, running: Suwinet) -> None:
    await town.register(running)
    elsewhere = (await town.ask(STUDIES)).json()
    assert (elsewhere["gevonden"], elsewhere["besluit"], elsewhere["bezorgingen"]) == (False, None, [])
    (refused,) = [entry for entry in await town.house.entries() if entry["kind"] == "refusal"]
    assert refused["reasons"] == ["ANDERE_REGIO"]
    unknown = (await town.ask("999990019")).json()
    assert unknown == elsewhere, "that a register knows somebody is told to nobody who may not know"
    running.knows(n999909848=Person(died="20261101"))
    try:
        assert (await town.ask(WORKS)).json()["bezorgingen"] == []
        running.knows(n999909848=Person(born="20040000"))
        unread = await town.ask(WORKS)
        assert (unread.status_code, "2004" in unread.text) == (400, False)
    finally:
        running.knows(**{f"n{number}": person for number, person in PERSONS.items()})


async def test_nobody_goes_through_a_register_person_by_person(town: Town, running: Suwinet) -> None:
    await town.register(running)
    town.asks.pace.per_hour = 2
    assert [(await town.ask(WORKS)).status_code for _ in range(2)] == [200, 200]
    before = running.counts()["questions"]
    stopped = await town.ask(STUDIES)
    assert (stopped.status_code, stopped.headers["Retry-After"]) == (503, "3600")
    assert running.counts()["questions"] == before
    assert (await town.ask(WORKS, RIETVOORDE)).status_code == 403, "another party has a pace of its own"


async def test_a_register_that_is_away_answers_nothing_and_the_question_stays_in_the_log(town: Town, running: Suwinet) -> None:
    await town.register(running)
    running.dial("down", service="UWV")
    try:
        answer = await town.ask(WORKS)
    finally:
        running.dial("ok")
    assert answer.status_code == 503
    operations = [entry["operation"] for entry in await town.house.entries()]
    assert operations.count("register-ask") == 1
    assert await town.house.rows("SELECT FROM receive_record") == []
    await town.setups.pause(NAME, ANNA)
    assert (await town.ask(WORKS)).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"college": None}, "college"),
        ({"college": "uwv"}, "college"),
        ({"party": "mbo-zilverlinde"}, "party"),
        ({"options": {"services": "inkomen"}}, "options.tasks"),
        ({"options": {"services": "polis", "tasks": "pw"}}, "options.services"),
    ],
)
async def test_a_register_says_for_which_college_and_tasks_it_is(town: Town, wrong: dict[str, Any], where: str) -> None:
    given: dict[str, Any] = {"id": NAME, "connector": "uwv_suwinet", "party": "uwv", "protocol": "soap"}
    given |= {"address": "https://suwinet.example", "options": {"services": "duo", "tasks": "pw"}}
    setup = Setup.model_validate({**given, "college": "college-aldermeer", **wrong})
    with pytest.raises(Malformed) as refused:
        await town.setups.create(setup, ANNA)
    assert [fault.where for fault in refused.value.faults] == [where]
