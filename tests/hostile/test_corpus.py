"""Every file of the corpus, in blocks of every awkward size: what happens to each row is written beside it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hub.errors import Malformed
from tests.hostile.read import HEADER, Read, file, line, read

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(each.name for each in CORPUS.iterdir() if each.is_dir())


def faults(read: Read) -> dict[str, list[str]]:
    return {str(number): sorted(f"{where} {code}" for where, code in found) for number, found in read.bad.items()}


@pytest.mark.parametrize("block", [1, 7, 4096, 1 << 20])
@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_each_row(case: str, block: int) -> None:
    expected = tomllib.loads((CORPUS / case / "expected.toml").read_text())
    data = (CORPUS / case / "input.csv").read_bytes()
    if "refused" in expected:
        with pytest.raises(Malformed) as caught:
            read(data, block)
        assert expected["refused"] == [f"{fault.where} {fault.code}" for fault in caught.value.faults]
        return
    found = read(data, block)
    assert expected["good"] == found.good
    assert expected.get("bad", {}) == faults(found)
    assert expected["ignored"] == found.ignored


@pytest.mark.parametrize("case", CASES)
def test_no_byte_of_a_row_is_lost(case: str) -> None:
    """What is on a line that holds more than delimiters is in the `raw` of some row, each line once."""
    if "refused" in tomllib.loads((CORPUS / case / "expected.toml").read_text()):
        return  # refused whole and kept whole
    data = (CORPUS / case / "input.csv").read_bytes()
    found = read(data)
    # UTF-16 and ISO-8859-15 are kept in UTF-8, under its mark: a row by itself would not say which of them it is in.
    if found.encoding in ("utf-16", "iso-8859-15"):
        data = data.decode(found.encoding).encode()
    heads = 2 if data.startswith(b"sep=") else 1
    lines = [each for each in data.removeprefix(b"\xef\xbb\xbf").splitlines() if each.strip(b" ;")][heads:]
    kept = [part for row in found.rows for part in row.raw.reveal().split(b"\n")[heads:] if part.strip()]
    assert lines == kept


@pytest.mark.parametrize("case", CASES)
def test_no_error_repeats_a_value(case: str) -> None:
    data = (CORPUS / case / "input.csv").read_bytes()
    try:
        told = repr([each.faults for each in read(data).rejected])
    except Malformed as refused:
        told = f"{refused} {refused.faults}"
    assert re.search(r"[0-9]{5}|Voor|beeld|Zo|hallo|cmd", told) is None


@pytest.mark.parametrize("case", CASES)
def test_each_case_says_what_it_is(case: str) -> None:
    assert len((CORPUS / case / "README.md").read_text().split("\n\n")) >= 3


def test_a_row_that_was_set_aside_can_be_read_again_by_itself() -> None:
    found = read(file(line(1), line(2, GEBOORTEDATUM="00000000"), line(3, OPMERKING='"een\r\ntwee"')))
    for row in (found.rejected[0].row, found.records[1].row):
        again = read(row.raw.reveal())
        assert [(each.content, each.fault) for each in again.rows] == [(row.content, row.fault)]


def test_a_line_of_ten_megabytes_is_one_torn_row_and_takes_no_memory() -> None:
    found = read(file(line(1), line(2, OPMERKING="x" * 10_000_000), line(3)))
    assert found.good == [2, 4]
    assert faults(found) == {"3": ["rij TE_LANG"]}
    assert max(len(row.raw.reveal()) for row in found.rows) <= len(HEADER) + 1 + 64 * 1024


def test_ten_megabytes_without_any_line_end() -> None:
    with pytest.raises(Malformed) as caught:
        read(b"x" * 10_000_000)
    assert [fault.code for fault in caught.value.faults] == ["KOP_ONBEKEND"]


def test_a_row_over_more_lines_than_allowed_is_torn() -> None:
    text = "\n".join(["tekst"] * 30)
    found = read(file(line(1), line(2, OPMERKING=f'"{text}"'), line(3)))
    assert found.good == [2, 33]
    assert sorted(found.bad) == list(range(3, 33))
