"""Power cuts at the worst moments: two servers and two workers over one PostgreSQL, killed in the middle of their work.

At the end every row given is accounted for once, every person reached every recipient once, whatever a recipient ever got stood
in the log first, and the log verifies without the hub.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.postgres import Urls
from tests.e2e.rig import DESK, DUO, ROOT, SCHOOL, WORK, Caller, Rig, a_rig, admit_partners, message, persons, row, until

COMMIT = "hub.audit.record:Committer._commit"
SHORT = [
    ("worker-1", "hub.audit.store:append:after:1"),
    ("serve-1", "hub.db:_commit:after:12"),
    ("serve-1", "hub.route:hand_over:before:1"),
    ("worker-1", "hub.receive.drop.poll:Drops._move:before:1"),
]
LONG = [
    *((victim, f"{COMMIT}:{when}:2") for victim in ("worker-1", "serve-1") for when in ("before", "after")),
    *((victim, f"hub.audit.store:append:{when}:2") for victim in ("worker-1", "serve-1") for when in ("before", "after")),
    *(("serve-1", f"hub.db:_commit:{when}:{nth}") for when in ("before", "after") for nth in (9, 14, 23)),
    *(("worker-1", f"hub.db:_commit:{when}:{nth}") for when in ("before", "after") for nth in (3, 5, 7)),
    *(
        (victim, f"hub.audit.highwater:HighWater.raise_to:{when}:1")
        for victim in ("worker-1", "serve-1")
        for when in ("before", "after")
    ),
    *(
        (victim, f"hub.protect.vault:Vault.subjects:{when}:1")
        for victim in ("worker-1", "serve-1")
        for when in ("before", "after")
    ),
    *((victim, f"hub.protect.vault:Vault.link:{when}:1") for victim in ("worker-1", "serve-1") for when in ("before", "after")),
    *((victim, f"hub.audit.store:write_rows:after:{nth}") for victim in ("worker-1", "serve-1") for nth in (1, 2)),
    ("serve-1", "hub.route:hand_over:after:2"),
    ("serve-1", "hub.audit.log:Log.prove:before:1"),
    ("serve-1", "hub.protect.protector:Protector.open:after:1"),
    ("serve-1", "hub.route:acknowledged:before:1"),
    ("worker-1", "hub.receive.drop.poll:Drops._claim:after:1"),
    ("worker-1", "hub.receive.drop.poll:Drops._move:after:1"),
    ("worker-1", "hub.receive.drop.store:DropStore.finish:before:1"),
    ("worker-1", "hub.receive.drop.store:DropStore.finish:after:1"),
    ("worker-1", "hub.transports.sftp:SftpFolder.move:after:1"),
]
ROWS = 320
COMMANDS = {"serve-1": "serve", "serve-2": "serve", "worker-1": "worker", "worker-2": "worker"}


class Load:
    """What partners do meanwhile, and what must come of it."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._persons = persons()
        self._files = itertools.count(1)
        self.callers = {party: rig.caller(party) for party in (DUO, SCHOOL, DESK, WORK)}
        self.given: set[str] = set()
        self.rows = self.bad = self.twice = 0
        self.messages: list[tuple[str, dict[str, Any], dict[str, Any]]] = []

    def _new(self, count: int) -> list[str]:
        fresh = list(itertools.islice(self._persons, count))
        self.given |= set(fresh)
        return fresh

    def put(self) -> None:
        """A list: persons who are new, some of them twice, and rows that nobody can read or route."""
        fresh = self._new(ROWS)
        lines = [row(number) for number in fresh]
        again, unreadable = lines[:7], [row("123456789"), row(fresh[0], GEMEENTECODE="9999"), row(fresh[1], GEBOORTEDATUM="x")]
        lines = [*lines[:100], *unreadable, *lines[100:], *again]
        self._rig.put(f"lijst-{next(self._files)}.csv", lines)
        self.rows, self.bad, self.twice = self.rows + len(lines), self.bad + len(unreadable), self.twice + len(again)

    def send(self, count: int = 4) -> None:
        """Messages, each under a key of its own and repeated until it is answered."""
        for number in self._new(count):
            content, key = message(number), f"sleutel-{number[::-1]}-een"
            answer = self.callers[DUO].call("POST", "/v1/uitvalmeldingen", content, key)
            assert answer.status_code == 201, answer.text
            self.rows += 1
            self.messages.append((key, content, answer.json()))

    def fetch(self) -> None:
        """Both recipients fetch; what the desk got it acknowledges in part, and forgets the rest for now."""
        ids = self.callers[DESK].fetch(60)
        if ids:
            self.callers[DESK].acknowledge(ids[:20])
        self.callers[WORK].fetch(60)


@contextmanager
def keeping_up(load: Load) -> Iterator[None]:
    """Recipients and messages go on in the background until the block ends."""
    stopping, wrong = threading.Event(), list[BaseException]()

    def work() -> None:
        try:
            while not stopping.is_set():
                load.send(1)
                load.fetch()
        except BaseException as error:
            wrong.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(60)
        assert not thread.is_alive()
        assert not wrong, wrong


