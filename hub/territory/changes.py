"""What changes in the regions and when: mergers, divisions, another contactgemeente or desk; and who ends by it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from hub.domain.tenure import Homes, ended
from hub.domain.terms import PartyId
from hub.domain.territory import Region


class What(StrEnum):
    """The kinds of change."""

    merger = "merger"
    division = "division"
    leaves = "leaves"
    """A gemeente ends, and none of this set follows it."""
    begins = "begins"
    region = "region"
    """A gemeente lies in another region."""
    contactgemeente = "contactgemeente"
    desk = "desk"
    subregion = "subregion"
    """A sub-region begins or ends, or its gemeenten change."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """On `day` what was `old` becomes `new`: gemeente codes, or regions and desks by their ids; `about` is whose it is."""

    day: date
    what: What
    about: str
    old: str
    new: str


def changes(regions: Sequence[Region], since: date, until: date) -> tuple[Change, ...]:
    """Everything that changes from `since` up to, not including, `until`, in order of the days."""
    found = {*_gemeenten(Homes(regions)), *_rows(regions), *_subregions(regions)}
    return tuple(sorted(change for change in found if since <= change.day < until))


def ending(regions: Sequence[Region], day: date) -> tuple[PartyId, ...]:
    """The parties whose last day of work was the one before `day`."""
    return tuple(sorted(ended(regions, day) - ended(regions, day - timedelta(days=1))))


def _gemeenten(homes: Homes) -> Iterator[Change]:
    for day, region, home in homes.ends():
        after = homes.at(home.code, day)
        if after is not None:
            if after[0].id != region.id:
                yield Change(day, What.region, home.code, region.id, after[0].id)
        else:
            what = What.leaves if not home.followed_by else What.division if home.successors else What.merger
            yield Change(day, what, region.id, home.code, ", ".join(home.followed_by))
    for days, region, home in homes.rows():
        if homes.at(home.code, days.since - timedelta(days=1)) is None:
            yield Change(days.since, What.begins, region.id, "", home.code)


def _rows(regions: Sequence[Region]) -> Iterator[Change]:
    """One row of a region after another, which lie in the order of their days."""
    for one, other in pairwise(sorted(regions, key=lambda region: (region.id, region.valid_from))):
        if one.id == other.id and one.valid_until == other.valid_from:
            day = other.valid_from
            if one.contactgemeente != other.contactgemeente:
                yield Change(day, What.contactgemeente, one.id, one.contactgemeente, other.contactgemeente)
            if one.doorstroompunt != other.doorstroompunt:
                yield Change(day, What.desk, one.id, one.doorstroompunt, other.doorstroompunt)


def _subregions(regions: Sequence[Region]) -> Iterator[Change]:
    days = {
        day for region in regions for day in (*region.borders, *(each for part in region.subregions for each in part.borders))
    }
    for day in days:
        before, after = _parts(regions, day - timedelta(days=1)), _parts(regions, day)
        for about in {about for about, _ in before ^ after}:
            old = ", ".join(sorted(code for code in dict(before).get(about, ())))
            new = ", ".join(sorted(code for code in dict(after).get(about, ())))
            yield Change(day, What.subregion, about, old, new)


def _parts(regions: Sequence[Region], day: date) -> set[tuple[str, frozenset[str]]]:
    """The sub-regions of a day, each with its living gemeenten."""
    return {
        (str(part.id), frozenset(home.code for home in region.gemeenten if home.holds(day) and home.code in part.gemeenten))
        for region in regions
        for part in region.subregions
        if region.holds(day) and part.holds(day)
    }
