"""Reads a YAML file of rules into a strict model, and says where it is wrong: file, line, what, and what to do.

For files that people write and lawyers own: a key twice, an unknown key, a wildcard, an empty list or a merge key refuses to
load. Raises errors.Misconfigured; the values in such files are rules, never persons, so a message may name them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NoReturn, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from hub.domain.rulefault import MEND, mend_key, mend_yaml, why
from hub.errors import Misconfigured

Place = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where PyYAML was built with it
_LONGEST = 1_000_000
"""Characters; files of rules are read by people."""
_LONGEST_NUMBER = 20
"""Digits: to read a number of half a million takes a process away for seconds."""
_PLAIN_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
"""Categories of characters that nobody sees on the page: controls, marks that turn the reading order, joiners."""
_DEEPEST = 50
"""Lists and mappings within each other; an agreement needs about ten."""


class Rule(BaseModel):
    """A row that people write: frozen, and nothing in it is guessed or ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


R = TypeVar("R", bound=Rule)


@dataclass(frozen=True, slots=True)
class Document:
    """One file as it was written: its data, and the line on which each place in it begins."""

    file: str
    data: Any
    lines: dict[Place, int]

    def find(self, place: Place, name: str) -> Place:
        """Where `name` itself stands at or below `place`, as a key or as a value; without it, `place`."""
        below = (at for at in self.lines if at[: len(place)] == place)
        return next((at for at in below if at and (at[-1] == name or self._value(at) == name)), place)

    def _value(self, place: Place) -> Any:
        found = self.data
        for step in place:
            found = found[step]
        return found

    def refuse(self, place: Sequence[str | int], because: str, now: str = MEND) -> NoReturn:
        """Raises errors.Misconfigured for what stands at `place` (or the nearest place around it)."""
        at = tuple(place)
        while at and at not in self.lines:
            at = at[:-1]
        where = ".".join(str(step) for step in place) or "the file"
        raise Misconfigured(f"{self.file}, line {self.lines.get(at, 1)}: {where} does not load.", because, now)

    def as_(self, model: type[R]) -> R:
        """The document as `model`, every row of it strict."""
        try:
            return model.model_validate_json(json.dumps(self.data))
        except ValidationError as wrong:
            faults = self._faults(wrong)
        place, first = min(faults.items(), key=lambda each: each[1]["type"] != "extra_forbidden")  # it explains a missing one
        now = mend_key(str(place[-1]), model) if first["type"] == "extra_forbidden" else MEND
        more = f" ({len(faults) - 1} more after this one.)" if len(faults) > 1 else ""
        return self.refuse(place, why(first["type"], first["msg"], first.get("ctx", {})), f"{now}{more}")

    def _faults(self, wrong: ValidationError) -> dict[Place, ErrorDetails]:
        """What is wrong, each place once; what merely holds a fault is not told."""
        found: dict[Place, ErrorDetails] = {}
        for fault in wrong.errors(include_url=False):
            found.setdefault(self._place(fault["loc"], fault["type"]), fault)
        holders = {place[:length] for place in found for length in range(len(place))}
        return {place: fault for place, fault in found.items() if place not in holders}

    def _place(self, loc: Place, kind: str) -> Place:
        """`loc` without the steps that name a type instead of a place in the file; only what is missing stands nowhere."""
        place: Place = ()
        for number, step in enumerate(loc, 1):
            stands = (*place, step) in self.lines or (kind == "missing" and number == len(loc))
            place = (*place, step) if stands else place
        return (*place, "effect") if kind == "union_tag_invalid" and (*place, "effect") in self.lines else place


def parse(file: str, text: str) -> Document:
    """The document that `text` holds. Raises errors.Misconfigured where it is not plain, explicit YAML."""
    if len(text) > _LONGEST:
        raise Misconfigured(
            f"{file}, line 1: the file is too long.", f"It has more than {_LONGEST} characters.", "Divide it in parts."
        )
    reader = _Reader(Document(file, None, {}))
    try:
        _check_depth(file, text)
        node = yaml.compose(text, Loader=_Loader)
        if node is None:
            reader.document.refuse((), "The file is empty.")
        return Document(file, reader.plain(node, ()), reader.document.lines)
    except RecursionError:
        raise Misconfigured(f"{file}, line 1: this does not load.", "It is nested too deeply for rules.", MEND) from None
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        problem = str(getattr(wrong, "problem", None) or wrong)
        raise Misconfigured(f"{file}, line {line}: this is not YAML.", f"{problem}.", mend_yaml(problem)) from None


