"""What rested on what, who is asked what, when silence counts: case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from hub.consent.model import Permit, Requirement, Window
from hub.domain.facts import KeptFacts, StatementKind
from hub.domain.terms import AgreementId, BasisId, Micros, ReasonCode
from hub.errors import Malformed, Refused
from hub.notices.model import NO_NOTICE, Action, Answer, Cause, CauseKind, Channel, Given, Happened, Method, Notice, State
from hub.notices.plan import DAY, HOUR, Rested, after, is_late, level_at, of_agreement, plan, rested
from tests.fakes.consenting import AGENCY, FOUNDATION, GUIDANCE, NAME, TO_WORK, consenting

POLICY = consenting("restrict")
CLAUSE = next(one for agreement in POLICY.agreements for one in agreement.clauses if one.id == "dal/1/stichting")
REF = UUID(int=1)
WITHDRAWN = Cause(
    REF,
    REF,
    CauseKind.withdrawn,
    Micros(1),
    StatementKind.toestemming,
    frozenset({GUIDANCE}),
    frozenset({FOUNDATION}),
)


def given(**other: object) -> Given:
    assert isinstance(CLAUSE, Permit)
    usual = Given(
        delivery_id=UUID(int=2),
        recipient=FOUNDATION,
        source=AGENCY,
        controllers=(FOUNDATION,),
        purpose=GUIDANCE,
        agreement=AgreementId("dal/1"),
        clause=CLAUSE,
        bases=(BasisId("dal-toestemming"),),
        elements=(NAME,),
        policy=POLICY,
        facts=None,
    )
    return replace(usual, **other)


def facts(**other: object) -> KeptFacts:
    known: dict[str, object] = dict.fromkeys(
        ("geboortedatum", "datum_uitschrijving", "overleden", "startkwalificatie", "indicatie_geheim", "gemeente", "has_bsn")
    )
    return KeptFacts(**{**known, "onderwijssoort": "pro", "datum_diploma": None, "as_of": date(2026, 11, 2), **other})  # type: ignore[arg-type]


def test_the_clause_says_what_is_asked_when_a_consent_ends():
    (planned,) = plan(WITHDRAWN, [given()])
    assert (planned.action, planned.items) == (Action.restrict, {UUID(int=2): (NAME,)})


@pytest.mark.parametrize(
    ("other", "how"),
    [
        ({}, Rested.alone),
        ({"purpose": TO_WORK}, Rested.not_at_all),
        ({"recipient": AGENCY}, Rested.not_at_all),
        ({"bases": (BasisId("dal-toestemming"), BasisId("dal-taak"))}, Rested.beside_another),
        ({"bases": (BasisId("dal-taak"),)}, Rested.not_at_all),
    ],
)
def test_how_it_rested_goes_by_what_the_entry_names(other: dict[str, object], how: Rested):
    assert rested(given(**other), WITHDRAWN) is how


@pytest.mark.parametrize(
    ("known", "how"),
    [
        (facts(datum_diploma=date(2024, 11, 2)), Rested.alone),
        (facts(datum_diploma=date(2024, 11, 1)), Rested.not_at_all),
        (facts(), Rested.alone),
        (facts(onderwijssoort="mbo"), Rested.not_at_all),
        (facts(onderwijssoort=None), Rested.alone),
        (None, Rested.alone),
    ],
)
def test_a_statement_that_was_asked_in_a_window_counts_where_it_was_asked_or_nobody_knows(known: KeptFacts | None, how: Rested):
    """As WEB 9.2.5, fifth paragraph: the school is consulted some years after the diploma; the anniversary counts."""
    window = Window(onderwijssoort=("pro",), years_after_diploma=2)
    school = StatementKind.raadpleging_school
    needs = Requirement(statement=school, reason=ReasonCode("RAADPLEGING_SCHOOL_ONTBREEKT"), when=(window,))
    clause = CLAUSE.model_copy(update={"requires": (needs,)})
    cause = Cause(REF, REF, CauseKind.invalidated, Micros(1), school)
    assert rested(given(clause=clause, bases=(BasisId("dal-taak"),), facts=known), cause) is how


def test_a_yes_that_named_nobody_carried_nothing():
    assert rested(given(), Cause(REF, REF, CauseKind.withdrawn, Micros(1), StatementKind.toestemming)) is Rested.not_at_all


def test_who_could_receive_along_an_agreement():
    assert [one.recipient for one in of_agreement(POLICY, AgreementId("dal/1"))] == [AGENCY, FOUNDATION]
    assert of_agreement(POLICY, AgreementId("verzonnen/1")) == ()


def notice(state: State = State.open, action: Action = Action.erase) -> Notice:
    items = {UUID(int=2): (NAME,)}
    about = (REF, REF, NO_NOTICE, CauseKind.withdrawn, action, FOUNDATION, items, None, None, Micros(0), Micros(30 * DAY))
    return Notice(*about, state, 0, False, 0)


@pytest.mark.parametrize(
    ("state", "now", "level"),
    [
        (State.open, 72 * HOUR - 1, 0),
        (State.open, 72 * HOUR, 1),
        (State.open, 7 * DAY, 2),
        (State.open, 30 * DAY, 3),
        (State.acknowledged, 13 * DAY, 0),
        (State.acknowledged, 14 * DAY, 1),
        (State.acknowledged, 30 * DAY, 3),
        (State.attested, 90 * DAY, 0),
        (State.refused, 90 * DAY, 0),
    ],
)
def test_the_level_follows_from_how_long_it_stands_so(state: State, now: int, level: int):
    assert level_at(notice(state), now) == level
    assert is_late(notice(state), state, now) == (level > 0)


def test_what_asks_nothing_is_never_late():
    asks_nothing = notice(action=Action.none_other_basis)
    assert (level_at(asks_nothing, 90 * DAY), is_late(asks_nothing, State.open, 90 * DAY)) == (0, False)
    assert after(asks_nothing, Answer(Happened.acknowledged, Channel.rest)) is State.closed


def test_doing_less_than_is_asked_is_not_doing_it():
    done = Answer(Happened.attested, Channel.rest, Method.restricted, digest=bytes(32))
    assert after(notice(action=Action.restrict), done) is State.attested
    with pytest.raises(Malformed):
        after(notice(action=Action.erase), done)
    with pytest.raises(Refused):
        after(notice(State.refused, Action.restrict), done)
