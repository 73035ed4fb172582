"""The simulator of Suwinet, running."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx2

from hub.connector import Endpoint
from ops.demo.controls import Controls
from ops.demo.uwv_answers import Person

ROOT = Path(__file__).resolve().parents[2]
WORKS, STUDIES, ASSISTED, STOPPED = "999909848", "999919696", "999923389", "999946778"


class Suwinet(Controls):
    """One that runs: where it listens, and its dials."""

    def __init__(self, told: dict[str, str], home: Path | None) -> None:
        super().__init__(told["control"])
        self.url, self.home, self._control = told["url"], home, told["control"]

    def knows(self, **persons: Person) -> None:
        """Knows these persons alone, by `n` and their number."""
        content = {number[1:]: asdict(person) for number, person in persons.items()}
        httpx2.put(f"{self._control}/persons", json=content, trust_env=False).raise_for_status()

    def endpoint(self, services: str = "duo inkomen bijstand", timeout_s: float = 5.0, **options: str) -> Endpoint:
        """How a college is connected to it."""
        held: dict[str, bytes] = {}
        if self.home is not None:
            files = {"ca": "ca", "certificate": "hub", "key": "hub-key", "signing_certificate": "hub"}
            files |= {"signing_key": "hub-key", "peer_certificate": "signer"}
            held = {name: (self.home / f"{file}.pem").read_bytes() for name, file in files.items()}
        return Endpoint(self.url, {"services": services, "tasks": "participatiewet", **options}, held, timeout_s)


@contextmanager
def suwinet(home: Path | None = None) -> Iterator[Suwinet]:
    """A simulator in a process of its own; with `home` it speaks TLS and signs."""
    more = [] if home is None else ["--home", str(home), "--wss"]
    command = [sys.executable, "-m", "ops.demo.uwv", "suwinet", *more]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            running = Suwinet(json.loads(process.stdout.readline()), home)
            yield running
            running.close()
        finally:
            process.terminate()
