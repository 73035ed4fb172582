"""Uwvsignaal: a young person who reported at UWV and belongs at the gemeente or the doorstroompunt.

Wet SUWI (BWBR0013060) articles 62 and 73(7), Participatiewet (BWBR0015703) article 64.
No amounts and no file: yes or no is enough.
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

KIND: Final = RecordKind("uwvsignaal")


class Uwvsignaal(PersonRecord):
    """What UWV tells of one young person."""

    model_config = fields.described(
        "Een jongere die zich bij UWV meldde en bij de gemeente of het doorstroompunt hoort (Wet SUWI, artikelen 62 en 73, "
        "zevende lid)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "uwvsignalen"

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
    meldde_zich_op: Annotated[
        Personal[date] | None, Element("meldde_zich_op"), Field(description="Dag waarop de jongere zich bij UWV meldde.")
    ] = None
    ww_aanvraag_op: Annotated[
        Personal[date] | None, Element("ww_aanvraag_op"), Field(description="Dag waarop de jongere een WW-uitkering vroeg.")
    ] = None
    heeft_inkomen: Annotated[
        Personal[bool] | None,
        Element("heeft_inkomen"),
        Field(description="Of de jongere inkomen uit werk heeft; nooit hoeveel."),
    ] = None
    heeft_uitkering: Annotated[
        Personal[bool] | None, Element("heeft_uitkering"), Field(description="Of de jongere een uitkering van UWV heeft.")
    ] = None
    wajong_afgewezen: Annotated[
        Personal[bool] | None,
        Element("wajong_afgewezen"),
        Field(description="Of een aanvraag van Wajong is afgewezen; zegt iets over gezondheid."),
    ] = None
    in_doelgroepregister: Annotated[
        Personal[bool] | None,
        Element("in_doelgroepregister"),
        Field(description="Of de jongere in het doelgroepregister staat; zegt iets over gezondheid."),
    ] = None
    advies_beschut_werk: Annotated[
        Personal[bool] | None,
        Element("advies_beschut_werk"),
        Field(description="Of UWV beschut werk adviseert; zegt iets over gezondheid."),
    ] = None
    onder_zorg_uwv: Annotated[
        Personal[bool] | None,
        Fact("onder_zorg_uwv"),
        Field(description="Of UWV de jongere zelf begeleidt; bepaalt of het mag en gaat naar niemand."),
    ] = None
    startkwalificatie: fields.StartkwalificatieBepaalt = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields.in_order(self, "geboortedatum", "meldde_zich_op")
        fields.in_order(self, "geboortedatum", "ww_aanvraag_op")
        return self
