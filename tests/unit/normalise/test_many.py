"""Fields that hold lists: what a mapping may say of them, what it reads, and where it finds fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.errors import Malformed, Misconfigured
from hub.formats.agreed import columns_of, drift_of
from hub.formats.csv import FORMAT
from hub.formats.json import JsonFormat
from hub.normalise.mapping import DeclarativeMapping, compile_mapping

_HEAD = """mapping: proef/1
record: {record}
verified: false
source: "Invented for these tests."
columns:
"""
_COLUMNS = """  NR: {as: pgn}
  NAAM: {as: text, field: geslachtsnaam}
  GEBOREN: {as: date, field: geboortedatum, forms: [yyyy-mm-dd]}
  GEMEENTE: {as: gemeentecode, field: gemeente}
"""
_OF_ABSENCE = """  GEHEIM: {as: yes_no, field: indicatie_geheim, "yes": [J], "no": [N]}
  SCHOOL: {as: brin, field: brin}
  SOORT: {as: code, field: onderwijssoort, codes: onderwijssoort}
  BEGIN: {as: date, field: verzuim_begindatum, forms: [yyyy-mm-dd]}
  VERZUIM: {as: code, field: verzuimsoort, codes: verzuimsoort}
constants: {startkwalificatie: false, status_melding: geregistreerd}
fields:
"""
_DAYS = """  verzuimdagen:
    as: list
    of:
      datum: {as: date, from: "DATUM#", forms: [yyyy-mm-dd]}
      hele_dag: {as: yes_no, from: "HELEDAG#", "yes": [J], "no": [N]}
      lesuren: {as: numbers, from: "LESUREN#", split: ","}
"""
_TREE_DAYS = """  verzuimdagen:
    as: list
    from: verzuim.dag
    of:
      datum: {as: date, from: datum, forms: [yyyy-mm-dd]}
      hele_dag: {as: yes_no, from: "@heel", "yes": ["true"], "no": ["false"]}
      lesuren: {as: numbers, from: lesuur}
