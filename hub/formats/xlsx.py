"""Workbooks of Excel (XLSX) to rows. Pure: a workbook is read from memory, and nothing in it is calculated, run or fetched.

A workbook is a zip of XML, whose table of contents stands at its end; so it is held whole, packed, and for that may not be
large. It is unpacked once within limits, without a parser, before openpyxl sees it. A row keeps itself as CSV under the
workbook's header, which this format reads as well: whoever mends a row has no workbook around it.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any, Final

from openpyxl import load_workbook

from hub.connector import Layout
from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.errors import Fault, Malformed
from hub.formats.csv import CsvReader
from hub.formats.dialect import LONGEST_LINE, CsvInspector
from hub.formats.header import asked, hold_header, refused
from hub.formats.paths import BAD_CHARACTER, INCOMPLETE, TOO_LONG

LARGEST_PACKED: Final = 64 << 20
"""Bytes of a workbook as it comes."""
MOST_ROWS: Final = 100_000
"""Rows of a sheet; whoever has more sends CSV."""
_LARGEST: Final = 512 << 20  # bytes of all parts together, unpacked
_MOST_PARTS: Final = 2000
_RATIO, _FREE = 200, 10 << 20
_MOST_CELLS: Final = 500
_MOST_BLANK: Final = 1000  # blank rows after one another: what follows is beyond the end of the table
_CONTENTS, _BOOK = "[Content_Types].xml", "xl/workbook.xml"
_ACTIVE: Final = (b"application/vnd.ms-excel.sheet.macroEnabled", b"application/vnd.ms-office.vbaProject")
_NO_OUTCOME: Final = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?: [^<>]*)?/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ROW: Final = re.compile(rb"<(?:\w+:)?(?:row\b[^>]*?\sr=[\"']([0-9]{1,9})[\"']|(?:v|t)(?:\s[^>]*)?>[^<])")
"""Where a row begins, or a value."""
_LONGEST_MARK: Final = 1 << 20
_OTHER_ENCODING: Final = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=\s*[\"'](?!utf-8[\"']|us-ascii[\"'])", re.IGNORECASE)
_SAFE_NUMBER: Final = 10**15
_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK"

Cells = list[str | None]
"""The cells of a row as text; None for one that has no value that is certain."""


class _Held:
    """The bytes of a file, up to what is held of one."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._size = 0

    def feed(self, block: bytes, /) -> None:
        self._size += len(block)
        if self._size <= LARGEST_PACKED:
            self._blocks.append(block)
        else:
            self._blocks.clear()

    def take(self) -> bytes:
        """Raises errors.Malformed where it is too much."""
        if self._size > LARGEST_PACKED:
            raise refused("It is larger than a workbook may be.", Fault("bestand", "BESTAND_TE_GROOT"))
        data = b"".join(self._blocks)
        self._blocks.clear()
        return data


class _Order:
    """The rows of a sheet as they are written: one that is out of order, or there twice, would be passed over in silence.

    `last` is the last one that holds a value.
    """

    def __init__(self) -> None:
        self.last = 0
        self._row, self._held = 0, b""

    def look(self, block: bytes) -> None:
        """Raises errors.Malformed."""
        data = self._held + block
        end = max(data.rfind(b"<"), 0)
        self._held = data[end:]  # a mark, or the value behind it, that may go on
        if len(self._held) > _LONGEST_MARK:
            raise _unsafe("A mark or a value in it is far too long.")
        for found in _ROW.finditer(data, 0, end):
            if found[1] is None:
                self.last = max(self._row, 1)
            elif int(found[1]) <= self._row:
                raise _disordered()
            else:
                self._row = int(found[1])


