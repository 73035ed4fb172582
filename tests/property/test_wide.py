"""Decisions where everything occurs that a clause can say: statements with a scope and a voice, purposes, further facts,
prohibitions of the law, suspended agreements, recipients that do not answer. Against the naive evaluator, and what must hold
whatever the policy and whatever is known.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.consent.compile import compile_policy
from hub.consent.decide import ask, bulk
from hub.consent.facts import age_on, birthday
from hub.consent.model import AS_WRITTEN, Agreement, Category, Forbid, Life, Permit, PolicySet, Prohibition
from hub.consent.question import Decision, Outcome, Question
from hub.domain.facts import YES, Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.terms import AgreementId, BasisId, ElementName, FactName, PartyId, PurposeId, ReasonCode
from hub.domain.territory import PartyKind
from tests.fakes.wide import CALL, CARD, CARE, END, HELP, LAST, OWN, SCHOOL, WIDE, WORK, someone, to_care, yes
from tests.property.naive_decide import Answer, naive

ELEMENTS = sorted(WIDE.records[CARD].elements)
BASES = ("proef-toestemming", "proef-taak", "proef-plicht")
DAYS = st.sampled_from(
    [date(2025, 12, 31), date(2026, 11, 2), date(2026, 11, 2), date(2027, 1, 1), date(2028, 2, 29), date(2028, 6, 1)]
) | st.dates(date(2026, 1, 1), date(2028, 12, 31))


def _some(draw: st.DrawFn, one_in: int) -> bool:
    return draw(st.integers(1, one_in)) == 1


# Strategies are made here and not where they are drawn from: to make one takes longer than to draw from it.
STATEMENTS = st.builds(
    Stated,
    st.sampled_from([StatementKind.toestemming, StatementKind.instemming, *StatementKind]),
    st.just(StatementState.given) | st.sampled_from(list(StatementState)),
    st.sampled_from([Voice.jongere, Voice.jongere, Voice.ouder, *Voice]),
    st.just(frozenset({HELP, CALL})) | st.sampled_from([None, frozenset({HELP}), frozenset({CALL}), frozenset()]),
    st.just(frozenset({CARE, WORK})) | st.sampled_from([None, frozenset({CARE}), frozenset({WORK}), frozenset({SCHOOL})]),
    st.none() | st.none() | st.frozensets(st.sampled_from(ELEMENTS), max_size=5),
    st.none() | st.dates(date(2026, 12, 1), date(2028, 12, 1)),
)
"""Mostly a yes that may well count."""
KINDS = st.sampled_from([(), (PartyKind.school,), (PartyKind.zorgaanbieder,), (PartyKind.doorstroompunt,)])
PROHIBITIONS = st.builds(
    Prohibition,
    id=st.integers(1, 9).map(lambda number: BasisId(f"verbod-{number}")),
    law=st.just(OWN.brings.laws[0].law),
    article=st.just("artikel 9"),
    valid_from=st.just(date(2026, 1, 1)),
    valid_until=st.sampled_from([None, date(2027, 6, 1)]),
    from_kinds=KINDS,
    to_kinds=KINDS,
    elements=st.sampled_from([(), (ElementName("proef_wens"),), (ElementName("proef_adres"), ElementName("bsn"))]),
    categories=st.sampled_from([(), (Category.gezondheid,)]),
    except_bases=st.sampled_from([(), (BasisId("proef-plicht"),), tuple(map(BasisId, BASES))]),
    unless=st.sampled_from([{}, {LAST: True}, {LAST: False}]),
    reason=st.sampled_from([ReasonCode("GEZONDHEID_AFLEIDBAAR"), ReasonCode("BESLUIT_NOEMT_NIET")]),
    text_nl=st.just("Een verzonnen verbod voor de proef."),
    review=st.just("needed"),
    source=st.just("verzonnen"),
)
BARS = st.lists(PROHIBITIONS, max_size=2)
BENT: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    clause.id: {
        "fields": st.sets(st.sampled_from(sorted(clause.fields)), min_size=1).map(
            lambda kept, of=clause.fields: {name: need for name, need in of.items() if name in kept}
        )
        | st.just(clause.fields),
        "bases": st.lists(st.sampled_from(clause.bases), min_size=1, unique=True).map(tuple),
        "requires": st.sampled_from([(), clause.requires, clause.requires]),
        "reuse_of": st.sampled_from([clause.reuse_of, clause.reuse_of, ()]),
        "despite_restriction": st.sampled_from([None, clause.despite_restriction, "toestemming", "zwaarwegend-belang"]),
        "geheim_adres": st.sampled_from(["passes", "withheld"]),
    }
    for clause in OWN.clauses
    if isinstance(clause, Permit)
}


@st.composite
def policies(draw: st.DrawFn) -> PolicySet:
    """The wide agreement, bent."""
    clauses = [_bent(draw, clause) for clause in OWN.clauses if draw(st.integers(0, 9)) and isinstance(clause, Permit)]
    changes: dict[str, Any] = {"clauses": tuple(clauses)}
    if _some(draw, 8):
        changes["effective"] = OWN.effective.model_copy(update={"until": draw(DAYS)})
    if _some(draw, 8):
        changes["parties"] = OWN.parties[:-1]
    bars = {row.id: row for row in draw(BARS)}
    return replace(WIDE, agreements=(OWN.model_copy(update=changes),), prohibitions=bars)


def _bent(draw: st.DrawFn, clause: Permit) -> Permit:
    subject: dict[str, Any] = {}
    for name, without in (("onderwijssoort", None), ("facts", {}), ("within", {})):
        if _some(draw, 3):
            subject[name] = without
    changed = {name: draw(strategy) for name, strategy in BENT[clause.id].items()}
    return clause.model_copy(update={"subject": clause.subject.model_copy(update=subject), **changed})


LIVES = st.builds(
    Life,
    st.sampled_from([{}, {}, {}, {AgreementId("proef/1"): ReasonCode("AFSPRAAK_GESCHORST")}]),
    st.sampled_from([frozenset(), frozenset(), frozenset({CARE}), frozenset({WORK})]),
)
USUAL: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "age": (19, st.integers(11, 29)),
    "overleden": (False, st.booleans()),
    "startkwalificatie": (False, st.booleans()),
    "ingeschreven": (False, st.booleans()),
    "indicatie_geheim": (False, st.booleans()),
    "onderwijssoort": ("vso", st.sampled_from(["vo", "pro", "vso", "mbo"])),
    "gemeente": ("9001", st.just("9005")),
    "has_bsn": (True, st.booleans()),
}


UNUSUAL = {name: other | st.none() for name, (_, other) in USUAL.items()}
SOME_FACTS = st.sets(st.sampled_from(sorted(USUAL)), max_size=3)
ENDED = st.integers(-500, 20) | st.none()
STANDING = st.frozensets(STATEMENTS, max_size=3)
NOBODY_KNOWS_OR_STANDING = st.none() | STANDING
WAYS = st.sampled_from([(SCHOOL, CARE), (SCHOOL, CARE, WORK), (CARE, WORK)])
PURPOSES = st.sampled_from([None, HELP, CALL, CALL, PurposeId("begeleiding-doorstroompunt")])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Somebody and a way: the ordinary case but for up to three facts."""
    day = draw(DAYS)
    facts: dict[str, Any] = {name: usual for name, (usual, _) in USUAL.items()}
    for name in draw(SOME_FACTS):
        facts[name] = draw(UNUSUAL[name])
    more: dict[FactName, bool | date] = {}
    if not _some(draw, 5):
        more[LAST] = draw(st.sampled_from((True, True, False)))
    if not _some(draw, 5):
        ended = draw(ENDED)
        more[END] = date(2028, 2, 29) if ended is None else day + timedelta(days=ended)
    standing = draw(NOBODY_KNOWS_OR_STANDING if _some(draw, 10) else STANDING)
    return Question(
        record=CARD,
        path=draw(WAYS),
        facts=SubjectFacts(as_of=day, datum_diploma=None, standing=standing, more=frozenset(more.items()), **facts),
        purpose=draw(PURPOSES),
    )


