"""Verzuimmelding: a pupil is absent from school without leave.

The fields are those of the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10), articles 13 and 14; the code
lists those of the annex of the Besluit Verzuimmelding (BWBR0027085) and the statuses of the register since 2020, under which
the three of before have their place (`schemas/codes`). 'Overgedragen aan derden' was abolished in 2020: the law knows no such
status.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from hub.domain.element import Element, Fact
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord, Record
from hub.domain.records import fields
from hub.domain.terms import RecordKind

KIND: Final = RecordKind("verzuimmelding")

# The annex's five, and three that registration systems of schools tell apart besides.
Verzuimsoort = Literal[
    "luxe",
    "beginnend",
    "signaal",
    "zestien_uur",
    "maand_of_langer",
    "drie_schooldagen",
    "achtste_deel",
    "overig",
]
Status = Literal["geregistreerd", "in_behandeling", "afgesloten", "ter_kennisgeving", "ingetrokken"]
ABOLISHED: Final = "overgedragen_aan_derden"
RedenAfsluiting = Literal[
    "terug_naar_school",
    "andere_opleiding",
    "werk",
    "overige_redenen",
    "overleden",
    "langdurig_ziek",
    "legitiem_afwezig",
]
ToelichtingAfsluiting = Literal["gezien", "actie_naar_leerling", "geen_actie_meer"]
Prioriteit = Literal["laag", "normaal", "hoog"]


def _status(value: Any) -> Any:
    if value == ABOLISHED:
        raise PydanticCustomError("status_abolished", "a report of absence is not handed over to others: a status until 2020")
    return value


class Verzuimdag(Record):
    """One day of absence: all of it, or some lessons by their number in the timetable."""

    model_config = ConfigDict(json_schema_extra={"description": "Een dag van het verzuim: de hele dag, of een aantal lesuren."})

    datum: date = Field(description="Dag van het verzuim.")
    hele_dag: bool = Field(description="Of de hele dag is gemist.")
    lesuren: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(
        default=(), max_length=12, description="Nummers van de gemiste lesuren, 1 tot en met 12; leeg bij een hele dag."
    )

    @model_validator(mode="after")
    def _whole_or_hours(self) -> Self:
        if self.hele_dag is bool(self.lesuren):
            raise PydanticCustomError("hours_of_a_day", "a whole day has no hours, and another day has them")
        return self


class Verzuimmelding(PersonRecord):
    """One report of absence as it stands now; a later state of it is another record of the same report."""

    model_config = fields.described("Een leerling of student die zonder verlof wegblijft: de stand van een melding.")
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
    telefoon_ouder: Annotated[
        Personal[fields.Telefoon] | None,
        Element("telefoon_ouder"),
        Field(description="Telefoonnummer van een ouder (artikel 14, onder k)."),
    ] = None
    brin: fields.BrinVeld
    vestigingscode: fields.Vestigingscode = None
    leslocatie: Annotated[
        Personal[fields.Kort] | None, Element("leslocatie"), Field(description="Waar de lessen zijn (onder i).")
    ] = None
    onderwijssoort: Annotated[
        Personal[fields.ElkeSoort],
        Fact("onderwijssoort"),
        Field(description="Soort onderwijs; bepaalt welke wet geldt en gaat naar niemand."),
    ]
    startkwalificatie: Annotated[
        Personal[bool],
        Element("startkwalificatie"),
        Field(description="Of de jongere een diploma havo, vwo of mbo niveau 2 of hoger heeft (artikel 14, onder a)."),
    ]
    meldingsnummer: Annotated[
        Personal[Annotated[str, fields.code(r"^[0-9A-Za-z][0-9A-Za-z-]{0,29}$")]] | None,
        Element("meldingsnummer"),
        Field(description="Nummer van de melding in het register."),
    ] = None
    melddatumtijd: Annotated[
        Personal[fields.Moment] | None,
        Element("melddatumtijd"),
        Field(description="Wanneer de school meldde, zoals 2026-11-02T09:30:00; zonder zone is het Nederlandse tijd."),
    ] = None
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
        Personal[fields.Kort] | None,
        Element("verzuimreden"),
        Field(description="Vermoedelijke reden (onder e); gaat alleen langs de eigen artikelen."),
    ] = None
    alle_lessen_gemist: Annotated[
        Personal[bool] | None, Element("alle_lessen_gemist"), Field(description="Of alle lessen zijn gemist (onder f).")
    ] = None
    verzuimdagen: Annotated[
        Personal[tuple[Verzuimdag, ...]] | None,
        Element("verzuimdagen"),
        Field(description="Specificatie van verzuimde dagen en lesuren (onder l)."),
    ] = None
    ondernomen_actie: Annotated[
        Personal[fields.Kort] | None,
        Element("ondernomen_actie"),
        Field(description="Wat de school deed (onder g); gaat alleen langs de eigen artikelen."),
    ] = None
    actie_gevraagd: Annotated[
        Personal[bool] | None, Element("actie_gevraagd"), Field(description="Of de gemeente iets moet doen (onder h).")
    ] = None
    prioriteit: Annotated[
        Personal[Prioriteit] | None,
        Element("prioriteit"),
        Field(description="Hoe dringend dat is (onder h); de waarden zijn van de hub, niet van het register."),
    ] = None
    toelichting_geen_actie: Annotated[
        Personal[fields.Kort] | None,
        Element("toelichting_geen_actie"),
        Field(description="Waarom de gemeente niets hoeft te doen (onder h); gaat alleen langs de eigen artikelen."),
    ] = None
    contactpersoon_school: fields.ContactpersoonSchool = None
    contactpersoon_functie: Annotated[
        Personal[fields.Kort] | None,
        Element("contactpersoon_functie"),
        Field(description="Functie van de contactpersoon van de school (onder j)."),
    ] = None
    contactpersoon_telefoon: Annotated[
        Personal[fields.Telefoon] | None,
        Element("contactpersoon_telefoon"),
        Field(description="Telefoonnummer van de contactpersoon van de school (onder j)."),
    ] = None
    contactpersoon_email: Annotated[
        Personal[fields.Email] | None,
        Element("contactpersoon_email"),
        Field(description="E-mailadres van de contactpersoon van de school (onder j)."),
    ] = None
    contactpersoon_gemeente: Annotated[
        Personal[fields.Kort] | None,
        Element("contactpersoon_gemeente"),
        Field(description="Wie bij de gemeente de melding behandelt (onder p)."),
    ] = None
    status_melding: Annotated[
        Personal[Annotated[Status, BeforeValidator(_status)]],
        Element("status_melding"),
        Field(description="Status van de melding (onder m)."),
    ]
    reden_afsluiting: Annotated[
        Personal[RedenAfsluiting] | None,
        Element("reden_afsluiting"),
        Field(description="Reden van afsluiting (onder n); gaat alleen langs de eigen artikelen."),
    ] = None
    toelichting_afsluiting: Annotated[
        Personal[ToelichtingAfsluiting] | None,
        Element("toelichting_afsluiting"),
        Field(description="Wat de gemeente deed, in de woorden van de bijlage."),
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
        fields.in_order(self, "verzuim_begindatum", "verzuim_einddatum")
        fields.in_order(self, "geboortedatum", "verzuim_begindatum")
        days: tuple[Verzuimdag, ...] = self.held("verzuimdagen") or ()
        last = self.held("verzuim_einddatum") or date.max
        if any(not self.verzuim_begindatum.reveal() <= day.datum <= last for day in days):
            raise PydanticCustomError("dates_out_of_order", "verzuimdagen lie outside the absence")
        if len({day.datum for day in days}) < len(days):
            raise PydanticCustomError("day_twice", "a day stands twice in verzuimdagen")
        return self
