"""A committer on real databases with a clock that tests move, and work items for it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store
from hub.audit.checkpoint import check_receipt, parse_receipt
from hub.audit.entry import EntryKind, event, parse
from hub.audit.highwater import HighWater
from hub.audit.log import Log
from hub.audit.record import Committer
from hub.db import transaction
from hub.domain.stages import Recorded
from hub.domain.terms import LogId, Micros, PartyId, PurposeId
from hub.ports import About, Claim, RowSet, WorkItem
from tests.fakes.log import signer

LOG, OPERATOR, PARTY = LogId("regio-a"), PartyId("hub"), PartyId("duo")
START = 1_793_620_800_000_000
"""2 November 2026, noon in the Netherlands."""
KEY = signer()


@dataclass
class Clock:
    """A clock that moves when told."""

    us: int = START

    def now_us(self) -> Micros:
        return Micros(self.us)


@asynccontextmanager
async def committing(
    engine: AsyncEngine, high_water: Path, clock: Clock | None = None, *, unmarked: bool = False
) -> AsyncIterator[Committer]:
    """A committer that is open."""
    mark = HighWater(high_water)
    committer = Committer(engine, LOG, OPERATOR, KEY, clock or Clock(), secrets.token_bytes, mark)
    try:
        await committer.start(unmarked=unmarked)
        yield committer
    finally:
        await committer.stop()
        mark.close()


def item(entries: int = 1, receipts: bool = True, request_id: UUID | None = None, **other: Any) -> WorkItem:
    """Work of `entries` entries about nobody, which leaves a row per entry besides."""
    refs = [uuid4() for _ in range(entries)]
    drafts = [event(EntryKind.access, LOG, ref, OPERATOR, "search", PurposeId("toezicht"), "log", {}) for ref in refs]
    columns = ("log_id", "party_id", "entry_ref", "sealed", "key_version", "recorded_us")
    rows = RowSet("decision_call", columns, [(LOG, PARTY, ref, b"", 1, START) for ref in refs])
    given: dict[str, Any] = {"rows": (rows,), "receipts": [draft.ref for draft in drafts] if receipts else (), **other}
    return WorkItem(request_id or uuid4(), PARTY, drafts, **given)


def claiming(*digests: bytes) -> Claim:
    """The condition that none of these was there before."""
    statement = """
        INSERT INTO receive_record (log_id, party_id, content_digest, record_id, received_us)
        SELECT *, gen_random_uuid(), 1 FROM unnest($1::text[], $2::text[], $3::bytea[]) ON CONFLICT DO NOTHING"""
    return Claim(statement, [(LOG, PARTY, digest) for digest in digests])


async def count(engine: AsyncEngine, table: str) -> int:
    """How many rows a table has."""
    async with transaction(engine) as connection:
        found: int = await connection.raw.fetchval(f"SELECT count(*) FROM {table}")
    return found


async def bodies(engine: AsyncEngine) -> list[bytes]:
    """All entries of the log."""
    async with transaction(engine) as connection:
        size = await connection.raw.fetchval("SELECT coalesce(max(size), 0) FROM audit_head WHERE log_id = $1", LOG)
        return await store.bodies(connection, LOG, 0, size)


async def whole(engine: AsyncEngine, items: Sequence[WorkItem], told: Sequence[Recorded] = ()) -> list[bytes]:
    """Checks the log from its first entry: gapless, in order of time, under its checkpoint; just these items, each once."""
    log = Log(engine, LOG, KEY.vkey)
    entries = await bodies(engine)
    if entries:
        files = dict([file async for file in log.export()])
        assert files["checkpoint"].decode() == await log.checkpoint()
    expected = sorted(str(draft.ref) for each in items for draft in each.entries)
    fields = [parse(entry) for entry in entries]
    assert sorted(entry["ref"] for entry in fields) == expected
    moments = [entry["us"] for entry in fields]
    assert moments == sorted(moments)
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch("SELECT entry_ref FROM decision_call")
        requests = await connection.raw.fetch("SELECT request_id FROM audit_request")
    assert sorted(str(row[0]) for row in rows) == expected
    assert sorted(str(row[0]) for row in requests) == sorted(str(each.request_id) for each in items)
    for recorded in told:
        for text in recorded.receipts.values():
            check_receipt(text, entries[parse_receipt(text).index], KEY.vkey)
    return entries


class Nobody:
    """For entries that are about no person: no vault is asked."""

    async def link(self, about: Sequence[About], /) -> None:
        """Satisfies `hub.ports.Subjects`, for nothing."""
        assert not about

    async def tags_of(self, refs: Sequence[UUID]) -> dict[UUID, bytes]:
        """Says of no entry whom it is about."""
        return {}


NOBODY = Nobody()
