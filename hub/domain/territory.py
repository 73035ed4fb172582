"""Parties and regions as the policy files give them: who is who, and which gemeente lies where, since when and until when.

A period runs from `valid_from` up to, not including, `valid_until`. Gemeenten carry the 4-digit code of Statistics Netherlands
(CBS); regions follow the ministerial regulation under WEB 9.2.4, first paragraph.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from hub.domain.rulebook import Rule
from hub.domain.terms import PartyId, Term

GemeenteCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Sentence = Annotated[str, StringConstraints(min_length=12, strip_whitespace=True)]
Postcodes = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3}(-[1-9][0-9]{3})?$")]
"""The four digits of a Dutch postcode, or a range of them, both ends included: `7001-7049`."""


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
    opvang = "opvang"
    jeugdgezondheidszorg = "jeugdgezondheidszorg"
    gecertificeerde_instelling = "gecertificeerde-instelling"
    reclassering = "reclassering"
    halt = "halt"
    openbaar_ministerie = "openbaar-ministerie"
    onderzoek = "onderzoek"
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
    """A body plus a task. `controller` is the party that answers for its processing (GDPR 4, seventh definition).

    `established` is the country where that is done, by its ISO 3166-1 code of two letters.
    """

    id: PartyId
    name: Annotated[str, StringConstraints(min_length=2)]
    kind: PartyKind
    oin: Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]
    brin: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}[A-Z]{2}$")] | None = None
    is_authority: bool
    controller: PartyId
    established: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "NL"
    privacy_contact: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None


class Part(Rule):
    """Where one part of a gemeente that was divided went: a gemeente of that day, and the postcodes that came to it."""

    code: GemeenteCode
    postcodes: Annotated[tuple[Postcodes, ...], Field(min_length=1)]

    def holds(self, postcode: str) -> bool:
        """Whether an address with this postcode lies in the part."""
        digits = postcode[:4]
        return any(first <= digits <= (last or first) for first, _, last in (each.partition("-") for each in self.postcodes))


class Gemeente(Period):
    """A gemeente in a region: its college, and its Work & Income desk, are recipients of their own.

    `works_here` are further parties that work for those who live here (leerplicht, Wmo, a school's own region). One that ends
    says who follows it: `successor` where it merged, `successors` where it was divided, or, in `without_successor`, why none of
    the gemeenten in this set does. One that only changes regions stands in both, one period after the other.
    """

    code: GemeenteCode
    name: Annotated[str, StringConstraints(min_length=2)]
    college: PartyId
    werk_en_inkomen: PartyId
    works_here: tuple[PartyId, ...] = ()
    labour_market_region: Term | None = None
    successor: GemeenteCode | None = None
    successors: tuple[Part, ...] = ()
    without_successor: Sentence | None = None

    @property
    def followed_by(self) -> tuple[GemeenteCode, ...]:
        """The gemeenten that it became."""
        return (self.successor,) if self.successor is not None else tuple(part.code for part in self.successors)


class Subregion(Period):
    """Part of a region. With a `doorstroompunt` of its own, that one comes into view for its gemeenten instead of the
    region's."""

    id: Term
    name: Annotated[str, StringConstraints(min_length=2)]
    gemeenten: Annotated[tuple[GemeenteCode, ...], Field(min_length=1)]
    doorstroompunt: PartyId | None = None
    works_here: tuple[PartyId, ...] = ()


class LabourMarketRegion(Rule):
    """An arbeidsmarktregio (Wet SUWI 10), as far as it lies in a region; one that spans several stands alike in each.

    `works_here` work for the gemeenten of the region that name it; the `centrumgemeente` may lie in another region.
    """

    id: Term
    name: Annotated[str, StringConstraints(min_length=2)]
    centrumgemeente: GemeenteCode
    works_here: tuple[PartyId, ...] = ()


class Region(Period):
    """A region with one doorstroompunt, run by its contactgemeente; `works_here` work for all of it (UWV, a werkbedrijf).

    A row says how a region is in a period. Another contactgemeente is another row with the same id, one period after the other
    (WEB 9.2.4, third paragraph: who becomes contactgemeente gets the files within four weeks).
    """

    id: Term
    name: Annotated[str, StringConstraints(min_length=2)]
    contactgemeente: GemeenteCode
    doorstroompunt: PartyId
    works_here: tuple[PartyId, ...] = ()
    subregions: tuple[Subregion, ...] = ()
    labour_market_regions: tuple[LabourMarketRegion, ...] = ()
    gemeenten: Annotated[tuple[Gemeente, ...], Field(min_length=1)]
