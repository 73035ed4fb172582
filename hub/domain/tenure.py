"""Who works for the young people of which gemeente, since when and until when; and who follows whom. Pure.

Regions, sub-regions, arbeidsmarktregio's and gemeenten each have their own days; here they are laid over each other, so that
whoever asks needs to know one day alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from hub.domain.terms import PartyId, Term
from hub.domain.territory import Gemeente, Party, Period, Region, Subregion

_A_DAY: Final = timedelta(days=1)


class Task(StrEnum):
    """For what a party comes into view."""

    desk = "desk"
    """The doorstroompunt: of the sub-region where that has its own, else of the region."""
    college = "college"
    work = "work"
    """Work & Income."""
    local = "local"
    """What else works for one gemeente."""
    wider = "wider"
    """What works for a region, sub-region or arbeidsmarktregio."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `since` up to, not including, `until`; date.max until further notice."""

    since: date
    until: date

    def holds(self, day: date) -> bool:
        """Whether `day` is one of them."""
        return self.since <= day < self.until


def shared(*periods: Period) -> Span | None:
    """The days that all of these have; None where there is none."""
    since = max(each.valid_from for each in periods)
    until = min(each.valid_until or date.max for each in periods)
    return Span(since, until) if since < until else None


@dataclass(frozen=True, slots=True)
class Tenure:
    """A party works for those who live in the gemeente `code`, which lies in `region`, on these days."""

    party: PartyId
    code: str
    region: Term
    task: Task
    days: Span


def tenures(regions: Iterable[Region]) -> Iterator[Tenure]:
    """Everyone who works for anyone, gemeente by gemeente."""
    for region in regions:
        for home in region.gemeenten:
            yield from tenures_of(region, home)


def tenures_of(region: Region, home: Gemeente) -> Iterator[Tenure]:
    """Who works for one gemeente as one row of a region has it."""
    days = shared(region, home)
    if days is None:
        return
    markets = [each for each in region.labour_market_regions if each.id == home.labour_market_region]
    always = [(home.college, Task.college), (home.werk_en_inkomen, Task.work)]
    always += [(party, Task.local) for party in home.works_here]
    always += [(party, Task.wider) for party in (*region.works_here, *(party for each in markets for party in each.works_here))]
    for party, task in dict.fromkeys(always):
        yield Tenure(party, home.code, region.id, task, days)
    parts = [(part, span) for part in region.subregions if home.code in part.gemeenten and (span := shared(region, home, part))]
    for part, span in parts:
        for party in part.works_here:
            yield Tenure(party, home.code, region.id, Task.wider, span)
    for desk, span in _desks(region.doorstroompunt, parts, days):
        yield Tenure(desk, home.code, region.id, Task.desk, span)


def _desks(own: PartyId, parts: Sequence[tuple[Subregion, Span]], days: Span) -> Iterator[tuple[PartyId, Span]]:
    """The desk of each day, day after day: the sub-region's where it has one."""
    borders = sorted({days.since, days.until, *(day for _, span in parts for day in (span.since, span.until))})
    found: list[tuple[PartyId, Span]] = []
    for since, until in pairwise(borders):
        desk = next((part.doorstroompunt for part, span in parts if part.doorstroompunt and span.holds(since)), own)
        begun = found.pop()[1].since if found and found[-1][0] == desk else since
        found.append((desk, Span(begun, until)))
    yield from found


class Homes:
    """Where each gemeente lies on which day, and what became of it."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self._rows: dict[str, list[tuple[Span, Region, Gemeente]]] = {}
        for region in regions:
            for home in region.gemeenten:
                if (days := shared(region, home)) is not None:
                    self._rows.setdefault(home.code, []).append((days, region, home))
        for rows in self._rows.values():
            rows.sort(key=lambda row: row[0].since)

    def at(self, code: str, day: date) -> tuple[Region, Gemeente] | None:
        """Its rows of that day; None where it does not exist then."""
        for days, region, home in self._rows.get(code, ()):
            if days.holds(day):
                return region, home
        return None

    def living(self, code: str, day: date, postcode: str | None = None) -> str:
        """The gemeente that `code` is on `day`: itself, or what it became by then. Of one that was divided, the part where
        `postcode` lies. Where that is not known, `code` as it is: no road leads from it.
        """
        here = code
        while self.at(here, day) is None:
            ended = [home for days, _, home in self._rows.get(here, ()) if days.until <= day]
            if not ended:
                return code
            last = ended[-1]
            parts = {part.code for part in last.successors if postcode is not None and part.holds(postcode)}
            following = {last.successor} if last.successor is not None else parts
            if len(following) != 1:
                return code
            (here,) = following  # it lives on the day on which the other ended, so that this comes to an end
        return here

    def ends(self) -> Iterator[tuple[date, Region, Gemeente]]:
        """Every row that comes to an end, by its first day without."""
        for rows in self._rows.values():
            for days, region, home in rows:
                if days.until != date.max:
                    yield days.until, region, home

    def rows(self) -> Iterator[tuple[Span, Region, Gemeente]]:
        """Every gemeente with the days on which it is so."""
        for rows in self._rows.values():
            yield from rows


class Why(StrEnum):
    """How one party came to follow another."""

    merger = "merger"
    division = "division"
    contactgemeente = "contactgemeente"
    """Another desk for the same gemeente in the same region: the contactgemeente or its desk changed, or a sub-region's did."""
    task = "task"
    """Another body does the same for the same gemeente."""


