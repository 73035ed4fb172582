"""Objections that wait: their term, whose ruling they wait for, and what stops until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest

from hub.consent.model import AS_WRITTEN, Life
from hub.consent.statement import Scope, What, hold
from hub.domain.facts import StatementKind
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PartyId, ReasonCode
from hub.errors import Refused
from hub.statements.objections import Effect, check_ruler, effects, last_day, objection_of, waits_for
from tests.fakes.statements import DAY, event, scope
from tests.fakes.wide import WIDE

SAID_US = 1_793_000_000_000_000  # 26 October 2026
WORK = PartyId("werk-en-inkomen-wolfslo")
COLLEGE = WIDE.parties[WORK].controller


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (date(2026, 11, 2), date(2026, 12, 2)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
    ],
)
def test_a_ruling_is_due_in_a_month(said: date, until: date):
    assert last_day(said) == until


def asked(about: Scope, *recipients: PartyId) -> tuple[PartyId, ...]:
    held = hold([event(What.given, SAID_US, kind=StatementKind.bezwaar, scope=about)], DAY)
    assert held is not None
    return objection_of(WIDE, held, recipients).controllers


def test_the_controller_rules_of_whom_it_is_addressed_to_or_who_was_given_it_or_else_who_heard_it():
    assert asked(scope(None, {WORK})) == (COLLEGE,)
    assert asked(scope(None, {WORK}), PartyId("doorstroompunt-lindemark")) == (COLLEGE,)
    assert asked(Scope(), WORK) == (COLLEGE,)
    assert asked(Scope()) == (WIDE.parties[PartyId("mbo-zilverlinde")].controller,)


def test_it_is_late_from_the_day_after_its_term():
    held = hold([event(What.given, SAID_US, kind=StatementKind.bezwaar)], DAY)
    assert held is not None
    one = objection_of(WIDE, held)
    assert one.until == date(2026, 11, 26)
    assert (one.late(one.until), one.late(date(2026, 11, 27))) == (False, True)


def someone(role: Role, party: PartyId | None = None) -> Staff:
    return Staff(StaffId("m-0000000000000001"), "Iemand", frozenset({role}), party)


def test_a_decision_maker_rules_for_their_own_controller_alone_and_an_officer_writes_down():
    check_ruler(WIDE, COLLEGE, someone(Role.privacy_officer))
    check_ruler(WIDE, COLLEGE, someone(Role.decision_maker, COLLEGE))
    check_ruler(WIDE, COLLEGE, someone(Role.decision_maker, WORK))
    for other in (someone(Role.decision_maker, PartyId("duo")), someone(Role.decision_maker), someone(Role.fg, COLLEGE)):
        with pytest.raises(Refused, match="You do not decide"):
            check_ruler(WIDE, COLLEGE, other)
    held = hold([event(What.given, SAID_US, kind=StatementKind.bezwaar, scope=scope(None, {WORK}))], DAY)
    assert held is not None
    one = objection_of(WIDE, held)
    assert waits_for(WIDE, one, someone(Role.decision_maker, COLLEGE))
    assert waits_for(WIDE, one, someone(Role.decision_maker, WORK))
    assert not waits_for(WIDE, one, someone(Role.decision_maker, PartyId("duo")))
    assert not waits_for(WIDE, one, someone(Role.privacy_officer, COLLEGE))


def found(about: Scope, life: Life = AS_WRITTEN) -> list[Effect]:
    return list(effects(WIDE, life, about, DAY))


def test_a_task_stops_until_the_ruling_and_a_duty_goes_on():
    every = found(Scope())
    assert {one.stops for one in every} == {True, False}
    for one in every:
        kinds = {WIDE.laws[each].kind for each in one.despite}
        assert kinds <= {"duty", "consent"}
    assert [one.stops for one in every] == sorted((one.stops for one in every), reverse=True)


def test_it_is_about_its_purposes_its_parties_and_agreements_in_force_alone():
    work = found(scope({"ondersteuning-arbeidsinschakeling"}))
    assert work
    assert {purpose for one in work for purpose in one.purposes} == {"ondersteuning-arbeidsinschakeling"}
    to_duo = found(scope(None, {"duo"}))
    assert 0 < len(to_duo) < len(found(Scope()))
    shut = Life(MappingProxyType({work[0].agreement: ReasonCode("AFSPRAAK_GESCHORST")}), frozenset())
    assert work[0].agreement not in {one.agreement for one in found(scope({"ondersteuning-arbeidsinschakeling"}), shut)}
    over = replace(WIDE, agreements=())
    assert effects(over, AS_WRITTEN, Scope(), DAY) == ()
