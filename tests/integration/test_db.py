"""Transactions on a real PostgreSQL: whole or not at all, and no value of a row in any exception."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import traceback
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import exc as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.errors import Conflict, HubError, Misconfigured, Retry, Tampered
from hub.postgres import PrivatePostgres, Urls

CANARY = "999990019"
_TALLY = ("log_id", "party_id", "recipient", "reason", "refused")
_KEY = ("log_id", "party_id", "client_id", "jti_digest", "expires_us")


async def count(engine: AsyncEngine, table: str = "route_tally") -> int:
    async with db.transaction(engine) as connection:
        found: int = await connection.raw.fetchval(f"SELECT count(*) FROM {table}")
    return found


def everything_said(error: BaseException) -> str:
    """All that an exception and whatever hangs on it can print."""
    said, seen, waiting = [], set(), [error]
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        said += [repr(link), str(link), repr(link.args), repr(vars(link)), *traceback.format_exception(link)]
        trace = link.__traceback__
        while trace is not None:
            if "/hub/" in trace.tb_frame.f_code.co_filename or "site-packages" in trace.tb_frame.f_code.co_filename:
                said += [repr(value) for value in trace.tb_frame.f_locals.values()]
            trace = trace.tb_next
        waiting += [part for part in (link.__cause__, link.__context__) if part is not None]
        waiting += getattr(link, "exceptions", ())
    return "\n".join(said)


async def test_commits_whole(engine: AsyncEngine) -> None:
    async with db.transaction(engine) as connection:
        assert connection.raw.is_in_transaction()
        await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1), ("r", "p", "y", "A", 1)])
    assert await count(engine) == 2


async def test_a_copy_as_first_thing_is_rolled_back_with_the_rest(engine: AsyncEngine) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with db.transaction(engine) as connection:
            await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
            raise ZeroDivisionError
    assert await count(engine) == 0


async def test_an_error_that_was_swallowed_inside_does_not_pass_for_a_commit(engine: AsyncEngine) -> None:
    with pytest.raises(Retry):  # noqa: PT012
        async with db.transaction(engine) as connection:
            await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
            with contextlib.suppress(asyncpg.PostgresError):
                await connection.raw.execute("SELECT 1 / 0")
    assert await count(engine) == 0


async def test_a_savepoint_saves_the_rest(engine: AsyncEngine) -> None:
    async with db.transaction(engine) as connection:
        await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
        with pytest.raises(asyncpg.UniqueViolationError):
            async with connection.raw.transaction():
                await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
        await connection.copy("route_tally", _TALLY, [("r", "p", "y", "A", 1)])
    assert await count(engine) == 2


async def test_a_cancelled_task_leaves_nothing_and_the_pool_clean(database_urls: Urls) -> None:
    engine = db.create_engine(database_urls.database, pool_size=1)
    inside = asyncio.Event()

    async def work() -> None:
        async with db.transaction(engine) as connection:
            await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
            inside.set()
            await connection.raw.execute("SELECT pg_sleep(3)")

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(engine) == 0
    await engine.dispose()


async def test_a_transaction_that_cannot_be_rolled_back_ends_with_its_connection(
    engine: AsyncEngine, database_urls: Urls
) -> None:
    other = db.create_engine(database_urls.database)
    running = None
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with db.transaction(engine) as connection:
            await connection.raw.execute("SELECT pg_advisory_xact_lock(1)")
            running = asyncio.create_task(connection.raw.execute("SELECT pg_sleep(0.2)"))
            await asyncio.sleep(0)
            raise ZeroDivisionError
    async with db.transaction(other) as connection:
        await connection.raw.execute("SELECT pg_advisory_xact_lock(1)")
    assert running is not None
    await asyncio.wait([running])
    assert running.exception() is None or isinstance(running.exception(), asyncpg.PostgresError)
    await other.dispose()


@pytest.mark.parametrize(
    ("statement", "args", "becomes"),
    [
        ("INSERT INTO identity_assertion VALUES ('r', 'p', $1, '', 1), ('r', 'p', $1, '', 1)", (CANARY,), Conflict),
        ("INSERT INTO identity_assertion VALUES ('r', 'p', $1, NULL, 1)", (CANARY,), Misconfigured),
        ("INSERT INTO receive_drop (log_id, party_id, drop_id, connector, file_digest, state, seen_us, updated_us) "
         "VALUES ('r', 'p', gen_random_uuid(), 'c', '', $1, 1, 1)", (CANARY,), Misconfigured),
        (f"SELECT '{CANARY}'::uuid", (), Misconfigured),
        ("SELECT $1::bigint", (CANARY,), Misconfigured),
        ("SELECT $1::uuid", (CANARY,), Misconfigured),
        ("SELECT $1::smallint", (int(CANARY),), Misconfigured),
        ("SELECT 1", (CANARY,), Misconfigured),
        (f'SELECT 1 FROM "{CANARY}"', (), Misconfigured),
        ("DELETE FROM route_tally WHERE reason = $1", (CANARY,), Misconfigured),
        ("DO $$ BEGIN RAISE EXCEPTION '999990019' USING ERRCODE = '40001'; END $$", (), Retry),
        ("DO $$ BEGIN RAISE EXCEPTION '999990019' USING ERRCODE = '53100'; END $$", (), Retry),
        ("DO $$ BEGIN RAISE EXCEPTION '999990019' USING ERRCODE = '57P01'; END $$", (), Retry),
        ("DO $$ BEGIN RAISE EXCEPTION '999990019' USING ERRCODE = 'HU001'; END $$", (), Tampered),
    ],
)  # fmt: skip
async def test_no_value_leaves_with_an_error(
    engine: AsyncEngine, statement: str, args: tuple[object, ...], becomes: type[HubError]
) -> None:
    with pytest.raises(becomes) as caught:
        async with db.transaction(engine) as connection:
            await connection.raw.execute(statement, *args)
    assert type(caught.value) is becomes
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert CANARY not in everything_said(caught.value)


@pytest.mark.parametrize("value", [CANARY, object(), None])
async def test_no_value_leaves_with_an_error_of_copy(engine: AsyncEngine, value: object) -> None:
    rows = [("r", "p", CANARY, b"", 1), ("r", "p", CANARY, b"", value)]
    with pytest.raises(Misconfigured) as caught:
        async with db.transaction(engine) as connection:
            await connection.raw.copy_records_to_table("identity_assertion", records=rows, columns=_KEY)
    assert CANARY not in everything_said(caught.value)
    assert await count(engine, "identity_assertion") == 0


async def test_no_value_hangs_on_an_error_of_ours_or_on_a_group(engine: AsyncEngine) -> None:
    with pytest.raises(HubError) as ours:  # noqa: PT012
        async with db.transaction(engine) as connection:
            try:
                await connection.raw.execute(f"SELECT '{CANARY}'::uuid")
            except asyncpg.PostgresError as error:
                raise Conflict("Someone was first.") from error
    assert CANARY not in everything_said(ours.value)
    with pytest.raises(Misconfigured) as group:
        async with db.transaction(engine) as connection, asyncio.TaskGroup() as tasks:
            tasks.create_task(connection.raw.execute(f"SELECT '{CANARY}'::uuid"))
    assert CANARY not in everything_said(group.value)


async def test_what_is_not_the_databases_passes(engine: AsyncEngine) -> None:
    with pytest.raises(FileNotFoundError):
        async with db.transaction(engine):
            raise FileNotFoundError


async def test_a_conflict_names_the_table_and_the_rule(engine: AsyncEngine) -> None:
    with pytest.raises(Conflict, match=r"\(route_tally, route_tally_pkey\)"):
        async with db.transaction(engine) as connection:
            await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1), ("r", "p", "x", "A", 1)])


async def test_a_lock_is_not_waited_for_without_end(engine: AsyncEngine, database_urls: Urls) -> None:
    hasty = db.create_engine(database_urls.database, lock_timeout_ms=10)
    async with db.transaction(engine) as first:
        await first.raw.execute("SELECT pg_advisory_xact_lock(1)")
        with pytest.raises(Retry, match="longer than was waited"):
            async with db.transaction(hasty) as second:
                await second.raw.execute("SELECT pg_advisory_xact_lock(1)")
    await hasty.dispose()


async def test_a_statement_has_an_end(database_urls: Urls) -> None:
    hasty = db.create_engine(database_urls.database, statement_timeout_ms=10)
    with pytest.raises(Retry, match="took longer"):
        async with db.transaction(hasty) as connection:
            await connection.raw.execute("SELECT pg_sleep(30)")
    await hasty.dispose()


async def test_an_empty_pool_says_so(database_urls: Urls) -> None:
    small = db.create_engine(database_urls.database, pool_size=1, pool_timeout_s=0.01)
    async with db.transaction(small):
        with pytest.raises(Retry, match="in use") as caught:
            async with db.transaction(small):
                pass
    assert caught.value.__context__ is None
    await small.dispose()


async def test_nobody_there_is_a_retry(postgres: PrivatePostgres) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        engine = db.create_engine(f"postgresql+asyncpg://a:b@127.0.0.1:{probe.getsockname()[1]}/hub")
        with pytest.raises(Retry, match="cannot be reached"):
            async with db.transaction(engine):
                pass
    await engine.dispose()


async def test_a_wrong_password_is_for_the_administrator(database_urls: Urls) -> None:
    address = db._address(database_urls.database).set(password=CANARY)
    engine = db.create_engine(address.render_as_string(hide_password=False))
    with pytest.raises(Misconfigured, match="password is wrong") as caught:
        async with db.transaction(engine):
            pass
    assert CANARY not in str(caught.value)
    await engine.dispose()


@pytest.mark.parametrize(
    "url", ["", "nonsense", f"mysql://a:{CANARY}@host/hub", f"postgresql://a:{CANARY}@", "postgresql://h:x/d"]
)
def test_a_wrong_url_is_for_the_administrator(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        db.create_engine(url)
    assert CANARY not in everything_said(caught.value).replace(repr(url), "")


def test_another_host_needs_a_certificate_and_this_one_none() -> None:
    here, there = (db._address(f"postgresql://a:b@{host}/hub") for host in ("127.0.0.1", "db.example.org"))
    assert db._connect_args(here)["ssl"] is False
    assert db._connect_args(there)["ssl"].check_hostname
    assert "ssl" not in db._connect_args(db._address("postgresql://a:b@db.example.org/hub?ssl=disable"))


async def test_a_commit_that_breaks_is_known_as_unknown(engine: AsyncEngine, owner_engine: AsyncEngine) -> None:
    async with db.transaction(owner_engine) as connection:
        await connection.raw.execute("""
            CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(30); RETURN NULL; END $$""")
        await connection.raw.execute("""
            CREATE CONSTRAINT TRIGGER break_off AFTER INSERT ON route_tally
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION break_off()""")
    with pytest.raises(db.CommitUnknown) as caught:
        async with db.transaction(engine) as connection:
            await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
    assert caught.value.__context__ is None
    assert await count(engine) == 0


async def test_a_commit_that_is_refused_is_known_as_refused(engine: AsyncEngine, owner_engine: AsyncEngine) -> None:
    async with db.transaction(owner_engine) as connection:
        await connection.raw.execute("""
            CREATE FUNCTION too_late() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$""")
        await connection.raw.execute("""
            CREATE CONSTRAINT TRIGGER too_late AFTER INSERT ON route_tally
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION too_late()""")
    with pytest.raises(Retry) as caught:
        async with db.transaction(engine) as connection:
            await connection.copy("route_tally", _TALLY, [("r", "p", "x", "A", 1)])
    assert not isinstance(caught.value, db.CommitUnknown)
    assert await count(engine) == 0


async def test_a_pool_of_broken_connections_mends_itself(
    engine: AsyncEngine, database_urls: Urls, postgres: PrivatePostgres
) -> None:
    gate = asyncio.Barrier(4)

    async def use() -> None:
        async with db.transaction(engine) as connection:
            await connection.raw.fetchval("SELECT 1")
            await gate.wait()

    await asyncio.gather(*(use() for _ in range(4)))
    admin = await asyncpg.connect(postgres.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
    ended = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = $1"
    assert await admin.fetchval(ended, database_urls.database.rpartition("/")[2]) == 4
    await admin.close()
    for _ in range(4):
        assert await count(engine) == 0


async def test_strong_settings_pass_and_a_weak_one_is_named(engine: AsyncEngine, database_urls: Urls) -> None:
    await db.durability(engine)
    weak = db.create_engine(database_urls.database, server_settings={"synchronous_commit": "off"})
    with pytest.raises(Misconfigured, match="Off: synchronous_commit"):
        await db.durability(weak)
    await weak.dispose()


async def test_a_database_without_tables_is_for_the_administrator(postgres: PrivatePostgres) -> None:
    engine = db.create_engine(postgres.url("postgres", "postgres"))
    with pytest.raises(Misconfigured, match="migrations have not run"):
        await count(engine, "audit_head")
    await engine.dispose()


def test_sqlalchemy_wrapping_is_looked_through() -> None:
    wrapped = sa.DBAPIError("INSERT", {"bsn": CANARY}, asyncpg.UniqueViolationError(CANARY))
    assert type(db.translate(wrapped)) is Conflict
    assert CANARY not in everything_said(db.translate(wrapped))


async def test_ids_are_given_back_as_ids(engine: AsyncEngine) -> None:
    wanted = uuid4()
    async with db.transaction(engine) as connection:
        assert await connection.raw.fetchval("SELECT $1::uuid", wanted) == wanted
