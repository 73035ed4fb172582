"""CSV as anybody writes it: what decides is the whole file, and a row by itself is read as in its file."""

from __future__ import annotations

import pytest

from hub.formats.csv import FORMAT
from tests.hostile.parse import Parsed, alone, parse
from tests.hostile.read import file, line, read

COLUMNS = frozenset({"NAAM", "PLAATS"})


def told(data: bytes) -> Parsed:
    parsed = parse(FORMAT, data, COLUMNS, COLUMNS)
    for row in parsed.rows:
        assert alone(FORMAT, row, COLUMNS, COLUMNS) == row.content.reveal()
    return parsed


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", ":", "~"])
def test_delimiters(delimiter: str) -> None:
    parsed = told(f"naam{delimiter} Plaats \nJansen{delimiter}Delft\n".encode())
    assert (parsed.layout.delimiter, parsed.cells) == (delimiter, [{"NAAM": "Jansen", "PLAATS": "Delft"}])


def test_a_first_line_that_tells_the_delimiter() -> None:
    parsed = told(b"sep=^\r\nNAAM^PLAATS\r\nJansen^Delft\r\n")
    assert [(row.number, row.content.reveal()["PLAATS"]) for row in parsed.rows] == [(3, "Delft")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "iso-8859-15"])
def test_encodings(encoding: str) -> None:
    parsed = told("NAAM;PLAATS\nŠimić-Zoë;Groß\nZoë;Delft\n".replace("ć", "c").encode(encoding))
    assert [cells["NAAM"] for cells in parsed.cells] == ["Šimic-Zoë", "Zoë"]


def test_big_endian_without_an_end_of_line() -> None:
    assert told(b"\xfe\xff" + "NAAM;PLAATS\nZoë;Delft".encode("utf-16-be")).cells == [{"NAAM": "Zoë", "PLAATS": "Delft"}]


def test_half_a_pair_of_utf_16_is_torn() -> None:
    data = b"\xff\xfe" + "NAAM;PLAATS\n".encode("utf-16-le") + b"\x00\xd8" + ";Delft\nA;B\n".encode("utf-16-le")
    assert parse(FORMAT, data, COLUMNS).faults == {2: "TEKEN_ONGELDIG"}


def test_a_half_is_no_letter_and_an_accent_no_caron() -> None:
    """House number 12½ and D´Angelo are Windows-1252: of these bytes ISO-8859-15 makes œ and Ž."""
    assert told("NAAM;PLAATS\nD´Angelo;Kade 12½\n".encode("cp1252")).cells == [{"NAAM": "D´Angelo", "PLAATS": "Kade 12½"}]


def test_single_quotes_where_all_of_the_file_has_them() -> None:
    parsed = told(b"NAAM;PLAATS\n'Jansen; van der';'Delft'\n'O''Brien';Gouda\n")
    assert [cells["NAAM"] for cells in parsed.cells] == ["Jansen; van der", "O'Brien"]


def test_single_quotes_of_a_header_decide() -> None:
    parsed = told(b"'NAAM';'PLAATS'\n'''t Hart';'Den\nHaag'\n")
    assert parsed.cells == [{"NAAM": "'t Hart", "PLAATS": "Den\nHaag"}]


def test_names_that_begin_with_an_apostrophe_are_no_quotes() -> None:
    parsed = told(b"NAAM;PLAATS\n't Hart;'s-Gravenhage\n'Jan';Delft\n")
    assert parsed.cells == [{"NAAM": "'t Hart", "PLAATS": "'s-Gravenhage"}, {"NAAM": "'Jan'", "PLAATS": "Delft"}]


@pytest.mark.parametrize("cell", ['="0123"', '"=""0123"""'])
def test_a_number_that_excel_wrote_as_text(cell: str) -> None:
    assert told(f"NAAM;PLAATS\n{cell};Delft\n".encode()).cells[0]["NAAM"] == "0123"


@pytest.mark.parametrize("cell", ["=1+1", "+31612345678", "-5", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_a_formula_stays_text(cell: str) -> None:
    assert told(f"NAAM;PLAATS\n{cell};Delft\n".encode()).cells[0]["NAAM"] == cell


def test_a_file_that_breaks_off_within_a_letter_has_a_torn_last_row() -> None:
    data = b"\xff\xfe" + "NAAM;PLAATS\nA;B\nC;".encode("utf-16-le") + b"D"
    assert parse(FORMAT, data, COLUMNS).faults == {3: "TEKEN_ONGELDIG"}


@pytest.mark.parametrize(
    ("name", "encoding"), [("Žukauskas", "iso-8859-15"), ("´t Hart", "cp1252"), ("´s-Graven", "cp1252"), ("O´brien", "cp1252")]
)
def test_an_accent_that_begins_a_word_is_a_letter(name: str, encoding: str) -> None:
    found = read(file(line(1, GESLACHTSNAAM=name).decode().encode(encoding)))
    assert found.encoding == encoding
    assert str(found.records[0].record.held("geslachtsnaam")) == name
