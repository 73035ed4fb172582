"""Records that are trees, as a dict from path to text: what XML and JSON have in common. Pure.

`leerling.naam.achternaam` is a leaf, `leerling.@id` an attribute of XML, `adres[1].straat` a leaf in the second of several.
A path that is asked for as `dag[#].datum` is there for each of several, or for one that stands alone.
In XML `adres.straat` is also `adres[0].straat`, for one and the first of several are written alike there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from typing import Final

from hub.connector import Layout
from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.domain.terms import ReasonCode
from hub.formats.header import hold_paths

LONGEST_TEXT: Final = 64 * 1024
"""Characters of one leaf."""
LARGEST_RECORD: Final = 1 << 20
"""Characters of one record; a row that is longer is torn."""
DEEPEST: Final = 32
"""Levels within a record."""
TWICE: Final = ReasonCode("VELD_DUBBEL")
TOO_LONG: Final = ReasonCode("TE_LANG")
BAD_CHARACTER: Final = ReasonCode("TEKEN_ONGELDIG")
BAD_VALUE: Final = ReasonCode("WAARDE_ONGELDIG")
INCOMPLETE: Final = ReasonCode("RIJ_ONVOLLEDIG")

_INDEX: Final = re.compile(r"\[(?:[0-9]+|#)\]", re.ASCII)
_ESCAPED: Final = re.escape("[#]")
_MOST_NAMES: Final = 1000

Leaf = tuple[str, str]


class Torn(Exception):
    """A record that is set aside; `code` says why."""

    def __init__(self, code: ReasonCode) -> None:
        super().__init__(code)
        self.code = code


class Wanted:
    """The paths that a mapping reads."""

    def __init__(self, columns: frozenset[str], *, first_is_one: bool) -> None:
        self._columns = columns
        self._single = frozenset(name for name in columns if "[" not in name)
        self._many = {
            _INDEX.sub("", name): (name, re.compile(re.escape(name).replace(_ESCAPED, r"(?:\[[0-9]+\])?"), re.ASCII))
            for name in columns
            if "#" in name
        }
        self._aliases: dict[str, str] = {}
        for name in columns if first_is_one else ():
            parts = name.split("[0]")
            for signs in product(("[0]", ""), repeat=len(parts) - 1) if len(parts) < 6 else ():
                self._aliases["".join(part + sign for part, sign in zip(parts, (*signs, ""), strict=True))] = name

    def name(self, path: str) -> str:
        """The column that a path is; itself, where it is none."""
        if path in self._columns:
            return path
        return self._many[several][0] if (several := self._several(path)) is not None else self._aliases.get(path, path)

    def _several(self, path: str) -> str | None:
        """The path without its places, where it is asked for as one of several."""
        return several if self._many and (several := _INDEX.sub("", path)) in self._many else None

    def pick(self, leaves: Iterable[Leaf]) -> dict[str, str]:
        """Raises `Torn` for what a text cannot hold, and where there are several of what is read as one."""
        found: dict[str, str] = {}
        for path, text in leaves:
            if len(text) > LONGEST_TEXT:
                raise Torn(TOO_LONG)
            name = path if path in self._columns else self._aliases.get(path)
            if name is not None:
                if name in found:  # `a.b` as a name of its own, and as b in a
                    raise Torn(TWICE)
                found[name] = text
            elif self._many and (several := self._several(path)) is not None:
                if not self._many[several][1].fullmatch(path):
                    raise Torn(BAD_VALUE)  # several where there is one, or a list in a list
                found[path] = text
            elif "[" in path and _INDEX.sub("", path) in self._single:
                raise Torn(TWICE)
            else:
                continue
            if "\0" in text or (not text.isascii() and _torn(text)):
                raise Torn(BAD_CHARACTER)
        return found

    def row(self, number: int, leaves: Iterable[Leaf], raw: bytes) -> Row:
        """The record as a row, set aside where it cannot be read. `leaves` may raise `Torn` itself."""
        try:
            return Row(number, Personal(self.pick(leaves)), Personal(raw), None)
        except Torn as torn:
            return self.torn(number, raw, torn.code)

    @staticmethod
    def torn(number: int, raw: bytes, code: ReasonCode) -> Row:
        """A row that carries no cells."""
        return Row(number, Personal({}), Personal(raw), code)


class Seen:
    """The paths that occur in a file: what a header is to other formats."""

    def __init__(self, columns: frozenset[str], required: frozenset[str], *, first_is_one: bool) -> None:
        self._wanted = Wanted(columns, first_is_one=first_is_one)
        self._columns, self._required = columns, required
        self._paths: set[str] = set()  # as they occur, so that each is looked at once
        self._names: dict[str, None] = {}
        self.records = 0

    def add(self, leaves: Iterable[Leaf]) -> None:
        """One record more; a torn one counts, and says nothing of paths."""
        self.records += 1
        try:
            for path, _ in leaves:
                if path not in self._paths and len(self._paths) < _MOST_NAMES:
                    name = self._wanted.name(path)
                    if "#" not in name:
                        self._paths.add(path)
                    self._names[name if name in self._columns else _INDEX.sub("", name)] = None
        except Torn:
            return

    @property
    def names(self) -> tuple[str, ...]:
        """The paths so far: those that are wanted as they were asked for, others without their places in lists."""
        return tuple(self._names)

    def layout(self, encoding: str, delimiter: str = "") -> Layout:
        """Raises errors.Malformed where no record has what is required."""
        ignored = hold_paths(self._names, self.records, self._columns, self._required)
        return Layout(encoding, delimiter, self.records, ignored)


def _torn(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
