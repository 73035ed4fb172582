"""Minimise: from a record, only what the grant permits, in the form it permits. Pure.

The smallest set of data that serves the purpose (GDPR 5(1)(c)) is what the clause lists; nothing else is ever copied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from pydantic.alias_generators import to_camel

from hub.domain.personal import Pseudonym
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Grant
from hub.domain.terms import Form
from hub.errors import Misconfigured

PSEUDONYM_FIELD = "pseudoniem"
Reader = Callable[[Any], Any]


def _year(value: date) -> str:
    return f"{value.year:04d}"


def _four_digits(value: str) -> str:
    return value[:4]


_BANDS: dict[str, tuple[str, Reader]] = {
    "geboortedatum": ("geboortejaar", _year),
    "datum_inschrijving": ("jaarInschrijving", _year),
    "datum_uitschrijving": ("jaarUitschrijving", _year),
    "postcode": ("postcodecijfers", _four_digits),
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """Per permitted field its name in the record, its name on the wire, and what makes the form; and who is pseudonymous."""

    grant: Grant
    fields: tuple[tuple[str, str, Reader | None], ...]
    pseudonymous: frozenset[str]


_plans: dict[int, _Plan] = {}
_MOST_PLANS = 4096


def _plan(grant: Grant) -> _Plan:
    # Grants are shared by all records that they permit alike, so they are told apart by identity; held, an id is not reused.
    known = _plans.get(id(grant))
    if known is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        known = _plans[id(grant)] = _make_plan(grant)
    return known


def _make_plan(grant: Grant) -> _Plan:
    plan: list[tuple[str, str, Reader | None]] = []
    pseudonymous: set[str] = set()
    for name, form in grant.fields:
        if form is Form.raw:
            plan.append((str(name), to_camel(str(name)), None))
        elif form is Form.pseudonym:
            pseudonymous.add(str(name))
        elif form is Form.yes_no:
            plan.append((str(name), to_camel(f"heeft_{name}"), bool))
        elif name in _BANDS:
            wire, reader = _BANDS[name]
            plan.append((str(name), wire, reader))
        else:
            raise Misconfigured(f"The element {name} has no banded form.", "A clause asks for one.", "Mend the clause.")
    return _Plan(grant, tuple(plan), frozenset(pseudonymous))


def pseudonymous_identifier(grant: Grant, identifier: str) -> bool:
    """Whether the grant lets this identifier pass only as the recipient's own pseudonym."""
    return identifier in _plan(grant).pseudonymous


def minimise(record: Uitvalmelding, grant: Grant, pseudonym: Pseudonym | None) -> dict[str, Any]:
    """The payload for one recipient, by wire name; `pseudonym` is what they know the person by, where the grant says so."""
    payload: dict[str, Any] = {}
    if pseudonym is not None:
        payload[PSEUDONYM_FIELD] = pseudonym.reveal()
    values = record.__dict__
    for name, wire, reader in _plan(grant).fields:
        held = values[name]
        if held is not None:
            value = held.reveal()
            payload[wire] = value if reader is None else reader(value)
    return payload


def content_of(record: Uitvalmelding) -> bytes:
    """All of a record's values in the order of its fields, for the keyed digest that tells a duplicate; never kept."""
    return orjson.dumps([None if held is None else held.reveal() for held in record.__dict__.values()])
