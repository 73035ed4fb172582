"""How long an answer holds: to the first day on which anything that it rests on can change; lanes made by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.consent.decide import answers, ask
from hub.consent.model import Window
from hub.consent.question import Decision, Question
from hub.consent.table import Lane, WithinRow
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.terms import FactName, PurposeId, ReasonCode
from tests.fakes.rows import GIVER, LATE, TAKER, asked, basis, clause, lane, pupil, table, yes
from tests.fakes.wide import CARD

SOON = date(2027, 1, 1)
END = FactName("proef_einde")
UNKNOWN = ReasonCode("FEIT_ONTBREEKT_INSCHRIJVING")


def question(facts: SubjectFacts | None = None, **other: Any) -> Question:
    return Question(CARD, (GIVER, TAKER), facts or pupil(), **other)


def one(between: Lane, facts: SubjectFacts | None = None, **other: Any) -> Decision:
    return ask(table(between), [question(facts, **other)])[0]


@pytest.mark.parametrize(("age", "next_age"), [(15, 16), (16, 20), (19, 20), (20, None), (None, None)])
def test_an_answer_holds_to_the_next_age_of_note(age: int | None, next_age: int | None):
    between = lane(clause(bases=(basis(youngest=0, oldest=99),), youngest=0), borders=(16, 20))
    shut = lane(clause(shut=(ReasonCode("DPIA_VERLOPEN"),)), borders=(16, 20))
    for each in (between, shut):
        assert answers(table(each), [question(pupil(age=age))])[0].next_age == next_age


@pytest.mark.parametrize(("born", "until"), [
    (date(2007, 3, 1), date(2027, 3, 1)), (date(2006, 11, 3), date(2026, 11, 3)), (None, date(2030, 1, 1)),
    (date(2006, 11, 2), date(2026, 11, 3)), (date(2005, 1, 1), date(2026, 11, 3)), (date(2012, 1, 1), date(2030, 1, 1)),
])  # fmt: skip
def test_a_birthday_ends_an_answer_and_one_that_contradicts_the_age_ends_it_tomorrow(born: date | None, until: date):
    assert one(lane(clause(), borders=(20,)), born=born).valid_until == until


@pytest.mark.parametrize(("ends", "until"), [
    (date(2026, 12, 1), date(2026, 12, 1)), (date(2026, 11, 3), date(2026, 11, 3)), (date(2026, 11, 2), SOON),
    (date(2026, 10, 1), SOON), (SOON, SOON), (date(2028, 1, 1), SOON), (None, SOON),
])  # fmt: skip
def test_an_answer_holds_no_longer_than_a_statement(ends: date | None, until: date):
    between = lane(clause(), until=SOON)
    for said in (Stated(StatementKind.contactvoorkeur, until=ends), yes(until=ends)):
        assert one(between, pupil(said, yes(StatementKind.instemming))).valid_until == until


def test_the_first_of_several_borders_ends_it():
    between = lane(clause(), until=date(2027, 6, 1), borders=(20,))
    first = yes(until=date(2026, 12, 1))
    assert one(between, pupil(first, yes(until=date(2026, 11, 20))), born=date(2007, 3, 1)).valid_until == date(2026, 11, 20)
    assert one(between, pupil(first), born=date(2007, 3, 1)).valid_until == date(2026, 12, 1)
    assert one(between, born=date(2007, 3, 1)).valid_until == date(2027, 3, 1)
    assert one(between, pupil(standing=None), born=date(2007, 8, 1)).valid_until == date(2027, 6, 1)


WINDOW = WithinRow(END, 3, ReasonCode("NOG_INGESCHREVEN"), UNKNOWN)


@pytest.mark.parametrize(("known", "until"), [
    (date(2026, 10, 15), date(2027, 1, 16)), (date(2026, 12, 1), date(2026, 12, 1)), (date(2026, 8, 2), date(2026, 11, 3)),
    (date(2026, 8, 1), date(2028, 1, 1)), (date(2027, 11, 1), date(2027, 11, 1)), (True, date(2028, 1, 1)),
    (None, date(2028, 1, 1)), (date(2026, 11, 2), date(2027, 2, 3)), (date(2028, 1, 1), date(2028, 1, 1)),
])  # fmt: skip
def test_a_term_that_runs_ends_an_answer_on_the_day_after_its_last(known: date | bool | None, until: date):
    """Open or shut: the term begins on its day, and its last day is the same day so many months on."""
    between = lane(clause(within=(WINDOW,)), until=date(2028, 1, 1), asks=frozenset({END}))
    more = frozenset() if known is None else frozenset({(END, known)})
    assert one(between, pupil(more=more)).valid_until == until
    untold = lane(clause(within=(WINDOW,)), until=date(2028, 1, 1))
    assert one(untold, pupil(more=more)).valid_until == date(2028, 1, 1)


@pytest.mark.parametrize("along", ["requires", "bases"])
@pytest.mark.parametrize(("diploma", "until"), [
    (date(2025, 12, 1), date(2026, 12, 2)), (date(2025, 11, 2), date(2026, 11, 3)), (date(2025, 11, 1), date(2027, 11, 2)),
    (None, date(2028, 1, 1)), (date(2024, 2, 29), date(2027, 3, 2)),
])  # fmt: skip
def test_the_years_after_a_diploma_end_an_answer(along: str, diploma: date | None, until: date):
    """The anniversary itself is the last day on which the statement is asked for (WEB 9.2.5, fifth paragraph)."""
    when = tuple(Window(onderwijssoort=(each,), years_after_diploma=n) for n, each in enumerate(("vso", "pro", "vo"), 1))
    waits = asked(StatementKind.raadpleging_school, when=when)
    row = clause(requires=(waits,)) if along == "requires" else clause(bases=(basis(), basis("ander", asks=waits)))
    between = lane(row, until=date(2028, 1, 1), diploma_of=frozenset({"vso"}))
    assert one(between, pupil(datum_diploma=diploma)).valid_until == until


def test_terms_of_every_clause_count():
    between = lane(
        clause("een", within=(WINDOW,)),
        clause("twee", within=(WithinRow(END, 1, LATE, LATE),)),
        until=date(2028, 1, 1),
        asks=frozenset({END}),
    )
    assert one(between, pupil(more=frozenset({(END, date(2026, 10, 15))}))).valid_until == date(2026, 11, 16)
    other = PurposeId("begeleiding-doorstroompunt")
    assert one(lane(clause(purpose=other), until=SOON), purpose=other).valid_until == SOON
