"""The closed set of conversions that a mapping may name: from a cell of text to the value our record's JSON has there.

Each takes a cell that is trimmed and not empty, and raises `Wrong` with a reason code, never with the cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.domain.personal import Bsn, Onderwijsnummer
from hub.domain.terms import ReasonCode
from hub.normalise.lists import name_key

Converted = str | int | float | bool
Convert = Callable[[str], Converted]


class Wrong(Exception):
    """A cell that cannot be converted, by reason code."""

    def __init__(self, code: str) -> None:
        self.code = ReasonCode(code)
        super().__init__(code)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _ddmmyyyy(cell: str) -> str | None:
    return f"{cell[4:]}-{cell[2:4]}-{cell[:2]}" if len(cell) == 8 and _is_digits(cell) else None


def _iso(cell: str) -> str | None:
    dashes = len(cell) == 10 and cell[4] == cell[7] == "-"
    return cell if dashes and _is_digits(cell[:4] + cell[5:7] + cell[8:]) else None


def _dutch(cell: str) -> str | None:
    dashes = len(cell) == 10 and cell[2] == cell[5] == "-"
    return f"{cell[6:]}-{cell[3:5]}-{cell[:2]}" if dashes and _is_digits(cell[:2] + cell[3:5] + cell[6:]) else None


def _slashes(cell: str) -> str | None:
    return _dutch(cell.replace("/", "-")) if "-" not in cell else None


def _short(cell: str) -> str | None:
    found = _SHORT.fullmatch(cell)
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else None


def _excel(cell: str) -> str | None:
    # Up to 60 a spreadsheet counts a 29 February 1900 that never was: nobody here is that old.
    if not 3 <= len(cell) <= 5 or not _is_digits(cell) or int(cell) <= 60:
        return None
    return (_EPOCH + timedelta(days=int(cell))).isoformat()


def _datetime(cell: str) -> str | None:
    if not _MOMENT.fullmatch(cell):
        return None
    try:
        moment = datetime.fromisoformat(cell)
        # The first and the last day of the calendar lie outside it in some zone.
        return (moment.astimezone(_AMSTERDAM) if moment.tzinfo else moment).date().isoformat()
    except (ValueError, OverflowError):
        return None


_SHORT: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})", re.ASCII)
_EPOCH: Final = date(1899, 12, 30)
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?", re.ASCII
)
_DATES: Final[Mapping[str, Callable[[str], str | None]]] = {
    "yyyy-mm-dd": _iso,
    "dd-mm-yyyy": _dutch,
    "d-m-yyyy": _short,
    "dd/mm/yyyy": _slashes,
    "ddmmyyyy": _ddmmyyyy,
    "excel": _excel,
    "datetime": _datetime,
}
_POSTCODE: Final = re.compile(r"([1-9][0-9]{3}) ?([A-Za-z]{2})", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,6}([.,][0-9]{1,2})?", re.ASCII)
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_TELEPHONE_MARKS: Final = str.maketrans("", "", " -()./")
_BRIN: Final = re.compile(r"([0-9]{2}[A-Za-z]{2})([0-9]{2})?", re.ASCII)
_GARBLED: Final = re.compile(
    "â€|[ÂÃÄÅ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"  # UTF-8 read as Windows-1252
    "|(?<=[A-Za-z])[„†ˆ“”™](?=[A-Za-z])|€(?=[a-z])|(?<=[A-Za-z])[‚‡‰‹]|(?<=[a-z])[ŠŒŽ](?=[a-z])"  # that of DOS read so
)
_HOUSE: Final = re.compile(r"([0-9]{1,5})(?![0-9])[ /-]*(.*)")


def text(cell: str) -> str:
    """Text as it is, unless it was read in another encoding than it was written in: what then stands between letters is in no
    name. A file of a few rows, or one in XML that says it wrongly, does not tell."""
    if not cell.isascii() and _GARBLED.search(cell):
        raise Wrong("TEKEN_ONGELDIG")
    return cell


def date_in(forms: Sequence[str]) -> Convert:
    """A date in one of `forms`; only its shape is judged here, the calendar is the record's."""
    shapes = tuple(_DATES[form] for form in forms if form != "yyyymmdd")
    packed = len(shapes) < len(forms)

    def convert(cell: str) -> str:
        # The commonest form is read here, quickly; digits of other scripts are the record's to refuse.
        if packed and len(cell) == 8 and cell.isdigit():
            return f"{cell[:4]}-{cell[4:6]}-{cell[6:]}"
        for shape in shapes:
            if (found := shape(cell)) is not None:
                return found
        raise Wrong("DATUM_ONGELDIG")

    return convert


def yes_no(yes: Sequence[str], no: Sequence[str]) -> Convert:
    """One of the agreed words for yes or for no, in capitals or not; any other word is unknown, and unknown is not no."""
    words = {word.upper(): True for word in yes} | {word.upper(): False for word in no}

    def convert(cell: str) -> bool:
        if (found := words.get(cell)) is None and (found := words.get(cell.upper())) is None:
            raise Wrong("CODE_ONBEKEND")
        return found

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


def gemeente_in(names: Mapping[str, str]) -> Convert:
    """A gemeente by its code, or by its name in the list; `names` by `hub.normalise.lists.name_key`."""

    def convert(cell: str) -> str:
        code = names.get(name_key(cell))
        return gemeentecode(cell) if code is None else code

    return convert


def number(cell: str) -> int:
    """A whole number of at most nine digits, without sign."""
    if len(cell) > 9 or not _is_digits(cell):
        raise Wrong("WAARDE_ONGELDIG")
    return int(cell)


def decimal(cell: str) -> float:
    """A number with at most two digits behind its comma or point, such as `7,5`."""
    if not _DECIMAL.fullmatch(cell):
        raise Wrong("WAARDE_ONGELDIG")
    return float(cell.replace(",", "."))


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


def split_bsn(cell: str) -> tuple[str, str]:
    """The same where only a BSN may stand."""
    name, digits = split_pgn(cell)
    if name != "bsn":
        raise Wrong("BSN_ONGELDIG")
    return name, digits


def split_onderwijsnummer(cell: str) -> tuple[str, str]:
    """The same where only an onderwijsnummer may stand."""
    if not Onderwijsnummer.accepts(cell):
        raise Wrong("ONDERWIJSNUMMER_ONGELDIG")
    return "onderwijsnummer", cell


def split_brin(cell: str) -> tuple[str, str]:
    """`25pl00` is BRIN 25PL and site 00; the site is empty where it is not there."""
    found = _BRIN.fullmatch(cell)
    if found is None:
        raise Wrong("WAARDE_ONGELDIG")
    return found[1].upper(), found[2] or ""


def split_house(cell: str) -> tuple[int, str]:
    """`12-a`, `12 bis` and `12a` are number 12 and what stands behind it."""
    found = _HOUSE.fullmatch(cell)
    if found is None:
        raise Wrong("WAARDE_ONGELDIG")
    return int(found[1]), found[2].strip()


def split_surname(prefixes: Mapping[str, str]) -> Callable[[str], tuple[str, str]]:
    """`Berg, van der` is Berg and a prefix of the list; a name without a comma is whole, and any other tail is no name."""

    def split(cell: str) -> tuple[str, str]:
        name, comma, tail = text(cell).rpartition(",")
        if not comma:
            return cell, ""
        prefix = prefixes.get(name_key(tail.replace("\u2019", "'")))
        if prefix is None or not name.strip():
            raise Wrong("WAARDE_ONGELDIG")
        return name.strip(), prefix

    return split
