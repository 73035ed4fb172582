"""Connector instances as administrators set them up: credentials that end, and what one person activated alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.ledger import Ledger
from hub.audit.log import Log
from hub.clock import rfc3339
from hub.domain.glass import Broken
from hub.domain.terms import LogId, Micros
from hub.health.findings import Finding, attention, ok, wrong
from hub.mend.alone import ledger_of as texts_of
from hub.mend.alone import unconfirmed
from hub.setups import store
from hub.setups.standing import Standing, standing_of
from hub.setups.store import Held
from hub.territory import store as territory
from hub.territory.model import Act, Move
from hub.territory.model import State as Stands
from hub.territory.service import proven

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


async def mappings(engine: AsyncEngine, log: Log, now: Micros) -> list[Finding]:
    """Mappings that somebody put into use alone and nobody confirmed."""
    found = await unconfirmed(engine, log, texts_of(log))
    return [_alone("mapping-unconfirmed", name, glass, now) for name, (_, glass) in found.items()] or [
        ok("mapping-unconfirmed")
    ]


async def moves(engine: AsyncEngine, log_id: LogId, ledger: Ledger[Act], now: Micros) -> list[Finding]:
    """Moves to a following party that are not as the log says, or that somebody did alone and nobody approved."""
    known = await proven(ledger, await territory.moves(engine, log_id))
    doubted = [_named(one) for one in known if one.state is Stands.doubted]
    waits = [_alone("move-unconfirmed", _named(one), one.broken, now) for one in known if one.broken is not None]
    names = ", ".join(sorted(doubted))
    return [
        wrong("move-doubted", names=names, count=len(doubted)) if doubted else ok("move-doubted"),
        *(waits or [ok("move-unconfirmed")]),
    ]


def _alone(code: str, about: str, glass: Broken, now: int) -> Finding:
    judged = wrong if now > glass.due_us else attention
    return judged(code, about, date=rfc3339(Micros(glass.due_us))[:10])


def _named(one: Move) -> str:
    return f"{one.old} -> {one.new}"


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
