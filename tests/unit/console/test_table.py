"""Tables: sorted, turned over, given out."""

from __future__ import annotations

import csv
import io
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from hub.console.table import (
    Badge,
    Column,
    Link,
    Moment,
    Order,
    Row,
    Table,
    asks_csv,
    csv_of,
    order_of,
    page_of,
    table_of,
)
from hub.console.words import Tone
from tests.fakes.console import NOW

COLUMNS = (
    Column("naam", "Naam"),
    Column("aantal", "Aantal", number=True),
    Column("wanneer", "Wanneer"),
    Column("stand", "Stand"),
    Column("kenmerk", "Kenmerk", sort=False),
)
ROWS: tuple[Row, ...] = (
    ("Zeist", 2, Moment(NOW), Badge("Wacht", Tone.warning), "a"),
    (Link("Élst", "/e"), 10, None, Badge("Bezorgd", Tone.ok), "b"),
    ("almere", None, Moment(NOW - 1), "", "c"),
)


def request(query: str = "") -> Request:
    return Request({"type": "http", "method": "GET", "path": "/x", "query_string": query.encode(), "headers": []})


def table(query: str = "", **options: bool) -> Table:
    return table_of(request(query), "t", "Tabel", COLUMNS, ROWS, empty="Er is niets.", sort="naam", **options)


def order(it: Table) -> str:
    return "".join(str(row[4]) for row in it.rows)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "cba"),
        ("sorteer=naam&richting=af", "abc"),
        ("sorteer=aantal", "abc"),
        ("sorteer=aantal&richting=af", "bac"),
        ("sorteer=wanneer&richting=op", "cab"),
        ("sorteer=wanneer&richting=af", "acb"),
        ("sorteer=stand", "bac"),
        ("sorteer=stand&richting=af", "abc"),
        ("sorteer=kenmerk", "cba"),
        ("sorteer=weg&richting=af", "cba"),
        ("sorteer=aantal&richting=af&tabel=ander", "cba"),
        ("sorteer=aantal&richting=af&tabel=t", "bac"),
    ],
)
def test_rows_are_sorted_as_the_address_asks_and_what_is_empty_comes_last(query: str, expected: str) -> None:
    assert order(table(query)) == expected


def test_without_an_order_asked_the_pages_own_counts() -> None:
    assert order(table(descending=True)) == "abc"
    assert table(descending=True).order == Order("naam", descending=True)


def test_a_head_sorts_by_its_column_then_the_other_way_and_keeps_the_filters() -> None:
    heads = table("doel=vsv&doel=rmc&sorteer=naam&richting=op&gedaan=uitgelogd&formaat=csv").heads
    assert set(heads) == {"naam", "aantal", "wanneer", "stand"}
    asked = {"doel": ["vsv", "rmc"], "tabel": ["t"]}
    assert parse_qs(heads["naam"][1:]) == asked | {"sorteer": ["naam"], "richting": ["af"]}
    assert parse_qs(heads["aantal"][1:]) == asked | {"sorteer": ["aantal"], "richting": ["op"]}


def test_the_export_is_of_the_same_rows_in_the_same_order() -> None:
    it = table("doel=vsv&sorteer=aantal&richting=af")
    assert it.export is not None
    assert parse_qs(it.export[1:]) == {
        "doel": ["vsv"], "sorteer": ["aantal"], "richting": ["af"], "tabel": ["t"], "formaat": ["csv"]
    }  # fmt: skip
    assert asks_csv(request(it.export[1:]))
    assert asks_csv(request(it.export[1:]), "t")
    assert not asks_csv(request(it.export[1:]), "ander")
    assert not asks_csv(request("formaat=html"))
    assert table(export=False).export is None


def test_a_page_of_a_long_list_leads_to_the_next_in_the_same_order() -> None:
    asked = request("doel=vsv&na=40&sorteer=aantal&richting=af")
    sort = order_of(asked, "t", COLUMNS, sort="naam")
    it = page_of(asked, "t", "Tabel", COLUMNS, ROWS, empty="", order=sort, following={"na": "90"})
    assert order(it) == "abc"
    assert it.following is not None
    assert parse_qs(it.following[1:]) == {
        "doel": ["vsv"], "na": ["90"], "sorteer": ["aantal"], "richting": ["af"], "tabel": ["t"]
    }  # fmt: skip
    assert "na" not in parse_qs(it.heads["naam"][1:])
    assert page_of(asked, "t", "", COLUMNS, ROWS, empty="", order=sort, following=None).following is None


def test_an_export_and_a_new_order_of_the_last_page_begin_at_the_first_page_too() -> None:
    it = page_of(request("na=40"), "t", "", COLUMNS, ROWS, empty="", order=Order("naam"), following=None, turned=("na",))
    assert "na" not in parse_qs(it.heads["naam"][1:])
    assert it.export is not None
    assert "na" not in parse_qs(it.export[1:])


def test_a_row_with_too_few_cells_is_noticed() -> None:
    with pytest.raises(ValueError, match="cells"):
        table_of(request(), "t", "", COLUMNS, [("a",)], empty="", sort="naam")


def read(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_a_file_opens_in_a_spreadsheet_and_names_the_zone() -> None:
    answer = csv_of(table(), "lijst.csv")
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="lijst.csv"'
    assert read(bytes(answer.body)) == [
        ["Naam", "Aantal", "Wanneer", "Stand", "Kenmerk"],
        ["almere", "", "2026-11-21T14:04:59.999999+01:00", "", "c"],
        ["Élst", "10", "", "Bezorgd", "b"],
        ["Zeist", "2", "2026-11-21T14:05:00+01:00", "Wacht", "a"],
    ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1))
def test_no_cell_is_run_as_a_formula_and_none_breaks_its_row(words: list[str]) -> None:
    columns = (Column("a", "=A"), Column("b", "B", sort=False))
    rows = [(text, Link("  =" + text, "/")) for text in words]
    it = table_of(request(), "t", "", columns, rows, empty="", sort="a")
    read_back = read(bytes(csv_of(it, "x.csv").body))
    assert len(read_back) == 1 + len(words)
    for row in read_back:
        assert len(row) == 2
        for cell in row:
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
