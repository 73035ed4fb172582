"""How the reader decides on a file, and what a row carries."""

from __future__ import annotations

import pytest

from hub.connector import Layout
from hub.errors import Malformed
from hub.formats.csv import FORMAT
from tests.hostile.read import HEADER, MAPPING, NAMES, file, line, read


def layout(data: bytes) -> Layout:
    inspector = FORMAT.inspect(MAPPING.columns, MAPPING.required)
    inspector.feed(data)
    return inspector.finish()


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_that_gives_columns_we_know(delimiter: str) -> None:
    data = delimiter.join([*NAMES, "EEN_TWEE;DRIE" if delimiter != ";" else "X"]).encode() + b"\n"
    assert layout(data) == Layout("utf-8", delimiter, 1, 1)


def test_a_row_carries_the_header_and_itself() -> None:
    (row,) = read(file(line(1))).rows
    assert row.raw.reveal() == HEADER + b"\n" + line(1)
    assert set(row.content.reveal()) == set(NAMES)


def test_a_torn_row_carries_no_cells() -> None:
    (row,) = read(file(b"a;b")).rows
    assert (row.content.reveal(), row.fault) == ({}, "RIJ_ONVOLLEDIG")


def test_a_letter_split_over_two_blocks_is_one_letter() -> None:
    data = file(line(1, GESLACHTSNAAM="Zoë"))
    at = data.index("ë".encode()) + 1
    reader = FORMAT.read(layout(data), MAPPING.columns)
    (row,) = reader.feed(data[:at]) + reader.feed(data[at:]) + reader.finish()
    assert row.content.reveal()["GESLACHTSNAAM"] == "Zoë"


def test_numbers_count_physical_lines_from_the_header_on() -> None:
    assert read(b"\n\n" + file(line(1), b"", line(2), end=b"\n")).good == [4, 6]


def told(header: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as refused:
        layout(header)
    return [(fault.where, fault.code) for fault in refused.value.faults]


def test_a_column_under_another_name_is_told_beside_the_one_that_is_missing() -> None:
    assert told(HEADER.replace(b"GESLACHTSNAAM", b"ACHTERNAAM") + b"\n" + line(1)) == [
        ("GESLACHTSNAAM", "KOP_ONBEKEND"),
        ("ACHTERNAAM", "KOLOM_ONBEKEND"),
    ]


@pytest.mark.parametrize("lost", ["", " ", "\x0b", "\u2028"])
def test_of_a_header_that_runs_on_into_a_row_no_name_is_told(lost: str) -> None:
    header, row = HEADER.decode().replace("GESLACHTSNAAM;", ""), line(1, WOONPLAATS="Verzonnendam").decode()
    assert told(f"{header};GESLACHTSNAAM{lost}{row}".encode()) == [("GESLACHTSNAAM", "KOP_ONBEKEND")]
