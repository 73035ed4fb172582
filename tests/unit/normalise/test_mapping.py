"""A mapping says which column is what; anything it does not understand refuses to load, with file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from traceback import TracebackException

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hub.connectors.duo_uitval
from hub.domain.personal import Bsn, Onderwijsnummer, Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Row
from hub.errors import Malformed, Misconfigured
from hub.normalise.mapping import load_mapping
from tests.strategies import bsns, no_pgns, onderwijsnummers

DUO = Path(hub.connectors.duo_uitval.__file__).parent / "mapping.yaml"
MAPPING = load_mapping(DUO)
CELLS = {
    "PERSOONSGEBONDENNUMMER": "999990019",
    "GESLACHTSNAAM": " Voorbeeld ",
    "GEBOORTEDATUM": "20070201",
    "GEMEENTECODE": "9001",
    "INDICATIEGEHEIM": "n",
    "INSTELLINGSCODE": "99ZZ",
    "ONDERWIJSSOORT": "MBO",
    "DATUMUITSCHRIJVING": "2026-03-01",
    "STARTKWALIFICATIE": "0",
}


def record(**cells: str) -> Uitvalmelding:
    return MAPPING.read(Row(2, Personal(CELLS | cells), Personal(b"")))


def faults(**cells: str) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        record(**cells)
    assert caught.value.__cause__ is None
    return [(fault.where, fault.code) for fault in caught.value.faults]


def test_a_row_becomes_a_record() -> None:
    found = record(
        POSTCODE="1234 ab", HUISNUMMER="012", TELEFOONNUMMER="06-1234 56.78", GESLACHT="V", REDENUITVAL="5", OPMERKING=""
    )
    assert found.bsn == Bsn("999990019")
    assert found.geslachtsnaam == Personal("Voorbeeld")
    assert found.geboortedatum == Personal(date(2007, 2, 1))
    assert found.indicatie_geheim == found.startkwalificatie == Personal(False)
    assert (found.postcode, found.huisnummer) == (Personal("1234AB"), Personal(12))
    assert (found.telefoonnummer, found.opmerking) == (Personal("0612345678"), None)


@pytest.mark.parametrize("written", ["20070201", "2007-02-01", "01-02-2007"])
def test_dates_in_the_agreed_forms(written: str) -> None:
    assert record(GEBOORTEDATUM=written).geboortedatum == Personal(date(2007, 2, 1))


@pytest.mark.parametrize(
    "written", ["1-2-2007", "2007/02/01", "200702", "01022007x", "２００７０２０１", "20071301", "-2007-2-1", "+0070201"]
)
def test_dates_in_no_other_form(written: str) -> None:
    assert faults(GEBOORTEDATUM=written) == [("GEBOORTEDATUM", "DATUM_ONGELDIG")]


def test_zeros_that_a_spreadsheet_dropped() -> None:
    assert record(GEMEENTECODE="14").gemeente == Personal("0014")
    assert record(PERSOONSGEBONDENNUMMER="10464554").bsn == Bsn("010464554")


def test_every_fault_of_a_row_is_told_by_column() -> None:
    told = faults(
        PERSOONSGEBONDENNUMMER="123",
        GEBOORTEDATUM="00000000",
        GESLACHTSNAAM="",
        HUISNUMMER="-1",
        POSTCODE="0000AA",
        GESLACHT="?",
    )
    assert sorted(told) == [
        ("GEBOORTEDATUM", "DATUM_ONGELDIG"),
        ("GESLACHT", "CODE_ONBEKEND"),
        ("GESLACHTSNAAM", "VERPLICHT_VELD_LEEG"),
        ("HUISNUMMER", "WAARDE_ONGELDIG"),
        ("PERSOONSGEBONDENNUMMER", "BSN_ONGELDIG"),
        ("POSTCODE", "WAARDE_ONGELDIG"),
    ]


def test_a_traceback_that_shows_variables_shows_none_of_the_row() -> None:
    with pytest.raises(Malformed) as caught:
        record(GESLACHTSNAAM="Verzonnen\x07", PERSOONSGEBONDENNUMMER="999990018", OPMERKING="Verzonnen")
    told = TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in told.stack if "/hub/" in frame.filename]
    assert len(ours) == 1
    assert not any(value in str(frame.locals) for frame in ours for value in ("Verzonnen", "999990018"))


@pytest.mark.parametrize("column", sorted(MAPPING.required))
def test_a_required_cell_is_not_empty(column: str) -> None:
    assert faults(**{column: "  "}) == [(column, "VERPLICHT_VELD_LEEG")]


@pytest.mark.parametrize("word", ["Ja", "true", "X", "-", "01"])
def test_an_unknown_word_is_not_no(word: str) -> None:
    assert faults(INDICATIEGEHEIM=word) == [("INDICATIEGEHEIM", "CODE_ONBEKEND")]


@given(bsns(), onderwijsnummers(), no_pgns())
def test_a_number_is_what_its_remainder_says(bsn: str, school_number: str, neither: str) -> None:
    assert record(PERSOONSGEBONDENNUMMER=bsn).pgn == Bsn(bsn)
    assert record(PERSOONSGEBONDENNUMMER=school_number).pgn == Onderwijsnummer(school_number)
    assert faults(PERSOONSGEBONDENNUMMER=neither) == [("PERSOONSGEBONDENNUMMER", "BSN_ONGELDIG")]


@given(st.dictionaries(st.sampled_from(sorted(MAPPING.columns)), st.text(max_size=30)))
def test_any_cells_give_a_record_or_faults_that_name_columns(cells: dict[str, str]) -> None:
    try:
        record(**cells)
    except Malformed as wrong:
        places = {fault.where for fault in wrong.faults}
    else:
        places = set()
    assert places <= MAPPING.columns


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("field: geslachtsnaam", "field: achternaam", 11, "no field achternaam"),
        ("field: voornamen", "field: geslachtsnaam", 13, "filled twice"),
        ("codes: geslacht}", "codes: sekse}", 14, "no code list sekse"),
        ("as: postcode", "as: zip", 20, "zip"),
        ("as: number", "as: number, wide: 1", 18, "Extra inputs"),
        ("  POSTCODE:", "  WOONPLAATS:", 21, "there twice"),
        ("  POSTCODE:", "  Postcode:", 20, "in capitals"),
        ("forms: [yyyymmdd, yyyy-mm-dd, dd-mm-yyyy]", "forms: [mm/dd/yyyy]", 15, "forms"),
        ("verified: false", "verified: maybe", 6, "verified"),
        ("mapping: duo-uitval/1", "mapping: duo", 2, "mapping"),
        ('"no": [N, "0"]', '"no": [N, J]', 23, "yes and no at once"),
        ("  GEBOORTEDATUM: {", "  # {", 9, "fills geboortedatum"),
        ("  PERSOONSGEBONDENNUMMER: {", "  # {", 9, "fills bsn"),
        ("columns:", "columns: [", 0, "not YAML"),
        ("columns:", "kolommen:", 0, "columns"),
    ],
)
def test_what_is_not_understood_refuses_to_load(tmp_path: Path, old: str, new: str, line: int, why: str) -> None:
    text = DUO.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mapping.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load_mapping(path)
    assert why in caught.value.why or why in caught.value.what
    assert f"line {line}" in caught.value.what or line == 0


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        load_mapping(tmp_path / "mapping.yaml")


def test_constants_fill_what_the_sender_does_not_say(tmp_path: Path) -> None:
    text = DUO.read_text(encoding="utf-8").replace(
        "  ONDERWIJSSOORT: {as: code, field: onderwijssoort, codes: onderwijssoort}\n", ""
    )
    path = tmp_path / "mapping.yaml"
    path.write_text(text + "\nconstants: {onderwijssoort: vso}\n", encoding="utf-8")
    found = load_mapping(path).read(Row(2, Personal(CELLS), Personal(b"")))
    assert found.onderwijssoort == Personal("vso")
