"""A list of many persons, each to two recipients, through steps 1 to 5: held for pull and logged per person.

Baseline: asyncpg's `copy_records_to_table` of exactly the rows that our run wrote, into the same tables with the same indexes
and in as many commits, with the rows lying ready in memory.
"""

from __future__ import annotations

import gc
import resource
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from bench.world import Result, numbers, plain, rows, say, world
from hub.app import Hub
from hub.domain.ids import new_ids
from hub.domain.stages import DropPlace, Received
from hub.domain.terms import ConnectorId, Interface, LogId, Micros, PartyId
from hub.formats.csv import FORMAT
from hub.normalise.mapping import load_mapping
from hub.receive.drop.poll import CHUNK
from hub.receive.drop.store import DropIntake, DropStore

DUO, NAME = PartyId("duo"), ConnectorId("bench")
_SINCE = {
    "audit_entry": "seq >= {size}",
    "audit_tile": "level = 0 AND idx >= {size} / 256 OR level > 0 AND idx >= {size} / 65536",
    "audit_checkpoint": "size > {size}",
    "audit_request": "created_us >= {us}",
    "consent_facts": "created_us >= {us}",
    "receive_record": "received_us >= {us}",
    "deliver_outbox": "held_us >= {us}",
}
_IN_VAULT = ("vault_key", "vault_subject")
_ORDER = {"audit_entry": "seq", "deliver_outbox": "delivery_id", "consent_facts": "record_id", "receive_record": "record_id"}


async def _chunks(hub: Hub, lines: Iterator[bytes], drop_id: UUID) -> AsyncIterator[Received]:
    mapping = load_mapping(Path("hub/connectors/duo_uitval/mapping.yaml"))
    content = b"".join(lines)
    inspector = FORMAT.inspect(mapping.columns, mapping.required)
    inspector.feed(content)
    reader = FORMAT.read(inspector.finish(), mapping.columns)
    held, place = [], 0
    for start in range(0, len(content), 1 << 16):
        held += reader.feed(content[start : start + (1 << 16)])
        while len(held) >= CHUNK:
            chunk, held = held[:CHUNK], held[CHUNK:]
            yield _received(hub, chunk, drop_id, place)
            place = chunk[-1].number
    held += reader.finish()
    if held:
        yield _received(hub, held, drop_id, place)


def _received(hub: Hub, chunk: Sequence[Any], drop_id: UUID, place: int) -> Received:
    now = Micros(hub.clock.now_us())
    (request,) = new_ids(1, now, secrets.token_bytes(8))
    place_in_file = DropPlace(drop_id, NAME, place, chunk[-1].number)
    return Received(DUO, hub.log_id, Interface.file, request, now, tuple(chunk), place_in_file)


async def ours(hub: Hub, lines: Iterator[bytes]) -> int:
    """Admits a list; gives how many were accepted."""
    now = hub.clock.now_us()
    (drop_id,) = new_ids(1, now, secrets.token_bytes(8))
    store = DropStore(hub.engine, LogId(hub.log_id), DUO, NAME)
    await store.claim(drop_id, secrets.token_bytes(32), refused=None, lines=0, ignored=0, now_us=now)
    mapping = load_mapping(Path("hub/connectors/duo_uitval/mapping.yaml"))
    accepted = 0
    async for admitted in hub.route.admit_list(_chunks(hub, lines, drop_id), mapping, DropIntake()):
        accepted += admitted.tally.accepted
    return accepted


async def _written(hub: Hub, main: asyncpg.Connection, vault: asyncpg.Connection, size: int, us: int) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for table, condition in _SINCE.items():
        order = f"ORDER BY {_ORDER[table]}" if table in _ORDER else ""
        where = condition.format(size=size, us=us)
        found[table] = [tuple(row) for row in await main.fetch(f"SELECT * FROM {table} WHERE {where} {order}")]
    found["vault_key"] = [tuple(row) for row in await vault.fetch("SELECT * FROM vault_key WHERE created_us >= $1", us)]
    first = UUID(int=us // 1000 << 80)  # what a UUIDv7 of that moment begins with
    found["vault_subject"] = [tuple(row) for row in await vault.fetch("SELECT * FROM vault_subject WHERE ref >= $1", first)]
    return found


async def baseline(main: asyncpg.Connection, vault: asyncpg.Connection, tables: dict[str, list[Any]], commits: int) -> float:
    """Copies the rows in `commits` transactions; gives seconds."""
    slices = [
        {table: held[len(held) * nth // commits : len(held) * (nth + 1) // commits] for table, held in tables.items()}
        for nth in range(commits)
    ]
    gc.collect()
    began = time.perf_counter()
    for each in slices:
        async with vault.transaction():
            for table in _IN_VAULT:
                await vault.copy_records_to_table(table, records=each[table])
        async with main.transaction():
            for table in _SINCE:
                if each[table]:
                    await main.copy_records_to_table(table, records=each[table])
            # Two rows that our run writes anew with every commit.
            await main.execute("UPDATE audit_head SET size = size + 1")
            await main.execute("UPDATE receive_drop SET rows_done = rows_done + 1")
    return time.perf_counter() - began


async def run(folder: Path, persons: int, rounds: int) -> list[Result]:
    """Rounds of ours and baseline in turn; the ratio is of the sums."""
    year = datetime.now(UTC).year
    bsns = numbers()
    mine = theirs = 0.0
    async with world(folder) as (hub, postgres, _):
        connections = [
            await asyncpg.connect(plain(postgres.url(role, name)))
            for role, name in (("hub_app", "hub"), ("hub_vault", "hub_vault"), ("hub_app", "base"), ("hub_vault", "base_vault"))
        ]
        main, vault, base, base_vault = connections
        await base.execute("SELECT ensure_audit_partitions($1, $2)", hub.log_id, 1_000_000)
        await ours(hub, rows(bsns, 1000, year))
        for table in ("audit_head", "receive_drop"):
            await base.copy_records_to_table(table, records=[tuple(row) for row in await main.fetch(f"SELECT * FROM {table}")])
        for nth in range(rounds):
            size = await main.fetchval("SELECT size FROM audit_head")
            us = hub.clock.now_us()
            lines = iter(list(rows(bsns, persons // rounds, year)))
            gc.collect()
            began = time.perf_counter()
            accepted = await ours(hub, lines)
            spent = time.perf_counter() - began
            if accepted != persons // rounds:
                raise SystemExit(f"{accepted} accepted of {persons // rounds}: the benchmark's persons do not fit the policy")
            tables = await _written(hub, main, vault, size, us)
            if len(tables["deliver_outbox"]) != 2 * accepted:
                raise SystemExit("not everybody is disclosed to both recipients: the benchmark would measure refusals")
            copied = await baseline(base, base_vault, tables, len(tables["audit_checkpoint"]))
            mine, theirs = mine + spent, theirs + copied
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            say(f"  list, round {nth + 1}: ours {spent:.2f} s, copy {copied:.2f} s, {memory} MiB at most")
        for connection in connections:
            await connection.close()
    per = 1e6 / persons
    return [Result("list: 2 recipients, steps 1-5", mine * per, theirs * per, mine / theirs, "us/person", "at most 2.5")]
