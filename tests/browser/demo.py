"""A demo at work, for a browser: started as a person starts it, smaller, with one more thing gone wrong."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hub.clock import SystemClock, legal_date
from ops.demo import region, trouble
from ops.demo.controls import Controls
from ops.demo.people import numbers
from ops.demo.school import SCHOOL_SEED
from ops.demo.voices import OBJECTS, WITHDREW

ROOT = Path(__file__).resolve().parents[2]
ROWS = 300
_REFUSED_ROWS = 60
_SEED = 20261201
_READY_S = 100.0
_LOOKED_S = 8.0
_REASON = "BUITEN_WERKGEBIED"


@dataclass(frozen=True)
class Demo:
    """Where it is, who may sign in, and someone to search for."""

    directory: Path
    base: str
    provider: str
    passwords: dict[str, str]
    bsn: str

    @property
    def spoke(self) -> str:
        """The number of someone who said yes to a coach, and took it back."""
        return next(islice(numbers(SCHOOL_SEED), WITHDREW[0], None))

    @property
    def still_yes(self) -> str:
        """The number of someone whose yes to a coach stands."""
        return next(islice(numbers(SCHOOL_SEED), WITHDREW[-1] + 1, None))

    @property
    def objects(self) -> str:
        """The number of someone whose objection waits for a decision."""
        return next(islice(numbers(SCHOOL_SEED), OBJECTS, None))

    @property
    def taken(self) -> Controls:
        """The case system that the hub sends to, and that takes what it gets."""
        return Controls(region.where(self.directory / "partners" / region.PUSHED)["control"])

    @property
    def checkpoint(self) -> str:
        """One that was kept while the log was smaller."""
        found = re.search(r"^[^\n]+\n\d+\n[^\n]+\n\n(?:\u2014 [^\n]+\n)+", self._trust(), re.MULTILINE)
        assert found is not None
        return found[0]

    def server_log(self) -> str:
        """What the hub's processes and the provider wrote until now."""
        return "".join(path.read_text(errors="replace") for path in (self.directory / "logs").iterdir())

    def drop(self, rows: int, seed: int) -> None:
        """DUO puts a list on its server."""
        given = ["--rows", str(rows), "--seed", str(seed), "--directory", str(self.directory)]
        subprocess.run([sys.executable, "-m", "ops.demo.drop", *given], cwd=ROOT, check=True, capture_output=True)

    def _trust(self) -> str:
        place = self.directory / "trust"
        files = [place] if place.is_file() else sorted(place.rglob("*"))
        return "\n".join(path.read_text(errors="replace") for path in files if path.is_file())


def _told(said: str, directory: Path) -> Demo:
    base = re.search(r"^\s+(http://127\.0\.0\.1:\d+)/functionaris", said, re.MULTILINE)
    somebody = re.search(r"Someone to search for: BSN (\d{9})\.", said)
    assert base is not None, said
    assert somebody is not None, said
    passwords = dict(re.findall(r"^  ([\w-]+)\s+([0-9a-f]{4}-[0-9a-f]{4}) ", said, re.MULTILINE))
    provider = json.loads((directory / "identity" / "provider.json").read_text())["issuer"]
    return Demo(directory, base[1], provider, passwords, somebody[1])


@contextmanager
def running(directory: Path) -> Iterator[Demo]:
    """A demo under `directory` that goes on serving until the block ends."""
    said = directory.with_suffix(".said")
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.demo", "--directory", str(directory), "--rows", str(ROWS)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in ("ONCE", "MAKELEVEL")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _READY_S
        while "Keys, logs of every process" not in (text := said.read_text()):
            assert process.poll() is None, text
            assert time.monotonic() < deadline, text
            time.sleep(0.1)
        demo = _told(text, directory)
        _refuse_some(demo, deadline)
        _stop_lists(demo)
        yield demo
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _stop_lists(demo: Demo) -> None:
    """DUO's next list has a column of another name: the connector stops, once the hub has looked at it."""
    asyncio.run(trouble.renamed_column(demo.directory / "duo", legal_date(SystemClock().now_us())))
    time.sleep(_LOOKED_S)


def _refuse_some(demo: Demo, deadline: float) -> None:
    """The case system will not have what a next list brings: dead letters."""
    taken = demo.taken
    try:
        taken.dial("refuse", reason=_REASON)
        demo.drop(_REFUSED_ROWS, _SEED)
        while not taken.counts()["refused"]:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        taken.close()
