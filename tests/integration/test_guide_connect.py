"""The guide to connecting a partner: its commands, in its order, against a real hub and a real SFTP server."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from hub.app import Hub, make_keys, open_hub
from hub.cli import main
from hub.commands.mending import mending_commands
from hub.commands.running import running_commands
from hub.commands.scaffolding import scaffolding_commands
from hub.commands.setups import setup_commands
from hub.connector import Trouble
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import ConnectorId
from hub.errors import Refused
from hub.operations import mending_now
from hub.postgres import Urls
from ops.demo import region
from tests.fakes import shell

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/gidsen/koppeling-aansluiten.md").read_text("utf-8")
NAME = ConnectorId("zilverlinde-csv")
BRAM = Staff(StaffId("m-0123456789abcdef"), "Bram", frozenset({Role.administrator}))
FILES = {"sleutel", "hostsleutel", "voorbeeld.csv", "koppeling.yaml", "mapping.yaml", "terugmelding.csv", "nieuw"}
APART = {"list", "test"}
"""What is typed into a process of its own: under the event loop that the hub runs on."""
AFTER_WORK = {"history", "drift", "pause"}
"""Before which the worker has been at work."""
_ADDRESS = "sftp.zilverlinde.example:22"
_COLUMN = "|Mentor"

SAYS = {
    "catalogue": ["lvs_csv", "School administration"],
    "create": ["drafted"],
    "credentials": ["SHA256:"],
    "test": [f"goed          {step}" for step in ("naam", "poort", "certificaat", "aanmelden", "pad", "recht")],
    "mapping show": ["field: geslachtsnaam"],
    "preview": ["rows 3  readable 2", "DIPLOMA: CODE_ONBEKEND", "by their line: 4", "9999-99-99"],
    "mapping set": ["waits for another administrator", f"/beheer/koppelingen/{NAME}/mapping"],
    "dry-run": [
        "files ready 1",
        "rows 3  readable 2",
        "from mbo-zilverlinde go to: ",
        "AFSPRAAK_NIET_ONDERTEKEND",
        "an activation agrees on these columns",
    ],
    "propose": ["waits for a second person"],
    "activate": ["works from now on"],
    "history": ["klaar", "rows 3 = 2 + 1 + 0"],
    "quarantine list": ["DIPLOMA: CODE_ONBEKEND"],
    "drift": ["new      TELEFOON", "accept the layout"],
    "diff": ["schedule", "daily 06:30"],
    "expiring": ["nothing ends"],
    "rotate": ["the new credentials are in use"],
    "rollback": ["says what version 1 said"],
    "confirm": ["is confirmed"],
    "end": ["has ended"],
    "new": ["TestLvsVoorbeeld"],
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Who types, and what."""
    for block in blocks("sh"):
        who, *lines = block.splitlines()
        if who.startswith("# "):
            for line in lines:
                program, *words = shlex.split(line)
                assert program == "hub"
                yield who[2:], words


def _wait_for(file: Path) -> None:
    end = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


