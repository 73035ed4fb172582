"""The administrator's pages over real databases, where everything that can be stuck is stuck."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Trouble
from hub.console.app import create_console
from hub.domain.staff import Role, StaffId
from hub.receive.drop.store import DropStore
from tests.fakes import admin, console
from tests.fakes.admin import person
from tests.fakes.house import DUO, House, open_house
from tests.fakes.recorder import LOG
from tests.hostile.read import file

CSRF = {"csrf": console.Session(console.staff()).csrf}
CAUSE = "/beheer/mislukt/doorstroompunt-lindemark/PAGINA_GEWEIGERD"
DESK = "/beheer/bezorgingen/doorstroompunt-lindemark"
MAPPING = "/beheer/koppelingen/duo-uitval/mapping"


@dataclass
class Browser:
    """Someone in front of the pages; `drop` is the file with rows in quarantine."""

    house: House
    client: httpx2.AsyncClient
    drop: UUID | None = None

    async def see(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path)
        assert answer.status_code == status, path
        assert answer.headers["cache-control"] == "no-store"
        return answer.text

    async def post(self, path: str, status: int = 303, **fields: str) -> httpx2.Response:
        answer = await self.client.post(path, data={**CSRF, **fields})
        assert answer.status_code == status, path
        return answer

    async def said(self, operation: str) -> list[dict[str, object]]:
        return [entry["details"] for entry in await self.house.entries() if entry["operation"] == operation]


async def open_browser(house: House, *roles: Role, who: str = admin.WHO.staff_id) -> Browser:
    base = console.desk()
    desk = replace(base, administrator=admin.administrator(house, admin.SICK), clock=house.clock)
    token = await base.sessions.begin(replace(admin.WHO, staff_id=StaffId(who), roles=frozenset(roles)))
    return Browser(house, console.client(create_console(desk), token))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
async def calm(house: House) -> Browser:
    """In which nothing ever happened."""
    return await open_browser(house, Role.administrator)


@pytest.fixture
async def stuck(house: House) -> Browser:
    """In which everything is stuck."""
    browser = await open_browser(house, Role.administrator)
    browser.drop = await admin.break_everything(house, admin.administrator(house))
    return browser


def pages(drop: object) -> list[str]:
    return [
        "/beheer",
        "/beheer/koppelingen",
        "/beheer/koppelingen/duo-uitval",
        MAPPING,
        "/beheer/quarantaine",
        f"/beheer/quarantaine/{drop}",
        f"/beheer/quarantaine/{drop}/3",
        "/beheer/bezorgingen",
        DESK,
        "/beheer/mislukt",
        CAUSE,
        f"{CAUSE}/opgeven",
        "/beheer/gezondheid",
    ]


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=";"))


async def test_where_nothing_is_stuck_every_page_says_so(calm: Browser) -> None:
    assert "er draait geen werker" in await calm.see("/beheer"), "what nobody looks at is stuck"
    assert "nog nooit bekeken" in await calm.see("/beheer/koppelingen/duo-uitval")
    for name in (admin.NAME, admin.SCHOOLS):
        await DropStore(calm.house.engine, LOG, DUO, name).polled(Trouble.none, calm.house.clock.us)
    page = await calm.see("/beheer")
    assert "Er staat niets vast" in page
    assert "Wel is er iets mis met de hub zelf" in page
    assert "De quarantaine is leeg" in await calm.see("/beheer/quarantaine")
    assert "Er is niets mislukt" in await calm.see("/beheer/mislukt")
    assert "nog geen bestand gekomen" in await calm.see("/beheer/koppelingen/duo-uitval")
    assert "iedereen is nog op tijd" in await calm.see("/beheer/bezorgingen")
    assert 'href="/beheer/bezorgingen/doorstroompunt-' in await calm.see(
        "/beheer/bezorgingen"
    )  # who waits for nothing can be held


async def test_the_list_has_what_is_stuck_whom_it_hurts_and_until_when_worst_first(stuck: Browser) -> None:
    found = lines(await stuck.see("/beheer?formaat=csv&tabel=vast"))
    assert [one["Ernst"] for one in found] == sorted(one["Ernst"] for one in found)
    first = found[0]
    assert first["Wat staat vast"].startswith("Bezorgen aan Doorstroompunt Lindemark lukt niet")
    assert first["Wie heeft er last van"] == "5 jongeren wachten, van wie 4 te laat"
    assert first["Uiterlijk (wet of afspraak)"].startswith("2026-11-09T23:59")
    assert first["Termijn"] == "1 dag te laat"
    told = " ".join(one["Wat staat vast"] for one in found)
    for words in (
        "aanmelden geweigerd",
        "zijn mislukt",
        "zijn gestopt",
        "opgehouden",
        "geweigerd",
        "halverwege",
        "quarantaine",
    ):
        assert words in told, words
    page = await stuck.see("/beheer")
    assert page.count(">Herstellen</a>") == len(found)
    for href in re.findall(r'href="([^"]+)">Herstellen', page):
        await stuck.see(href.replace("&amp;", "&"))


async def test_no_page_holds_a_value_of_a_row_but_that_of_a_row_that_is_shown(stuck: Browser) -> None:
    numbers = set(admin.NUMBERS)
    for path in pages(stuck.drop):
        page = await stuck.see(path)
        assert admin.NAMED not in page, path
        assert not numbers & set(re.findall(r"\b[0-9]{9}\b", page)), path
    shown = await stuck.post(f"/beheer/quarantaine/{stuck.drop}/3", 200, reden="sender-told")
    assert admin.NAMED in shown.text
    assert admin.NUMBERS[101] in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert admin.NAMED not in await stuck.see(f"/beheer/quarantaine/{stuck.drop}/3")


async def test_a_row_is_shown_for_a_reason_alone_and_that_is_logged(stuck: Browser) -> None:
    path = f"/beheer/quarantaine/{stuck.drop}/3"
    for reason in ("", "nieuwsgierig"):
        assert "Kies waarom u deze rij moet zien" in (await stuck.post(path, 400, reden=reason)).text
    assert await stuck.said("reveal-row") == []
    await stuck.post(path, 200, reden="mapping")
    (entry,) = await stuck.said("reveal-row")
    assert (entry["reason"], entry["staff"]) == ("mapping", admin.WHO.staff_id)
    for row in ("2", "99", "0", "x", "-1", "1" * 12):
        await stuck.see(f"/beheer/quarantaine/{stuck.drop}/{row}", 404)


async def test_nobody_else_sees_or_does_anything(house: House) -> None:
    drop = await admin.break_everything(house, admin.administrator(house))
    before = len(await house.entries())
    for role in (Role.privacy_officer, Role.auditor, Role.fg):
        other = await open_browser(house, role)
        for path in pages(drop):
            await other.see(path, 403)
        await other.post(f"/beheer/quarantaine/{drop}/3", 403, reden="mapping")
        await other.post(f"{DESK}/ophouden", 403, reden="ONDERHOUD")
    stranger = Browser(house, console.client(create_console(replace(console.desk(), administrator=admin.administrator(house)))))
    await stranger.see("/beheer", 303)
    own = await open_browser(house, Role.administrator)
    answer = await own.client.post(f"{CAUSE}/opnieuw", data={"csrf": "x"})
    assert answer.status_code == 403
    assert len(await house.entries()) == before


async def test_a_mapping_is_mended_tried_used_and_the_rows_set_free(stuck: Browser) -> None:
    page = await stuck.see(MAPPING)
    assert "mapping: duo-uitval/2" in page, "the next number is proposed"
    text = admin.INSTALLED.read_text().replace("duo-uitval/1", "duo-uitval/2").replace("MBO: mbo", "MBO: mbo, ROC: mbo")
    tried = await stuck.post(MAPPING, 200, doe="bekijk", mapping=text)
    assert "1 van de 3 bekeken rijen zijn nu te lezen" in tried.text
    assert "ROC: mbo" in tried.text
    assert "Stel voor" in tried.text
    await stuck.post(MAPPING, doe="voorstel", mapping=text.replace("\n", "\r\n"))
    page = await stuck.see(MAPPING)
    assert "door u" in page
    assert "Zet het voorstel in gebruik" not in page
    assert "Kies waarom" in (await stuck.post(MAPPING, 400, doe="alleen", reden="zomaar", mapping=text)).text
    second = await open_browser(stuck.house, Role.administrator, who="m-fedcba9876543210")
    page = await second.see(MAPPING)
    (ref,) = re.findall(r'name="voorstel" value="([^"]+)"', page)
    await stuck.post(f"{MAPPING}/gebruik", 400, voorstel=ref, versie="2")
    answer = await second.post(f"{MAPPING}/gebruik", voorstel=ref, versie="2")
    assert answer.headers["location"] == "/beheer/koppelingen/duo-uitval?gedaan=mapping-in-gebruik"
    assert "duo-uitval/2" in await stuck.see(answer.headers["location"])
    await second.post(f"{MAPPING}/gebruik", 400, voorstel=ref, versie="2")
    again = await stuck.post(MAPPING, 400, doe="voorstel", mapping=text)
    assert "hoger" in again.text
    assert "ROC: mbo" in again.text

    asked = await stuck.post(f"/beheer/quarantaine/{stuck.drop}/proef", 200)
    assert "1 rij is nu te lezen, 2 blijven staan" in asked.text
    answer = await stuck.post(f"/beheer/quarantaine/{stuck.drop}/vrijgeven")
    assert answer.headers["location"].endswith("/uitkomst?opgepakt=1&wacht=2&dubbel=0")
    assert "Nog in quarantaine" in await stuck.see(answer.headers["location"])
    await stuck.see(f"/beheer/quarantaine/{stuck.drop}/uitkomst?opgepakt=veel&wacht=2&dubbel=0", 404)
    assert len(await stuck.said("replay")) == 1


async def test_a_mapping_that_is_wrong_is_told_by_its_line_and_kept(stuck: Browser) -> None:
    wrong = admin.INSTALLED.read_text().replace("{as: pgn}", "{as: pgm} # <b>mijn werk</b>")
    for act in ("bekijk", "voorstel"):
        page = (await stuck.post(MAPPING, 400, doe=act, mapping=wrong)).text
        line = wrong[: wrong.index("pgm")].count("\n") + 1
        assert f"Regel {line} klopt niet" in page
        assert "&lt;b&gt;mijn werk&lt;/b&gt;" in page
    assert "geen YAML" in (await stuck.post(MAPPING, 400, doe="bekijk", mapping="a: [")).text
    assert await stuck.said("mapping-change") == []


async def test_a_sample_is_tried_and_the_sender_gets_numbers_and_reasons(stuck: Browser) -> None:
    data = file(person(100), person(101, GEBOORTEDATUM="05/06/2007", GESLACHTSNAAM=admin.NAMED))
    answer = await stuck.client.post(f"{MAPPING}/voorbeeld", data=CSRF, files={"bestand": ("x.csv", data)})
    assert answer.status_code == 200
    assert "1 van de 2 rijen van het voorbeeld zijn te lezen" in answer.text
    assert admin.NAMED not in answer.text
    report = await stuck.see(f"/beheer/quarantaine/{stuck.drop}/terugmelding.csv")
    assert [row["rij"] for row in lines(report)] == ["3", "4", "5"]
    assert admin.NAMED not in report
    assert [one["rows"] for one in await stuck.said("bounce")] == [3]


async def test_a_refused_file_is_read_again_once(stuck: Browser) -> None:
    page = await stuck.see("/beheer/koppelingen/duo-uitval")
    paths = re.findall(r'action="(/beheer/koppelingen/[^"]+/opnieuw)"', page)
    assert len(paths) == 2
    answer = await stuck.post(paths[0])
    assert "opnieuw in" in await stuck.see(answer.headers["location"])
    assert "Dit kan niet meer" in (await stuck.post(paths[0], 400)).text
    await stuck.post(paths[1].replace("duo-uitval", "duo-reserve"), 404)
    assert len(await stuck.said("file-again")) == 1


async def test_a_recipient_is_held_for_a_reason_and_freed(stuck: Browser) -> None:
    assert "Kies waarom" in (await stuck.post(f"{DESK}/ophouden", 400, reden="zomaar")).text
    answer = await stuck.post(f"{DESK}/ophouden", reden="TWIJFEL_INHOUD")
    page = await stuck.see(answer.headers["location"])
    assert "Deze ontvanger krijgt nu niets" in page
    assert "Er is twijfel of de gegevens kloppen." in page
    await stuck.post(f"{DESK}/ophouden", 400, reden="ONDERHOUD")
    await stuck.post(f"{DESK}/vrijgeven")
    assert "Dit kan niet meer" in (await stuck.post(f"{DESK}/vrijgeven", 400)).text
    await stuck.see("/beheer/bezorgingen/niemand", 404)
    await stuck.see("/beheer/bezorgingen/Niemand!", 404)


async def test_failed_deliveries_go_again_or_are_given_up_one_or_all(stuck: Browser) -> None:
    page = await stuck.see(CAUSE)
    assert "1 latere wacht daarachter" in page
    one, other = re.findall(rf'href="{CAUSE}/([0-9a-f-]{{36}})"', page)
    assert "Pogingen" in await stuck.see(f"{CAUSE}/{one}")
    assert "1 bezorging opgeven?" in await stuck.see(f"{CAUSE}/opgeven?bezorging={one}")
    page = (await stuck.post(f"{CAUSE}/opgeven", 400, bezorging=one, reden="GEVER_TROK_IN")).text
    assert "Vink aan" in page
    assert one in page
    assert await stuck.said("drop-deliveries") == []
    await stuck.post(f"{CAUSE}/opgeven", bezorging=one, reden="GEVER_TROK_IN", zeker="ja")
    await stuck.see(f"{CAUSE}/{one}", 404)
    answer = await stuck.post(f"{CAUSE}/opnieuw")
    assert "staan weer klaar" in await stuck.see(answer.headers["location"])
    assert "Dit kan niet meer" in (await stuck.post(f"{CAUSE}/opnieuw", 400, bezorging=other)).text
    assert [entry["count"] for entry in await stuck.said("resume-deliveries")] == [1]
    await stuck.see(f"{CAUSE}/opgeven", 404)
    for path in (f"{CAUSE}/opgeven?bezorging=x", "/beheer/mislukt/duo/kleine-letters"):
        await stuck.see(path, 404)


async def test_rows_that_are_not_what_was_sealed_stop_everything(stuck: Browser) -> None:
    await stuck.house.rows("UPDATE receive_quarantine SET sealed = sealed || '\\x00' WHERE row_number = 3")
    for path in (f"/beheer/quarantaine/{stuck.drop}", f"/beheer/quarantaine/{stuck.drop}/3"):
        assert "bel de privacyfunctionaris" in await stuck.see(path, 500)
    assert "bel de privacyfunctionaris" in (await stuck.post(f"/beheer/quarantaine/{stuck.drop}/vrijgeven", 500)).text


async def test_tables_are_sorted_and_given_out(stuck: Browser) -> None:
    for path, name in (
        ("/beheer", "koppelingen"),
        ("/beheer/koppelingen", "in"),
        ("/beheer/koppelingen", "uit"),
        ("/beheer/koppelingen/duo-uitval", "bestanden"),
        ("/beheer/quarantaine", "quarantaine"),
        (f"/beheer/quarantaine/{stuck.drop}", "rijen"),
        ("/beheer/bezorgingen", "bezorgingen"),
        ("/beheer/mislukt", "mislukt"),
        ("/beheer/mislukt", "gestopt"),
        (CAUSE, "bezorgingen"),
        ("/beheer/gezondheid", "mis"),
        ("/beheer/gezondheid", "goed"),
    ):
        assert lines(await stuck.see(f"{path}?formaat=csv&tabel={name}")), (path, name)
    (run,) = [
        one for one in lines(await stuck.see("/beheer/koppelingen?formaat=csv&tabel=in")) if one["Koppeling"] == "duo-uitval"
    ]
    assert int(run["Ontvangen"]) == sum(int(run[name]) for name in ("Aanvaard", "Apart gezet", "Dubbel"))


async def test_health_is_told_worst_first_with_what_to_do(stuck: Browser) -> None:
    found = lines(await stuck.see("/beheer/gezondheid?formaat=csv&tabel=mis"))
    assert [one["Staat"] for one in found] == ["fout", "let op", "niet bekeken"]
    assert all(one["Wat nu te doen"] for one in found)


async def test_health_in_another_order_is_what_was_found_and_the_page_itself_looks_again(stuck: Browser) -> None:
    looked = re.compile(r"Bekeken op.*?\.")
    first, second = [], []
    for seen in (first, second):
        seen += looked.findall(await stuck.see("/beheer/gezondheid"))
        stuck.house.clock.us += 59_000_000
        assert looked.findall(await stuck.see("/beheer/gezondheid?tabel=mis&sorteer=onderdeel")) == seen
    assert len(first) == 1
    assert first != second
    stuck.house.clock.us += 2_000_000
    assert looked.findall(await stuck.see("/beheer/gezondheid?tabel=mis&sorteer=onderdeel")) != second
