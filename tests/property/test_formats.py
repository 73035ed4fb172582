"""Whatever the bytes: every format reads or refuses them, in blocks of any size alike, and echoes nothing.

What is read is read again from what each row keeps of itself, and no row takes another's place.
"""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connector import FileFormat, Reads
from hub.errors import Malformed
from hub.formats import format_of
from hub.formats.write import CsvWriter, JsonWriter, Writer, XlsxWriter, XmlWriter, inert
from tests.hostile.parse import Parsed, parse, workbook, zipped

COLUMNS = frozenset({"A", "B.C", "B[0]", "@A"})
MARK = "Verzonnen7"
FORMS: dict[str, FileFormat] = {
    "csv": format_of(Reads()),
    "json": format_of(Reads(format="json")),
    "json at": format_of(Reads(format="json", records="d.l")),
    "xml": format_of(Reads(format="xml", records="/R/M")),
    "xlsx": format_of(Reads(format="xlsx")),
}

_text = st.text(st.sampled_from("ab'\";,:\t=\n\r|<>&é½ŠZ{}[]\0\ud800\u2028 "), max_size=8)
_bits = {
    "csv": ["A;B.C", "A,B.C", "sep=;\n", "'A';'B.C'", ";", ",", "\n", "\r\n", '"', "'", "x", "\ufeff", MARK, '="01"'],
    "json": [*"[]{}:,1\n\\", '"A"', '"x"', "null", "NaN", '{"A":1}', '{"A":"é"}', f'"{MARK}"'],
    "json at": [*"[]}, :\n", '{"d":', '{"l":', '{"A":1}', '"d"', "[1]", "true", f'{{"A":"{MARK}"}}'],
    "xml": [
        *["<R>", "</R>", "<M>", "</M>", "<M/>", "<A>", "</A>", "x", "&amp;", "&b;", "<!DOCTYPE R>", "<!--", "-->", "\n", MARK],
        *['<M A="é"/>', "<A>1</A>", "<![CDATA[", "]]>", "<?xml version='1.0'?>", "<x:M xmlns:x='u'/>"],
    ],
    "xlsx": ["A;B.C\n", "x", ";", "\n", "PK\x03\x04", MARK],
}


_FRAMES = {"csv": ("A;B.C\n", ""), "json": ("[", "]"), "json at": ('{"d":{"l":[', "]}}"), "xml": ("<R>", "</R>")}


@st.composite
def files(draw: st.DrawFn, kind: str) -> bytes:
    text = "".join(draw(st.lists(st.sampled_from(_bits[kind]) | _text, max_size=25)))
    before, after = draw(st.sampled_from([("", ""), _FRAMES.get(kind, ("", ""))]))
    text = before + text + after
    data = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-16", "cp1252", "iso-8859-15"])), "replace")
    noise = draw(st.binary(max_size=6))
    at = draw(st.integers(0, len(data)))
    data = data[:at] + noise + data[at:] if draw(st.booleans()) else data
    return draw(st.sampled_from([bytes, bytes, bytes, gzip.compress, zipped]))(data)


def read(kind: str, data: bytes, block: int = 1 << 20) -> Parsed | None:
    """None where it is refused."""
    try:
        return parse(FORMS[kind], data, COLUMNS, block=block)
    except Malformed as wrong:
        refused = wrong
    assert MARK not in f"{refused} {refused.faults} {refused.__cause__!r} {refused.__context__!r}"
    assert refused.faults
    return None


@pytest.mark.parametrize("kind", FORMS)
@given(data=st.data())
def test_read_or_refused_alike_in_any_blocks(kind: str, data: st.DataObject) -> None:
    file = data.draw(files(kind))
    assert read(kind, file) == read(kind, file, data.draw(st.integers(1, 9)))


@pytest.mark.parametrize("kind", FORMS)
@given(data=st.data())
def test_each_row_is_read_again_from_what_it_keeps(kind: str, data: st.DataObject) -> None:
    found = read(kind, data.draw(files(kind)))
    for row in found.rows if isinstance(found, Parsed) else ():
        if row.fault is None:
            again = read(kind, row.raw.reveal())
            assert isinstance(again, Parsed)
            assert [(each.content, each.fault) for each in again.rows] == [(row.content, None)]


@pytest.mark.parametrize("kind", FORMS)
@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"<?xml", b"\xff\xfe", b"[{"]))
def test_any_bytes(kind: str, data: bytes, start: bytes) -> None:
    read(kind, start + data)


_BOOK = workbook({"Blad": [["A", "B.C"], ["x", 1], [MARK, 2]]})


@given(st.lists(st.tuples(st.integers(0, len(_BOOK) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_workbook_with_other_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(_BOOK)
    for at, byte in changes:
        data[at] = byte
    read("xlsx", bytes(data))


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_a_zip_with_other_bytes(changes: list[tuple[int, int]], stream: bool, gz: bool) -> None:
    data = bytearray(gzip.compress(b"A;B.C\nx;y\n") if gz else zipped(b"A;B.C\nx;y\n", stream=stream))
    for at, byte in changes:
        data[at % len(data)] = byte
    assert read("csv", bytes(data)) == read("csv", bytes(data), 1)


_COLUMNS = ["NAAM", "PLAATS", "BSN"]
_WRITERS: dict[str, tuple[Writer, Reads]] = {
    "csv": (CsvWriter(), Reads()),
    "json": (JsonWriter("d.l"), Reads(format="json", records="d.l")),
    "xml": (XmlWriter("R", "M"), Reads(format="xml", records="/R/M")),
    "xlsx": (XlsxWriter(), Reads(format="xlsx")),
}
_cell = st.text("ab 0'\";,=+-@\t|<>&éŁ{}[]#_/:.", min_size=1, max_size=9).filter(lambda text: text == text.strip())
# In a file without other quotes a cell between apostrophes is a quoted one, and what is written as text begins with one.
_cell = _cell.filter(lambda text: not text.endswith("'"))
_records = st.lists(st.fixed_dictionaries(dict.fromkeys(_COLUMNS, _cell)), min_size=1, max_size=4)


@pytest.mark.parametrize("kind", _WRITERS)
@given(records=_records)
def test_what_is_written_reads_back(kind: str, records: list[dict[str, str]]) -> None:
    writer, reads = _WRITERS[kind]
    told = [{name: inert(text) for name, text in one.items()} for one in records] if kind in ("csv", "xlsx") else records
    found = parse(format_of(reads), writer.write(records, _COLUMNS), frozenset(_COLUMNS), frozenset(_COLUMNS))
    assert (found.cells, found.faults) == (told, {})
