"""The log: 64 callers, each waiting for its own durable entry with its proof.

Baseline: the same bodies into a table with the same columns and index, one row per commit, by as many callers over the pool.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from bench.world import Result, plain, say, world
from hub.app import Hub
from hub.audit.entry import EntryKind, complete, event
from hub.audit.tree import leaf_hash
from hub.domain.ids import new_ids
from hub.domain.terms import PartyId, PurposeId
from hub.ports import Draft, WorkItem

CALLERS = 64
_TABLE = """
CREATE TABLE bench_entry (log_id text, party_id text, seq bigserial PRIMARY KEY, ref uuid, leaf bytea, body bytea);
CREATE INDEX ON bench_entry (log_id, ref); GRANT ALL ON bench_entry, bench_entry_seq_seq TO hub_app
"""


def _draft(hub: Hub) -> Draft:
    (ref,) = new_ids(1, hub.clock.now_us(), secrets.token_bytes(8))
    filling = {f"note-{nth}": "x" * 60 for nth in "abcd"}
    return event(EntryKind.configuration, hub.log_id, ref, hub.operator, "bench", PurposeId("hub-beheer"), "bench", filling)


async def _window(seconds: float, work: Callable[[], Awaitable[None]]) -> tuple[float, list[float]]:
    latencies: list[float] = []
    until = time.perf_counter() + seconds

    async def caller() -> None:
        while (began := time.perf_counter()) < until:
            await work()
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return len(latencies) / (time.perf_counter() - began), latencies


async def run(folder: Path, seconds: float, rounds: int) -> list[Result]:
    """Windows of ours and baseline in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    waits: list[float] = []
    async with world(folder) as (hub, postgres, _):
        owner = await asyncpg.connect(plain(postgres.url("hub_owner", "base")))
        await owner.execute(_TABLE)
        await owner.close()
        pool = await asyncpg.create_pool(plain(postgres.url("hub_app", "base")), min_size=16, max_size=16)
        template = _draft(hub)

        async def append() -> None:
            (ref,) = new_ids(1, hub.clock.now_us(), secrets.token_bytes(8))
            recorded = await hub.committer.record(
                WorkItem(ref, PartyId("duo"), (Draft(ref, template.head, template.tail),), receipts=(ref,))
            )
            if ref not in recorded.receipts:
                raise SystemExit("an entry came back without its proof")

        async def insert() -> None:
            (ref,) = new_ids(1, hub.clock.now_us(), secrets.token_bytes(8))
            body = complete(template, hub.clock.now_us())
            await pool.execute(
                "INSERT INTO bench_entry (log_id, party_id, ref, leaf, body) VALUES ($1, $2, $3, $4, $5)",
                *(hub.log_id, "duo", ref, leaf_hash(body), body),
            )

        await _window(1, append)
        await _window(1, insert)
        for nth in range(rounds):
            rate, latencies = await _window(seconds, append)
            bare, _ = await _window(seconds, insert)
            ours, theirs, waits = [*ours, rate], [*theirs, bare], waits + latencies
            say(f"  log, round {nth + 1}: ours {rate:.0f}/s, bare single-row commits {bare:.0f}/s")
        await pool.close()
    waits.sort()
    mine, bare = sum(ours) / rounds, sum(theirs) / rounds
    p99 = waits[int(len(waits) * 0.99)] * 1000
    return [
        Result("log: 64 callers, each with its proof", mine, bare, mine / bare, "entries/s", "10,000/s"),
        Result("log: p99 of a caller", p99, 0.0, 0.0, "ms", "under 25"),
    ]
