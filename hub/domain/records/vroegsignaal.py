"""Vroegsignaal: a pupil who needs help in going from school to work.

WVO 2020 article 2.31b(1), WEC article 44a(1), WEB article 9.2.13(1): with the instemming of the pupil.
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

KIND: Final = RecordKind("vroegsignaal")


class Vroegsignaal(PersonRecord):
    """What the school tells in the last years of school."""

    model_config = fields.described(
        "Een leerling die bij de overgang van school naar werk hulp nodig heeft (WVO 2020, artikel 2.31b; WEC, artikel 44a; "
        "WEB, artikel 9.2.13)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "vroegsignalen"

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    gemeente: fields.Gemeente
    telefoonnummer: fields.Telefoonnummer = None
    onderwijssoort: Annotated[
        Personal[fields.Soort], Element("onderwijssoort"), Field(description="Soort onderwijs dat de jongere volgt.")
    ]
    hulp_bij_overgang: Annotated[
        Personal[bool], Element("hulp_bij_overgang"), Field(description="Of de jongere hulp bij de overgang nodig heeft.")
    ]
    verwacht_einde_school: Annotated[
        Personal[date] | None, Element("verwacht_einde_school"), Field(description="Verwachte laatste schooldag.")
    ] = None
    contactpersoon_school: fields.ContactpersoonSchool = None
    ingeschreven: fields.Ingeschreven = None
    laatste_schooljaar: fields.LaatsteSchooljaar = None
    onder_curatele: fields.OnderCuratele = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields.in_order(self, "geboortedatum", "verwacht_einde_school")
        return self
