"""`make demo`: a region at work on this machine, every party a process of its own, and at the end an account that adds up.

    python -m ops.demo [--once] [--rows N] [--directory DIR]

Everything is invented and stays under `var/demo`. Without `--once` (or `ONCE=1`) it goes on serving until Ctrl-C.
Exit status 0: all adds up. 1: something failed or does not add up, and it says what. 130: stopped before the end.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2

from hub import observe
from hub.app import Hub, open_hub
from hub.clock import SystemClock, legal_date
from hub.errors import HubError, Misconfigured
from hub.insight.store import Figures
from hub.operations import figures_of, runs_of
from hub.postgres import PrivatePostgres, Urls
from ops.demo import forgotten, identity, region, trouble
from ops.demo.controls import Controls
from ops.demo.display import Display
from ops.demo.drop import put
from ops.demo.people import Generated, generate
from ops.demo.processes import Failed, Processes, end_with_make
from ops.demo.summary import Expected, as_json, as_text, disagreements, kinds, logged, received
from ops.demo.voices import COACH, WITHDRAWN
from ops.demo.watching import Watching

_ROOT = Path(__file__).resolve().parents[2]
_HUB = ("-c", "from hub.cli import main; main()")
_SEED = 20260901
_LOOK_S = 0.3
_READY_S = 60.0
_TELL_S = 5.0
_QUIET_S = 180.0  # without any progress
_STOPPED = 130


@dataclass(frozen=True, slots=True)
class Demo:
    """One run in one directory."""

    directory: Path
    rows: int
    once: bool
    display: Display
    processes: Processes

    async def run(self, urls: Urls) -> None:
        """From an empty database to the summary, and on. Raises Failed or HubError."""
        environment = region.settings_of(self.directory, urls)
        provider = identity.make(self.directory / "identity", environment["HUB_ISSUER"] + "/inloggen/terug")
        environment = region.sign_in(environment, provider)
        watching = Watching(self.directory, self.processes)
        await watching.begin()
        environment["HUB_WITNESSES"] = str(watching.policy)
        region.write_settings(self.directory / "env", environment)
        settings = region.read_settings(environment)
        await self.processes.run("migrate", [*_HUB, "admin", "migrate"], environment)
        await self.processes.run("keys", [*_HUB, "keys", "init"], environment)
        today = legal_date(SystemClock().now_us())
        made = generate(self.rows, _SEED, today)
        async with open_hub(settings, name="hub-demo") as hub:
            await region.register_all(hub, self.directory / "partners", environment["HUB_ISSUER"])
            self.display.done(f"database, keys, policy, {len(region.SYSTEMS) + len(region.SENT_TO) + 2} partners")
            await self._start_all(environment)
            self.display.done("DUO's SFTP server, the hub's server and worker, the recipients")
            await put(self.directory / "duo", "uitval.csv", made.csv)
            school = ["-m", "ops.demo.school", str(self._home(region.SCHOOL)), "--today", today.isoformat()]
            self.processes.start("mbo", school, ends=True)
            figures = await self._until_settled(hub, environment, made)
            self.display.done(f"a list of {made.rows:,} rows from DUO, single messages from a school")
            await self._take_back(school)
            figures = await figures_of(hub)
            kept = await self._prove(hub, environment, made, watching)
            await self._account(made, figures, await watching.verify(), kept)
            await self._make_trouble(hub, today)
            if not self.once:
                self._tell(environment, provider["accounts"], trouble.somebody(made.csv, today))
                await self._keep_serving(hub)

    def _home(self, party: str) -> Path:
        return self.directory / "partners" / party

    async def _start_all(self, environment: dict[str, str]) -> None:
        duo = self.directory / "duo"
        self.processes.start("duo-sftp", ["-m", "ops.demo.sftp_server", str(duo), "--port-file", str(duo / "port")])
        place = self.directory / "identity"
        self.processes.start("identity", ["-m", "ops.demo.identity", str(place), "--port-file", str(place / "port")])
        self.processes.start("hub-serve", [*_HUB, "serve"], environment)
        for party in region.SENT_TO:
            home = self._home(party)
            self.processes.start(party, ["-m", "ops.demo.simulator", str(home), "--port-file", str(home / "where.json")])
        for party in region.SYSTEMS:
            ways = {region.FORGETFUL: ["--forgetful"], COACH: ["--slow"]}.get(party, [])
            self.processes.start(party, ["-m", "ops.demo.recipient", str(self._home(party)), *ways])
        await self._wait_for("DUO's SFTP server", (duo / "port").exists)
        await self._wait_for("The identity provider", (place / "port").exists)
        await self._wait_for("The case systems", lambda: all((self._home(p) / "where.json").exists() for p in region.SENT_TO))
        Controls(region.where(self._home(region.DOWN))["control"]).dial("down")
        region.write_connectors(self.directory / "connectors.yaml", duo, self.directory / "partners")
        self.processes.start("hub-worker", [*_HUB, "worker"], environment)
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:

            async def answers() -> bool:
                with suppress(httpx2.HTTPError):
                    return (await client.get(f"{environment['HUB_ISSUER']}/v1/gezondheid")).status_code == 200
                return False

            deadline = asyncio.get_running_loop().time() + _READY_S
            while not await answers():
                self._check(deadline, "The hub's server")
                await asyncio.sleep(0.1)
        await self._wait_for("The recipients", lambda: all((self._home(p) / "counts.json").exists() for p in region.SYSTEMS))

    async def _wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = asyncio.get_running_loop().time() + _READY_S
        while not ready():
            self._check(deadline, what)
            await asyncio.sleep(0.05)

    def _check(self, deadline: float, what: str) -> None:
        self.processes.check()
        if asyncio.get_running_loop().time() > deadline:
            raise Failed(f"{what} did not get ready in {_READY_S:.0f} seconds; see the logs in {self.directory / 'logs'}.")

    async def _until_settled(self, hub: Hub, environment: dict[str, str], made: Generated) -> Figures:
        """Until every row has its place and nothing is under way but what is held; on the way, what is trusted is kept."""
        trust, last = False, (-1, -1)
        changed = asyncio.get_running_loop().time()
        while True:
            self.processes.check()
            sent = self.processes.ended("mbo")
            figures = await figures_of(hub)
            rows, every = figures.rows, figures.disclosures
            self.display.move(
                f"{rows.received:,} of {made.rows:,} rows, {every.delivered:,} delivered", rows.received / made.rows
            )
            if not trust and rows.received:
                command = [*_HUB, "audit", "trust", str(self.directory / "trust"), "--checkpoint"]
                await self.processes.run("trust", command, environment)
                trust = True
            under_way = every.held - sum(figures.recipients[name].held for name in region.HELD if name in figures.recipients)
            done = [run for run in await runs_of(hub) if run.state == "done"]
            if trust and sent and done and not under_way:
                return await figures_of(hub)
            now = asyncio.get_running_loop().time()
            if (rows.received, every.delivered) != last:
                last, changed = (rows.received, every.delivered), now
            elif now - changed > _QUIET_S:
                raise Failed(f"Nothing has moved for {_QUIET_S:.0f} seconds; see the logs in {self.directory / 'logs'}.")
            await asyncio.sleep(_LOOK_S)

    async def _take_back(self, school: list[str]) -> None:
        """Some take their yes back; until the recipient has been told, and has done what the first of them asks."""
        await self.processes.run("mbo-afterwards", [*school, "--afterwards"])
        counts = self._home(COACH) / "counts.json"
        await self._wait_for("The coach", lambda: json.loads(counts.read_text())["notices"] >= WITHDRAWN)
        self.display.done(f"{WITHDRAWN} young people took their yes back, and their coach was told to erase")

    async def _prove(self, hub: Hub, environment: dict[str, str], made: Generated, watching: Watching) -> dict[str, str | int]:
        """Someone is forgotten; then a partner finds its receipts as they were, and the log is cosigned and exported."""
        theirs = await forgotten.forget(hub, forgotten.refused_everywhere(made.csv))
        self.display.done("a young person was forgotten, and is not found any more")
        receipts = self._home(region.WITNESS) / "receipts.json"
        held = await watching.hold(environment["HUB_ISSUER"], self.directory / "trust", receipts)
        self.display.done(f"{held} receipts checked by a partner, which then cosigned the log")
        export = [*_HUB, "audit", "export", "--zip", str(watching.export), "--cosigned"]
        await self.processes.run("export", export, environment)
        return {"receipts": held, "witness": region.WITNESS, "forgotten": theirs}

    async def _account(self, made: Generated, figures: Figures, verdict: dict[str, Any], kept: dict[str, str | int]) -> None:
        self.display.done("the log exported as it was cosigned, and verified without the hub")
        school = json.loads((self._home(region.SCHOOL) / "counts.json").read_text())
        entries = logged(verdict)
        told = {"size": verdict["size"], "verdict": verdict["verdict"], "kinds": kinds(entries), **kept}
        summary = as_json(figures, told, self.display.seconds)
        (self.directory / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        self.display.say()
        for line in as_text(summary):
            self.display.say(line)
        self.display.say()
        expected, partners = Expected.of(made, school), self.directory / "partners"
        deadline = asyncio.get_running_loop().time() + _TELL_S
        # A recipient writes its counts once the hub has its word; on a busy machine that is a moment later.
        while wrong := list(disagreements(figures, expected, counted := received(partners), entries)):
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_LOOK_S)
        if wrong:
            raise Failed("The account does not add up:\n" + "\n".join(f"    {line}" for line in wrong))
        self.display.say(f"All of it adds up, here, at {len(counted)} recipients, and in the log ({summary['seconds']} s).")

    async def _make_trouble(self, hub: Hub, today: date) -> None:
        """What the desks have to show; until every list has its place."""
        before = len(await runs_of(hub))
        await trouble.unreadable_rows(self.directory / "duo", today)
        await asyncio.to_thread(trouble.fetched_and_never_confirmed, self._home(region.WITHOUT_SYSTEM))
        await trouble.many_looked_up(hub)
        deadline = asyncio.get_running_loop().time() + _READY_S
        while len(runs := await runs_of(hub)) < before + 1 or any(run.state == "taken" for run in runs):
            self._check(deadline, "The list that gets stuck")
            await asyncio.sleep(_LOOK_S)
        self.display.done("a day's trouble, for the desks")

    def _tell(self, environment: dict[str, str], accounts: list[dict[str, Any]], somebody: str) -> None:
        here = self.directory.relative_to(Path.cwd()) if self.directory.is_relative_to(Path.cwd()) else self.directory
        signs_in = "\n".join(f"  {one['username']:<22}{one['password']:<14}{_hat(one)}" for one in accounts)
        lines = f"""
