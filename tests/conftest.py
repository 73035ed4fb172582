"""What every test may ask for: a PostgreSQL for the whole run, and fresh databases of its own."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.consent import policy
from hub.domain import borders
from hub.errors import Misconfigured
from hub.postgres import PrivatePostgres, Urls

_numbers = itertools.count(1)
LONGEST_ID = 32

# Hundreds of tests read the shipped set, as it is or with one file of it changed: the same texts are read once by each process.
policy.parse = borders.parse = lru_cache(maxsize=1024)(policy.parse)  # type: ignore[assignment]
_read = policy.read_policy
_read_once = lru_cache(maxsize=64)(lambda files: _read(dict(files)))
policy.read_policy = lambda files: _read_once(tuple(files.items()))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A file among the cases has a number and not its content: what packs it writes the time of day into it, and two
    workers must collect the same names."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_ID else None


def pytest_collection_finish() -> None:
    """What was collected stays until the end, so nobody looks through it for cycles again; and what a test makes is mostly gone
    after it, so it is looked at while it is near."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 20, 100)


@pytest.fixture(scope="session")
def quick_place() -> str | None:
    """Memory where there is enough of it: every durability setting stays on, and fsync costs nothing."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30 else None


@pytest.fixture(scope="session")
def postgres(quick_place: str | None) -> Iterator[PrivatePostgres]:
    """One private server per run (per worker under xdist). On CI a machine without PostgreSQL fails, elsewhere it skips."""
    with tempfile.TemporaryDirectory(prefix="hub-test-", dir=quick_place) as folder:
        Path(folder).chmod(0o711)  # as root the server is another user
        server = PrivatePostgres(Path(folder) / "postgres", settings={"max_wal_size": "512MB"})
        try:
            server.start()
        except Misconfigured as error:
            if os.environ.get("CI") or "were found" not in error.why:
                raise
            pytest.skip(str(error))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
async def _migrated(postgres: PrivatePostgres) -> PrivatePostgres:
    await db.migrate(postgres.urls.migration, "main")
    await db.migrate(postgres.urls.vault_migration, "vault")
    return postgres


@pytest.fixture
async def database_urls(_migrated: PrivatePostgres) -> AsyncIterator[Urls]:
    """Two migrated, empty databases, gone after the test."""
    number = next(_numbers)
    main, vault = f"test_{number}", f"test_vault_{number}"
    admin = await asyncpg.connect(_migrated.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
    try:
        for name, template, owner in ((main, "hub", "hub_owner"), (vault, "hub_vault", "hub_vault_owner")):
            # Copied as files, which takes a tenth of the time that writing it through the log takes.
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER {owner} STRATEGY FILE_COPY")
        yield Urls(
            migration=_migrated.url("hub_owner", main),
            database=_migrated.url("hub_app", main),
            vault_migration=_migrated.url("hub_vault_owner", vault),
            vault=_migrated.url("hub_vault", vault),
        )
    finally:
        if admin.is_closed():  # the test restarted the server
            admin = await asyncpg.connect(_migrated.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
        for name in (main, vault):
            await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
async def engine(database_urls: Urls) -> AsyncIterator[AsyncEngine]:
    """The application's engine on a fresh database."""
    made = db.create_engine(database_urls.database)
    yield made
    await made.dispose()


@pytest.fixture
async def vault_engine(database_urls: Urls) -> AsyncIterator[AsyncEngine]:
    """The engine of the vault that belongs to `engine`'s database."""
    made = db.create_engine(database_urls.vault)
    yield made
    await made.dispose()


@pytest.fixture
async def owner_engine(database_urls: Urls) -> AsyncIterator[AsyncEngine]:
    """The owner's engine on the database of `engine`: what even the owner may not do."""
    made = db.create_engine(database_urls.migration)
    yield made
    await made.dispose()
