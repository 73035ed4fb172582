"""The officer's pages about notices, and the command line's part of them: seen, answered by letter, printed, signed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.notices.model import Notice, State
from hub.notices.plan import DAY
from tests.fakes import console
from tests.fakes.consenting import FOUNDATION
from tests.fakes.officer import ADMINISTRATOR, AUDITOR, OFFICER, console_over
from tests.fakes.told import NUMBERS, Told, open_told

HOME = "/functionaris/intrekkingen"


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def page(told: Told, path: str, token: str = OFFICER) -> httpx2.Response:
    async with console.client(await console_over(told.house), token) as browser:
        return await browser.get(path)


async def post(told: Told, path: str, token: str = OFFICER, **fields: str) -> httpx2.Response:
    async with console.client(await console_over(told.house), token) as browser:
        return await browser.post(path, data={"csrf": "geheim-van-deze-sessie", **fields})


async def one_notice(told: Told) -> Notice:
    await told.consent(0)
    await told.deliver(0)
    return next(one for one in await told.withdrawn(0) if one.recipient == FOUNDATION)


async def test_with_nothing_withdrawn_the_page_says_what_would_stand_there(told: Told):
    answer = await page(told, HOME)
    assert answer.status_code == 200
    assert "Er lopen geen berichten" in answer.text


async def test_what_hurts_most_stands_first_and_silence_is_said(told: Told):
    notice = await one_notice(told)
    told.house.clock.us += 8 * DAY
    await told.watch.tick()
    await told.consent(1)
    await told.deliver(1)
    await told.withdrawn(1)
    text = (await page(told, HOME)).text
    assert "antwoordden niet op tijd" in text
    assert text.index(str(notice.notice_id)) < text.index("Nog niet ontvangen", text.rindex("Stap 2") + 40)
    for order in ("ontvanger", "gevraagd", "aanleiding", "stand", "stap", "uiterlijk"):
        assert (await page(told, f"{HOME}?sorteer={order}&tabel=berichten")).status_code == 200
    assert "Stichting Het Dal" in (await page(told, f"{HOME}?formaat=csv&tabel=berichten")).text
    assert NUMBERS[0] not in text


async def test_a_notice_shows_what_happened_and_whom_to_call(told: Told):
    notice = await one_notice(told)
    told.house.clock.us += 4 * DAY
    await told.watch.tick()
    answer = await page(told, f"{HOME}/{notice.notice_id}", AUDITOR)
    assert "privacy@dal.example" in answer.text
    assert "Niet op tijd beantwoord" in answer.text
    assert "Antwoord per brief invoeren" not in answer.text
    assert (await page(told, f"{HOME}/{uuid4()}")).status_code == 404
    assert (await page(told, f"{HOME}/{notice.notice_id}", ADMINISTRATOR)).status_code == 403


async def test_an_answer_by_letter_is_entered_with_the_name_of_who_entered_it(told: Told):
    notice = await one_notice(told)
    here = f"{HOME}/{notice.notice_id}"
    for fields, sentence in (
        ({"antwoord": ""}, "Kies wat de ontvanger meldt"),
        ({"antwoord": "uitgevoerd", "wijze": "restricted", "brief": "Wij beperkten."}, "genoeg zijn voor wat is gevraagd"),
        ({"antwoord": "uitgevoerd", "wijze": "erased"}, "ondertekende brief"),
        ({"antwoord": "geweigerd"}, "Kies de grond"),
        ({"antwoord": "ontvangen", "doorgegeven": "Jan Jansen"}, "kent de hub niet"),
    ):
        refused = await post(told, f"{here}/antwoord", **fields)
        assert refused.status_code == 400
        assert sentence in refused.text
        assert "Jansen" not in refused.text
    done = await post(told, f"{here}/antwoord", antwoord="uitgevoerd", wijze="erased", brief="Wij wisten alles. Getekend.")
    assert done.status_code == 303
    (entry,) = await told.by("notice-attest")
    assert entry["details"]["staff"] == console.staff().staff_id
    assert entry["details"]["channel"] == "letter"
    shown = (await page(told, here)).text
    assert "gewist" in shown
    assert "Wij wisten alles" in shown
    assert "Wij wisten alles" not in (await page(told, here, AUDITOR)).text
    assert (await post(told, f"{here}/antwoord", antwoord="geweigerd", grond="AVG_18_2")).status_code == 400


async def test_only_an_officer_answers_and_closes(told: Told):
    notice = await one_notice(told)
    here = f"{HOME}/{notice.notice_id}"
    assert (await post(told, f"{here}/antwoord", AUDITOR, antwoord="ontvangen")).status_code == 403
    assert (await post(told, f"{here}/afsluiten")).status_code == 400
    await post(told, f"{here}/antwoord", antwoord="geweigerd", grond="AVG_17_3_E", brief="Er loopt een zaak.")
    assert "Sluit het bericht af" in (await page(told, here)).text
    assert (await post(told, f"{here}/afsluiten")).status_code == 303
    assert (await told.issue.show(notice.notice_id)).state is State.closed
    assert "Toon alleen wat nog loopt" in (await page(told, f"{HOME}?alles=ja")).text


async def test_the_young_person_is_told_who_did_what(told: Told):
    notice = await one_notice(told)
    here = f"{HOME}/{notice.notice_id}"
    before = (await page(told, f"{here}/gevolg")).text
    assert "heeft nog tijd om te antwoorden" in before
    await post(told, f"{here}/antwoord", antwoord="uitgevoerd", wijze="erased", brief="Wij wisten alles.")
    after = (await page(told, f"{here}/gevolg")).text
    assert "De ontvanger bevestigde: gewist." in after
    assert NUMBERS[0] not in after
    signed = await page(told, f"{here}/gevolg/ondertekend")
    assert signed.headers["content-type"] == "application/jose"
    assert signed.text.count(".") == 2
