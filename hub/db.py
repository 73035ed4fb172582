"""PostgreSQL: engine, transactions, migration. For stores only, and for `hub.app`, which builds the engine.

A store gets the bare asyncpg connection (`Connection.raw`), inside a transaction that is known to be open: SQLAlchemy keeps the
pool and nothing more. What goes wrong leaves as a `hub.errors` error without the driver's exception, message or DETAIL, for
PostgreSQL and asyncpg put the values of rows in these.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, event, make_url
from sqlalchemy import exc as sa
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import greenlet_spawn

from hub.errors import Conflict, HubError, Misconfigured, Retry, Tampered

MIGRATIONS = Path(__file__).resolve().parents[1] / "ops" / "migrations"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MAINTAINER = "Run 'hub admin migrate'; if that does not help, tell whoever maintains the hub."


class CommitUnknown(Retry):
    """The connection broke during COMMIT: the work is there whole, or not at all. Look before repeating it."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection inside an open transaction; `raw` is asyncpg's own. A savepoint is `raw.transaction()`."""

    raw: asyncpg.Connection

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Adds `rows` to `table` by COPY."""
        await self.raw.copy_records_to_table(table, records=rows, columns=columns)


def create_engine(
    url: str,
    *,
    application_name: str = "hub",
    pool_size: int = 10,
    pool_timeout_s: float = 5.0,
    lock_timeout_ms: int = 5_000,
    statement_timeout_ms: int = 30_000,
    server_settings: Mapping[str, str] | None = None,
) -> AsyncEngine:
    """A pool of at most `pool_size` connections to `url`; none is opened yet.

    A host other than this machine must show a certificate that the system trusts, unless the URL has its own `ssl`. Raises
    errors.Misconfigured when `url` is none that the hub can use.
    """
    engine = create_async_engine(
        _address(url),
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        pool_use_lifo=True,
        connect_args=_connect_args(
            _address(url),
            # A little longer than the server's own limit, which is the better one: it says what happened.
            command_timeout=statement_timeout_ms / 1000 + 5,
            server_settings={
                "application_name": application_name,
                "lock_timeout": str(lock_timeout_ms),
                "statement_timeout": str(statement_timeout_ms),
                "idle_in_transaction_session_timeout": str(2 * statement_timeout_ms),
                "tcp_keepalives_idle": "30",
                "tcp_keepalives_interval": "10",
                "tcp_keepalives_count": "3",
                "jit": "off",
                # Every statement of the hub finds its few rows by an index. A plan made while a table was small is kept by
                # its connection, so the planner is told so rather than left to think that a table will stay small.
                "enable_seqscan": "off",
                "enable_hashjoin": "off",
                "enable_mergejoin": "off",
                **(server_settings or {}),
            },
        ),
    )
    event.listen(engine.sync_engine, "connect", _keep_alive)
    event.listen(engine.sync_engine, "checkout", _only_clean)
    return engine


@contextlib.asynccontextmanager
async def transaction(engine: AsyncEngine, *, isolation: str | None = None, swallows: bool = True) -> AsyncIterator[Connection]:
    """A transaction: committed at the end, rolled back on any exception.

    A block that lets every error of the database through says `swallows=False` and saves a round trip.

    Raises errors.Retry, errors.Conflict, errors.Misconfigured or errors.Tampered for what PostgreSQL says, CommitUnknown when
    nobody can say whether it committed. Other exceptions pass.
    """
    async with _driver(engine) as raw:
        begun = raw.transaction(isolation=isolation)
        await begun.start()
        if not raw.is_in_transaction():
            raise Misconfigured("PostgreSQL began no transaction.", now=_MAINTAINER)
        try:
            yield Connection(raw)
        except BaseException:
            with contextlib.suppress(Exception):  # what is left open is thrown away with its connection
                await begun.rollback()
            raise
        if swallows:
            # COMMIT of a failed transaction rolls back without an error; this statement gives it one.
            await raw.execute("SELECT 1")
        await _commit(begun)


async def fetch(engine: AsyncEngine, query: str, *args: Any) -> list[asyncpg.Record]:
    """One statement by itself, in one round trip: a reading, or a writing that is durable when this returns.

    Raises as `transaction` does; CommitUnknown never, so write only what may be written twice.
    """
    async with _driver(engine) as raw:
        found: list[asyncpg.Record] = await raw.fetch(query, *args)
    return found


@contextlib.asynccontextmanager
async def listen(engine: AsyncEngine, channel: str) -> AsyncIterator[AsyncIterator[str]]:
    """What is notified on `channel`, a name of ours, over a connection of its own. Raises Retry when that is lost."""
    heard: asyncio.Queue[str | None] = asyncio.Queue()

    def hear(_connection: Any, _pid: int, _channel: str, word: str) -> None:
        heard.put_nowait(word)

    async def words() -> AsyncIterator[str]:
        while (word := await heard.get()) is not None:
            yield word
        raise Retry("PostgreSQL gives no notices any more.", "The connection was lost.", "Listen again.")

    def lost(_connection: Any) -> None:
        heard.put_nowait(None)

    async with _driver(engine) as raw:
        raw.add_termination_listener(lost)
        await raw.add_listener(channel, hear)
        try:
            yield words()
        finally:
            raw.remove_termination_listener(lost)
            if not raw.is_closed():
                await raw.remove_listener(channel, hear)


@contextlib.asynccontextmanager
async def _driver(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the pool as asyncpg's own; what goes wrong with it is told in the hub's words, without its values."""
    clean: HubError
    try:
        # Straight from the pool: SQLAlchemy's own connection around it costs as much as a small statement does.
        pooled = await engine.raw_connection()
        raw: asyncpg.Connection = pooled.driver_connection
        try:
            yield raw
        finally:
            if raw.is_closed() or raw.is_in_transaction():
                await greenlet_spawn(pooled.invalidate)
            else:
                pooled.close()  # back into the pool, which waits for nothing
        return
    except BaseException as error:
        found = _driver_error(error)
        if found is None:
            # Not the driver's; but it may carry the driver's.
            if _carries_driver_error(error):
                error.__cause__ = error.__context__ = None
            raise
        clean = translate(found)
        del found
    try:
        raise clean from None
    finally:
        # A raise below a with statement is given what is being handled as context.
        clean.__context__ = None


