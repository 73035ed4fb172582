"""A page of deliveries to the bytes of a list, in the form rmc-lijst-1: one line a delivery, always the same columns. Pure.

What a clause lets pass and the list has no column for is never dropped in silence: the delivery is refused, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from hub.connector import Rejected
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.errors import Malformed, Misconfigured
from hub.formats.write import CsvWriter, JsonWriter, Writer, XlsxWriter, XmlWriter

FORM: Final = ReasonCode("VORM_ONGELDIG")
"""Something of it has no place in the list, or cannot be written in its form."""
KINDS: Final = frozenset(("uitvalmelding", "verzuimmelding", "inschrijving"))
NAMESPACE: Final = "urn:hub:rmc-lijst:1"
COLUMNS: Final = (
    "bezorgingId",
    "bron",
    "recordsoort",
    *("bsn", "onderwijsnummer", "pseudoniem"),
    *("geslachtsnaam", "voorvoegsel", "voornamen", "geslacht", "geboortedatum", "geboortejaar", "overlijdensdatum"),
    *("straatnaam", "huisnummer", "huisnummertoevoeging", "postcode", "postcodecijfers", "woonplaats", "gemeente"),
    *("indicatieGeheim", "telefoonnummer", "telefoonOuder"),
    *("brin", "vestigingscode", "leslocatie", "onderwijssoort", "opleidingscode"),
    *("datumInschrijving", "jaarInschrijving", "datumUitschrijving", "jaarUitschrijving", "redenUitval"),
    *("startkwalificatie", "datumDiploma", "jaarDiploma", "vrijstelling", "voortijdigSchoolverlater", "opmerking"),
    *("meldingsnummer", "melddatumtijd", "melddag", "verzuimBegindatum", "verzuimBeginmaand", "verzuimEinddatum"),
    *("verzuimEindmaand", "verzuimsoort", "verzuimreden", "alleLessenGemist", "verzuimdagen", "ondernomenActie"),
    *("actieGevraagd", "prioriteit", "toelichtingGeenActie", "contactpersoonSchool", "contactpersoonFunctie"),
    *("contactpersoonTelefoon", "contactpersoonEmail", "contactpersoonGemeente", "statusMelding", "redenAfsluiting"),
    *("toelichtingAfsluiting", "opmerkingAfsluiting"),
)
"""The columns of rmc-lijst-1, in their order. A column is never taken away or given another meaning: that is rmc-lijst-2."""

_WRITERS: Final[Mapping[str, tuple[str, Writer]]] = MappingProxyType(
    {
        "csv": (".csv", CsvWriter(bom=True)),
        "csv-1252": (".csv", CsvWriter(encoding="cp1252")),
        "xml": (".xml", XmlWriter("lijst", "melding", NAMESPACE)),
        "json": (".json", JsonWriter("meldingen")),
        "xlsx": (".xlsx", XlsxWriter("Meldingen")),
    }
)
FORMS: Final = tuple(_WRITERS)
"""How a list may be written; CSV in UTF-8 with the mark by which spreadsheets know it, or as older systems read it."""


class ListWriter:
    """Writes pages in one form. Raises errors.Misconfigured where there is no such form."""

    def __init__(self, form: str) -> None:
        if form not in _WRITERS:
            known = ", ".join(FORMS)
            raise Misconfigured("Lists cannot be written so.", f"There is no such form; there are {known}.", "Choose one.")
        self._suffix, self._writer = _WRITERS[form]

    def __call__(self, page: Sequence[Delivered], _checkpoint: str, /) -> tuple[str, bytes]:
        """The extension and the bytes of a page. Raises `Rejected` where one of its deliveries has no place in a list."""
        lines = [line_of(each) for each in page]
        try:
            return self._suffix, self._writer.write(lines, COLUMNS)
        except Malformed as wrong:
            why = wrong.why
        raise _no_place(why)


def line_of(delivered: Delivered) -> dict[str, str]:
    """One delivery by column. Raises `Rejected` where it is of another kind or has more than the list."""
    kind = str.__str__(delivered.record_kind)
    held: Any = json.loads(delivered.payload.reveal(), parse_float=str)
    if kind not in KINDS:
        raise _no_place("A list holds no records of this kind.")
    if not isinstance(held, dict) or held.keys() - set(COLUMNS[3:]):
        raise _no_place("A clause lets something pass that the list has no column for.")
    line = {"bezorgingId": str(delivered.delivery_id), "bron": str(delivered.source), "recordsoort": kind}
    return line | {name: _text(value) for name, value in held.items() if value is not None}


def _text(value: Any) -> str:
    match value:
        case bool():
            return "J" if value else "N"
        case list():
            return " ".join(_days(value))
    return str(value)


def _days(days: list[Any]) -> Iterator[str]:
    """Days of absence: the day, and in brackets the lessons where it was not all of it."""
    for day in days:
        hours = ",".join(str(hour) for hour in day.get("lesuren") or ())
        yield f"{day['datum']}({hours})" if hours else str(day["datum"])


def _no_place(why: str) -> Rejected:
    now = "Choose another form, or another way to this recipient; the delivery waits among the failed ones."
    return Rejected(FORM, "A delivery cannot be written into a list.", why, now)
