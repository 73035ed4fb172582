"""The demo as a person runs it: it adds up, the README's exchange works against it, and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from ops.demo.region import WITNESS
from ops.demo.voices import COACH, KEPT_FROM_COACH, NAMED, WITHDRAWN

ROOT = Path(__file__).resolve().parents[2]
HOME = Path("var/demo")
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PARTS = ("delivered", "held", "failed", "stopped", "refused")
_NUMBER = re.compile(rb"(?<!\d)999\d{6}(?!\d)")

pytestmark = pytest.mark.timeout(240)


@dataclass
class Running:
    """A demo, what it says, and the processes that it had when last looked at."""

    process: subprocess.Popen[bytes]
    said: Path

    def until(self, text: str, timeout: float = 90) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < deadline, self.said.read_text()
            time.sleep(0.05)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def workplace(quick_place: str | None) -> Iterator[Path]:
    """A directory that looks like a checkout, with a space in its path and a `var` of its own."""
    with tempfile.TemporaryDirectory(prefix="hub demo ", dir=quick_place) as folder:
        place = Path(folder)
        place.chmod(0o711)  # as root the database is another user
        for each in ROOT.iterdir():
            if each.name not in ("var", ".venv"):
                (place / each.name).symlink_to(each)
        (place / ".venv").symlink_to(sys.prefix)
        yield place


@pytest.fixture(scope="module")
def start(workplace: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*options: str, under: tuple[str, ...] = (), **environment: str) -> Running:
        said = workplace / f"said-{len(started)}"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [*under, sys.executable, "-m", "ops.demo", "--directory", str(HOME), *options],
                cwd=workplace,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        started.append(Running(process, said))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture(scope="module")
def serving(start: Callable[..., Running]) -> Running:
    demo = start("--rows", "600")
    demo.until("The hub serves on")
    return demo


def gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of the processes that are still there after a while."""
    return psutil.wait_procs(processes, timeout=30)[1]


def adds_up(summary: dict[str, Any]) -> None:
    rows, every = summary["rows"], summary["disclosures"]
    assert rows["in"] == rows["accepted"] + rows["quarantined"] + rows["duplicate"] > 0
    assert every["considered"] == 2 * rows["accepted"] + NAMED
    for each in (every, *summary["recipients"].values()):
        assert each["considered"] == sum(each[part] for part in _PARTS)
    for part in ("considered", *_PARTS):
        assert every[part] == sum(of[part] for of in summary["recipients"].values())
    assert every["refused"] == sum(summary["refusals"].values())
    assert rows["quarantined"] == sum(summary["quarantine"].values())
    assert summary["log"]["verdict"] == "verified"
    assert summary["log"]["size"] > every["considered"]
    assert summary["log"]["witness"] == WITNESS
    assert summary["log"]["receipts"] > 0
    assert summary["log"]["forgotten"] == 2  # refused to the doorstroompunt, and so to Work & Income


def test_the_account_adds_up(serving: Running, workplace: Path) -> None:
    summary = json.loads((workplace / HOME / "summary.json").read_text())
    adds_up(summary)
    assert summary["rows"]["in"] == 600 + 12  # the school's messages, one of them twice; the bounced one is no row
    held = {name for name, of in summary["recipients"].items() if of["held"]}
    assert held == {"werk-en-inkomen-wolfslo", "werk-en-inkomen-zilverdam"}
    forgetful = json.loads((workplace / HOME / "partners/doorstroompunt-heiderland/counts.json").read_text())
    assert forgetful["again"] > 0
    assert forgetful["received"] == summary["recipients"]["doorstroompunt-heiderland"]["delivered"]
    assert summary["recipients"][COACH]["delivered"] == NAMED - KEPT_FROM_COACH
    coach = json.loads((workplace / HOME / "partners" / COACH / "counts.json").read_text())
    assert (coach["notices"], coach["carried_out"]) == (WITHDRAWN, 1)


