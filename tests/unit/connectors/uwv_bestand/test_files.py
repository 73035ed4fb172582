"""Files of UWV: as CSV and as a workbook, with what each kind tells, and another column than agreed."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from hub.domain.records.uwvsignaal import Uwvsignaal
from hub.errors import Malformed
from hub.normalise import normalise
from hub.normalise.mapping import DeclarativeMapping, compile_mapping, load_mapping
from hub.registry import load_connectors
from ops.demo import uwv_files

CONNECTOR = load_connectors()["uwv_bestand"]
ROOT = Path(__file__).parents[4]
SAMPLE = (ROOT / "schemas/wire/uwv_bestand/uwv-bestand-1/sample.csv").read_bytes()
MAPPING = load_mapping(CONNECTOR.mapping)


def records(content: bytes, mapping: DeclarativeMapping = MAPPING) -> list[Any]:
    form = CONNECTOR.format(mapping.reads)
    inspector = form.inspect(mapping.columns, mapping.required)
    inspector.feed(content)
    reader = form.read(inspector.finish(), mapping.columns)
    found, rejected = normalise([*reader.feed(content), *reader.finish()], mapping)
    assert not rejected, [one.faults for one in rejected]
    return [one.record for one in found]


def said(record: Uwvsignaal) -> dict[str, Any]:
    names = ("heeft_uitkering", "heeft_inkomen", "wajong_afgewezen", "in_doelgroepregister", "advies_beschut_werk")
    return {name: record.held(name) for name in (*names, "onder_zorg_uwv") if record.held(name) is not None}


def test_each_kind_of_file_tells_its_own_and_leaves_the_rest_unknown() -> None:
    referral, unemployed, refused, register = map(said, records(SAMPLE))
    assert referral == {"heeft_inkomen": False, "onder_zorg_uwv": False}
    assert unemployed == {"heeft_uitkering": True, "heeft_inkomen": False, "onder_zorg_uwv": False}
    assert refused == {
        "heeft_uitkering": False,
        "wajong_afgewezen": True,
        "advies_beschut_werk": False,
        "onder_zorg_uwv": False,
    }
    assert register == {"in_doelgroepregister": True, "advies_beschut_werk": True, "onder_zorg_uwv": True}


def test_a_workbook_says_the_same_by_a_change_of_the_mapping_alone() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Signalen"
    for line in SAMPLE.decode().splitlines():
        sheet.append([cell or None for cell in line.split(";")])
    content = BytesIO()
    book.save(content)
    text = CONNECTOR.mapping.read_text().replace("\ncolumns:", "\nreads: {format: xlsx, sheet: Signalen}\n\ncolumns:")
    mapping = compile_mapping(text, CONNECTOR.mapping)
    assert [said(one) for one in records(content.getvalue(), mapping)] == [said(one) for one in records(SAMPLE)]


@pytest.mark.parametrize("column", [b"GEBOORTEDATUM", b"GEMEENTECODE", b"PERSOONSGEBONDENNUMMER"])
def test_a_column_that_is_not_as_agreed_is_refused_before_a_row_is_read(column: bytes) -> None:
    with pytest.raises(Malformed):
        records(SAMPLE.replace(column, b"ANDERS"))


def test_a_word_that_was_not_agreed_is_no_yes() -> None:
    with pytest.raises(AssertionError, match="BESLUITWAJONG"):
        records(SAMPLE.replace(b"AFGEWEZEN", b"BEZWAAR"))


def test_the_giver_of_files_writes_what_the_connector_reads_and_what_it_does_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ops.demo.uwv", "files", str(tmp_path), "--rows", "30"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    (name,) = told["files"]
    assert len(records((tmp_path / name).read_bytes())) == 30
    (broken,) = uwv_files.give(tmp_path, "malformed", 3, 5)
    with pytest.raises(Malformed):
        records(broken.read_bytes())
    one, again = uwv_files.give(tmp_path, "duplicate", 3, 6)
    assert one.read_bytes() == again.read_bytes()
    (half,) = uwv_files.give(tmp_path, "truncated", 3, 7)
    assert not half.read_bytes().endswith(b"\n")
    assert not list(tmp_path.glob("*.part"))
