"""The export of a school administration as a workbook: the same records, by a mapping that says so."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from hub.normalise import normalise
from hub.normalise.mapping import compile_mapping, load_mapping
from hub.registry import load_connectors
from tests.hostile.parse import parse, workbook

WIRE = Path(__file__).parents[4] / "schemas" / "wire"


@pytest.mark.parametrize("name", ["lvs_csv", "lvs_csv_verzuim"])
def test_a_workbook_gives_what_the_text_gives(name: str) -> None:
    connector = load_connectors()[name]
    (sample,) = (WIRE / name).glob("*/sample.csv")
    plain = load_mapping(connector.mapping)
    rows = [list[object](row) for row in csv.reader(sample.read_text(encoding="utf-8").splitlines(), delimiter=";")]
    text = connector.mapping.read_text(encoding="utf-8").replace("\ncolumns:", "\nreads: {format: xlsx}\n\ncolumns:", 1)
    mended = compile_mapping(text, connector.mapping)
    book = parse(connector.format(mended.reads), workbook({"Export": rows}), mended.columns, mended.required)
    lines = parse(connector.format(), sample.read_bytes(), plain.columns, plain.required)
    assert [one.record for one in normalise(book.rows, mended)[0]] == [one.record for one in normalise(lines.rows, plain)[0]]
    assert len(book.rows) == len(rows) - 1
