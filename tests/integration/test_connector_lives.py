"""The life of a connector as the officer reads it: who set it up, who put it to work, what it may carry, what came by it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from hub.app import Hub, make_keys, open_hub
from hub.console.app import create_console
from hub.console.desk import Desk, OfficerDesk
from hub.domain.staff import Role
from hub.domain.terms import ConnectorId
from hub.installed import setups_of, taken_in
from hub.mend.mappings import GlassReason as Hurry
from hub.mend.mappings import Mappings
from hub.normalise.mapping import load_mapping
from hub.operations import mending_of
from hub.postgres import Urls
from hub.registry import load_connectors
from hub.settings import Settings
from hub.setups.actor import Actor
from hub.setups.life import Lives
from hub.setups.service import Setups
from hub.setups.standing import GlassReason
from tests.fakes import console
from tests.fakes.agreements import person
from tests.integration.test_setups import HOST_KEY, NAME, SECRET, setup

HERE = "/functionaris/koppelingen"
ANNA, BRAM = person(11, Role.administrator), person(12, Role.administrator)
CAROLA = Actor("account", "account:k0123456789abcdef0123456789abcdef")
FROM_FILE = setup(id="uit-het-bestand")


@pytest.fixture
async def hub(database_urls: Urls, tmp_path: Path) -> AsyncIterator[Hub]:
    settings = Settings(
        environment="test",
        state=tmp_path / "state",
        database_url=database_urls.database,  # type: ignore[arg-type]
        vault_url=database_urls.vault,  # type: ignore[arg-type]
    )
    make_keys(settings)
    async with open_hub(settings) as hub:
        await hub.put_policy_in_use()
        yield hub


async def lived(setups: Setups) -> None:
    """Anna sets it up, Bram puts it to work, its key is changed, Carola changes it alone."""
    await setups.create(setup(), Actor.staff(ANNA))
    await setups.credential(NAME, "known_hosts", HOST_KEY, Actor.staff(ANNA))
    await setups.credential(NAME, "password", SECRET, Actor.staff(ANNA))
    await setups.propose(NAME, Actor.staff(ANNA))
    await setups.activate(NAME, 1, Actor.staff(BRAM))
    await setups.change(NAME, setup(options={"username": "hub", "folder": "/uit2"}), CAROLA)
    await setups.activate(NAME, 2, CAROLA, GlassReason.urgent)


async def mended(hub: Hub, setups: Setups) -> Mappings:
    """Anna changes how its files are read, and Bram puts that into use."""
    mappings = mending_of(hub, await taken_in(setups)).mappings
    path = load_connectors()["duo_uitval"].mapping
    before = load_mapping(path).version
    await mappings.propose(ConnectorId(NAME), path.read_text("utf-8").replace(before, "duo-uitval/99"), ANNA)
    await mappings.activate(ConnectorId(NAME), 99, BRAM)
    text = path.read_text("utf-8").replace(before, "duo-uitval/100")
    await mappings.break_glass(ConnectorId(NAME), text, Hurry.data_waits, BRAM)
    await mappings.confirm(ConnectorId(NAME), 100, ANNA)
    return mappings


async def names() -> dict[str, str]:
    return {str(ANNA.staff_id): "Anna Bos", str(BRAM.staff_id): "Bram Vos"}


async def test_the_officer_reads_the_whole_life_of_a_connector(hub: Hub) -> None:
    setups = setups_of(hub)
    await lived(setups)
    lives = Lives(hub.log, setups, await mended(hub, setups), (FROM_FILE,), hub.clock)
    one, happened = await lives.one(NAME)
    assert (one.mapping, one.setup.options["folder"], one.totals) == ("duo-uitval/100", "/uit2", None)
    assert [(each.operation, each.about) for each in happened] == [
        ("mapping-confirm", "duo-uitval/100"),
        ("mapping-break-glass", "data-waits"),
        ("mapping-change", "duo-uitval/99"),
        ("mapping-propose", "duo-uitval/99"),
        ("connector-break-glass", "SPOED"),
        ("connector-change", "versie 2"),
        ("connector-activate", "versie 1"),
        ("connector-propose", "versie 1"),
        ("connector-credential", "password"),
        ("connector-credential", "known_hosts"),
        ("connector-create", "versie 1"),
    ]
    assert {each.ref for each in happened} <= await refs(hub)

    every = await see(hub, lives, HERE)
    for words in (NAME, "uit-het-bestand", "Van de installatie", "Alleen aangezet, nog niet bevestigd", "duo-uitval/100"):
        assert words in every
    page = await see(hub, lives, f"{HERE}/{NAME}")
    for words in (
        "Anna Bos, aan het scherm",
        "Bram Vos, aan het scherm",
        "een account op de server, abcdef",
        "Wachten schaadt een jongere.",
        "Koppeling zonder tweede persoon geactiveerd",
        "Leeswijze gewijzigd",
        "Doorstroompunt Lindemark",
        "duo-doorstroompunt/1",
        "geboortedatum",
        "Er kwam nog geen bestand binnen.",
    ):
        assert words in page, words
    assert SECRET.decode() not in page
    assert f"{HERE}/{NAME}" in await see(hub, lives, f"/functionaris/logboek/{happened[-1].ref}", raw=True)
    installed = await see(hub, lives, f"{HERE}/uit-het-bestand")
    assert "staat in het bestand van de installatie" in installed
    for unknown in ("bestaat-niet", "X"):
        assert await see(hub, lives, f"{HERE}/{unknown}") == "404"
    assert await see(hub, lives, HERE, Role.administrator) == "403"


async def refs(hub: Hub) -> set[str]:
    page = await hub.search.page(limit=100)
    return {str(line.ref) for line in page.lines}


async def see(hub: Hub, lives: Lives, path: str, role: Role = Role.auditor, *, raw: bool = False) -> str:
    nobody = cast(Any, None)
    officer = OfficerDesk(hub.search, nobody, hub.log, hub.notes, hub.rules, names, lives=lives)
    sessions = console.Sessions()
    token = await sessions.begin(console.staff(role))
    desk = Desk(hub.clock, sessions, console.SignIn(console.staff(role)), console.PROVIDER, False, officer=officer)
    async with console.client(create_console(desk), token) as browser:
        answer = await browser.get(path)
    if raw:
        return answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)) if answer.status_code == 200 else str(answer.status_code)
