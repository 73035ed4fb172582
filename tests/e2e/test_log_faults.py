"""Disks that fill, fail and forget under the log's writer: nobody is told yes of what is not there, and it goes on after."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.audit.guard import Guard
from hub.db import create_engine, transaction
from hub.domain.stages import Recorded
from hub.errors import HubError, Retry, Tampered
from hub.ports import WorkItem
from hub.postgres import PrivatePostgres, Urls
from tests.fakes.recorder import KEY, LOG, bodies, committing, item

ROOT = Path(__file__).resolve().parents[2]
CI = bool(os.environ.get("CI"))
ROOM = 400 << 20


def cannot(why: str) -> None:
    """Skips, but on CI fails."""
    if CI:
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def small_disk(size: int) -> Iterator[Path]:
    """A file system of that many bytes."""
    with tempfile.TemporaryDirectory(prefix="hub-disk-") as folder:
        Path(folder).chmod(0o711)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "none", folder], capture_output=True)
        if made.returncode:
            cannot("a small file system cannot be mounted here")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def filled(folder: Path, left: int = 0) -> Iterator[None]:
    """The disk is full but for `left` bytes."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, max(shutil.disk_usage(folder).free - left, 1))
    with ballast.open("ab", buffering=0) as file, suppress(OSError):
        while not left:
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with small_disk(ROOM) as folder:
        yield folder


@pytest.fixture(scope="module")
async def server(place: Path) -> AsyncIterator[PrivatePostgres]:
    """A PostgreSQL on a disk of its own that flushes only what must be."""
    settings = {"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_writer_delay": "10s", "shared_buffers": "32MB"}
    with PrivatePostgres(place / "postgres", settings=settings) as made:
        await db.migrate(made.urls.migration, "main")
        yield made


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "high-water"


@pytest.fixture
async def fresh(server: PrivatePostgres) -> str:
    """The log from its beginning, on a server that may have gone down before."""
    server.start()
    engine = create_engine(server.url("postgres", "hub"))
    async with transaction(engine) as connection:
        await connection.raw.execute("SET session_replication_role = replica")
        for table in (
            "audit_entry",
            "audit_tile",
            "audit_checkpoint",
            "audit_head",
            "audit_request",
            "audit_log",
            "decision_call",
        ):
            await connection.raw.execute(f"DELETE FROM {table}")
    await engine.dispose()
    return server.urls.database


async def until_refused(url: str, mark: Path) -> tuple[list[WorkItem], list[HubError]]:
    """Sixteen callers record until they are refused; what was acknowledged, and with what they were refused."""
    engine = create_engine(url)
    done: list[WorkItem] = []
    wrong: list[HubError] = []

    async def call() -> None:
        while not wrong:
            given = item(20, receipts=False)
            try:
                await committer.record(given)
                done.append(given)
            except HubError as error:
                wrong.append(error)

    async with committing(engine, mark) as committer:
        async with asyncio.timeout(60):
            await asyncio.gather(*(call() for _ in range(16)))
    await engine.dispose()
    return done, wrong


async def holds(engine: AsyncEngine, acknowledged: set[UUID]) -> int:
    """Everything that was acknowledged is in a log that is whole; its size."""
    async with transaction(engine) as connection:
        known = {UUID(bytes=row[0].bytes) for row in await connection.raw.fetch("SELECT request_id FROM audit_request")}
    assert acknowledged <= known
    return (await Guard(engine, LOG, KEY.vkey).check(newest=None)).size


# -- a database that forgets


@pytest.mark.parametrize("keeps", ["on", "off"])
async def test_a_database_that_forgets_what_it_said_was_durable_is_found_out(
    server: PrivatePostgres, fresh: str, mark: Path, keeps: str
) -> None:
    """`off` is the control: the mark outside the database is what notices; the hub itself would not even have begun."""
    engine = create_engine(fresh, server_settings={"synchronous_commit": keeps})
    async with committing(engine, mark) as committer:
        told = [await committer.record(item(2)) for _ in range(40)]
        server.kill()
    await engine.dispose()
    server.start()
    engine = create_engine(fresh)
    try:
        if keeps == "off":
            with pytest.raises(Tampered, match="80 were promised"):
                async with committing(engine, mark):
                    pass
        else:
            async with committing(engine, mark) as committer:
                assert (await committer.record(item())).size == 81
            assert await holds(engine, {one.request_id for one in told}) == 81
    finally:
        await engine.dispose()


# -- disks that are full


