"""The log's writer on a real PostgreSQL: gapless and in order, whole or not at all, and nobody is told what is not so."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import highwater, record
from hub.audit.checkpoint import open_note
from hub.audit.highwater import HighWater, Mark
from hub.audit.record import Committer
from hub.audit.tree import EMPTY_ROOT
from hub.db import create_engine, transaction
from hub.domain.stages import Recorded
from hub.errors import Conflict, HubError, Misconfigured, Retry, Tampered
from hub.ports import RowSet, WorkItem
from hub.postgres import PrivatePostgres, Urls
from tests.fakes.proxy import Cut, Proxy, between
from tests.fakes.recorder import KEY, LOG, OPERATOR, START, Clock, bodies, claiming, committing, count, item, whole


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "high-water"


@pytest.fixture
async def committer(engine: AsyncEngine, mark: Path) -> AsyncIterator[Committer]:
    async with committing(engine, mark) as made:
        yield made


async def settled(committer: Committer, items: list[WorkItem]) -> list[Recorded | BaseException]:
    """All at once; what became of each."""
    return await asyncio.gather(*(committer.record(each) for each in items), return_exceptions=True)


async def superuser(postgres: PrivatePostgres, urls: Urls) -> asyncpg.Connection:
    """Someone whom no trigger stops."""
    database = urls.database.rpartition("/")[2]
    connection = await asyncpg.connect(postgres.url("postgres", database).replace("+asyncpg", ""), ssl=False)
    await connection.execute("SET session_replication_role = replica")
    return connection


# -- many at once


async def test_many_callers_of_two_processes_make_one_log(database_urls: Urls, mark: Path, engine: AsyncEngine) -> None:
    items = [item(1 + number % 5, receipts=number % 3 > 0) for number in range(300)]
    other = create_engine(database_urls.database)
    try:
        async with committing(engine, mark) as here, committing(other, mark) as there:
            told = await asyncio.gather(*((here, there)[number % 2].record(each) for number, each in enumerate(items)))
    finally:
        await other.dispose()
    entries = await whole(engine, items, told)
    assert [one.request_id for one in told] == [each.request_id for each in items]
    for each, one in zip(items, told, strict=True):
        assert set(one.receipts) == ({draft.ref for draft in each.entries} if each.receipts else set())
        assert open_note(one.checkpoint, KEY.vkey).size == one.size
    assert HighWater(mark).read() == Mark(
        len(entries), open_note(max(told, key=lambda one: one.size).checkpoint, KEY.vkey).root
    )


async def test_a_log_of_more_than_a_tile_is_taken_up_again(engine: AsyncEngine, mark: Path) -> None:
    """Full tiles of level 0, an open edge, and receipts for entries far back."""
    items = [item(250), item(250), item(3), item(270)]
    told: list[Recorded] = []
    for each in items:
        async with committing(engine, mark) as committer:
            told.append(await committer.record(each))
    assert len(await whole(engine, items, told)) == 773
    assert await count(engine, "audit_tile") == 3


async def test_time_never_runs_back_in_the_log(engine: AsyncEngine, mark: Path) -> None:
    clock = Clock()
    async with committing(engine, mark, clock) as committer:
        for us in (START + 5_000_000, START, START - 86_400_000_000, START + 4_000_000, START + 6_000_000):
            clock.us = us
            await committer.record(item())
    moments = [int(body.partition(b'"us":')[2][:16]) for body in await bodies(engine)]
    assert moments == [START + 5_000_000] * 4 + [START + 6_000_000]


async def test_time_runs_back_neither_across_processes_nor_after_a_clock_that_ran_far_ahead(
    database_urls: Urls, engine: AsyncEngine, mark: Path
) -> None:
    """Until the clock has passed it, every entry carries the moment of the one from the future; the order stays right."""
    ahead, behind, other = Clock(START + 3_600_000_000), Clock(), create_engine(database_urls.database)
    try:
        async with committing(engine, mark, ahead) as here, committing(other, mark, behind) as there:
            for committer in (there, here, there, there):
                await committer.record(item())
        async with committing(engine, mark, behind) as committer:
            await committer.record(item())
    finally:
        await other.dispose()
    moments = [int(body.partition(b'"us":')[2][:16]) - START for body in await bodies(engine)]
    assert moments == [0, *[3_600_000_000] * 4]


async def test_entries_of_a_batch_do_not_stand_in_the_order_of_the_list(committer: Committer, engine: AsyncEngine) -> None:
    """Where two persons stood beside each other in a list says something about them."""
    given = item(60, receipts=False)
    await committer.record(given)
    found = [body.partition(b'"ref":"')[2][:36].decode() for body in await bodies(engine)]
    listed = [str(draft.ref) for draft in given.entries]
    assert sorted(found) == sorted(listed)
    assert sum(listed.index(second) - listed.index(first) == 1 for first, second in itertools.pairwise(found)) < 20


# -- conflicts


async def test_a_conflict_fails_its_own_item_alone(committer: Committer, engine: AsyncEngine) -> None:
    await committer.record(first := item(claims=(claiming(b"known"),)))
    items = [item(claims=(claiming(b"a"),)), item(claims=(claiming(b"b", b"known"),)), item(), item(claims=(claiming(b"a"),))]
    told = await settled(committer, items)
    assert [isinstance(each, Conflict) for each in told] == [False, True, False, True]
    await whole(engine, [first, items[0], items[2]])
    async with transaction(engine) as connection:
        kept = await connection.raw.fetch("SELECT content_digest FROM receive_record ORDER BY 1")
    assert [row[0] for row in kept] == [b"a", b"known"]


async def test_a_storm_of_repetitions_costs_its_neighbours_no_commits(
    committer: Committer, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits, commit = 0, committer._commit

    async def counted(*batch: Any) -> Any:
        nonlocal commits
        commits += 1
        return await commit(*batch)

    monkeypatch.setattr(committer, "_commit", counted)
    good, again = [item() for _ in range(60)], [item(claims=(claiming(b"same"),)) for _ in range(60)]
    told = await settled(committer, [each for pair in zip(good, again, strict=True) for each in pair])
    assert all(isinstance(each, Recorded) for each in told[::2])
    assert sum(isinstance(each, Recorded) for each in told[1::2]) == 1
    assert commits < 10
    await whole(
        engine, [*good, next(each for each, result in zip(again, told[1::2], strict=True) if isinstance(result, Recorded))]
    )


async def test_two_processes_that_take_the_same_in_another_order_wait_for_each_other_and_not_in_a_circle(
    database_urls: Urls, mark: Path, engine: AsyncEngine
) -> None:
    other = create_engine(database_urls.database)
    try:
        async with committing(engine, mark) as here, committing(other, mark) as there:
            for turn in range(5):
                digests = [b"%d-%04d" % (turn, number) for number in range(3000)]
                items = [item(claims=(claiming(*digests),)), item(claims=(claiming(*digests[::-1]),))]
                told = await asyncio.gather(here.record(items[0]), there.record(items[1]), return_exceptions=True)
                assert sorted(type(each).__name__ for each in told) == ["Conflict", "Recorded"]
    finally:
        await other.dispose()


async def test_the_same_request_twice_is_recorded_once_and_harms_nobody(committer: Committer, engine: AsyncEngine) -> None:
    request = uuid4()
    first, neighbour, again = item(request_id=request), item(), item(request_id=request)
    told = await settled(committer, [first, neighbour, again])
    assert isinstance(told[1], Recorded)
    assert sorted(type(each).__name__ for each in (told[0], told[2])) == ["Conflict", "Recorded"]
    await whole(engine, [first if isinstance(told[0], Recorded) else again, neighbour])


async def test_an_item_that_cannot_be_written_harms_nobody(committer: Committer, engine: AsyncEngine) -> None:
    bad = item(rows=(RowSet("no_such_table", ("log_id",), [("x",)]),))
    items = [item(), bad, item()]
    told = await settled(committer, items)
    assert isinstance(told[1], Misconfigured)
    await whole(engine, [items[0], items[2]], [one for one in told if isinstance(one, Recorded)])


async def test_what_has_no_entries_is_recorded_too(committer: Committer, engine: AsyncEngine) -> None:
    """A batch of rows that could not be read: nothing about anyone, and yet the file moves on."""
    empty = item(0, claims=(claiming(b"row"),))
    assert (await committer.record(empty)).receipts == {}
    assert await count(engine, "receive_record") == 1
    assert await bodies(engine) == []


# -- callers


async def test_a_caller_who_goes_away_takes_nothing_along(committer: Committer, engine: AsyncEngine) -> None:
    items = [item() for _ in range(40)]
    tasks = [asyncio.create_task(committer.record(each)) for each in items]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks[::2])
    await committer.record(last := item())
    await whole(engine, [*items, last], [task.result() for task in tasks[1::2]])


async def test_too_much_at_once_is_turned_away_and_the_rest_recorded(
    committer: Committer, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "MOST_QUEUED", 20)
    items = [item(5) for _ in range(12)]
    told = await settled(committer, items)
    refused = [each for each in told if isinstance(each, Retry)]
    assert len(refused) == 7
    assert all("Too much" in each.what for each in refused)
    await whole(engine, [each for each, became in zip(items, told, strict=True) if isinstance(became, Recorded)])
    await committer.record(item())


async def test_a_committer_that_stops_answers_everybody(engine: AsyncEngine, mark: Path) -> None:
    async with committing(engine, mark) as committer:
        tasks = [asyncio.create_task(committer.record(item(500))) for _ in range(4)]
        await asyncio.sleep(0.01)
        await committer.stop()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, Recorded | Retry) for each in done)
        assert isinstance(done[-1], Retry)
        with pytest.raises(Retry, match="not open"):
            await committer.record(item())
    assert len(await bodies(engine)) == 500 * sum(isinstance(each, Recorded) for each in done)


async def test_a_head_that_someone_holds_refuses_in_time_and_hangs_nobody(
    database_urls: Urls, engine: AsyncEngine, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = create_engine(database_urls.database, lock_timeout_ms=150)
    try:
        async with committing(impatient, mark) as committer:
            async with transaction(engine) as held:
                await held.raw.execute("SELECT FROM audit_head FOR UPDATE")
                told = await settled(committer, [item(), item()])
                assert all(type(each) is Retry for each in told)
                # Who comes while it is stuck waits a bounded time for a turn, not for everyone before.
                monkeypatch.setattr(record, "LONGEST_WAIT_S", 0.01)
                stuck = asyncio.create_task(committer.record(item()))
                await asyncio.sleep(0.05)
                with pytest.raises(Retry, match="in time"):
                    await committer.record(item())
                with pytest.raises(Retry):
                    await stuck
            monkeypatch.undo()
            await committer.record(last := item())
    finally:
        await impatient.dispose()
    await whole(engine, [last])


async def test_without_a_connection_nothing_is_recorded(database_urls: Urls, engine: AsyncEngine, mark: Path) -> None:
    narrow = create_engine(database_urls.database, pool_size=1, pool_timeout_s=0.1)
    try:
        async with committing(narrow, mark) as committer:
            async with transaction(narrow):
                with pytest.raises(Retry, match="cannot do this now"):
                    await committer.record(item())
            await committer.record(last := item())
    finally:
        await narrow.dispose()
    await whole(engine, [last])


async def test_a_process_that_comes_back_late_takes_up_a_log_that_grew(
    database_urls: Urls, engine: AsyncEngine, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_CATCH_UP", 100)
    other = create_engine(database_urls.database)
    items = [item(3), item(400), item(2)]
    try:
        async with committing(engine, mark) as here, committing(other, mark) as there:
            told = [await committer.record(each) for committer, each in zip((here, there, here), items, strict=True)]
    finally:
        await other.dispose()
    await whole(engine, items, told)


# -- the database goes away


async def test_a_database_that_dies_in_mid_run_loses_nothing_and_is_taken_up_again(
    postgres: PrivatePostgres, committer: Committer, engine: AsyncEngine
) -> None:
    """No restart of the process: the same committer works on when PostgreSQL is back."""
    done: list[tuple[WorkItem, Recorded]] = []
    failed: list[tuple[WorkItem, BaseException]] = []
    enough = asyncio.Event()

    async def call() -> None:
        while not failed:
            given = item(3)
            try:
                done.append((given, await committer.record(given)))
            except HubError as error:
                failed.append((given, error))
            if len(done) > 100:
                enough.set()

    callers = [asyncio.create_task(call()) for _ in range(16)]
    await enough.wait()
    postgres.kill()
    try:
        await asyncio.gather(*callers)
        assert all(type(error) is Retry for _, error in failed)
        with pytest.raises(Retry):
            await committer.record(item())
    finally:
        postgres.start()
    last = item()
    told = await committer.record(last)
    async with transaction(engine) as connection:
        known = {row[0] for row in await connection.raw.fetch("SELECT request_id FROM audit_request")}
    unclear = [given for given, _ in failed if given.request_id in known]
    await whole(engine, [*(given for given, _ in done), *unclear, last], [*(one for _, one in done), told])


@pytest.fixture
async def proxy(database_urls: Urls) -> AsyncIterator[Proxy]:
    port = make_url(database_urls.database).port
    assert port is not None
    async with between(port) as made:
        yield made


@pytest.mark.parametrize("cut", list(Cut))
async def test_a_commit_nobody_saw_the_end_of_is_looked_up(
    database_urls: Urls, engine: AsyncEngine, mark: Path, proxy: Proxy, cut: Cut
) -> None:
    """Whoever is told yes has it, whoever is told no has it not, and a yes comes with its receipts."""
    through = create_engine(proxy.url(database_urls.database))
    try:
        async with committing(through, mark) as committer:
            told = [await committer.record(before := item(2))]
            proxy.cut = cut
            items = [item(2), item(1, receipts=False)]
            became = await settled(committer, items)
            assert proxy.happened.is_set()
            told.append(await committer.record(after := item()))
    finally:
        await through.dispose()
    if cut is Cut.before:
        assert all(type(each) is Retry for each in became)
        await whole(engine, [before, after], told)
        return
    recorded = [each for each in became if isinstance(each, Recorded)]
    assert len(recorded) == 2
    await whole(engine, [before, *items, after], [*told, *recorded])
    assert set(recorded[0].receipts) == {draft.ref for draft in items[0].entries}
    assert recorded[1].receipts == {}


async def test_a_commit_that_was_looked_up_is_promised_like_any_other(database_urls: Urls, mark: Path, proxy: Proxy) -> None:
    through = create_engine(proxy.url(database_urls.database))
    try:
        async with committing(through, mark) as committer:
            proxy.cut = Cut.after
            await committer.record(item(3))
            assert (found := HighWater(mark).read()) is not None
            assert found.size == 3
    finally:
        await through.dispose()


async def test_where_the_mark_cannot_be_written_nobody_is_told_yes(
    engine: AsyncEngine, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with committing(engine, mark) as committer:
        with monkeypatch.context() as broken:

            def full(*_: object) -> None:
                raise OSError(28, "No space left on device")

            broken.setattr(os, "fdatasync", full)
            items = [item(), item()]
            told = await settled(committer, items)
            assert all(type(each) is Retry and "high-water" in each.what and "may be" in each.why for each in told)
        await committer.record(last := item())
    await whole(engine, [*items, last])


# -- what was promised, and what was changed


async def test_a_copy_of_yesterday_is_refused(postgres: PrivatePostgres, database_urls: Urls, mark: Path) -> None:
    admin = await asyncpg.connect(postgres.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
    now = database_urls.database.rpartition("/")[2]
    copy = f"{now}_yesterday"
    try:
        for step in (5, 4):
            engine = create_engine(database_urls.database)
            async with committing(engine, mark) as committer:
                await committer.record(item(step))
            await engine.dispose()
            if step == 5:
                await admin.execute(f"CREATE DATABASE {copy} TEMPLATE {now} OWNER hub_owner")
        engine = create_engine(database_urls.database.removesuffix(now) + copy)
        with pytest.raises(Tampered, match="5 entries, but 9 were promised"):
            async with committing(engine, mark):
                pass
        await engine.dispose()
    finally:
        await admin.execute(f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)")
        await admin.close()


async def test_a_log_whose_mark_was_removed_is_refused(engine: AsyncEngine, mark: Path) -> None:
    """Otherwise whoever puts yesterday's copy back has only to remove a file."""
    async with committing(engine, mark):
        pass
    assert HighWater(mark).read() == Mark(0, EMPTY_ROOT)
    async with committing(engine, mark) as committer:
        await committer.record(item(3))
    os.truncate(mark, 0)  # as it is made anew where it is gone
    for _ in range(2):
        with pytest.raises(Tampered, match="missing"):
            async with committing(engine, mark):
                pass
    async with committing(engine, mark, unmarked=True) as committer:
        await committer.record(item(2))
    found = HighWater(mark).read()
    assert found is not None
    assert found.size == 5
    os.truncate(mark, 0)  # as it is made anew where it is gone
    HighWater(mark).raise_to(Mark(6, b"\0" * 32))
    with pytest.raises(Tampered, match="shorter"):
        async with committing(engine, mark, unmarked=True):
            pass