def drive(rig: Rig, kills: list[tuple[str, str]]) -> Load:
    """Starts everything, kills at every moment asked, starts again, and lets everything come to rest."""
    load = Load(rig)
    for name, command in COMMANDS.items():
        rig.start(name, command)
    rig.await_servers()
    for victim, moment in kills:
        # The victim comes back to die; where only one worker can have the files, the other makes way.
        makes_way = [name for name in ("worker-2",) if victim == "worker-1"]
        for name in [victim, *makes_way]:
            rig.running[name].kill()
            rig.running[name].wait()
        dying = rig.start(victim, COMMANDS[victim], kill_at=moment)
        load.put()
        with keeping_up(load):
            until(f"{victim} dies at {moment}", lambda dying=dying: dying.poll() is not None)
            assert dying.returncode == -signal.SIGKILL, (rig.folder / f"{victim}.log").read_text()[-2000:]
            for name in [victim, *makes_way]:
                rig.start(name, COMMANDS[name])
            rig.await_servers()
    until("all lists are taken", lambda: not list(rig.outbox.glob("*.csv")), 60)
    for party in (DESK, WORK):
        load.callers[party].drain()
    return load


def recorded(folder: Path) -> list[dict[str, Any]]:
    """The entries of an export, read without the hub."""
    found: list[dict[str, Any]] = []
    for bundle in (folder / "tile/entries").rglob("*"):
        data = bundle.read_bytes() if bundle.is_file() else b""
        while data:
            length = int.from_bytes(data[:2])
            found.append(json.loads(data[2 : 2 + length]))
            data = data[2 + length :]
    return found


async def check(rig: Rig, load: Load, engine: AsyncEngine) -> None:
    """What must hold when all is over, whatever happened in between."""
    rig.stop()
    assert rig.run("audit", "trust", str(rig.folder / "trust")).returncode == 0
    exported = await asyncio.to_thread(rig.run, "audit", "export", str(rig.folder / "export"))
    assert exported.returncode == 0, exported.stderr
    command = [
        sys.executable,
        "-I",
        str(ROOT / "ops/verify/verify.py"),
        str(rig.folder / "export"),
        "--trust",
        str(rig.folder / "trust"),
    ]
    verified = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    entries = recorded(rig.folder / "export")

    async with transaction(engine) as connection:
        files = await connection.raw.fetch("SELECT * FROM receive_drop")
        quarantined = await connection.raw.fetch("SELECT drop_id, row_number FROM receive_quarantine")
        outbox = await connection.raw.fetch("SELECT party_id, delivery_id, state FROM deliver_outbox")
    # Every row, once.
    assert {file["state"] for file in files} == {"done"}
    assert sum(file["rows_total"] - 1 for file in files) == load.rows - len(load.messages)
    assert sum(file["accepted"] for file in files) == len(load.given) - len(load.messages)
    assert sum(file["quarantined"] for file in files) == len(quarantined) == load.bad
    assert sum(file["duplicate"] for file in files) == load.twice
    # Every person to every recipient, once; nothing waits.
    for party in (DESK, WORK):
        got = Counter(delivery["inhoud"]["bsn"] for delivery in load.callers[party].fetched.values())
        assert set(got) == load.given
        assert set(got.values()) == {1}
    assert {row["state"] for row in outbox} == {"acknowledged"}
    assert set(Counter(row["party_id"] for row in outbox).values()) == {len(load.given)}
    # Nothing left before it stood in the log.
    disclosed = {entry["ref"] for entry in entries if entry["kind"] == "disclosure"}
    handed = {entry["delivery"] for entry in entries if entry.get("outcome") == "handed-over"}
    acknowledged = Counter(entry["delivery"] for entry in entries if entry.get("outcome") == "acknowledged")
    fetched = {delivery for party in (DESK, WORK) for delivery in load.callers[party].fetched}
    assert fetched <= handed <= disclosed == {str(row["delivery_id"]) for row in outbox}
    assert acknowledged.keys() == disclosed
    assert set(acknowledged.values()) == {1}
    # The figures add up.
    figures = json.loads(rig.run("admin", "status", "--json").stdout)
    assert figures["rows"]["received"] == load.rows
    assert figures["rows"]["received"] == sum(figures["rows"][name] for name in ("accepted", "quarantined", "duplicate"))
    of = figures["disclosures"]
    assert of["considered"] == of["delivered"] + of["held"] + of["refused"] == 2 * len(load.given)


def _repeat(load: Load, caller: Caller) -> None:
    """A key means the same for ever: every message sent again changes nothing."""
    for key, content, first in load.messages:
        again = caller.call("POST", "/v1/uitvalmeldingen", content, key)
        assert again.status_code == 201
        assert again.json()["uitvalmeldingId"] == first["uitvalmeldingId"]
        told = [(each["ontvanger"], each["besluit"], each["redenen"]) for each in first["uitkomsten"]]
        assert [(each["ontvanger"], each["besluit"], each["redenen"]) for each in again.json()["uitkomsten"]] == told


async def _run(kills: list[tuple[str, str]], urls: Urls, engine: AsyncEngine, folder: Path) -> None:
    await admit_partners(urls, folder)
    with a_rig(folder, urls) as rig:
        load = await asyncio.to_thread(drive, rig, kills)
        await asyncio.to_thread(_repeat, load, load.callers[DUO])
        await check(rig, load, engine)


@pytest.mark.timeout(180)
async def test_killed_at_four_moments(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await _run(SHORT, database_urls, engine, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_killed_at_every_moment(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await _run(LONG, database_urls, engine, tmp_path)