def _check_depth(file: str, text: str) -> None:
    """Composing calls itself for each level, in C without a bound; so the levels are counted first, from the flat events."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            mark = event.start_mark
            line = 1 if mark is None else mark.line + 1
            raise Misconfigured(f"{file}, line {line}: this does not load.", "It is nested too deeply for rules.", MEND)


class _Reader:
    """Walks the tree of one file: what it may hold is listed here, and all else refuses."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._seen: set[int] = set()
        self._values = yaml.constructor.SafeConstructor()

    def plain(self, node: yaml.Node, place: Place) -> Any:
        self.document.lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self._seen:
            self.document.refuse(place, "This refers to another place in the file.", "Write out what is meant.")
        self._seen.add(id(node))
        if node.tag == "tag:yaml.org,2002:map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if node.tag == "tag:yaml.org,2002:seq" and isinstance(node, yaml.SequenceNode):
            if not node.value:
                self.document.refuse(place, "An empty list says nothing: leave the key out, or name what is meant.")
            return self._sequence(node, place)
        return self._scalar(node, place)

    def _sequence(self, node: yaml.SequenceNode, place: Place) -> list[Any]:
        found = [self.plain(item, (*place, number)) for number, item in enumerate(node.value)]
        for number, value in enumerate(found):
            if isinstance(value, str) and value in found[:number]:
                self.document.refuse((*place, number), f"{value} stands here twice.", "Name each of them once.")
        return found

    def _scalar(self, node: yaml.Node, place: Place) -> str | int | None:
        if node.tag == "tag:yaml.org,2002:int" and len(node.value) > _LONGEST_NUMBER:
            self.document.refuse(place, "This number is longer than any that rules need.")
        if node.tag == "tag:yaml.org,2002:int" and not _PLAIN_NUMBER.fullmatch(node.value):
            now = "Write a number in plain digits; a code that begins with zeros stands in quotes."
            self.document.refuse(place, "This would be read as another number than it looks.", now)
        try:
            value = self._values.construct_object(node) if isinstance(node, yaml.ScalarNode) else node
        except ValueError:
            self.document.refuse(place, "This day does not exist.")
        except yaml.YAMLError:
            self.document.refuse(place, "This is no text, whole number, date, yes or no.")
        if isinstance(value, datetime) or not isinstance(value, str | int | date | None):
            self.document.refuse(place, "Only texts, whole numbers, dates, yes and no stand in these files.")
        if isinstance(value, str) and "*" in value:
            self.document.refuse(place, "A wildcard permits what nobody has named.", "Name each of them.")
        if isinstance(value, str):
            self._seen_whole(value, place)
        return value.isoformat() if isinstance(value, date) else value

    def _seen_whole(self, text: str, place: Place) -> None:
        if text and not any(each.isalnum() for each in text):
            self.document.refuse(place, "Signs and spaces alone say nothing.", "Write what is meant in words.")
        hidden = next((each for each in text if each != "\n" and unicodedata.category(each) in _UNSEEN), None)
        if hidden is not None:
            self.document.refuse(
                place,
                f"A character that nobody sees stands in this text (U+{ord(hidden):04X}).",
                "Type the text anew; copying from another program often brings such characters.",
            )

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str) or key == "<<":
                self.document.refuse(place, "Keys are plain words; merging is not used here.")
            self.document.lines[(*place, key)] = key_node.start_mark.line + 1
            if "*" in key:
                self.document.refuse((*place, key), "A wildcard permits what nobody has named.", "Name each of them.")
            if key in found:
                self.document.refuse((*place, key), "This key stands here twice.")
            found[key] = self.plain(value_node, (*place, key))
        if not found:
            self.document.refuse(place, "An empty mapping says nothing: leave the key out, or name what is meant.")
        return found
