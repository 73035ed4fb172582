"""What holds of a log whatever is done to it, in any order: by two processes, with clocks that jump, keys that are replaced,
callers who go away, requests that repeat, and a database that somebody changes."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store, succession
from hub.audit.checkpoint import check_receipt, open_note, parse_receipt
from hub.audit.entry import EntryKind, event, parse
from hub.audit.guard import Guard
from hub.audit.highwater import HighWater, Mark
from hub.audit.log import Log
from hub.audit.record import Committer
from hub.audit.signing import LogSigner
from hub.audit.store import Located
from hub.audit.succession import Cause
from hub.audit.tree import verify_consistency
from hub.db import create_engine, transaction
from hub.domain.stages import Recorded
from hub.domain.terms import LogId, PartyId, PurposeId
from hub.errors import Conflict, Misconfigured, Retry, Tampered
from hub.ports import RowSet, WorkItem
from hub.postgres import PrivatePostgres, Urls
from tests.fakes.recorder import OPERATOR, START, Clock

PARTY = PartyId("duo")
_names = itertools.count(1)
who = st.integers(0, 1)


class World:
    """One loop, one database and someone whom no trigger stops, for all runs."""

    def __init__(self, urls: Urls, vandal: str) -> None:
        self.loop = asyncio.Runner()
        self.engines = [create_engine(urls.database, pool_size=2) for _ in range(2)]
        self.vandal: asyncpg.Connection = self.run(asyncpg.connect(vandal, ssl=False))
        self.run(self.vandal.execute("SET session_replication_role = replica"))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work)

    def close(self) -> None:
        self.run(self.vandal.close())
        for engine in self.engines:
            self.run(engine.dispose())
        self.loop.close()


class LogMachine(RuleBasedStateMachine):
    """Two processes over one log, and what must be in it."""

    world: World

    @initialize()
    def begin(self) -> None:
        nth = next(_names)
        self.log = LogId(f"regio-{nth}")
        self.place = tempfile.TemporaryDirectory(prefix="hub-log-")
        self.mark = Path(self.place.name) / "high-water"
        self.signer = self.key(f"hub.example/{nth}")
        self.clocks = [Clock(), Clock()]
        self.committers: list[Committer | None] = [None, None]
        self.marks: list[HighWater | None] = [None, None]
        self.items: dict[UUID, WorkItem] = {}
        self.receipts: list[tuple[UUID, str, str]] = []
        self.notes: list[tuple[str, str]] = []
        self.rotations = 0
        for process in (0, 1):
            self.world.run(self.start(process))

    # -- helpers

    def key(self, origin: str) -> LogSigner:
        return LogSigner(origin, Ed25519PrivateKey.generate())

    @property
    def engine(self) -> AsyncEngine:
        return self.world.engines[0]

    async def start(self, process: int) -> None:
        water = HighWater(self.mark)
        made = Committer(
            self.world.engines[process], self.log, OPERATOR, self.signer, self.clocks[process], secrets.token_bytes, water
        )
        await made.start()
        self.committers[process], self.marks[process] = made, water

    async def stop(self, process: int) -> None:
        committer, water = self.committers[process], self.marks[process]
        if committer is not None and water is not None:
            await committer.stop()
            water.close()
        self.committers[process] = self.marks[process] = None

    def item(self, entries: int, request_id: UUID | None = None, rows: tuple[RowSet, ...] = ()) -> WorkItem:
        refs = [uuid4() for _ in range(entries)]
        purpose = PurposeId("toezicht")
        drafts = [event(EntryKind.access, self.log, ref, OPERATOR, "search", purpose, "log", {}) for ref in refs]
        return WorkItem(request_id or uuid4(), PARTY, drafts, rows=rows, receipts=refs)

    def took(self, given: WorkItem, told: Recorded) -> None:
        assert told.request_id == given.request_id
        assert set(told.receipts) == {draft.ref for draft in given.entries}
        self.items[given.request_id] = given
        self.notes.append((told.checkpoint, self.signer.vkey))
        self.receipts += [(ref, receipt, self.signer.vkey) for ref, receipt in told.receipts.items()]

    def committer(self, process: int) -> Committer:
        found = self.committers[process]
        assert found is not None
        return found

    # -- what happens

    @rule(process=who, sizes=st.lists(st.integers(1, 300), min_size=1, max_size=4))
    def record(self, process: int, sizes: list[int]) -> None:
        """Several callers at once, through both processes in turn."""
        given = [self.item(size) for size in sizes]

        async def all_at_once() -> list[Recorded]:
            work = [self.committer((process + nth) % 2).record(each) for nth, each in enumerate(given)]
            return await asyncio.gather(*work)

        for each, told in zip(given, self.world.run(all_at_once()), strict=True):
            self.took(each, told)

    @precondition(lambda self: self.items)
    @rule(process=who, data=st.data())
    def repeat(self, process: int, data: st.DataObject) -> None:
        """The same request again is recorded no second time."""
        request = data.draw(st.sampled_from(sorted(self.items)))
        with pytest.raises(Conflict):
            self.world.run(self.committer(process).record(self.item(2, request)))

    @rule(process=who)
    def spoil(self, process: int) -> None:
        """What cannot be written takes neither itself nor its neighbour along."""
        bad, good = self.item(3, rows=(RowSet("no_such_table", ("log_id",), [("x",)]),)), self.item(2)

        async def both() -> list[Any]:
            here = self.committer(process)
            return await asyncio.gather(here.record(bad), here.record(good), return_exceptions=True)

        refused, told = self.world.run(both())
        assert isinstance(refused, Misconfigured)
        self.took(good, told)

    @rule(process=who)
    def go_away(self, process: int) -> None:
        """A caller who goes away takes nothing along: what it gave is recorded, and so is what comes after."""
        given, after = self.item(2), self.item(1)

        async def leave() -> Recorded:
            task = asyncio.create_task(self.committer(process).record(given))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            return await self.committer(process).record(after)

        self.took(after, self.world.run(leave()))
        self.items[given.request_id] = given

    @rule(process=who, seconds=st.integers(-(10**6), 10**6))
    def move_clock(self, process: int, seconds: int) -> None:
        self.clocks[process].us = max(START - 10**12, self.clocks[process].us + seconds * 1_000_000)

    @rule(process=who)
    def restart(self, process: int) -> None:
        self.world.run(self.stop(process))
        self.world.run(self.start(process))

    @rule(process=who)
    def stop_in_between(self, process: int) -> None:
        """Whoever was not told yes by a process that ends is told to come again, and then the database knows."""
        given = self.item(4)

        async def end() -> list[Any]:
            task = asyncio.create_task(self.committer(process).record(given))
            await asyncio.sleep(0)
            await self.stop(process)
            return await asyncio.gather(task, return_exceptions=True)

        (told,) = self.world.run(end())
        self.world.run(self.start(process))
        if isinstance(told, Recorded):
            self.took(given, told)
        else:
            assert type(told) is Retry
            assert given.request_id not in self.world.run(self.known())

    @precondition(lambda self: self.items and self.rotations < 2)
    @rule()
    def replace_key(self) -> None:
        """The log goes on under another name and key; the process that was forgotten records nothing any more."""
        new = self.key(f"{self.signer.name}/next")
        self.rotations += 1

        async def replace() -> None:
            await self.stop(0)
            found = await succession.look(self.engine, self.log, succession.read_mark(self.mark))
            await succession.check_new(self.engine, self.log, found, new, Cause.rotation, self.signer.vkey)
            given = (self.engine, self.log, OPERATOR, new, self.clocks[0], secrets.token_bytes, self.mark, found)
            await succession.go_on(*given, Cause.rotation, "beheer", "planned")
            with pytest.raises(Misconfigured, match="another key"):
                await self.committer(1).record(self.item(1))
            await self.stop(1)

        self.world.run(replace())
        self.signer = new
        for process in (0, 1):
            self.world.run(self.start(process))

    @precondition(lambda self: self.items)
    @rule(data=st.data(), column=st.sampled_from(["body", "leaf", "ref"]))
    def change(self, data: st.DataObject, column: str) -> None:
        """Whoever changes an entry past the hub is found, and its place named."""
        size = self.world.run(self.size())
        place = data.draw(st.integers(0, size - 1))
        where = f"WHERE log_id = '{self.log}' AND seq = {place}"
        other = {"body": "body || ' '", "leaf": "sha256(leaf)", "ref": "gen_random_uuid()"}[column]

        async def spoilt() -> None:
            was = await self.world.vandal.fetchval(f"SELECT {column} FROM audit_entry {where}")
            await self.world.vandal.execute(f"UPDATE audit_entry SET {column} = {other} {where}")
            try:
                with pytest.raises(Tampered):
                    await Guard(self.engine, self.log, self.signer.vkey).check(newest=None)
            finally:
                await self.world.vandal.execute(f"UPDATE audit_entry SET {column} = $1 {where}", was)

        self.world.run(spoilt())

    # -- what holds

    async def size(self) -> int:
        async with transaction(self.engine) as connection:
            return int(await connection.raw.fetchval("SELECT size FROM audit_head WHERE log_id = $1", self.log))

    async def known(self) -> set[UUID]:
        async with transaction(self.engine) as connection:
            rows = await connection.raw.fetch("SELECT request_id FROM audit_request WHERE log_id = $1", self.log)
        return {UUID(bytes=row[0].bytes) for row in rows}

    @invariant()
    def holds(self) -> None:
        """Gapless, each once, in order of time, under signed checkpoints that follow one another, and below the mark."""
        if hasattr(self, "committers"):
            self.world.run(self._holds())

    async def _holds(self) -> None:
        examined = await Guard(self.engine, self.log, self.signer.vkey).check(newest=None)
        async with transaction(self.engine) as connection:
            bodies = await store.bodies(connection, self.log, 0, examined.size)
        fields = [parse(body) for body in bodies]
        expected = sorted(str(draft.ref) for given in self.items.values() for draft in given.entries)
        assert sorted(each["ref"] for each in fields if each["kind"] == "access") == expected
        assert len(fields) == len(expected) + self.rotations
        moments = [each["us"] for each in fields]
        assert moments == sorted(moments)
        assert {mark.read() for mark in self.marks if mark is not None} <= {Mark(examined.size, examined.root)}
        places = {UUID(each["ref"]): seq for seq, each in enumerate(fields)}
        for ref, receipt, vkey in self.receipts[-5:]:
            assert parse_receipt(receipt).index == places[ref]
            check_receipt(receipt, bodies[places[ref]], vkey)
        log = Log(self.engine, self.log, self.signer.vkey)
        for note, vkey in self.notes[-1:] + self.notes[:1]:
            old = open_note(note, vkey)
            proof = await log.consistent(old.size, examined.size)
            verify_consistency(old.size, old.root, examined.size, examined.root, proof)
        if self.receipts:
            ref, _, _ = self.receipts[0]
            entry = Located(places[ref], bodies[places[ref]])
            (receipt,) = (await log.prove({ref: entry}))[0].values()
            check_receipt(receipt, bodies[places[ref]], self.signer.vkey)

    def teardown(self) -> None:
        if hasattr(self, "committers"):
            for process in (0, 1):
                self.world.run(self.stop(process))
            self.place.cleanup()


def _run(urls: Urls, postgres: PrivatePostgres, examples: int, steps: int) -> None:
    database = urls.database.rpartition("/")[2]
    world = World(urls, postgres.url("postgres", database).replace("+asyncpg", ""))
    checks = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    try:
        run_state_machine_as_test(type("LogMachine", (LogMachine,), {"world": world}), settings=checks)
    finally:
        world.close()


async def test_whatever_happens_the_log_holds(database_urls: Urls, postgres: PrivatePostgres) -> None:
    await asyncio.to_thread(_run, database_urls, postgres, 12, 12)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_whatever_happens_for_long_the_log_holds(database_urls: Urls, postgres: PrivatePostgres) -> None:
    await asyncio.to_thread(_run, database_urls, postgres, 200, 40)
