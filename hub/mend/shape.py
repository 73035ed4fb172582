"""What a cell looks like, without what it says. Pure.

A shape must help whoever mends a mapping, and tell nothing of a young person. So a date, number or postcode shows digits as 9
and letters as a, three for three or more (the only month of three letters is May); a text shows how long it is within a band
(a name of two letters is rare); a code shows whether it stands in the agreed list (codes of one list differ in length).
"""

from __future__ import annotations

import re
from typing import Final

EMPTY: Final = "leeg"
LISTED: Final = "code uit de lijst"
HIDDEN: Final = "niet getoond"
"""An optional column that was read: whether it is filled already says something (a date of death)."""
LONGEST: Final = 40

_BANDS: Final = ((5, "1-5"), (10, "6-10"), (20, "11-20"), (40, "21-40"))
_LETTERS: Final = re.compile(r"a{3,}")
_MARKS: Final = frozenset("-./:+ ")


def band(cell: str) -> str:
    """How long a text is, roughly."""
    found = next((words for most, words in _BANDS if len(cell) <= most), "meer dan 40")
    return f"tekst, {found} tekens"


def shape(cell: str) -> str:
    """Letters as a, digits as 9, marks that dates and numbers are written with as they are, any other sign as ?."""
    signs = "".join(_sign(sign) for sign in cell[:LONGEST])
    return _LETTERS.sub("aaa", signs) + ("…" if len(cell) > LONGEST else "")


def _sign(sign: str) -> str:
    if sign.isalpha():
        return "a"
    if sign.isdigit():
        return "9"
    return sign if sign in _MARKS else "?"
