"""Suwinetantwoord: the answer to one college's own question over Suwinet, reduced to yes and no.

Wet SUWI (BWBR0013060) article 62, Participatiewet (BWBR0015703) article 64. The answer never leaves the college that asked.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from hub.domain.element import Element, Fact
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("suwinetantwoord")


class Suwinetantwoord(PersonRecord):
    """What one college may know of one person that it asked about."""

    model_config = fields.described(
        "Het antwoord op een eigen vraag van een college over Suwinet, teruggebracht tot ja en nee (Wet SUWI, artikel 62; "
        "Participatiewet, artikel 64)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "suwinetantwoorden"

    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    heeft_inkomen: Annotated[
        Personal[bool] | None, Element("heeft_inkomen"), Field(description="Of er inkomen uit werk is; nooit hoeveel.")
    ] = None
    heeft_uitkering: Annotated[
        Personal[bool] | None, Element("heeft_uitkering"), Field(description="Of er een uitkering van UWV is.")
    ] = None
    ontvangt_bijstand: Annotated[
        Personal[bool] | None, Element("ontvangt_bijstand"), Field(description="Of er bijstand is.")
    ] = None
    startkwalificatie: Annotated[
        Personal[bool] | None, Element("startkwalificatie"), Field(description="Of DUO een startkwalificatie kent.")
    ] = None
    volgt_onderwijs: Annotated[
        Personal[bool] | None, Element("volgt_onderwijs"), Field(description="Of DUO een inschrijving kent.")
    ] = None
    gemeente: Annotated[
        Personal[fields.Gemeentecode] | None,
        Fact("gemeente"),
        Field(description="Gemeentecode (CBS) van de woongemeente; het college vraagt over eigen inwoners. Gaat naar niemand."),
    ] = None
    vraagsteller: fields.Vraagsteller
