"""The officer's page about the duty to inform, what a person's answer says of it, and the commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.notices.plan import DAY
from hub.rights.informing.model import Telling
from tests.fakes import console
from tests.fakes.consenting import FOUNDATION
from tests.fakes.officer import ADMINISTRATOR, AUDITOR, OFFICER, console_over
from tests.fakes.told import NUMBERS, Told, open_told
from tests.integration.test_informing import delivered, informing_of, today

HERE = "/functionaris/informeren"
TEXT = "Wij kregen uw naam en geboortedatum omdat u dat goed vond."


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def page(told: Told, path: str = HERE, token: str = OFFICER) -> httpx2.Response:
    async with console.client(await console_over(told.house), token) as browser:
        return await browser.get(path)


async def person(told: Told, number: int = 0) -> str:
    async with console.client(await console_over(told.house), OFFICER) as browser:
        fields = {"csrf": "geheim-van-deze-sessie", "nummer": NUMBERS[number], "reden": "inzageverzoek"}
        return (await browser.post("/functionaris/persoon", data=fields)).text


async def test_with_nothing_given_the_page_says_what_would_stand_there(told: Told):
    answer = await page(told)
    assert answer.status_code == 200
    assert "staat hier wie het de jongere vertelt" in answer.text


async def test_what_is_late_stands_first_with_the_text_and_the_deliveries(told: Told):
    first, second = await delivered(told)
    await informing_of(told).record(Telling((second,), today(told), None), None)
    told.house.clock.us += 40 * DAY
    text = (await page(told, token=AUDITOR)).text
    assert "Van 1 verstrekking is niet op tijd gemeld" in text
    assert text.index("Stichting Het Dal: dal/1/stichting") < text.index("Bemiddeling Het Dal: dal/1/werk")
    assert TEXT in text
    assert "Uiterlijk 31 dagen na ontvangst" in text
    assert f"/functionaris/logboek/{first}" in text
    assert f"/functionaris/logboek/{second}" not in text
    assert NUMBERS[0] not in text
    for order in ("ontvanger", "bepaling", "wie", "ontvangen", "verteld", "telaat", "sinds"):
        assert (await page(told, f"{HERE}?sorteer={order}&tabel=informeren")).status_code == 200
    assert "Stichting Het Dal" in (await page(told, f"{HERE}?formaat=csv&tabel=informeren")).text


async def test_who_may_not_read_the_log_reads_nothing_here(told: Told):
    assert (await page(told, token=ADMINISTRATOR)).status_code == 403


async def test_a_person_hears_on_which_day_they_were_told(told: Told):
    first, _ = await delivered(told)
    before = await person(told)
    assert before.count("Nog niet gemeld. Afgesproken is: Bij het eerste gesprek.") == 2
    await informing_of(told).record(Telling((first,), date(2026, 10, 30), None), FOUNDATION)
    after = await person(told)
    assert after.count("Op 30 oktober 2026 verteld door Stichting Het Dal") == 1
    assert after.count("Nog niet gemeld") == 1


async def test_the_entry_is_told_in_words(told: Told):
    first, _ = await delivered(told)
    await informing_of(told).record(Telling((first,), today(told), None), FOUNDATION)
    (entry,) = await told.by("inform-record")
    text = (await page(told, f"/functionaris/logboek/{UUID(str(entry['ref']))}")).text
    assert "meldde Stichting Het Dal dat één jongere is verteld dat Stichting Het Dal gegevens kreeg" in text
    assert "Verteld op (jjjjmmdd)" in text
