"""Connector instances as administrators set them up: credentials that end, and what one person activated alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import rfc3339
from hub.domain.terms import LogId, Micros
from hub.health.findings import Finding, attention, ok, wrong
from hub.setups import store
from hub.setups.standing import Standing, standing_of
from hub.setups.store import Held

_DAY_US = 86_400_000_000
_SOON_DAYS = 60
_NOW_DAYS = 7


async def ends(engine: AsyncEngine, log_id: LogId, now: Micros) -> list[Finding]:
    """Certificates and keys of connectors, sixty days and seven days before they end."""
    moves = await store.moves(engine, log_id)
    return judge_ends([standing_of(each) for each in moves.values()], await store.credentials(engine, log_id), now)


async def alone(engine: AsyncEngine, log_id: LogId, now: Micros) -> list[Finding]:
    """What somebody activated alone and nobody confirmed: within three days a second person looks at it."""
    moves = await store.moves(engine, log_id)
    return judge_alone([standing_of(each) for each in moves.values()], now)


def judge_ends(instances: Iterable[Standing], kept: Mapping[tuple[str, int], Held], now: int) -> list[Finding]:
    """One finding for each that ends soon or has ended."""
    found: list[Finding] = []
    for one in instances:
        for name, seq in sorted(one.next_held.items()):
            row = kept.get((one.instance, seq))
            if row is None or row.sealed is None or row.until_us is None:
                continue
            days = (row.until_us - now) // _DAY_US
            if days > _SOON_DAYS:
                continue
            judged = wrong if days <= _NOW_DAYS else attention
            date = rfc3339(Micros(row.until_us))[:10]
            found.append(judged("credential-end", f"{one.instance}, {name}", days=max(days, 0), date=date))
    return found or [ok("credential-end")]


def judge_alone(instances: Iterable[Standing], now: int) -> list[Finding]:
    """One finding for each that waits to be confirmed; past its day somebody works around the second pair of eyes."""
    found: list[Finding] = []
    for one in instances:
        if one.glass is not None:
            judged = wrong if now > one.glass.due_us else attention
            found.append(judged("connector-unconfirmed", one.instance, date=rfc3339(Micros(one.glass.due_us))[:10]))
    return found or [ok("connector-unconfirmed")]
