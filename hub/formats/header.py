"""The names that a file gives to its columns or paths, held to those that a mapping reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from hub.errors import Fault, Malformed

_NAME: Final = re.compile(r"(?!.*[0-9]{3})[A-Za-z][A-Za-z0-9_.@ \[\]-]{0,79}", re.ASCII)
_MOST_STRANGE: Final = 20


def refused(why: str, *faults: Fault) -> Malformed:
    """The error for a file that is refused as a whole."""
    return Malformed("The file cannot be read.", why, "Ask the sender for a file in the agreed form.", faults=faults)


def telling(name: str) -> bool:
    """Whether a name that nobody agreed on may be told: it looks like a name and not like somebody's data."""
    return _NAME.fullmatch(name) is not None


def hold_header(names: Sequence[str], columns: frozenset[str], required: frozenset[str]) -> int:
    """How many named columns are unwanted. Raises errors.Malformed where one is missing that must be there, or one is twice."""
    known = [name for name in names if name in columns]
    twice = sorted({name for name in known if known.count(name) > 1})
    missing = sorted(required - set(known))
    if not known or missing:
        raise refused(
            "Its header lacks columns that must be there.",
            *(Fault(name, "KOP_ONBEKEND") for name in (missing if known else ["kop"])),
            *(Fault(name, "KOLOM_ONBEKEND") for name in _strange(names, known, columns, required)),
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


def _strange(names: Sequence[str], known: Sequence[str], columns: frozenset[str], required: frozenset[str]) -> list[str]:
    """Columns that nobody knows, which may be known ones under another name. Only of what is surely a header and nothing
    else: a file without a header begins with somebody's data, and where the end of its line was lost that follows it.
    """
    unknown = {name for name in names if name and name not in columns}
    if 2 * len(known) < len(required) or not all(map(telling, unknown)):
        return []
    return sorted(unknown)[:_MOST_STRANGE]
