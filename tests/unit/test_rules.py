"""Who comes into view because a young person said yes to them, and that rules are swapped whole."""

from dataclasses import replace
from datetime import date

import pytest

from hub.consent.model import Life
from hub.domain.facts import Stated, StatementKind, StatementState
from hub.domain.records.uitvalmelding import KIND
from hub.domain.terms import PartyId
from hub.rules import Rules
from tests.fakes.house import shipped

DAY = date(2026, 11, 2)
SCHOOL, COACH = PartyId("mbo-zilverlinde"), PartyId("zorgaanbieder-rietzorg")


def said(state: StatementState, party: PartyId = COACH) -> frozenset[Stated]:
    purposes = frozenset(shipped().policy.purposes)
    return frozenset({Stated(StatementKind.toestemming, state, purposes=purposes, parties=frozenset({party}))})


def test_whoever_a_yes_names_comes_into_view_under_both_controllers():
    (one,) = shipped().named(KIND, SCHOOL, said(StatementState.given), DAY, ())
    assert (one.provider, one.recipient, one.controllers) == (SCHOOL, COACH, (SCHOOL, COACH))


@pytest.mark.parametrize("state", [state for state in StatementState if state is not StatementState.given])
def test_a_yes_that_does_not_stand_brings_nobody_into_view(state: StatementState):
    """Else whoever gives would learn from the refusal that it was refused or taken back."""
    assert shipped().named(KIND, SCHOOL, said(state), DAY, ()) == ()


def test_a_yes_opens_no_way_that_no_agreement_knows():
    assert shipped().named(KIND, PartyId("duo"), said(StatementState.given), DAY, ()) == ()
    assert shipped().named(KIND, SCHOOL, said(StatementState.given, PartyId("duo")), DAY, ()) == ()
    assert shipped().named(KIND, SCHOOL, frozenset(), DAY, ()) == shipped().named(KIND, SCHOOL, None, DAY, ()) == ()


def test_who_comes_into_view_by_home_is_not_named_twice():
    once = shipped().named(KIND, SCHOOL, said(StatementState.given), DAY, ())
    assert shipped().named(KIND, SCHOOL, said(StatementState.given), DAY, once) == ()


def test_rules_are_swapped_whole():
    rules = Rules(shipped().policy)
    table, regions = rules.table, rules.regions
    other = replace(shipped().policy, regions=())
    rules.put(other, Life({}, frozenset({COACH})))
    assert (rules.policy, rules.life.silent) == (other, {COACH})
    assert rules.table is not table
    assert rules.regions is not regions