class XlsxInspector:
    """Holds the workbook until it is whole, and decides on it."""

    def __init__(self, sheet: str, columns: frozenset[str], required: frozenset[str]) -> None:
        self._sheet, self._columns, self._required = sheet, columns, required
        self._held = _Held()
        self.header: tuple[str, ...] = ()

    def feed(self, block: bytes, /) -> None:
        self._held.feed(block)

    def finish(self) -> Layout:
        """Raises errors.Malformed where it is no workbook, unsafe, too large, or its sheet is not as agreed."""
        data = self._held.take()
        if not data.startswith(_ZIP):
            return self._kept(data)
        ends = _safe(data)
        last = 0
        with closing(_rows(data, self._sheet, ends)) as rows:
            for number, cells in rows:
                if not self.header:
                    self.header = tuple(_names(cells))
                last = number
        if not self.header:
            raise refused("It is empty.", Fault("bestand", "BESTAND_LEEG"))
        return Layout("xlsx", "", last, hold_header(self.header, self._columns, self._required))

    def _kept(self, data: bytes) -> Layout:
        if data.startswith(_COMPOUND):
            # Also how Excel writes a workbook with a password, and one of before 2007.
            raise refused("It has a password, or is of before 2007.", Fault("bestand", "BESTAND_VERSLEUTELD"))
        inspector = CsvInspector(self._columns, self._required)
        inspector.feed(data)
        layout = inspector.finish()
        self.header = inspector.header
        return layout


class XlsxReader:
    """Gives the rows once the workbook is whole; their numbers are those of the sheet."""

    def __init__(self, sheet: str, layout: Layout, columns: frozenset[str]) -> None:
        self._sheet, self._layout, self._columns = sheet, layout, columns
        self._held = _Held()

    def feed(self, block: bytes, /) -> list[Row]:
        self._held.feed(block)
        return []

    def finish(self) -> list[Row]:
        """Raises errors.Malformed where it is another file than was looked at."""
        data = self._held.take()
        if not data.startswith(_ZIP):
            reader = CsvReader(self._layout, self._columns)
            return [*reader.feed(data), *reader.finish()]
        ends = _safe(data)
        with closing(_rows(data, self._sheet, ends)) as rows:
            return list(self._read(rows))

    def _read(self, rows: Iterator[tuple[int, Cells]]) -> Iterator[Row]:
        _, first = next(rows, (0, []))
        names = _names(first)
        columns = asked(self._columns)
        wanted = [(place, name) for place, name in enumerate(names) if name in columns]
        header = _line(names)
        for number, cells in rows:
            cells += [""] * (len(names) - len(cells))
            raw = Personal(header + _line(["" if cell is None else cell for cell in cells[: len(names)]])[:LONGEST_LINE])
            fault = INCOMPLETE if any(cells[len(names) :]) or any(cells[place] is None for place, _ in wanted) else None
            if len(raw.reveal()) - len(header) >= LONGEST_LINE:
                fault = TOO_LONG
            elif any(cell and "\0" in cell for cell in cells):
                fault = BAD_CHARACTER
            content = {} if fault else {name: _plain(cells[place] or "") for place, name in wanted}
            yield Row(number, Personal(content), raw, fault)


class XlsxFormat:
    """XLSX; satisfies `hub.connector.FileFormat`. `sheet` by name; without it the first that is not hidden."""

    def __init__(self, sheet: str = "") -> None:
        self._sheet = sheet

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> XlsxInspector:
        return XlsxInspector(self._sheet, columns, required)

    def read(self, layout: Layout, columns: frozenset[str], /) -> XlsxReader:
        return XlsxReader(self._sheet, layout, columns)


def _safe(data: bytes) -> dict[str, int]:
    """Unpacks every part within limits and keeps none: of each sheet, by its part, the last row that holds a value.

    Raises errors.Malformed on a bomb, a password, macros, a doctype, or rows that are not in order.
    """
    wrong, ends = "", dict[str, int]()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            names = [part.filename for part in parts]
            if len(parts) > _MOST_PARTS or len(set(names)) != len(names):
                raise _unsafe("It has too many parts, or one twice.")
            if any(part.flag_bits & 1 for part in parts):
                raise refused("It has a password.", Fault("bestand", "BESTAND_VERSLEUTELD"))
            if "xl/workbook.bin" in names or "mimetype" in names:
                why = "It is a workbook of another kind (XLSB, ODS): one that is saved as XLSX can be read."
                raise refused(why, Fault("bestand", "BESTAND_ONLEESBAAR"))
            if _CONTENTS not in names or _BOOK not in names:
                raise refused("It is a zip and no workbook.", Fault("bestand", "BESTAND_ONLEESBAAR"))
            total = 0
            for part in parts:
                order = _Order()
                total += _unpacked(packed, part, total, len(data), order)
                ends[part.filename] = order.last
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError, ValueError, OverflowError):
        wrong = "It is no whole workbook."
    if wrong:
        raise refused(wrong, Fault("bestand", "BESTAND_ONLEESBAAR"))
    return ends


