"""Persoonsgegevens: the answer of the BRP to a question about one person, no more than was asked for.

Haal Centraal BRP Personen bevragen 2.7; Wet BRP (BWBR0033715) articles 3.2 and 3.8.
"""

from __future__ import annotations

from typing import ClassVar, Final

from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("persoonsgegevens")


class Persoonsgegevens(PersonRecord):
    """What the BRP answered to one task of a college."""

    model_config = fields.described("Het antwoord van de BRP op een vraag over een persoon (Wet BRP, hoofdstuk 3).")
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "persoonsgegevens"

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
    vraagsteller: fields.Vraagsteller
