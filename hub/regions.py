"""Who comes into view as a recipient for a young person, by home gemeente and date.

The mapping is dated: a merger of gemeenten or a change of regions is data, and a row of last year is routed as of last year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hub.domain.stages import Candidate
from hub.domain.tenure import Homes, Task, Tenure, successions, tenures
from hub.domain.terms import PartyId
from hub.domain.territory import Party, Region

_Key = tuple[str, date, PartyId]
_KEPT = 100_000


class Regions:
    """Candidate recipients by gemeente; answers are kept, since a list asks the same few questions many times."""

    def __init__(self, regions: Sequence[Region], parties: Mapping[PartyId, Party]) -> None:
        self._parties = parties
        self._homes = Homes(regions)
        self._working: dict[str, list[Tenure]] = {}
        for one in tenures(regions):
            self._working.setdefault(one.code, []).append(one)
        self._last: dict[PartyId, date] = {}
        for one in tenures(regions):
            self._last[one.party] = max(one.days.until, self._last.get(one.party, date.min))
        self.successions = successions(regions, parties)
        """Who follows whom, by day."""
        self._known: dict[_Key, tuple[Candidate, ...]] = {}

    def living(self, gemeente: str, as_of: date, postcode: str | None = None) -> str:
        """The gemeente that `gemeente` is on `as_of`: itself, or what it became by then. Of one that was divided the part
        where `postcode` lies; where nobody knows that, itself, and no road leads from it."""
        return self._homes.living(gemeente, as_of, postcode)

    def candidates(self, gemeente: str, as_of: date, source: PartyId) -> tuple[Candidate, ...]:
        """The doorstroompunt first, then Work & Income, to which the doorstroompunt passes on; () where no road leads.

        A gemeente that merged leads to what it became. A source that is no party, a gemeente that neither exists on `as_of` nor
        merged: no road, and the route quarantines the row.
        """
        key = (gemeente, as_of, source)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[key] = self._find(gemeente, as_of, source)
        return known

    def speaks_for(self, source: PartyId, brin: str) -> bool:
        """Whether `source` may tell of pupils of the school `brin`: a school of its own alone, who is no school of all."""
        giver = self._parties.get(source)
        return giver is not None and giver.brin in (None, brin)

    def working_for(self, gemeente: str, as_of: date) -> frozenset[PartyId]:
        """The parties that work for the young people of a gemeente, or of what it became; none where no road leads."""
        return frozenset(one.party for one in self._here(gemeente, as_of))

    def ended(self, party: PartyId, day: date) -> bool:
        """Whether a party worked for a gemeente before `day` and works for none on it or later."""
        last = self._last.get(party)
        return last is not None and last <= day

    def follower(self, party: PartyId, day: date) -> PartyId | None:
        """Who does on `day` what `party` did: itself while it has not ended; None where nobody follows it, or more than one."""
        here, met = party, {party}
        while self.ended(here, day):
            theirs = [one for one in self.successions if one.old == here and one.day <= day]
            last = max((one.day for one in theirs), default=date.min)
            following = {one.new for one in theirs if one.day == last}
            if len(following) != 1 or following <= met:
                return None
            (here,) = following
            met.add(here)
        return here

    def _here(self, gemeente: str, as_of: date) -> list[Tenure]:
        return [one for one in self._working.get(self.living(gemeente, as_of), ()) if one.days.holds(as_of)]

    def _find(self, code: str, as_of: date, source: PartyId) -> tuple[Candidate, ...]:
        giver = self._parties.get(source)
        by_task = {one.task: one.party for one in self._here(code, as_of)}
        if giver is None or not by_task:
            return ()
        desk, college, work = by_task[Task.desk], by_task[Task.college], by_task[Task.work]
        first = Candidate(desk, source, tuple(dict.fromkeys((giver.controller, college))))
        then = Candidate(work, desk, (college,))
        return tuple(candidate for candidate in (first, then) if candidate.recipient != source)


def where(regions: Sequence[Region], day: date) -> dict[str, frozenset[str]]:
    """The regions in which each party works on `day`, by its id; a party of no region, such as DUO, is not named."""
    found: dict[str, set[str]] = {}
    for one in tenures(regions):
        if one.days.holds(day):
            found.setdefault(str(one.party), set()).add(str(one.region))
    return {party: frozenset(ids) for party, ids in found.items()}
