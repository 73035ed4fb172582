"""Packed files: read as what is in them, and refused before they grow."""

from __future__ import annotations

import gzip
import zipfile
import zlib

import pytest

from hub.connector import Reads
from hub.errors import Malformed
from hub.formats import format_of, unpack
from tests.hostile.parse import alone, parse, workbook, zipped

CSV = format_of(Reads())
COLUMNS = frozenset({"NAAM", "PLAATS"})
ONE = b"NAAM;PLAATS\r\nJansen;Delft\r\n"
OTHER = b"PLAATS,NAAM\nGouda,'t Hart\nDen Haag,Zo\xc3\xab\n"


def refused(data: bytes, block: int = 1 << 20) -> str:
    with pytest.raises(Malformed) as caught:
        parse(CSV, data, COLUMNS, COLUMNS, block)
    return caught.value.faults[0].code


@pytest.mark.parametrize("block", [1, 13, 1 << 20])
@pytest.mark.parametrize(
    "data",
    [
        ONE,
        gzip.compress(ONE),
        gzip.compress(ONE[:9]) + gzip.compress(ONE[9:]) + b"\0\0",
        zipped(ONE),
        zipped(ONE, how=zipfile.ZIP_STORED),
        zipped(ONE, stream=True),
        zipped(("/etc/../../x.csv", ONE), ("__MACOSX/._x.csv", b"\0"), ("map/", b""), ("map/.DS_Store", b"\0")),
    ],
)
def test_one_file_however_it_is_packed(data: bytes, block: int) -> None:
    parsed = parse(CSV, data, COLUMNS, COLUMNS, block)
    assert [(row.number, row.content.reveal()) for row in parsed.rows] == [(2, {"NAAM": "Jansen", "PLAATS": "Delft"})]


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize("stream", [False, True])
def test_members_are_one_file_each_in_its_own_dialect(stream: bool, block: int) -> None:
    parsed = parse(CSV, zipped(ONE, OTHER, ONE, stream=stream), COLUMNS, COLUMNS, block)
    assert [(row.number, row.content.reveal()["NAAM"]) for row in parsed.rows] == [
        (2, "Jansen"),
        (4, "'t Hart"),
        (5, "Zoë"),
        (7, "Jansen"),
    ]
    assert [alone(CSV, row, COLUMNS) for row in parsed.rows] == parsed.cells


def test_workbooks_in_a_zip() -> None:
    form = format_of(Reads(format="xlsx"))
    book = workbook({"A": [["NAAM", "PLAATS"], ["Jansen", "Delft"]]})
    for data in (book, gzip.compress(book), zipped(("a.xlsx", book), ("b.xlsx", book))):
        for block in (5, 1 << 20):
            assert parse(form, data, COLUMNS, COLUMNS, block).cells[-1] == {"NAAM": "Jansen", "PLAATS": "Delft"}


def damaged(data: bytes, find: bytes, put: bytes) -> bytes:
    assert find in data
    return data.replace(find, put, 1)


SIZED = zipped(ONE, stream=True)
SUM = SIZED.index(b"PK\x07\x08") + 4
LOCAL = b"PK\x03\x04\x14\x00\x00\x00"


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(gzip.compress(ONE)), "BESTAND_VERPAKT_ONGELDIG"),
        (gzip.compress(zipped(ONE)), "BESTAND_VERPAKT_ONGELDIG"),
        (zipped(gzip.compress(ONE)), "BESTAND_VERPAKT_ONGELDIG"),
        (zipped(zipped(ONE)), "BESTAND_VERPAKT_ONGELDIG"),
        (gzip.compress(ONE)[:-9], "BESTAND_VERPAKT_ONGELDIG"),
        (gzip.compress(ONE) + b"rest", "BESTAND_VERPAKT_ONGELDIG"),
        (gzip.compress(ONE)[:-8] + b"\0" * 8, "BESTAND_VERPAKT_ONGELDIG"),
        (zipped(ONE)[:-60], "BESTAND_VERPAKT_ONGELDIG"),
        (zipped(ONE, how=zipfile.ZIP_LZMA), "BESTAND_VERPAKT_ONGELDIG"),
        (damaged(zipped(ONE), LOCAL, LOCAL[:6] + b"\x01\x00"), "BESTAND_VERSLEUTELD"),
        (damaged(zipped(ONE, how=zipfile.ZIP_STORED), b"Jansen", b"Pieter"), "BESTAND_VERPAKT_ONGELDIG"),
        (SIZED[:SUM] + bytes(4) + SIZED[SUM + 4 :], "BESTAND_VERPAKT_ONGELDIG"),
        (zipped(ONE) + zipped(OTHER), "BESTAND_VERPAKT_ONGELDIG"),
        (zipped(), "BESTAND_LEEG"),
        (zipped(("map/", b"")), "BESTAND_LEEG"),
        (zipped(ONE, b"NAAM\nJansen\n"), "KOP_ONBEKEND"),
        (zipped(ONE, b"NAAM;PLAATS;NIEUW\na;b;c\n"), "KOP_ONBEKEND"),
        (zipped(ONE, b""), "BESTAND_LEEG"),
    ],
)
def test_refused(data: bytes, code: str, block: int) -> None:
    assert refused(data, block) == code


def test_a_member_that_the_table_of_contents_does_not_have() -> None:
    data = zipped(ONE)
    hidden = zipped(("x.csv", OTHER))
    assert refused(hidden[: hidden.index(b"PK\x01\x02")] + data) == "BESTAND_VERPAKT_ONGELDIG"


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_a_bomb_is_refused_while_it_grows(pack, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack(ONE + b"a;b\n" * 20_000_000)
    given: list[int] = []
    feed = unpack._Measure.give
    monkeypatch.setattr(unpack._Measure, "give", lambda self, size: (given.append(size), feed(self, size))[1])
    assert refused(bomb) == "BESTAND_VERPAKT_ONGELDIG"
    assert sum(given) <= unpack.RATIO * len(bomb) + unpack.PIECE
    assert max(given) <= unpack.PIECE


def test_more_than_may_come_out_of_any_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_UNPACKED", 1000)
    assert refused(gzip.compress(ONE * 100, 0)) == "BESTAND_VERPAKT_ONGELDIG"


def test_rows_are_text_that_packs_far_within_the_measure() -> None:
    rows = b"NAAM;PLAATS\n" + b"".join(b"Jansen %d;Delft\n" % number for number in range(100_000))
    assert len(rows) < 40 * len(zlib.compress(rows, 9))


def test_a_zip_that_grew_since_it_was_looked_at() -> None:
    inspector = CSV.inspect(COLUMNS, COLUMNS)
    inspector.feed(zipped(ONE))
    reader = CSV.read(inspector.finish(), COLUMNS)
    with pytest.raises(Malformed, match="more in it") as caught:
        reader.feed(zipped(ONE, OTHER))
    assert caught.value.faults[0].code == "BESTAND_GEWIJZIGD"


def test_a_table_of_contents_without_end() -> None:
    inspector = CSV.inspect(COLUMNS, COLUMNS)
    whole = zipped(ONE)
    inspector.feed(whole[: whole.index(b"PK\x01\x02") + 4])
    inspector.feed(bytes(unpack._MOST_CONTENTS))
    with pytest.raises(Malformed, match="too long"):
        inspector.finish()
