"""Counts in the log what each clause let pass. It opens no seal, and stands in the log as an access before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.consent.model import PolicySet
from hub.consent.usage import Tally, Usage, usage
from hub.domain.staff import StaffId
from hub.domain.terms import LogId, Micros
from hub.replay import store
from hub.replay.reading import PAGE, Progress

USAGE = "policy-usage"
_LEGAL = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Usages:
    """Counts over one log."""

    engine: AsyncEngine
    log_id: LogId
    notes: Notes

    async def count(self, policy: PolicySet, since: date, until: date, by: StaffId | None, progress: Progress) -> Usage:
        """What the log of the days from `since` up to, not including, `until` shows in use of `policy`.

        Raises Retry when the log cannot be written.
        """
        size = (await self.notes.write(EntryKind.access, USAGE, "policy", {"policy": policy.hash}, by=by)).size
        first, after = [await store.place(self.engine, self.log_id, _midnight(day), size) for day in (since, until)]
        tally = Tally()
        for start in range(first, after, PAGE):
            end = min(start + PAGE, after)
            for body in await store.entries(self.engine, self.log_id, start, end):
                fields = orjson.loads(body)
                if fields["kind"] == EntryKind.disclosure:
                    tally.add(fields["clause"], fields["attributes"])
            progress(end - first, after - first)
        return usage(policy, tally, since, until)


def _midnight(day: date) -> Micros:
    """The first moment of a legal day."""
    moment = datetime(day.year, day.month, day.day, tzinfo=_LEGAL)
    return Micros(int(moment.astimezone(UTC).timestamp()) * 1_000_000)
