"""The officer's page about keeping and removing: who sees it, who may do what, and that it says what happened."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.console.app import create_console
from hub.console.desk import Desk, OfficerDesk
from hub.domain.staff import Role
from tests.fakes import console
from tests.fakes.house import shipped
from tests.fakes.retaining import DECIDER, FG, SECOND, YEAR, Retained, member, open_retained

HERE = "/functionaris/bewaren"
TOKENS = {"officer": SECOND, "decider": DECIDER, "fg": FG, "administrator": member(9, Role.administrator)}


@pytest.fixture
async def kept(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Retained]:
    async with open_retained(engine, tmp_path / "mark") as opened:
        yield opened


def app_over(kept: Retained) -> FastAPI:
    sessions = console.Sessions({name: console.Session(replace(who, name=name)) for name, who in TOKENS.items()})
    officer = OfficerDesk(
        kept.retention.search,
        None,  # type: ignore[arg-type]  # nobody is looked up here
        kept.log,
        kept.notes,
        shipped(),
        retention=kept.retention,
    )
    sign_in = console.SignIn(console.staff(Role.privacy_officer))
    return create_console(Desk(kept.clock, sessions, sign_in, console.PROVIDER, False, officer=officer))


async def page(kept: Retained, token: str) -> httpx2.Response:
    async with console.client(app_over(kept), token) as browser:
        return await browser.get(HERE)


async def post(kept: Retained, token: str, **fields: str) -> httpx2.Response:
    async with console.client(app_over(kept), token) as browser:
        answer = await browser.post(HERE, data={"csrf": "geheim-van-deze-sessie", **fields})
        return await browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def choice(text: str, name: str) -> str:
    found = re.search(rf'<select[^>]*id="{name}".*?<option value="([^"]+)"', text, re.DOTALL)
    assert found is not None
    return found[1]


async def test_two_persons_empty_what_is_past_its_term(kept: Retained):
    (old, *_) = await kept.reads(300)
    kept.clock.us += 3 * YEAR
    text = (await page(kept, "officer")).text
    assert "Termijn voorbij" in text
    assert "Twee jaar nadat een medewerker iets bekeek." in text
    assert "Stel voor om het begin van het logboek te verwijderen" in text
    assert "De beslisser kan nu besluiten" in (await post(kept, "officer", doe="wissen", doel=choice(text, "doel"))).text
    assert (await post(kept, "officer", doe="afknippen")).status_code == 200
    text = (await page(kept, "decider")).text
    assert "De inhoud wissen van 300 regels" in text
    proposal = str(next(one for one in await kept.retention.proposals() if one.purpose).proposal_id)
    assert (await post(kept, "officer", doe="besluit", voorstel=proposal, zeker="ja")).status_code == 409
    assert (await post(kept, "decider", doe="besluit", voorstel=proposal)).status_code == 400
    assert "is uitgevoerd" in (await post(kept, "decider", doe="besluit", voorstel=proposal, zeker="ja")).text
    assert "Klaar, door regel 302" in (await page(kept, "fg")).text
    async with console.client(app_over(kept), "fg") as browser:
        gone = await browser.get(f"/functionaris/logboek/{old}")
    assert (gone.status_code, "Regel 302 van het logboek zegt wie dat besloot" in gone.text) == (404, True)
    for order in ("doel", "soort", "due", "hold"):
        async with console.client(app_over(kept), "fg") as browser:
            assert (await browser.get(f"{HERE}?sorteer={order}&tabel=stand")).status_code == 200


async def test_a_hold_is_opened_by_one_and_lifted_by_another(kept: Retained):
    fields = {"doe": "bewaarplicht", "waarom": "breach", "waarover": "party", "organisatie": "duo"}
    assert (await post(kept, "decider", **fields)).status_code == 409
    for nothing in ({**fields, "organisatie": "gemeente-nergens"}, {**fields, "waarover": "purpose"}):
        held = await post(kept, "fg", **nothing)
        assert (held.status_code, "Er is nu niets vastgelegd" in held.text) == (400, True)
    assert (await kept.holds.standing_holds()) == []
    assert "De bewaarplicht is vastgelegd" in (await post(kept, "fg", **fields)).text
    text = (await page(kept, "fg")).text
    hold = choice(text, "welke")
    assert (await post(kept, "fg", doe="ophef", welke=hold)).status_code == 409
    assert (await post(kept, "officer", doe="ophef", welke=hold)).status_code == 409
    assert "De bewaarplicht is opgeheven" in (await post(kept, "decider", doe="ophef", welke=hold)).text
    assert (await kept.holds.standing_holds()) == []
    for wrong in (
        {"doe": "ophef", "welke": "x"},
        {"doe": "wissen", "doel": "9"},
        {"doe": "iets"},
        {**fields, "waarover": "person"},
    ):
        assert (await post(kept, "fg", **wrong)).status_code == 400


async def test_who_keeps_the_systems_running_sees_nothing_here(kept: Retained):
    assert (await page(kept, "administrator")).status_code == 403
