"""The log: 64 callers, each waiting for its own durable entry with its proof; lists; and what an entry takes on disk.

Baseline of the callers: the same bodies into a table with the same columns and index, one row per commit, by as many callers
over the pool. Baseline of the lists: `copy_records_to_table` of the same bodies with their leaf hashes into that table, as many
in a commit. They run in turn, round after round.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg

from bench.world import Result, plain, say, world
from hub.app import Hub
from hub.audit.entry import DisclosureTemplate, complete
from hub.audit.guard import Guard
from hub.audit.tree import leaf_hash
from hub.domain.ids import new_ids
from hub.domain.stages import Candidate, Grant
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    Form,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)
from hub.ports import Draft, WorkItem

CALLERS = 64
BATCH = 250
_TABLE = """
CREATE TABLE bench_entry (log_id text, party_id text, seq bigserial PRIMARY KEY, ref uuid, leaf bytea, body bytea);
CREATE INDEX ON bench_entry (log_id, ref); GRANT ALL ON bench_entry, bench_entry_seq_seq TO hub_app
"""
_DISK = """
SELECT CASE WHEN relname LIKE 'audit_entry%' THEN 'audit_entry' ELSE relname END, sum(pg_relation_size(oid)
    + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0))::bigint, sum(pg_indexes_size(oid))::bigint
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname LIKE 'audit%'
GROUP BY 1 HAVING sum(pg_total_relation_size(oid)) > 0 ORDER BY 2 DESC
"""
SOURCE, RECIPIENT = PartyId("duo"), PartyId("doorstroompunt-lindemark")
_GRANT = Grant(
    agreement=AgreementId("duo-doorstroompunt/1"),
    clause=ClauseId("duo-doorstroompunt/1/uitval"),
    purpose=PurposeId("doorstroom-begeleiden"),
    processing_activity="https://verwerkingen.example/1",
    bases=(BasisId("web-9.2.1"),),
    fields=tuple((ElementName(name), Form.raw) for name in ("bsn", "naam", "geboortedatum", "adres", "onderwijssoort")),
    withheld=((ElementName("reden-uitval"), ReasonCode("NIET_NODIG")),),
    obligations=(),
    retention="P2Y",
    policy=PolicyHash("0123456789abcdef" * 4),
)


class _Entries:
    """Disclosures of invented persons: an entry as the route writes it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        candidate = Candidate(RECIPIENT, SOURCE, (SOURCE, RECIPIENT))
        self._template = DisclosureTemplate(hub.log_id, SOURCE, candidate, _GRANT, RecordKind("uitvalmelding"))

    def drafts(self, count: int) -> list[Draft]:
        refs = new_ids(count, self._hub.clock.now_us(), secrets.token_bytes(8 * count))
        return [self._template.draft(ref, *(secrets.token_bytes(size) for size in (32, 32, 16, 32))) for ref in refs]


async def _window(seconds: float, callers: int, work: Callable[[], Awaitable[int]]) -> tuple[float, list[float]]:
    """Entries a second, and how long each call took."""
    latencies: list[float] = []
    done = 0
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while (began := time.perf_counter()) < until:
            count = await work()
            done += count  # after the wait, or callers would overwrite each other
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return done / (time.perf_counter() - began), latencies


