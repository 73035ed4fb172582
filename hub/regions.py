"""Who comes into view as a recipient for a young person, by home gemeente and date.

The mapping is dated: a merger of gemeenten or a change of regions is data, and a row of last year is routed as of last year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from hub.domain.stages import Candidate
from hub.domain.terms import PartyId
from hub.domain.territory import Gemeente, Party, Region, read_parties, read_regions
from hub.errors import Misconfigured

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

    def _find(self, code: str, as_of: date, source: PartyId) -> tuple[Candidate, ...]:
        giver = self._parties.get(source)
        home = next((h for h in self._homes.get(code, ()) if h[0].holds(as_of) and h[1].holds(as_of)), None)
        if giver is None or home is None:
            return ()
        region, gemeente = home
        first = Candidate(region.doorstroompunt, source, tuple(dict.fromkeys((giver.controller, gemeente.college))))
        then = Candidate(gemeente.werk_en_inkomen, region.doorstroompunt, (gemeente.college,))
        return tuple(candidate for candidate in (first, then) if candidate.recipient != source)


def load_regions(path: Path) -> Regions:
    """The regions of the policy directory `path` (`parties.yaml` and `regions/`). Raises errors.Misconfigured."""
    try:
        parties = read_parties("parties.yaml", (path / "parties.yaml").read_text("utf-8"))
        files = {f"regions/{file.name}": file.read_text("utf-8") for file in (path / "regions").glob("*.yaml")}
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(
            "The regions cannot be read.",
            "parties.yaml or a file under regions/ is missing, is not readable or is not UTF-8.",
            "Point the hub at the directory with the policy files and give its user the right to read them.",
        ) from None
    if not files:
        raise Misconfigured("There are no regions.", "The directory regions/ holds no YAML file.", "Add the regions' file.")
    return Regions(read_regions(files, parties), parties)
