"""Who can get what: exact, compared with asking about everybody."""

from __future__ import annotations

from datetime import date
from itertools import pairwise, product
from pathlib import Path

import pytest

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.model import PolicySet
from hub.consent.policy import policy_files, read_policy
from hub.consent.question import Question
from hub.consent.reach import Known, conditions, joined, reach, steps, ways, what_can, who_can
from hub.consent.table import DecisionTable
from hub.domain.facts import SubjectFacts
from hub.domain.terms import ElementName, PartyId, RecordKind

ROOT = Path(__file__).parents[3]
OF_THE_HUB = ("reasons/", "elements/uitvalmelding.yaml", "records/uitvalmelding.yaml")
DUO, PUNT, WERK = PartyId("duo"), PartyId("doorstroompunt-lindemark"), PartyId("werk-en-inkomen-aldermeer")


@pytest.fixture(scope="module")
def small() -> PolicySet:
    shipped = policy_files(ROOT / "schemas" / "policy")
    own = policy_files(ROOT / "tests" / "hostile" / "policy" / "set")
    return read_policy({**{name: text for name, text in shipped.items() if name.startswith(OF_THE_HUB)}, **own})


def facts(age: int, gemeente: str, day: date) -> SubjectFacts:
    known = {"overleden": False, "startkwalificatie": False, "ingeschreven": False, "indicatie_geheim": False}
    return SubjectFacts(
        as_of=day,
        age=age,
        onderwijssoort="mbo",
        datum_diploma=None,
        gemeente=gemeente,
        has_bsn=True,
        standing=frozenset(),
        **known,
    )


def test_says_what_asking_everybody_says(small: PolicySet):
    table = compile_policy(small)
    path = (PartyId("school-a"), PartyId("punt-b"))
    asked = {
        (age, home): ask(table, [Question(RecordKind("proefmelding"), path, facts(age, home, date(2026, 11, 2)))])[0].grant
        for age, home in product(range(40), ("9101", "9999"))
    }
    (one,) = who_can(small, table, ElementName("geslachtsnaam"))
    assert one.path == path
    (span,) = one.ages
    assert {age for (age, home), grant in asked.items() if grant and home == "9101"} == set(range(span[0], span[1] + 1))
    assert not any(grant for (_, home), grant in asked.items() if home == "9999")


def test_what_no_clause_names_reaches_nobody(small: PolicySet):
    table = compile_policy(small)
    assert who_can(small, table, ElementName("postcode")) == []
    assert what_can(small, table, PartyId("bedrijf-c")) == []


@pytest.mark.parametrize(
    ("known", "count"),
    [
        (Known(age=15), 0),
        (Known(age=16), 1),
        (Known(gemeente="9999"), 0),
        (Known(day=date(2025, 6, 1)), 0),
        (Known(day=date(2027, 10, 31), age=22, onderwijssoort="vo"), 1),
        (Known(day=date(2027, 11, 1)), 0),
    ],
)
def test_asked_about_one_young_person_or_day(small: PolicySet, known: Known, count: int):
    assert len(what_can(small, compile_policy(small), PartyId("school-a"), known)) == count


def test_both_sides_are_told(small: PolicySet):
    table = compile_policy(small)
    assert [one.path for one in what_can(small, table, PartyId("punt-b"))] == [("school-a", "punt-b")]


def test_what_is_passed_on_comes_along_its_sources(policy: PolicySet, table: DecisionTable):
    every = list(steps(policy))
    reused = [step for step in every if step.clause.reuse_of]
    assert reused
    for step in reused:
        for way in ways(policy, step, every):
            assert way[-1] is step
            assert all(one.recipient == other.giver for one, other in pairwise(way))
            assert not way[0].clause.reuse_of
    found = [one.path for one in who_can(policy, table, ElementName("bsn")) if one.path[-1] == WERK]
    assert (DUO, PUNT, WERK) in found


def test_never_more_than_the_clause_names(policy: PolicySet, table: DecisionTable):
    for step in list(steps(policy))[:40]:
        for way in ways(policy, step, list(steps(policy))):
            reached = reach(policy, table, way, Known(day=date(2026, 11, 2), onderwijssoort="mbo"))
            assert all(step.clause.fields[name].form is form for name, form in reached.fields.items())


def test_conditions_are_said(policy: PolicySet, table: DecisionTable):
    ways_to_work = [one for one in who_can(policy, table, ElementName("bsn")) if one.path == (DUO, PUNT, WERK)]
    one = next(one for one in ways_to_work if one.step.clause.id.startswith("doorstroompunt-werk-en-inkomen/"))
    told = list(conditions(policy, one))
    assert told[0].startswith("leeftijd: 18 tot en met 2")
    assert {"startkwalificatie: nee", "ingeschreven: nee", "geen bezwaar"} <= set(told)


def test_spans_that_touch_are_one():
    assert joined([(18, 20), (21, 22), (25, 25), (18, 19)]) == [(18, 22), (25, 25)]