async def run(folder: Path, seconds: float, rounds: int) -> list[Result]:
    """Windows of ours and baselines in turn."""
    rates: dict[str, list[float]] = {name: [] for name in ("append", "insert", "bulk", "copy")}
    waits: list[float] = []
    async with world(folder) as (hub, postgres, _):
        owner = await asyncpg.connect(plain(postgres.url("hub_owner", "base")))
        await owner.execute(_TABLE)
        await owner.close()
        pool = await asyncpg.create_pool(plain(postgres.url("hub_app", "base")), min_size=16, max_size=16)
        entries, sizes = _Entries(hub), list[int]()

        async def append() -> int:
            (draft,) = entries.drafts(1)
            recorded = await hub.committer.record(WorkItem(draft.ref, SOURCE, (draft,), receipts=(draft.ref,)))
            if draft.ref not in recorded.receipts:
                raise SystemExit("an entry came back without its proof")
            return 1

        async def bulk() -> int:
            drafts = entries.drafts(BATCH)
            await hub.committer.record(WorkItem(drafts[0].ref, SOURCE, drafts))
            return BATCH

        def rows(count: int) -> list[tuple[Any, ...]]:
            now = hub.clock.now_us()
            made = [(draft.ref, complete(draft, now)) for draft in entries.drafts(count)]
            sizes.append(len(made[0][1]))
            return [(hub.log_id, "duo", ref, leaf_hash(body), body) for ref, body in made]

        async def insert() -> int:
            statement = "INSERT INTO bench_entry (log_id, party_id, ref, leaf, body) VALUES ($1, $2, $3, $4, $5)"
            await pool.execute(statement, *rows(1)[0])
            return 1

        async def copy() -> int:
            columns = ("log_id", "party_id", "ref", "leaf", "body")
            await pool.copy_records_to_table("bench_entry", records=rows(BATCH), columns=columns)
            return BATCH

        works = {"append": (CALLERS, append), "insert": (CALLERS, insert), "bulk": (4, bulk), "copy": (4, copy)}
        for callers, work in works.values():
            await _window(1, callers, work)
        for nth in range(rounds):
            for name, (callers, work) in works.items():
                rate, latencies = await _window(seconds, callers, work)
                rates[name].append(rate)
                waits += latencies if name == "append" else []
            say(f"  log, round {nth + 1}: " + ", ".join(f"{name} {found[-1]:.0f}/s" for name, found in rates.items()))
        await pool.close()
        while await hub.search.catch_up():
            pass
        disk = await _disk(hub, postgres)
        began = time.perf_counter()
        examined = await Guard(hub.engine, hub.log_id, hub.signer.vkey).check(newest=None)
        checked = examined.entries / (time.perf_counter() - began)
    waits.sort()
    mean = {name: sum(found) / rounds for name, found in rates.items()}
    return [
        Result(
            "log: 64 callers, each with its proof",
            mean["append"],
            mean["insert"],
            mean["append"] / mean["insert"],
            "entries/s",
            "10,000/s",
        ),
        Result("log: p99 of a caller", waits[int(len(waits) * 0.99)] * 1000, 0.0, 0.0, "ms", "under 25"),
        Result("log: lists of 250", mean["bulk"], mean["copy"], mean["bulk"] / mean["copy"], "entries/s", "30,000/s"),
        Result(
            "log: an entry on disk", disk, sum(sizes) / len(sizes), disk * len(sizes) / sum(sizes), "bytes", "at most 1,200"
        ),
        Result("log: examined before a start", checked, 0.0, 0.0, "entries/s", "none; 1,000,000 within ten seconds"),
    ]


async def _disk(hub: Hub, postgres: Any) -> float:
    """Bytes per entry, all tables of the log and of its search with their indexes; says where they are."""
    admin = await asyncpg.connect(plain(postgres.url("postgres", "hub")))
    for table in ("audit_head", "audit_request", "audit_tile", "audit_checkpoint"):
        await admin.execute(f"VACUUM {table}")
    found = await admin.fetch(_DISK)
    size = await admin.fetchval("SELECT size FROM audit_head WHERE log_id = $1", hub.log_id)
    checkpoints = await admin.fetchval("SELECT count(*) FROM audit_checkpoint")
    await admin.close()
    say(f"  log, on disk: {size} entries, {checkpoints} checkpoints; bytes per entry:")
    for table, heap, indexes in found:
        if heap + indexes >= size:
            say(f"    {table:<28}{heap / size:>9.0f}  and indexes {indexes / size:.0f}")
    return sum(heap + indexes for _, heap, indexes in found) / int(size)
