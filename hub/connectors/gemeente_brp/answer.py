"""What is asked of the BRP and what is kept of its answer: a closed list, the same both ways. Pure.

Haal Centraal BRP Personen bevragen 2.7. Whatever else an answer holds is dropped where it is parsed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import orjson

from hub.domain.personal import Bsn, Personal
from hub.domain.stages import Row
from hub.http import INVALID, Away, Barred

_ADDRESS: Final = "verblijfplaats.verblijfadres"
BIRTH: Final = "geboorte.datum.datum"
DEATH: Final = "overlijden.datum.datum"
GEHEIM: Final = "geheimhoudingPersoonsgegevens"
_TEXTS: Final = MappingProxyType(
    {
        "naam.geslachtsnaam": "naam.geslachtsnaam",
        "naam.voorvoegsel": "naam.voorvoegsel",
        "naam.voornamen": "naam.voornamen",
        BIRTH: "geboorte.datum",
        f"{_ADDRESS}.officieleStraatnaam": f"{_ADDRESS}.officieleStraatnaam",
        f"{_ADDRESS}.korteStraatnaam": f"{_ADDRESS}.korteStraatnaam",
        f"{_ADDRESS}.huisnummer": f"{_ADDRESS}.huisnummer",
        f"{_ADDRESS}.huisletter": f"{_ADDRESS}.huisletter",
        f"{_ADDRESS}.huisnummertoevoeging": f"{_ADDRESS}.huisnummertoevoeging",
        f"{_ADDRESS}.postcode": f"{_ADDRESS}.postcode",
        f"{_ADDRESS}.woonplaats": f"{_ADDRESS}.woonplaats",
        "gemeenteVanInschrijving.code": "gemeenteVanInschrijving",
    }
)
"""Where a cell stands in an answer, and the field that is asked for to have it there."""
CELLS: Final = frozenset((*_TEXTS, DEATH, GEHEIM))
"""The cells that an answer comes down to: what the mapping reads, besides what the hub adds."""
FIELDS: Final = ("burgerservicenummer", *_TEXTS.values(), "overlijden.datum")
"""What is asked for. Secrecy and the end of registration come unasked, where there is something to say."""

_LONGEST: Final = 300
_DECEASED: Final = "O"
_NO_PERSON: Final = frozenset("FW")
"""Reasons for which a list of a person was taken out: a mistake, or another list took its place."""


def question(bsn: Bsn, gemeente: str) -> bytes:
    """The question about one person; with `gemeente` only if they are registered there."""
    asked: dict[str, Any] = {
        "type": "RaadpleegMetBurgerservicenummer",
        "burgerservicenummer": [bsn.reveal()],
        "fields": list(FIELDS),
    }
    return orjson.dumps(asked | ({"gemeenteVanInschrijving": gemeente} if gemeente else {}))


def reduced(body: bytes, bsn: Bsn) -> Row | None:
    """The cells of an answer as a row; None where the BRP knows nobody.

    Raises Away where it is no answer, Barred where it is about somebody else or more than one.
    """
    persons = _persons(body)
    if not persons:
        return None
    person = persons[0]
    if len(persons) > 1 or not isinstance(person, dict) or person.get("burgerservicenummer") != bsn.reveal():
        raise Barred(
            INVALID,
            "The BRP answers about somebody else than was asked about.",
            "Nothing of the answer was kept.",
            "Tell the keeper of the connection to the BRP; ask nothing more of it until they know why.",
        )
    ended = _text(person, "opschortingBijhouding.reden.code")
    if ended in _NO_PERSON:
        return None
    cells = {cell: text for cell in _TEXTS if (text := _text(person, cell))}
    cells[GEHEIM] = _secret(person)
    if ended == _DECEASED or "overlijden" in person:
        cells[DEATH] = _day_of_death(person, cells.get(BIRTH, ""))
    kept = orjson.dumps(cells)
    return Row(1, Personal(cells), Personal(kept))


def _persons(body: bytes) -> list[Any]:
    try:
        content = orjson.loads(body)
    except ValueError:
        content = None
    found = content.get("personen") if isinstance(content, dict) else None
    if not isinstance(found, list):
        raise no_answer()
    return found


def _at(person: Any, path: str) -> Any:
    for name in path.split("."):
        person = person.get(name) if isinstance(person, dict) else None
    return person


def _text(person: Any, path: str) -> str:
    """What stands there as text. Raises Away where it is more than a text or a number."""
    found = _at(person, path)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > _LONGEST:
        raise no_answer()
    return found


def _secret(person: Any) -> str:
    """Whether the address is secret: said where it is, and left out where it is not. Raises Away on any other word."""
    said = person.get(GEHEIM, False)
    if not isinstance(said, bool):
        raise no_answer()
    return "true" if said else "false"


def _day_of_death(person: Any, born: str) -> str:
    """The day of death; where it is not known in full, the first day that it can have been. That it is there is what counts."""
    at = _at(person, "overlijden.datum")
    whole, year, month = _at(at, "datum"), _at(at, "jaar"), _at(at, "maand")
    if isinstance(whole, str):
        return whole[:_LONGEST]
    if isinstance(year, int) and isinstance(month, int):
        return f"{year:04}-{month:02}-01"
    return f"{year:04}-01-01" if isinstance(year, int) else born or "1900-01-01"


def no_answer() -> Away:
    """The error for what is no answer of this interface."""
    return Away(INVALID, "The BRP gives no proper answer.", "It is not in the form of Haal Centraal BRP Personen bevragen.")
