"""The smallest change: all of it permits, and no part of it can be left out."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.consent import codes
from hub.consent.change import Change, Situation, apply
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.examples import question_of
from hub.consent.model import AS_WRITTEN, Life, PolicySet
from hub.consent.question import Decision, Question
from hub.consent.remedy import remedies
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.terms import PartyId
from tests.fakes.shipped import shipped_policy

POLICY = shipped_policy()
TABLE = compile_policy(POLICY)
EXAMPLES = [
    pytest.param(question_of(POLICY, agreement, example), id=f"{agreement.id}: {example.name}")
    for agreement in POLICY.agreements
    for example in agreement.tests
]


def answer(policy: PolicySet, question: Question, life: Life, changes: tuple[Change, ...] = ()) -> Decision:
    then = apply(Situation(policy, life, question), changes)
    return ask(compile_policy(then.policy, then.life), [then.question])[0]


def holds(policy: PolicySet, question: Question, life: Life = AS_WRITTEN) -> bool:
    """Whether the remedy is one, and as small as it says; and whether there is one."""
    remedy = remedies(policy, question, life)
    if answer(policy, question, life).grant is not None:
        assert remedy.parts == ()
        return True
    if not remedy.parts:
        assert remedy.decision.grant is None
        return False
    permitted = answer(policy, question, life, remedy.changes)
    assert permitted.grant is not None
    assert permitted == remedy.decision
    for size in range(len(remedy.changes)):
        for some in combinations(remedy.changes, size):
            assert answer(policy, question, life, some).grant is None
    return True


@pytest.mark.parametrize("question", EXAMPLES)
def test_every_example_that_is_refused_has_a_smallest_change(question: Question):
    assert holds(POLICY, question) or nobody_can(question)


def nobody_can(question: Question) -> bool:
    """No clause speaks of these two about such a record, or they work for nobody together: that takes another agreement."""
    giver, recipient = question.path[-2:]
    lane = TABLE.lane(giver, recipient, question.record, question.purpose, question.facts.as_of)
    return not lane.clauses or lane.giver_area.isdisjoint(lane.recipient_area)


MAYBE = st.sampled_from([True, False, None])
PATHS = sorted({example.values[0].path for example in EXAMPLES})
RECORDS = {example.values[0].path: example.values[0].record for example in EXAMPLES}
CODES = [codes.AFSPRAAK_GESCHORST, codes.AFSPRAAK_NIET_ONDERTEKEND]


@st.composite
def facts(draw: st.DrawFn, path: tuple[PartyId, ...]) -> SubjectFacts:
    stated = st.builds(
        Stated,
        st.sampled_from(StatementKind),
        st.sampled_from(StatementState),
        st.sampled_from(Voice),
        st.none() | st.frozensets(st.sampled_from(sorted(POLICY.purposes)), min_size=1, max_size=2),
        st.none() | st.frozensets(st.sampled_from(path), min_size=1),
    )
    known = [
        (fact.id, draw(st.booleans() if fact.kind == "yes_no" else st.dates(date(2024, 1, 1), date(2027, 1, 1))))
        for fact in POLICY.facts.values()
        if draw(st.booleans())
    ]
    return SubjectFacts(
        as_of=draw(st.dates(date(2025, 6, 1), date(2029, 6, 1))),
        age=draw(st.none() | st.integers(3, 30)),
        overleden=draw(st.sampled_from([False, False, False, True, None])),
        startkwalificatie=draw(MAYBE),
        ingeschreven=draw(MAYBE),
        indicatie_geheim=draw(MAYBE),
        onderwijssoort=draw(st.sampled_from(["po", "vo", "pro", "vso", "entree", "mbo", None])),
        datum_diploma=draw(st.none() | st.dates(date(2023, 1, 1), date(2027, 1, 1))),
        gemeente=draw(st.sampled_from(["9001", "9002", "9005", "9999", None])),
        has_bsn=draw(MAYBE),
        standing=draw(st.none() | st.frozensets(stated, max_size=3)),
        more=frozenset(known),
    )


@st.composite
def questions(draw: st.DrawFn) -> tuple[Question, Life]:
    path = draw(st.sampled_from(PATHS))
    purpose = draw(st.none() | st.sampled_from(sorted(POLICY.purposes)))
    elements = draw(st.none() | st.frozensets(st.sampled_from(sorted(POLICY.elements)), min_size=1, max_size=2))
    shut = draw(st.dictionaries(st.sampled_from([each.id for each in POLICY.agreements]), st.sampled_from(CODES), max_size=2))
    silent = draw(st.frozensets(st.sampled_from(path), max_size=1))
    return Question(RECORDS[path], path, draw(facts(path)), purpose, elements), Life(shut, silent)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions())
def test_all_parts_permit_and_no_fewer_do(asked: tuple[Question, Life]):
    question, life = asked
    holds(POLICY, question, life)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(questions())
def test_whatever_is_wrong_with_the_facts_alone_can_be_otherwise(asked: tuple[Question, Life]):
    question, _ = asked
    plain = Question(question.record, question.path, question.facts)
    first = next(example.values[0] for example in EXAMPLES if example.values[0].path == question.path)
    if any(answer(POLICY, Question(plain.record, plain.path, one), AS_WRITTEN).grant for one in [first.facts]):
        on_that_day = Question(plain.record, plain.path, plain.facts.but(as_of=first.facts.as_of))
        assert holds(POLICY, on_that_day)
