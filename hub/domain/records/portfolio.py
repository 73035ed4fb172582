"""Portfolio: what a young person wants and can, what was done already, and which support the next step asks.

WVO 2020 article 2.31b(1) and WEC article 44a(1) towards the gemeente, consent (GDPR 6(1)(a)) towards a school.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from hub.domain.element import Element
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("portfolio")


class Portfolio(PersonRecord):
    """What the young person takes along."""

    model_config = fields.described(
        "Wat een jongere wil en kan, wat al is gedaan, en welke steun de volgende stap vraagt (WVO 2020, artikel 2.31b; WEC, "
        "artikel 44a)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "portfolios"

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    gemeente: fields.Gemeente
    telefoonnummer: fields.Telefoonnummer = None
    onderwijssoort: Annotated[
        Personal[fields.Soort], Element("onderwijssoort"), Field(description="Soort onderwijs dat de jongere volgt of volgde.")
    ]
    wens_vervolg: Annotated[Personal[fields.Kort] | None, Element("wens_vervolg"), Field(description="Wat de jongere wil.")] = (
        None
    )
    vaardigheden: Annotated[
        Personal[fields.Regels] | None,
        Element("vaardigheden"),
        Field(description="Wat de jongere kan, een regel per vaardigheid."),
    ] = None
    behaalde_certificaten: Annotated[
        Personal[fields.Regels] | None,
        Element("behaalde_certificaten"),
        Field(description="Behaalde certificaten, een regel per certificaat."),
    ] = None
    stages: Annotated[
        Personal[fields.Regels] | None, Element("stages"), Field(description="Stages en werkervaring, een regel per plek.")
    ] = None
    steun_volgende_stap: Annotated[
        Personal[fields.Kort] | None,
        Element("steun_volgende_stap"),
        Field(description="Steun die bij de volgende stap nodig is; zegt iets over gezondheid."),
    ] = None
    aangemeld_bij_ontvanger: fields.AangemeldBijOntvanger = None
    onder_curatele: fields.OnderCuratele = None
