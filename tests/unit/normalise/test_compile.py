"""What a mapping may say beside one column for one field, and what of it refuses to load: with the line, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.domain.personal import Bsn, Personal
from hub.domain.record import PersonRecord
from hub.domain.stages import Row
from hub.errors import Malformed, Misconfigured
from hub.normalise import wire
from hub.normalise.mapping import DeclarativeMapping, compile_mapping

TEXT = """mapping: proef/1
record: uitvalmelding
verified: false
source: "Invented for these tests."
columns:
  BSN: {as: bsn}
  ONR: {as: onderwijsnummer}
  NAAM: {as: text, field: geslachtsnaam}
  GEBOREN: {as: date, field: geboortedatum, forms: [yyyy-mm-dd]}
  SEKSE: {as: code, field: geslacht, codes: geslacht}
  GEHEIM: {as: yes_no, field: indicatie_geheim, filled: true}
  GEMEENTE: {as: gemeentecode, field: gemeente}
  SCHOOL: {as: brin, field: brin}
  TOT: {as: date, field: datum_uitschrijving, forms: [yyyy-mm-dd]}
fields:
  huisnummertoevoeging: {join: [LETTER, TOEVOEGING], with: "-", as: text}
  telefoonnummer: {first_of: [MOBIEL, VAST], as: telephone}