def test_the_exchange_of_the_readme_works(serving: Running, workplace: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    chapter = text.split("## One exchange")[1].split("\n## ")[0]
    script = "\n".join(_SHELL.findall(chapter))
    done = subprocess.run(["sh", "-eu"], input=script, cwd=workplace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for told in (
        "50 rows on DUO's server",
        "accepted",
        '"inhoud"',
        '"bevestigd":["',
        "and only grew since everything remembered",
        "doorstroompunt-lindemark       cosigned ",
        "VERIFIED.",
        "Cosigned by doorstroompunt-lindemark",
        "state: done",
    ):
        assert told in done.stdout
    assert "\nnone\n" in done.stdout.split("state: done")[1]  # whoever was forgotten stated nothing
    assert "The log only grew since the earlier checkpoint" in done.stdout


def test_the_rules_of_the_readme_work(serving: Running, workplace: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    chapter = text.split("## The rules")[1].split("\n## ")[0]
    script = "\n".join(_SHELL.findall(chapter))
    done = subprocess.run(["sh", "-eu"], input=script, cwd=workplace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for told in (
        " 0 fout",
        "telefoonnummer (raw)",
        "mbo-jongerencoach/1",
        "Krapper (1",
        "leeftijd: 16 tot en met 17",
        "recorded; the log now has",
        f"{COACH:<30}verstrekt",
        "withdrawn; the log now has",
    ):
        assert told in done.stdout


def test_no_number_in_clear_but_on_the_senders_server(serving: Running, workplace: Path) -> None:
    lists = (workplace / HOME / "duo").rglob("*.csv")
    issued = {number for each in lists for number in _NUMBER.findall(each.read_bytes())}
    assert len(issued) > 500
    files = [each for each in (workplace / HOME).rglob("*") if each.is_file() and "duo" not in each.parts]
    assert len(files) > 50
    assert [each for each in files if issued & set(_NUMBER.findall(each.read_bytes()))] == []


def test_a_second_demo_is_told_to_wait(serving: Running, start: Callable[..., Running]) -> None:
    second = start("--once")
    assert second.process.wait(60) == 1
    assert "A demo is running already." in second.said.read_text()
    assert serving.process.poll() is None


def test_ctrl_c_ends_it_in_order(serving: Running) -> None:
    children = serving.children()
    assert len(children) > 15
    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(60) == 0, serving.said.read_text()
    assert gone(children) == []


@pytest.mark.parametrize("moment", ["a private PostgreSQL", "the recipients"])
def test_killed_outright_it_leaves_no_process(start: Callable[..., Running], moment: str) -> None:
    demo = start("--rows", "100")
    demo.until(moment)
    children = demo.children()
    assert children
    demo.process.kill()
    assert gone(children) == []


def test_it_ends_with_the_make_that_started_it(start: Callable[..., Running]) -> None:
    stand_in = (sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])")
    make = start("--rows", "100", under=stand_in, MAKELEVEL="1")
    make.until("a private PostgreSQL")
    children = make.children()
    assert len(children) > 1
    make.process.kill()
    assert gone(children) == []


def test_a_process_that_fails_ends_it_with_a_reason(start: Callable[..., Running]) -> None:
    demo = start("--rows", "100")
    demo.until("the recipients")
    children = demo.children()
    worker = next(each for each in children if each.cmdline()[-1] == "worker")
    worker.kill()
    assert demo.process.wait(60) == 1
    assert "The process 'hub-worker' ended by signal 9." in demo.said.read_text()
    assert gone(children) == []


def test_once_it_ends_by_itself_after_whatever_was_before(start: Callable[..., Running], workplace: Path) -> None:
    demo = start("--rows", "100", ONCE="1")
    assert demo.process.wait(120) == 0, demo.said.read_text()
    adds_up(json.loads((workplace / HOME / "summary.json").read_text()))
