"""The cells of a question space: what is asked becomes a scale, and what shuts every permit is left out."""

from __future__ import annotations

from datetime import date

from hub.consent.cells import Cell, cells
from hub.consent.compile import compile_policy
from hub.consent.scales import OTHER, Diploma, Further, Named, Plain, every
from hub.consent.space import Space
from hub.domain.facts import SubjectFacts
from hub.domain.terms import FactName, PartyId, RecordKind
from tests.fakes.shipped import shipped_policy

POLICY = shipped_policy()
DAY = date(2026, 11, 2)
NOBODY = SubjectFacts(DAY, *(None,) * 9, standing=frozenset())


def _cells(*, alike: bool, day: date = DAY) -> list[Cell]:
    lane = compile_policy(POLICY).lane(
        PartyId("duo"), PartyId("doorstroompunt-lindemark"), RecordKind("uitvalmelding"), None, day
    )
    return list(cells(Space(day, ((lane,), (lane,)), lambda _side, _step, clause: clause.id, alike)))


def test_where_both_sides_have_the_same_permits_there_is_nothing_to_decide():
    assert _cells(alike=True) == []
    assert _cells(alike=False) != []


def test_on_a_day_on_which_nothing_is_in_force_there_are_no_cells():
    assert _cells(alike=False, day=date(2025, 1, 1)) == []


def test_marks_that_shut_every_permit_are_left_out_and_each_cell_has_facts_with_its_marks():
    found = _cells(alike=False)
    for cell in found:
        (box,) = cell.boxes
        for scale, marks in zip(cell.scales, box, strict=True):
            assert scale.mark(cell.facts) in marks or marks == every(scale)
            if scale.fact == "overleden":
                assert marks == {False}
            if scale.fact == "gemeente":
                assert OTHER not in marks
                assert None not in marks


def test_a_scale_reads_its_fact():
    assert Plain("age").mark(NOBODY.but(age=131)) == 130
    assert Plain("age").mark(NOBODY) is None
    homes = Named("gemeente", frozenset({"9001"}))
    assert [homes.mark(NOBODY.but(gemeente=code)) for code in ("9001", "1234", None)] == ["9001", OTHER, None]


def test_an_anniversary_of_the_diploma_is_still_within():
    scale = Diploma((1, 2))
    dates = (None, DAY, date(2025, 11, 2), date(2025, 11, 1), date(2024, 11, 2), date(2024, 11, 1))
    assert [scale.mark(NOBODY.but(datum_diploma=day)) for day in dates] == [None, 0, 0, 1, 1, 2]


def test_a_further_fact_is_yes_no_or_a_date_in_one_of_the_windows():
    scale = Further(FactName("proef"), (1, 6))

    def mark(value: bool | date) -> object:
        return scale.mark(NOBODY.but(more=frozenset({(FactName("proef"), value)})))

    assert scale.mark(NOBODY) is None
    assert mark(value=True) is True
    dates = (date(2026, 11, 3), DAY, date(2026, 10, 2), date(2026, 10, 1), date(2026, 5, 2), date(2026, 5, 1))
    assert [mark(day) for day in dates] == [("date", number) for number in (-1, 0, 0, 1, 1, 2)]
    assert len(every(scale)) == 7
