"""Uitvalmelding: a young person has left education without a startkwalificatie.

Identifying data follow the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10) articles 13 and 31; the
reason of leaving follows the register's code list. DUO's own record layout is not public: a connector's mapping translates it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from hub.domain.element import Element
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("uitvalmelding")

RedenUitval = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9"]


class Uitvalmelding(PersonRecord):
    """One young person who left one school; every field names its data element.

    The descriptions are for the published schema and in its language.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "description": "Een jongere die het onderwijs heeft verlaten zonder startkwalificatie: een melding per jongere per "
            "school. Geef precies een van bsn en onderwijsnummer.",
            "oneOf": [
                {"required": ["bsn"], "properties": {"bsn": {"type": "string"}}},
                {"required": ["onderwijsnummer"], "properties": {"onderwijsnummer": {"type": "string"}}},
            ],
        },
    )

    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "uitvalmeldingen"

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
    geslacht: fields.Geslacht = None
    geboortedatum: fields.Geboortedatum
    overlijdensdatum: Annotated[
        Personal[date] | None, Element("overlijdensdatum"), Field(description="Datum van overlijden, indien bekend.")
    ] = None
    straatnaam: fields.Straatnaam = None
    huisnummer: fields.HuisnummerVeld = None
    huisnummertoevoeging: fields.Huisnummertoevoeging = None
    postcode: fields.PostcodeVeld = None
    woonplaats: fields.Woonplaats = None
    gemeente: fields.Gemeente
    indicatie_geheim: fields.IndicatieGeheim
    telefoonnummer: fields.Telefoonnummer = None
    brin: Annotated[
        Personal[fields.Brincode],
        Element("brin"),
        Field(description="BRIN van de school die de jongere verliet: twee cijfers, twee letters."),
    ]
    vestigingscode: fields.Vestigingscode = None
    onderwijssoort: Annotated[
        Personal[fields.Soort], Element("onderwijssoort"), Field(description="Soort onderwijs dat de jongere verliet.")
    ]
    opleidingscode: Annotated[
        Personal[Annotated[str, fields.code(r"^[0-9]{4,5}$")]] | None,
        Element("opleidingscode"),
        Field(description="Code van de opleiding (crebo of elementcode), vier of vijf cijfers."),
    ] = None
    datum_inschrijving: Annotated[
        Personal[date] | None, Element("datum_inschrijving"), Field(description="Eerste dag van de inschrijving.")
    ] = None
    datum_uitschrijving: Annotated[
        Personal[date],
        Element("datum_uitschrijving"),
        Field(description="Dag van uitschrijving; niet voor de inschrijving of de geboorte."),
    ]
    reden_uitval: Annotated[
        Personal[RedenUitval] | None,
        Element("reden_uitval"),
        Field(description="Reden van uitval volgens de codelijst van het register onderwijsdeelnemers."),
    ] = None
    startkwalificatie: Annotated[
        Personal[bool],
        Element("startkwalificatie"),
        Field(description="Of de jongere een diploma havo, vwo of mbo niveau 2 of hoger heeft."),
    ]
    datum_diploma: Annotated[
        Personal[date] | None, Element("datum_diploma"), Field(description="Datum van het hoogste behaalde diploma.")
    ] = None
    opmerking: Annotated[
        Personal[fields.Vrij] | None,
        Element("opmerking"),
        Field(description="Vrije tekst; telt als bijzonder gegeven en gaat alleen door waar een afspraak haar noemt."),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        left = self.datum_uitschrijving.reveal()
        if self.datum_inschrijving is not None and self.datum_inschrijving.reveal() > left:
            raise PydanticCustomError("dates_out_of_order", "datumUitschrijving lies before datumInschrijving")
        if self.geboortedatum.reveal() > left:
            raise PydanticCustomError("dates_out_of_order", "datumUitschrijving lies before geboortedatum")
        return self