@dataclass(frozen=True, slots=True, order=True)
class Succession:
    """From `day` on `new` does for the young people of `code` what `old` did."""

    day: date
    old: PartyId
    new: PartyId
    why: Why
    code: str


def successions(regions: Sequence[Region], parties: Mapping[PartyId, Party]) -> tuple[Succession, ...]:
    """Who follows whom, by day. A desk is followed within its own region alone: who lives in another one is new there."""
    homes = Homes(regions)
    working: dict[str, list[Tenure]] = {}
    for one in tenures(regions):
        working.setdefault(one.code, []).append(one)
    found: set[Succession] = set()
    for code, theirs in working.items():
        for day in sorted({one.days.until for one in theirs} - {date.max}):
            before = [one for one in theirs if one.days.holds(day - _A_DAY)]
            if not before:
                continue
            lived = homes.at(code, day - _A_DAY)
            if homes.at(code, day) is not None:
                into: Sequence[str] = (code,)
            else:
                into = lived[1].followed_by if lived is not None else ()
            for other in into:
                after = [one for one in working.get(other, ()) if one.days.holds(day)]
                why = Why.task if other == code else Why.merger if len(into) == 1 else Why.division
                found |= {Succession(day, old, new, _why(task, why), code) for task, old, new in _pairs(before, after, parties)}
    return tuple(sorted(found))


def _why(task: Task, why: Why) -> Why:
    return Why.contactgemeente if task is Task.desk and why is Why.task else why


def _pairs(
    before: Sequence[Tenure], after: Sequence[Tenure], parties: Mapping[PartyId, Party]
) -> Iterator[tuple[Task, PartyId, PartyId]]:
    """Per task, and for other tasks per kind of party, the one that was and the one that is, where they differ."""
    same_region = bool(before and after) and before[0].region == after[0].region
    for task in Task:
        if task in (Task.desk, Task.wider) and not same_region:
            continue
        was = [one.party for one in before if one.task is task]
        now = [one.party for one in after if one.task is task]
        if task in (Task.local, Task.wider):
            for kind in {parties[party].kind for party in was if party in parties}:
                old = {party for party in was if parties[party].kind is kind}
                new = {party for party in now if party in parties and parties[party].kind is kind}
                if len(old) == len(new) == 1 and old != new:
                    yield task, old.pop(), new.pop()
        elif was and now and was[0] != now[0]:
            yield task, was[0], now[0]


def followed(found: Sequence[Succession]) -> dict[PartyId, tuple[tuple[date, PartyId], ...]]:
    """Per party everyone whom it follows, through others too, each with the day from which it does."""
    before: dict[PartyId, dict[PartyId, date]] = {}
    for one in sorted(found):  # in order of their days, so that what a predecessor had followed is there already
        theirs = before.setdefault(one.new, {})
        for old, day in ((one.old, one.day), *before.get(one.old, {}).items()):
            if old != one.new:
                theirs[old] = min(max(day, one.day), theirs.get(old, date.max))
    return {party: tuple(sorted((day, old) for old, day in theirs.items())) for party, theirs in before.items()}


def ended(regions: Iterable[Region], day: date) -> frozenset[PartyId]:
    """The parties that worked for a gemeente before `day` and work for none on it or later."""
    known = list(tenures(regions))
    return frozenset(one.party for one in known if one.days.until <= day) - {one.party for one in known if one.days.until > day}