"""
_SOORT = "  SOORT: {as: code, field: onderwijssoort, codes: onderwijssoort}\nfields:\n"
_CELLS = {"NR": "999909848", "NAAM": "Voorbeeld", "GEBOREN": "2008-02-29", "GEMEENTE": "9001", "SOORT": "mbo"}
_ABSENCE = _CELLS | {"GEHEIM": "N", "SCHOOL": "98ZZ", "BEGIN": "2026-10-01", "VERZUIM": "overig"}


def mapping(fields: str, record: str = "verzuimmelding", *, tree: bool = False) -> DeclarativeMapping:
    columns = _COLUMNS + (_OF_ABSENCE if record == "verzuimmelding" else _SOORT)
    if tree:
        lines = [
            line if not line.startswith("  ") else line.replace(line.split(":")[0], line.split(":")[0].lower(), 1)
            for line in columns.splitlines()
        ]
        columns = "\n".join(lines) + "\n"
    return compile_mapping(_HEAD.format(record=record) + columns + fields, Path("proef") / "mapping.yaml")


def read(made: DeclarativeMapping, field: str, **cells: str) -> object:
    known = _ABSENCE if made.record_kind == "verzuimmelding" else _CELLS
    found = {(name.lower() if made.tree else name): cell for name, cell in known.items()}
    return made.read(Row(2, Personal(found | cells), Personal(b""))).held(field)


def faults(made: DeclarativeMapping, **cells: str) -> list[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        read(made, "bsn", **cells)
    return [(fault.where, fault.code) for fault in caught.value.faults]


DAY = {"DATUM1": "2026-10-01", "HELEDAG1": "J", "LESUREN1": ""}
TREE_DAY = {"verzuim.dag[0].datum": "2026-10-01", "verzuim.dag[0].@heel": "true"}


def days(found: object) -> list[tuple[str, bool, tuple[int, ...]]]:
    assert isinstance(found, tuple)
    return [(day.datum.isoformat(), day.hele_dag, day.lesuren) for day in found]


def test_days_are_read_from_a_table_and_from_a_tree() -> None:
    wanted = [("2026-10-01", True, ()), ("2026-10-02", False, (3, 4))]
    table = read(mapping(_DAYS), "verzuimdagen", **DAY, DATUM2="2026-10-02", HELEDAG2="N", LESUREN2="3, 4", DATUM3=" ")
    assert days(table) == wanted
    second = {"verzuim.dag[1].datum": "2026-10-02", "verzuim.dag[1].@heel": "false"}
    hours = {"verzuim.dag[1].lesuur[0]": "3", "verzuim.dag[1].lesuur[1]": "4"}
    assert days(read(mapping(_TREE_DAYS, tree=True), "verzuimdagen", **TREE_DAY, **second, **hours)) == wanted
    one = {"verzuim.dag.datum": "2026-10-01", "verzuim.dag.@heel": "false", "verzuim.dag.lesuur": "2"}
    assert days(read(mapping(_TREE_DAYS, tree=True), "verzuimdagen", **one)) == [("2026-10-01", False, (2,))]
    assert read(mapping(_DAYS), "verzuimdagen") is None
    assert mapping(_DAYS).kind_of("DATUM7") == mapping(_DAYS).kind_of("DATUM#") == ("text", "verzuimdagen")
    assert mapping(_DAYS).rules != mapping(_DAYS.replace("[J]", "[J, X]")).rules


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({"DATUM2": "2026-10-02", "HELEDAG2": "J"}, [("DATUM1", "VERPLICHT_VELD_LEEG")]),
        ({"HELEDAG1": "J"}, [("DATUM1", "VERPLICHT_VELD_LEEG")]),
        (DAY | {"DATUM1": "1-10-2026"}, [("DATUM1", "DATUM_ONGELDIG")]),
        (DAY | {"DATUM01": "2026-10-02"}, [("DATUM01", "VELD_DUBBEL")]),
        (DAY | {"DATUM0": "2026-10-02"}, [("DATUM0", "WAARDE_ONGELDIG")]),
        (DAY | {"DATUM101": "2026-10-02"}, [("DATUM#", "TE_LANG")]),
        (DAY | {"HELEDAG1": "N"}, [("DATUM1", "WAARDE_ONGELDIG")]),
        (DAY | {"HELEDAG1": "N", "LESUREN1": "3,13"}, [("LESUREN1", "WAARDE_ONGELDIG")]),
        (DAY | {"HELEDAG1": "N", "LESUREN1": "3,x,"}, [("LESUREN1", "WAARDE_ONGELDIG")]),
        (DAY | {"DATUM1": "2026-13-01", "HELEDAG1": "?"}, [("DATUM1", "DATUM_ONGELDIG"), ("HELEDAG1", "CODE_ONBEKEND")]),
    ],
)
def test_what_is_wrong_in_a_list_is_told_where_it_is(cells: dict[str, str], wanted: list[tuple[str, str]]) -> None:
    found = faults(mapping(_DAYS), **cells)
    assert set(found) == set(wanted)
    assert len(found) == len(set(found))


def test_a_fault_in_a_tree_is_told_by_its_path() -> None:
    made = mapping(_TREE_DAYS, tree=True)
    assert faults(made, **TREE_DAY, **{"verzuim.dag[2].datum": "x"})[0] == ("verzuim.dag[2].datum", "DATUM_ONGELDIG")
    assert ("verzuim.dag[1].datum", "VERPLICHT_VELD_LEEG") in faults(made, **TREE_DAY, **{"verzuim.dag[2].datum": "2026-10-02"})
    assert faults(made, **TREE_DAY, **{"verzuim.dag[0].lesuur[1]": "1"})[0] == (
        "verzuim.dag[0].lesuur[0]",
        "VERPLICHT_VELD_LEEG",
    )
    assert faults(made, **TREE_DAY, **{"verzuim.dag[100].datum": "2026-10-02"}) == [("verzuim.dag", "TE_LANG")]


def test_lines_come_from_what_is_repeated_from_columns_or_from_one_text() -> None:
    repeated = mapping("  vaardigheden: {as: lines, from: paspoort.kan}\n", "portfolio", tree=True)
    assert read(repeated, "vaardigheden", **{"paspoort.kan[0]": "koken", "paspoort.kan[1]": "rekenen"}) == ("koken", "rekenen")
    assert read(repeated, "vaardigheden", **{"paspoort.kan": "koken"}) == ("koken",)
    assert faults(repeated, **{"paspoort.kan[1]": "koken"}) == [("paspoort.kan[0]", "VERPLICHT_VELD_LEEG")]
    assert faults(repeated, **{f"paspoort.kan[{n}]": "x" for n in range(26)}) == [("paspoort.kan", "TE_LANG")]
    assert faults(repeated, **{"paspoort.kan": "x" * 201})[0] == ("paspoort.kan[0]", "TE_LANG")
    columns = mapping('  vaardigheden: {as: lines, from: "KAN#"}\n', "portfolio")
    assert read(columns, "vaardigheden", KAN1="koken", KAN2="rekenen") == ("koken", "rekenen")
    split = mapping('  vaardigheden: {as: lines, from: KAN, split: "|"}\n', "portfolio")
    assert read(split, "vaardigheden", KAN="koken | rekenen") == ("koken", "rekenen")
    assert faults(split, KAN="koken||rekenen") == [("KAN", "VERPLICHT_VELD_LEEG")]


@pytest.mark.parametrize(
    ("fields", "tree", "line", "why"),
    [
        (_DAYS.replace('from: "DATUM#"', "from: DATUM"), False, 17, "one number"),
        (_DAYS.replace('"DATUM#"', '"DATUM##"'), False, 17, "one number"),
        (_DAYS.replace('      datum: {as: date, from: "DATUM#", forms: [yyyy-mm-dd]}\n', ""), False, 17, "Nothing fills datum"),
        (_DAYS.replace("hele_dag: {", "halve_dag: {"), False, 21, "no field halve_dag"),
        (_DAYS.replace(', split: ","', ""), False, 22, "say with split"),
        (_DAYS.replace("as: numbers", "as: text").replace(', split: ","', ""), False, 22, "does not hold what text"),
        (_DAYS.replace("verzuimdagen", "verzuimreden"), False, 17, "does not hold what list"),
        (_DAYS.replace("    as: list\n", "    as: list\n    from: DAG\n"), False, 17, "without from"),
        (_DAYS + "      toets: {as: pgn, from: X}\n", False, 23, "fields"),
        (_TREE_DAYS.replace("    from: verzuim.dag\n", ""), True, 17, "from which path"),
        (_TREE_DAYS.replace("verzuim.dag", '"verzuim.dag[#]"'), True, 17, "no # is written"),
        (_TREE_DAYS.replace("verzuim.dag", "verzuim[0].dag"), True, 17, "no place"),
        (_TREE_DAYS.replace("from: datum", "from: leerling.eckId"), True, 17, "pseudonym"),
        ("  verzuimreden: {as: lines, from: reden}\n", True, 17, "does not hold what lines"),
        ("  verzuimreden: {as: lines, from: REDEN}\n", False, 17, "where their number stands"),
        ('  verzuimreden: {as: text, first_of: ["A#", B]}\n', False, 17, "in the name of a column of a list"),
    ],
)
def test_a_list_that_is_not_understood_does_not_load(fields: str, tree: bool, line: int, why: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        mapping(fields, tree=tree)
    assert why in str(refused.value)
    if why != "pseudonym":
        assert f"line {line})" in str(refused.value)


def test_how_many_there_are_is_no_part_of_what_was_agreed() -> None:
    made = mapping(_DAYS)

    def layout(*more: str) -> object:
        inspector = FORMAT.inspect(made.columns, made.required)
        inspector.feed(
            (";".join([*_ABSENCE, *more]) + "\n" + ";".join([*_ABSENCE.values(), *("" for _ in more)]) + "\n").encode()
        )
        inspector.finish()
        return columns_of(inspector, made, lambda _, name: name, readable=True)

    one, two, other = layout(*DAY), layout(*DAY, "DATUM2", "HELEDAG2", "LESUREN2"), layout(*DAY, "DATUM2X")
    assert drift_of(one, two) is None  # type: ignore[arg-type]
    drift = drift_of(one, other)  # type: ignore[arg-type]
    assert drift is not None
    assert drift.added == ("DATUM2X",)


def test_what_is_several_where_a_list_has_one_tears_the_record() -> None:
    made = mapping(_TREE_DAYS, tree=True)
    reader = JsonFormat().read(None, made.columns)  # type: ignore[arg-type]
    (row,) = [*reader.feed(b'[{"verzuim": [{"dag": [{"datum": "2026-10-01"}]}]}]'), *reader.finish()]
    assert row.fault == "WAARDE_ONGELDIG"
