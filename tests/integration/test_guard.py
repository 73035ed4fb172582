"""A log that was changed past the hub is not started on, and not worked on: every change is found, and its place named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import guard as guards
from hub.audit.checkpoint import make_checkpoint
from hub.audit.guard import Examined, Guard, end_alarm, scrub
from hub.audit.highwater import HighWater
from hub.audit.log import Log
from hub.audit.origins import key_at, known_origins, logs
from hub.audit.record import Committer
from hub.audit.signing import LogSigner
from hub.db import create_engine, transaction
from hub.domain.terms import LogId
from hub.errors import Misconfigured, Tampered
from hub.postgres import PrivatePostgres, Urls
from tests.fakes.log import signer
from tests.fakes.recorder import KEY, LOG, OPERATOR, Clock, committing, item
from tests.fakes.retaining import DECIDER, OTHER, SECOND, WATCH, YEAR, open_retained

TABLES = ("audit_entry", "audit_tile", "audit_checkpoint", "audit_head", "audit_log")
FOREIGN = make_checkpoint(signer(9), 100, b"\x07" * 32).replace("'", "''")
SWAP = """UPDATE audit_entry AS a SET {0} FROM audit_entry AS b
    WHERE a.seq IN (5, 6) AND b.seq IN (5, 6) AND a.seq <> b.seq"""
CHANGES = [
    ("UPDATE audit_entry SET body = set_byte(body, 20, 65) WHERE seq = 5", "Entry 5 "),
    ("UPDATE audit_entry SET body = set_byte(body, 20, 65) WHERE seq = 799", "Entry 799 "),
    ("UPDATE audit_entry SET leaf = sha256('x') WHERE seq = 255", "Entry 255 "),
    ("UPDATE audit_entry SET body = body || ' ', leaf = sha256('\\x00'::bytea || body || ' ') WHERE seq = 256", "Entry 256 "),
    ("UPDATE audit_entry SET body = NULL WHERE seq = 5", "Entry 5 .*empty"),
    ("UPDATE audit_entry SET ref = gen_random_uuid() WHERE seq = 5", "Entry 5 "),
    (SWAP.format("ref = b.ref"), "Entry 5 "),
    (SWAP.format("body = b.body"), "Entry 5 "),
    (SWAP.format("body = b.body, leaf = b.leaf, ref = b.ref"), "Entry 5 "),
    ("DELETE FROM audit_entry WHERE seq = 700", "Entry 700 .*gone"),
    ("DELETE FROM audit_entry WHERE seq < 256", "Entry 0 .*gone"),
    ("INSERT INTO audit_entry SELECT log_id, party_id, 800, ref, leaf, body FROM audit_entry WHERE seq = 5", "Entry 800 "),
    (
        "UPDATE audit_tile SET hashes = set_byte(hashes, 7, get_byte(hashes, 7) # 1) WHERE idx = 1",
        "entries (0 to 511|512 to 767) of|tile",
    ),
    ("UPDATE audit_tile SET hashes = substr(hashes, 1, 8160) WHERE idx = 0", "entries (0 to 511|512 to 767) of|tile"),
    ("DELETE FROM audit_tile WHERE idx = 0", "tiles"),
    ("INSERT INTO audit_tile SELECT log_id, party_id, 0, 3, hashes FROM audit_tile WHERE idx = 0", "tile"),
    ("INSERT INTO audit_tile SELECT log_id, party_id, 1, 0, hashes FROM audit_tile WHERE idx = 0", "tile"),
    ("DELETE FROM audit_checkpoint WHERE size = 300", "checkpoint over 300 "),
    ("UPDATE audit_checkpoint SET note = replace(note, E'\\n301\\n', E'\\n302\\n') WHERE size = 301", "checkpoint over 301 "),
    (
        "UPDATE audit_checkpoint AS a SET note = b.note FROM audit_checkpoint AS b WHERE a.size = 300 AND b.size = 301",
        "checkpoint over 300 ",
    ),
    (f"INSERT INTO audit_checkpoint VALUES ('{LOG}', 'hub', 100, '{FOREIGN}', 1)", "checkpoint over 100 "),
    ("UPDATE audit_head SET frontier = set_byte(frontier, 9, get_byte(frontier, 9) # 1)", "frontier"),
    ("UPDATE audit_head SET last_us = last_us + 1", "moment"),
    ("UPDATE audit_log SET vkey = 'another'", "name or key"),
]


@pytest.fixture
async def vandal(postgres: PrivatePostgres, database_urls: Urls) -> AsyncIterator[asyncpg.Connection]:
    """Someone whom no trigger stops."""
    database = database_urls.database.rpartition("/")[2]
    connection = await asyncpg.connect(postgres.url("postgres", database).replace("+asyncpg", ""), ssl=False)
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "high-water"


async def test_every_change_is_found_and_its_place_named(
    engine: AsyncEngine, mark: Path, vandal: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_TILES", 2)
    async with committing(engine, mark) as committer:
        for entries in (300, 1, 499):
            await committer.record(item(entries))
    guard = Guard(engine, LOG, KEY.vkey)
    well = await guard.check(newest=None)
    assert (well.size, well.entries, well.checkpoints, well.redacted, well.pruned) == (800, 800, 3, 0, 0)
    for table in TABLES:
        await vandal.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    for change, place in CHANGES:
        done = await vandal.execute(change)
        assert not done.endswith(" 0"), change
        with pytest.raises(Tampered, match=place):
            pytest.fail(f"not found: {change} {await guard.check(newest=None)}")
        for table in TABLES:
            await vandal.execute(f"DELETE FROM {table}")
            await vandal.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    assert await guard.check(newest=None) == well


async def test_a_log_of_several_levels_is_followed_from_its_root(
    engine: AsyncEngine, mark: Path, vandal: asyncpg.Connection
) -> None:
    async with committing(engine, mark) as committer:
        for _ in range(17):
            await asyncio.gather(*(committer.record(item(500, receipts=False)) for _ in range(8)))
    guard = Guard(engine, LOG, KEY.vkey)
    assert (await guard.check(newest=1_000)).entries < 1_500
    well = await guard.check(newest=None)
    assert well == Examined(68_000, well.root, 68_000, 136)
    turn = "UPDATE audit_tile SET hashes = set_byte(hashes, 700, get_byte(hashes, 700) # 1) WHERE level = {0} AND idx = {1}"
    for level, index, place in ((1, 0, "entries 0 to 65535 "), (0, 77, "entries 19712 to 19967")):
        await vandal.execute(turn.format(level, index))
        with pytest.raises(Tampered, match=place):
            await guard.check(newest=None if level == 0 else 0)
        await vandal.execute(turn.format(level, index))
    assert await guard.check(newest=None) == well


async def test_what_is_found_while_the_hub_works_stops_every_process(
    database_urls: Urls, engine: AsyncEngine, mark: Path, vandal: asyncpg.Connection
) -> None:
    other = create_engine(database_urls.database)
    stopping, clock = asyncio.Event(), Clock()
    guard = Guard(engine, LOG, KEY.vkey)
    try:
        async with committing(engine, mark) as here, committing(other, mark) as there:
            await here.record(item(600))
            was = await vandal.fetchval("SELECT body FROM audit_entry WHERE seq = 5")
            await vandal.execute("UPDATE audit_entry SET body = 'x' WHERE seq = 5")
            assert (await guard.check(newest=100)).entries < 600  # it is older than what is looked at before the start
            await scrub(guard, engine, LOG, OPERATOR, clock, here.halt, stopping, pause_s=0)
            for committer in (here, there):
                with pytest.raises(Tampered):
                    await committer.record(item())
            assert (await logs(engine))[0].alarm
        await vandal.execute("UPDATE audit_entry SET body = $1 WHERE seq = 5", was)
        with pytest.raises(Tampered, match="audit check"):
            async with committing(engine, mark):
                pass
        await guard.check(newest=None)
        assert await end_alarm(engine, LOG, clock)
        async with committing(engine, mark) as committer:
            await committer.record(item())
    finally:
        await other.dispose()


async def test_what_is_gone_by_authority_of_the_log_is_no_change_and_nothing_else_is(
    engine: AsyncEngine, mark: Path, vandal: asyncpg.Connection
) -> None:
    guard = Guard(engine, LOG, KEY.vkey)
    async with open_retained(engine, mark) as kept:
        await kept.reads(700)
        await kept.reads(1, OTHER)
        kept.clock.us += 2 * YEAR
        await kept.reads(5)
        emptied = await kept.retention.propose(WATCH, SECOND)
        await kept.retention.approve(emptied.proposal_id, DECIDER)
        well = await guard.check(newest=None)
        assert (well.entries, well.redacted, well.pruned) == (well.size, 700, 0)
        spare = await vandal.fetchval("SELECT seq FROM audit_entry WHERE body IS NOT NULL AND seq < 706 LIMIT 1")
        for change, place in (
            (f"UPDATE audit_entry SET body = NULL WHERE seq = {spare}", f"Entry {spare} .*empty"),
            (f"UPDATE retention_part SET seqs = seqs || ARRAY[{spare}::bigint] WHERE tile = {spare} / 256", "does not list"),
            ("DELETE FROM audit_redaction", "empty"),
        ):
            await vandal.execute(f"BEGIN; CREATE TABLE was AS SELECT body FROM audit_entry WHERE seq = {spare}; COMMIT")
            for table in ("retention_part", "audit_redaction"):
                await vandal.execute(f"CREATE TABLE was_{table} AS SELECT * FROM {table}")
            assert not (await vandal.execute(change)).endswith(" 0")
            with pytest.raises(Tampered, match=place):
                await guard.check(newest=None)
            await vandal.execute(f"UPDATE audit_entry SET body = was.body FROM was WHERE seq = {spare}; DROP TABLE was")
            for table in ("retention_part", "audit_redaction"):
                await vandal.execute(
                    f"DELETE FROM {table}; INSERT INTO {table} SELECT * FROM was_{table}; DROP TABLE was_{table}"
                )
        kept.clock.us += 5 * YEAR
        pruned = await kept.retention.propose_pruning(SECOND)
        await kept.retention.approve(pruned.proposal_id, DECIDER)
        after = await guard.check(newest=None)
        assert (after.pruned, after.entries) == (pruned.after, after.size - pruned.after)
        await vandal.execute(f"DELETE FROM audit_entry WHERE seq < {pruned.after + 256}")
        with pytest.raises(Tampered):
            await guard.check(newest=None)


async def test_an_examination_goes_on_beside_the_work(engine: AsyncEngine, mark: Path) -> None:
    """What is added meanwhile is not looked at, and nothing of it is taken for a change."""
    async with committing(engine, mark) as committer:
        await committer.record(item(400))

        async def between() -> bool:
            await committer.record(item(300))
            return True

        found = await Guard(engine, LOG, KEY.vkey).check(newest=None, between=between)
        assert (found.size, found.entries) == (400, 400)


async def test_two_logs_in_one_database_keep_apart(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    """Each its own head, name, key and mark; neither takes the other's."""
    other, key = LogId("regio-b"), signer(8, "hub.example/regio-b")

    def made(log_id: LogId, by: LogSigner, mark: str) -> Committer:
        return Committer(engine, log_id, OPERATOR, by, Clock(), lambda n: b"\x05" * n, HighWater(tmp_path / mark))

    async with committing(engine, tmp_path / "a") as first:
        second = made(other, key, "b")
        await second.start(region="aldermeer")
        told = [await first.record(item(300))]
        await asyncio.gather(*(second.record(item(3)) for _ in range(100)))
        told.append(await first.record(item(5)))
        await second.stop()
    assert [(line.log_id, line.region, line.size, line.origin, line.alarm) for line in await logs(engine)] == [
        ("regio-a", "regio-a", 305, KEY.name, False),
        ("regio-b", "aldermeer", 300, "hub.example/regio-b", False),
    ]
    assert (await Guard(engine, LOG, KEY.vkey).check(newest=None)).size == 305
    assert (await Guard(engine, other, key.vkey).check(newest=None)).size == 300
    files = dict([file async for file in Log(engine, other, key.vkey).export()])
    assert files["checkpoint"].startswith(b"hub.example/regio-b\n300\n")
    for log_id, by in ((other, KEY), (LogId("regio-c"), KEY), (LogId("regio-c"), signer(9, "hub.example/regio-b"))):
        with pytest.raises((Tampered, Misconfigured)):
            await made(log_id, by, "c").start()
    async with transaction(engine) as connection:
        known = await known_origins(connection, other)
    assert key_at(known, 300) == key.vkey
    assert [one.size for one in told] == [300, 305]
