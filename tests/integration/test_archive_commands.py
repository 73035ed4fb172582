"""`hub audit export`, `write` and `send-ldv` as an administrator meets them: whole files, and words that say what to do."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.commands.archiving import archiving_commands
from hub.errors import Misconfigured
from tests.fakes.house import House, body, open_house
from tests.fakes.recorder import LOG, OPERATOR

Work = Callable[[Any], Coroutine[Any, Any, None]]


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        await opened.send(body())
        yield opened


def files_in(folder: Path) -> list[str]:
    """What was written, hidden files too."""
    return sorted(each.name for each in folder.iterdir() if each.name != "mark")


class Line:
    """The commands over a house. What a command says is in `said`."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._audit, self._works = typer.Typer(), list[Work]()
        archiving_commands(self._audit, self._works.append)
        self.said: list[str] = []
        monkeypatch.setattr(typer, "echo", lambda text, **_: self.said.append(text))
        notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
        self._hub = SimpleNamespace(
            engine=house.engine,
            log_id=LOG,
            log=house.log,
            notes=notes,
            clock=house.clock,
            policy=house.route.rules.policy,
            search=Search(house.engine, LOG, OPERATOR, house.vault.tags_of),
            put_policy_in_use=self._put,
        )

    async def _put(self) -> None:
        """The house has its policy."""

    async def run(self, *arguments: str | Path) -> None:
        asked = CliRunner().invoke(self._audit, list(map(str, arguments)))
        assert asked.exit_code == 0, asked.output
        await self._works.pop()(self._hub)


@pytest.fixture
def line(house: House, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(house, monkeypatch)


async def test_the_log_is_written_as_an_archive_and_as_a_directory(line: Line, tmp_path: Path) -> None:
    archive, folder = tmp_path / "log.zip", tmp_path / "log"
    await line.run("export", folder)
    assert (folder / "checkpoint").exists()
    await line.run("export", "--zip", archive)
    assert "entries in" in line.said[-1]
    with ZipFile(archive) as opened:
        assert {"README.txt", "checkpoint"} <= set(opened.namelist())
    with pytest.raises(Misconfigured):
        await line.run("export")
    with pytest.raises(Misconfigured):
        await line.run("export", "--zip", archive)  # it is there


async def test_a_period_is_written_whole_or_not_at_all(line: Line, tmp_path: Path) -> None:
    target = tmp_path / "log.csv"
    await line.run("write", "csv", target, "--from", "2026-11-01", "--until", "2026-11-30", "--json")
    rows = list(csv.reader(target.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert json.loads(line.said[-1]) == {"entries": len(rows) - 1, "form": "csv", "file": str(target)}
    with pytest.raises(Misconfigured):
        await line.run("write", "fsc", tmp_path / "fsc.jsonl")  # no OIN of the operator
    with pytest.raises(Misconfigured):
        await line.run("write", "csv", tmp_path / "other.csv", "--from", "2026-11-30", "--until", "2026-11-01")
    assert files_in(tmp_path) == ["log.csv"]
    await line.run("write", "fsc", tmp_path / "fsc.jsonl", "--peer", f"{OPERATOR}=00000099000000009999")
    assert (tmp_path / "fsc.jsonl").stat().st_size


async def test_what_is_no_address_is_not_called(line: Line) -> None:
    with pytest.raises(Misconfigured):
        await line.run("send-ldv", "http://logboek.example/v1/traces")