@asynccontextmanager
async def partner(home: Path) -> AsyncIterator[int]:
    """The school's SFTP server; gives its port."""
    where = home / "port"
    program = [sys.executable, "-m", "ops.demo.sftp_server", str(home), "--port-file", str(where)]
    process = await asyncio.create_subprocess_exec(*program, cwd=ROOT)
    try:
        await asyncio.to_thread(_wait_for, where)
        yield int(where.read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


class Keyboard:
    """A keyboard of the hub's machine. Most is typed into a hub that stands open, which saves a minute."""

    def __init__(self, hub: Hub, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._hub, self._environment, self._patch = hub, environment, monkeypatch
        self._work: list[Callable[[Hub], Coroutine[Any, Any, None]]] = []
        self._connector = typer.Typer()
        for add in (setup_commands, mending_commands, running_commands):
            add(self._connector, self._work.append)
        scaffolding_commands(self._connector, lambda work: work())

    async def type(self, *words: str, who: str = "anna") -> str:
        """Gives what is said; the hub's own process says it where it is not `hub connector`, or goes to a partner."""
        said = await (
            self._here(words[1:], who) if words[0] == "connector" and words[1] not in APART else self._apart(words, who)
        )
        assert not {"Noor", "Verzonnen", "999909848"} & set(re.split(r"\W+", said)), words
        return said

    async def _apart(self, words: tuple[str, ...], who: str) -> str:
        done = await asyncio.to_thread(shell.command, *words, environment=self._environment, account=who)
        stopped = words[0] == "worker" and "hub connector drift" in done.stderr
        assert done.returncode == (5 if stopped else 0), (words, done.stderr)
        return done.stdout

    async def _here(self, words: tuple[str, ...], who: str) -> str:
        self._patch.setattr("os.getlogin", lambda: who)
        done = CliRunner().invoke(self._connector, words)
        assert done.exit_code == 0, (words, done.output)
        told: list[str] = []
        with self._patch.context() as patch:
            patch.setattr(typer, "echo", told.append)
            if self._work:
                await self._work.pop()(self._hub)
        return done.output + "\n".join(told)


class School:
    """The partner: its server's folder, and the files that it puts there."""

    def __init__(self, home: Path, sample: str) -> None:
        self.home, self.sample, self.ready = home, sample, home / "data/uit"

    def puts_a_file(self) -> None:
        """As in the guide."""
        (self.ready / "vertrokken-1.csv").write_text(self.sample)

    def puts_one_with_another_column(self) -> None:
        """The next day, with somebody new in it."""
        first, *rows = self.sample.replace("999919696", "999946778").splitlines()
        text = [first.replace(_COLUMN, f"{_COLUMN}|Telefoon"), *(f"{row}|" for row in rows)]
        (self.ready / "vertrokken-2.csv").write_text("\n".join(text) + "\n")


async def test_the_guide_connects_a_partner(database_urls: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = region.settings_of(tmp_path, database_urls)
    environment = {name: value for name, value in made.items() if name != "HUB_CONNECTORS"}
    settings, (sample,), (setup, mapping) = region.read_settings(environment), blocks("text"), blocks("yaml")
    school = School(tmp_path / "school", sample)
    school.home.mkdir()
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(school.home / "client_key"))
    make_keys(settings)
    async with partner(school.home) as port, open_hub(settings) as hub:
        keyboard = Keyboard(hub, environment, monkeypatch)
        for name, content in {
            "sleutel": (school.home / "client_key").read_text(),
            "hostsleutel": (school.home / "known_hosts").read_text(),
            "voorbeeld.csv": sample,
            "koppeling.yaml": setup.replace(_ADDRESS, f"127.0.0.1:{port}").replace("settle_s: 30", "settle_s: 1"),
            "mapping.yaml": mapping,
        }.items():
            (tmp_path / name).write_text(content)
        for who, words in commands():
            verb = next((verb for verb in SAYS if " ".join(words[1:]).startswith(verb)), words[1])
            if verb == "dry-run":
                school.puts_a_file()
            elif verb == "drift":
                school.puts_one_with_another_column()
            if verb in AFTER_WORK:
                await keyboard.type("worker", "--once")
            said = await keyboard.type(*(str(tmp_path / word) if word in FILES else word for word in words), who=who.lower())
            assert [one for one in SAYS.get(verb, []) if one not in said] == [], (words, said)
            if verb == "mapping set":
                await (await mending_now(hub)).mappings.activate(NAME, 2, BRAM)
            elif verb == "pause":
                assert "rows 3 = 1 + 1 + 1" in await keyboard.type("connector", "history", NAME), "it went on with the file"
            elif verb == "end":
                with pytest.raises(Refused, match="does not run"):
                    await keyboard.type("connector", "run", NAME)
    bounced = (tmp_path / "terugmelding.csv").read_text("utf-8-sig").splitlines()
    assert [row.split(";")[2:4] for row in bounced] == [["rij", "kolom"], ["4", "DIPLOMA"]]
    assert sorted(path.name for path in (school.ready / "verwerkt").iterdir()) == ["vertrokken-1.csv", "vertrokken-2.csv"]


def test_every_command_that_it_names_exists() -> None:
    named = {
        tuple(words.split())
        for words in re.findall(r"hub ((?:connector|admin partner|admin hand|mail|doctor|worker)(?: [a-z-]+)?)", GUIDE)
    }
    for words in named - {("doctor", "vraagt"), ("doctor", "elke"), ("doctor", "niets")}:
        command: Any = get_command(main)
        for word in words:
            if hasattr(command, "commands"):
                assert word in command.commands, words
                command = command.commands[word]


def test_the_runbook_has_a_line_for_every_trouble() -> None:
    runbook = (ROOT / "ops/runbooks/koppelingen.md").read_text("utf-8")
    assert {one.value for one in Trouble} <= set(re.findall(r"^\| `([A-Z_]+)` \|", runbook, re.MULTILINE))


def test_it_is_written_for_whoever_has_it_open_beside_them() -> None:
    assert {who for who, _ in commands()} == {"Anna", "Bram", "Onderhoud"}
    for heading in (
        "Hoe lang duurt het?",
        "Er is niemand anders",
        "Wordt het gebracht",
        "De andere kant op",
        "Een soort die nog niet",
    ):
        assert f"\n## {heading}" in GUIDE