def decided(policy: PolicySet, question: Question, life: Life = AS_WRITTEN) -> Decision:
    return ask(compile_policy(policy, life), [question])[0]


def told(decision: Decision) -> Answer:
    """A decision in the words of the naive evaluator, whose refusals name no clause."""
    if decision.grant is None:
        return Answer(False, None, decision.purpose, (), (), (), decision.reasons)
    shown = tuple((str(name), form.value) for name, form in decision.fields)
    return Answer(True, decision.clause, decision.purpose, decision.grant.bases, shown, decision.refused, ())


def plainly(policy: PolicySet, question: Question, life: Life) -> Answer:
    answer = naive(policy, question.facts, list(pairwise(question.path)), question.record, question.purpose, life)[-1]
    return answer if answer.permitted else replace(answer, clause=None)


def passed(decision: Decision) -> set[tuple[str, str]]:
    return {(str(name), form.value) for name, form in decision.fields}


@settings(max_examples=800, deadline=None)
@given(policies(), questions(), LIVES)
def test_the_table_says_what_the_naive_evaluator_says(policy: PolicySet, question: Question, life: Life):
    assert told(decided(policy, question, life)) == plainly(policy, question, life)


def most(policy: PolicySet, question: Question) -> set[tuple[str, str]]:
    """What passes. Who names no purpose where two are open is sent back to name one: then what passes under either.

    On a way of two steps nobody can name the first one's purpose; where it is so unclear, there is nothing to compare with.
    """
    table, first = compile_policy(policy), replace(question, path=question.path[:2], purpose=None)
    if len(question.path) > 2:
        assume(ReasonCode("DOEL_NIET_GENOEMD") not in ask(table, [first])[0].reasons)
    named = [question] if question.purpose else [question, *(replace(question, purpose=purpose) for purpose in (HELP, CALL))]
    return {field for decision in ask(table, named) for field in passed(decision)}


