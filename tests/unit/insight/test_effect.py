"""Yearly figures: nobody comes in, everything adds up, and what is hidden cannot be worked out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hub.commands.effect import effect_commands
from hub.commands.koppelbestand import CONTENT, request_commands
from hub.errors import Malformed
from hub.insight.effect import GROEPEN, SOORTEN, TOTAL, UITKOMSTEN, Cell, effect_of, hide
from hub.insight.store import SMALL

HEADER = "Onderwijssoort;Leeftijdsgroep;Uitkomst;Aantal\r\n"


def of(*lines: str, header: str = HEADER) -> dict[tuple[str, str, str], int | None]:
    found = effect_of((header + "\r\n".join(lines)).encode(), "04", 2025)
    return {(*line, outcome): count for (line, outcome), count in found.cells.items()}


def test_counts_and_lines_are_the_same_and_add_up() -> None:
    by_count = of("MBO;18-22;Werk;30", "mbo;18-22;zorg;20", "vo;16-17;werk;40", "totaal;totaal;totaal;90")
    header = HEADER.replace(";Aantal", "")
    by_line = of(*["mbo;18-22;werk"] * 30, *["mbo;18-22;zorg"] * 20, *["vo;16-17;werk"] * 40, header=header)
    assert by_count == by_line
    assert (by_count["mbo", "18-22", TOTAL], by_count[TOTAL, TOTAL, "werk"], by_count[TOTAL, TOTAL, TOTAL]) == (50, 70, 90)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("BSN;Onderwijssoort;Leeftijdsgroep;Uitkomst", "999909848;mbo;18-22;werk"),
        ("Achternaam;Onderwijssoort;Leeftijdsgroep;Uitkomst", "geheim123;mbo;18-22;werk"),
        ("Geboortedatum;Onderwijssoort;Leeftijdsgroep;Uitkomst", "20080229;mbo;18-22;werk"),
        ("Opmerking;Onderwijssoort;Leeftijdsgroep;Uitkomst", "geheim123;mbo;18-22;werk"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst", "mbo;18-22;geheim123"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst", "mbo;19;werk"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst;Aantal", "mbo;18-22;werk;-3"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst;Aantal", "mbo;18-22;werk;999909848"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst;Aantal", "mbo;18-22;totaal;7\nmbo;18-22;werk;6"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst;Aantal", "mbo;18-22;werk"),
        ("Onderwijssoort;Leeftijdsgroep;Uitkomst", ""),
    ],
)
def test_what_holds_anything_else_is_refused_and_not_repeated(header: str, line: str) -> None:
    with pytest.raises(Malformed) as refused:
        of(line, header=header + "\n")
    told = f"{refused.value}{refused.value.why}{refused.value.faults}"
    assert not any(word in told for word in ("geheim123", "999909848", "20080229"))


def test_one_small_cell_takes_others_with_it() -> None:
    cells = of("mbo;18-22;werk;30", "mbo;18-22;zorg;3", "vo;16-17;werk;40", "vo;16-17;zorg;25")
    assert cells["mbo", "18-22", "zorg"] is None
    assert cells["mbo", "18-22", "werk"] is None
    assert cells[TOTAL, TOTAL, TOTAL] == 98
    assert None not in of("mbo;18-22;werk;30", "vo;16-17;werk;40").values()


def worked_out(counted: dict[Cell, int], hidden: frozenset[Cell]) -> set[Cell]:
    """Which hidden cells follow from the others, by the equations of the totals: Gauss, and no graph."""
    unknown = sorted(hidden)
    lines, outcomes = {line for line, _ in counted}, {outcome for _, outcome in counted}
    rows = [[Fraction(cell[0] == line) * (-1 if cell[1] == TOTAL else 1) for cell in unknown] for line in lines]
    rows += [[Fraction(cell[1] == each) * (-1 if cell[0] == (TOTAL, TOTAL) else 1) for cell in unknown] for each in outcomes]
    pivots: list[int] = []
    for column in range(len(unknown)):
        pivot = next((row for row in range(len(pivots), len(rows)) if rows[row][column]), None)
        if pivot is None:
            continue
        at = len(pivots)
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][column] for value in rows[at]]
        for other in range(len(rows)):
            if other != at and (factor := rows[other][column]):
                rows[other] = [value - factor * base for value, base in zip(rows[other], rows[at], strict=True)]
        pivots.append(column)
    return {unknown[column] for at, column in enumerate(pivots) if sum(bool(value) for value in rows[at]) == 1}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0, 0, 1, 2, 5, 9, 10, 30, 200]), min_size=7, max_size=7), min_size=1, max_size=5))
def test_no_hidden_cell_can_be_worked_out(table: list[list[int]]) -> None:
    lines = [(soort, GROEPEN[0]) for soort in SOORTEN]
    counted: dict[Cell, int] = {
        (line, each): count
        for line, row in zip(lines, table, strict=False)
        for each, count in zip(UITKOMSTEN, row, strict=True)
    }
    used = list(dict.fromkeys(line for line, _ in counted))
    counted |= {((TOTAL, TOTAL), each): sum(counted[line, each] for line in used) for each in UITKOMSTEN}
    for line in (*used, (TOTAL, TOTAL)):
        counted[line, TOTAL] = sum(counted[line, each] for each in UITKOMSTEN)
    hidden = hide(counted)
    assert all(cell in hidden for cell, count in counted.items() if 0 < count < SMALL)
    assert worked_out(counted, hidden) == set()


def test_from_the_command_line(tmp_path: Path) -> None:
    app = typer.Typer()
    effect_commands(app, lambda work: work())
    request_commands(app, lambda work: work())
    export, out = tmp_path / "export.csv", tmp_path / "cijfers.csv"
    export.write_text(HEADER + "mbo;18-22;werk;30\nmbo;18-22;zorg;3\nvo;16-17;werk;40\nvo;16-17;zorg;25\n")
    run = CliRunner().invoke(app, ["effectrapportage", str(export), "--region", "04", "--year", "2025", "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert "cells are hidden" in run.output
    assert b";98\r\n" in out.read_bytes()
    asked = CliRunner().invoke(app, ["duo-aanvraag", "--region", "4", "--out", str(tmp_path)])
    assert asked.exit_code == 0, asked.output
    (request,) = tmp_path.glob("*R0004.txt")
    assert request.read_bytes() == CONTENT