async def durability(engine: AsyncEngine) -> None:
    """Raises errors.Misconfigured, naming the setting, where a power cut could undo what PostgreSQL calls committed."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(
            "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
        )
    weak = sorted(row["name"] for row in rows if row["setting"] == "off")
    if weak or len(rows) != 3:
        raise Misconfigured(
            "PostgreSQL may lose what it has committed.",
            f"Off: {', '.join(weak) or 'unknown'}.",
            "Switch it on in postgresql.conf and for the role and database, then restart PostgreSQL.",
        )


async def migrate(url: str, tree: str, *, migrations: Path = MIGRATIONS, revision: str = "head") -> None:
    """Brings the database of `url` (the owner's) to `revision` of `tree`, `main` or `vault`, in one transaction."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    scripts = migrations / tree
    if not (scripts / "env.py").is_file():
        raise Misconfigured(f"There are no migrations in {scripts}.", now="Run the hub from a complete checkout.")
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(url, application_name="hub-migrate", pool_size=1, lock_timeout_ms=0, statement_timeout_ms=3_600_000)
    clean: HubError
    try:
        async with engine.begin() as connection:

            def upgrade(given: Any) -> None:
                config.attributes["connection"] = given
                command.upgrade(config, revision)

            # Another migration is waited for; a table in use is not, for whoever waits for a table holds up all who come after.
            await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7310579)")
            await connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            await connection.run_sync(upgrade)
        return
    except CommandError:
        clean = Misconfigured(
            "The database cannot be migrated.",
            f"Its schema is none that the migrations {tree} of this version know: it is a newer hub's, or the other database.",
            "Check the URL, and run the newest version of the hub that this database has seen.",
        )
    except Exception as error:
        found = _driver_error(error)
        if found is None:
            raise
        clean = translate(found)
        del found
    finally:
        await engine.dispose()
    raise clean from None


async def _commit(begun: Any) -> None:
    try:
        await begun.commit()
    except asyncpg.PostgresError as error:
        if _lost(error.sqlstate):
            raise _unknown() from None
        raise
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        raise _unknown() from None


def _unknown() -> CommitUnknown:
    return CommitUnknown(
        "It is not known whether the last work was committed.",
        "The connection to PostgreSQL broke while it was committing.",
        "Look whether it is there before repeating it.",
    )


def _address(url: str) -> URL:
    try:
        address = make_url(url).set(drivername="postgresql+asyncpg")
    except (sa.ArgumentError, ValueError):
        address = None
    if address is None or not url.startswith("postgresql") or not address.host or not address.database:
        raise Misconfigured(
            "A database URL is wrong.",
            "It has another form than postgresql+asyncpg://role:password@host:port/database.",
            "Correct HUB_DATABASE_URL, HUB_MIGRATION_URL or HUB_VAULT_URL.",
        )
    return address


def _connect_args(address: URL, **more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"timeout": 10, **more}
    if "ssl" not in address.query:
        # On this machine nobody listens in, and the driver would look for certificates in a HOME that may not be ours.
        arguments["ssl"] = False if address.host in _LOOPBACK else ssl.create_default_context()
    return arguments


def _keep_alive(adapted: Any, _record: Any) -> None:
    """Finds out within a minute that the other side is gone."""
    found = adapted.driver_connection._transport.get_extra_info("socket")
    if found is not None and found.family != socket.AF_UNIX:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 60_000)):
            if hasattr(socket, name):
                found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _only_clean(adapted: Any, _record: Any, _proxy: Any) -> None:
    """After a restart of PostgreSQL the whole pool is stale; let it be filled anew instead of failing once per connection."""
    raw = adapted.driver_connection
    if raw.is_closed() or raw.is_in_transaction():
        raise sa.InvalidatePoolError()


