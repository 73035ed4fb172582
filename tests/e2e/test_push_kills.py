"""Power cuts in the middle of a bulk push: two workers over one PostgreSQL send lists to two systems, and are killed doing so.

At the end every person of every list reached both systems once, in order, nothing arrived that the log did not speak of first,
and the log verifies without the hub.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.postgres import Urls
from ops.demo.controls import Running
from tests.e2e.rig import DESK, ROOT, WORK, Rig, a_rig, admit_partners, persons, row, until
from tests.e2e.test_kills import recorded

LEASE, SEND = "hub.deliver.lease.store", "hub.connectors.bezorging.client:RestSink.send"
# What the systems do meanwhile, and when the worker dies.
SHORT = [
    ("ok", f"{LEASE}:lease:after:8"),
    ("ok", "hub.route:Route._hand_over:after:3"),
    ("ok", "hub.http:Http._read:before:3"),
    ("ok", f"{SEND}:after:3"),
    ("partial", f"{LEASE}:put_back:before:1"),
]
LONG = [
    *(("ok", f"{LEASE}:lease:{when}:{nth}") for when in ("before", "after") for nth in (6, 9, 14)),
    *(("ok", f"hub.deliver.outbox:claim_sending:{when}:3") for when in ("before", "after")),
    *(("ok", f"hub.route:Route._hand_over:{when}:{nth}") for when in ("before", "after") for nth in (1, 5)),
    *(("ok", f"hub.audit.store:append:{when}:{nth}") for when in ("before", "after") for nth in (2, 3, 6)),
    *(("ok", f"hub.http:Http._exchange:before:{nth}") for nth in (1, 4)),
    *(("ok", f"hub.http:Http._read:{when}:4") for when in ("before", "after")),
    *(("ok", f"{SEND}:after:{nth}") for nth in (1, 2, 6)),
    *(("ok", f"hub.route:Route._acknowledge:{when}:3") for when in ("before", "after")),
    *(("ok", f"{LEASE}:succeeded:{when}:2") for when in ("before", "after")),
    *((mode, f"{LEASE}:put_back:{when}:1") for mode in ("partial", "500", "twice") for when in ("before", "after")),
    *((mode, f"{LEASE}:failed:{when}:1") for mode in ("503", "accept-then-close") for when in ("before", "after")),
    *(("500", f"{LEASE}:probe:{when}:2") for when in ("before", "after")),
    *(("500", f"{LEASE}:lease_one:{when}:2") for when in ("before", "after")),
    ("half", f"{LEASE}:reopen:before:2"),
]
ROWS, AGAIN = 60, 15
WORKERS = ("worker-1", "worker-2")


class Lists:
    """The lists that are put, and what must come of them: of some persons a later list says something else."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self._persons, self._number = rig, persons(), itertools.count(1)
        self._last: list[str] = []
        self.deliveries = 0

    def put(self) -> None:
        """The next one."""
        number = next(self._number)
        fresh = list(itertools.islice(self._persons, ROWS))
        again = [row(each, GESLACHTSNAAM=f"Anders{'a' * number}") for each in self._last[:AGAIN]]
        self._rig.put(f"lijst-{number}.csv", [*(row(each) for each in fresh), *again])
        self._last = fresh
        self.deliveries += ROWS + len(again)


def drive(rig: Rig, systems: list[Running], kills: list[tuple[str, str]]) -> Lists:
    """Kills the worker at every moment asked, starts it again, and lets everything come to rest."""
    lists = Lists(rig)
    for mode, moment in kills:
        for name in WORKERS:  # where only one worker can have the list, the other makes way
            if name in rig.running:
                rig.running[name].kill()
                rig.running[name].wait()
        for system in systems:
            system.dial(mode, seconds=1)
        dying = rig.start("worker-1", "worker", kill_at=moment)
        lists.put()
        until(f"worker-1 dies at {moment}", lambda dying=dying: dying.poll() is not None)  # type: ignore[misc]
        assert dying.returncode == -signal.SIGKILL, (rig.folder / "worker-1.log").read_text()[-2000:]
        for system in systems:
            system.dial("ok")
        for name in WORKERS:
            rig.start(name, "worker")
    until("all lists are taken", lambda: not list(rig.outbox.glob("*.csv")), 60)
    for system in systems:
        until("all arrives", lambda system=system: system.counts()["effects"] == lists.deliveries, 90)  # type: ignore[misc]
    return lists


async def at_rest(engine: AsyncEngine) -> list[Any]:
    """The outbox, once everything in it is acknowledged."""
    rows: list[Any] = []
    for _ in range(300):
        async with transaction(engine) as connection:
            rows = await connection.raw.fetch("SELECT party_id, delivery_id, state, lease_id FROM deliver_outbox")
        if {each["state"] for each in rows} == {"acknowledged"}:
            break
        await asyncio.sleep(0.1)
    return rows


async def check(rig: Rig, systems: list[Running], lists: Lists, engine: AsyncEngine) -> None:
    """What must hold when all is over."""
    outbox = await at_rest(engine)
    assert Counter((each["state"], each["lease_id"]) for each in outbox) == {("acknowledged", None): 2 * lists.deliveries}
    rig.stop()
    assert rig.run("audit", "trust", str(rig.folder / "trust")).returncode == 0
    exported = await asyncio.to_thread(rig.run, "audit", "export", str(rig.folder / "export"))
    assert exported.returncode == 0, exported.stderr
    verify = [sys.executable, "-I", str(ROOT / "ops/verify/verify.py"), str(rig.folder / "export")]
    verify += ["--trust", str(rig.folder / "trust")]
    verified = await asyncio.to_thread(subprocess.run, verify, capture_output=True, text=True, timeout=120)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    entries = recorded(rig.folder / "export")
    disclosed = Counter(entry["ref"] for entry in entries if entry["kind"] == "disclosure")
    said = Counter((entry["delivery"], entry["outcome"]) for entry in entries if entry["kind"] == "outcome")
    assert disclosed == Counter(str(each["delivery_id"]) for each in outbox)
    for party, system in zip((DESK, WORK), systems, strict=True):
        own, counts = {str(each["delivery_id"]) for each in outbox if each["party_id"] == party}, system.counts()
        assert counts["effects"] == len(own) == lists.deliveries
        assert counts["order_violations"] == counts["malformed"] == counts["bad_receipts"] == 0
        came = system.times()
        assert came.keys() == own
        assert all(said[each, "handed-over"] >= often for each, often in came.items())
        assert all(said[each, "acknowledged"] == 1 for each in own)
    assert {outcome for _, outcome in said} == {"handed-over", "acknowledged"}


async def _run(kills: list[tuple[str, str]], urls: Urls, engine: AsyncEngine, folder: Path) -> None:
    await admit_partners(urls, folder)
    with ExitStack() as stack:
        systems = [stack.enter_context(Running(folder / str(party))) for party in (DESK, WORK)]
        recipients = [
            {
                "id": f"zaken-{number}",
                "connector": "bezorging",
                "party": party,
                "url": system.url,
                "timeout_s": 3,
                "batch": 5,
            }
            for number, (party, system) in enumerate(zip((DESK, WORK), systems, strict=True))
        ]
        rig = stack.enter_context(a_rig(folder, urls, recipients=recipients, LEASE_MARGIN_S="2"))
        lists = await asyncio.to_thread(drive, rig, systems, kills)
        await check(rig, systems, lists, engine)


@pytest.mark.timeout(180)
async def test_killed_in_the_middle_of_a_bulk_push(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await _run(SHORT, database_urls, engine, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_killed_at_every_moment_of_a_push(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await _run(LONG, database_urls, engine, tmp_path)