def _unpacked(packed: zipfile.ZipFile, part: zipfile.ZipInfo, before: int, size: int, order: _Order) -> int:
    """Bytes of a part, counted as they come out: what its table of contents says of them is anybody's word."""
    total, kept, markup = 0, b"", part.filename.endswith((".xml", ".rels", ".vml"))
    with packed.open(part) as reading:
        while block := reading.read(1 << 16):
            total += len(block)
            if before + total > _LARGEST or (before + total > _FREE and before + total > _RATIO * size):
                raise _unsafe("Unpacked it is far larger than a file of rows is.")
            joined = kept + block
            if markup and (b"\0" in block or _OTHER_ENCODING.match(joined)):
                raise refused("It is written in another encoding than UTF-8.", Fault("bestand", "XML_ONVEILIG"))
            if markup and (b"<!DOCTYPE" in joined or b"<!ENTITY" in joined or joined.startswith((b"\xff\xfe", b"\xfe\xff"))):
                raise refused("It has a document type or entities.", Fault("bestand", "XML_ONVEILIG"))
            if part.filename == _CONTENTS and any(active in joined for active in _ACTIVE):
                raise _unsafe("It has macros.")
            if part.filename.startswith("xl/worksheets/"):
                order.look(block)
            if part.filename.startswith("xl/worksheets/") and _NO_OUTCOME.search(joined):
                raise refused(
                    "A formula in it has no outcome: open it in Excel and save it.", Fault("bestand", "WAARDE_ONGELDIG")
                )
            kept = joined[-100:]
    return total


def _rows(data: bytes, sheet: str, ends: Mapping[str, int]) -> Generator[tuple[int, Cells], None, None]:
    """The rows of the sheet that are not blank, with their numbers, the header first. Raises errors.Malformed."""
    wrong: Malformed | None = None
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False, keep_vba=False)
        with closing(book):
            yield from _sheet_rows(book, sheet, ends)
    except Malformed:
        raise
    except Exception:  # whatever openpyxl meets in what somebody made up
        wrong = refused("It is no workbook that can be read.", Fault("bestand", "BESTAND_ONLEESBAAR"))
    if wrong is not None:
        raise wrong


def _sheet_rows(book: Any, name: str, ends: Mapping[str, int]) -> Iterator[tuple[int, Cells]]:
    sheets = {each.title: each for each in book.worksheets}
    seen = (each for each in sheets.values() if each.sheet_state == "visible")
    sheet = sheets.get(name) if name else next(seen, None)
    if sheet is None:
        raise refused("It has no sheet of the agreed name.", Fault("kop", "KOP_ONBEKEND"))
    with suppress(AttributeError):
        sheet.reset_dimensions()  # what a sheet says of its size is not relied on
    read, blank = 0, 0
    for number, found in enumerate(sheet.iter_rows(max_col=_MOST_CELLS), start=1):
        cells = [_text(cell) for cell in found]
        while cells and cells[-1] == "":
            cells.pop()
        if not cells:
            blank += 1
            if blank > _MOST_BLANK:
                if ends.get(getattr(sheet, "_worksheet_path", ""), max(ends.values())) > number:
                    raise _disordered()
                return
            continue
        read, blank = read + 1, 0
        if read > MOST_ROWS + 1:
            raise refused("It has more rows than a workbook may have here.", Fault("bestand", "BESTAND_TE_GROOT"))
        yield number, cells


def _text(cell: Any) -> str | None:
    """A cell as text; None for an error, and for a formula of which the workbook holds no outcome."""
    value, kind = cell.value, cell.data_type
    if value is None:
        return None if kind in ("f", "e") else ""
    if kind == "e":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(timespec="seconds")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _SAFE_NUMBER else repr(value)
    return " ".join(str(value).splitlines()) if isinstance(value, str) else str(value)


def _names(cells: Sequence[str | None]) -> list[str]:
    return [(cell or "").strip().upper() for cell in cells]


def _plain(cell: str) -> str:
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and '"' not in cell[2:-1] else cell


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return out.getvalue().encode("utf-8", "replace")


def _disordered() -> Malformed:
    why = "Its rows are not one table: out of order, there twice, or far apart."
    return refused(why, Fault("bestand", "BESTAND_ONLEESBAAR"))


def _unsafe(why: str) -> Malformed:
    return refused(why, Fault("bestand", "BESTAND_VERPAKT_ONGELDIG"))