The desks, in a browser:

  {environment["HUB_ISSUER"] + "/functionaris":<44}the privacy officer's: who got what about whom, and why; is the log whole
  {environment["HUB_ISSUER"] + "/beheer":<44}the administrator's: what is stuck, whom does it hurt, mend it

Sign in as (password beside it):

{signs_in}

Someone to search for: BSN {somebody}.

The hub serves on {environment["HUB_ISSUER"]} until Ctrl-C. In another terminal, from this directory:

  {f". '{here}/env'":<46}     the settings of this hub, for the commands below
  curl -s "$HUB_ISSUER/v1/openapi.json"              what partners may call
  .venv/bin/hub policy agreements                    which agreements are in force, who signed, what ends soon
  .venv/bin/hub rights notices list                  what recipients must do with what they received
  .venv/bin/hub admin status                         what came in, what went where, what waits and why
  .venv/bin/hub connector runs                       the files taken, with counts
  .venv/bin/python -m ops.demo.drop --rows 50        DUO puts another list on its server

A case system that is down, and its dial:   {region.DOWN}
  curl -s -d '{{"mode": "ok"}}' {region.where(self._home(region.DOWN))["control"]}/dial

{region.WITHOUT_SYSTEM} has no system yet: README.md tells how to fetch what is held for it, in its place.
Keys, logs of every process, the exported log and summary.json are under {here}.
"""
        for line in lines.splitlines():
            self.display.say(line)

    async def _keep_serving(self, hub: Hub) -> None:
        before = await figures_of(hub)
        while True:
            self.processes.check()
            now = await figures_of(hub)
            if (now.rows, now.disclosures) != (before.rows, before.disclosures):
                rows, every = now.rows, now.disclosures
                clock = datetime.now(UTC).astimezone()
                self.display.say(
                    f"{clock:%H:%M:%S}  rows {rows.received:,}: {rows.accepted:,} accepted, {rows.quarantined:,} "
                    f"quarantined, {rows.duplicate:,} duplicate; {every.delivered:,} delivered, {every.held:,} held"
                )
            before = now
            await asyncio.sleep(1)


def _hat(account: dict[str, Any]) -> str:
    roles = ", ".join(account["roles"])
    return f"{roles} of {account['party']}" if account["party"] else roles


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """One demo per directory. Raises Misconfigured where another one runs; the kernel lets go when that one ends."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(directory.name + ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Misconfigured(
                "A demo is running already.", f"It has {directory}.", "Stop it with Ctrl-C in its terminal, and start again."
            ) from None
        yield


