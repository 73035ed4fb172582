"""Overdracht: what goes along when one body lets go of a young person and the next takes hold.

WEB (BWBR0007625) articles 9.2.5 and 9.2.13, WVO 2020 article 2.31b, WEC article 44a.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from hub.domain.element import Element, Fact
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("overdracht")


class Overdracht(PersonRecord):
    """What the giver hands over; that it landed comes back as a terugmelding."""

    model_config = fields.described(
        "Wat meegaat als de ene organisatie een jongere loslaat en de volgende de jongere overneemt (WEB, artikelen 9.2.5 en "
        "9.2.13)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "overdrachten"
    LARGEST: ClassVar[int] = fields.WITH_DOCUMENT

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
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
    onderwijssoort: Annotated[
        Personal[fields.Soort] | None,
        Element("onderwijssoort"),
        Field(description="Soort onderwijs dat de jongere volgde of volgt."),
    ] = None
    datum_uitschrijving: Annotated[
        Personal[date] | None, Element("datum_uitschrijving"), Field(description="Dag waarop de jongere van school ging.")
    ] = None
    datum_diploma: Annotated[
        Personal[date] | None, Element("datum_diploma"), Field(description="Datum van diploma of verklaring.")
    ] = None
    leerplicht_afgesloten_op: Annotated[
        Personal[date] | None, Element("leerplicht_afgesloten_op"), Field(description="Dag waarop leerplicht de zaak afsloot.")
    ] = None
    afgesproken_vervolg: Annotated[
        Personal[fields.Kort] | None, Element("afgesproken_vervolg"), Field(description="Wat met de jongere is afgesproken.")
    ] = None
    contactpersoon_gever: Annotated[
        Personal[fields.Kort] | None, Element("contactpersoon_gever"), Field(description="Wie bij de gever de jongere kent.")
    ] = None
    overgangsdocument: Annotated[
        Personal[fields.Document] | None,
        Element("overgangsdocument"),
        Field(description="Overgangsdocument als PDF in base64; van de jongere zelf (WEC, artikel 14e)."),
    ] = None
    startkwalificatie: fields.StartkwalificatieBepaalt = None
    ingeschreven: fields.Ingeschreven = None
    onder_curatele: fields.OnderCuratele = None
    diploma_of_verklaring_op: Annotated[
        Personal[date] | None,
        Fact("diploma_of_verklaring_op"),
        Field(description="Dag van diploma of verklaring; bepaalt of het mag en gaat naar niemand."),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields.in_order(self, "geboortedatum", "datum_uitschrijving")
        fields.in_order(self, "geboortedatum", "leerplicht_afgesloten_op")
        return self
