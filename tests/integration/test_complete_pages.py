"""That an answer about a person left nothing out, at the desk and beside it; and what the desk says of the log's witnesses."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import httpx2
import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.domain.terms import ReasonCode
from hub.witness.model import REFUSED, Asked
from hub.witness.service import Standing
from tests import canary
from tests.fakes import console
from tests.fakes.house import House, body, open_house
from tests.fakes.officer import AUDITOR, OFFICER, console_over

PERSON = "/functionaris/persoon"
CSRF = console.Session(console.staff()).csrf
VERIFIER = Path(__file__).parents[2] / "ops/verify/verify.py"
SOMEBODY, NOBODY = (number for number, _ in zip(canary.numbers(), range(2), strict=False))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
async def officer(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    async with console.client(await console_over(house), OFFICER) as client:
        yield client


async def post(client: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    form = urlencode({"csrf": CSRF, **fields})
    return await client.post(path, content=form, headers={"content-type": "application/x-www-form-urlencoded"})


async def complete(client: httpx2.AsyncClient, number: str, wanted: str, reason: str = "controle-fg") -> httpx2.Response:
    return await post(client, f"{PERSON}/volledig", nummer=number, reden=reason, doe=wanted)


async def test_nothing_was_left_out_and_something_was(house: House, officer: httpx2.AsyncClient) -> None:
    await house.drop([body(0), body(1)])
    whole = await complete(officer, SOMEBODY, "vergelijk")
    assert "Er ontbreekt niets" in whole.text
    assert SOMEBODY not in whole.text
    noted = (await house.entries())[-1]
    assert (noted["operation"], noted["details"]["reason"]) == ("person-complete", "controle-fg")
    answer = await post(officer, PERSON, nummer=SOMEBODY, reden="controle-fg")
    theirs = [entry for entry in await house.entries() if entry["kind"] in ("disclosure", "refusal")]
    hidden = next(UUID(str(one["ref"])) for one in theirs if str(one["ref"]) in answer.text)
    await house.vault.unlink([hidden])
    lacking = await complete(officer, SOMEBODY, "vergelijk")
    assert "De zoeklijst klopt niet met het logboek" in lacking.text
    assert f"/functionaris/logboek/{hidden}" in lacking.text


async def test_the_key_and_the_list_are_what_the_verifier_asks_for(
    house: House, officer: httpx2.AsyncClient, tmp_path: Path
) -> None:
    await house.drop([body(0), body(1)])
    answer = await post(officer, PERSON, nummer=SOMEBODY, reden="inzageverzoek")
    refs, size = (re.search(rf'name="{name}" value="([^"]+)"', answer.text) for name in ("regels", "stand"))
    assert refs
    assert size
    said = await post(officer, f"{PERSON}/bewijs", regels=refs[1], vorm="lijst", stand=size[1])
    told = orjson.loads(said.content)
    assert (told["log"], told["size"]) == (house.log.log_id, int(size[1]))
    assert told["entries"]
    key = await complete(officer, SOMEBODY, "sleutel", "inzageverzoek")
    assert (key.status_code, key.headers["cache-control"]) == (200, "no-store")
    assert (await house.entries())[-1]["operation"] == "person-key"
    folder = tmp_path / "log"
    async for path, content in house.log.export():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (tmp_path / "trust").write_text(f"log {house.log.vkey}\nquorum none\n")
    (tmp_path / "key").write_bytes(key.content)
    for entries, status in ((told["entries"], 0), (told["entries"][1:], 1)):
        (tmp_path / "list").write_bytes(orjson.dumps({**told, "entries": entries}))
        asked = ["--trust", tmp_path / "trust", "--person", tmp_path / "key", "--expect", tmp_path / "list"]
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, VERIFIER, folder, *asked], capture_output=True, text=True, check=False
        )
        assert (done.returncode, "NOT COMPLETE" in done.stdout) == (status, bool(status)), done.stdout
    for wrong in ("", "0", "x"):
        assert (await post(officer, f"{PERSON}/bewijs", regels=refs[1], vorm="lijst", stand=wrong)).status_code == 400


@pytest.mark.parametrize("wanted", ["vergelijk", "sleutel"])
async def test_what_is_wrong_is_told_without_what_was_typed(house: House, officer: httpx2.AsyncClient, wanted: str) -> None:
    for number, reason, status in (
        (NOBODY, "controle-fg", 409),
        ("123456789", "controle-fg", 400),
        ("", "controle-fg", 400),
        (SOMEBODY, "nieuwsgierig", 400),
    ):
        answer = await complete(officer, number, wanted, reason)
        assert (answer.status_code, "Controleer het formulier" in answer.text) == (status, True)
        assert not any(typed in answer.text for typed in (number, "nieuwsgierig") if typed)
    (looked,) = await house.entries()  # that there is nobody is an answer too
    assert (looked["operation"], NOBODY in str(looked)) == ("search-person", False)
    assert (await complete(officer, SOMEBODY, "anders")).status_code == 400


async def test_an_auditor_compares_nobody(house: House) -> None:
    async with console.client(await console_over(house), AUDITOR) as auditor:
        assert (await auditor.get(f"{PERSON}/volledig")).status_code == 403
        assert (await complete(auditor, SOMEBODY, "sleutel")).status_code == 403
    assert await house.entries() == []


@pytest.mark.parametrize(
    ("trouble", "words"), [(None, "De eerste 1 regels kunnen niet meer"), (REFUSED, "Een getuige zag een ander logboek")]
)
async def test_the_page_of_the_check_says_which_witnesses_there_are(
    house: House, trouble: ReasonCode | None, words: str
) -> None:
    await house.send(body(0))
    seen = Asked("key", 1, 1_800_000_000_000_000, 1_800_000_000_000_000, trouble)
    standing = Standing(["key"], 2, [("Beekdal", seen), ("Elders", None)], 1, 0, 0, None, None)

    async def witnessed() -> Standing:
        return standing

    async with console.client(await console_over(house, witnessed), AUDITOR) as auditor:
        page = (await auditor.get("/functionaris/controle")).text
    for told in (words, "Beekdal", "Elders", "Heeft nog niets gezegd", "verify.html", ".zip"):
        assert told in page
    assert "Er zijn nog geen getuigen" not in page
    async with console.client(await console_over(house), AUDITOR) as auditor:
        assert "Er zijn nog geen getuigen" in (await auditor.get("/functionaris/controle")).text
