"""Bytes of a CSV file to rows, without losing one and without one swallowing its neighbours. Pure.

A file is looked at twice. The first look (`inspect`) decides over the whole of it how it is written: encoding, delimiter,
header. The second (`read`) gives rows. Nothing is guessed halfway, so no row's meaning depends on what came after it.

Every row carries as `raw` the header's bytes and its own: a file of one row, which the same reader can read again after
somebody has mended it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from hub.connector import Layout
from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.domain.terms import ReasonCode
from hub.errors import Fault, Malformed

LONGEST_LINE: Final = 64 * 1024
"""Bytes of one line, and of one row over several lines. What is longer is torn, and kept up to here."""
MOST_LINES: Final = 20
"""Lines that one row may take, where a quoted cell holds line breaks."""

_DELIMITERS: Final = ";,\t|"
_MIXED: Final = "+utf-8"
"""Marks an encoding that some lines deny: they read as UTF-8 in a file that does not. They are set aside, not guessed at."""
_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_NAME: Final = re.compile(r"(?!.*[0-9]{3})[A-Za-z][A-Za-z0-9_. -]{0,39}", re.ASCII)
_MOST_STRANGE: Final = 20
_INCOMPLETE: Final = ReasonCode("RIJ_ONVOLLEDIG")
_BAD_CHARACTER: Final = ReasonCode("TEKEN_ONGELDIG")
_TOO_LONG: Final = ReasonCode("TE_LANG")


class _Lines:
    """Cuts bytes into physical lines at CRLF, LF or CR; a line over the limit is kept up to there and marked by its length."""

    def __init__(self) -> None:
        self._rest = b""
        self._first = True

    def feed(self, block: bytes) -> list[bytes]:
        """The lines that are whole, without their ends."""
        data = self._rest + block if self._rest else block
        if self._first and len(data) >= len(_BOM):
            data, self._first = data.removeprefix(_BOM), False
        elif self._first:
            self._rest = data
            return []
        lines = data.splitlines(keepends=True)
        self._rest = b""
        if lines and (not lines[-1].endswith((b"\n", b"\r")) or lines[-1].endswith(b"\r")):
            # A line that ends in CR may go on with LF in the next block.
            self._rest = lines.pop()
            if len(self._rest) > LONGEST_LINE + 1 and not self._rest.endswith(b"\r"):
                self._rest = self._rest[: LONGEST_LINE + 1]
        return [line.rstrip(b"\r\n")[: LONGEST_LINE + 1] for line in lines]

    def finish(self) -> list[bytes]:
        """The last line, if it had no end."""
        rest = self._rest.removeprefix(_BOM) if self._first else self._rest
        self._rest = b""
        return [rest.rstrip(b"\r\n")[: LONGEST_LINE + 1]] if rest else []


class CsvInspector:
    """Decides encoding, delimiter and header over the whole file."""

    def __init__(self, columns: frozenset[str], required: frozenset[str]) -> None:
        self._columns = columns
        self._required = required
        self._lines = _Lines()
        self._start = b""
        self._header: bytes | None = None
        self._count = 0
        self._utf8 = self._other = 0

    def feed(self, block: bytes, /) -> None:
        if len(self._start) < len(_BOM):
            self._start += block[: len(_BOM)]
        self._look(self._lines.feed(block))

    def finish(self) -> Layout:
        """Raises errors.Malformed when nothing can be read from this file: empty, no header of ours, a column twice."""
        self._look(self._lines.finish())
        if self._header is None:
            raise _refused("It is empty.", Fault("bestand", "BESTAND_LEEG"))
        if self._start.startswith(_UTF16) or b"\0" in self._header or len(self._header) > LONGEST_LINE:
            raise _refused("It does not begin with a header in UTF-8 or Windows-1252.", Fault("kop", "KOP_ONBEKEND"))
        # Where lines of both kinds occur the larger part decides, and the others are set aside as they come by: a file
        # that says with its first three bytes that it is UTF-8 is taken at its word.
        if self._start[:3] == _BOM or self._utf8 >= self._other:
            encoding = "utf-8"
        else:
            encoding = "cp1252" + _MIXED if self._utf8 else "cp1252"
        delimiter, names = self._delimiter(encoding.removesuffix(_MIXED))
        known = [name for name in names if name in self._columns]
        twice = sorted({name for name in known if known.count(name) > 1})
        missing = sorted(self._required - set(known))
        if not known or missing:
            raise _refused(
                "Its header lacks columns that must be there.",
                *(Fault(name, "KOP_ONBEKEND") for name in (missing if known else ["kop"])),
                *(Fault(name, "KOLOM_ONBEKEND") for name in self._strange(names, known)),
            )
        if twice:
            raise _refused("Its header names a column twice.", *(Fault(name, "KOLOM_DUBBEL") for name in twice))
        return Layout(encoding, delimiter, self._count, len([name for name in names if name]) - len(known))

    def _strange(self, names: Sequence[str], known: Sequence[str]) -> list[str]:
        """Columns that nobody knows, which may be known ones under another name. Only of what is surely a header and nothing
        else: a file without a header begins with somebody's data, and where the end of its line was lost that follows it.
        """
        unknown = {name for name in names if name and name not in self._columns}
        if 2 * len(known) < len(self._required) or not all(map(_NAME.fullmatch, unknown)):
            return []
        return sorted(unknown)[:_MOST_STRANGE]

    def _look(self, lines: Sequence[bytes]) -> None:
        self._count += len(lines)
        for line in lines:
            if not line.isascii():
                if _decodes(line):
                    self._utf8 += 1
                else:
                    self._other += 1
            if self._header is None and line.strip():
                self._header = line

    def _delimiter(self, encoding: str) -> tuple[str, list[str]]:
        assert self._header is not None, "an empty file was refused"
        try:
            text = self._header.decode(encoding)
        except UnicodeDecodeError:
            text = ""
        best: tuple[int, str, list[str]] = (-1, ";", [])
        for delimiter in _DELIMITERS:
            names = _names(text, delimiter)
            known = sum(name in self._columns for name in names)
            if known > best[0]:
                best = (known, delimiter, names)
        return best[1], best[2]


class CsvReader:
    """Gives the rows of a file whose layout is known. Feed it the same bytes from the start."""

    def __init__(self, layout: Layout, columns: frozenset[str]) -> None:
        self._encoding = layout.encoding.removesuffix(_MIXED)
        self._doubt = layout.encoding.endswith(_MIXED)
        self._delimiter = layout.delimiter
        self._columns = columns
        self._lines = _Lines()
        self._header = b""
        self._width = 0
        self._names: tuple[str, ...] = ()
        self._pick: Any = None
        self._number = 0
        self._waiting: list[bytes] = []  # lines from one with an open quote on, until it is closed or given up

    def feed(self, block: bytes, /) -> list[Row]:
        return list(self._rows(self._lines.feed(block), last=False))

    def finish(self) -> list[Row]:
        """The rows that were still open when the file ended."""
        return list(self._rows(self._lines.finish(), last=True))

    def _rows(self, lines: Sequence[bytes], *, last: bool) -> Iterator[Row]:
        queue = [*self._waiting, *lines]
        self._waiting = []
        at, end = 0, len(queue)
        while at < end:
            line = queue[at]
            if not line.strip():
                at += 1
                self._number += 1
                continue
            if not self._width:
                self._open(line)
                at += 1
                self._number += 1
                continue
            cells, fault = self._cells(line)
            taken = 1
            if cells is None and fault is None:  # a quote is open
                joined, taken = self._join(queue, at, last)
                if taken == 0:
                    self._waiting = queue[at:]
                    return
                line, cells = joined, self._parse(joined) if taken > 1 else None
                fault = None if cells is not None else _INCOMPLETE
            yield self._row(self._number + 1, line, cells, fault)
            at += taken
            self._number += taken

    def _open(self, line: bytes) -> None:
        names = _names(line.decode(self._encoding), self._delimiter)
        places = [place for place, name in enumerate(names) if name in self._columns]
        self._header = line + b"\n"
        self._width = len(names)
        self._names = tuple(names[place] for place in places)
        self._pick = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)

    def _row(self, number: int, line: bytes, cells: list[str] | None, fault: ReasonCode | None) -> Row:
        raw: Personal[bytes] = Personal(self._header + line[:LONGEST_LINE])
        if cells is None:
            return Row(number, Personal({}), raw, fault)
        return Row(number, Personal(dict(zip(self._names, self._pick(cells), strict=True))), raw, None)

    def _cells(self, line: bytes) -> tuple[list[str] | None, ReasonCode | None]:
        """The cells of one line, or what is wrong with it; neither, where a quote stays open."""
        if len(line) > LONGEST_LINE:
            return None, _TOO_LONG
        if b"\0" in line or (self._doubt and not line.isascii() and _decodes(line)):
            return None, _BAD_CHARACTER
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError:
            return None, _BAD_CHARACTER
        if '"' not in text:
            cells = text.split(self._delimiter)
            if len(cells) == self._width:
                return cells, None
        else:
            parsed = _parse(text, self._delimiter)
            if parsed is None:
                # An even number of quotes is closed: such a line is torn, and joining more to it mends nothing.
                return None, _INCOMPLETE if text.count('"') % 2 == 0 else None
            cells = parsed
        return (cells[: self._width], None) if self._fits(cells) else (None, _INCOMPLETE)

    def _fits(self, cells: list[str]) -> bool:
        """A row has the header's number of cells; one empty cell more is a delimiter at the end of the line."""
        return len(cells) == self._width or (len(cells) == self._width + 1 and not cells[-1])

    def _parse(self, line: bytes) -> list[str] | None:
        try:
            cells = _parse(line.decode(self._encoding), self._delimiter)
        except UnicodeDecodeError:
            return None
        return cells[: self._width] if cells is not None and self._fits(cells) else None

    def _join(self, queue: Sequence[bytes], at: int, last: bool) -> tuple[bytes, int]:
        """A row over several lines and how many; one line where it is torn, none where more lines are needed to know."""
        joined = queue[at]
        for more in range(1, MOST_LINES):
            if at + more >= len(queue):
                return (joined, 0) if not last else (queue[at], 1)
            line = queue[at + more]
            cells, _ = self._cells(line)
            if cells is not None:
                break  # a row of its own: it is not swallowed
            joined += b"\n" + line
            if len(joined) > LONGEST_LINE:
                break
            if joined.count(b'"') % 2 == 0 and b"\0" not in joined and self._parse(joined) is not None:
                return joined, more + 1
        return queue[at], 1


class CsvFormat:
    """CSV as Dutch systems write it; satisfies `hub.connector.FileFormat`."""

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> CsvInspector:
        return CsvInspector(columns, required)

    def read(self, layout: Layout, columns: frozenset[str], /) -> CsvReader:
        return CsvReader(layout, columns)


FORMAT: Final = CsvFormat()


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(text: str, delimiter: str) -> list[str] | None:
    try:
        found = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None


def _names(text: str, delimiter: str) -> list[str]:
    names = [name.strip().upper() for name in _parse(text, delimiter) or []]
    return names[:-1] if names and not names[-1] else names  # a delimiter at the end of the header names no column


def _refused(why: str, *faults: Fault) -> Malformed:
    return Malformed("The file cannot be read.", why, "Ask the sender for a file in the agreed form.", faults=faults)
