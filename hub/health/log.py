"""Whether the log is whole as far as its head tells: signed by our key, at or beyond its mark, with room for what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.guard import store as guard
from hub.audit.highwater import HighWater, Mark
from hub.audit.store import check_signed
from hub.domain.terms import LogId, Micros
from hub.errors import Misconfigured, Tampered
from hub.health import store
from hub.health.findings import Finding, attention, ok, unknown, wrong

_DAY_US: Final = 86_400_000_000
_QUIET_DAYS: Final = 7
_SKEW_US: Final = 5_000_000
_LITTLE_ROOM: Final = 250_000
_NO_ROOM: Final = 10_000


async def head(engine: AsyncEngine, log_id: LogId, vkey: Callable[[], str], now: Micros) -> list[Finding]:
    """The newest checkpoint is over the head and signed by the key that is here; the last entry is neither old nor to come."""
    opened = await store.head(engine, log_id)
    if opened is None:
        return [attention("log-opened")]
    found, note = opened
    findings = [ok("log-opened")]
    try:
        check_signed(note, vkey(), found)
        findings.append(ok("log", size=found.size))
    except Misconfigured:
        findings.append(unknown("log", cause="no-log-key"))
    except Tampered:
        findings.append(wrong("log", size=found.size))
    if not found.size:
        return findings
    if found.last_us > now + _SKEW_US:
        return [*findings, wrong("log-time", seconds=(found.last_us - now) // 1_000_000)]
    days = (now - found.last_us) // _DAY_US
    return [*findings, attention("log-quiet", days=days) if days >= _QUIET_DAYS else ok("log-quiet")]


async def alarm(engine: AsyncEngine, log_id: LogId) -> list[Finding]:
    """No process found that what is stored is not what was signed."""
    standing = await guard.standing(engine, log_id)
    return [ok("log-alarm") if standing is None else wrong("log-alarm", detail=standing[1])]


async def mark(engine: AsyncEngine, log_id: LogId, path: Path) -> list[Finding]:
    """The log continues what its high-water mark says was promised."""
    opened = await store.head(engine, log_id)
    size = 0 if opened is None else opened[0].size
    if not await asyncio.to_thread(path.exists):  # opening it would make it, and nothing is made here
        return [wrong("log-mark", reason="missing") if size else ok("log-mark")]
    for last in (False, True):
        try:
            marked = await asyncio.to_thread(_read, path)
            if marked is None:
                return [wrong("log-mark", reason="missing") if size else ok("log-mark")]
            await store.check_mark(engine, log_id, marked)
            return [ok("log-mark")]
        except Misconfigured:
            return [unknown("log-mark", cause="unreadable")]
        except Tampered as error:
            reason = "damaged" if "cannot be read" in error.what else "ahead"
            if last:  # once more: a mark may be written while it is read, and raised while the head is
                return [wrong("log-mark", reason=reason)]
    return []


def _read(path: Path) -> Mark | None:
    file = HighWater(path)
    try:
        return file.read()
    finally:
        file.close()


def place(path: Path, database: Path | None) -> list[Finding]:
    """What is lost with the database's disk must not take the mark along. Nothing is said where the files are not known."""
    if database is None:
        return []
    try:
        same = path.stat().st_dev == database.stat().st_dev
    except OSError:
        return []
    return [attention("log-mark-place") if same else ok("log-mark-place")]


async def room(engine: AsyncEngine, log_id: LogId) -> list[Finding]:
    """There are partitions for the entries to come."""
    opened = await store.head(engine, log_id)
    if opened is None:
        return []
    left = await store.room(engine, log_id) - opened[0].size
    if left >= _LITTLE_ROOM:
        return [ok("log-room")]
    return [wrong("log-room", left=max(left, 0)) if left < _NO_ROOM else attention("log-room", left=left)]
