"""Sending over the real way to a simulator of a recipient's system, which runs in a process of its own."""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Endpoint, Said, Sink
from hub.connectors.bezorging.client import open_sink
from hub.deliver.lease import store as lease
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId
from hub.push.worker import Pusher, Target
from ops.demo.controls import Running
from tests.fakes.house import DESK, House
from tests.fakes.recorder import LOG


@dataclass
class Watched:
    """A sink that looks, before every call, whether the log already says that each of these is handed over once more."""

    house: House
    sink: Sink
    calls: Counter[UUID] = field(default_factory=Counter)

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        entries = Counter(one["delivery"] for one in await self.house.entries() if one.get("outcome") == "handed-over")
        for each in page:
            self.calls[each.delivery_id] += 1
            assert entries[str(each.delivery_id)] >= self.calls[each.delivery_id], "it left before the log said so"
        return await self.sink.send(page, checkpoint)

    async def tell(self, page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        return await self.sink.tell(page, ids)

    async def close(self) -> None:
        await self.sink.close()


def sending(
    house: House, simulator: Running, recipient: PartyId = DESK, *, timeout_s: float = 5.0, batch: int = 5, concurrency: int = 1
) -> Target:
    """That recipient, whose system the simulator is."""
    sink = Watched(house, open_sink(Endpoint(simulator.url, timeout_s=timeout_s)))
    return Target(recipient, sink, batch, concurrency, timeout_s)


def pusher(house: House, engine: AsyncEngine | None = None, **more: Any) -> Pusher:
    """A process that sends."""
    return Pusher(
        engine or house.engine,
        LOG,
        house.route,
        house.route.endings,
        house.clock,
        secrets.token_bytes,
        **{"idle_s": 0.05, **more},
    )


async def forward(house: House, recipient: PartyId = DESK) -> bool:
    """Moves the clock to when the next thing may happen; False where nothing will."""
    now = house.clock.now_us()
    health = await lease.health(house.engine, LOG, recipient)
    rows = await house.rows(
        """SELECT min(coalesce(due_us, 0)) AS due FROM deliver_outbox AS waiting
        WHERE party_id = $1 AND state IN ('held', 'handed') AND NOT EXISTS (
            SELECT FROM deliver_outbox AS earlier WHERE earlier.party_id = waiting.party_id
            AND earlier.state IN ('held', 'handed', 'failed')
            AND earlier.subject_tag = waiting.subject_tag AND earlier.delivery_id < waiting.delivery_id)""",
        recipient,
    )
    if (due := rows[0]["due"]) is None:
        return False
    house.clock.us = max(now + 1, due, health.closed_us if health.failures else 0)
    return True


async def settle(house: House, pushing: Pusher, target: Target, most: int = 2000) -> None:
    """Sends, and lets time pass, until nothing can happen any more."""
    for _ in range(most):
        if await pushing.once(target) is None and not await forward(house, target.recipient):
            return
    raise AssertionError("it never comes to rest")


async def some(house: House, pushing: Pusher, target: Target, times: int) -> None:
    """Sends so many times, and lets time pass in between."""
    for _ in range(times):
        if await pushing.once(target) is None:
            await forward(house, target.recipient)


async def states(house: House, recipient: PartyId = DESK) -> Counter[str]:
    """How many of the recipient's deliveries are in which state."""
    return Counter(row["state"] for row in await house.rows("SELECT state FROM deliver_outbox WHERE party_id = $1", recipient))


async def until(what: str, holds: Callable[[], Any], patience_s: float = 30) -> None:
    """Waits until it holds, and fails when it never does."""
    for _ in range(int(patience_s / 0.02)):
        found = holds()
        if await found if inspect.isawaitable(found) else found:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"in vain waited for: {what}")


async def all_acknowledged(house: House, recipient: PartyId = DESK) -> bool:
    """Whether the recipient has everything."""
    return set(await states(house, recipient)) == {"acknowledged"}


async def check(house: House, simulator: Running, recipient: PartyId = DESK) -> None:
    """Nothing lost, no effect twice, none that the log did not speak of first, in order per person."""
    counts, times = simulator.counts(), simulator.times()
    rows = await house.rows("SELECT delivery_id, state, lease_id, sealed FROM deliver_outbox WHERE party_id = $1", recipient)
    taken = {str(row["delivery_id"]) for row in rows if row["state"] == "acknowledged"}
    assert all(row["lease_id"] is None for row in rows if row["state"] != "handed")
    assert all((row["sealed"] is None) == (row["state"] == "acknowledged") for row in rows)
    assert counts["effects"] == len(taken)
    assert counts["order_violations"] == counts["malformed"] == counts["bad_receipts"] == 0
    entries = [one for one in await house.entries() if one.get("recipient") == recipient]
    place: dict[tuple[str, str], list[int]] = {}
    for seq, one in enumerate(entries):
        name = one["ref"] if one["kind"] == "disclosure" else one.get("delivery", "")
        place.setdefault((name, one.get("outcome") or one["kind"]), []).append(seq)
    for delivery, often in times.items():
        handed = place[delivery, "handed-over"]
        assert place[delivery, "disclosure"][0] < handed[0]
        assert len(handed) >= often
    for delivery in taken:
        (acknowledged,) = place[delivery, "acknowledged"]
        assert place[delivery, "handed-over"][-1] < acknowledged
