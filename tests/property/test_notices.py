"""Invariants 13 to 15 of consent: what rested solely on the withdrawn scope is in one open notice, nothing else is; no basis
is swapped; every notice ends done, declined on a ground, or escalated. The oracle is written field by field.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.consent.model import Permit
from hub.domain.facts import StatementKind
from hub.domain.terms import AgreementId, BasisId, ElementName, Micros, PartyId
from hub.errors import HubError
from hub.notices.model import (
    NO_NOTICE,
    Action,
    Answer,
    Cause,
    CauseKind,
    Channel,
    Given,
    Ground,
    Happened,
    Method,
    Notice,
    Planned,
    State,
)
from hub.notices.plan import DAY, UNFINISHED, after, due_of, is_late, level_at, not_asked_before, onward_of, plan
from tests.fakes.consenting import AGENCY, BORN, FOUNDATION, GUIDANCE, NAME, TO_WORK, consenting

POLICY = consenting()
CLAUSES = [clause for agreement in POLICY.agreements if agreement.id == "dal/1" for clause in agreement.clauses]
CONSENT, TASK, DUTY = BasisId("dal-toestemming"), BasisId("dal-taak"), BasisId("wro-21-1")
PARTIES, PURPOSES, ELEMENTS = (FOUNDATION, AGENCY, PartyId("duo")), (GUIDANCE, TO_WORK), (NAME, BORN)


@st.composite
def deliveries(draw: st.DrawFn) -> list[Given]:
    return [
        Given(
            delivery_id=UUID(int=number + 1),
            recipient=draw(st.sampled_from(PARTIES)),
            source=draw(st.sampled_from(PARTIES)),
            controllers=(draw(st.sampled_from(PARTIES)),),
            purpose=draw(st.sampled_from(PURPOSES)),
            agreement=AgreementId("dal/1"),
            clause=draw(st.sampled_from([one for one in CLAUSES if isinstance(one, Permit)])),
            bases=tuple(draw(st.lists(st.sampled_from((CONSENT, TASK, DUTY)), min_size=1, max_size=3, unique=True))),
            elements=tuple(draw(st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=2, unique=True))),
            policy=POLICY,
            facts=None,
        )
        for number in range(draw(st.integers(0, 8)))
    ]


def some(words: tuple[str, ...]) -> st.SearchStrategy[frozenset[str] | None]:
    return st.none() | st.frozensets(st.sampled_from(words), max_size=len(words))


@st.composite
def causes(draw: st.DrawFn) -> Cause:
    kind = draw(st.sampled_from([CauseKind.withdrawn, CauseKind.expired, CauseKind.objection_upheld, CauseKind.restricted]))
    yes = kind in (CauseKind.withdrawn, CauseKind.expired)
    ref = UUID(int=draw(st.integers(100, 10_000)))
    return Cause(
        cause_id=ref,
        entry=ref,
        kind=kind,
        since_us=Micros(1),
        statement=draw(st.sampled_from([StatementKind.toestemming, StatementKind.instemming])) if yes else None,
        purposes=draw(some(PURPOSES)),  # type: ignore[arg-type]
        parties=draw(some(PARTIES)),  # type: ignore[arg-type]
        elements=draw(some(ELEMENTS)),  # type: ignore[arg-type]
    )


def rests(one: Given, name: ElementName, cause: Cause) -> bool:
    """The oracle: whether this field rested on what fell away and on nothing else."""
    if cause.elements is not None and name not in cause.elements:
        return False
    if cause.kind in (CauseKind.withdrawn, CauseKind.expired):
        if cause.purposes is None or cause.parties is None:
            return False
        if one.purpose not in cause.purposes or one.recipient not in cause.parties:
            return False
        return cause.statement is StatementKind.toestemming and set(one.bases) == {CONSENT}
    about = {one.recipient, one.source, *one.controllers}
    if (cause.purposes is not None and one.purpose not in cause.purposes) or (
        cause.parties is not None and not about & cause.parties
    ):
        return False
    return cause.kind is CauseKind.restricted or set(one.bases) == {TASK}


def asked(planned: tuple[Planned, ...]) -> list[tuple[PartyId, UUID, ElementName]]:
    return [
        (one.recipient, delivery, name)
        for one in planned
        if one.action is not Action.none_other_basis
        for delivery, names in one.items.items()
        for name in names
    ]


@given(deliveries(), causes())
def test_a_field_is_asked_for_if_and_only_if_it_rested_on_that_alone_and_once(given_: list[Given], cause: Cause):
    wanted = {(one.recipient, one.delivery_id, name) for one in given_ for name in one.elements if rests(one, name, cause)}
    found = asked(plan(cause, given_))
    assert len(found) == len(set(found))
    assert set(found) == wanted


@given(deliveries(), causes())
def test_what_is_planned_hangs_on_no_order_and_a_second_time_on_nothing(given_: list[Given], cause: Cause):
    planned = plan(cause, given_)
    assert plan(cause, given_[::-1]) == planned
    told = [noticed(one, cause) for one in planned]
    assert not_asked_before(planned, told) == ()


@given(deliveries(), st.lists(causes(), max_size=4))
def test_however_many_things_happen_a_field_is_in_one_open_notice_at_most(given_: list[Given], several: list[Cause]):
    told: list[Notice] = []
    for cause in several:
        told += [noticed(one, cause) for one in not_asked_before(plan(cause, given_), told)]
    named = [
        (one.recipient, one.action, delivery, name) for one in told for delivery, names in one.items.items() for name in names
    ]
    assert len(named) == len(set(named))


@given(deliveries(), causes(), st.sets(st.sampled_from((CONSENT, TASK, DUTY)), min_size=1))
def test_a_basis_that_the_clause_has_besides_and_that_was_not_recorded_is_none(
    given_: list[Given], cause: Cause, bases: set[BasisId]
):
    """What the entry of the log names decides, whatever else its clause could have rested on."""
    other = [replace(one, clause=one.clause.model_copy(update={"bases": tuple(sorted(bases))})) for one in given_]
    assert plan(cause, other) == plan(cause, given_)


def noticed(one: Planned, cause: Cause, **other: object) -> Notice:
    about = (UUID(int=7), cause.cause_id, NO_NOTICE, cause.kind, one.action, one.recipient, one.items, None, None)
    return replace(Notice(*about, Micros(0), due_of(0), State.open, 0, False, 0), **other)


ANSWERS = st.builds(
    Answer,
    st.sampled_from([Happened.acknowledged, Happened.attested, Happened.refused, Happened.closed]),
    st.just(Channel.rest),
    st.none() | st.sampled_from(Method),
    st.none() | st.sampled_from(Ground),
    st.none() | st.just(bytes(32)),
)
MOMENTS = st.lists(st.one_of(ANSWERS, st.integers(1, 40)), max_size=12)


@given(st.sampled_from([one for one in Action if one is not Action.none_other_basis]), MOMENTS)
def test_a_notice_ends_done_declined_or_escalated_and_no_level_is_skipped(action: Action, steps: list[Answer | int]):
    """Answers and days in any order; the hub looks after each, one level at a time."""
    cause = Cause(UUID(int=1), UUID(int=1), CauseKind.withdrawn, Micros(0))
    notice = noticed(Planned(FOUNDATION, action, {UUID(int=2): (NAME,)}), cause)
    now, levels = 0, [0]
    for step in [*steps, 60]:
        if isinstance(step, int):
            now += step * DAY
        else:
            try:
                became = after(notice, step)
            except HubError:
                continue
            if became is not None:
                notice = replace(notice, state=became, late=is_late(notice, became, now))
        while (due := level_at(notice, now)) > notice.level:
            notice = replace(notice, level=notice.level + 1, late=is_late(notice, notice.state, now))
            levels.append(notice.level)
            assert due <= len(UNFINISHED)
    assert levels == list(range(len(levels)))
    assert notice.state in (State.attested, State.refused) or notice.level == len(UNFINISHED)
    if notice.state in (State.attested, State.refused):
        assert not notice.late


@given(st.lists(st.lists(st.sampled_from(PARTIES), max_size=4), max_size=12))
def test_following_on_ends_whoever_names_whom(said: list[list[PartyId]]):
    cause = Cause(UUID(int=1), UUID(int=1), CauseKind.withdrawn, Micros(0))
    told = [noticed(Planned(FOUNDATION, Action.erase, {UUID(int=2): (NAME,)}), cause)]
    for names in said:
        for one in list(told):
            further = onward_of(one, told, names)
            told += [noticed(Planned(party, one.action, one.items), cause) for party in further]
    assert len(told) <= len(PARTIES)
    assert len({one.recipient for one in told}) == len(told)