async def _until_stopped(demo: Demo, urls: Urls) -> None:
    """Runs the demo; SIGINT, SIGTERM and SIGHUP end it in order."""
    task = asyncio.ensure_future(demo.run(urls))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task


def main() -> int:
    """The command line; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ops.demo", description="A region at work on this machine.")
    parser.add_argument("--once", action="store_true", default=os.environ.get("ONCE", "") not in ("", "0"))
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--directory", type=Path, default=_ROOT / "var" / "demo")
    given = parser.parse_args()
    directory = given.directory.resolve()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    end_with_make()
    display = Display(sys.stdout)
    processes: Processes | None = None
    try:
        with alone(directory):
            region.clear(directory)
            processes = Processes(directory / "logs")
            with (directory / "logs" / "demo.log").open("wb") as log:
                observe.configure(stream=log)
                display.say("An invented region of three doorstroompunten and eight gemeenten; nobody in it exists.")
                with PrivatePostgres(directory / "postgres") as postgres:
                    display.done("a private PostgreSQL")
                    demo = Demo(directory, given.rows, given.once, display, processes)
                    try:
                        asyncio.run(_until_stopped(demo, postgres.urls))
                    finally:
                        display.say()
                        processes.stop()
        return 0
    except (KeyboardInterrupt, asyncio.CancelledError):
        if (directory / "summary.json").exists():
            display.say("Stopped.")
            return 0
        print("Stopped before the end.", file=sys.stderr)
        return _STOPPED
    except HubError as error:
        print("\n".join(line for line in (error.what, error.why, error.now) if line), file=sys.stderr)
    except Failed as error:
        print(error, file=sys.stderr)
    except Exception:
        # Nobody foresaw it. The hub's own hook would keep it to the log, and everything here is invented.
        traceback.print_exc()
    return 1


if __name__ == "__main__":
    sys.exit(main())
