"""A row of a spreadsheet is never a formula, and an emptied entry keeps its place."""

import pytest

from hub.archive.reading import Entry
from hub.archive.rows import COLUMNS, Totals, row, safe
from hub.audit.entry import parse
from tests.fakes.house import shipped
from tests.fakes.log import RECIPIENT, sample_bodies


@pytest.mark.parametrize("cell", ["=1+1", "+31", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_begins_as_a_formula_is_text(cell: str) -> None:
    assert safe(cell) == "'" + cell


def test_what_is_no_formula_stays_as_it_is() -> None:
    assert (safe("Toegestaan"), safe(12)) == ("Toegestaan", 12)


def test_an_emptied_entry_keeps_its_place_and_says_so() -> None:
    cells = row(shipped().policy, Entry(7, None))
    assert cells[0] == 7
    assert "bewaartermijn" in str(cells[2])
    assert len(cells) == len(COLUMNS)


def test_every_kind_of_entry_has_a_cell_for_every_column_and_is_counted() -> None:
    totals = Totals()
    for seq, body in enumerate(sample_bodies(8)):
        said = parse(body)
        totals.add(said)
        cells = row(shipped().policy, Entry(seq, said))
        assert len(cells) == len(COLUMNS)
        assert cells[16] == said["ref"]
    assert [cells[:5] for cells in totals.rows(shipped().policy)] == [(RECIPIENT, "doorstroom-begeleiden", 4, 0, 2)]
