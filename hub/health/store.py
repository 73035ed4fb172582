"""What the databases say about themselves and about the work that waits. Reads only; counts, codes and names of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store as audit
from hub.audit.highwater import Mark
from hub.audit.store import Head
from hub.db import create_engine, fetch, transaction
from hub.domain.terms import LogId

_SERVER = """
SELECT current_setting('server_version_num')::int, current_user::text,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_database_size(current_database()),
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - (SELECT sum(numbackends)::int FROM pg_stat_database)
"""
_SETTINGS = """
SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums',
    'log_parameter_max_length', 'log_parameter_max_length_on_error', 'log_error_verbosity', 'log_min_error_statement',
    'log_min_messages', 'log_statement', 'log_min_duration_statement')
"""
_ROLE = """
SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication,
    EXISTS (SELECT FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
            WHERE n.nspname = 'public' AND pg_has_role(current_user, t.relowner, 'MEMBER'))
FROM pg_roles WHERE rolname = current_user
"""
_REVISION = "SELECT version_num FROM alembic_version"
# What the hub may only add to; it is the owner's triggers that stop the owner.
_MAY_CHANGE = """
SELECT t.relname::text FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE n.nspname = 'public' AND t.relname IN ('audit_entry', 'audit_tile', 'audit_checkpoint')
    AND has_table_privilege(t.oid, 'UPDATE, DELETE, TRUNCATE') ORDER BY 1
"""
_UNGUARDED = """
SELECT t.relname::text FROM pg_class AS t JOIN pg_namespace AS n ON n.oid = t.relnamespace
WHERE n.nspname = 'public' AND t.relname IN ('audit_entry', 'audit_tile', 'audit_checkpoint', 'audit_head')
    AND NOT EXISTS (SELECT FROM pg_trigger AS g
                    WHERE g.tgrelid = t.oid AND g.tgname = 'audit_keep' AND g.tgenabled IN ('O', 'A'))
ORDER BY 1
"""
_ROW_SECURITY = """
SELECT t.relrowsecurity AND NOT r.rolbypassrls AND NOT r.rolsuper FROM pg_class AS t
JOIN pg_namespace AS n ON n.oid = t.relnamespace, pg_roles AS r
WHERE n.nspname = 'public' AND t.relname = 'deliver_outbox' AND r.rolname = 'hub_reader'
"""
_PROCESSES = """
SELECT DISTINCT application_name::text FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'hub-%'
"""
_HEAD = "SELECT size, root, last_us FROM audit_head WHERE log_id = $1"
_ROOM = """
SELECT (max(split_part(part.relname, '_', 4)::bigint) + 1) * 5000000 FROM pg_inherits
JOIN pg_class AS part ON part.oid = inhrelid WHERE inhparent = to_regclass($1)
"""
_SAMPLE = "SELECT subject_tag FROM vault_key WHERE log_id = $1 LIMIT 1"
_HELD = """
SELECT party_id, count(*)::bigint, min(held_us) FROM deliver_outbox
WHERE log_id = $1 AND state IN ('held', 'handed') GROUP BY party_id ORDER BY party_id
"""
_FAILED = """
SELECT party_id, count(*)::bigint, min(coalesce(failed_us, held_us)) FROM deliver_outbox
WHERE log_id = $1 AND state = 'failed' GROUP BY party_id ORDER BY party_id
"""
_RECIPIENTS = """
SELECT party_id, bool_or(held), max(failures), max(closed_us) FROM deliver_recipient WHERE log_id = $1
GROUP BY party_id ORDER BY party_id
"""
_CONNECTORS = """
SELECT connector, failures, trouble, barred, cancelled_us, CASE WHEN EXISTS (SELECT FROM connector_run AS run
    WHERE run.log_id = known.log_id AND run.connector = known.connector AND run.ended_us IS NULL) THEN NULL ELSE due_us END
FROM connector_state AS known WHERE log_id = $1 ORDER BY connector
"""
_QUARANTINE = "SELECT count(*)::bigint, min(created_us) FROM receive_quarantine WHERE log_id = $1 AND state = 'waiting'"
_STUCK = """
SELECT connector, count(*)::bigint, min(updated_us) FROM receive_drop
WHERE log_id = $1 AND state IN ('taken', 'again') AND updated_us < $2 GROUP BY connector ORDER BY connector
"""
_REFUSED = """
SELECT connector, count(*)::bigint, min(updated_us) FROM receive_drop
WHERE log_id = $1 AND state = 'refused' AND updated_us >= $2 GROUP BY connector ORDER BY connector
"""
_EXPIRED = """
SELECT (SELECT count(*) FROM identity_assertion WHERE expires_us < $1)
    + (SELECT count(*) FROM identity_signin WHERE expires_us < $1)
    + (SELECT count(*) FROM identity_session WHERE expires_us < $1)
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A database's server as the hub's own role sees it; `now_us` is its clock, `free` the connections that are left."""

    version: int
    role: str
    now_us: int
    size: int
    encrypted: bool
    free: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Role:
    """What the hub's role may that it should not."""

    superuser: bool
    makes_roles: bool
    makes_databases: bool
    replicates: bool
    owner: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait at `who` (a recipient or a connector), and since when the oldest does, in microseconds since 1970."""

    who: str
    count: int
    since_us: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """How sending to a recipient goes: stopped by hand, failed so often in a row, not tried before this moment."""

    party: str
    held: bool
    failures: int
    closed_us: int


@dataclass(frozen=True, slots=True)
class Connector:
    """How fetching from a partner goes: failed so often in a row and why, whether only a person can mend it, stopped by hand
    since when, and when it is to be run next, if at all."""

    name: str
    failures: int
    trouble: str
    barred: bool
    cancelled_us: int | None
    due_us: int | None


def visitor(url: str) -> AsyncEngine:
    """An engine that looks and cannot write, for an installation that may not be able to open a hub."""
    return create_engine(
        url,
        application_name="hub-doctor",
        pool_size=2,
        statement_timeout_ms=5_000,
        server_settings={"default_transaction_read_only": "on"},
    )


async def server(engine: AsyncEngine) -> Server:
    """What the server is, and the settings that decide what is lost and what is written down."""
    async with transaction(engine) as connection:
        row = await connection.raw.fetchrow(_SERVER)
        found = await connection.raw.fetch(_SETTINGS)
    version, user, now_us, size, encrypted, free = row
    return Server(version, user, now_us, size, encrypted, free, {each["name"]: each["setting"] for each in found})


async def role(engine: AsyncEngine) -> Role:
    """What the role may that connects here."""
    return Role(*(await fetch(engine, _ROLE))[0])


async def revision(engine: AsyncEngine) -> str | None:
    """The schema's revision; None where no migration ever ran."""
    rows = await fetch(engine, _REVISION)
    return None if not rows else str(rows[0][0])