async def test_another_log_of_the_same_length_is_refused(database_urls: Urls, mark: Path, engine: AsyncEngine) -> None:
    async with committing(engine, mark) as committer:
        await committer.record(item(5))
    HighWater(mark).raise_to(Mark(6, b"\0" * 32))
    async with committing(engine, mark.with_name("other"), unmarked=True) as committer:
        await committer.record(item(3))
    with pytest.raises(Tampered):
        async with committing(engine, mark):
            pass


async def test_what_was_promised_to_others_counts_like_the_mark(engine: AsyncEngine, mark: Path) -> None:
    """The mark may have gone back with the machine; a witness did not."""
    async with committing(engine, mark) as committer:
        seen = open_note((await committer.record(item(5))).checkpoint, KEY.vkey)
        await committer.record(item(3))

    async def start(*marks: Mark) -> None:
        async def promised() -> list[Mark]:
            return list(marks)

        water = HighWater(mark)
        committer = Committer(engine, LOG, OPERATOR, KEY, Clock(), os.urandom, water)
        try:
            await committer.start(promised=promised)
        finally:
            await committer.stop()
            water.close()

    await start(Mark(seen.size, seen.root))
    for wrong in (Mark(9, b""), Mark(9, b"\1" * 32), Mark(8, b"\1" * 32), Mark(5, b"\1" * 32)):
        with pytest.raises(Tampered):
            await start(Mark(seen.size, seen.root), wrong)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_head SET size = size - 1",
        "UPDATE audit_head SET size = size + 1",
        "UPDATE audit_head SET root = sha256('x')",
        "DELETE FROM audit_head",
        "UPDATE audit_entry SET leaf = sha256('x') WHERE seq = 600",
        "DELETE FROM audit_entry WHERE seq = 600",
        "UPDATE audit_tile SET hashes = set_byte(hashes, 7, get_byte(hashes, 7) # 1) WHERE idx = 1",
        "DELETE FROM audit_tile WHERE idx = 0",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_checkpoint WHERE size > 600",
        "UPDATE audit_checkpoint SET note = replace(note, E'\\n601\\n', E'\\n602\\n')",
    ],
)
async def test_a_log_that_a_superuser_changed_is_refused(
    postgres: PrivatePostgres, database_urls: Urls, engine: AsyncEngine, mark: Path, change: str
) -> None:
    async with committing(engine, mark) as committer:
        await committer.record(item(600))
        await committer.record(item())
    vandal = await superuser(postgres, database_urls)
    assert not (await vandal.execute(change)).endswith(" 0")
    await vandal.close()
    with pytest.raises(Tampered):
        async with committing(engine, mark):
            pass