async def test_a_full_disk_of_the_database_refuses_and_loses_nothing(
    server: PrivatePostgres, place: Path, fresh: str, mark: Path
) -> None:
    with filled(place, left=6 << 20):
        done, wrong = await until_refused(fresh, mark)
    assert done
    assert wrong
    assert {type(error) for error in wrong} <= {Retry, db.CommitUnknown}, wrong
    if server._process is None or server._process.poll() is not None:  # it goes down when its write-ahead log finds no room
        server.stop()
        server.start()
    engine = create_engine(fresh)
    try:
        await again(engine, mark)
        assert await holds(engine, {each.request_id for each in done}) >= 20 * len(done)
    finally:
        await engine.dispose()


async def again(engine: AsyncEngine, mark: Path) -> Recorded:
    """Once the server has recovered the log goes on."""
    for _ in range(100):
        with suppress(Retry):
            async with committing(engine, mark) as committer:
                return await committer.record(item())
        await asyncio.sleep(0.1)
    raise AssertionError("it never came back")


async def test_a_full_disk_of_the_mark_refuses_before_anything_is_promised(engine: AsyncEngine) -> None:
    with small_disk(64 << 10) as folder:
        with filled(folder), pytest.raises(Retry, match="high-water"):
            async with committing(engine, folder / "high-water"):
                pass
        async with committing(engine, folder / "high-water") as committer:
            await committer.record(item())


# -- disks that fail


def traced(faults: str, *command: str) -> list[str]:
    """The command before strace, which makes some of its system calls fail; skips where processes cannot be traced."""
    if shutil.which("strace") is None or subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        cannot("strace is missing, or processes cannot be traced here")
    name = faults.partition(":")[0]
    return ["strace", "-f", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={faults}", *command]


@contextmanager
def tracing(command: list[str]) -> Iterator[None]:
    """While a running process is traced."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        try:
            yield
        finally:
            tracer.terminate()


SHORT = ["fdatasync:error=EIO:when=4+4", "pwrite64:error=ENOSPC:when=3+4"]
LONG = [
    f"{call}:error={error}:when={nth}+{step}"
    for call, error in itertools.product(("fdatasync", "pwrite64"), ("EIO", "ENOSPC"))
    for nth, step in ((2, 1), (2, 2), (3, 3), (5, 2), (6, 7))
]


async def _faults(urls: Urls, engine: AsyncEngine, mark: Path, faults: str) -> None:
    """Some writes of the mark fail: their callers are told so, what comes after goes on, and the mark is never too low."""
    command = traced(faults, sys.executable, "-m", "tests.e2e.recording_hub", urls.database, str(mark), "12")
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    said = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
    assert len(said) == 12
    assert {word for word, _ in said} <= {"yes", "no Retry"}
    assert sum(word != "yes" for word, _ in said) >= 2
    assert await holds(engine, {UUID(request) for word, request in said if word == "yes"}) == 12
    async with committing(engine, mark) as committer:
        assert (await committer.record(item())).size == 13


@pytest.mark.parametrize("faults", SHORT)
async def test_a_mark_that_could_not_be_written_promises_nothing(
    database_urls: Urls, engine: AsyncEngine, mark: Path, faults: str
) -> None:
    await _faults(database_urls, engine, mark, faults)


@pytest.mark.slow
@pytest.mark.parametrize("faults", LONG)
async def test_a_mark_that_fails_in_every_way(database_urls: Urls, engine: AsyncEngine, mark: Path, faults: str) -> None:
    await _faults(database_urls, engine, mark, faults)


async def _failing(server: PrivatePostgres, url: str, mark: Path, nth: int) -> None:
    """The server's write-ahead log cannot be forced to disk once: the server gives up, and so does every caller."""
    command = traced(f"fdatasync:error=EIO:when={nth}", "-p", str(server.pid))
    with tracing(command):
        done, wrong = await until_refused(url, mark)
    assert {type(error) for error in wrong} <= {Retry, db.CommitUnknown}, wrong
    if server._process is None or server._process.poll() is not None:
        server.stop()
        server.start()
    engine = create_engine(url)
    try:
        await again(engine, mark)
        await holds(engine, {each.request_id for each in done})
        assert await bodies(engine)
    finally:
        await engine.dispose()


async def test_a_database_whose_disk_fails_loses_nothing_that_was_acknowledged(
    server: PrivatePostgres, fresh: str, mark: Path
) -> None:
    await _failing(server, fresh, mark, 8)


@pytest.mark.slow
@pytest.mark.parametrize("nth", range(2, 30, 3))
async def test_a_database_whose_disk_fails_at_every_moment(server: PrivatePostgres, fresh: str, mark: Path, nth: int) -> None:
    await _failing(server, fresh, mark, nth)
