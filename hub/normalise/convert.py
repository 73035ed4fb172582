"""The closed set of conversions that a mapping may name: from a cell of text to the value our record's JSON has there.

Each takes a cell that is trimmed and not empty, and raises `Wrong` with a reason code, never with the cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from hub.domain.personal import Bsn, Onderwijsnummer
from hub.domain.terms import ReasonCode

Converted = str | int | bool
Convert = Callable[[str], Converted]


class Wrong(Exception):
    """A cell that cannot be converted, by reason code."""

    def __init__(self, code: str) -> None:
        self.code = ReasonCode(code)
        super().__init__(code)


def _yyyymmdd(cell: str) -> str | None:
    return f"{cell[:4]}-{cell[4:6]}-{cell[6:]}" if len(cell) == 8 and _is_digits(cell) else None


def _iso(cell: str) -> str | None:
    dashes = len(cell) == 10 and cell[4] == cell[7] == "-"
    return cell if dashes and _is_digits(cell[:4] + cell[5:7] + cell[8:]) else None


def _dutch(cell: str) -> str | None:
    dashes = len(cell) == 10 and cell[2] == cell[5] == "-"
    return f"{cell[6:]}-{cell[3:5]}-{cell[:2]}" if dashes and _is_digits(cell[:2] + cell[3:5] + cell[6:]) else None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


_DATES: Final[Mapping[str, Callable[[str], str | None]]] = {"yyyymmdd": _yyyymmdd, "yyyy-mm-dd": _iso, "dd-mm-yyyy": _dutch}
_POSTCODE: Final = re.compile(r"([1-9][0-9]{3}) ?([A-Za-z]{2})", re.ASCII)
_TELEPHONE_MARKS: Final = str.maketrans("", "", " -()./")


def date_in(forms: Sequence[str]) -> Convert:
    """A date in one of `forms`; only its shape is judged here, the calendar is the record's."""
    shapes = tuple(_DATES[form] for form in forms)

    def convert(cell: str) -> str:
        for shape in shapes:
            date = shape(cell)
            if date is not None:
                return date
        raise Wrong("DATUM_ONGELDIG")

    return convert


def yes_no(yes: Sequence[str], no: Sequence[str]) -> Convert:
    """One of the agreed words for yes or for no, in capitals or not; any other word is unknown, and unknown is not no."""
    words = {word.upper(): True for word in yes} | {word.upper(): False for word in no}

    def convert(cell: str) -> bool:
        try:
            return words[cell.upper()]
        except KeyError:
            raise Wrong("CODE_ONBEKEND") from None

    return convert


def code_in(table: Mapping[str, str]) -> Convert:
    """A code of the sender's list, as our code for the same thing."""

    def convert(cell: str) -> str:
        try:
            return table[cell]
        except KeyError:
            raise Wrong("CODE_ONBEKEND") from None

    return convert


def postcode(cell: str) -> str:
    """`1234 ab` and `1234AB` alike."""
    found = _POSTCODE.fullmatch(cell)
    if found is None:
        raise Wrong("WAARDE_ONGELDIG")
    return found[1] + found[2].upper()


def gemeentecode(cell: str) -> str:
    """Four digits, the zeros that a spreadsheet dropped put back."""
    if len(cell) > 4 or not _is_digits(cell):
        raise Wrong("WAARDE_ONGELDIG")
    return cell.zfill(4)


def number(cell: str) -> int:
    """A whole number of at most nine digits, without sign."""
    if len(cell) > 9 or not _is_digits(cell):
        raise Wrong("WAARDE_ONGELDIG")
    return int(cell)


def telephone(cell: str) -> str:
    """A telephone number without the marks people write between its digits."""
    return cell.translate(_TELEPHONE_MARKS)


def split_pgn(cell: str) -> tuple[str, str]:
    """Which of the two numbers a persoonsgebonden nummer is, by its remainder, and the number itself.

    Eight digits are a BSN that lost its leading zero to a spreadsheet, if the elfproef agrees; nothing else is mended.
    """
    digits = "0" + cell if len(cell) == 8 else cell
    if Bsn.accepts(digits):
        return "bsn", digits
    if Onderwijsnummer.accepts(cell):
        return "onderwijsnummer", cell
    raise Wrong("BSN_ONGELDIG")