async def test_a_log_that_is_changed_under_a_running_hub_is_not_written_on(
    postgres: PrivatePostgres, database_urls: Urls, committer: Committer, engine: AsyncEngine
) -> None:
    await committer.record(item(5))
    vandal = await superuser(postgres, database_urls)
    await vandal.execute("UPDATE audit_head SET root = sha256('x')")
    with pytest.raises(Tampered):
        await committer.record(item())
    await vandal.execute("UPDATE audit_head SET size = 4")
    with pytest.raises(Tampered):
        await committer.record(item())
    await vandal.close()
    assert len(await bodies(engine)) == 4
    assert await count(engine, "audit_entry") == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET body = body",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_tile SET hashes = hashes",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET size = size - 1",
        "DELETE FROM audit_request",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    ],
)
async def test_the_application_cannot_change_what_is_recorded(
    committer: Committer, engine: AsyncEngine, statement: str
) -> None:
    await committer.record(given := item(3))
    with pytest.raises((Tampered, Misconfigured)):
        async with transaction(engine) as connection:
            await connection.raw.execute(statement)
    await whole(engine, [given])


# -- the high-water mark


@pytest.fixture
def waters(mark: Path) -> Iterator[HighWater]:
    made = HighWater(mark)
    yield made
    with suppress(OSError):
        made.close()


