"""Workbooks: cells as text, and what is refused before anything is opened."""

from __future__ import annotations

import datetime
import io
import zipfile

import pytest

from hub.errors import Fault, Malformed
from hub.formats import xlsx
from hub.formats.xlsx import XlsxFormat
from tests.hostile.parse import alone, parse, workbook, zipped

COLUMNS = frozenset({"BSN", "DATUM", "NAAM"})
HEAD: list[object] = ["bsn ", "Datum", "NAAM", "anders"]


def changed(book: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The same workbook with one part changed."""
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        parts = [(each, packed.read(each)) for each in packed.namelist()]
    assert any(each == name and old in data for each, data in parts)
    return zipped(*((each, data.replace(old, new) if each == name else data) for each, data in parts))


def refused(data: bytes, sheet: str = "") -> tuple[str, str]:
    with pytest.raises(Malformed) as caught:
        parse(XlsxFormat(sheet), data, COLUMNS, COLUMNS)
    fault = caught.value.faults[0]
    return fault.where, fault.code


def test_cells_are_text() -> None:
    rows: list[list[object]] = [
        [],
        HEAD,
        [999990019, datetime.date(2024, 2, 29), "'t Hart"],
        ["0123", datetime.datetime(2024, 2, 29, 13, 5, tzinfo=None), "0123"],  # noqa: DTZ001
        [],
        [12.0, 1.5, 'Zoë;\n"B"', "x"],
        [True, None, "@x"],
    ]
    form = XlsxFormat()
    parsed = parse(form, workbook({"Blad1": rows, "Blad2": []}), COLUMNS, COLUMNS, 1000)
    assert [(row.number, *row.content.reveal().values()) for row in parsed.rows] == [
        (3, "999990019", "2024-02-29", "'t Hart"),
        (4, "0123", "2024-02-29T13:05:00", "0123"),
        (6, "12", "1.5", 'Zoë; "B"'),
        (7, "true", "", "@x"),
    ]
    assert parsed.layout.ignored == 1
    assert [alone(form, row, COLUMNS, COLUMNS) for row in parsed.rows] == parsed.cells


def test_a_sheet_by_name() -> None:
    book = workbook({"Uitleg": [["lees mij"]], "Rijen": [HEAD, [1, 2, 3]]})
    assert parse(XlsxFormat("Rijen"), book, COLUMNS, COLUMNS).cells == [{"BSN": "1", "DATUM": "2", "NAAM": "3"}]
    assert refused(book, "Weg") == ("kop", "KOP_ONBEKEND")
    assert refused(book) == ("kop", "KOP_ONBEKEND")


def test_a_row_beside_the_table_and_an_error_are_torn() -> None:
    book = workbook({"A": [HEAD, [1, 2, 3, 4, "erbij"], ["#N/A", 2, 3], [1, 2, 3]]})
    assert parse(XlsxFormat(), book, COLUMNS).faults == {2: "RIJ_ONVOLLEDIG", 3: "RIJ_ONVOLLEDIG"}


def test_a_formula_without_an_outcome_is_refused_and_one_with_is_read() -> None:
    book = workbook({"A": [HEAD, ["=1+1", 2, 3]]})
    assert refused(book) == ("bestand", "WAARDE_ONGELDIG")
    told = changed(book, "xl/worksheets/sheet1.xml", b"<v/>", b"<v>2</v>") if b"<v/>" in _sheet(book) else None
    told = told or changed(book, "xl/worksheets/sheet1.xml", b"</f><v></v>", b"</f><v>2</v>")
    assert parse(XlsxFormat(), told, COLUMNS).cells[0]["BSN"] == "2"


def _sheet(book: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        return packed.read("xl/worksheets/sheet1.xml")


GOOD = workbook({"A": [HEAD, [1, 2, 3]]})
CONTENTS = "[Content_Types].xml"
PACKED = ("bestand", "BESTAND_VERPAKT_ONGELDIG")
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (changed(GOOD, SHEET, b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'), ("bestand", "XML_ONVEILIG")),
        (
            changed(
                GOOD,
                CONTENTS,
                b"<Default",
                b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Default',
            ),
            ("bestand", "BESTAND_VERPAKT_ONGELDIG"),
        ),
        (GOOD[:-30], ("bestand", "BESTAND_ONLEESBAAR")),
        (
            GOOD.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
            ("bestand", "BESTAND_VERSLEUTELD"),
        ),
        (zipped(("a.xml", b"x"), ("b.xml", b"x")).replace(b"b.xml", b"a.xml"), PACKED),
        (zipped(("a.txt", b"x")), ("bestand", "BESTAND_ONLEESBAAR")),
        (changed(GOOD, "xl/workbook.xml", b"<sheets>", b"<sheet"), ("bestand", "BESTAND_ONLEESBAAR")),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512, ("bestand", "BESTAND_VERSLEUTELD")),
        (workbook({"A": []}), ("bestand", "BESTAND_LEEG")),
        (workbook({"A": [["BSN", "DATUM", "NAAM", "naam"]]}), ("NAAM", "KOLOM_DUBBEL")),
        (b"", ("bestand", "BESTAND_LEEG")),
        (b"\0\1\2", ("kop", "KOP_ONBEKEND")),
    ],
)
def test_refused_whole(data: bytes, fault: tuple[str, str]) -> None:
    assert refused(data) == fault


@pytest.mark.parametrize(
    ("filling", "why"), [(b"<!--" + b" " * 3_000_000 + b"-->", "far too long"), (b"<!---->" * 2_000_000, "far larger")]
)
def test_a_bomb_is_refused_before_it_is_opened(monkeypatch: pytest.MonkeyPatch, filling: bytes, why: str) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(xlsx, "load_workbook", opened)
    with pytest.raises(Malformed, match=why) as caught:
        parse(XlsxFormat(), changed(GOOD, SHEET, b"</sheetData>", filling + b"</sheetData>"), COLUMNS)
    assert caught.value.faults == (Fault("bestand", "BESTAND_VERPAKT_ONGELDIG"),)


def test_more_than_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "LARGEST_PACKED", 1000)
    assert refused(GOOD) == ("bestand", "BESTAND_TE_GROOT")
    monkeypatch.undo()
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    assert refused(workbook({"A": [HEAD, *([1, 2, 3] for _ in range(4))]})) == ("bestand", "BESTAND_TE_GROOT")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'<row r="3"', b'<row r="2"'),
        (b'<row r="2"', b'<row r="4"'),
        (b'<row r="4"', b'<row r="60000"'),
    ],
)
def test_no_row_is_passed_over_in_silence(old: bytes, new: bytes) -> None:
    book = workbook({"Blad1": [HEAD, [1, 2, 3], [4, 5, 6], [7, 8, 9]]})
    assert len(parse(XlsxFormat(), book, COLUMNS, COLUMNS).rows) == 3
    assert refused(changed(book, "xl/worksheets/sheet1.xml", old, new)) == ("bestand", "BESTAND_ONLEESBAAR")


def test_blank_rows_behind_the_table_are_none() -> None:
    book = workbook({"Blad1": [HEAD, [1, 2, 3]]})
    styled = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (number, number) for number in range(3, 1500))
    behind = changed(book, "xl/worksheets/sheet1.xml", b"</sheetData>", styled + b"</sheetData>")
    assert len(parse(XlsxFormat(), behind, COLUMNS, COLUMNS).rows) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-7"])
def test_a_document_type_hides_in_no_other_encoding(encoding: str) -> None:
    book = workbook({"Blad1": [HEAD, [1, 2, 3]]})
    text = _sheet(book).decode().partition("?>")[2] if _sheet(book).startswith(b"<?xml") else _sheet(book).decode()
    head = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE w [<!ENTITY e "x">]>'
    hidden = (head.replace("<!", "+ADwAIQ-") if encoding == "utf-7" else head) + text
    written = hidden.encode("ascii" if encoding == "utf-7" else encoding)
    assert refused(changed(book, "xl/worksheets/sheet1.xml", _sheet(book), written)) == ("bestand", "XML_ONVEILIG")
