"""Fields that several records have, each with its data element and the description that the published schema carries.

Identifying data follow the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10), articles 13 and 31.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from hub.domain.element import Element, Fact
from hub.domain.personal import Personal

# Printable text without control characters: letters with diacritics pass, line breaks and bidirectional overrides do not.
PRINTABLE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"


def text(longest: int) -> StringConstraints:
    """Printable text of at most so many characters, without spaces around it."""
    return StringConstraints(min_length=1, max_length=longest, strip_whitespace=True, pattern=PRINTABLE)


def code(pattern: str) -> StringConstraints:
    """A code of this form."""
    return StringConstraints(pattern=pattern)


Soort = Literal["vo", "pro", "vso", "entree", "mbo"]
Naam = Annotated[str, text(200)]
Toevoeging = Annotated[str, text(10)]
Plaatsnaam = Annotated[str, text(80)]
Huisnummer = Annotated[int, Field(ge=1, le=99999)]
Postcode = Annotated[str, code(r"^[1-9][0-9]{3}[A-Z]{2}$")]
Gemeentecode = Annotated[str, code(r"^[0-9]{4}$")]
Telefoon = Annotated[str, code(r"^\+?[0-9]{8,15}$")]
Brincode = Annotated[str, code(r"^[0-9]{2}[A-Z]{2}$")]
Volgnummer = Annotated[str, code(r"^[0-9]{2}$")]
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
