"""How a CSV file is written: its encoding, delimiter and quotes, decided over the whole of it. Pure.

What a row keeps of itself is decided upon again by the same rules when somebody reads it alone; where one row says less than
its file did, `hub.formats.csv` writes the decision into what it keeps: a mark of UTF-8, or a header in quotes.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.connector import Layout
from hub.errors import Fault
from hub.formats.header import asked, hold_header, refused

LONGEST_LINE: Final = 64 * 1024
"""Bytes of one line, and of one row over several lines. What is longer is torn, and kept up to here."""
BOM: Final = codecs.BOM_UTF8
MIXED: Final = "+utf-8"
"""Marks an encoding that some lines deny: they read as UTF-8 in a file that does not. They are set aside, not guessed at."""
LATIN_9: Final = "iso-8859-15"

_DELIMITERS: Final = ";,\t|:~"
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_SEP: Final = re.compile(rb"\"?sep=([^A-Za-z0-9\"'\s]|\t)\"?", re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_WINDOWS: Final = re.compile(rb"[\x80-\x9f]")
_LETTERS: Final = re.compile(
    rb"(?<=[A-Za-z\xc0-\xff])[\xa6\xa8\xb8\xbc\xbd]|(?<![0-9])[\xa6\xa8\xb8\xbc\xbd](?=[A-Za-z\xc0-\xff])"
    rb"|(?<![0-9A-Za-z\xc0-\xff])\xb4(?=[a-z]{2})"
)
"""Š š ž Œ œ in ISO-8859-15, and signs that stand in no word (¦ ¨ ¸ ¼ ½) in Windows-1252. Ž at the beginning of a name, which is
an accent there: that stands for an apostrophe, as in ´t and O´B, and before one letter of a word at most."""


@dataclass(frozen=True, slots=True)
class Quoted(Layout):
    """The layout of a file that quotes its cells in another way than with double quotes."""

    quote: str


class Lines:
    """Cuts bytes into physical lines at CRLF, LF or CR; a line over the limit is kept up to there and marked by its length.

    A file that says that it is UTF-16 comes out in UTF-8; half a pair of surrogates comes out as what is no UTF-8.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._first = True
        self._decoder: codecs.IncrementalDecoder | None = None
        self.marked = ""
        """The encoding that the file's first bytes say, if they do."""

    def feed(self, block: bytes) -> list[bytes]:
        """The lines that are whole, without their ends."""
        if self._first:
            if len(self._rest) + len(block) < len(BOM):
                self._rest += block
                return []
            block, self._rest, self._first = self._begin(self._rest + block), b"", False
        if self._decoder is not None:
            block = self._decoder.decode(block).encode("utf-8", "surrogatepass")
        data = self._rest + block if self._rest else block
        lines = data.splitlines(keepends=True)
        self._rest = b""
        if lines and (not lines[-1].endswith((b"\n", b"\r")) or lines[-1].endswith(b"\r")):
            # A line that ends in CR may go on with LF in the next block.
            self._rest = lines.pop()
            if len(self._rest) > LONGEST_LINE + 1 and not self._rest.endswith(b"\r"):
                self._rest = self._rest[: LONGEST_LINE + 1]
        return [line.rstrip(b"\r\n")[: LONGEST_LINE + 1] for line in lines]

    def finish(self) -> list[bytes]:
        """The last lines, the last of all if it had no end."""
        if self._first:
            block, self._rest, self._first = self._begin(self._rest), b"", False
            lines = self.feed(block)
        else:
            lines = []
        if self._decoder is not None:
            try:
                self._rest += self._decoder.decode(b"", True).encode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                self._rest += b"\xff"  # half a letter: the line is torn
        rest, self._rest = self._rest, b""
        return [*lines, *(line[: LONGEST_LINE + 1] for line in rest.splitlines())]

    def _begin(self, start: bytes) -> bytes:
        if start.startswith(BOM):
            self.marked = "utf-8"
            return start.removeprefix(BOM)
        for mark, name in _UTF16.items():
            if start.startswith(mark):
                self.marked = "utf-16"
                self._decoder = codecs.getincrementaldecoder(name)("surrogatepass")
                return start.removeprefix(mark)
        return start


def told_delimiter(line: bytes) -> str | None:
    """The delimiter that a first line `sep=;` tells, as Excel writes and reads it."""
    found = _SEP.fullmatch(line.strip(b" "))
    return found[1].decode("ascii") if found and found[1].isascii() else None


