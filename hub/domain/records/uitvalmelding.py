"""Uitvalmelding: a young person has left education without a startkwalificatie.

Identifying data follow the Besluit register onderwijsdeelnemers (BWBR0042639, version 2025-07-10) articles 13 and 31; the
reason of leaving follows the register's code list. DUO's own record layout is not public: a connector's mapping translates it.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator
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


Onderwijssoort = Literal["vo", "pro", "vso", "entree", "mbo"]
RedenUitval = Literal["1", "2", "3", "4", "5", "6", "7", "8", "9"]
Naam = Annotated[str, _text(200)]


class Uitvalmelding(Record):
    """One young person who left one school; every field names its data element. Wire names are camelCase."""

    bsn: Annotated[Bsn | None, Element("bsn")] = None
    onderwijsnummer: Annotated[Onderwijsnummer | None, Element("onderwijsnummer")] = None
    geslachtsnaam: Annotated[Personal[Naam], Element("geslachtsnaam")]
    voorvoegsel: Annotated[Personal[Annotated[str, _text(10)]] | None, Element("voorvoegsel")] = None
    voornamen: Annotated[Personal[Naam] | None, Element("voornamen")] = None
    geslacht: Annotated[Personal[Literal["M", "V", "X", "O"]] | None, Element("geslacht")] = None
    geboortedatum: Annotated[Personal[date], Element("geboortedatum")]
    overlijdensdatum: Annotated[Personal[date] | None, Element("overlijdensdatum")] = None
    straatnaam: Annotated[Personal[Annotated[str, _text(80)]] | None, Element("straatnaam")] = None
    huisnummer: Annotated[Personal[Annotated[int, Field(ge=1, le=99999)]] | None, Element("huisnummer")] = None
    huisnummertoevoeging: Annotated[Personal[Annotated[str, _text(10)]] | None, Element("huisnummertoevoeging")] = None
    postcode: Annotated[
        Personal[Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{3}[A-Z]{2}$")]] | None, Element("postcode")
    ] = None
    woonplaats: Annotated[Personal[Annotated[str, _text(80)]] | None, Element("woonplaats")] = None
    gemeente: Annotated[Personal[Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]], Element("gemeente")]
    indicatie_geheim: Annotated[Personal[bool], Element("indicatie_geheim")]
    telefoonnummer: Annotated[
        Personal[Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{8,15}$")]] | None, Element("telefoonnummer")
    ] = None
    brin: Annotated[Personal[Annotated[str, StringConstraints(pattern=r"^[0-9]{2}[A-Z]{2}$")]], Element("brin")]
    vestigingscode: Annotated[
        Personal[Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]] | None, Element("vestigingscode")
    ] = None
    onderwijssoort: Annotated[Personal[Onderwijssoort], Element("onderwijssoort")]
    opleidingscode: Annotated[
        Personal[Annotated[str, StringConstraints(pattern=r"^[0-9]{4,5}$")]] | None, Element("opleidingscode")
    ] = None
    datum_inschrijving: Annotated[Personal[date] | None, Element("datum_inschrijving")] = None
    datum_uitschrijving: Annotated[Personal[date], Element("datum_uitschrijving")]
    reden_uitval: Annotated[Personal[RedenUitval] | None, Element("reden_uitval")] = None
    startkwalificatie: Annotated[Personal[bool], Element("startkwalificatie")]
    datum_diploma: Annotated[Personal[date] | None, Element("datum_diploma")] = None
    opmerking: Annotated[
        Personal[Annotated[str, StringConstraints(min_length=1, max_length=2000)]] | None, Element("opmerking")
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
