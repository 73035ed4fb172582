"""Minimise: from a record, only what the grant permits, in the form it permits. Pure.

The smallest set of data that serves the purpose (GDPR 5(1)(c)) is what the clause lists; nothing else is ever copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, get_args

import orjson
from pydantic.alias_generators import to_camel

from hub.domain.personal import Personal, Pseudonym
from hub.domain.record import PersonRecord, Record
from hub.domain.records.overstapdossier import Leerresultaat
from hub.domain.stages import Grant
from hub.domain.terms import Form
from hub.errors import Misconfigured

PSEUDONYM_FIELD = "pseudoniem"
_SUFFICIENT: Final = 5.5
Reader = Callable[[Any], Any]


def _year(value: date) -> str:
    return f"{value.year:04d}"


def _month(value: date) -> str:
    return f"{value.year:04d}-{value.month:02d}"


def _week(value: date) -> str:
    """The week of ISO 8601, such as 2026-W45; its year is that of the week's Thursday."""
    year, week, _ = value.isocalendar()
    return f"{year:04d}-W{week:02d}"


def _day(value: str) -> str:
    return value[:10]


def _four_digits(value: str) -> str:
    return value[:4]


def _how_many(value: Sequence[str]) -> int:
    return len(value)


def _passed(value: Sequence[Leerresultaat]) -> list[dict[str, str]]:
    """Per subject whether it goes well enough, and no mark."""
    return [{"vak": one.vak, "niveau": "voldoende" if one.cijfer >= _SUFFICIENT else "onvoldoende"} for one in value]


def _written(value: Any) -> Any:
    """What is made of parts, as our published schema writes it."""
    return [_part(one) for one in value]


_BANDS: Final[Mapping[str, tuple[str, Reader]]] = {
    "geboortedatum": ("geboortejaar", _year),
    "datum_inschrijving": ("jaarInschrijving", _year),
    "datum_uitschrijving": ("jaarUitschrijving", _year),
    "datum_diploma": ("jaarDiploma", _year),
    "postcode": ("postcodecijfers", _four_digits),
    "melddatumtijd": ("melddag", _day),
    "verzuim_begindatum": ("verzuimBeginmaand", _month),
    "verzuim_einddatum": ("verzuimEindmaand", _month),
    "leerplicht_afgesloten_op": ("leerplichtAfgeslotenMaand", _month),
    "datum_uitkomst": ("weekUitkomst", _week),
    "verwacht_einde_school": ("maandEindeSchool", _month),
    "stages": ("aantalStages", _how_many),
    "leerresultaten": ("niveauPerVak", _passed),
    "meldde_zich_op": ("weekMelding", _week),
    "ww_aanvraag_op": ("weekWwAanvraag", _week),
    "plaatsing_sinds": ("maandPlaatsing", _month),
    "plaatsing_tot": ("maandEindePlaatsing", _month),
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Per permitted field its name in the record, its name on the wire, and what makes the form."""

    grant: Grant
    fields: tuple[tuple[str, str, Reader | None], ...]


def _has_parts(kind: type[PersonRecord], name: str) -> bool:
    """Whether what the field holds is a sequence of records within the record."""
    return name in kind.model_fields and _within(kind.model_fields[name].annotation)


def _within(held: Any) -> bool:
    return (isinstance(held, type) and issubclass(held, Record)) or any(map(_within, get_args(held)))


def _is_question(kind: type[PersonRecord], name: str) -> bool:
    """Whether the field holds a yes or no already: then that is what it is called, too."""
    held = kind.model_fields[name].annotation
    return Personal[bool] in (held, *get_args(held))


_plans: dict[int, _Plan] = {}
_nameless: dict[int, tuple[Grant, frozenset[str]]] = {}
_MOST_PLANS = 4096


def _plan(grant: Grant, kind: type[PersonRecord]) -> _Plan:
    # Grants are shared by all records that they permit alike, so they are told apart by identity; held, an id is not reused.
    # A grant is a clause's, and a clause is about records of one kind.
    known = _plans.get(id(grant))
    if known is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        known = _plans[id(grant)] = _Plan(grant, tuple(_fields_of(grant, kind)))
    return known


def _fields_of(grant: Grant, kind: type[PersonRecord]) -> Iterator[tuple[str, str, Reader | None]]:
    for name, form in grant.fields:
        if form is Form.raw or (form is Form.yes_no and name in kind.model_fields and _is_question(kind, name)):
            yield str(name), to_camel(str(name)), _written if _has_parts(kind, str(name)) else None
        elif form is Form.yes_no:
            yield str(name), to_camel(f"heeft_{name}"), lambda _: True
        elif form is Form.banded:
            if name not in _BANDS:
                raise Misconfigured(f"The element {name} has no banded form.", "A clause asks for one.", "Mend the clause.")
            yield str(name), *_BANDS[name]


def pseudonymous_identifier(grant: Grant, identifier: str) -> bool:
    """Whether the grant lets this identifier pass only as the recipient's own pseudonym."""
    known = _nameless.get(id(grant))
    if known is None:
        if len(_nameless) >= _MOST_PLANS:
            _nameless.clear()
        named = frozenset(str(name) for name, form in grant.fields if form is Form.pseudonym)
        known = _nameless[id(grant)] = (grant, named)
    return identifier in known[1]


def minimise(record: PersonRecord, grant: Grant, pseudonym: Pseudonym | None) -> dict[str, Any]:
    """The payload for one recipient, by wire name; `pseudonym` is what they know the person by, where the grant says so."""
    payload: dict[str, Any] = {}
    if pseudonym is not None:
        payload[PSEUDONYM_FIELD] = pseudonym.reveal()
    values = record.__dict__
    for name, wire, reader in _plan(grant, type(record)).fields:
        held = values.get(name)
        if held is not None:
            value = held.reveal()
            payload[wire] = value if reader is None else reader(value)
    return payload


def _part(value: Record) -> Any:
    return value.model_dump(by_alias=True, mode="json")


def narrow(payload: Mapping[str, Any], grant: Grant, kind: type[PersonRecord]) -> dict[str, Any]:
    """Of a payload that was made before what `grant` lets pass in the same form; a pseudonym is its recipient's own, and is
    left out."""
    kept = {wire for _, wire, _ in _plan(grant, kind).fields}
    return {wire: value for wire, value in payload.items() if wire in kept}


def content_of(record: PersonRecord) -> bytes:
    """Kind and all of a record's values in the order of its fields, for the keyed digest that tells a duplicate; never kept."""
    return (
        record.KIND.encode()
        + b"\x00"
        + orjson.dumps([None if held is None else held.reveal() for held in record.__dict__.values()], default=_part)
    )
