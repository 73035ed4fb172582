"""Uitvalmelding: a young person has left education without a startkwalificatie.

Identifying data follow the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10) articles 13 and 31; the
reason of leaving follows the register's code list. DUO's own record layout is not public: a connector's mapping translates it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from hub.domain.element import Element
from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pgn
from hub.domain.record import Record
from hub.domain.terms import RecordKind

KIND = RecordKind("uitvalmelding")

# Printable text without control characters: letters with diacritics pass, line breaks and bidirectional overrides do not.
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"


def _text(longest: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=longest, strip_whitespace=True, pattern=_PRINTABLE)


def _code(pattern: str) -> StringConstraints:
    return StringConstraints(pattern=pattern)


Onderwijssoort = Literal["vo", "pro", "vso", "entree", "mbo"]
RedenUitval = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9"]
Naam = Annotated[str, _text(200)]
Toevoeging = Annotated[str, _text(10)]
Plaatsnaam = Annotated[str, _text(80)]


class Uitvalmelding(Record):
    """One young person who left one school; every field names its data element.

    The descriptions are for the published schema and in its language.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "description": "Een jongere die het onderwijs heeft verlaten zonder startkwalificatie: een melding per jongere per "
            "school. Geef precies een van bsn en onderwijsnummer.",
            "oneOf": [
                {"required": ["bsn"], "properties": {"bsn": {"type": "string"}}},
                {"required": ["onderwijsnummer"], "properties": {"onderwijsnummer": {"type": "string"}}},
            ],
        },
    )

    bsn: Annotated[Bsn | None, Element("bsn"), Field(description="Burgerservicenummer; voldoet aan de elfproef.")] = None
    onderwijsnummer: Annotated[
        Onderwijsnummer | None,
        Element("onderwijsnummer"),
        Field(description="Onderwijsnummer van een jongere zonder burgerservicenummer (elfproef met rest 5)."),
    ] = None
    geslachtsnaam: Annotated[
        Personal[Naam], Element("geslachtsnaam"), Field(description="Achternaam zonder voorvoegsel, zoals in de BRP.")
    ]
    voorvoegsel: Annotated[
        Personal[Toevoeging] | None, Element("voorvoegsel"), Field(description="Voorvoegsel van de geslachtsnaam.")
    ] = None
    voornamen: Annotated[Personal[Naam] | None, Element("voornamen"), Field(description="Alle voornamen, met spaties.")] = None
    geslacht: Annotated[
        Personal[Literal["M", "V", "X", "O"]] | None,
        Element("geslacht"),
        Field(description="M man, V vrouw, X geslacht niet vastgesteld, O onbekend."),
    ] = None
    geboortedatum: Annotated[Personal[date], Element("geboortedatum"), Field(description="Volledige geboortedatum.")]
    overlijdensdatum: Annotated[
        Personal[date] | None, Element("overlijdensdatum"), Field(description="Datum van overlijden, indien bekend.")
    ] = None
    straatnaam: Annotated[
        Personal[Plaatsnaam] | None, Element("straatnaam"), Field(description="Straatnaam van het woonadres.")
    ] = None
    huisnummer: Annotated[
        Personal[Annotated[int, Field(ge=1, le=99999)]] | None,
        Element("huisnummer"),
        Field(description="Huisnummer van het woonadres."),
    ] = None
    huisnummertoevoeging: Annotated[
        Personal[Toevoeging] | None,
        Element("huisnummertoevoeging"),
        Field(description="Huisletter en toevoeging bij het huisnummer."),
    ] = None
    postcode: Annotated[
        Personal[Annotated[str, _code(r"^[1-9][0-9]{3}[A-Z]{2}$")]] | None,
        Element("postcode"),
        Field(description="Postcode van het woonadres, zonder spatie."),
    ] = None
    woonplaats: Annotated[
        Personal[Plaatsnaam] | None, Element("woonplaats"), Field(description="Woonplaats van het woonadres.")
    ] = None
    gemeente: Annotated[
        Personal[Annotated[str, _code(r"^[0-9]{4}$")]],
        Element("gemeente"),
        Field(description="Gemeentecode (CBS) van de woongemeente, vier cijfers."),
    ]
    indicatie_geheim: Annotated[
        Personal[bool],
        Element("indicatie_geheim"),
        Field(description="Of in de BRP geheimhouding van het adres is aangetekend; reist altijd mee."),
    ]
    telefoonnummer: Annotated[
        Personal[Annotated[str, _code(r"^\+?[0-9]{8,15}$")]] | None,
        Element("telefoonnummer"),
        Field(description="Telefoonnummer van de jongere, alleen cijfers, eventueel met + en landnummer."),
    ] = None
    brin: Annotated[
        Personal[Annotated[str, _code(r"^[0-9]{2}[A-Z]{2}$")]],
        Element("brin"),
        Field(description="BRIN van de school die de jongere verliet: twee cijfers, twee letters."),
    ]
    vestigingscode: Annotated[
        Personal[Annotated[str, _code(r"^[0-9]{2}$")]] | None,
        Element("vestigingscode"),
        Field(description="Volgnummer van de vestiging binnen het BRIN, twee cijfers."),
    ] = None
    onderwijssoort: Annotated[
        Personal[Onderwijssoort], Element("onderwijssoort"), Field(description="Soort onderwijs dat de jongere verliet.")
    ]
    opleidingscode: Annotated[
        Personal[Annotated[str, _code(r"^[0-9]{4,5}$")]] | None,
        Element("opleidingscode"),
        Field(description="Code van de opleiding (crebo of elementcode), vier of vijf cijfers."),
    ] = None
    datum_inschrijving: Annotated[
        Personal[date] | None, Element("datum_inschrijving"), Field(description="Eerste dag van de inschrijving.")
    ] = None
    datum_uitschrijving: Annotated[
        Personal[date],
        Element("datum_uitschrijving"),
        Field(description="Dag van uitschrijving; niet voor de inschrijving of de geboorte."),
    ]
    reden_uitval: Annotated[
        Personal[RedenUitval] | None,
        Element("reden_uitval"),
        Field(description="Reden van uitval volgens de codelijst van het register onderwijsdeelnemers."),
    ] = None
    startkwalificatie: Annotated[
        Personal[bool],
        Element("startkwalificatie"),
        Field(description="Of de jongere een diploma havo, vwo of mbo niveau 2 of hoger heeft."),
    ]
    datum_diploma: Annotated[
        Personal[date] | None, Element("datum_diploma"), Field(description="Datum van het hoogste behaalde diploma.")
    ] = None
    opmerking: Annotated[
        Personal[Annotated[str, StringConstraints(min_length=1, max_length=2000)]] | None,
        Element("opmerking"),
        Field(description="Vrije tekst; telt als bijzonder gegeven en gaat alleen door waar een afspraak haar noemt."),
    ] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.bsn is None) == (self.onderwijsnummer is None):
            raise PydanticCustomError("pgn_one_of_two", "give a bsn or an onderwijsnummer, and not both")
        left = self.datum_uitschrijving.reveal()
        if self.datum_inschrijving is not None and self.datum_inschrijving.reveal() > left:
            raise PydanticCustomError("dates_out_of_order", "datumUitschrijving lies before datumInschrijving")
        if self.geboortedatum.reveal() > left:
            raise PydanticCustomError("dates_out_of_order", "datumUitschrijving lies before geboortedatum")
        return self

    @property
    def pgn(self) -> Pgn:
        """The number that identifies the young person, whichever of the two it is."""
        pgn = self.bsn or self.onderwijsnummer
        assert pgn is not None, "validated: one of the two is there"
        return pgn
