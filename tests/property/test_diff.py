"""The exact diff against brute force: a question is answered differently exactly where it lies in a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.diff import Change, Diff, Effect, diff, effect_of
from hub.consent.facts import birthday, months_after
from hub.consent.model import (
    AgeSpan,
    Agreement,
    Condition,
    FactSpec,
    Forbid,
    Permit,
    PolicySet,
    Prohibition,
    Requirement,
    Schools,
    Side,
    VoiceRule,
    Window,
    Within,
)
from hub.consent.policy import named_by_hash
from hub.consent.question import Question
from hub.consent.scales import OTHER, Diploma, Further, Named, No, Plain, Yes
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.terms import AgreementId, BasisId, ClauseId, FactName, PartyId, PurposeId, ReasonCode
from hub.domain.territory import PartyKind
from tests.fakes.shipped import shipped_policy

SHIPPED = shipped_policy()
PERMIT = next(
    clause
    for agreement in SHIPPED.agreements
    for clause in agreement.clauses
    if isinstance(clause, Permit) and clause.id == "duo-doorstroompunt/1/uitval"
)
AGREEMENT = next(agreement for agreement in SHIPPED.agreements if agreement.id == "duo-doorstroompunt/1")
NO = ReasonCode("BUITEN_DOELGROEP")
TASK, CONSENT, DUTY, PLAIN = (BasisId(name) for name in ("proef-taak", "proef-toestemming", "proef-plicht", "proef-kaal"))
HELP, WORK = PurposeId("begeleiding-doorstroompunt"), PurposeId("ondersteuning-arbeidsinschakeling")
SEEN, MOVED = FactName("proef-gezien"), FactName("proef-verhuisd")
PARTIES = [
    PartyId(name)
    for name in ("duo", "doorstroompunt-lindemark", "doorstroompunt-schelmonde", "werk-en-inkomen-aldermeer", "uwv")
]
PATHS = [
    tuple(PartyId(name) for name in path)
    for path in (
        ("duo", "doorstroompunt-lindemark"),
        ("duo", "doorstroompunt-schelmonde"),
        ("doorstroompunt-lindemark", "werk-en-inkomen-aldermeer"),
        ("duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer"),
        ("duo", "doorstroompunt-schelmonde", "werk-en-inkomen-aldermeer"),
        ("duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer", "uwv"),
        ("duo", "uwv"),
    )
]
DAYS = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 1), date(2027, 11, 10), date(2028, 2, 29), date(2028, 12, 31)]
SCHOOLS = ["po", "vo", "pro", "vso", "entree", "mbo"]


def _bases(rng: Random) -> Mapping[BasisId, Any]:
    law = SHIPPED.laws[BasisId("wro-21-1")]
    age = law.age.model_copy(update={"min": rng.choice([12, 16]), "max": rng.choice([22, 26, 30])})
    common = {"age": age, "valid_from": rng.choice([date(2025, 1, 1), date(2026, 6, 1)])}
    voice = VoiceRule(self_from=rng.choice([16, 18]), article="artikel 5")
    asked = Requirement(statement=StatementKind.toestemming, reason=NO)
    windows = (Window(onderwijssoort=("vso", "pro"), years_after_diploma=rng.choice([1, 2])),) if rng.random() < 0.3 else ()
    agreed = Requirement(statement=StatementKind.instemming, reason=NO, when=windows)
    rows = {
        TASK: {"objection_possible": True, "kind": "task", "same_college": rng.random() < 0.3},
        CONSENT: {"kind": "consent", "requires": asked, "voice": voice},
        DUTY: {"requires": agreed if rng.random() < 0.5 else None, "voice": voice},
        PLAIN: {},
    }
    made = {name: law.model_copy(update={**common, **row, "id": name}) for name, row in rows.items()}
    return {**SHIPPED.laws, **made}


def _condition(rng: Random) -> Condition | None:
    return None if rng.random() < 0.7 else Condition(value=rng.random() < 0.5, otherwise=NO)


def _permit(rng: Random, number: int) -> Permit:
    sides = [(PartyKind.duo, PartyKind.doorstroompunt), (PartyKind.doorstroompunt, PartyKind.werk_en_inkomen)]
    sides += [(PartyKind.werk_en_inkomen, PartyKind.uwv), (PartyKind.duo, PartyKind.uwv)]
    one, other = rng.choice(sides[:2] if rng.random() < 0.95 else sides)
    bases = tuple(sorted(rng.sample([TASK, CONSENT, DUTY, PLAIN], rng.choice([1, 1, 2]))))
    youngest = rng.choice([12, 16, 18])
    requires = []
    if rng.random() < 0.3:
        windows = (Window(onderwijssoort=("entree",), years_after_diploma=1),) if rng.random() < 0.5 else ()
        kind = rng.choice([StatementKind.raadpleging_school, StatementKind.toestemming])
        requires.append(Requirement(statement=kind, reason=NO, when=windows))
    subject = PERMIT.subject.model_copy(
        update={
            "age": PERMIT.subject.age.model_copy(update={"min": youngest, "max": rng.choice([youngest, 17, 20, 26])}),
            "startkwalificatie": _condition(rng),
            "ingeschreven": _condition(rng),
            "onderwijssoort": Schools(one_of=("vo", "mbo"), otherwise=NO) if rng.random() < 0.2 else None,
            "facts": {SEEN: Condition(value=rng.random() < 0.5, otherwise=NO)} if rng.random() < 0.2 else {},
            "within": {MOVED: Within(months=rng.choice([1, 6]), otherwise=NO)} if rng.random() < 0.2 else {},
        }
    )
    names = rng.sample(sorted(PERMIT.fields), rng.randint(1, 6))
    onward = one is not PartyKind.duo and rng.random() < 0.7
    return PERMIT.model_copy(
        update={
            "id": ClauseId(f"proef/1/c{number}"),
            "giver": Side(kind=one),
            "recipient": Side(kind=other, home=rng.random() < 0.6),
            "purposes": (WORK if onward or rng.random() < 0.2 else HELP,),
            "bases": bases,
            "reuse_of": tuple(rng.sample([TASK, CONSENT, DUTY, PLAIN], 3)) if onward else (),
            "subject": subject,
            "fields": {name: PERMIT.fields[name] for name in sorted(names)},
            "geheim_adres": rng.choice(["passes", "withheld"]),
            "requires": tuple(requires),
            "despite_restriction": rng.choice([None, None, "toestemming", "zwaarwegend-belang"]),
            "obligations": tuple(rng.sample(PERMIT.obligations, 1)),
            "retention": PERMIT.retention.model_copy(update={"until_age": rng.choice([20, 27])}),
        }
    )


def _forbid(rng: Random, number: int) -> Forbid:
    return Forbid(
        id=ClauseId(f"proef/1/c{number}"),
        article="artikel 9",
        effect="forbid",
        record=PERMIT.record,
        giver=Side(kind=rng.choice([PartyKind.duo, PartyKind.doorstroompunt])),
        recipient=Side(kind=rng.choice([PartyKind.doorstroompunt, PartyKind.werk_en_inkomen])),
        age=AgeSpan(min=17, max=rng.choice([17, 19])) if rng.random() < 0.5 else None,
        onderwijssoort=rng.choice([(), ("vso", "pro")]),
        elements=tuple(rng.sample(sorted(PERMIT.fields), 2)) if rng.random() < 0.8 else (),
        reason=NO,
        why_nl="Een verzonnen verbod voor de proef.",
    )


def _bar(rng: Random) -> Prohibition:
    return Prohibition(
        valid_from=rng.choice([date(2025, 1, 1), date(2026, 6, 1)]),
        id=BasisId("proef-verbod"),
        law=SHIPPED.laws[BasisId("wro-21-1")].law,
        article="artikel 7",
        to_kinds=rng.choice([(), (PartyKind.werk_en_inkomen,)]),
        elements=tuple(rng.sample(sorted(PERMIT.fields), 3)),
        except_bases=rng.choice([(), (DUTY,), (TASK, PLAIN)]),
        unless=rng.choice([{}, {SEEN: True}]),
        reason=NO,
        text_nl="Een verzonnen verbod voor de proef.",
        review="needed",
        source="verzonnen",
    )


def _agreement(rng: Random, clauses: tuple[Permit | Forbid, ...]) -> Agreement:
    since = lambda: rng.choice([date(2026, 1, 1), date(2026, 1, 1), date(2026, 6, 1)])  # noqa: E731
    parties = tuple(
        AGREEMENT.parties[0].model_copy(update={"id": party, "acceded": since()}) for party in PARTIES if rng.random() < 0.95
    )
    until = rng.choice([date(2027, 1, 1), date(2029, 1, 1)])
    return AGREEMENT.model_copy(
        update={
            "id": AgreementId("proef/1"),
            "parties": parties,
            "clauses": clauses,
            "effective": AGREEMENT.effective.model_copy(update={"until": until}),
        }
    )


def _policy(rng: Random) -> PolicySet:
    fact = FactSpec(id=SEEN, kind="yes_no", label_nl="Gezien", unknown=NO)
    when = FactSpec(id=MOVED, kind="date", label_nl="Verhuisd", unknown=NO)
    permits = tuple(_permit(rng, number) for number in range(rng.randint(1, 3)))
    forbids = tuple(_forbid(rng, number + 10) for number in range(rng.choice([0, 0, 1])))
    purposes = {name: row.model_copy(update={"outreach": rng.random() < 0.4}) for name, row in SHIPPED.purposes.items()}
    bar = _bar(rng)
    return named_by_hash(
        replace(
            SHIPPED,
            laws=_bases(rng),
            prohibitions={bar.id: bar} if rng.random() < 0.4 else {},
            purposes=purposes,
            facts={SEEN: fact, MOVED: when},
            agreements=(_agreement(rng, permits + forbids),),
        )
    )


def _near(rng: Random, policy: PolicySet) -> PolicySet:
    """The same set with one thing of it made anew."""
    fresh = _policy(rng)
    (agreement,) = policy.agreements
    (other,) = fresh.agreements
    part = rng.choice(["clause", "clause", "clause", "parties", "laws", "prohibitions", "purposes", "region", "all"])
    if part == "all":
        return fresh
    if part == "region":
        region = policy.regions[0]
        cut = region.model_copy(update={"gemeenten": region.gemeenten[1:]})
        return named_by_hash(replace(policy, regions=(cut, *policy.regions[1:])))
    if part in ("laws", "prohibitions", "purposes"):
        return named_by_hash(replace(policy, **{part: getattr(fresh, part)}))
    clauses = list(agreement.clauses)
    if part == "clause":
        place = rng.randrange(len(clauses))
        clauses[place] = other.clauses[0].model_copy(update={"id": clauses[place].id})
        if rng.random() < 0.3:
            clauses.pop()
        return named_by_hash(replace(policy, agreements=(agreement.model_copy(update={"clauses": tuple(clauses)}),)))
    return named_by_hash(replace(policy, agreements=(other.model_copy(update={"clauses": tuple(clauses)}),)))


def _some(rng: Random, usual: Any, others: list[Any]) -> Any:
    return usual if rng.random() < 0.7 else rng.choice(others)


def _standing(rng: Random) -> frozenset[Stated] | None:
    if rng.random() < 0.05:
        return None
    said = set()
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        purposes = rng.choice([None, frozenset({HELP}), frozenset({WORK}), frozenset({HELP, WORK})])
        parties = rng.choice([None, frozenset(rng.sample(PARTIES, 1)), frozenset(PARTIES), frozenset(PARTIES)])
        state = _some(rng, StatementState.given, list(StatementState))
        voice = _some(rng, Voice.jongere, list(Voice))
        said.add(Stated(rng.choice(list(StatementKind)), state, voice, purposes, parties))
    return frozenset(said)


def _date(rng: Random, as_of: date) -> date | None:
    border = rng.choice([birthday(as_of, -1), birthday(as_of, -2), months_after(as_of, -1), months_after(as_of, -6), as_of])
    return rng.choice([None, border + timedelta(days=rng.randint(-3, 3)), as_of - timedelta(days=rng.randint(-90, 900))])


def _question(rng: Random) -> Question:
    day = rng.choice(DAYS) if rng.random() < 0.5 else date(2026, 1, 1) + timedelta(days=rng.randint(0, 1100))
    moved = _date(rng, day)
    more = {(SEEN, rng.random() < 0.6)} if rng.random() < 0.7 else set()
    facts = SubjectFacts(
        as_of=day,
        age=_some(rng, rng.randint(15, 28), [None, 0, 11, 40, 131]),
        overleden=_some(rng, False, [None, True]),
        startkwalificatie=rng.choice([False, False, True, None]),
        ingeschreven=rng.choice([False, False, True, None]),
        indicatie_geheim=rng.choice([False, True, None]),
        onderwijssoort=rng.choice([None, *SCHOOLS, *SCHOOLS]),
        datum_diploma=_date(rng, day),
        gemeente=_some(rng, rng.choice(["9001", "9002", "9004"]), [None, "9008", "1234"]),
        has_bsn=rng.choice([True, False, None]),
        standing=_standing(rng),
        more=frozenset(more if moved is None else {*more, (MOVED, moved)}),
    )
    return Question(PERMIT.record, rng.choice(PATHS), facts, rng.choice([None, None, HELP, WORK]))


def _inside(rng: Random, change: Change) -> Question:
    """A question in `change`, or, twice out of three times, one that differs from it in a single thing."""
    question = _question(rng)
    start, end = rng.choice(change.days)
    day = date.fromordinal(
        rng.choice([start.toordinal(), end.toordinal() - 1, rng.randrange(start.toordinal(), end.toordinal())])
    )
    facts = question.facts.but(as_of=day, standing=frozenset())
    for scale, marks in change.where:
        mark = rng.choice(sorted(marks, key=str))
        if isinstance(scale, Yes | No):
            facts = _saying(scale, mark is True, facts)
        elif isinstance(scale, Plain | Named):
            facts = facts.but(**{scale.fact: "1234" if mark == OTHER and scale.fact == "gemeente" else mark})
        else:
            facts = next((one for _ in range(200) if scale.mark(one := _dated(rng, scale, facts)) in marks), facts)
    if rng.random() < 0.66:
        other, name = _question(rng).facts, rng.choice([name for name in facts.__slots__ if name != "as_of"])
        facts = facts.but(**{name: getattr(other, name)})
    purpose = change.purpose if rng.random() < 0.8 else None
    return replace(question, path=change.way, facts=facts, purpose=purpose)


def _saying(scale: Yes | No, mark: bool, facts: SubjectFacts) -> SubjectFacts:  # as the scale has it
    for said in (None, *scale.candidates()):
        found = facts if said is None else facts.but(standing=frozenset({*(facts.standing or ()), said}))
        if scale.mark(found) is mark:
            return found
    return facts


def _dated(rng: Random, scale: Diploma | Further, facts: SubjectFacts) -> SubjectFacts:
    if isinstance(scale, Diploma):
        return facts.but(datum_diploma=_date(rng, facts.as_of))
    value = rng.choice([True, False, None, _date(rng, facts.as_of), _date(rng, facts.as_of)])
    others = {(name, known) for name, known in facts.more if name != scale.fact}
    return facts.but(more=frozenset(others if value is None else {*others, (scale.fact, value)}))


def _questions(rng: Random, *found: Diff) -> list[Question]:
    changes = [change for each in found for change in each.changes]
    return [_inside(rng, rng.choice(changes)) if changes and rng.random() < 0.8 else _question(rng) for _ in range(300)]


def _of(found: Diff, question: Question) -> Change | None:
    (change,) = [change for change in found.changes if change.holds(question)] or [None]
    return change


def _effects(policies: tuple[PolicySet, ...], questions: list[Question]) -> list[tuple[Effect, ...]]:
    tables = [compile_policy(policy) for policy in policies]
    return list(zip(*(map(effect_of, ask(table, questions)) for table in tables), strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_a_question_is_answered_differently_exactly_where_it_lies_in_a_change(seed: int):
    rng = Random(seed)
    a = _policy(rng)
    b = _near(rng, a)
    found = diff(a, b)
    questions = _questions(rng, found)
    for question, (before, after) in zip(questions, _effects((a, b), questions), strict=True):
        change = _of(found, question)
        assert (before, after) == ((before, before) if change is None else (change.before, change.after))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_a_diff_with_itself_is_empty_and_the_other_way_round_is_the_mirror(seed: int):
    rng = Random(seed)
    a = _policy(rng)
    b = _near(rng, a)
    assert diff(a, a).changes == ()
    there, back = diff(a, b), diff(b, a)
    for question in _questions(rng, there, back):
        one, other = _of(there, question), _of(back, question)
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert (one.before, one.after) == (other.after, other.before)
            assert (one.gained, one.released, one.widens) == (other.lost, other.bound, other.narrows)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_two_diffs_in_a_row_come_to_the_diff_from_the_first_to_the_last(seed: int):
    rng = Random(seed)
    a = _policy(rng)
    b = _near(rng, a)
    c = _near(rng, b)
    first, second, whole = diff(a, b), diff(b, c), diff(a, c)
    questions = _questions(rng, first, second, whole)
    for question, (before,) in zip(questions, _effects((a,), questions), strict=True):
        middle = before if (one := _of(first, question)) is None else one.after
        last = middle if (two := _of(second, question)) is None else two.after
        assert last == (before if (over := _of(whole, question)) is None else over.after)
