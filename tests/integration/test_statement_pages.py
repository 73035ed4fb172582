"""The pages about statements, over a real log: looked up, recorded, taken back in two clicks, decided, printed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PartyId
from hub.rules import Rules
from tests import canary
from tests.fakes import console
from tests.fakes.house import House, open_house
from tests.fakes.officer import ADMINISTRATOR, AUDITOR, FG, OFFICER, console_over
from tests.fakes.wide import CARE, HELP, SCHOOL, WIDE

HERE, WAITING = "/functionaris/verklaringen", "/functionaris/bezwaren"
CSRF = console.Session(console.staff()).csrf
BORN = "2005-05-04"
YES = {
    "nummer": canary.BSN,
    "soort": "toestemming",
    "antwoord": "given",
    "stem": "jongere",
    "hoe": "balie",
    "partij": str(SCHOOL),
    "geboren": BORN,
    "doelen": [str(HELP)],
    "partijen": [str(CARE)],
    "tekst_naam": "uitleg-hulp/3",
    "tekst": "Dit zeggen wij u.",
}
NO = {"nummer": canary.BSN, "soort": "bezwaar", "stem": "jongere", "hoe": "telefoon", "partij": str(SCHOOL)}


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=Rules(WIDE)) as opened:
        yield opened


@pytest.fixture
async def app(house: House) -> FastAPI:
    return await console_over(house)


@pytest.fixture
async def officer(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with console.client(app, OFFICER) as client:
        yield client


async def post(client: httpx2.AsyncClient, path: str, fields: dict[str, Any]) -> httpx2.Response:
    form = urlencode({"csrf": CSRF, **fields}, doseq=True)
    return await client.post(HERE + path, content=form, headers={"content-type": "application/x-www-form-urlencoded"})


async def record(client: httpx2.AsyncClient, fields: dict[str, Any]) -> str:
    answer = await post(client, "/nieuw", fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0].removeprefix(HERE)


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        (OFFICER, "", 200),
        (FG, "", 200),
        (AUDITOR, "", 403),
        (ADMINISTRATOR, "", 403),
        (OFFICER, "/nieuw", 200),
        (FG, "/nieuw", 403),
        (OFFICER, "/00000000-0000-4000-8000-000000000000", 404),
        (OFFICER, "/00000000-0000-4000-8000-000000000000/bewijs", 404),
    ],
)
async def test_who_sees_which_page(app: FastAPI, token: str, path: str, status: int) -> None:
    async with console.client(app, token) as client:
        assert (await client.get(HERE + path)).status_code == status


@pytest.mark.parametrize("path", ["/nieuw", "/00000000-0000-4000-8000-000000000000/intrekken"])
async def test_an_fg_changes_nothing(app: FastAPI, house: House, path: str) -> None:
    async with console.client(app, FG) as client:
        assert (await post(client, path, YES)).status_code == 403
    assert await house.entries() == []


async def test_a_statement_is_recorded_shown_and_taken_back(house: House, officer: httpx2.AsyncClient) -> None:
    path = await record(officer, YES)
    page = (await officer.get(HERE + path)).text
    for words in ("Toestemming", "Geldt", "Hulp", WIDE.parties[CARE].name, "De jongere zelf"):
        assert words in page
    answer = await post(officer, f"{path}/intrekken", {"stem": "jongere", "hoe": "balie", "partij": str(SCHOOL)})
    assert answer.status_code == 303
    assert "Ingetrokken" in (await officer.get(HERE + path)).text
    assert [entry["operation"] for entry in await house.entries()] == [
        "statement-record",
        "statement-read",
        "statement-withdraw",
        "statement-read",
    ]
    assert {entry["details"].get("staff") for entry in await house.entries()} == {str(console.staff().staff_id)}


async def test_a_person_is_looked_up_and_the_number_is_not_sent_back(house: House, officer: httpx2.AsyncClient) -> None:
    await record(officer, NO)
    page = await post(officer, "", {"nummer": canary.BSN})
    assert (page.status_code, "Bezwaar: stopt, wacht op besluit" in page.text) == (200, True)
    assert not canary.found_in(page.text, str(await house.entries()))
    wrong = await post(officer, "", {"nummer": "123456789"})
    assert (wrong.status_code, "123456789" in wrong.text) == (400, False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nummer": ""}, "Vul een BSN"),
        ({"nummer": "123456789"}, "Controleer het nummer"),
        ({"soort": ""}, "Kies wat voor verklaring"),
        ({"stem": ""}, "Kies wie dit zegt"),
        ({"hoe": "fax"}, "Kies hoe dit is gezegd"),
        ({"partij": "niemand"}, "Kies de organisatie"),
        ({"doelen": []}, "ten minste één doel"),
        ({"geboren": ""}, "Vul de geboortedatum in"),
        ({"geboren": "4 mei"}, "Dit is geen datum"),
        ({"geboren": "2012-01-01"}, "Deze persoon kan dit niet zeggen"),
        ({"stem": "ouder", "kenmerk": ""}, "kenmerk in van het bewijs"),
        ({"tekst": " "}, "welke tekst is getoond"),
        ({"tekst_naam": "Uitleg"}, "naam/versie"),
        ({"opnieuw": "x"}, "geen kenmerk"),
        ({"soort": "contactvoorkeur", "doelen": []}, "vanaf welke dag"),
        ({"soort": "contactvoorkeur", "doelen": [], "tot": "2027-05-01"}, "ook een bezwaar is"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_of_a_person_comes_back(
    house: House, officer: httpx2.AsyncClient, changes: dict[str, Any], words: str
) -> None:
    answer = await post(officer, "/nieuw", {**YES, **changes})
    assert (answer.status_code, words in answer.text) == (400, True)
    assert not canary.found_in(answer.text)
    assert BORN not in answer.text
    assert await house.entries() == []


async def test_whoever_wants_no_contact_is_asked_whether_they_object(officer: httpx2.AsyncClient) -> None:
    fields = {**NO, "soort": "contactvoorkeur", "tot": "2027-05-01", "ook_bezwaar": "ja"}
    page = (await officer.get(HERE + await record(officer, fields))).text
    assert "Voorkeur voor contact" in page
    assert "Bezwaar: stopt, wacht op besluit" in page


async def test_an_objection_waits_with_its_term_until_its_controller_ruled(app: FastAPI, officer: httpx2.AsyncClient) -> None:
    path = await record(officer, {**NO, "partijen": [str(CARE)], "doelen": [str(HELP)]})
    one = f"{WAITING}{path}"
    assert one in (await officer.get(HERE + path)).text
    async with console.client(app, AUDITOR) as auditor:  # reads whose ruling it is, and looks up nobody
        assert one in (await auditor.get(WAITING)).text
        page = (await auditor.get(one)).text
        assert (HERE in page, "Leg het besluit vast" in page) == (False, False)
        assert (await ruled(auditor, one, "afgewezen", CARE)).status_code == 403
    page = (await officer.get(one)).text
    assert [words in page for words in ("Nog 30 dagen", "2 december 2026", "Zorgaanbieder Rietzorg")] == [True] * 3
    assert not canary.found_in(page)

    stranger, theirs = [await decider(app, party) for party in ("duo", str(CARE))]
    async with console.client(app, stranger) as other:  # it waits for another than theirs
        assert one not in (await other.get(WAITING)).text
        assert ((await other.get(one)).status_code, (await ruled(other, one, "afgewezen", "duo")).status_code) == (403, 403)
    async with console.client(app, theirs) as ruler:
        assert "Leg het besluit vast" in (await ruler.get(one)).text
        assert HERE not in (await ruler.get(one)).text

    assert (await ruled(officer, one, "misschien", CARE)).status_code == 400
    assert (await ruled(officer, one, "afgewezen", "uwv-lindemark")).status_code == 400
    assert (await ruled(officer, one, "afgewezen", "duo")).status_code == 409
    assert (await ruled(officer, one, "afgewezen", WIDE.parties[CARE].controller)).status_code == 303
    assert "Bezwaar afgewezen" in (await officer.get(HERE + path)).text
    assert (one in (await officer.get(WAITING)).text, (await officer.get(one)).status_code) == (False, 404)


async def decider(app: FastAPI, party: str) -> str:
    who = Staff(StaffId("m-00000000000000aa"), "Iemand", frozenset({Role.decision_maker}), PartyId(party))
    token: str = await app.state.desk.sessions.begin(who)
    return token


async def ruled(client: httpx2.AsyncClient, path: str, ruling: str, controller: str) -> httpx2.Response:
    form = urlencode({"csrf": CSRF, "besluit": ruling, "partij": controller})
    return await client.post(path, content=form, headers={"content-type": "application/x-www-form-urlencoded"})


async def test_the_receipt_can_be_printed_and_kept(house: House, officer: httpx2.AsyncClient) -> None:
    path = await record(officer, YES)
    page = (await officer.get(f"{HERE}{path}/bewijs")).text
    for words in ("Ontvangstbewijs", "is een toestemming gegeven", "net zo makkelijk", "uitleg-hulp, versie 3"):
        assert words in page
    assert not canary.found_in(page)
    assert BORN not in page
    file = await officer.get(f"{HERE}{path}/bewijs/ondertekend")
    assert file.headers["content-type"] == "application/jose"
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", file.text)
    assert [entry["operation"] for entry in await house.entries()][1:] == ["statement-read", "statement-read"]