# What the driver says, in words of the hub.


def _from_driver(error: BaseException) -> bool:
    """Whether `error` is the driver's own, or rose inside it (an encoder's ValueError holds the value)."""
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError | sa.SQLAlchemyError):
        return True
    if isinstance(error, AsyncAdapt_asyncpg_dbapi.Error):
        return True
    if isinstance(error, HubError) or not isinstance(error, Exception):
        return False
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] == "asyncpg":
            return True
        trace = trace.tb_next
    return False


def _driver_error(error: BaseException) -> BaseException | None:
    """The driver's error that `error` is or, for a group, holds."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for part in error.exceptions if (found := _driver_error(part)) is not None), None)
    return error if _from_driver(error) else None


def _carries_driver_error(error: BaseException) -> bool:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error.__cause__, error.__context__]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        if _driver_error(link) is not None:
            return True
        waiting += [link.__cause__, link.__context__]
    return False


def _lost(state: str | None) -> bool:
    return bool(state) and str(state)[:2] in ("08", "57")


_BUSY = {
    "55P03": "Other work holds what this needs for longer than was waited.",
    "57014": "A statement took longer than it may.",
    "53100": "Its disk is full; an administrator must make room.",
    "53300": "It has no connection left.",
    "25006": "It only reads at this moment.",
}
_BUSY_CLASS = {
    "08": "The connection broke.",
    "25": "The transaction was no longer open.",
    "40": "Other work was in the way.",
    "53": "It is short of means.",
    "55": "Other work was in the way.",
    "57": "It is starting or stopping.",
    "58": "Its machine reported an error.",
}
_WRONG = {
    "42P01": "A table is missing: the migrations have not run, or not all.",
    "42703": "A column is missing: the migrations have not run, or not all.",
    "42883": "A function is missing: the migrations have not run, or not all.",
    "42501": "The role may not do this: the roles or grants are not those of ops/postgres/roles.sql and the migrations.",
    "3D000": "The database does not exist.",
}
_WRONG_CLASS = {
    "28": "The role or its password is wrong.",
    "22": "A value does not fit its column.",
    "23": "A row breaks a rule of its table.",
    "XX": "PostgreSQL found its own files damaged; stop the hub and call whoever keeps the backups.",
}


def translate(error: BaseException) -> HubError:
    """The one place where an error of asyncpg or SQLAlchemy becomes the hub's; nothing of its text goes along."""
    if isinstance(error, sa.DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, AsyncAdapt_asyncpg_dbapi.Error):
        error = error.__cause__ or error
    state = getattr(error, "sqlstate", None) or ""
    if state == "HU001":
        return Tampered(
            "PostgreSQL refused a change of the log.",
            "What is recorded is only added to, and its head only grows.",
            "Stop, keep everything as it is, and call the privacy officer.",
        )
    if state in ("23505", "23P01"):
        return Conflict("Someone was first.", f"The row exists already{_place(error)}.", "Gather the facts again, then repeat.")
    if why := _BUSY.get(state) or _BUSY_CLASS.get(state[:2]):
        return Retry("PostgreSQL cannot do this now.", why, "Nothing was changed; repeat it in a moment.")
    if isinstance(error, sa.TimeoutError):
        return Retry("PostgreSQL cannot do this now.", "All connections of the hub are in use.", "Repeat it in a moment.")
    if isinstance(error, ssl.SSLError):
        return Misconfigured(
            "PostgreSQL cannot be reached safely.",
            "Its certificate is not one that this machine trusts.",
            "Trust its issuer (SSL_CERT_FILE), or set ssl in the database URL. See ops/postgres/README.md.",
        )
    if (not state and _away(error)) or isinstance(error, asyncpg.InvalidCachedStatementError):
        return Retry("PostgreSQL cannot be reached.", "The connection failed, broke or was renewed.", "Repeat it in a moment.")
    if not state:
        why = "A statement and its values do not fit."
    else:
        why = _WRONG.get(state) or _WRONG_CLASS.get(state[:2]) or f"It answered with the code {_word(state)}."
    return Misconfigured("PostgreSQL does not accept what the hub asks.", f"{why[:-1]}{_place(error)}.", _MAINTAINER)


def _away(error: BaseException) -> bool:
    """Whether an error without a code is about the connection, rather than about what was asked of it."""
    if isinstance(error, asyncpg.DataError | asyncpg.exceptions.ClientConfigurationError):
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error) or "released" in str(error)
    return isinstance(error, OSError | EOFError | asyncpg.InternalClientError | sa.DisconnectionError)


def _place(error: BaseException) -> str:
    """The table and rule, which are names of ours, never values."""
    names = [_word(getattr(error, name, None)) for name in ("table_name", "constraint_name")]
    found = ", ".join(name for name in names if name)
    return f" ({found})" if found else ""


def _word(name: object) -> str:
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}|[0-9A-Z]{5}", name, re.ASCII) else ""
