"""Lists of gemeenten: both mappings of each connector read the same, and what nobody agreed on sets a row aside."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.formats import format_of
from hub.normalise import normalise
from hub.normalise.mapping import DeclarativeMapping, load_mapping
from tests.fakes.gemeente import ROOT

PLACED = {
    "BSN": "999909848", "ACHTERNAAM": "Verzonnen, van der", "GEBOORTEDATUM": "28-02-2006", "GEMEENTE": "9001",
    "BEGIN PLAATSING": "01-10-2026", "SOORT PLAATSING": "Werk", "BESCHUT WERK": "J", "LOONKOSTENSUBSIDIE": "N",
}  # fmt: skip
TOLD = {"BSN": "999909848", "GEBOORTEDATUM": "28-02-2006", "UITKOMST": "Aangekomen", "DATUM": "02-11-2026", "GEMEENTE": "9001"}


def mapping(connector: str, name: str = "mapping.yaml") -> DeclarativeMapping:
    return load_mapping(ROOT / "hub/connectors" / connector / name)


def read(made: DeclarativeMapping, cells: dict[str, str]) -> tuple[Any, list[str]]:
    records, rejected = normalise([Row(2, Personal(cells), Personal(b""))], made)
    return (records[0].record if records else None), [code for one in rejected for _, code in one.faults]


def test_both_yes_or_no_are_told_apart_from_what_nobody_knows() -> None:
    record, _ = read(mapping("gemeente_bestand"), PLACED)
    assert (record.held("beschut_werk"), record.held("loonkostensubsidie"), record.held("startkwalificatie")) == (
        True,
        False,
        None,
    )
    assert (record.held("voorvoegsel"), record.held("geslachtsnaam")) == ("van der", "Verzonnen")


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"BESCHUT WERK": "misschien"}, "CODE_ONBEKEND"),
        ({"SOORT PLAATSING": "Stage"}, "CODE_ONBEKEND"),
        ({"EINDE PLAATSING": "01-09-2026"}, "DATUM_VOLGORDE"),
        ({"BEGIN PLAATSING": "31-02-2026"}, "DATUM_ONGELDIG"),
        ({"BSN": "123456789"}, None),
        ({"GEMEENTE": "Nergenshuizen"}, None),
    ],
)
def test_what_was_not_agreed_sets_a_placement_aside(other: dict[str, str], code: str | None) -> None:
    record, codes = read(mapping("gemeente_bestand"), PLACED | other)
    assert record is None
    assert codes
    assert code is None or code in codes


@pytest.mark.parametrize("other", [{"UITKOMST": "Gezakt"}, {"UITKOMST": ""}, {"DATUM": "01-01-2005"}])
def test_what_was_not_agreed_sets_an_outcome_aside(other: dict[str, str]) -> None:
    assert read(mapping("gemeente_terugmelding"), TOLD)[0].held("uitkomst_overdracht") == "aangekomen"
    assert read(mapping("gemeente_terugmelding"), TOLD | other)[0] is None


@pytest.mark.parametrize(("connector", "cells"), [("gemeente_bestand", PLACED), ("gemeente_terugmelding", TOLD)])
def test_a_workbook_reads_as_the_list_does(connector: str, cells: dict[str, str]) -> None:
    made, book = mapping(connector, "mapping.xlsx.yaml"), Workbook()
    sheet: Any = book.active
    sheet.append([*cells])
    sheet.append([date(*map(int, reversed(cell.split("-")))) if cell.count("-") == 2 else cell for cell in cells.values()])
    content = BytesIO()
    book.save(content)
    assert made.reads is not None
    form = format_of(made.reads)
    inspector = form.inspect(made.columns, made.required - {"KLANTNUMMER"})
    inspector.feed(content.getvalue())
    reader: Any = form.read(inspector.finish(), made.columns)
    rows = [*reader.feed(content.getvalue()), *reader.finish()]
    records, rejected = normalise(rows, made)
    assert not rejected
    plain, _ = read(mapping(connector), cells)
    assert {name: records[0].record.held(name) for name in made.fields} == {name: plain.held(name) for name in made.fields}
    assert records[0].record.held("geboortedatum") == date(2006, 2, 28)


def test_a_case_reads_the_same_in_both_forms() -> None:
    spoken = {
        "jongere.bsn": "999909848", "jongere.naam.geslachtsnaam": "Verzonnen", "jongere.geboortedatum": "2006-02-28",
        "jongere.adres.gemeente": "9001", "jongere.adres.geheim": "true", "jongere.adres.huisnummer": "12b",
        "vervolg": "Gesprek",
    }  # fmt: skip
    listed = {
        "BSN": "999909848", "ACHTERNAAM": "Verzonnen", "GEBOORTEDATUM": "2006-02-28", "GEMEENTE": "9001", "GEHEIM ADRES": "Ja",
        "HUISNUMMER": "12b", "VERVOLG": "Gesprek",
    }  # fmt: skip
    first, _ = read(mapping("gemeente_zaak"), spoken)
    second, _ = read(mapping("gemeente_zaak", "mapping.csv.yaml"), listed)
    assert first.held("indicatie_geheim") is second.held("indicatie_geheim") is True
    assert first == second
