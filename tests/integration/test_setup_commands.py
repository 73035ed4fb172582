"""`hub connector ...` over a real database: two accounts at the keyboard, and no secret on the screen."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.commands import setups as commands
from hub.commands.scaffolding import scaffolding_commands
from hub.errors import Malformed, Refused
from tests.fakes.house import House, open_house
from tests.integration.test_setups import HOST_KEY, NAME, SECRET, made


class Keyboard:
    """Types commands as somebody, and sees what they say."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._work: list[Any] = []
        self._hub = SimpleNamespace(digests=house.digests, clock=house.clock)
        self._patch = monkeypatch
        self.app = typer.Typer()
        self.app.command("other")(lambda: None)
        commands.setup_commands(self.app, self._work.append)
        scaffolding_commands(self.app, lambda work: work())
        setups = made(house)
        monkeypatch.setattr(commands, "setups_of", lambda hub: setups)

    async def type(self, who: str, *words: str) -> str:
        self._patch.setattr("os.getlogin", lambda: who)
        done = CliRunner().invoke(self.app, list(words))
        assert done.exit_code == 0, done.output
        told: list[str] = []
        with self._patch.context() as patch:
            patch.setattr(typer, "echo", told.append)
            if self._work:
                await self._work.pop()(self._hub)
        text = done.output + "\n".join(told)
        assert SECRET.decode() not in text
        return text


@pytest.fixture
async def keyboard(
    engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Keyboard]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as house:
        yield Keyboard(house, monkeypatch)


async def test_a_connector_is_set_up_at_the_keyboard(keyboard: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_bytes(HOST_KEY)
    (tmp_path / "word").write_bytes(SECRET)
    said = await keyboard.type(
        *("anna", "create", "duo_uitval", "--id", NAME, "--party", "duo", "--address", "sftp://sftp.example.nl"),
        *("--option", "username=hub", "--schedule", "every 15m"),
    )
    assert "drafted" in said
    await keyboard.type("anna", "credential", NAME, "known_hosts", "--file", str(tmp_path / "hosts"))
    await keyboard.type("anna", "credential", NAME, "password", "--file", str(tmp_path / "word"))
    await keyboard.type("anna", "propose", NAME)
    with pytest.raises(Refused, match="yourself"):
        await keyboard.type("anna", "activate", NAME)
    await keyboard.type("bram", "activate", NAME)
    assert "active (version 1)" in await keyboard.type("anna", "show", NAME)
    shown = json.loads(await keyboard.type("anna", "show", NAME, "--json"))
    assert (shown["state"], [one["name"] for one in shown["credentials"]]) == ("active", ["known_hosts", "password"])
    await keyboard.type("bram", "change", NAME, "--schedule", "daily 06:30", "--option", "pattern=*.txt", "--set", "batch=9")
    assert "schedule" in await keyboard.type("anna", "diff", NAME, "1", "2")
    await keyboard.type("anna", "rollback", NAME, "1")
    await keyboard.type("anna", "activate", NAME, "--break-glass", "STORING")
    assert "to be confirmed before" in await keyboard.type("anna", "show", NAME)
    await keyboard.type("bram", "confirm", NAME)
    await keyboard.type("bram", "pause", NAME)
    await keyboard.type("bram", "unpause", NAME)
    assert "known_hosts" in await keyboard.type("anna", "credentials", NAME)
    assert "break-glass" in await keyboard.type("anna", "versions", NAME)
    assert "nothing ends" in await keyboard.type("anna", "expiring")
    await keyboard.type("bram", "end", NAME)


async def test_what_is_said_in_a_file_is_held_to_the_same(keyboard: Keyboard, tmp_path: Path) -> None:
    file = tmp_path / "setup.yaml"
    file.write_text(f"id: {NAME}\nconnector: duo_uitval\nparty: duo\nprotocol: sftp\nword: {SECRET.decode()}\n")
    with pytest.raises(Malformed) as refused:
        await keyboard.type("anna", "create", "--from", str(file))
    assert SECRET.decode() not in f"{refused.value} {refused.value.faults}"
    assert "credential known_hosts" in await keyboard.type("anna", "catalogue", "duo_uitval")
