"""Scheduling: how late 200 connectors begin in one process, beside bare loops that only sleep.

`python -m bench.schedule`. Each of 200 instances is due every five seconds, at a moment of its own, over a real database: a
lock, a line in the history and its end for every run. The baseline is 200 tasks that sleep until the same moments and do no
more. Both run in turns; the delay is from the moment of the schedule to the first line of the run.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import uvloop

from bench.world import Result, say, world
from hub.app import Hub
from hub.clock import SystemClock
from hub.domain.terms import ConnectorId, PartyId
from hub.running.model import Job, RunContext, RunReport
from hub.running.runner import Runner
from hub.running.store import RunStore
from hub.schedule import Schedule

CONNECTORS = 200
EVERY_S = 5.0
_SECOND = 1_000_000


def _p99(delays_us: list[int]) -> float:
    return sorted(delays_us)[int(len(delays_us) * 0.99)] / 1000


async def _ours(hub: Hub, seconds: float) -> float:
    """The 99th percentile of the delays in ms."""
    clock, delays, store = SystemClock(), list[int](), RunStore(hub.engine, hub.log_id)
    schedule, begun = Schedule.every(EVERY_S), clock.now_us() + int(3 * _SECOND)

    def job(name: str) -> Job:
        async def run(_: RunContext) -> RunReport:
            now = clock.now_us()
            moment = schedule.next_after(now, None, name)
            if moment is not None and now > begun:
                delays.append(now - moment)
            return RunReport()

        return Job(ConnectorId(name), PartyId(f"partij-{name}"), schedule, run)

    jobs, stopping = [job(f"bron-{n}") for n in range(CONNECTORS)], asyncio.Event()

    async def all_jobs() -> Sequence[Job]:
        return jobs

    running = asyncio.create_task(Runner(store, clock, secrets.token_bytes).run(all_jobs, stopping))
    await asyncio.sleep(seconds + 3)
    stopping.set()
    await running
    say(f"  {len(delays)} runs, median {median(delays) / 1000:.1f} ms, worst {max(delays) / 1000:.1f} ms")
    return _p99(delays)


async def _bare(seconds: float) -> float:
    """The same of tasks that only sleep."""
    clock, delays, schedule = SystemClock(), list[int](), Schedule.every(EVERY_S)
    end = clock.now_us() + int(seconds * _SECOND)

    async def sleep(name: str) -> None:
        last = int(clock.now_us())
        while last < end:
            last = int(schedule.next_after(last, last, name) or end)
            await asyncio.sleep((last - clock.now_us()) / _SECOND)
            delays.append(clock.now_us() - last)

    await asyncio.gather(*(sleep(f"bron-{n}") for n in range(CONNECTORS)))
    return _p99(delays)


async def run(folder: Path, seconds: float, rounds: int) -> list[Result]:
    """The figures; ours over the baseline of the same rounds."""
    ours: list[float] = []
    bare: list[float] = []
    async with world(folder) as (hub, _, _):
        for nth in range(rounds):
            say(f"schedule: round {nth + 1} of {rounds}")
            bare.append(await _bare(seconds))
            ours.append(await _ours(hub, seconds))
    mine, theirs = median(ours), median(bare)
    return [Result("schedule: p99 delay of 200 connectors", mine, theirs, mine / max(theirs, 0.001), "ms", "< 1000 ms")]


def main() -> None:
    """Prints the figures of this machine."""
    parser = argparse.ArgumentParser(prog="bench.schedule", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a window")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        for result in uvloop.run(run(Path(folder), asked.seconds, asked.rounds)):
            print(result, flush=True)


if __name__ == "__main__":
    main()
