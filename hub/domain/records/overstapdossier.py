"""Overstapdossier: what the old school tells the new one about a pupil who changes school.

The categories of OSO (edustandaard, 2019.1), as far as WPO article 42, WEC article 43,
WEB article 2.5.5a(9) or consent carry them.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from hub.domain.element import Addressee, Element, Fact
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord, Record
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("overstapdossier")

Advies = Literal[
    "pro",
    "vmbo_bb",
    "vmbo_bb_kb",
    "vmbo_kb",
    "vmbo_kb_gt",
    "vmbo_gt",
    "vmbo_gt_havo",
    "havo",
    "havo_vwo",
    "vwo",
]


class Leerresultaat(Record):
    """How a pupil does in one subject."""

    model_config = ConfigDict(json_schema_extra={"description": "Hoe het in een vak gaat."})

    vak: fields.Kort = Field(description="Vak.")
    cijfer: float = Field(ge=1, le=10, description="Cijfer, van 1 tot en met 10.")


class Overstapdossier(PersonRecord):
    """The file of one pupil, meant for one school."""

    model_config = fields.described(
        "Wat de oude school de nieuwe vertelt over een leerling die overstapt (WPO, artikel 42; WEC, artikel 43; WEB, artikel "
        "2.5.5a, negende lid)."
    )
    KIND: ClassVar[RecordKind] = KIND
    RESOURCE: ClassVar[str] = "overstapdossiers"
    LARGEST: ClassVar[int] = fields.WITH_DOCUMENT

    geslachtsnaam: fields.Geslachtsnaam
    voorvoegsel: fields.Voorvoegsel = None
    voornamen: fields.Voornamen = None
    geslacht: fields.Geslacht = None
    geboortedatum: fields.Geboortedatum
    overlijdensdatum: fields.Overleden = None
    brin: Annotated[
        Personal[fields.Brincode], Element("brin"), Field(description="BRIN van de oude school: twee cijfers, twee letters.")
    ]
    vestigingscode: fields.Vestigingscode = None
    onderwijssoort: Annotated[
        Personal[fields.ElkeSoort], Element("onderwijssoort"), Field(description="Soort onderwijs van de oude school.")
    ]
    schooladvies: Annotated[
        Personal[Advies] | None, Element("schooladvies"), Field(description="Schooladvies van de basisschool.")
    ] = None
    leerresultaten: Annotated[
        Personal[Annotated[tuple[Leerresultaat, ...], Field(min_length=1, max_length=40)]] | None,
        Element("leerresultaten"),
        Field(description="Resultaten per vak."),
    ] = None
    verzuim_boven_kwart: Annotated[
        Personal[bool] | None,
        Element("verzuim_boven_kwart"),
        Field(description="Of de leerling meer dan een kwart van de lessen miste; nooit waarom."),
    ] = None
    begeleiding_op_school: Annotated[
        Personal[fields.Kort] | None,
        Element("begeleiding_op_school"),
        Field(description="Begeleiding die de school gaf; zegt iets over gezondheid."),
    ] = None
    onderwijskundig_rapport: Annotated[
        Personal[fields.Document] | None,
        Element("onderwijskundig_rapport"),
        Field(description="Onderwijskundig rapport als PDF in base64."),
    ] = None
    ontvanger_brin: Annotated[
        Personal[fields.Brincode],
        Addressee(),
        Field(description="BRIN van de nieuwe school, die als enige het dossier krijgt."),
    ]
    aangemeld_bij_ontvanger: fields.AangemeldBijOntvanger = None
    inzage_gegeven: Annotated[
        Personal[bool] | None,
        Fact("inzage_gegeven"),
        Field(description="Of leerling of ouders het dossier hebben gezien; bepaalt of het mag en gaat naar niemand."),
    ] = None