@settings(max_examples=300, deadline=None)
@given(policies(), questions())
def test_forgetting_never_widens(policy: PolicySet, question: Question):
    facts, before, table = question.facts, most(policy, question), compile_policy(policy)
    less = [facts.but(**{name: None}) for name in (*USUAL, "standing")]
    less += [facts.but(more=facts.more - {known}) for known in facts.more]
    for decision in ask(table, [replace(question, facts=forgotten) for forgotten in less]):
        assert passed(decision) <= before


def test_of_two_purposes_that_were_possible_the_one_that_is_left_is_answered_as_if_it_was_named():
    facts = someone(yes(), as_of=date(2027, 1, 1))
    assert decided(WIDE, to_care(facts, None)).reasons == ("DOEL_NIET_GENOEMD",)
    left = decided(WIDE, to_care(facts.but(onderwijssoort=None), None))
    assert left.purpose == CALL
    assert left.grant is not None
    assert passed(left) == passed(decided(WIDE, to_care(facts, CALL))) <= most(WIDE, to_care(facts, None))


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), STATEMENTS)
def test_a_yes_taken_back_or_a_no_said_never_widens(policy: PolicySet, question: Question, other: Stated):
    facts, before = question.facts, most(policy, question)
    for one in facts.standing or ():
        if one.kind in YES and one.state is StatementState.given:
            assert facts.standing is not None
            less = facts.but(standing=facts.standing - {one})
            assert passed(decided(policy, replace(question, facts=less))) <= before
    if other.kind not in YES and facts.standing is not None:
        more = facts.but(standing=facts.standing | {other})
        assert passed(decided(policy, replace(question, facts=more))) <= before


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), LIVES)
def test_suspending_or_silence_never_widens(policy: PolicySet, question: Question, life: Life):
    assert passed(decided(policy, question, life)) <= most(policy, question)


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), PROHIBITIONS)
def test_a_prohibition_of_the_law_never_adds_a_field(policy: PolicySet, question: Question, row: Prohibition):
    more = replace(policy, prohibitions={**policy.prohibitions, BasisId("verbod-nieuw"): row})
    assert passed(decided(more, question)) <= most(policy, question)


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), STATEMENTS)
def test_a_yes_for_another_purpose_or_recipient_never_helps(policy: PolicySet, question: Question, one: Stated):
    """Consent is for the recipients and purposes that it names (GDPR 4(11)), and unlimited for none."""
    assume(one.kind in (StatementKind.toestemming, StatementKind.instemming) and one.state is StatementState.given)
    facts, table = question.facts.but(standing=frozenset()), compile_policy(policy)
    without = passed(ask(table, [replace(question, facts=facts)])[0])
    for strange in (
        {"purposes": frozenset({PurposeId("begeleiding-doorstroompunt")})},
        {"parties": frozenset({PartyId("duo")})},
        {"purposes": None},
        {"parties": None},
    ):
        said = Stated(
            one.kind,
            one.state,
            one.voice,
            strange.get("purposes", one.purposes),
            strange.get("parties", one.parties),
        )
        (decision,) = ask(table, [replace(question, facts=facts.but(standing=frozenset({said})))])
        assert passed(decision) <= without


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), STATEMENTS)
def test_below_the_age_of_the_law_a_child_alone_opens_nothing(policy: PolicySet, question: Question, one: Stated):
    """UAVG 5: under 16 the legal representative consents; whatever rests on consent alone stays shut without one."""
    said = Stated(one.kind, one.state, Voice.jongere, one.purposes, one.parties)
    facts = question.facts.but(age=15, standing=frozenset({said}))
    decision = decided(policy, replace(question, facts=facts))
    assert decision.grant is None or "proef-toestemming" not in decision.grant.bases


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), st.frozensets(st.sampled_from([*ELEMENTS, "onbekend"])))
def test_who_asks_for_less_gets_no_more(policy: PolicySet, question: Question, asked: frozenset[str]):
    whole = decided(policy, question)
    part = decided(policy, replace(question, elements=frozenset(map(ElementName, asked))))
    assert passed(part) == {each for each in passed(whole) if each[0] in asked}
    assert {name for name, _ in part.refused} <= asked
    if part.outcome is Outcome.permit:
        missing = {"bsn", "onderwijsnummer"}  # the number that the young person does not have is left out
        assert asked <= {name for name, _ in part.fields} | missing
    assert (part.outcome is Outcome.deny) == (not part.fields)


