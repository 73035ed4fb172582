"""Whom an agreement waits for: the FG, the parties that must sign, who decides; and what ends soon."""

from __future__ import annotations

from datetime import date

from hub.consent.life import ActKind
from hub.domain.staff import Role, Staff
from hub.policies.service import Look
from hub.waiting.agreements import waiting
from hub.waiting.model import What
from tests.fakes.agreements import (
    AT_DUO,
    AT_LINDEMARK,
    DUO_DESK,
    FG,
    OFFICER,
    Acts,
    changed,
    person,
    shipped,
)

DAY = date(2026, 11, 21)
AFTER = changed(shipped(), DUO_DESK, version="2", adds="geslacht")
PAIR = {"follows": shipped().hash, "policy": AFTER.hash}


def proposed() -> Acts:
    return Acts(ActKind.founded, shipped()).add(ActKind.proposed, OFFICER, **PAIR)


def waits(acts: Acts, who: Staff, *, widens: bool = True) -> set[What]:
    look = Look(acts.history, shipped(), {AFTER.hash: AFTER}, DAY)
    return {one.what for one in waiting(look, {AFTER.hash: widens}) if one.waits_for(who)}


def test_a_proposal_that_widens_waits_for_the_fg_and_for_signatures_and_then_for_a_decision():
    acts = proposed()
    assert waits(acts, FG) == {What.advice}
    assert waits(acts, AT_DUO) == waits(acts, AT_LINDEMARK) == {What.signature}
    acts.add(ActKind.advised, FG, **PAIR, word="positive")
    assert waits(acts, FG) == set()
    assert waits(acts, AT_DUO) == {What.signature, What.activation}


def test_one_that_widens_nothing_waits_for_a_decision_at_once():
    assert waits(proposed(), AT_DUO, widens=False) == {What.signature, What.activation}


def test_nobody_is_asked_what_they_may_not_do():
    both = Staff(OFFICER.staff_id, "Iemand", OFFICER.roles | {Role.fg, Role.decision_maker}, AT_DUO.party)
    assert waits(proposed(), both, widens=False) - {What.ending} == set()
    assert waits(proposed(), person(9, Role.decision_maker, party="uwv-lindemark")) == set()


def test_what_ends_soon_waits_for_the_officer_who_renews_it():
    first = shipped().agreements[0]
    look = Look(Acts(ActKind.founded, shipped()).history, shipped(), {}, first.dpia.review_due)
    found = [one for one in waiting(look, {}) if one.what is What.ending]
    assert first.id in {one.key for one in found}
    assert all(one.waits_for(OFFICER) and not one.waits_for(AT_DUO) for one in found)
