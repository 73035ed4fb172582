"""What of the log may be unusual, each in a bounded number of rows: the newest readings, counts per day, a week of bitmaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, OutcomeKind
from hub.audit.search import store
from hub.audit.search.hours import local
from hub.audit.search.lines import Selection
from hub.audit.search.signals import DAY, HISTORY_DAYS, Day, Looked, Many, Read, Refusals, Unusual
from hub.db import Connection
from hub.domain.terms import LogId

SEARCH: Final = "search-person"
REVEAL: Final = "reveal-row"
GLASS: Final = "connector-break-glass"
READ_ENTRY: Final = "read-entry"
"""Someone looked at one entry; its details name it as `entry`, and as `party` whom that member of staff works for."""
_COMING_AND_GOING: Final = frozenset({"sign-in", "sign-out"})
_MOST_READS: Final = 5_000
_MOST_GLASS: Final = 100

_BODIES: Final = "SELECT body FROM audit_entry WHERE log_id = $1 AND seq = ANY($2::bigint[]) AND body IS NOT NULL"
_BY_REF: Final = "SELECT ref, body FROM audit_entry WHERE log_id = $1 AND ref = ANY($2::uuid[]) AND body IS NOT NULL"
_DAYS: Final = """
SELECT day, recipient, reason, entries FROM audit_tally WHERE log_id = $1 AND day >= $2 AND kind = $3 AND (reason <> '') = $4
"""
_EVER: Final = "SELECT word, entries FROM audit_word WHERE log_id = $1 AND sort = 'recipient'"


class _Look:
    """One state of the index, and what is asked of it."""

    def __init__(self, connection: Connection, log_id: LogId, size: int) -> None:
        self._connection, self._log_id, self._size = connection, log_id, size

    async def question(self, selection: Selection) -> store.Question:
        """Ready to be asked."""
        asked = store.Question(self._connection, self._log_id, selection, self._size)
        await asked.look()
        return asked

    async def many(self, selection: Selection, without: Selection | None = None) -> list[Many]:
        """The selection per recipient; leaving out recipients that `without` has."""
        spread = await (await self.question(selection)).spread("recipient")
        left_out = set() if without is None else set(await (await self.question(without)).spread("recipient"))
        found = {recipient: one for recipient, one in spread.items() if recipient not in left_out}
        places = [place for one in found.values() for place in (one.first, one.last)]
        us = await store.moments_of(self._connection, self._log_id, places)
        return [Many(recipient, one.count, us[one.first], us[one.last]) for recipient, one in found.items()]

    async def refusals(self, day: int, week: int) -> list[Refusals]:
        """Of the last day and the week before it, and whether a recipient was heard of before that day."""
        last_day = await (await self.question(Selection(kind=EntryKind.refusal, from_us=day))).spread("recipient")
        earlier = Selection(kind=EntryKind.refusal, from_us=week, until_us=day)
        before = await (await self.question(earlier)).spread("recipient")
        newest = await (await self.question(Selection(from_us=day))).spread("recipient")
        ever = dict(await self._connection.raw.fetch(_EVER, self._log_id))
        none = store.Spread(0, 0, 0)
        return [
            Refusals(one, found.count, before.get(one, none).count, ever.get(one, 0) > newest.get(one, none).count)
            for one, found in last_day.items()
        ]

    async def readings(self, since_us: int) -> list[dict[str, Any]]:
        """What staff read since, the newest of it, oldest first."""
        asked = await self.question(Selection(kind=EntryKind.access, from_us=since_us))
        rows = await self._connection.raw.fetch(_BODIES, self._log_id, await asked.places(_MOST_READS))
        said = [orjson.loads(row[0]) for row in rows]
        return sorted((one for one in said if one["details"].get("staff")), key=lambda one: int(one["us"]))

    async def glass(self, since_us: int) -> list[Many]:
        """Per connector how often one person activated it alone since then."""
        asked = await self.question(Selection(kind=EntryKind.configuration, operation=GLASS, from_us=since_us))
        rows = await self._connection.raw.fetch(_BODIES, self._log_id, await asked.places(_MOST_GLASS))
        moments: defaultdict[str, list[int]] = defaultdict(list)
        for row in rows:
            said = orjson.loads(row[0])
            moments[said["details"]["connector"]].append(said["us"])
        return [Many(name, len(us), min(us), max(us)) for name, us in moments.items()]

    async def concerned(self, refs: Sequence[UUID]) -> dict[str, tuple[str, ...]]:
        """Per entry the parties that it is about."""
        found: dict[str, tuple[str, ...]] = {}
        for ref, body in await self._connection.raw.fetch(_BY_REF, self._log_id, list(refs)):
            said = orjson.loads(body)
            parties = [said.get("source"), said.get("recipient"), *said.get("controllers", ())]
            found[str(UUID(bytes=ref.bytes))] = tuple(dict.fromkeys(party for party in parties if party))
        return found

    async def days(self, now_us: int, kind: EntryKind, reasons: bool) -> list[Day]:
        """Counts per day of the last weeks."""
        since = local(now_us).date() - timedelta(days=HISTORY_DAYS + 1)
        return [Day(*row) for row in await self._connection.raw.fetch(_DAYS, self._log_id, since, kind, reasons)]


async def unusual(engine: AsyncEngine, log_id: LogId, now_us: int, who: store.Who) -> Unusual:
    """What the last day, and for some the weeks before it, say that may be unusual; `who` tells apart who was searched."""
    day, week = now_us - DAY, now_us - 8 * DAY
    async with store.reading(engine) as connection:
        look = _Look(connection, log_id, (await store.sizes(connection, log_id))[1])
        said = await look.readings(now_us - 7 * DAY)
        concerned = await look.concerned([UUID(one) for one in {_entry(each) for each in said} if one])
        found = Unusual(
            again=await look.many(Selection(any_of=(("again", "again"),))),
            silent=await look.many(_outcomes(OutcomeKind.handed_over, day), _outcomes(OutcomeKind.acknowledged, day)),
            refusals=await look.refusals(day, week),
            reveals=_reveals([one for one in said if one["operation"] == REVEAL and one["us"] >= day]),
            reads=[_read(one, concerned) for one in said if one["operation"] not in _COMING_AND_GOING],
            glass=await look.glass(now_us - 7 * DAY),
            given=await look.days(now_us, EntryKind.disclosure, reasons=False),
            refused=await look.days(now_us, EntryKind.refusal, reasons=True),
        )
    searched = {UUID(one["ref"]): one for one in said if one["operation"] == SEARCH}
    persons: Mapping[UUID, bytes] = await who(list(searched)) if searched else {}
    looked = [
        Looked(searched[ref]["details"]["staff"], searched[ref]["us"], person)
        for ref, person in persons.items()
        if ref in searched
    ]
    return replace(found, searches=looked)


def _outcomes(outcome: OutcomeKind, since: int) -> Selection:
    return Selection(kind=EntryKind.outcome, outcome=outcome, from_us=since)


def _entry(said: Mapping[str, Any]) -> str:
    """Which entry was read, where one was."""
    return str(said["details"].get("entry", "")) if said["operation"] == READ_ENTRY else ""


def _read(said: Mapping[str, Any], concerned: Mapping[str, tuple[str, ...]]) -> Read:
    details = said["details"]
    return Read(details["staff"], said["us"], said["operation"], str(details.get("party", "")), concerned.get(_entry(said), ()))


def _reveals(said: Sequence[Mapping[str, Any]]) -> list[Many]:
    moments: defaultdict[str, list[int]] = defaultdict(list)
    for one in said:
        moments[one["details"]["staff"]].append(one["us"])
    return [Many(staff, len(us), min(us), max(us)) for staff, us in moments.items()]
