"""A field that holds a list: texts, or objects such as a day of absence, out of cells that have a number in their name.

In a tree these are the places of a list (`dag[0].datum`), in a table columns with a number (`DATUM1`), from 1 on. A list is
read whole or not at all: a place that is skipped and an entry that lacks something are faults where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from hub.normalise import convert

MOST: Final = 100
"""Entries of a list, and of a list within one of them."""
_GAP: Final = "VERPLICHT_VELD_LEEG"
_TOO_MANY: Final = "TE_LANG"
_TWICE: Final = "VELD_DUBBEL"
_NO_PLACE: Final = "WAARDE_ONGELDIG"
_FAULT: Final = re.compile(r"\[([0-9]+)\](?:\.([A-Za-z]+)(?:\[([0-9]+)\])?)?", re.ASCII)

Wrongs = list[tuple[str, str]]
"""Places and reason codes."""
_Places = tuple[int, ...]


class Part:
    """Cells of one kind in a list. `source` is what they are called, with `#` where a number stands.

    `field` is what they fill of an object, by its name on the wire; "" where they are the entries. `how` converts one, if it
    must be. With `split` a cell holds several, with this sign between them.
    """

    def __init__(self, source: str, field: str, how: convert.Convert | None, split: str | None) -> None:
        self.source, self.field, self._how, self._split = source, field, how, split
        self._number = "[#]" if "[#]" in source else "#"
        number = r"(?:\[([0-9]{1,9})\])?" if self._number == "[#]" else "([0-9]{1,3})"
        self._sign = re.compile(re.escape(source).replace(re.escape(self._number), number), re.ASCII)
        self._head = source.partition(self._number)[0]

    def places(self, name: str) -> _Places | None:
        """The places of a cell, from 0 on, by its name; None where it is none of these. What stands alone is the first."""
        if not name.startswith(self._head) or (found := self._sign.fullmatch(name)) is None:
            return None
        return tuple(int(place or 0) if self._number == "[#]" else int(place) - 1 for place in found.groups())

    def at(self, *places: int) -> str:
        """What the cell at these places is called, as far as they are known."""
        name = self.source
        for place in places:
            name = name.replace(self._number, f"[{place}]" if self._number == "[#]" else str(place + 1), 1)
        return name.replace("[#]", "")

    def take(self, places: _Places, text: str, into: dict[_Places, Any]) -> str:
        """Puts what a cell holds into its place; a reason code where it cannot be."""
        texts = [text] if self._split is None else text.split(self._split)
        for number, each in enumerate(texts):
            at = places if self._split is None else (*places, number)
            if max(at) >= MOST or min(at) < 0:
                return _TOO_MANY if max(at) >= MOST else _NO_PLACE
            if at in into:
                return _TWICE
            into[at] = None  # there, whatever it is: no gap
            try:
                into[at] = each.strip() if self._how is None else self._how(each.strip())
            except convert.Wrong as fault:
                return fault.code
        return ""


class Many:
    """Reads one list. `field` is its name on the wire; `whole` what an entry is called in a tree, "" in a table."""

    def __init__(self, field: str, parts: Sequence[Part], whole: str) -> None:
        self.field, self.parts, self._whole = field, tuple(parts), whole

    def read(self, cells: Mapping[str, str]) -> tuple[list[Any], Wrongs]:
        """What it holds, and everything that is wrong with it."""
        found: dict[Part, dict[_Places, Any]] = {part: {} for part in self.parts}
        wrong: Wrongs = []
        for name, cell in cells.items():
            for part in self.parts if (text := cell.strip()) else ():
                if (places := part.places(name)) is not None and (code := part.take(places, text, found[part])):
                    if code == _TOO_MANY:
                        return [], [(self.place(""), code)]
                    wrong.append((name, code))
        entries: dict[int, Any] = {}
        for part, held in found.items():
            for places, value in held.items():
                if not part.field:
                    entries[places[0]] = value
                elif len(places) == 1:
                    entries.setdefault(places[0], {})[part.field] = value
                else:
                    entries.setdefault(places[0], {}).setdefault(part.field, {})[places[1]] = value
        for place, entry in entries.items():
            for part in self.parts if isinstance(entry, dict) else ():
                if isinstance(within := entry.get(part.field), dict):
                    entry[part.field] = _in_order(within, partial(part.at, place), wrong)
        return _in_order(entries, self.parts[0].at, wrong), wrong

    def place(self, rest: str) -> str:
        """What a fault of the record is about in the form, by what stands behind the field's name there: `[2].datum`."""
        if (found := _FAULT.match(rest)) is None:
            return self._whole or self.parts[0].at()
        places = [int(place) for place in (found[1], found[3]) if place]
        part = next((part for part in self.parts if part.field == (found[2] or "")), None)
        if part is not None:
            return part.at(*places)
        return f"{self._whole}[{places[0]}]" if self._whole else self.parts[0].at(places[0])

    def covers(self, name: str) -> bool:
        """Whether a cell of this name, or a column as it is asked for, is a part of the list."""
        return any(part.source == name or part.places(name) is not None for part in self.parts)


def _in_order(found: Mapping[int, Any], at: Callable[[int], str], wrong: Wrongs) -> list[Any]:
    places = range(max(found, default=-1) + 1)
    wrong += [(at(place), _GAP) for place in places if place not in found]
    return [found.get(place) for place in places]
