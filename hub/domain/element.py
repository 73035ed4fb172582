"""What a field of a canonical record is: a data element, a fact that decides, or whom the record is meant for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel

from hub.domain.terms import ElementName, FactName


@dataclass(frozen=True, slots=True)
class Element:
    """Marks a field with its row of `schemas/policy/elements`: `bsn: Annotated[Bsn, Element("bsn")]`. It may pass."""

    name: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Marks a field that gates ask for by this name and that passes to nobody: a row of `schemas/policy/facts`, or a field of
    `hub.domain.facts.SubjectFacts`."""

    name: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """Marks the field that says for whom a record is meant: the id of a party or the BRIN of a school. It passes to nobody."""


_MARKS = (Element, Fact, Addressee)
_CHAIN_NUMBERS: Final = frozenset({"eckid", "ketenid", "ketennummer", "stampseudoniem"})
_NOT_ALPHANUMERIC: Final = re.compile(r"[\W_]")


def names_chain_number(name: str) -> bool:
    """Whether forms mean by `name` a pupil's pseudonym for learning material, which is for that alone (WEB 2.5.5a, 12-15)."""
    return _NOT_ALPHANUMERIC.sub("", name).casefold() in _CHAIN_NUMBERS


@cache
def elements_of(record: type[BaseModel]) -> Mapping[str, ElementName]:
    """Field name to data element, for every field that has one. Raises TypeError where a field has no mark, or several."""
    marks = {field: _mark(record, field) for field in record.model_fields}
    return MappingProxyType({field: ElementName(mark.name) for field, mark in marks.items() if isinstance(mark, Element)})


@cache
def facts_of(record: type[BaseModel]) -> Mapping[str, FactName]:
    """Field name to fact, for every field that only decides."""
    marks = {field: _mark(record, field) for field in record.model_fields}
    return MappingProxyType({field: FactName(mark.name) for field, mark in marks.items() if isinstance(mark, Fact)})


@cache
def addressee_of(record: type[BaseModel]) -> str | None:
    """The field that says for whom such a record is meant; None where that follows from home and law."""
    return next((field for field in record.model_fields if isinstance(_mark(record, field), Addressee)), None)


def _mark(record: type[BaseModel], field: str) -> Element | Fact | Addressee:
    marks = [mark for mark in record.model_fields[field].metadata if isinstance(mark, _MARKS)]
    if len(marks) != 1:
        raise TypeError(f"{record.__name__}.{field} must say exactly one thing that it is")
    return marks[0]
