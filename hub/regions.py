"""Who comes into view as a recipient for a young person, by home gemeente and date.

The mapping is dated: a merger of gemeenten or a change of regions is data, and a row of last year is routed as of last year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hub.domain.stages import Candidate
from hub.domain.terms import PartyId
from hub.domain.territory import Gemeente, Party, Region

_Key = tuple[str, date, PartyId]
_KEPT = 100_000


class Regions:
    """Candidate recipients by gemeente; answers are kept, since a list asks the same few questions many times."""

    def __init__(self, regions: Sequence[Region], parties: Mapping[PartyId, Party]) -> None:
        self._parties = parties
        self._homes: dict[str, list[tuple[Region, Gemeente]]] = {}
        for region in regions:
            for gemeente in region.gemeenten:
                self._homes.setdefault(gemeente.code, []).append((region, gemeente))
        self._known: dict[_Key, tuple[Candidate, ...]] = {}

    def candidates(self, gemeente: str, as_of: date, source: PartyId) -> tuple[Candidate, ...]:
        """The doorstroompunt first, then Work & Income, to which the doorstroompunt passes on; () where no road leads.

        A source that is no party, a gemeente that does not exist on `as_of`: no road, and the route quarantines the row.
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
        """The parties that work for the young people of a gemeente; none where it does not exist on `as_of`."""
        home = self._home(gemeente, as_of)
        if home is None:
            return frozenset()
        region, own = home
        return frozenset((region.doorstroompunt, own.college, own.werk_en_inkomen, *region.works_here, *own.works_here))

    def _home(self, code: str, as_of: date) -> tuple[Region, Gemeente] | None:
        return next((h for h in self._homes.get(code, ()) if h[0].holds(as_of) and h[1].holds(as_of)), None)

    def _find(self, code: str, as_of: date, source: PartyId) -> tuple[Candidate, ...]:
        giver = self._parties.get(source)
        home = self._home(code, as_of)
        if giver is None or home is None:
            return ()
        region, gemeente = home
        first = Candidate(region.doorstroompunt, source, tuple(dict.fromkeys((giver.controller, gemeente.college))))
        then = Candidate(gemeente.werk_en_inkomen, region.doorstroompunt, (gemeente.college,))
        return tuple(candidate for candidate in (first, then) if candidate.recipient != source)


def where(regions: Sequence[Region], day: date) -> dict[str, frozenset[str]]:
    """The regions in which each party works on `day`, by its id; a party of no region, such as DUO, is not named."""
    found: dict[str, set[str]] = {}
    for region in regions:
        if region.holds(day):
            here = [gemeente for gemeente in region.gemeenten if gemeente.holds(day)]
            own = [party for gemeente in here for party in (gemeente.college, gemeente.werk_en_inkomen, *gemeente.works_here)]
            for party in (region.doorstroompunt, *region.works_here, *own):
                found.setdefault(str(party), set()).add(str(region.id))
    return {party: frozenset(ids) for party, ids in found.items()}
