"""Files that are parts of one: which belong together, and which of them are still to come. Pure.

A part says so in its name, before its extension: `lijst.deel1van3.csv`, `lijst.part1of3.csv.gz`, `lijst_deel_01_van_12.xml`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

MOST_PARTS: Final = 500

_PART: Final = re.compile(
    r"(?P<before>.*?)[._ -](?:deel|part)[._ -]?(?P<number>[0-9]{1,4})"
    r"[._ -]?(?:van|of)[._ -]?(?P<all>[0-9]{1,4})(?P<after>(?:\.[^.]*)+)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Files that form one whole, in order. `missing` are the numbers of parts that are not there; `wrong` where a number is
    there twice, or is none of the parts that there should be. A file that is no part is a whole by itself.

    File names may hold a person's data: they are never stored or logged.
    """

    names: tuple[str, ...] = field(repr=False)
    missing: tuple[int, ...] = ()
    wrong: bool = False

    @property
    def whole(self) -> bool:
        """Whether all of it is there."""
        return not self.missing and not self.wrong


def parts_of(names: Iterable[str]) -> tuple[Group, ...]:
    """Which of these files form one whole, in the order in which the first of each was named."""
    groups: dict[tuple[str, ...], list[tuple[int, str]]] = defaultdict(list)
    for name in names:
        found = _PART.fullmatch(name)
        if found is None:
            groups[(name,)].append((0, name))
        else:
            key = (found["before"].lower(), str(int(found["all"])), found["after"].lower())
            groups[key].append((int(found["number"]), name))
    return tuple(_group(key, parts) for key, parts in groups.items())


def _group(key: tuple[str, ...], parts: list[tuple[int, str]]) -> Group:
    names = tuple(name for _, name in sorted(parts))
    if len(key) == 1:
        return Group(names, wrong=len(names) > 1)
    most = int(key[1])
    numbers = [number for number, _ in parts]
    if not 1 <= most <= MOST_PARTS or len(set(numbers)) < len(numbers) or not all(1 <= number <= most for number in numbers):
        return Group(names, wrong=True)
    return Group(names, tuple(number for number in range(1, most + 1) if number not in numbers))
