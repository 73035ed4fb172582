"""Parties and regions as the policy files give them: who is who, and which gemeente lies where, since when and until when.

A period runs from `valid_from` up to, not including, `valid_until`. Gemeenten carry the 4-digit code of Statistics Netherlands
(CBS); regions follow the ministerial regulation under WEB 9.2.4, first paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from hub.domain.rulebook import Document, Rule, parse
from hub.domain.terms import PartyId, Term

GemeenteCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Sentence = Annotated[str, StringConstraints(min_length=12, strip_whitespace=True)]


class PartyKind(StrEnum):
    """What a body does here; clauses name kinds or single parties."""

    duo = "duo"
    school = "school"
    samenwerkingsverband = "samenwerkingsverband"
    doorstroompunt = "doorstroompunt"
    leerplicht = "leerplicht"
    werk_en_inkomen = "werk-en-inkomen"
    wmo = "wmo"
    schuldhulp = "schuldhulp"
    werkbedrijf = "werkbedrijf"
    werkgeversservicepunt = "werkgeversservicepunt"
    re_integratiebedrijf = "re-integratiebedrijf"
    leerbedrijf = "leerbedrijf"
    zorgaanbieder = "zorgaanbieder"
    reclassering = "reclassering"
    uwv = "uwv"
    regionaal_bureau = "regionaal-bureau"
    college = "college"
    minister = "minister"


class Period(Rule):
    """Half-open: `valid_until` is the first day on which it no longer holds; None means until further notice."""

    valid_from: date
    valid_until: date | None = None

    def holds(self, day: date) -> bool:
        """Whether `day` lies in the period."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def meets(self, other: Period) -> bool:
        """Whether the two periods share a day."""
        return (other.valid_until is None or self.valid_from < other.valid_until) and (
            self.valid_until is None or other.valid_from < self.valid_until
        )

    @property
    def borders(self) -> tuple[date, ...]:
        """The dates on which it begins or ends to hold."""
        return (self.valid_from,) if self.valid_until is None else (self.valid_from, self.valid_until)


class Party(Rule):
    """A body plus a task. `controller` is the party that answers for its processing (GDPR 4, seventh definition)."""

    id: PartyId
    name: Annotated[str, StringConstraints(min_length=2)]
    kind: PartyKind
    oin: Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
    brin: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}[A-Z]{2}$")] | None = None
    is_authority: bool
    controller: PartyId
    privacy_contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


class Gemeente(Period):
    """A gemeente in a region: its college, and its Work & Income desk, are recipients of their own.

    `works_here` are further parties that work for those who live here (leerplicht, Wmo, a school's own region).
    """

    code: GemeenteCode
    name: Annotated[str, StringConstraints(min_length=2)]
    college: PartyId
    werk_en_inkomen: PartyId
    works_here: tuple[PartyId, ...] = ()


class Region(Period):
    """A region with one doorstroompunt, run by its contactgemeente; `works_here` work for all of it (UWV, a werkbedrijf)."""

    id: Term
    name: Annotated[str, StringConstraints(min_length=2)]
    contactgemeente: GemeenteCode
    doorstroompunt: PartyId
    works_here: tuple[PartyId, ...] = ()
    gemeenten: Annotated[tuple[Gemeente, ...], Field(min_length=1)]


class _Parties(Rule):
    parties: tuple[Party, ...]


class _Regions(Rule):
    regions: tuple[Region, ...]


def read_parties(file: str, text: str) -> dict[PartyId, Party]:
    """The parties by id. Raises errors.Misconfigured."""
    document = parse(file, text)
    found: dict[PartyId, Party] = {}
    for number, party in enumerate(document.as_(_Parties).parties):
        if party.id in found:
            document.refuse(("parties", number, "id"), f"Two parties are called {party.id}.")
        found[party.id] = party
    for number, party in enumerate(found.values()):
        if party.controller not in found:
            document.refuse(("parties", number, "controller"), f"{party.controller} is no party in this file.")
    return dict(sorted(found.items()))


def read_regions(files: Mapping[str, str], parties: Mapping[PartyId, Party]) -> tuple[Region, ...]:
    """The regions of all files, by id and first day. Raises errors.Misconfigured where a gemeente has two homes on one day."""
    found: list[Region] = []
    for file, text in sorted(files.items()):
        document = parse(file, text)
        for number, region in enumerate(document.as_(_Regions).regions):
            place = ("regions", number)
            _check_region(region, parties, document, place)
            _check_single_home(region, found, document, place)
            found.append(region)
    return tuple(sorted(found, key=lambda region: (region.id, region.valid_from)))


def _check_region(region: Region, parties: Mapping[PartyId, Party], document: Document, place: tuple[str | int, ...]) -> None:
    if all(gemeente.code != region.contactgemeente for gemeente in region.gemeenten):
        document.refuse((*place, "contactgemeente"), "The contactgemeente is not one of the region's gemeenten.")
    named = [((*place, "doorstroompunt"), region.doorstroompunt, PartyKind.doorstroompunt)]
    for number, gemeente in enumerate(region.gemeenten):
        at = (*place, "gemeenten", number)
        named.append(((*at, "college"), gemeente.college, PartyKind.college))
        named.append(((*at, "werk_en_inkomen"), gemeente.werk_en_inkomen, PartyKind.werk_en_inkomen))
    for at, party, kind in named:
        if party not in parties or parties[party].kind is not kind:
            document.refuse(at, f"{party} is no party of kind {kind.value} in parties.yaml.")
    for at, others in _works_here(region, place):
        for party in others:
            if party not in parties:
                document.refuse(at, f"{party} is no party in parties.yaml.")


def _works_here(region: Region, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], tuple[PartyId, ...]]]:
    yield (*place, "works_here"), region.works_here
    for number, gemeente in enumerate(region.gemeenten):
        yield (*place, "gemeenten", number, "works_here"), gemeente.works_here


def _check_single_home(region: Region, others: list[Region], document: Document, place: tuple[str | int, ...]) -> None:
    for other in others:
        if other.id == region.id and other.meets(region):
            document.refuse(place, f"Region {region.id} stands here twice for the same days.")
    homes = [(home, other) for other in others for home in other.gemeenten]
    for number, gemeente in enumerate(region.gemeenten):
        for home, other in homes:
            if home.code == gemeente.code and home.meets(gemeente) and home.meets(region) and other.meets(gemeente):
                document.refuse(
                    (*place, "gemeenten", number),
                    f"Gemeente {gemeente.code} lies in {other.id} and in {region.id} on the same day.",
                    "End the one before the other begins.",
                )
        homes.append((gemeente, region))
