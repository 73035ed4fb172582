"""Terugmelding: whether a young person who was handed over has arrived (WEB, BWBR0007625, article 9.2.5)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from hub.domain.element import Element
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("terugmelding")

Uitkomst = Literal["aangekomen", "niet_verschenen", "niet_bereikt", "wil_niet", "elders_geholpen"]


class Terugmelding(PersonRecord):
    """What came of one handover."""

    model_config = fields.described("Of een jongere die is overgedragen ook is aangekomen (WEB, artikel 9.2.5).")
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "terugmeldingen"

    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    uitkomst_overdracht: Annotated[
        Personal[Uitkomst], Element("uitkomst_overdracht"), Field(description="Hoe de overdracht afliep.")
    ]
    datum_uitkomst: Annotated[Personal[date], Element("datum_uitkomst"), Field(description="Dag waarop dat bleek.")]
    gemeente: fields.GemeenteBepaalt

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        fields.in_order(self, "geboortedatum", "datum_uitkomst")
        return self
