"""The names that a file gives to its columns or paths, held to those that a mapping reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Sequence
from typing import Final

from hub.errors import Fault, Malformed

_NAME: Final = re.compile(r"(?!.*[0-9]{3})[A-Za-z][A-Za-z0-9_.@ \[\]-]{0,79}", re.ASCII)
_MOST_STRANGE: Final = 20


class Numbered:
    """Names of which some have a number in them: `DATUM#` stands for `DATUM1`, `DATUM2` and so on, at most three digits."""

    def __init__(self, columns: frozenset[str]) -> None:
        self._columns = columns
        signs = ((name, re.escape(name).replace(re.escape("#"), "[0-9]{1,3}")) for name in sorted(columns) if "#" in name)
        self._signs = [(name, re.compile(sign, re.ASCII)) for name, sign in signs]

    def name(self, name: str) -> str:
        """How it was asked for; itself, where it was not."""
        if name in self._columns:
            return name
        return next((asked for asked, sign in self._signs if sign.fullmatch(name)), name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.name(name) in self._columns


def asked(columns: frozenset[str]) -> Container[str]:
    """What tells whether a column of a file is read; the set itself where no name in it has a number."""
    return Numbered(columns) if any("#" in name for name in columns) else columns


def refused(why: str, *faults: Fault) -> Malformed:
    """The error for a file that is refused as a whole."""
    return Malformed("The file cannot be read.", why, "Ask the sender for a file in the agreed form.", faults=faults)


def telling(name: str) -> bool:
    """Whether a name that nobody agreed on may be told: it looks like a name and not like somebody's data."""
    return _NAME.fullmatch(name) is not None


def hold_header(names: Sequence[str], columns: frozenset[str], required: frozenset[str]) -> int:
    """How many named columns are unwanted. Raises errors.Malformed where one is missing that must be there, or one is twice."""
    wanted = asked(columns)
    known = [name for name in names if name in wanted]
    twice = sorted({name for name in known if known.count(name) > 1})
    missing = sorted(required - set(known))
    if not known or missing:
        raise refused(
            "Its header lacks columns that must be there.",
            *(Fault(name, "KOP_ONBEKEND") for name in (missing if known else ["kop"])),
            *(Fault(name, "KOLOM_ONBEKEND") for name in _strange(names, known, wanted, required)),
        )
    if twice:
        raise refused("Its header names a column twice.", *(Fault(name, "KOLOM_DUBBEL") for name in twice))
    return len([name for name in names if name]) - len(known)


def hold_paths(seen: Collection[str], records: int, columns: frozenset[str], required: frozenset[str]) -> int:
    """As `hold_header`, for records that each name their own values; `seen` are all paths that occurred, wanted ones as asked.

    Of several records at least one must have what is required: where none has, the path has another name. Of a single record
    the mapping says better what it lacks.
    """
    known = [name for name in seen if name in columns]
    missing = sorted(required - set(known))
    if records > 1 and missing:
        unknown = sorted(name for name in seen if name not in columns)
        told = unknown[:_MOST_STRANGE] if known and all(map(telling, unknown)) else []
        raise refused(
            "None of its records has values that must be there.",
            *(Fault(name, "KOP_ONBEKEND") for name in (missing if known else ["kop"])),
            *(Fault(name, "KOLOM_ONBEKEND") for name in told),
        )
    return len(seen) - len(known)


def _strange(names: Sequence[str], known: Sequence[str], columns: Container[str], required: frozenset[str]) -> list[str]:
    """Columns that nobody knows, which may be known ones under another name. Only of what is surely a header and nothing
    else: a file without a header begins with somebody's data, and where the end of its line was lost that follows it.
    """
    unknown = {name for name in names if name and name not in columns}
    if 2 * len(known) < len(required) or not all(map(telling, unknown)):
        return []
    return sorted(unknown)[:_MOST_STRANGE]
