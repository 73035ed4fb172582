"""Records to the bytes of a file: CSV, XML, JSON or XLSX. Pure, and the same bytes for the same records.

Whoever opens a file in a spreadsheet must not run what somebody typed into a field: a text that a spreadsheet would take for a
formula is written as text (CWE-1236). Values are never altered otherwise; what a format cannot hold is refused.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import xlsxwriter
from lxml import etree

from hub.errors import Malformed, Misconfigured

Records = Sequence[Mapping[str, str]]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
"""A number, or a telephone number: it begins with a sign, and calculates nothing."""
_SURROGATE_OR_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STEP: Final = re.compile(r"@?[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_LONGEST_CELL: Final = 32_767  # characters; Excel's own limit
_MOST_ROWS: Final = 1_048_575
_BEGINNING: Final = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)


class Writer(Protocol):
    """How records are written; a column that a record does not have is empty, or in a tree absent."""

    def write(self, records: Records, columns: Sequence[str], /) -> bytes:
        """The whole file. Raises errors.Malformed where a value cannot be written, without repeating it."""
        ...


def inert(text: str) -> str:
    """The text, so that a spreadsheet takes it for one."""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


class CsvWriter:
    """CSV (RFC 4180) with another delimiter, quote or encoding where a recipient wants one."""

    def __init__(self, *, delimiter: str = ";", quote: str = '"', encoding: str = "utf-8", bom: bool = False) -> None:
        if len(delimiter) != 1 or len(quote) != 1 or delimiter == quote or encoding not in ("utf-8", "cp1252"):
            raise Misconfigured("This CSV cannot be written.", "Its dialect is none.", "Choose another delimiter or encoding.")
        self._delimiter, self._quote = delimiter, quote
        self._encoding = "utf-8-sig" if bom and encoding == "utf-8" else encoding

    def write(self, records: Records, columns: Sequence[str], /) -> bytes:
        """Raises errors.Malformed where a value has a sign that the encoding does not."""
        out = io.StringIO()
        # A reader tells other quotes than the usual ones by a header that has them.
        quoting: Any = csv.QUOTE_MINIMAL if self._quote == '"' else csv.QUOTE_ALL
        writer = csv.writer(out, delimiter=self._delimiter, quotechar=self._quote, lineterminator="\r\n", quoting=quoting)
        writer.writerow([inert(name) for name in columns])
        for record in records:
            writer.writerow([inert(_clean(record.get(name, ""))) for name in columns])
        return _encoded(out.getvalue(), self._encoding)


class JsonWriter:
    """JSON: a list, or at `records` (`data.leerlingen`) in a document; columns with dots are objects within objects."""

    def __init__(self, records: str = "") -> None:
        self._pointer = tuple(records.split(".")) if records else ()

    def write(self, records: Records, columns: Sequence[str], /) -> bytes:
        """Raises errors.Malformed where a value is no text that can be written."""
        paths = _paths(columns)
        document: Any = [_tree(record, paths) for record in records]
        for name in reversed(self._pointer):
            document = {name: document}
        return _encoded(json.dumps(document, ensure_ascii=False, separators=(",", ":")), "utf-8")


class XmlWriter:
    """XML: records as elements `record` in `root`, both in `namespace`; columns with dots are elements within elements, the
    last name with @ an attribute."""

    def __init__(self, root: str, record: str, namespace: str = "") -> None:
        if not all(_STEP.fullmatch(name) and name[0] != "@" for name in (root, record)):
            raise Misconfigured("This XML cannot be written.", "A name of it is none.", "Choose another name.")
        self._root, self._record, self._namespace = root, record, namespace

    def write(self, records: Records, columns: Sequence[str], /) -> bytes:
        """Raises errors.Malformed where a value has a sign that XML cannot hold."""
        paths = _paths(columns)
        prefixes: Any = {None: self._namespace} if self._namespace else None
        root = etree.Element(self._tag(self._root), nsmap=prefixes)
        for record in records:
            self._fill(etree.SubElement(root, self._tag(self._record)), _tree(record, paths))
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _fill(self, element: etree._Element, tree: Mapping[str, Any]) -> None:
        for name, held in tree.items():
            if name.startswith("@"):
                element.set(name[1:], held)
            elif isinstance(held, str):
                etree.SubElement(element, self._tag(name)).text = held
            else:
                self._fill(etree.SubElement(element, self._tag(name)), held)

    def _tag(self, name: str) -> str:
        return f"{{{self._namespace}}}{name}" if self._namespace else name


class XlsxWriter:
    """XLSX of one sheet. Every cell is text, numbers and dates too: none loses its zeros, and none is calculated."""

    def __init__(self, sheet: str = "Gegevens") -> None:
        if not 1 <= len(sheet) <= 31 or re.search(r"[\[\]:*?/\\']", sheet):
            raise Misconfigured("This sheet cannot be written.", "Its name is none.", "Choose another name.")
        self._sheet = sheet

    def write(self, records: Records, columns: Sequence[str], /) -> bytes:
        """Raises errors.Malformed where there are more rows, or a longer text, than a sheet holds."""
        if len(records) > _MOST_ROWS:
            raise _refused("There are more rows than a sheet holds.")
        out = io.BytesIO()
        book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        book.set_properties({"created": _BEGINNING})
        sheet = book.add_worksheet(self._sheet)
        for place, name in enumerate(columns):
            sheet.write_string(0, place, inert(name))
        for number, record in enumerate(records, start=1):
            for place, name in enumerate(columns):
                text = inert(_clean(record.get(name, "")))
                if len(text) > _LONGEST_CELL:
                    raise _refused("A text is longer than a cell holds.")
                sheet.write_string(number, place, text)
        book.close()
        return out.getvalue()


def _paths(columns: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Raises errors.Misconfigured where columns do not make one tree."""
    paths = [(name, tuple(name.split("."))) for name in columns]
    whole = {path for _, path in paths}
    inner = {path[:end] for path in whole for end in range(1, len(path))}
    steps = all(
        _STEP.fullmatch(step) and (step[0] != "@" or at == len(path) - 1) for path in whole for at, step in enumerate(path)
    )
    if not steps or whole & inner or len(whole) < len(paths):
        raise Misconfigured("These columns cannot be written.", "They do not make one tree of names.", "Name them otherwise.")
    return paths


def _tree(record: Mapping[str, str], paths: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, path in paths:
        if (text := record.get(name)) is not None:
            at = tree
            for step in path[:-1]:
                at = at.setdefault(step, {})
            at[path[-1]] = _clean(text)
    return tree


def _clean(text: str) -> str:
    if _SURROGATE_OR_CONTROL.search(text):
        raise _refused("A text has a sign that no file can hold.")
    return text


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        pass
    raise _refused("A text has a sign that the encoding of the file does not have.")


def _refused(why: str) -> Malformed:
    return Malformed("The file cannot be written.", why, "Write it in another format, or mend the record at its source.")
