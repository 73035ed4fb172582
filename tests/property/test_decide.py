"""Decisions against the naive evaluator, and what must hold whatever the policy and whatever is known."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.consent.compile import compile_policy
from hub.consent.decide import decide
from hub.consent.facts import age_on, birthday, subject_facts
from hub.consent.model import AgeSpan, Agreement, Forbid, Permit, PolicySet, Side
from hub.consent.policy import read_policy
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.personal import Bsn, Onderwijsnummer, Personal
from hub.domain.records.uitvalmelding import KIND, Uitvalmelding
from hub.domain.stages import Candidate, Canonical, Permitted, Row, Verdict
from hub.domain.terms import AgreementId, ClauseId, ElementName, PartyId, PolicyHash, ReasonCode
from hub.domain.territory import PartyKind
from tests.fakes.shipped import shipped_policy
from tests.property.naive_decide import Answer, naive
from tests.strategies import number_with_remainder

POLICY = Path(__file__).parents[2] / "schemas" / "policy"
WHOLE = shipped_policy()
SHIPPED = replace(
    WHOLE, agreements=tuple(one for one in WHOLE.agreements if any(clause.record == KIND for clause in one.clauses))
)
DAYS = (
    st.dates(date(2025, 12, 1), date(2029, 2, 1))
    | st.dates(date(2026, 3, 1), date(2027, 11, 9))
    | st.sampled_from(
        [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 1), date(2027, 11, 10), date(2028, 2, 29), date(2029, 1, 1)]
    )
)
PATHS = st.sampled_from(
    [
        ["duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer"],
        ["duo", "doorstroompunt-heiderland", "werk-en-inkomen-wolfslo"],
        ["mbo-zilverlinde", "doorstroompunt-schelmonde", "werk-en-inkomen-brunsmonde"],
        ["doorstroompunt-lindemark", "werk-en-inkomen-aldermeer"],
        ["duo", "werk-en-inkomen-aldermeer", "doorstroompunt-lindemark"],
        ["duo", "college-aldermeer"],
        ["duo", "onbekende-partij"],
    ]
)
Question = tuple[SubjectFacts, list[str]]
STATEMENTS = st.frozensets(
    st.builds(
        Stated,
        kind=st.sampled_from(list(StatementKind)),
        state=st.just(StatementState.given) | st.sampled_from(list(StatementState)),
        voice=st.just(Voice.jongere) | st.sampled_from(list(Voice)),
        purposes=st.none() | st.frozensets(st.sampled_from(sorted(SHIPPED.purposes)), max_size=2),
        parties=st.none() | st.frozensets(st.sampled_from(sorted(SHIPPED.parties)), max_size=2),
    ),
    max_size=2,
)


USUAL = {
    "age": (19, st.integers(15, 30)),
    "overleden": (False, st.booleans()),
    "startkwalificatie": (False, st.booleans()),
    "ingeschreven": (False, st.booleans()),
    "indicatie_geheim": (False, st.booleans()),
    "onderwijssoort": ("mbo", st.sampled_from(["vo", "pro", "vso", "entree", "mbo"])),
    "gemeente": (None, st.integers(9001, 9010).map(str)),
    "has_bsn": (True, st.booleans()),
    "standing": (frozenset(), STATEMENTS),
}
UNUSUAL = {name: other | st.none() for name, (_, other) in USUAL.items()}
SOME_FACTS = st.sets(st.sampled_from(sorted(USUAL)), max_size=3)
DIPLOMA_DAYS_AGO = st.none() | st.integers(0, 900) | st.just(date(2024, 2, 29))
HOMES = {"lindemark": "9001", "heiderland": "9008", "schelmonde": "9004"}


@st.composite
def questions(draw: st.DrawFn, known: bool = False) -> tuple[SubjectFacts, list[str]]:
    """Somebody and a way: the ordinary case but for up to three facts, so that the later gates are tried too."""
    day, path = draw(DAYS), draw(PATHS)
    facts: dict[str, Any] = {name: usual for name, (usual, _) in USUAL.items()}
    facts["gemeente"] = next((code for region, code in HOMES.items() if f"doorstroompunt-{region}" in path), "9001")
    for name in draw(SOME_FACTS):
        facts[name] = draw(USUAL[name][1] if known else UNUSUAL[name])
    ago = draw(DIPLOMA_DAYS_AGO)
    diploma = day - timedelta(days=ago) if isinstance(ago, int) else ago
    return SubjectFacts(as_of=day, datum_diploma=diploma, **facts), path


@st.composite
def policies(draw: st.DrawFn) -> PolicySet:
    """The shipped set, bent: agreements left out, cut short, split by age, narrowed, incomplete, or with prohibitions."""
    agreements = [_bent(draw, agreement) for agreement in SHIPPED.agreements if draw(st.integers(0, 9))]
    if draw(st.booleans()):
        agreements.append(draw(FORBIDDING))
    purposes = SHIPPED.purposes
    if not draw(st.integers(0, 7)):
        purposes = {name: purpose.model_copy(update={"further_from": ()}) for name, purpose in purposes.items()}
    return replace(SHIPPED, agreements=tuple(agreements), purposes=purposes)


def _bent(draw: st.DrawFn, agreement: Agreement) -> Agreement:
    clauses: list[Permit | Forbid] = []
    for clause in agreement.clauses:
        clauses += _bent_permit(draw, clause) if isinstance(clause, Permit) else [clause]
    changes: dict[str, Any] = {"clauses": tuple(clauses)}
    if not draw(st.integers(0, 7)):
        changes["controllership"] = None
    if not draw(st.integers(0, 7)):
        changes["effective"] = agreement.effective.model_copy(update={"until": draw(DAYS)})
    if not draw(st.integers(0, 7)):
        changes["parties"] = agreement.parties[:-2]
    return agreement.model_copy(update=changes)


# Strategies are made here and not where they are drawn from: to make one takes longer than to draw from it.
BENT: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    clause.id: {
        "fields": st.sets(st.sampled_from(sorted(clause.fields)), min_size=1).map(
            lambda kept, of=clause.fields: {name: need for name, need in of.items() if name in kept}
        )
        | st.just(clause.fields),
        "geheim_adres": st.sampled_from(["passes", "withheld"]),
        "reuse_of": st.sampled_from([clause.reuse_of, clause.reuse_of, ()]),
        "bases": st.sampled_from([clause.bases, tuple(sorted({"web-9-2-3", *clause.bases}))]),
    }
    for agreement in SHIPPED.agreements
    for clause in agreement.clauses
    if isinstance(clause, Permit)
}


def _bent_permit(draw: st.DrawFn, clause: Permit) -> list[Permit]:
    clause = clause.model_copy(update={name: draw(strategy) for name, strategy in BENT[clause.id].items()})
    if not draw(st.booleans()):
        return [clause]
    border = draw(st.integers(19, 25))
    young, old = (
        clause.subject.age.model_copy(update={"max": border}),
        clause.subject.age.model_copy(update={"min": border + 1}),
    )
    return [
        clause.model_copy(update={"subject": clause.subject.model_copy(update={"age": young})}),
        clause.model_copy(
            update={"subject": clause.subject.model_copy(update={"age": old}), "id": ClauseId(f"{clause.id}-ouder")}
        ),
    ]


FORBIDS = st.fixed_dictionaries(
    {
        "id": st.integers(0, 99).map(lambda number: ClauseId(f"verboden/1/{number}")),
        "article": st.just("artikel 1"),
        "effect": st.just("forbid"),
        "record": st.just(SHIPPED.agreements[0].clauses[0].record),
        "giver": st.sampled_from([Side(kind=kind) for kind in (PartyKind.duo, PartyKind.school, PartyKind.doorstroompunt)]),
        "recipient": st.sampled_from([Side(kind=kind) for kind in (PartyKind.doorstroompunt, PartyKind.werk_en_inkomen)]),
        "age": st.none() | st.integers(15, 27).map(lambda youngest: AgeSpan(min=youngest, max=youngest + 3)),
        "onderwijssoort": st.just(()) | st.just(("vso", "pro")),
        "elements": st.lists(st.sampled_from(sorted(SHIPPED.elements)), max_size=3, unique=True).map(
            lambda names: tuple(ElementName(name) for name in names)
        ),
        "reason": st.just(ReasonCode("GEZONDHEID_AFLEIDBAAR")),
        "why_nl": st.just("Een verzonnen verbod voor de proef."),
    }
).map(lambda parts: Forbid(**parts))
FORBIDDING = st.lists(FORBIDS, min_size=1, max_size=2).map(
    lambda clauses: SHIPPED.agreements[0].model_copy(update={"id": AgreementId("verboden/1"), "clauses": tuple(clauses)})
)


def _canonical(born: date, has_bsn: bool = True, **others: Any) -> Canonical:
    bsn, number = number_with_remainder(99_999_001, 0), number_with_remainder(99_999_001, 5)
    assert bsn is not None
    assert number is not None
    record = Uitvalmelding(
        bsn=Bsn(bsn) if has_bsn else None,
        onderwijsnummer=None if has_bsn else Onderwijsnummer(number),
        geslachtsnaam=Personal("Verzonnen"),
        geboortedatum=Personal(born),
        gemeente=Personal("9001"),
        indicatie_geheim=Personal(False),
        brin=Personal("98ZZ"),
        onderwijssoort=Personal("mbo"),
        datum_uitschrijving=Personal(others.get("left", date(2025, 12, 1))),
        startkwalificatie=Personal(False),
    )
    return Canonical(record, Row(1, Personal({}), Personal(b"")))


def _steps(path: list[str]) -> list[Candidate]:
    return [Candidate(PartyId(to), PartyId(giver), (PartyId(giver),)) for giver, to in pairwise(path)]


def _asked(policy: PolicySet, facts: SubjectFacts, path: list[str]) -> list[Verdict]:
    born = birthday(facts.as_of, -(19 if facts.age is None else facts.age)) - timedelta(days=1)
    return decide(compile_policy(policy), [_canonical(min(born, date(2015, 1, 1)))], [facts], [_steps(path)])[0]


def _told(verdict: Verdict) -> Answer:
    if isinstance(verdict, Permitted):
        grant = verdict.grant
        shown = tuple((str(name), form.value) for name, form in grant.fields)
        return Answer(True, grant.clause, grant.purpose, grant.bases, shown, grant.withheld, ())
    return Answer(False, None, verdict.purpose, (), (), (), verdict.reasons)


def _naive(policy: PolicySet, facts: SubjectFacts, path: list[str]) -> list[Answer]:
    answers = naive(policy, facts, list(pairwise(path)))
    return [answer if answer.permitted else replace(answer, clause=None) for answer in answers]


def _fields(verdict: Verdict) -> set[tuple[str, str]]:
    return set(verdict.grant.fields) if isinstance(verdict, Permitted) else set()


@settings(max_examples=600, deadline=None)
@given(policies(), questions())
def test_table_says_what_the_naive_evaluator_says(policy: PolicySet, question: Question):
    facts, path = question
    assert [_told(verdict) for verdict in _asked(policy, facts, path)] == _naive(policy, facts, path)


@settings(max_examples=200, deadline=None)
@given(policies(), questions(), st.randoms(use_true_random=False))
def test_order_of_agreements_and_clauses_never_matters(policy: PolicySet, question: Question, dice: random.Random):
    facts, path = question
    shuffled = []
    for agreement in policy.agreements:
        clauses = list(agreement.clauses)
        dice.shuffle(clauses)
        shuffled.append(agreement.model_copy(update={"clauses": tuple(clauses)}))
    dice.shuffle(shuffled)
    other = replace(policy, agreements=tuple(shuffled))
    assert [_told(v) for v in _asked(policy, facts, path)] == [_told(v) for v in _asked(other, facts, path)]


FACTS = [name for name in SubjectFacts.__slots__ if name != "as_of"]


@settings(max_examples=200, deadline=None)
@given(policies(), questions(known=True), st.sampled_from(FACTS))
def test_forgetting_a_fact_never_widens(policy: PolicySet, question: Question, forgotten: str):
    facts, path = question
    before, after = _asked(policy, facts, path), _asked(policy, facts.but(**{forgotten: None}), path)
    for known, unknown in zip(before, after, strict=True):
        assert _fields(unknown) <= _fields(known)


@settings(max_examples=200, deadline=None)
@given(policies(), questions(), FORBIDS)
def test_a_prohibition_never_adds_a_field(policy: PolicySet, question: Question, forbid: Forbid):
    facts, path = question
    more = SHIPPED.agreements[0].model_copy(update={"id": AgreementId("nieuw/1"), "clauses": (forbid,)})
    before = _asked(policy, facts, path)
    after = _asked(replace(policy, agreements=(*policy.agreements, more)), facts, path)
    for without, with_it in zip(before, after, strict=True):
        assert _fields(with_it) <= _fields(without)


@settings(max_examples=200, deadline=None)
@given(policies(), questions(), st.data())
def test_narrowing_a_clause_never_widens(policy: PolicySet, question: Question, data: st.DataObject):
    facts, path = question
    permits = [(n, m) for n, a in enumerate(policy.agreements) for m, c in enumerate(a.clauses) if isinstance(c, Permit)]
    assume(permits)
    n, m = data.draw(st.sampled_from(permits))
    agreement = policy.agreements[n]
    clause = agreement.clauses[m]
    assert isinstance(clause, Permit)
    ages = clause.subject.age
    narrower = data.draw(
        st.sampled_from(
            [
                {"subject": clause.subject.model_copy(update={"age": ages.model_copy(update={"min": ages.min + 1})})},
                {"subject": clause.subject.model_copy(update={"age": ages.model_copy(update={"max": ages.max - 1})})},
                {"fields": dict(list(clause.fields.items())[1:])},
                {"geheim_adres": "withheld"},
                {"retention": clause.retention.model_copy(update={"until_age": 20})},
            ]
        )
    )
    clauses = (*agreement.clauses[:m], clause.model_copy(update=narrower), *agreement.clauses[m + 1 :])
    agreements = (
        *policy.agreements[:n],
        agreement.model_copy(update={"clauses": clauses}),
        *policy.agreements[n + 1 :],
    )
    before, after = _asked(policy, facts, path), _asked(replace(policy, agreements=agreements), facts, path)
    for wide, narrow in zip(before, after, strict=True):
        assert _fields(narrow) <= _fields(wide)


@settings(max_examples=200, deadline=None)
@given(questions())
def test_an_empty_policy_refuses_everything(question: Question):
    facts, path = question
    empty = PolicySet(PolicyHash("0" * 64), {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, (), ())
    assert not any(isinstance(verdict, Permitted) for verdict in _asked(empty, facts, path))
    bare = replace(SHIPPED, agreements=())
    assert not any(isinstance(verdict, Permitted) for verdict in _asked(bare, facts, path))


@settings(max_examples=300, deadline=None)
@given(policies(), st.dates(date(1999, 1, 1), date(2009, 12, 31)), DAYS, PATHS, st.integers(0, 400), STATEMENTS)
def test_the_answer_stays_until_valid_until(
    policy: PolicySet, born: date, day: date, path: list[str], later: int, standing: frozenset[Stated]
):
    canonical = _canonical(born)
    verdicts = decide(compile_policy(policy), [canonical], [subject_facts(canonical.record, day, standing)], [_steps(path)])[0]
    for number, verdict in enumerate(verdicts):
        if isinstance(verdict, Permitted):
            assert verdict.valid_until > day
            then = day + timedelta(days=later % (verdict.valid_until - day).days)
            assert _naive(policy, subject_facts(canonical.record, then, standing), path)[number] == _told(verdict)


@settings(max_examples=100, deadline=None)
@given(st.lists(questions(), min_size=1, max_size=8))
def test_a_list_says_what_each_record_says_alone(asked: list[Question]):
    table = compile_policy(SHIPPED)
    people = [_canonical(date(2007, 3, 1)) for _ in asked]
    together = decide(table, people, [facts for facts, _ in asked], [_steps(path) for _, path in asked])
    for person, (facts, path), verdicts in zip(people, asked, together, strict=True):
        alone = decide(compile_policy(SHIPPED), [person], [facts], [_steps(path)])[0]
        assert [_told(v) for v in verdicts] == [_told(v) for v in alone]


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_files_never_matters(dice: random.Random):
    files = [(file.relative_to(POLICY).as_posix(), file.read_text("utf-8")) for file in POLICY.rglob("*.yaml")]
    dice.shuffle(files)
    assert read_policy(dict(files)).hash == WHOLE.hash


@given(st.dates(date(1990, 1, 1), date(2012, 12, 31)), st.integers(0, 60))
def test_the_birthday_is_the_first_day_of_an_age(born: date, age: int):
    turns = birthday(born, age)
    assert age_on(born, turns) == age
    assert age_on(born, turns - timedelta(days=1)) == age - 1


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_29_february_turns_a_year_older_on_1_march(year: int):
    born = date(2004, 2, 29)
    assert age_on(born, date(year, 2, 28)) == year - 2005
    assert age_on(born, date(year, 3, 1)) == year - 2004
