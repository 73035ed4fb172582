"""The desk's page of what is handed out: for whom, in which form, and what of it is logged and kept."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode
from zipfile import ZipFile

import httpx2
import pytest
from fastapi import FastAPI
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.console.app import create_console
from hub.rights.answer import SearchReason
from tests import canary
from tests.fakes import console
from tests.fakes.house import DESK, House, body, open_house
from tests.fakes.officer import ADMINISTRATOR, AUDITOR, OFFICER, console_over

PAGE = "/functionaris/uitvoer"
SOMEBODY = next(iter(canary.numbers()))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        await opened.send(body(0, bsn=SOMEBODY))
        await opened.route.release(DESK, 10)
        yield opened


@pytest.fixture
async def app(house: House) -> FastAPI:
    return await console_over(house)


async def post(app: FastAPI, session: str, path: str = PAGE, **fields: str) -> httpx2.Response:
    form = urlencode({"csrf": console.Session(console.staff()).csrf, **fields})
    async with console.client(app, session) as client:
        return await client.post(path, content=form, headers={"content-type": "application/x-www-form-urlencoded"})


@pytest.mark.parametrize(
    ("form", "begins", "operation"),
    [
        ("xlsx", b"PK", "export-xlsx"),
        ("csv", "\ufeffPlaats".encode(), "export-csv"),
        ("pdf", b"%PDF-", "export-report"),
        ("ldv", b'{"resourceSpans"', "export-ldv"),
        ("archief", b"PK", "export-archive"),
    ],
)
async def test_each_form_is_given_to_a_reader_and_logged(
    app: FastAPI, house: House, form: str, begins: bytes, operation: str
) -> None:
    answer = await post(app, AUDITOR, vorm=form)
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert "attachment" in answer.headers["content-disposition"]
    logged = (await house.entries())[-1]
    assert (logged["operation"], logged["kind"]) == (operation, "export")
    assert logged["details"]["staff"].startswith("m-")


async def test_the_archive_of_the_desk_is_the_log(app: FastAPI, house: House) -> None:
    answer = await post(app, OFFICER, vorm="archief")
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("checkpoint").decode() == await house.log.checkpoint()


async def test_the_archive_as_a_witness_saw_it_is_there_once_one_did(app: FastAPI, house: House) -> None:
    async with console.client(app, OFFICER) as client:
        assert "archief-getuige" not in (await client.get(PAGE)).text
    assert (await post(app, OFFICER, vorm="archief-getuige")).headers["content-type"] == "text/html; charset=utf-8"
    note, desk = await house.log.checkpoint(), app.state.desk
    await house.send(body(1))

    async def witnessed() -> str:
        return note

    exports = replace(desk.officer.exports, witnessed=witnessed)
    seen = create_console(replace(desk, officer=replace(desk.officer, exports=exports)))
    async with console.client(seen, OFFICER) as client:
        assert "archief-getuige" in (await client.get(PAGE)).text
    answer = await post(seen, OFFICER, vorm="archief-getuige")
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("checkpoint").decode() == note


async def test_what_cannot_be_made_is_a_page_and_no_file(app: FastAPI) -> None:
    answer = await post(app, OFFICER, vorm="fsc")  # no OIN of the operator is known
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert (await post(app, OFFICER, vorm="csv", van="2026-12-01", tot="2026-11-01")).status_code == 400
    assert (await post(app, OFFICER, vorm="onzin")).status_code == 400
    assert (await post(app, ADMINISTRATOR, vorm="csv")).status_code == 403


async def test_the_letter_tells_who_got_what_and_is_kept_nowhere(
    app: FastAPI, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    answer = await post(app, OFFICER, f"{PAGE}/persoon", nummer=SOMEBODY, reden=SearchReason.inzage.value)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    reader = PdfReader(io.BytesIO(answer.content))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "nl"
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert "Wie kreeg gegevens over u?" in text
    assert "Doorstroompunt Lindemark" in text
    assert SOMEBODY not in text
    assert SOMEBODY.encode() not in answer.content
    searched, made = (await house.entries())[-2:]
    assert (searched["operation"], made["operation"], made["about"]) == ("search-person", "export-letter", "person")
    assert made["details"]["search"] == searched["ref"]
    assert not list(scratch.iterdir())


async def test_the_letter_is_for_those_who_may_search(app: FastAPI, house: House) -> None:
    before = len(await house.entries())
    assert (await post(app, AUDITOR, f"{PAGE}/persoon", nummer=SOMEBODY, reden=SearchReason.inzage.value)).status_code == 403
    wrong = await post(app, OFFICER, f"{PAGE}/persoon", nummer="123456789", reden=SearchReason.inzage.value)
    assert wrong.status_code == 400
    assert "123456789" not in wrong.text
    assert (await post(app, OFFICER, f"{PAGE}/persoon", nummer=SOMEBODY)).status_code == 400
    assert len(await house.entries()) == before
    async with console.client(app, AUDITOR) as client:
        assert "Overzicht voor één persoon" not in (await client.get(PAGE)).text
    async with console.client(app, OFFICER) as client:
        assert "Overzicht voor één persoon" in (await client.get(PAGE)).text
