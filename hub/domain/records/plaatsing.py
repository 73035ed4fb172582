"""Plaatsing: a young person found a place, so that the doorstroompunt can let go.

WEB (BWBR0007625) article 9.2.5(1). Sheltered work and a wage subsidy tell about health: each is a yes or no of its own, and
passes where an article says so.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from hub.domain.element import Element
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("plaatsing")

Soort = Literal["werk", "leerbaan", "opleiding", "vrijwilligerswerk"]


class Plaatsing(PersonRecord):
    """One place of one young person, as the body that found it tells."""

    model_config = fields.described("Een jongere heeft werk of een leerplek gevonden (WEB, artikel 9.2.5, eerste lid).")
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "plaatsingen"

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    gemeente: fields.Gemeente
    plaatsing_sinds: Annotated[Personal[date], Element("plaatsing_sinds"), Field(description="Eerste dag op de plek.")]
    plaatsing_tot: Annotated[
        Personal[date] | None, Element("plaatsing_tot"), Field(description="Laatste dag op de plek, als die bekend is.")
    ] = None
    soort_plaatsing: Annotated[
        Personal[Soort], Element("soort_plaatsing"), Field(description="Soort plek; zegt niets over gezondheid.")
    ]
    beschut_werk: Annotated[
        Personal[bool] | None, Element("beschut_werk"), Field(description="Of het beschut werk is; zegt iets over gezondheid.")
    ] = None
    loonkostensubsidie: Annotated[
        Personal[bool] | None,
        Element("loonkostensubsidie"),
        Field(description="Of er loonkostensubsidie is; zegt iets over gezondheid."),
    ] = None
    startkwalificatie: fields.StartkwalificatieBepaalt = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields.in_order(self, "plaatsing_sinds", "plaatsing_tot")
        fields.in_order(self, "geboortedatum", "plaatsing_sinds")
        return self
