"""What is written is read back as it was, does nothing in a spreadsheet, and is the same every time."""

from __future__ import annotations

import io
import zipfile

import pytest

from hub.connector import Reads
from hub.errors import Malformed, Misconfigured
from hub.formats import format_of, write
from hub.formats.write import CsvWriter, JsonWriter, Writer, XlsxWriter, XmlWriter, inert
from tests.hostile.parse import parse

RECORDS = [{"NAAM": '\'t Hart;\n"Zoë" & <co>', "TEL": "+31612345678", "BSN": "012"}, {"NAAM": "B", "TEL": "", "BSN": "-1"}]
COLUMNS = ["TEL", "BSN", "NAAM"]
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0", "-"]


@pytest.mark.parametrize(
    ("writer", "reads"),
    [
        (CsvWriter(), Reads()),
        (CsvWriter(delimiter=",", quote="'", bom=True), Reads()),
        (CsvWriter(encoding="cp1252"), Reads()),
        (JsonWriter(), Reads(format="json")),
        (JsonWriter("data.rijen"), Reads(format="json", records="data.rijen")),
        (XmlWriter("levering", "rij", "urn:x"), Reads(format="xml", records="/x:levering/x:rij", namespaces={"x": "urn:x"})),
        (XlsxWriter(), Reads(format="xlsx")),
    ],
)
def test_read_back(writer: Writer, reads: Reads) -> None:
    data = writer.write(RECORDS, COLUMNS)
    spaced = [{name: text.replace("\n", " ") for name, text in record.items()} for record in RECORDS]
    found = parse(format_of(reads), data, frozenset(COLUMNS), frozenset(COLUMNS)).cells
    assert found == (spaced if reads.format == "xlsx" else RECORDS)
    assert writer.write(RECORDS, COLUMNS) == data


def test_columns_with_dots_are_trees() -> None:
    records = [{"naam.achter": "Zoë", "naam.@soort": "x", "bsn": "1"}, {"bsn": "2"}]
    columns = ["naam.achter", "naam.@soort", "bsn"]
    xml = XmlWriter("l", "m").write(records, columns)
    assert b'<m><naam soort="x"><achter>Zo\xc3\xab</achter></naam><bsn>1</bsn></m><m><bsn>2</bsn></m>' in xml
    json = JsonWriter().write([{"naam.achter": "Zoë", "bsn": "1"}], ["naam.achter", "bsn"])
    assert json == '[{"naam":{"achter":"Zoë"},"bsn":"1"}]'.encode()


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_written_as_text(text: str) -> None:
    assert inert(text) == f"'{text}"
    assert f"'{text}".encode() in CsvWriter().write([{"A": text}], ["A"])
    with zipfile.ZipFile(io.BytesIO(XlsxWriter().write([{"A": text}], ["A"]))) as packed:
        assert not any(b"<f" in packed.read(name) for name in packed.namelist() if name.startswith("xl/worksheets/"))


@pytest.mark.parametrize("text", ["", "Jansen", "-5", "+31612345678", "-1,5", "a=b", "'s-Gravenhage"])
def test_what_calculates_nothing_is_left_as_it_is(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize("writer", [CsvWriter(), JsonWriter(), XmlWriter("l", "m"), XlsxWriter()])
@pytest.mark.parametrize("text", ["Jan\0sen", "Jan\ud800sen", "Jan\x1bsen"])
def test_a_sign_that_cannot_be_written_is_refused_and_not_repeated(writer: Writer, text: str) -> None:
    with pytest.raises(Malformed) as caught:
        writer.write([{"A": text}], ["A"])
    assert "Jan" not in f"{caught.value!r} {caught.value.__context__!r}"


def test_a_letter_that_the_encoding_does_not_have() -> None:
    with pytest.raises(Malformed) as caught:
        CsvWriter(encoding="cp1252").write([{"A": "Łukasz"}], ["A"])
    assert caught.value.__context__ is None


def test_more_than_a_sheet_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Malformed, match="longer than a cell"):
        XlsxWriter().write([{"A": "x" * 32_768}], ["A"])
    monkeypatch.setattr(write, "_MOST_ROWS", 1)
    with pytest.raises(Malformed, match="more rows"):
        XlsxWriter().write([{"A": "x"}] * 2, ["A"])


@pytest.mark.parametrize("columns", [["a", "a.b"], ["a", "a"], ["a..b"], ["@a.b"], ["a[0]"]])
def test_columns_that_make_no_tree(columns: list[str]) -> None:
    with pytest.raises(Misconfigured):
        JsonWriter().write([], columns)


def test_dialects_and_names_that_are_none() -> None:
    for wrong in (lambda: CsvWriter(delimiter=";;"), lambda: XmlWriter("a b", "c"), lambda: XlsxWriter("a/b")):
        with pytest.raises(Misconfigured):
            wrong()
