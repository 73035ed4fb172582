"""Examines an installation: every check by itself, with its own short patience, and none stops another.

`hub.doctor` gives what it could open; a desk gives the engines and keys of the hub that runs. A part that may be broken comes
as a function that raises the hub's errors, so that its being broken is a finding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from hub.audit.log import Log
from hub.consent.model import PolicySet
from hub.domain.terms import LogId
from hub.errors import HubError, Retry
from hub.health import connectors, databases, files, log, outside, rules, work
from hub.health.files import Certificate, KeyFile
from hub.health.findings import Finding, unknown
from hub.health.outside import Outside
from hub.health.parts import Base
from hub.policies.use import Acts
from hub.ports import Clock
from hub.protect.vault import Vault
from hub.territory.service import ledger_of

PATIENCE_S = 5.0
"""Seconds that one check may take."""

Environment = Literal["demo", "development", "test", "acceptance", "production"]
Check = Callable[[], Awaitable[list[Finding]]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What is examined. `main` and `vault` are None where there is no address, or nothing runs there: `known` says so.

    `mappings` gives per connector instance whether its mapping is verified; `vkey` the log's public key; `people` the vault as
    the hub opens it; `oidc` asks the provider of staff sign-in for its metadata; `outside` is who confirms the log from there.
    """

    environment: Environment
    log_id: LogId
    clock: Clock
    state: Path
    high_water: Path
    policy: Callable[[], PolicySet]
    mappings: Callable[[], Mapping[str, bool]]
    keys: Sequence[KeyFile]
    vkey: Callable[[], str]
    main: Base | None
    vault: Base | None
    people: Callable[[], Vault]
    certificates: Sequence[Certificate] = ()
    oidc: Callable[[], Awaitable[object]] | None = None
    outside: Outside | None = None
    known: Sequence[Finding] = field(default=())

    @property
    def strict(self) -> bool:
        """Whether more is asked than on a laptop, where everything lies on one disk."""
        return self.environment in ("acceptance", "production")


async def examine(parts: Parts) -> list[Finding]:
    """Everything that was examined, the well included, in the order of the groups below. Never raises for what it examines."""
    groups = (_settings(parts), _database(parts, parts.main), _vault(parts), _files(parts))
    found = await asyncio.gather(*groups)
    return [*parts.known, *(finding for group in found for finding in group)]


async def _settings(parts: Parts) -> list[Finding]:
    now = parts.clock.now_us()
    return await _each(
        ("policy", _aside(lambda: rules.policy(parts.policy, now))),
        ("connectors", _aside(lambda: rules.connectors(parts.mappings, parts.environment == "production"))),
        ("sign-in", lambda: rules.sign_in(parts.oidc)),
        ("machine", _aside(lambda: files.machine(now))),
    )


async def _database(parts: Parts, base: Base | None) -> list[Finding]:
    """The main database, and what only it can tell: the log and the work."""
    if base is None:
        return [unknown("log", cause="away"), unknown("work", cause="away")]
    found = await _each(("database", lambda: databases.server(base, parts.clock)), about=base.name)
    if not databases.answers(found):
        return [*found, unknown("log", cause="away"), unknown("work", cause="away")]
    found += await _each(*databases.checks(base), about=base.name)
    found += await _each(
        ("log", lambda: log.head(base.engine, parts.log_id, parts.vkey, parts.clock.now_us())),
        ("log-alarm", lambda: log.alarm(base.engine, parts.log_id)),
        ("log-mark", lambda: log.mark(base.engine, parts.log_id, parts.high_water)),
        ("log-mark-place", _aside(lambda: log.place(parts.high_water, base.files if parts.strict else None))),
        ("log-room", lambda: log.room(base.engine, parts.log_id)),
        ("policy-unused", lambda: rules.in_use(_acts(parts, base), parts.policy, parts.clock.now_us())),
        ("credential-end", lambda: connectors.ends(base.engine, parts.log_id, parts.clock.now_us())),
        ("connector-unconfirmed", lambda: connectors.alone(base.engine, parts.log_id, parts.clock.now_us())),
        ("partner-doubted", lambda: rules.partners(base.engine, _log(parts, base))),
        ("mapping-unconfirmed", lambda: connectors.mappings(base.engine, _log(parts, base), parts.clock.now_us())),
        (
            "move-unconfirmed",
            lambda: connectors.moves(base.engine, parts.log_id, ledger_of(_log(parts, base)), parts.clock.now_us()),
        ),
        ("party-followed", lambda: rules.followed(_acts(parts, base), parts.clock.now_us())),
    )
    found += await _outside(parts, base)
    return found + await _each(*work.checks(base.engine, parts.log_id, parts.clock.now_us()))


def _acts(parts: Parts, base: Base) -> Acts:
    return Acts(_log(parts, base))


def _log(parts: Parts, base: Base) -> Log:
    return Log(base.engine, parts.log_id, parts.vkey())


async def _outside(parts: Parts, base: Base) -> list[Finding]:
    if (known := parts.outside) is None:
        return []
    engine, now = base.engine, parts.clock.now_us()
    return await _each(
        ("witness-lag", lambda: outside.witnesses(engine, parts.log_id, known, now, strict=parts.strict)),
        ("time-stamp", lambda: outside.stamps(engine, parts.log_id, known, now)),
        ("witness-key", lambda: outside.witnessed(engine, parts.log_id, known)),
    )


async def _vault(parts: Parts) -> list[Finding]:
    if (base := parts.vault) is None:
        return []
    found = await _each(("database", lambda: databases.server(base, parts.clock)), about=base.name)
    if not databases.answers(found):
        return found
    found += await _each(*databases.checks(base), about=base.name)
    return found + await _each(("vault-keys", lambda: databases.vault_opens(base.engine, parts.log_id, parts.people)))


async def _files(parts: Parts) -> list[Finding]:
    now = parts.clock.now_us()
    found: list[Finding] = []
    for key in parts.keys:
        found += await _each(("key-file", _aside(partial(files.key, key, parts.state))), about=key.name)
    for one in parts.certificates:
        found += await _each(("certificate", _aside(partial(files.certificate, one, now))), about=one.name)
    disks = {"state": parts.state, "high-water": parts.high_water.parent}
    for base in (parts.main, parts.vault):
        if base is not None and base.files is not None:
            disks[f"database {base.name}"] = base.files
    return found + await _each(("disk", _aside(lambda: files.disks(disks))))


def _aside(check: Callable[[], list[Finding]]) -> Check:
    """A check that reads files, in a thread of its own: a disk that hangs holds up nothing else."""
    return lambda: asyncio.to_thread(check)


async def _each(*checks: tuple[str, Check], about: str = "") -> list[Finding]:
    """Runs the checks one after another; one that cannot be done is a finding of its own."""
    found: list[Finding] = []
    for code, check in checks:
        found += await _one(code, about, check)
    return found


async def _one(code: str, about: str, check: Check) -> Iterable[Finding]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await check()
    except TimeoutError:
        cause = "timeout"
    except Retry:
        cause = "away"
    except HubError:
        cause = "denied"
    except OSError:
        cause = "unreadable"
    except Exception as error:  # a check that is itself wrong must not hide what the others find
        cause = type(error).__name__
    return [unknown(code, about, cause=cause)]
