"""Reads the regions of a policy set, and refuses what cannot be on any day of them.

On every day each gemeente lies in one region; one that ends says who follows it, and that one exists on that day; the
contactgemeente, the sub-regions and the arbeidsmarktregio's are of gemeenten that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from hub.domain.rulebook import Document, Place, Rule, parse
from hub.domain.tenure import Homes, shared
from hub.domain.terms import PartyId
from hub.domain.territory import Gemeente, Party, PartyKind, Region, Subregion


class _Regions(Rule):
    regions: tuple[Region, ...]


def read_regions(files: Mapping[str, str], parties: Mapping[PartyId, Party]) -> tuple[Region, ...]:
    """The regions of all files, by id and first day. Raises errors.Misconfigured, naming file, line and what to do."""
    found: list[Region] = []
    stands: list[tuple[Region, Document, Place]] = []
    for file, text in sorted(files.items()):
        document = parse(file, text)
        for number, region in enumerate(document.as_(_Regions).regions):
            place: Place = ("regions", number)
            _check_parties(region, parties, document, place)
            _check_single_home(region, found, document, place)
            found.append(region)
            stands.append((region, document, place))
    homes = Homes(found)
    for region, document, place in stands:
        _check_contactgemeente(region, document, place)
        _check_subregions(region, document, place)
        _check_labour_market(region, found, homes, document, place)
        for number, home in enumerate(region.gemeenten):
            _check_follower(region, home, homes, document, (*place, "gemeenten", number))
    return tuple(sorted(found, key=lambda region: (region.id, region.valid_from)))


def _check_parties(region: Region, parties: Mapping[PartyId, Party], document: Document, place: Place) -> None:
    named: list[tuple[Place, PartyId, PartyKind]] = []
    named.append(((*place, "doorstroompunt"), region.doorstroompunt, PartyKind.doorstroompunt))
    for number, part in enumerate(region.subregions):
        if part.doorstroompunt is not None:
            named.append(((*place, "subregions", number, "doorstroompunt"), part.doorstroompunt, PartyKind.doorstroompunt))
    for number, gemeente in enumerate(region.gemeenten):
        own: Place = (*place, "gemeenten", number)
        named.append(((*own, "college"), gemeente.college, PartyKind.college))
        named.append(((*own, "werk_en_inkomen"), gemeente.werk_en_inkomen, PartyKind.werk_en_inkomen))
    for at, party, kind in named:
        if party not in parties or parties[party].kind is not kind:
            document.refuse(at, f"{party} is no party of kind {kind.value}.")
    for at, others in _works_here(region, place):
        for party in others:
            if party not in parties:
                document.refuse(at, f"{party} is no party of this policy set.")


def _works_here(region: Region, place: Place) -> Iterator[tuple[Place, tuple[PartyId, ...]]]:
    yield (*place, "works_here"), region.works_here
    rows: Mapping[str, Sequence[Gemeente | Subregion]] = {"gemeenten": region.gemeenten, "subregions": region.subregions}
    for name, parts in rows.items():
        for number, part in enumerate(parts):
            yield (*place, name, number, "works_here"), part.works_here
    for number, market in enumerate(region.labour_market_regions):
        yield (*place, "labour_market_regions", number, "works_here"), market.works_here


def _check_single_home(region: Region, others: Sequence[Region], document: Document, place: Place) -> None:
    for other in others:
        if other.id == region.id and other.meets(region):
            document.refuse(place, f"Region {region.id} stands here twice for the same days.")
    homes = [(home, other) for other in others for home in other.gemeenten]
    for number, gemeente in enumerate(region.gemeenten):
        at = (*place, "gemeenten", number)
        if shared(region, gemeente) is None:
            document.refuse(at, f"Gemeente {gemeente.code} lies in {region.id} on no day.", "Mend its days, or leave it out.")
        for home, other in homes:
            if home.code == gemeente.code and shared(home, gemeente, region, other) is not None:
                document.refuse(
                    at,
                    f"Gemeente {gemeente.code} lies in {other.id} and in {region.id} on the same day.",
                    "End the one before the other begins.",
                )
        homes.append((gemeente, region))


def _check_contactgemeente(region: Region, document: Document, place: Place) -> None:
    own = sorted(
        (days.since, days.until)
        for home in region.gemeenten
        if home.code == region.contactgemeente and (days := shared(region, home)) is not None
    )
    if not own:
        document.refuse((*place, "contactgemeente"), "The contactgemeente is not one of the region's gemeenten.")
    reached = region.valid_from
    for since, until in own:
        if since > reached:
            break
        reached = until
    if reached < (region.valid_until or date.max):
        document.refuse(
            (*place, "contactgemeente"),
            f"From {reached} on the contactgemeente is not one of the region's gemeenten.",
            "End this row of the region on that day, and add one from then on with another contactgemeente.",
        )


def _check_subregions(region: Region, document: Document, place: Place) -> None:
    for number, part in enumerate(region.subregions):
        at = (*place, "subregions", number)
        for code in part.gemeenten:
            if not any(home.code == code and shared(region, part, home) for home in region.gemeenten):
                document.refuse(
                    (*at, "gemeenten"),
                    f"{code} is on no day of {part.id} a gemeente of {region.id}.",
                    "Name the region's own gemeenten alone.",
                )
        for other in region.subregions[:number]:
            twice = sorted({*part.gemeenten} & {*other.gemeenten}) if shared(region, part, other) else []
            if twice or (other.id == part.id and part.meets(other)):
                told = twice[0] if twice else part.id
                document.refuse(at, f"{told} lies in {other.id} and in {part.id} on the same day.", "End the one first.")


def _check_labour_market(region: Region, regions: Sequence[Region], homes: Homes, document: Document, place: Place) -> None:
    known = [each.id for each in region.labour_market_regions]
    for number, home in enumerate(region.gemeenten):
        if home.labour_market_region is not None and home.labour_market_region not in known:
            at = (*place, "gemeenten", number, "labour_market_region")
            document.refuse(at, f"{region.id} has no labour_market_regions row {home.labour_market_region}.", "Add it.")
    for number, market in enumerate(region.labour_market_regions):
        at = (*place, "labour_market_regions", number)
        if market.id in known[:number]:
            document.refuse(at, f"{market.id} stands here twice.", "Leave one out.")
        if not any(
            home.code == market.centrumgemeente
            and days.since < (region.valid_until or date.max)
            and region.valid_from < days.until
            for days, _, home in homes.rows()
        ):
            document.refuse(
                (*at, "centrumgemeente"),
                f"{market.centrumgemeente} is no gemeente of this set in those days.",
                "Name one that is.",
            )
        for other in regions:
            for same in other.labour_market_regions if other.meets(region) else ():
                if same.id == market.id and (same.name, same.centrumgemeente) != (market.name, market.centrumgemeente):
                    document.refuse(
                        at, f"{market.id} is another in {other.id}.", "Give it one name and one centrumgemeente in all regions."
                    )


def _check_follower(region: Region, home: Gemeente, homes: Homes, document: Document, at: Place) -> None:
    said = [name for name in ("successor", "successors", "without_successor") if getattr(home, name)]
    days = shared(region, home)
    ends = date.max if days is None else days.until
    stays = homes.at(home.code, ends) is not None
    if ends == date.max or stays:
        if said:
            because = "lies in a region from then on" if stays else "does not end"
            document.refuse((*at, said[0]), f"Gemeente {home.code} {because}, so nobody follows it.", "Leave it out.")
        return
    if len(said) != 1:
        document.refuse(
            at,
            f"Gemeente {home.code} ends on {ends}, and it is not said once who follows it.",
            "Name its successor, or its successors with their postcodes; where it lies in another region from then on, add the "
            "row there; where none of this set follows it, say why in without_successor.",
        )
    for code in home.followed_by:
        if homes.at(code, ends) is None:
            document.refuse(
                (*at, said[0]), f"{code} does not exist on {ends}, when it is to follow {home.code}.", "Begin it on that day."
            )
        if home.code in _line(code, ends, homes):
            document.refuse((*at, said[0]), f"{home.code} is followed by {code}, and that in the end by {home.code}.")
    _check_postcodes(home, document, at)


def _line(code: str, since: date, homes: Homes) -> set[str]:
    """Every gemeente that `code` becomes from that day on."""
    line: set[str] = set()
    asked = [(code, since)]
    while asked:
        here, day = asked.pop()
        line.add(here)
        for until, _, home in homes.ends():
            if home.code == here and until > day:
                asked += [(next_, until) for next_ in home.followed_by if next_ not in line]
    return line


def _check_postcodes(home: Gemeente, document: Document, at: Place) -> None:
    taken: list[tuple[str, str]] = []
    for number, part in enumerate(home.successors):
        for each in part.postcodes:
            first, _, last = each.partition("-")
            last = last or first
            if last < first:
                document.refuse((*at, "successors", number, "postcodes"), f"{each} ends before it begins.", "Turn it round.")
            if any(first <= other_last and other_first <= last for other_first, other_last in taken):
                document.refuse(
                    (*at, "successors", number, "postcodes"),
                    f"{each} was given out already.",
                    "Give each postcode to one part.",
                )
            taken.append((first, last))
