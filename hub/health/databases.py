"""Whether a database answers, keeps what it commits, logs no value of a row, and lets the hub do no more than it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.domain.terms import LogId
from hub.errors import HubError, Misconfigured, Tampered
from hub.health import store
from hub.health.findings import Finding, State, attention, ok, unknown, wrong
from hub.health.parts import Base
from hub.ports import Clock
from hub.protect.vault import Vault

OLDEST: Final = 15
_APART_US: Final = 2_000_000
_DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
_SILENT: Final[Mapping[str, frozenset[str]]] = {
    "log_error_verbosity": frozenset({"terse"}),
    "log_min_error_statement": frozenset({"panic", "fatal", "log"}),
    "log_min_messages": frozenset({"panic", "fatal", "log"}),
    "log_statement": frozenset({"none"}),
    "log_min_duration_statement": frozenset({"-1"}),
    "log_parameter_max_length": frozenset({"0"}),
    "log_parameter_max_length_on_error": frozenset({"0"}),
}
"""With these no value of a row reaches the server's log: an error's own text may hold one, and so may a parameter."""


async def server(base: Base, clock: Clock) -> list[Finding]:
    """Whether it answers, and what of its server's settings is weak."""
    try:
        async with asyncio.timeout(4.0):
            before = clock.now_us()
            found = await store.server(base.engine)
            now = (before + clock.now_us()) // 2
    except (HubError, TimeoutError) as error:
        reason = "access" if isinstance(error, Misconfigured) else "away"
        return [wrong("database", base.name, reason=reason)]
    return [
        ok("database", base.name, bytes=found.size, version=found.version),
        *judge(base, found, found.now_us - now),
    ]


def answers(findings: list[Finding]) -> bool:
    """Whether `server` got an answer."""
    return any(finding.code == "database" and finding.state is State.ok for finding in findings)


def judge(base: Base, found: store.Server, apart_us: int) -> list[Finding]:
    """What a server says of itself, judged; `apart_us` is how far its clock is from ours."""
    name, said = base.name, found.settings
    weak = sorted(each for each in _DURABLE if said.get(each) in (None, "off"))
    talks = sorted(each for each, quiet in _SILENT.items() if said.get(each) not in quiet)
    major = found.version // 10_000
    return [
        ok("database-version", name) if major >= OLDEST else wrong("database-version", name, version=major, oldest=OLDEST),
        wrong("database-durability", name, settings=", ".join(weak)) if weak else ok("database-durability", name),
        wrong("database-logging", name, settings=", ".join(talks)) if talks else ok("database-logging", name),
        ok("database-checksums", name) if said.get("data_checksums") == "on" else attention("database-checksums", name),
        wrong("database-encryption", name) if base.remote and not found.encrypted else ok("database-encryption", name),
        attention("database-connections", name, free=max(found.free, 0), most=base.most)
        if found.free < base.most
        else ok("database-connections", name),
        attention("database-clock", name, seconds=abs(apart_us) // 1_000_000)
        if abs(apart_us) > _APART_US
        else ok("database-clock", name),
    ]


def checks(base: Base) -> list[tuple[str, Callable[[], Awaitable[list[Finding]]]]]:
    """What needs a database that answers."""
    of_all: list[tuple[str, Callable[[], Awaitable[list[Finding]]]]] = [
        ("database-schema", lambda: schema(base)),
        ("database-role", lambda: role(base)),
    ]
    if base.name == "main":
        of_all += [("log-kept", lambda: kept(base)), ("row-security", lambda: row_security(base))]
    return of_all


async def schema(base: Base) -> list[Finding]:
    """Whether the migrations ran, all of them and no newer ones."""
    try:
        found = await store.revision(base.engine)
    except Misconfigured:  # the table is not there, or is of before the hub might read it
        found = None
    if base.revision is None:
        return [unknown("database-schema", base.name, cause="no-migrations")]
    if found != base.revision:
        return [wrong("database-schema", base.name, found=found or "-", head=base.revision)]
    return [ok("database-schema", base.name)]


async def role(base: Base) -> list[Finding]:
    """Whether the hub connects as the role that is made for it, and that role may no more than it needs."""
    found, connected = await store.role(base.engine), (await store.server(base.engine)).role
    excess = {
        "superuser": found.superuser,
        "owner": found.owner,
        "createrole": found.makes_roles,
        "createdb": found.makes_databases,
        "replication": found.replicates,
    }
    if too_much := [name for name, has in excess.items() if has]:
        return [wrong("database-role", base.name, rights=", ".join(too_much), role=base.role)]
    if connected != base.role:
        return [ok("database-role", base.name), attention("database-role-name", base.name, role=base.role)]
    return [ok("database-role", base.name), ok("database-role-name", base.name)]


async def kept(base: Base) -> list[Finding]:
    """Whether the hub itself can only add to the log, and the owner is stopped too."""
    changeable, unguarded = await store.changeable(base.engine)
    if tables := sorted({*changeable, *unguarded}):
        return [wrong("log-kept", tables=", ".join(tables))]
    return [ok("log-kept")]


async def row_security(base: Base) -> list[Finding]:
    """Whether the database keeps what one recipient reads apart from what is another's."""
    return [ok("row-security") if await store.row_security(base.engine) else wrong("row-security")]


async def vault_opens(engine: AsyncEngine, log_id: LogId, people: Callable[[], Vault]) -> list[Finding]:
    """Whether vault and key ring belong together: one person's key opens, and nothing is kept of it."""
    try:
        vault = people()
    except HubError:
        return [unknown("vault-keys", cause="no-key-ring")]
    tag = await store.sample_tag(engine, log_id)
    if tag is None:
        return [ok("vault-keys")]
    try:
        await vault.existing([tag])
    except Tampered:
        return [wrong("vault-keys")]
    return [ok("vault-keys")]
