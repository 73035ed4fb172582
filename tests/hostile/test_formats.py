"""Files that were made to harm, or by a program that did not know better: what becomes of each is written beside it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.connector import Reads
from hub.errors import Malformed
from hub.formats import format_of
from tests.hostile.parse import alone, parse

CORPUS = Path(__file__).parent / "formats"
CASES = sorted(each.name for each in CORPUS.iterdir() if each.is_dir())
COLUMNS = frozenset({"naam", "NAAM"})


@pytest.mark.parametrize("block", [7, 64 * 1024])
@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_it(case: str, block: int) -> None:
    expected = tomllib.loads((CORPUS / case / "expected.toml").read_text())
    form = format_of(Reads.model_validate(expected["reads"]))
    data = (CORPUS / case / "input.bin").read_bytes()
    if "refused" in expected:
        with pytest.raises(Malformed) as caught:
            parse(form, data, COLUMNS, block=block)
        assert expected["refused"] == [f"{fault.where} {fault.code}" for fault in caught.value.faults]
        return
    parsed = parse(form, data, COLUMNS, block=block)
    assert parsed.cells == expected["cells"]
    assert {str(number): code for number, code in parsed.faults.items()} == expected.get("faults", {})
    assert all(alone(form, row, COLUMNS) == row.content.reveal() for row in parsed.rows if row.fault is None)


@pytest.mark.parametrize("case", CASES)
def test_each_case_says_what_it_is(case: str) -> None:
    assert len((CORPUS / case / "README.md").read_text().split("\n\n")) >= 3