@settings(max_examples=300, deadline=None)
@given(policies(), questions())
def test_every_answer_names_what_it_rests_on(policy: PolicySet, question: Question):
    decision = decided(policy, question)
    assert decision.policy == policy.hash
    assert decision.valid_until > question.facts.as_of
    if decision.grant is None:
        assert decision.reasons
        assert all(code in policy.reasons for code in decision.reasons)
        return
    clause = next(c for a in policy.agreements for c in a.clauses if c.id == decision.clause)
    assert isinstance(clause, Permit)
    assert (decision.agreement, decision.purpose) == (OWN.id, clause.purposes[0])
    assert decision.grant.bases
    assert set(decision.grant.bases) <= set(clause.bases)
    assert decision.grant.retention == clause.retention.term
    assert all(clause.fields[name].form is form for name, form in decision.fields)


@settings(max_examples=200, deadline=None)
@given(policies(), st.lists(questions(), min_size=1, max_size=6))
def test_a_list_says_what_each_says_alone(policy: PolicySet, asked: list[Question]):
    table = compile_policy(policy)
    alone = [decided(policy, question) for question in asked]
    assert ask(table, asked) == alone
    direct = [replace(question, path=(SCHOOL, CARE), purpose=CALL) for question in asked]
    together = bulk(table, CARD, SCHOOL, CARE, CALL, [question.facts for question in direct])
    for answer, decision in zip(together, ask(compile_policy(policy), direct), strict=True):
        assert (answer.grant, answer.reasons, answer.clause) == (decision.grant, decision.reasons, decision.clause)


def _on(question: Question, born: date, day: date) -> Question:
    """The same person on another day: older, and without the statements that have run out."""
    facts = question.facts
    standing = facts.standing and frozenset(one for one in facts.standing if one.until is None or day < one.until)
    age = age_on(born, day) if born <= day else None
    return replace(question, born=born, facts=facts.but(as_of=day, age=age, standing=standing))


@settings(max_examples=500, deadline=None)
@given(policies(), questions(), st.dates(date(1999, 1, 1), date(2013, 12, 31)), st.integers(0, 400), LIVES)
def test_the_answer_stays_until_valid_until(policy: PolicySet, question: Question, born: date, later: int, life: Life):
    asked = _on(question, born, question.facts.as_of)
    table = compile_policy(policy, life)
    (now,) = ask(table, [asked])
    until = min(now.valid_until, date(2031, 1, 1))
    then = asked.facts.as_of + timedelta(days=later % max(1, (until - asked.facts.as_of).days))
    (after,) = ask(table, [_on(question, born, then)])
    assert told(after) == told(now)
    assert after.valid_until == now.valid_until


@settings(max_examples=300, deadline=None)
@given(policies(), questions(), st.integers(12, 28))
def test_what_is_valid_until_a_birthday_is_asked_again_on_that_day(policy: PolicySet, question: Question, turns: int):
    born = birthday(date(2026, 11, 30), -turns)
    asked = _on(question, born, date(2026, 11, 2))
    decision = decided(policy, asked)
    on_the_day = decided(policy, _on(question, born, date(2026, 11, 30)))
    if told(on_the_day) != told(decision):
        assert decision.valid_until <= date(2026, 11, 30)


def test_the_wide_agreement_opens_and_shuts():
    """The properties above would hold of an agreement that never permits anything."""
    assert decided(WIDE, to_care(someone(yes()))).grant is not None
    assert decided(WIDE, to_care(someone())).grant is None
    forbids = [clause for agreement in WIDE.agreements for clause in agreement.clauses if isinstance(clause, Forbid)]
    assert isinstance(OWN, Agreement)
    assert forbids