class CsvInspector:
    """Decides encoding, delimiter, quotes and header over the whole file."""

    def __init__(self, columns: frozenset[str], required: frozenset[str]) -> None:
        self._columns, self._wanted = columns, asked(columns)
        self._required = required
        self._lines = Lines()
        self._header: bytes | None = None
        self._told: str | None = None
        self._open: re.Pattern[bytes] | None = None
        self._row = (";", 0)
        self._count = 0
        self._utf8 = self._other = 0
        self._windows = self._latin = False
        self._enclosed = self._unenclosed = 0
        self.header: tuple[str, ...] = ()
        """The names of all columns, once the file is finished: what parts of one file must have alike."""

    def feed(self, block: bytes, /) -> None:
        self._look(self._lines.feed(block))

    def finish(self) -> Layout:
        """Raises errors.Malformed when nothing can be read from this file: empty, no header of ours, a column twice."""
        self._look(self._lines.finish())
        if self._header is None:
            raise refused("It is empty.", Fault("bestand", "BESTAND_LEEG"))
        if _CONTROL.search(self._header) or len(self._header) > LONGEST_LINE:
            raise refused("It does not begin with a header in a known encoding.", Fault("kop", "KOP_ONBEKEND"))
        encoding = self._encoding()
        delimiter, quote, names = self._dialect("utf-8" if encoding == "utf-16" else encoding.removesuffix(MIXED))
        self.header = tuple(names)
        ignored = hold_header(names, self._columns, self._required)
        if any(len(name.splitlines()) > 1 for name in names):  # its lines end in a way of their own: all of it is header
            raise refused("It does not begin with a header of one line.", Fault("kop", "KOP_ONBEKEND"))
        if quote == '"':
            return Layout(encoding, delimiter, self._count, ignored)
        return Quoted(encoding, delimiter, self._count, ignored, quote)

    def _encoding(self) -> str:
        """Where lines of both kinds occur the larger part decides, and the others are set aside as they come by: a file that
        says with its first bytes that it is Unicode is taken at its word."""
        if self._lines.marked or self._utf8 >= self._other:
            return self._lines.marked or "utf-8"
        single = LATIN_9 if self._latin and not self._windows else "cp1252"
        return single + MIXED if self._utf8 else single

    def _look(self, lines: Sequence[bytes]) -> None:
        self._count += len(lines)
        if self._header is None:
            for at, line in enumerate(lines):
                if not line.strip():
                    continue
                if self._told is None and (told := told_delimiter(line)) is not None:
                    self._told = told
                    continue
                self._header = line
                delimiter, _, names = self._dialect("latin-1")
                self._row = (delimiter, len(names))
                self._open = re.compile(rb"(?:^|%s)'" % re.escape(delimiter.encode()))
                lines = [line, *lines[at + 1 :]]
                break
            else:
                return
        whole = b"\n".join(lines)
        if not whole.isascii():
            for line in lines:
                if not line.isascii():
                    self._look_at(line)
        if b"'" in whole and self._open is not None:
            for line in lines:
                if b"'" in line and line is not self._header and self._open.search(line):
                    self._look_at_quotes(line)

    def _look_at(self, line: bytes) -> None:
        if decodes(line):
            self._utf8 += 1
            return
        self._other += 1
        self._windows = self._windows or _WINDOWS.search(line) is not None
        self._latin = self._latin or _LETTERS.search(line) is not None

    def _look_at_quotes(self, line: bytes) -> None:
        delimiter, width = self._row
        cells = parse(line.decode("latin-1"), delimiter, "'")
        closed = cells is not None and len(cells) == width
        self._enclosed += closed
        self._unenclosed += not closed

    def _dialect(self, encoding: str) -> tuple[str, str, list[str]]:
        """Delimiter and quote that give most of the columns we know. Where the header is in no quotes the cells decide: in
        single ones only if every cell that begins with one is closed by one, for names do begin with them ('t, 's-)."""
        assert self._header is not None, "an empty file was refused"
        try:
            text = self._header.decode(encoding)
        except UnicodeDecodeError:
            text = ""
        best: tuple[int, str, str, list[str]] = (-1, self._told or ";", '"', [])
        for delimiter in (self._told,) if self._told else _DELIMITERS:
            for quote in "\"'":
                names = names_in(text, delimiter, quote)
                known = sum(name in self._wanted for name in names)
                if known > best[0]:
                    best = (known, delimiter, quote, names)
        _, delimiter, quote, names = best
        if quote == '"' and '"' not in text and self._enclosed and not self._unenclosed:
            quote = "'"
        return delimiter, quote, names


def seems_latin_9(line: bytes) -> bool:
    """Whether a line in one byte a letter would by itself be taken for ISO-8859-15."""
    return not line.isascii() and _LETTERS.search(line) is not None and _WINDOWS.search(line) is None


def decodes(line: bytes) -> bool:
    """Whether it is UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def parse(text: str, delimiter: str, quote: str = '"') -> list[str] | None:
    """The cells of a row; None where its quotes are not as they must be."""
    try:
        found = list(csv.reader([text], delimiter=delimiter, quotechar=quote, strict=True))
    except csv.Error:
        return None
    return found[0] if len(found) == 1 else None


def names_in(text: str, delimiter: str, quote: str = '"') -> list[str]:
    """The names of a header, trimmed and in capitals; a delimiter at its end names no column."""
    names = [name.strip().upper() for name in parse(text, delimiter, quote) or []]
    return names[:-1] if names and not names[-1] else names
