"""The exact diff: what is said of a change, on policies small enough to try every question."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.diff import Diff, diff, effect_of, merged, summary
from hub.consent.model import Element, Permit, PolicySet
from hub.consent.policy import named_by_hash
from hub.consent.question import Question
from hub.domain.facts import SubjectFacts
from hub.domain.terms import ElementName, Form, PartyId, RecordKind
from tests.fakes.shipped import shipped_policy

SHIPPED = shipped_policy()
CLAUSE = "duo-doorstroompunt/1/uitval"
DUO, DESK, WORK = (PartyId(name) for name in ("duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer"))
KIND = RecordKind("uitvalmelding")


def _permit() -> Permit:
    (found,) = (c for a in SHIPPED.agreements for c in a.clauses if isinstance(c, Permit) and c.id == CLAUSE)
    return found


def _but(**changes: Any) -> PolicySet:
    agreements = tuple(
        agreement.model_copy(
            update={"clauses": tuple(c.model_copy(update=changes) if c.id == CLAUSE else c for c in agreement.clauses)}
        )
        for agreement in SHIPPED.agreements
    )
    return named_by_hash(replace(SHIPPED, agreements=agreements))


def _until(age: int) -> PolicySet:
    subject = _permit().subject
    return _but(subject=subject.model_copy(update={"age": subject.age.model_copy(update={"max": age})}))


def _towards(found: Diff, *way: PartyId) -> list[Any]:
    return [change for change in found.changes if change.way == way]


def test_the_same_set_changes_nothing():
    found = diff(SHIPPED, SHIPPED)
    assert (found.changes, found.cells, summary(found).wider) == ((), 0, 0)


def test_fewer_ages_are_told_as_what_is_lost_by_whom():
    found = diff(SHIPPED, _until(20))
    assert found.wider == ()
    (change, *others) = _towards(found, DUO, DESK)
    assert all(one.marks("age") == {21, 22} for one in (change, *others))  # the law ends at 22
    assert {name for name, _ in change.lost} <= set(_permit().fields)
    assert change.marks("gemeente") == {"9001", "9002", "9003"}
    assert change.after.fields == ()
    assert change.days == ((date(2026, 1, 1), date(2028, 10, 6)),)


def test_what_is_passed_on_changes_with_what_came_in():
    found = diff(SHIPPED, _until(20))
    assert _towards(found, DUO, DESK, WORK)
    assert not _towards(found, DESK, WORK)


def test_the_other_way_round_widens():
    found = diff(_until(20), SHIPPED)
    assert found.narrower == ()
    assert summary(found).wider == len(found.changes) > 0
    assert found.wider[0].gained


def test_a_field_of_which_health_can_be_read_is_told_as_special():
    fields = dict(_permit().fields)
    name = next(name for name in sorted(fields) if name not in ("bsn", "onderwijsnummer"))
    element = SHIPPED.elements[name].model_copy(update={"inferable_health": True})
    less = _but(fields={each: need for each, need in fields.items() if each != name})
    more = named_by_hash(replace(SHIPPED, elements={**SHIPPED.elements, name: element}))
    found = diff(less, more)
    assert found.special == (name,)
    assert (ElementName(name), Form.raw) in _towards(found, DUO, DESK)[0].gained
    assert isinstance(element, Element)
    assert diff(more, less).special == ()


def test_fewer_obligations_widen_and_another_term_is_a_change():
    permit = _permit()
    released = diff(SHIPPED, _but(obligations=permit.obligations[1:]))
    assert released.wider == released.changes
    assert released.changes[0].released == permit.obligations[:1]
    assert (released.changes[0].gained, released.changes[0].lost) == ((), ())
    other = diff(SHIPPED, _but(retention=permit.retention.model_copy(update={"term": "een-andere-termijn"})))
    assert other.changed == other.changes != ()


def test_other_words_are_no_change():
    found = diff(SHIPPED, _but(why_nl="Om dezelfde reden, met andere woorden gezegd."))
    assert (found.changes, found.cells) == ((), 0)


@pytest.mark.parametrize("b", [_until(20), _but(geheim_adres="withheld"), _but(bases=_permit().bases[:1], obligations=())])
def test_every_question_about_a_small_space_lies_in_a_change_exactly_where_the_answers_differ(b: PolicySet):
    found, tables = diff(SHIPPED, b), (compile_policy(SHIPPED), compile_policy(b))
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2028, 10, 5), date(2028, 10, 6))
    facts = [
        SubjectFacts(day, age, False, left, False, secret, "mbo", None, home, number, frozenset())
        for day, age, left, secret, home, number in product(
            days, (None, *range(16, 30)), (False, True, None), (False, True, None), ("9001", "9008", None), (True, False, None)
        )
    ]
    questions = [Question(KIND, (DUO, DESK), one) for one in facts]
    ways = _towards(found, DUO, DESK)
    for question, one, other in zip(questions, ask(tables[0], questions), ask(tables[1], questions), strict=True):
        inside = [change for change in ways if change.holds(question)]
        assert len(inside) == (effect_of(one) != effect_of(other))


def test_boxes_that_differ_on_one_axis_become_one():
    one, two, both = frozenset({1}), frozenset({2}), frozenset({1, 2})
    assert merged([(one, one), (one, two), (two, one), (two, two)]) == [(both, both)]
    assert sorted(merged([(one, one), (two, two)]), key=str) == [(one, one), (two, two)]
    assert merged([]) == []
