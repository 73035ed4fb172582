"""A full sheet is followed by another, nothing is a formula, and nothing is left beside the file."""

import io
import tempfile
from pathlib import Path

import openpyxl
import pytest

from hub.archive.reading import Entry, Period, Stretch
from hub.archive.spreadsheet import Xlsx
from hub.audit.entry import parse
from hub.audit.log import Log
from tests.fakes.house import shipped
from tests.fakes.log import LOG, sample_bodies, signer

ENTRIES = [Entry(seq, parse(body)) for seq, body in enumerate(sample_bodies(10))]


def stretch() -> Stretch:
    return Stretch(Log(None, LOG, signer().vkey), Period(), 0, 10, 10, "checkpoint")  # type: ignore[arg-type]


def test_a_full_sheet_is_followed_by_another_and_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = io.BytesIO()
    sheet = Xlsx(shipped().policy, stretch(), target, most_rows=5)
    for at in range(0, 10, 3):
        sheet.add(ENTRIES[at : at + 3])
    sheet.finish()
    sheet.close()
    book = openpyxl.load_workbook(target)
    assert book.sheetnames[:3] == ["Logboek", "Logboek 2", "Logboek 3"]
    places = [cells[0].value for name in book.sheetnames[:3] for cells in book[name].iter_rows(min_row=2)]
    assert places == list(range(10))
    assert not list(tmp_path.iterdir())


def test_a_spreadsheet_that_is_given_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sheet = Xlsx(shipped().policy, stretch(), io.BytesIO())
    sheet.add(ENTRIES)
    sheet.close()
    assert not list(tmp_path.iterdir())