ignored: [MENTOR]
constants: {onderwijssoort: mbo, startkwalificatie: false}
"""
CELLS = {"BSN": "999990019", "NAAM": "Voorbeeld", "GEBOREN": "2007-02-01", "GEMEENTE": "9001", "SCHOOL": "99ZZ"}
CELLS |= {"TOT": "2026-03-01", "MENTOR": "x"}


def mapping(text: str = TEXT) -> DeclarativeMapping:
    return compile_mapping(text, Path("proef") / "mapping.yaml")


def read(made: DeclarativeMapping, **cells: str) -> PersonRecord:
    return made.read(Row(2, Personal(CELLS | cells), Personal(b"")))


def faults(**cells: str) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        read(mapping(), **cells)
    return [(fault.where, fault.code) for fault in caught.value.faults]


def test_several_columns_fill_one_field_and_presence_means_yes() -> None:
    found = read(mapping(), LETTER="a", TOEVOEGING="2", VAST="010-1234567", SEKSE="vrouw")
    assert [found.held(name) for name in ("huisnummertoevoeging", "telefoonnummer", "indicatie_geheim", "geslacht")] == [
        *("a-2", "0101234567", False, "V")
    ]
    other = read(mapping(), TOEVOEGING="2", MOBIEL="06 12345678", VAST="010-1234567", GEHEIM="x")
    assert [other.held(name) for name in ("huisnummertoevoeging", "telefoonnummer", "indicatie_geheim")] == [
        *("2", "0612345678", True)
    ]


def test_either_number_will_do_and_both_or_none_will_not() -> None:
    assert read(mapping()).pgn == Bsn("999990019")
    assert faults(BSN="") == [("BSN", "PGN_EEN_VAN_TWEE")]
    assert faults(BSN="999990018") == [("BSN", "BSN_ONGELDIG")]
    assert faults(BSN="", ONR="999990019") == [("ONR", "ONDERWIJSNUMMER_ONGELDIG"), ("BSN", "PGN_EEN_VAN_TWEE")]
    assert mapping().required == {"NAAM", "GEBOREN", "GEHEIM", "GEMEENTE", "SCHOOL", "TOT"}


def test_a_fault_of_several_columns_is_told_by_the_first() -> None:
    assert faults(VAST="bel mij") == [("MOBIEL", "WAARDE_ONGELDIG")]
    assert faults(SCHOOL="99ZZ01") == [("SCHOOL", "WAARDE_ONGELDIG")], "digits of a site that nobody asked for are not dropped"


def test_half_a_character_is_a_fault() -> None:
    assert faults(NAAM="\ud800") == [("rij", "TEKEN_ONGELDIG")]


PATHS = TEXT
for old, new in (("BSN:", "leerling.@bsn:"), ("ONR:", '"leerling.nummers[0].onr":'), ("NAAM:", "leerling.naam.achternaam:")):
    PATHS = PATHS.replace(f"  {old}", f"  {new}")
for name in ("GEBOREN", "SEKSE", "GEHEIM", "GEMEENTE", "SCHOOL", "TOT", "LETTER", "TOEVOEGING", "MOBIEL", "VAST", "MENTOR"):
    PATHS = PATHS.replace(name, f"leerling.{name.lower()}")


def test_paths_are_as_they_are_written() -> None:
    made = mapping(PATHS)
    assert made.tree
    assert {"leerling.@bsn", "leerling.nummers[0].onr", "leerling.letter"} <= made.columns
    assert mapping(PATHS.replace("columns:", "reads: {format: json, records: data.leerlingen}\ncolumns:")).tree
    assert not mapping().tree
    with pytest.raises(Misconfigured) as caught:
        mapping(PATHS.replace("columns:", "reads: {format: csv}\ncolumns:"))
    assert "in capitals" in caught.value.why


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("record: uitvalmelding", "record: geheim", 2, "carries no record geheim"),
        ("forms: [yyyy-mm-dd]}", "forms: [yyyymmdd, ddmmyyyy]}", 9, "cannot be told apart"),
        ("codes: geslacht}", "codes: onderwijssoort}", 10, "has no code vo"),
        ("filled: true}", 'filled: true, "yes": [J], "no": [N]}', 11, "or filled: true"),
        ("filled: true}", '"yes": [J]}', 11, "or filled: true"),
        ("as: gemeentecode, field: gemeente", "as: gemeentecode, field: gemeente, names: dorpen", 12, "no code list dorpen"),
        ("as: brin, field: brin", "as: number, field: brin", 13, "does not hold what number gives"),
        ("as: brin, field: brin", "as: brin, field: brin, vestiging: huisnummer", 13, "does not hold what brin gives"),
        ("as: text, field: geslachtsnaam", "as: text, field: startkwalificatie", 8, "does not hold what text gives"),
        ("join: [LETTER, TOEVOEGING]", "join: [LETTER]", 16, "at least 2"),
        ("join: [LETTER, TOEVOEGING]", "join: [LETTER, x], first_of: [LETTER, x]", 16, "in capitals"),
        ("join: [LETTER, TOEVOEGING]", "join: [A, B], first_of: [A, B]", 16, "not with both"),
        ("telefoonnummer: {", "geslachtsnaam: {", 17, "filled twice"),
        ("ignored: [MENTOR]", "ignored: [NAAM]", 18, "ignored at once"),
        ("onderwijssoort: mbo", "onderwijssoort: hbo", 19, "does not hold this"),
        ("startkwalificatie: false", "startkwalificatie: 99999999999999999999999", 19, "does not hold this"),
        ("onderwijssoort: mbo", "onderwijssoort: mbo, bsn: x", 19, "all be about one person"),
    ],
)
def test_what_cannot_be_so_refuses_to_load(old: str, new: str, line: int, why: str) -> None:
    assert old in TEXT
    with pytest.raises(Misconfigured) as caught:
        mapping(TEXT.replace(old, new, 1))
    assert why in caught.value.why
    assert f"line {line})" in caught.value.what


REST = ("letter", "toevoeging", "mobiel", "vast")


def test_a_path_that_the_foreign_form_does_not_know_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = "".join(f'<x:element name="{name}"/>' for name in ("leerling", "naam", "achternaam", "nummers", "onr", "geboren"))
    more = "".join(f'<x:element name="{n}"/>' for n in ("sekse", "geheim", "gemeente", "school", "tot", *REST))
    head = '<x:schema xmlns:x="http://www.w3.org/2001/XMLSchema">'
    (tmp_path / "lvs").mkdir()
    (tmp_path / "lvs" / "a.xsd").write_text(f'{head}<x:include schemaLocation="b.xsd"/>{names}</x:schema>')
    (tmp_path / "lvs" / "b.xsd").write_text(f'{head}{more}<x:attribute name="bsn"/><x:element name="mentor"/></x:schema>')
    monkeypatch.setattr(wire, "FOLDER", tmp_path)
    text = PATHS.replace("columns:", "reads: {format: xml, records: /lijst/leerling, xsd: lvs/a.xsd}\ncolumns:")
    assert mapping(text).tree
    with pytest.raises(Misconfigured) as caught:
        mapping(text.replace("leerling.naam.achternaam", "leerling.naam.familienaam"))
    assert "knows no familienaam" in caught.value.why
    with pytest.raises(Misconfigured):
        mapping(text.replace("lvs/a.xsd", "lvs/weg.xsd"))


def test_two_mappings_differ_where_they_do_something_else() -> None:
    rules, other = mapping().rules, mapping(TEXT.replace('with: "-"', 'with: "/"').replace("[MENTOR]", "[]")).rules
    assert {name for name in rules.keys() | other.keys() if rules.get(name) != other.get(name)} == {
        "LETTER + TOEVOEGING",
        "MENTOR",
    }
