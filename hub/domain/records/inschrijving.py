"""Inschrijving: what the register of pupils tells the doorstroompunt of one young person without startkwalificatie.

The basisgegevens of the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10), articles 4 to 7 and 31, which
DUO gives weekly (changes) and on request (all): enrolment, exemption, and whether it counts as leaving early.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from hub.domain.element import Element
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("inschrijving")


class Inschrijving(PersonRecord):
    """One enrolment or exemption as the register holds it; what a young person left behind is an uitvalmelding."""

    model_config = fields.described(
        "Een inschrijving of vrijstelling zoals het register onderwijsdeelnemers die kent (Besluit register "
        "onderwijsdeelnemers, artikel 31)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "inschrijvingen"

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
    geslacht: fields.Geslacht = None
    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    straatnaam: fields.Straatnaam = None
    huisnummer: fields.HuisnummerVeld = None
    huisnummertoevoeging: fields.Huisnummertoevoeging = None
    postcode: fields.PostcodeVeld = None
    woonplaats: fields.Woonplaats = None
    gemeente: fields.Gemeente
    indicatie_geheim: fields.IndicatieGeheim
    brin: Annotated[
        Personal[fields.Brincode] | None, Element("brin"), Field(description="BRIN van de school, als er een inschrijving is.")
    ] = None
    vestigingscode: fields.Vestigingscode = None
    onderwijssoort: Annotated[
        Personal[fields.ElkeSoort] | None, Element("onderwijssoort"), Field(description="Soort onderwijs van de inschrijving.")
    ] = None
    opleidingscode: Annotated[
        Personal[Annotated[str, fields.code(r"^[0-9]{4,5}$")]] | None,
        Element("opleidingscode"),
        Field(description="Code van de opleiding (crebo of elementcode), vier of vijf cijfers."),
    ] = None
    datum_inschrijving: Annotated[
        Personal[date] | None, Element("datum_inschrijving"), Field(description="Eerste dag van de inschrijving.")
    ] = None
    datum_uitschrijving: Annotated[
        Personal[date] | None,
        Element("datum_uitschrijving"),
        Field(description="Dag van uitschrijving; niet voor de inschrijving."),
    ] = None
    startkwalificatie: Annotated[
        Personal[bool],
        Element("startkwalificatie"),
        Field(description="Of de jongere een diploma havo, vwo of mbo niveau 2 of hoger heeft."),
    ]
    vrijstelling: Annotated[
        Personal[bool] | None,
        Element("vrijstelling"),
        Field(description="Of de jongere een vrijstelling van de leerplicht heeft (WRO, artikel 21, tweede lid)."),
    ] = None
    voortijdig_schoolverlater: Annotated[
        Personal[bool] | None,
        Element("voortijdig_schoolverlater"),
        Field(description="Of de jongere bij DUO telt als voortijdig schoolverlater."),
    ] = None
    ingeschreven: fields.Ingeschreven = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields.in_order(self, "datum_inschrijving", "datum_uitschrijving")
        fields.in_order(self, "geboortedatum", "datum_inschrijving")
        return self
