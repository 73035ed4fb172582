"""Verzuimmelding: a pupil is absent from school without leave.

The fields are those of the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10), articles 13 and 14; the code
lists those of the annex of the Besluit Verzuimmelding (BWBR0027085) and the statuses of the register since 2020.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from hub.domain.element import Element, Fact
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("verzuimmelding")

Verzuimsoort = Literal["luxe", "beginnend", "signaal", "zestien_uur", "maand_of_langer"]
Status = Literal["geregistreerd", "in_behandeling", "afgesloten", "ter_kennisgeving", "ingetrokken"]
RedenAfsluiting = Literal[
    "terug_naar_school",
    "andere_opleiding",
    "werk",
    "overige_redenen",
    "overleden",
    "langdurig_ziek",
    "legitiem_afwezig",
]


class Verzuimmelding(PersonRecord):
    """One report of absence as it stands now; a later state of it is another record of the same report."""

    model_config = ConfigDict(
        json_schema_extra={
            "description": "Een leerling of student die zonder verlof wegblijft: de stand van een melding. Geef precies een "
            "van bsn en onderwijsnummer.",
            "oneOf": [
                {"required": ["bsn"], "properties": {"bsn": {"type": "string"}}},
                {"required": ["onderwijsnummer"], "properties": {"onderwijsnummer": {"type": "string"}}},
            ],
        },
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "verzuimmeldingen"

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
    telefoonnummer: fields.Telefoonnummer = None
    brin: Annotated[
        Personal[fields.Brincode], Element("brin"), Field(description="BRIN van de school: twee cijfers, twee letters.")
    ]
    vestigingscode: fields.Vestigingscode = None
    onderwijssoort: Annotated[
        Personal[fields.Soort],
        Fact("onderwijssoort"),
        Field(description="Soort onderwijs; bepaalt welke wet geldt en gaat naar niemand."),
    ]
    startkwalificatie: Annotated[
        Personal[bool],
        Element("startkwalificatie"),
        Field(description="Of de jongere een diploma havo, vwo of mbo niveau 2 of hoger heeft (artikel 14, onder a)."),
    ]
    verzuim_begindatum: Annotated[
        Personal[date], Element("verzuim_begindatum"), Field(description="Eerste dag van het verzuim (onder b).")
    ]
    verzuim_einddatum: Annotated[
        Personal[date] | None, Element("verzuim_einddatum"), Field(description="Laatste dag van het verzuim (onder c).")
    ] = None
    verzuimsoort: Annotated[
        Personal[Verzuimsoort], Element("verzuimsoort"), Field(description="Vermoedelijke soort verzuim (onder d).")
    ]
    verzuimreden: Annotated[
        Personal[Annotated[str, fields.text(200)]] | None,
        Element("verzuimreden"),
        Field(description="Vermoedelijke reden (onder e); gaat alleen langs de eigen artikelen."),
    ] = None
    alle_lessen_gemist: Annotated[
        Personal[bool] | None, Element("alle_lessen_gemist"), Field(description="Of alle lessen zijn gemist (onder f).")
    ] = None
    actie_gevraagd: Annotated[
        Personal[bool] | None, Element("actie_gevraagd"), Field(description="Of de gemeente iets moet doen (onder h).")
    ] = None
    contactpersoon_school: Annotated[
        Personal[Annotated[str, fields.text(200)]] | None,
        Element("contactpersoon_school"),
        Field(description="Contactpersoon van de school: naam, functie, telefoon of e-mail (onder j)."),
    ] = None
    status_melding: Annotated[
        Personal[Status], Element("status_melding"), Field(description="Status van de melding (onder m).")
    ]
    reden_afsluiting: Annotated[
        Personal[RedenAfsluiting] | None,
        Element("reden_afsluiting"),
        Field(description="Reden van afsluiting (onder n); gaat alleen langs de eigen artikelen."),
    ] = None
    opmerking_afsluiting: Annotated[
        Personal[fields.Vrij] | None,
        Element("opmerking_afsluiting"),
        Field(description="Opmerking bij de afsluiting (onder o): vrije tekst, gaat nergens door."),
    ] = None
    verzuim_zestien_uur: Annotated[
        Personal[bool] | None,
        Fact("verzuim_zestien_uur"),
        Field(description="Of het verzuim zestien uur in vier lesweken bereikt (Leerplichtwet 21a)."),
    ] = None
    verzuim_vier_weken: Annotated[
        Personal[bool] | None,
        Fact("verzuim_vier_weken"),
        Field(description="Of de student vier weken achter elkaar wegbleef zonder geldige reden (WEB 9.2.2)."),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        begun = self.verzuim_begindatum.reveal()
        if self.verzuim_einddatum is not None and self.verzuim_einddatum.reveal() < begun:
            raise PydanticCustomError("dates_out_of_order", "verzuimEinddatum lies before verzuimBegindatum")
        if self.geboortedatum.reveal() > begun:
            raise PydanticCustomError("dates_out_of_order", "verzuimBegindatum lies before geboortedatum")
        return self
