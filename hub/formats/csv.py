"""Bytes of a CSV file to rows, without losing one and without one swallowing its neighbours. Pure.

A file is looked at twice. The first look (`hub.formats.dialect`) decides over the whole of it how it is written: encoding,
delimiter, quotes, header. The second gives rows. Nothing is guessed halfway, so no row's meaning depends on what came after it.

Every row carries as `raw` the header's bytes and its own: a file of one row, which the same reader can read again after
somebody has mended it. Cells are text and stay so: what Excel would calculate is not calculated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from hub.connector import Layout
from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.domain.terms import ReasonCode
from hub.formats.dialect import (
    BOM,
    LATIN_9,
    LONGEST_LINE,
    MIXED,
    CsvInspector,
    Lines,
    Quoted,
    decodes,
    names_in,
    parse,
    seems_latin_9,
    told_delimiter,
)
from hub.formats.header import asked

MOST_LINES: Final = 20
"""Lines that one row may take, where a quoted cell holds line breaks."""

_INCOMPLETE: Final = ReasonCode("RIJ_ONVOLLEDIG")
_BAD_CHARACTER: Final = ReasonCode("TEKEN_ONGELDIG")
_TOO_LONG: Final = ReasonCode("TE_LANG")
_AS_TEXT: Final = re.compile(r'="([^"]*)"')
"""How Excel writes a text that looks like a number: ="0123"."""


class CsvReader:
    """Gives the rows of a file whose layout is known. Feed it the same bytes from the start."""

    def __init__(self, layout: Layout, columns: frozenset[str]) -> None:
        single = layout.encoding.removesuffix(MIXED)
        self._encoding = "utf-8" if single == "utf-16" else single
        self._doubt = layout.encoding.endswith(MIXED)
        self._marked = single in ("utf-16", LATIN_9)  # of which one row by itself would not say so
        self._delimiter = layout.delimiter
        self._nothing = b" \t\r\n\x0b\x0c" + layout.delimiter.encode()  # what a line may be of that no row stands on
        self._quote = layout.quote if isinstance(layout, Quoted) else '"'
        self._columns = asked(columns)
        self._lines = Lines()
        self._told = b""
        self._header = b""
        self._in_quotes = b""  # the header in quotes, for rows that alone would not say which quotes their file has
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
            if not line.strip(self._nothing):
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
        if not self._told and told_delimiter(line) == self._delimiter:
            self._told = line + b"\n"
            return
        text, quote = line.decode(self._encoding), self._quote
        names = names_in(text, self._delimiter, quote)
        places = [place for place, name in enumerate(names) if name in self._columns]
        self._header = self._in_quotes = self._told + line + b"\n"
        if quote not in text:
            cells = (f"{quote}{name}{quote}" for name in text.split(self._delimiter))
            self._in_quotes = self._told + self._delimiter.join(cells).encode(self._encoding) + b"\n"
        self._begins = re.compile(rb"(?:^|%s)'" % re.escape(self._delimiter.encode()))
        self._width = len(names)
        self._names = tuple(names[place] for place in places)
        self._pick = itemgetter(*places) if len(places) > 1 else lambda cells: (cells[places[0]],)

    def _row(self, number: int, line: bytes, cells: list[str] | None, fault: ReasonCode | None) -> Row:
        raw: Personal[bytes] = Personal(self._kept(line))
        if cells is None:
            return Row(number, Personal({}), raw, fault)
        picked = self._pick(cells)
        if b'="' in line:
            picked = [found[1] if (found := _AS_TEXT.fullmatch(cell)) else cell for cell in picked]
        return Row(number, Personal(dict(zip(self._names, picked, strict=True))), raw, None)

    def _kept(self, line: bytes) -> bytes:
        """The header and the row, so written that by themselves they are read as they are in their file."""
        ambiguous = self._quote != '"' or (b"'" in line and self._begins.search(line) is not None)
        kept = (self._in_quotes if ambiguous else self._header) + line[:LONGEST_LINE]
        if self._marked:
            return BOM + (kept if self._encoding == "utf-8" else kept.decode(self._encoding).encode())
        if self._encoding == "cp1252" and seems_latin_9(kept):
            try:
                return BOM + kept.decode("cp1252").encode()
            except UnicodeDecodeError:
                return kept  # torn
        return kept

    def _cells(self, line: bytes) -> tuple[list[str] | None, ReasonCode | None]:
        """The cells of one line, or what is wrong with it; neither, where a quote stays open."""
        if len(line) > LONGEST_LINE:
            return None, _TOO_LONG
        if b"\0" in line or (self._doubt and not line.isascii() and decodes(line)):
            return None, _BAD_CHARACTER
        try:
            text = line.decode(self._encoding)
        except UnicodeDecodeError:
            return None, _BAD_CHARACTER
        quote = self._quote
        if quote not in text:
            cells = text.split(self._delimiter)
            if len(cells) == self._width:
                return cells, None
        else:
            parsed = parse(text, self._delimiter, quote)
            if parsed is None:
                # An even number of quotes is closed: such a line is torn, and joining more to it mends nothing.
                return None, _INCOMPLETE if text.count(quote) % 2 == 0 else None
            cells = parsed
        return (cells[: self._width], None) if self._fits(cells) else (None, _INCOMPLETE)

    def _fits(self, cells: list[str]) -> bool:
        """A row has the header's number of cells; one empty cell more is a delimiter at the end of the line."""
        return len(cells) == self._width or (len(cells) == self._width + 1 and not cells[-1])

    def _parse(self, line: bytes) -> list[str] | None:
        try:
            cells = parse(line.decode(self._encoding), self._delimiter, self._quote)
        except UnicodeDecodeError:
            return None
        return cells[: self._width] if cells is not None and self._fits(cells) else None

    def _join(self, queue: Sequence[bytes], at: int, last: bool) -> tuple[bytes, int]:
        """A row over several lines and how many; one line where it is torn, none where more lines are needed to know."""
        joined, quote = queue[at], self._quote.encode()
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
            if joined.count(quote) % 2 == 0 and b"\0" not in joined and self._parse(joined) is not None:
                return joined, more + 1
        return queue[at], 1


class CsvFormat:
    """CSV as Dutch systems write it; satisfies `hub.connector.FileFormat`."""

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> CsvInspector:
        return CsvInspector(columns, required)

    def read(self, layout: Layout, columns: frozenset[str], /) -> CsvReader:
        return CsvReader(layout, columns)


FORMAT: Final = CsvFormat()