def test_the_mark_rises_and_never_falls(waters: HighWater, mark: Path) -> None:
    assert waters.read() is None
    for size in (3, 8, 5, 8, 9):
        waters.raise_to(Mark(size, bytes([size]) * 32))
    assert waters.read() == HighWater(mark).read() == Mark(9, b"\x09" * 32)


@pytest.mark.parametrize("newest", [9, 10])
def test_a_torn_write_costs_the_newest_mark_at_most(waters: HighWater, mark: Path, newest: int) -> None:
    for size in range(1, newest + 1):
        waters.raise_to(Mark(size, bytes([size]) * 32))
    content = bytearray(mark.read_bytes())
    place = content.index(newest.to_bytes(8))
    content[place + 20] ^= 1
    mark.write_bytes(content)
    assert waters.read() == Mark(newest - 1, bytes([newest - 1]) * 32)
    waters.raise_to(Mark(newest + 1, b"\xff" * 32))
    assert waters.read() == Mark(newest + 1, b"\xff" * 32)


def test_a_mark_that_may_be_in_memory_alone_is_not_taken_for_durable(
    waters: HighWater, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fsync the kernel says that all is well; what was written then is written again."""
    waters.raise_to(Mark(3, b"\3" * 32))

    def fails(_: int) -> None:
        raise OSError(5, "I/O error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fails)
        with pytest.raises(OSError, match="error"):
            waters.raise_to(Mark(5, b"\5" * 32))
    waters.raise_to(Mark(4, b"\4" * 32))
    assert mark.read_bytes().count((5).to_bytes(8) + b"\5" * 32) == 2
    waters.raise_to(Mark(6, b"\6" * 32))
    assert waters.read() == Mark(6, b"\6" * 32)


def test_a_process_that_is_stopped_while_it_holds_the_mark_holds_up_nobody_for_ever(
    waters: HighWater, mark: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(highwater, "_PATIENCE_S", 0.02)
    with mark.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="unavailable"):
            waters.raise_to(Mark(1, b"\1" * 32))
    waters.raise_to(Mark(1, b"\1" * 32))


@pytest.mark.parametrize("content", [b"\xff" * 1024, b"\x01" * 72, b"\0" * 600 + b"x"])
def test_a_mark_of_which_nothing_is_left_is_not_taken_for_none(waters: HighWater, mark: Path, content: bytes) -> None:
    mark.write_bytes(content)
    with pytest.raises(Tampered, match="high-water"):
        waters.read()


def test_a_file_that_was_never_written_is_no_mark(waters: HighWater, mark: Path) -> None:
    """A power cut may leave the file with its length and nothing in it."""
    mark.write_bytes(b"\0" * 584)
    assert waters.read() is None


def test_a_mark_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="HUB_HIGH_WATER"):
        HighWater(tmp_path)
