"""Cells as senders write them: every case has its own mapping, and beside it what comes of each row."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.formats.csv import FORMAT
from hub.normalise import normalise
from hub.normalise.mapping import load_mapping

CASES = sorted((Path(__file__).parent / "mapping").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_comes_of_each_row(case: Path) -> None:
    mapping, data = load_mapping(case / "mapping.yaml"), (case / "input.csv").read_bytes()
    inspector = FORMAT.inspect(mapping.columns, mapping.required)
    inspector.feed(data)
    reader = FORMAT.read(inspector.finish(), mapping.columns)
    records, rejected = normalise([*reader.feed(data), *reader.finish()], mapping)
    bad: dict[str, object] = {str(one.row.number): [" ".join(fault) for fault in one.faults] for one in rejected}
    expected = tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))
    asked = {name for want in expected.values() if isinstance(want, dict) for name in want}
    found: dict[str, object] = {
        str(one.row.number): {name: str(one.record.held(name)) for name in asked if one.record.held(name) is not None}
        for one in records
    }
    assert found | bad == expected
    assert len((case / "README.md").read_text(encoding="utf-8").split("\n\n")) >= 3
