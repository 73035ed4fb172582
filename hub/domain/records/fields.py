"""Fields that several records have, each with its data element and the description that the published schema carries.

Identifying data follow the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10), articles 13 and 31.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from hub.domain.element import Addressee, Element, Fact
from hub.domain.personal import Personal
from hub.domain.record import PersonRecord

# Printable text without control characters: letters with diacritics pass, line breaks and bidirectional overrides do not.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"


def text(longest: int) -> StringConstraints:
    """Printable text of at most so many characters, without spaces around it."""
    return StringConstraints(min_length=1, max_length=longest, strip_whitespace=True, pattern=PRINTABLE)


def code(pattern: str) -> StringConstraints:
    """A code of this form."""
    return StringConstraints(pattern=pattern)


def described(description: str) -> ConfigDict:
    """What the published schema says of a record, and that it has one of the two numbers."""
    return ConfigDict(
        json_schema_extra={
            "description": f"{description} Geef precies een van bsn en onderwijsnummer.",
            "oneOf": [
                {"required": ["bsn"], "properties": {"bsn": {"type": "string"}}},
                {"required": ["onderwijsnummer"], "properties": {"onderwijsnummer": {"type": "string"}}},
            ],
        }
    )


def _exists(moment: str) -> str:
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        raise PydanticCustomError("date_parsing", "no such moment") from None
    return moment


Soort = Literal["vo", "pro", "vso", "entree", "mbo"]
ElkeSoort = Literal["po", "vo", "pro", "vso", "entree", "mbo"]
Naam = Annotated[str, text(200)]
Toevoeging = Annotated[str, text(10)]
Plaatsnaam = Annotated[str, text(80)]
Huisnummer = Annotated[int, Field(ge=1, le=99999)]
Postcode = Annotated[str, code(r"^[1-9][0-9]{3}[A-Z]{2}$")]
Gemeentecode = Annotated[str, code(r"^[0-9]{4}$")]
Telefoon = Annotated[str, code(r"^\+?[0-9]{8,15}$")]
Brincode = Annotated[str, code(r"^[0-9]{2}[A-Z]{2}$")]
Volgnummer = Annotated[str, code(r"^[0-9]{2}$")]
Email = Annotated[str, code(r"^[A-Za-z0-9+.!#$%&'*/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}$")]
Moment = Annotated[
    str,
    code(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?$"),
    AfterValidator(_exists),
]
"""A moment after RFC 3339; without a zone it is Dutch time."""
Kort = Annotated[str, text(200)]
Regels = Annotated[tuple[Kort, ...], Field(min_length=1, max_length=25)]
"""A few short lines, such as one per certificate."""
Document = Annotated[str, StringConstraints(min_length=4, max_length=600_000, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
"""A PDF in base64, of about 450 kB."""
WITH_DOCUMENT: Final = 640 * 1024
"""Bytes of a message with a record that carries one."""
Vrij = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

Geslachtsnaam = Annotated[
    Personal[Naam], Element("geslachtsnaam"), Field(description="Achternaam zonder voorvoegsel, zoals in de BRP.")
]
Voorvoegsel = Annotated[
    Personal[Toevoeging] | None, Element("voorvoegsel"), Field(description="Voorvoegsel van de geslachtsnaam.")
]
Voornamen = Annotated[Personal[Naam] | None, Element("voornamen"), Field(description="Alle voornamen, met spaties.")]
Geslacht = Annotated[
    Personal[Literal["M", "V", "X", "O"]] | None,
    Element("geslacht"),
    Field(description="M man, V vrouw, X geslacht niet vastgesteld, O onbekend."),
]
Geboortedatum = Annotated[Personal[date], Element("geboortedatum"), Field(description="Volledige geboortedatum.")]
Overleden = Annotated[
    Personal[date] | None,
    Fact("overleden"),
    Field(description="Datum van overlijden, indien bekend; gaat naar niemand en houdt alles tegen."),
]
Straatnaam = Annotated[Personal[Plaatsnaam] | None, Element("straatnaam"), Field(description="Straatnaam van het woonadres.")]
HuisnummerVeld = Annotated[
    Personal[Huisnummer] | None, Element("huisnummer"), Field(description="Huisnummer van het woonadres.")
]
Huisnummertoevoeging = Annotated[
    Personal[Toevoeging] | None,
    Element("huisnummertoevoeging"),
    Field(description="Huisletter en toevoeging bij het huisnummer."),
]
PostcodeVeld = Annotated[
    Personal[Postcode] | None, Element("postcode"), Field(description="Postcode van het woonadres, zonder spatie.")
]
Woonplaats = Annotated[Personal[Plaatsnaam] | None, Element("woonplaats"), Field(description="Woonplaats van het woonadres.")]
Gemeente = Annotated[
    Personal[Gemeentecode],
    Element("gemeente"),
    Field(description="Gemeentecode (CBS) van de woongemeente, vier cijfers."),
]
IndicatieGeheim = Annotated[
    Personal[bool],
    Element("indicatie_geheim"),
    Field(description="Of in de BRP geheimhouding van het adres is aangetekend; reist altijd mee."),
]
Telefoonnummer = Annotated[
    Personal[Telefoon] | None,
    Element("telefoonnummer"),
    Field(description="Telefoonnummer van de jongere, alleen cijfers, eventueel met + en landnummer."),
]
Vestigingscode = Annotated[
    Personal[Volgnummer] | None,
    Element("vestigingscode"),
    Field(description="Volgnummer van de vestiging binnen het BRIN, twee cijfers."),
]
BrinVeld = Annotated[Personal[Brincode], Element("brin"), Field(description="BRIN van de school: twee cijfers, twee letters.")]
ContactpersoonSchool = Annotated[
    Personal[Kort] | None, Element("contactpersoon_school"), Field(description="Naam van de contactpersoon van de school.")
]
GemeenteBepaalt = Annotated[
    Personal[Gemeentecode],
    Fact("gemeente"),
    Field(description="Gemeentecode (CBS) van de woongemeente; bepaalt wie het krijgt en gaat naar niemand."),
]
StartkwalificatieBepaalt = Annotated[
    Personal[bool] | None,
    Fact("startkwalificatie"),
    Field(description="Of de jongere een startkwalificatie heeft; bepaalt of het mag en gaat naar niemand."),
]
Ingeschreven = Annotated[
    Personal[bool] | None,
    Fact("ingeschreven"),
    Field(description="Of de jongere nog op school staat ingeschreven; bepaalt of het mag en gaat naar niemand."),
]
OnderCuratele = Annotated[
    Personal[bool] | None,
    Fact("onder_curatele"),
    Field(description="Of de jongere onder curatele staat; bepaalt of het mag en gaat naar niemand."),
]
LaatsteSchooljaar = Annotated[
    Personal[bool] | None,
    Fact("laatste_schooljaar"),
    Field(description="Of de jongere in het laatste schooljaar zit; bepaalt of het mag en gaat naar niemand."),
]
AangemeldBijOntvanger = Annotated[
    Personal[bool] | None,
    Fact("aangemeld_bij_ontvanger"),
    Field(description="Of de jongere zich bij de nieuwe school heeft aangemeld; bepaalt of het mag en gaat naar niemand."),
]
Vraagsteller = Annotated[
    Personal[Annotated[str, code(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]],
    Addressee(),
    Field(description="Partij die de vraag stelde, en die als enige het antwoord krijgt."),
]


def in_order(record: PersonRecord, first: str, last: str) -> None:
    """Two dates of a record, where it has both. Raises PydanticCustomError `dates_out_of_order` where the last lies before."""
    begun, ended = record.held(first), record.held(last)
    if begun is not None and ended is not None and ended < begun:
        raise PydanticCustomError("dates_out_of_order", f"{to_camel(last)} lies before {to_camel(first)}")
