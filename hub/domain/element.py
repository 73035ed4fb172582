"""Which data element a field of a canonical record carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from pydantic import BaseModel

from hub.domain.terms import ElementName


@dataclass(frozen=True, slots=True)
class Element:
    """Marks a field with its row of `schemas/policy/elements`: `bsn: Annotated[Bsn, Element("bsn")]`."""

    name: str


@cache
def elements_of(record: type[BaseModel]) -> Mapping[str, ElementName]:
    """Field name to data element, for every field. Raises TypeError where a field names none or more than one."""
    named: dict[str, ElementName] = {}
    for field, info in record.model_fields.items():
        marks = [mark for mark in info.metadata if isinstance(mark, Element)]
        if len(marks) != 1:
            raise TypeError(f"{record.__name__}.{field} must name exactly one data element")
        named[field] = ElementName(marks[0].name)
    return MappingProxyType(named)
