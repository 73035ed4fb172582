"""The same rules or question with something otherwise, to try what would follow. Pure.

Never for a stage of the way: those are made by their own step alone.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from hub.domain.rulebook import Rule

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Rule)
_STAGES = "hub.domain.stages"


def otherwise(thing: _T, **changes: Any) -> _T:
    """A policy set, life, question or finding with some of its parts replaced. Raises TypeError for a stage."""
    if type(thing).__module__ == _STAGES:
        raise TypeError("a stage is made by its own step")
    parts = {part.name: getattr(thing, part.name) for part in fields(thing)}  # type: ignore[arg-type]  # a dataclass
    return type(thing)(**{**parts, **changes})


def rewritten(rule: _R, **changes: Any) -> _R:
    """A row as if it had been written with other values; checked as a row that is read. Raises pydantic.ValidationError."""
    written = {name: getattr(rule, name) for name in rule.model_fields_set}
    return type(rule).model_validate({**written, **changes})
