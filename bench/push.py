"""Pushing: deliveries per second to a recipient's own system, each decided anew, logged before it leaves and when it arrived.

Baseline: a bare loop of the same HTTP calls, the very pages that our run sent, through the same client, as many at a time.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bench import list as list_bench
from bench.world import Result, numbers, rows, say, world
from hub.app import Hub
from hub.connector import Endpoint, Said, Sink
from hub.connectors.bezorging.client import open_sink
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId
from hub.push.worker import Pusher, Target

RECIPIENTS = (PartyId("doorstroompunt-lindemark"), PartyId("werk-en-inkomen-aldermeer"))
BATCHES = (50, 1)
CONCURRENCY = 4


@dataclass
class Kept:
    """A sink that keeps what went through it, to be sent again without the hub."""

    sink: Sink
    pages: list[tuple[Sequence[Delivered], str]] = field(default_factory=list)

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        """Sends it on."""
        self.pages.append((page, checkpoint))
        return await self.sink.send(page, checkpoint)

    async def tell(self, page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        """Tells it on."""
        return await self.sink.tell(page, ids)

    async def close(self) -> None:
        """Lets go."""
        await self.sink.close()


async def _ours(pusher: Pusher, target: Target, count: int) -> float:
    confirmed, began = 0, time.perf_counter()

    async def lane() -> None:
        nonlocal confirmed
        while confirmed < count and (done := await pusher.once(target)) is not None:
            confirmed += done

    await asyncio.gather(*(lane() for _ in range(CONCURRENCY)))
    if confirmed < count:
        raise SystemExit(f"only {confirmed} of {count} deliveries were confirmed")
    return confirmed / (time.perf_counter() - began)


async def _bare(sink: Sink, pages: list[tuple[Sequence[Delivered], str]]) -> float:
    waiting, began = list(pages), time.perf_counter()

    async def lane() -> None:
        while waiting:
            await sink.send(*waiting.pop())

    await asyncio.gather(*(lane() for _ in range(CONCURRENCY)))
    return sum(len(page) for page, _ in pages) / (time.perf_counter() - began)


async def _compare(hub: Hub, url: str, recipient: PartyId, batch: int, count: int, rounds: int) -> Result:
    pusher = Pusher(hub.engine, hub.log_id, hub.route, hub.endings, hub.clock, secrets.token_bytes)
    ours, theirs = [], []
    for nth in range(rounds):
        kept = Kept(open_sink(Endpoint(url)))
        target = Target(recipient, kept, batch, CONCURRENCY, 10.0)
        ours.append(await _ours(pusher, target, count))
        theirs.append(await _bare(kept.sink, kept.pages))
        await kept.close()
        say(f"  push, {batch} in a page, round {nth + 1}: ours {ours[-1]:.0f}/s, bare calls {theirs[-1]:.0f}/s")
    mine, bare = sum(ours) / rounds, sum(theirs) / rounds
    return Result(f"push: {batch} in a page, {CONCURRENCY} at a time", mine, bare, mine / bare, "deliveries/s", "reported")


async def run(folder: Path, rounds: int) -> list[Result]:
    """Pages of many and pages of one, ours and bare in turn."""
    many, single = 2_000, 400
    async with world(folder) as (hub, _, _):
        await list_bench.ours(hub, rows(numbers(), rounds * (many + 200), datetime.now(UTC).year))
        taker = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.taker", stdout=asyncio.subprocess.PIPE)
        try:
            assert taker.stdout is not None
            url = (await taker.stdout.readline()).decode().strip()
            counts = dict(zip(BATCHES, (many, single), strict=True))
            return [
                await _compare(hub, url, recipient, batch, counts[batch], rounds)
                for recipient, batch in zip(RECIPIENTS, BATCHES, strict=True)
            ]
        finally:
            taker.kill()
            await taker.wait()
