"""Whether the work goes on: processes, deliveries per recipient, rows in quarantine, files, tidying, rulings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import legal_date
from hub.domain.terms import LogId, Micros
from hub.health import store
from hub.health.findings import Finding, attention, ok, wrong
from hub.health.store import Connector, Recipient, Waiting
from hub.statements.objections import last_day
from hub.statements.store import pending

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
_STILL_US: Final = HOUR_US // 4
_PAUSED_AFTER: Final = 5
_FAILING_AFTER: Final = 3


def checks(engine: AsyncEngine, log_id: LogId, now: Micros) -> list[tuple[str, Callable[[], Awaitable[list[Finding]]]]]:
    """Every check of the work, by the code that it is told under when it cannot be done."""

    async def processes() -> list[Finding]:
        return judge_processes(await store.processes(engine))

    async def held() -> list[Finding]:
        return judge_held(await store.held(engine, log_id), now)

    async def failed() -> list[Finding]:
        return _counted("delivery-failed", await store.failed(engine, log_id), now)

    async def recipients() -> list[Finding]:
        return judge_recipients(await store.recipients(engine, log_id), now)

    async def connectors() -> list[Finding]:
        return judge_connectors(await store.connectors(engine, log_id), now)

    async def quarantine() -> list[Finding]:
        waiting = await store.quarantine(engine, log_id)
        return _counted("quarantine", [] if waiting is None else [waiting], now)

    async def stuck() -> list[Finding]:
        return _counted("file-stuck", await store.stuck(engine, log_id, now - _STILL_US), now, worst=wrong)

    async def refused() -> list[Finding]:
        return _counted("file-refused", await store.refused(engine, log_id, now - 7 * DAY_US), now)

    async def tidied() -> list[Finding]:
        count = await store.expired(engine, now - DAY_US)
        return [attention("tidied", count=count) if count else ok("tidied")]

    async def objections() -> list[Finding]:
        today = legal_date(now)
        return judge_objections(
            [last_day(legal_date(held.since_us)) for _, held in await pending(engine, log_id, today)], today
        )

    return [
        ("work", processes),
        ("delivery-held", held),
        ("delivery-failed", failed),
        ("recipient-paused", recipients),
        ("connector-failing", connectors),
        ("quarantine", quarantine),
        ("file-stuck", stuck),
        ("file-refused", refused),
        ("tidied", tidied),
        ("objection-late", objections),
    ]


def judge_processes(names: Iterable[str]) -> list[Finding]:
    """A server takes in what is sent, a worker what lies ready: without either something stands still."""
    here = set(names)
    return [
        ok("work") if "hub-worker" in here else attention("work", "hub worker"),
        ok("work") if "hub-serve" in here else attention("work", "hub serve"),
    ]


def judge_held(waiting: Iterable[Waiting], now: int) -> list[Finding]:
    """After a day somebody should ask the recipient; after a week a young person is waiting for help that nobody gives."""
    found: list[Finding] = []
    for one in waiting:
        age = now - one.since_us
        parameters = {"count": one.count, "days": age // DAY_US}
        if age > 7 * DAY_US:
            found.append(wrong("delivery-held", one.who, **parameters))
        elif age > DAY_US:
            found.append(attention("delivery-held", one.who, **parameters))
    return found or [ok("delivery-held")]


def judge_recipients(known: Iterable[Recipient], now: int) -> list[Finding]:
    """Recipients to whom nothing is sent: by hand, or because their system keeps failing."""
    found: list[Finding] = []
    for one in known:
        if one.held:
            found.append(attention("recipient-held", one.party))
        if one.closed_us > now or one.failures >= _PAUSED_AFTER:
            found.append(attention("recipient-paused", one.party, failures=one.failures))
    return found or [ok("recipient-held"), ok("recipient-paused")]


def judge_connectors(known: Iterable[Connector], now: int) -> list[Finding]:
    """Partners from whom nothing comes in: only a person can mend it, it keeps failing, somebody stopped it, or nobody goes."""
    found: list[Finding] = []
    for one in known:
        if one.cancelled_us is not None:
            found.append(attention("connector-stopped", one.name, hours=max(now - one.cancelled_us, 0) // HOUR_US))
        elif one.barred:
            found.append(wrong("connector-barred", one.name, trouble=one.trouble))
        elif one.failures >= _FAILING_AFTER:
            found.append(attention("connector-failing", one.name, failures=one.failures, trouble=one.trouble))
        if one.cancelled_us is None and one.due_us is not None and now - one.due_us > _STILL_US:
            found.append(wrong("connector-idle", one.name, hours=(now - one.due_us) // HOUR_US))
    return found or [ok("connector-failing"), ok("connector-barred"), ok("connector-stopped"), ok("connector-idle")]


def judge_objections(ends: Iterable[date], today: date) -> list[Finding]:
    """Objections whose ruling is late: a young person waits longer than the law allows (GDPR 12(3))."""
    late = [end for end in ends if end < today]
    return [wrong("objection-late", count=len(late), date=min(late).isoformat())] if late else [ok("objection-late")]


def _counted(code: str, waiting: Iterable[Waiting], now: int, worst: Callable[..., Finding] = attention) -> list[Finding]:
    """One finding for each that has any."""
    found = [worst(code, one.who, count=one.count, hours=max(now - one.since_us, 0) // HOUR_US) for one in waiting]
    return found or [ok(code)]