async def changeable(engine: AsyncEngine) -> tuple[list[str], list[str]]:
    """The tables of the log that the hub's role may change, and those whose guard is gone."""
    return [row[0] for row in await fetch(engine, _MAY_CHANGE)], [row[0] for row in await fetch(engine, _UNGUARDED)]


async def row_security(engine: AsyncEngine) -> bool:
    """Whether what a recipient reads is kept to its own rows by the database too."""
    rows = await fetch(engine, _ROW_SECURITY)
    return bool(rows and rows[0][0])


async def processes(engine: AsyncEngine) -> set[str]:
    """The names under which processes of the hub are connected."""
    return {row[0] for row in await fetch(engine, _PROCESSES)}


async def head(engine: AsyncEngine, log_id: LogId) -> tuple[Head, str | None] | None:
    """The log's head and its newest checkpoint, of one moment; None where the log was never opened."""
    async with transaction(engine, isolation="repeatable_read") as connection:
        row = await connection.raw.fetchrow(_HEAD, log_id)
        note = await audit.newest_checkpoint(connection, log_id)
    return None if row is None else (Head(row[0], bytes(row[1]), row[2]), note)


async def check_mark(engine: AsyncEngine, log_id: LogId, mark: Mark) -> None:
    """Raises errors.Tampered unless the log as it stands continues what was promised at `mark`."""
    async with transaction(engine, isolation="repeatable_read") as connection:
        row = await connection.raw.fetchrow(_HEAD, log_id)
        size, root = (0, b"") if row is None else (row[0], bytes(row[1]))
        await audit.check_continues(connection, log_id, Mark(size, root), mark)


async def room(engine: AsyncEngine, log_id: LogId) -> int:
    """Up to which entry there are partitions."""
    parent = f"public.audit_entry_{sha256(log_id.encode()).hexdigest()[:24]}"
    return int((await fetch(engine, _ROOM, parent))[0][0] or 0)


async def sample_tag(engine: AsyncEngine, log_id: LogId) -> bytes | None:
    """The subject tag of some key in the vault."""
    rows = await fetch(engine, _SAMPLE, log_id)
    return bytes(rows[0][0]) if rows else None


async def held(engine: AsyncEngine, log_id: LogId) -> list[Waiting]:
    """Deliveries that their recipient does not have yet."""
    return [Waiting(*row) for row in await fetch(engine, _HELD, log_id)]


async def failed(engine: AsyncEngine, log_id: LogId) -> list[Waiting]:
    """Deliveries that were given up until somebody mends what is wrong."""
    return [Waiting(*row) for row in await fetch(engine, _FAILED, log_id)]


async def recipients(engine: AsyncEngine, log_id: LogId) -> list[Recipient]:
    """Recipients to whom was sent, or that were stopped by hand."""
    return [Recipient(*row) for row in await fetch(engine, _RECIPIENTS, log_id)]


async def connectors(engine: AsyncEngine, log_id: LogId) -> list[Connector]:
    """Instances that were ever run, or of which something was asked."""
    return [Connector(*row) for row in await fetch(engine, _CONNECTORS, log_id)]


async def quarantine(engine: AsyncEngine, log_id: LogId) -> Waiting | None:
    """Rows that nobody could read and that wait for mending."""
    count, since = (await fetch(engine, _QUARANTINE, log_id))[0]
    return Waiting("", count, since) if count else None


async def stuck(engine: AsyncEngine, log_id: LogId, before_us: int) -> list[Waiting]:
    """Files that were begun and did not move on since `before_us`, per connector."""
    return [Waiting(*row) for row in await fetch(engine, _STUCK, log_id, before_us)]


async def refused(engine: AsyncEngine, log_id: LogId, since_us: int) -> list[Waiting]:
    """Files that were refused whole since `since_us`, per connector."""
    return [Waiting(*row) for row in await fetch(engine, _REFUSED, log_id, since_us)]


async def expired(engine: AsyncEngine, before_us: int) -> int:
    """Rows of sign-ins and assertions that ended before that moment and should have been tidied away."""
    return int((await fetch(engine, _EXPIRED, before_us))[0][0])
