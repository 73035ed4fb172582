"""A file that an administrator brings by hand: into the inbox, into the log, and onto no page."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.console.app import create_console
from hub.domain.staff import Role
from hub.receive.inbox import Brought, Inbox, InboxSource, Uploads, content
from tests.fakes import admin, console
from tests.fakes.house import DUO, House, open_house
from tests.fakes.inbox import FakeInstances, inbox_of
from tests.fakes.recorder import LOG, OPERATOR

PATH = f"/beheer/koppelingen/{admin.NAME}/inleveren"
CSRF = console.Session(console.staff()).csrf
DATA = b"bsn;naam\r\n999990019;Verzonnen\r\n" * 3


@dataclass
class Browser:
    house: House
    inbox: Inbox
    client: httpx2.AsyncClient

    async def bring(self, data: bytes = DATA, csrf: str = CSRF, path: str = PATH, **other: Any) -> httpx2.Response:
        files = {"bestand": ("999990019-Verzonnen.csv", data, "text/csv")}
        answer = await self.client.post(path, data={"csrf": csrf}, files=files, **other)
        assert "Verzonnen" not in answer.text
        return answer

    async def waiting(self) -> list[bytes]:
        source = InboxSource(self.inbox, admin.NAME, DUO)
        return [b"".join([block async for block in source.read(one.name)]) for one in await source.list()]


async def open_browser(house: House, *roles: Role) -> Browser:
    base, inbox = console.desk(), inbox_of(house)
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    uploads = Uploads(inbox, FakeInstances(Brought(admin.NAME, DUO, "mail")), notes)
    desk = replace(base, administrator=replace(admin.administrator(house), uploads=uploads), clock=house.clock)
    token = await base.sessions.begin(replace(admin.WHO, roles=frozenset(roles)))
    return Browser(house, inbox, console.client(create_console(desk), token))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def test_a_file_is_brought_unseen_and_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    browser = await open_browser(house, Role.administrator)
    assert f'href="{PATH}"' in (await browser.client.get(PATH.removesuffix("/inleveren"))).text
    form = (await browser.client.get(PATH)).text
    assert 'enctype="multipart/form-data"' in form
    answer = await browser.bring()
    assert (answer.status_code, answer.headers["location"]) == (303, "/beheer/koppelingen/duo-uitval?gedaan=ingeleverd")
    assert await browser.waiting() == [DATA]
    (entry,) = [one for one in await house.entries() if one["operation"] == "upload"]
    assert entry["details"]["staff"] == str(admin.WHO.staff_id)


async def test_only_an_administrator_with_a_form_of_ours_brings(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await open_browser(house, Role.administrator)
    assert (await browser.bring(csrf="another")).status_code == 403
    assert (await browser.bring(headers={"Origin": "https://elders.test"})).status_code == 403
    assert (await browser.bring(path=PATH.replace("duo-uitval", "duo-reserve"))).status_code == 404
    assert (await browser.client.get(PATH.replace("duo-uitval", "duo-reserve"))).status_code == 404
    assert (await browser.client.post(PATH, data={"csrf": CSRF})).status_code == 400
    assert (await browser.bring(b"")).status_code == 400
    monkeypatch.setattr(content, "LARGEST", 10)
    assert "groter dan 64 MB" in (await browser.bring()).text
    officer = await open_browser(house, Role.privacy_officer)
    assert (await officer.bring()).status_code == 403
    assert (await officer.client.get(PATH)).status_code == 403
    assert await browser.waiting() == []
