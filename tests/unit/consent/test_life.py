"""What acts say together: which set is in use, which agreements are in force, and who may act next."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from hub.consent import mandate
from hub.consent.force import Expiry, Obstacle, State, expiring, life_of, obstacles, state_of
from hub.consent.life import ActKind, History, agreement_hash, canonical, history_of
from hub.domain.staff import Role
from hub.domain.terms import AgreementId, PartyId
from hub.errors import Refused
from tests.fakes.agreements import (
    AT_DUO,
    AT_LINDEMARK,
    AUDITOR,
    DUO,
    DUO_DESK,
    FG,
    LINDEMARK,
    OFFICER,
    SECOND_OFFICER,
    Acts,
    agreement_of,
    changed,
    person,
    shipped,
)

DAY = date(2026, 11, 22)
SECOND = AgreementId("duo-doorstroompunt/2")


def refused(check: Callable[[], object], why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        check()
    assert caught.value.why
    assert caught.value.now


# -- the hash that is signed


def test_a_hash_is_of_the_whole_text_and_of_nothing_else() -> None:
    policy = shipped()
    one = agreement_hash(agreement_of(policy))
    assert one == agreement_hash(agreement_of(policy))
    assert one != agreement_hash(agreement_of(changed(policy, oldest=25)))
    assert len({agreement_hash(each) for each in policy.agreements}) == len(policy.agreements)
    brought = [
        {
            "code": "NIEUWE_REDEN",
            "gate": "subject",
            "text_nl": "Een reden die deze afspraak meebrengt.",
            "remedy_nl": "Er is niets aan te doen.",
            "who": "privacy officer",
            "personal": False,
        }
    ]
    assert one != agreement_hash(agreement_of(changed(policy, brings={"reasons": brought})))


def test_a_hash_stays_when_the_form_of_agreements_grows() -> None:
    """What a file does not say is not in its hash, so a key that only later files have changes no older hash."""
    plain = agreement_of(shipped()).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    assert agreement_hash(agreement_of(shipped())) == hashlib.sha256(canonical(plain)).hexdigest()
    assert "brings" not in plain
    assert "despite_restriction" not in plain["clauses"][0]


# -- what is in use


def test_nothing_is_in_force_before_anything_happened() -> None:
    policy = shipped()
    life = life_of(policy, History())
    assert set(life.shut) == {each.id for each in policy.agreements}
    assert set(life.shut.values()) == {"AFSPRAAK_NIET_ONDERTEKEND"}
    assert state_of(agreement_of(policy), History(), DAY, in_use=True) is State.draft


def test_the_founding_set_counts_as_signed() -> None:
    policy = shipped()
    history = Acts(ActKind.founded, policy).history
    assert (history.in_use, history.laid) == (policy.hash, False)
    assert (life_of(policy, history).shut, life_of(policy, history).unsigned) == ({}, {})
    assert state_of(agreement_of(policy), history, DAY, in_use=True) is State.in_force


def test_a_set_that_was_only_laid_has_nothing_in_force_however_it_is_signed() -> None:
    policy = shipped()
    acts = Acts(ActKind.laid, policy).sign(policy, AT_DUO).sign(policy, AT_LINDEMARK)
    assert life_of(policy, acts.history).shut[DUO_DESK] == "AFSPRAAK_NIET_ONDERTEKEND"
    assert state_of(agreement_of(policy), acts.history, DAY, in_use=True) is State.signed
    acts.propose(policy, policy).advise(policy, policy).activate(policy, policy)
    assert DUO_DESK not in life_of(policy, acts.history).shut
    assert state_of(agreement_of(policy), acts.history, DAY, in_use=True) is State.in_force


def test_another_set_than_the_one_in_use_is_shut() -> None:
    policy, other = shipped(), changed(shipped(), version="2", oldest=25)
    assert set(life_of(other, Acts(ActKind.founded, policy).history).shut) == {each.id for each in other.agreements}


def test_two_parties_must_have_signed_and_the_others_have_not_acceded() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after).advise(policy, after).activate(policy, after)
    assert life_of(after, acts.history).shut == {SECOND: "AFSPRAAK_NIET_ONDERTEKEND"}
    acts.sign(after, AT_DUO, SECOND)
    assert life_of(after, acts.history).shut == {SECOND: "AFSPRAAK_NIET_ONDERTEKEND"}
    acts.sign(after, AT_LINDEMARK, SECOND)
    life = life_of(after, acts.history)
    assert life.shut == {}
    everyone = {each.id for each in agreement_of(after, SECOND).parties}
    assert life.unsigned == {SECOND: everyone - {DUO, LINDEMARK}}


def test_one_person_is_one_pair_of_eyes_whatever_the_register_says() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after).activate(policy, after)
    acts.sign(after, AT_DUO, SECOND).sign(after, AT_DUO, SECOND, LINDEMARK)
    assert life_of(after, acts.history).shut == {SECOND: "AFSPRAAK_NIET_ONDERTEKEND"}


def test_a_second_signature_of_the_same_person_binds_nobody() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    other = person(7, Role.decision_maker, party="doorstroompunt-schelmonde")
    acts = Acts(ActKind.founded, policy).propose(policy, after).activate(policy, after)
    acts.sign(after, AT_DUO, SECOND).sign(after, AT_DUO, SECOND, LINDEMARK).sign(after, other, SECOND)
    assert LINDEMARK in life_of(after, acts.history).unsigned[SECOND]


def test_the_first_signature_fixes_the_text() -> None:
    policy = shipped()
    draft, other = changed(policy, version="2", oldest=25), changed(policy, version="2", oldest=24)
    acts = Acts(ActKind.founded, policy).sign(draft, AT_DUO, SECOND).turn(ActKind.suspended, other, AT_DUO, SECOND)
    assert acts.history.versions[SECOND].digest == agreement_hash(agreement_of(draft, SECOND))
    untouched = Acts(ActKind.founded, policy).turn(ActKind.suspended, draft, AT_DUO, SECOND).sign(other, AT_DUO, SECOND)
    assert untouched.history.versions[SECOND].digest == agreement_hash(agreement_of(other, SECOND))


def test_a_proposal_does_not_come_alive_when_its_set_is_in_use_again() -> None:
    policy, one, two = shipped(), changed(shipped(), version="2", oldest=25), changed(shipped(), version="2", oldest=24)
    acts = Acts(ActKind.founded, policy).propose(policy, one).propose(policy, two).activate(policy, two)
    acts.propose(two, policy).activate(two, policy)
    assert acts.history.open == ()
    refused(lambda: mandate.check_activation(acts.history, policy, one, AT_DUO, widens=False), "out of date")


def test_a_text_that_was_changed_after_it_was_signed_is_not_in_force() -> None:
    policy = shipped()
    edited = changed(policy, oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, edited).activate(policy, edited)
    assert life_of(edited, acts.history).shut == {DUO_DESK: "AFSPRAAK_NIET_ONDERTEKEND"}


def test_suspended_resumed_ended() -> None:
    policy = shipped()
    acts = Acts(ActKind.founded, policy).turn(ActKind.suspended, policy, AT_DUO)
    assert life_of(policy, acts.history).shut == {DUO_DESK: "AFSPRAAK_GESCHORST"}
    assert state_of(agreement_of(policy), acts.history, DAY, in_use=True) is State.suspended
    acts.turn(ActKind.resumed, policy, AT_DUO)
    assert life_of(policy, acts.history).shut == {}
    acts.turn(ActKind.suspended, policy, AT_DUO).turn(ActKind.ended, policy, AT_LINDEMARK)
    assert life_of(policy, acts.history).shut == {DUO_DESK: "AFSPRAAK_BEEINDIGD"}
    assert state_of(agreement_of(policy), acts.history, DAY, in_use=True) is State.ended


def test_the_order_in_which_acts_are_read_does_not_matter() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after).advise(policy, after).sign(after, AT_DUO, SECOND)
    acts.activate(policy, after).turn(ActKind.suspended, after, AT_DUO, SECOND)
    mixed = list(acts.all)
    random.Random(1).shuffle(mixed)
    assert history_of(mixed) == acts.history


# -- what the text and the calendar say


@pytest.mark.parametrize(
    ("other", "day", "found"),
    [
        ({}, DAY, ()),
        ({"controllership": None}, DAY, (Obstacle.controllership,)),
        ({"processor_contract": None}, DAY, (Obstacle.processor_contract,)),
        ({}, date(2025, 12, 31), (Obstacle.not_begun,)),
        ({}, date(2029, 1, 1), (Obstacle.over, Obstacle.dpia)),
        ({}, date(2028, 10, 5), ()),
        ({}, date(2028, 10, 6), (Obstacle.dpia,)),
    ],
)
def test_what_keeps_a_signed_agreement_out_of_force(other: dict[str, None], day: date, found: tuple[Obstacle, ...]) -> None:
    policy = changed(shipped(), **other)
    assert obstacles(agreement_of(policy), day) == found
    state = state_of(agreement_of(policy), Acts(ActKind.founded, policy).history, day, in_use=True)
    assert state is (State.blocked if found else State.in_force)


def test_an_advice_that_is_past_keeps_it_out_of_force() -> None:
    advice = {"ref": "FG-2025-19", "date": "2025-11-03", "outcome": "positive", "review_due": "2026-12-01"}
    policy = changed(shipped(), fg_advice=advice)
    assert obstacles(agreement_of(policy), date(2026, 11, 30)) == ()
    assert obstacles(agreement_of(policy), date(2026, 12, 1)) == (Obstacle.fg_advice,)


def test_what_ends_soon_is_told_in_time() -> None:
    advice = {"ref": "FG-2025-19", "date": "2025-11-03", "outcome": "positive", "review_due": "2026-12-01"}
    dpia = {"ref": "DPIA-2025-04", "date": "2025-10-06", "review_due": "2026-11-01"}
    parties = [
        {"id": "duo", "acceded": "2026-01-01"},
        {"id": "doorstroompunt-lindemark", "acceded": "2026-01-01", "left": "2026-12-24"},
        {"id": "doorstroompunt-schelmonde", "acceded": "2026-01-01"},
        {"id": "doorstroompunt-heiderland", "acceded": "2026-03-01"},
    ]
    policy = changed(
        shipped(), fg_advice=advice, dpia=dpia, parties=parties, effective={"from": "2026-01-01", "until": "2027-02-20"}
    )
    told = [(each.what, each.left, each.about) for each in expiring(policy, DAY) if each.agreement == DUO_DESK]
    assert told == [
        (Expiry.dpia, -21, ""),
        (Expiry.fg_advice, 9, ""),
        (Expiry.party, 32, "doorstroompunt-lindemark"),
        (Expiry.agreement, 90, ""),
    ]
    assert [each.what for each in expiring(policy, DAY, days=9) if each.agreement == DUO_DESK] == [
        Expiry.dpia,
        Expiry.fg_advice,
    ]
    assert [each for each in expiring(policy, date(2027, 2, 20)) if each.agreement == DUO_DESK] == []


# -- who proposes


def test_only_the_privacy_officer_proposes_and_only_a_change() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    history = Acts(ActKind.founded, policy).history
    assert mandate.check_proposal(history, after, OFFICER) == policy.hash
    for other in (FG, AT_DUO, AUDITOR):
        refused(lambda by=other: mandate.check_proposal(history, after, by), "privacy officer")
    refused(lambda: mandate.check_proposal(history, policy, OFFICER), "in use")
    refused(lambda: mandate.check_proposal(History(), after, OFFICER), "nothing to change")
    again = Acts(ActKind.founded, policy).propose(policy, after).history
    refused(lambda: mandate.check_proposal(again, after, SECOND_OFFICER), "already")


def test_what_was_signed_is_not_edited() -> None:
    policy = shipped()
    refused(
        lambda: mandate.check_proposal(Acts(ActKind.founded, policy).history, changed(policy, oldest=25), OFFICER), "was signed"
    )
    draft, other = changed(policy, version="2", oldest=25), changed(policy, version="2", oldest=24)
    acts = Acts(ActKind.founded, policy).propose(policy, draft)
    assert mandate.check_proposal(acts.history, other, OFFICER) == policy.hash
    acts.propose(policy, other).sign(draft, AT_DUO, SECOND)
    refused(lambda: mandate.check_proposal(acts.history, changed(policy, version="2", oldest=23), OFFICER), "was signed")
    refused(lambda: mandate.check_activation(acts.history, policy, other, AT_DUO, widens=False), "was signed")


def test_a_set_that_was_only_laid_is_proposed_as_it_is() -> None:
    policy = shipped()
    assert mandate.check_proposal(Acts(ActKind.laid, policy).history, policy, OFFICER) == policy.hash


# -- who advises


def test_only_the_fg_advises_and_not_on_their_own_proposal() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=27)
    history = Acts(ActKind.founded, policy).propose(policy, after).history
    assert mandate.check_advice(history, policy.hash, after.hash, FG).policy == after.hash
    for other in (OFFICER, AT_DUO, AUDITOR):
        refused(lambda by=other: mandate.check_advice(history, policy.hash, after.hash, by), "data protection officer")
    refused(lambda: mandate.check_advice(history, after.hash, policy.hash, FG), "Nobody proposed")
    both = person(9, Role.privacy_officer, Role.fg)
    own = Acts(ActKind.founded, policy).propose(policy, after, both).history
    refused(lambda: mandate.check_advice(own, policy.hash, after.hash, both), "own proposal")


# -- who signs


def test_a_decision_maker_signs_for_their_own_party_once() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after)

    def check(by: object, party: PartyId = DUO, agreement: AgreementId = SECOND) -> None:
        mandate.check_signature(acts.history, policy, after, agreement, party, by)  # type: ignore[arg-type]

    check(AT_DUO)
    for other in (OFFICER, FG, AUDITOR):
        refused(lambda by=other: check(by), "decision-maker")
    refused(lambda: check(AT_LINDEMARK), "You do not sign for duo")
    refused(lambda: check(person(8, Role.decision_maker)), "You do not sign for duo")
    refused(lambda: check(AT_DUO, PartyId("mbo-zilverlinde")), "no party to this agreement")
    refused(lambda: check(AT_DUO, DUO, DUO_DESK), "There is no agreement")
    acts.sign(after, AT_DUO, SECOND)
    refused(lambda: check(AT_DUO), "signed already")
    refused(lambda: check(person(9, Role.decision_maker, party="duo")), "signed already")
    check(AT_LINDEMARK, LINDEMARK)
    acts.sign(after, AT_LINDEMARK, SECOND)
    acts.turn(ActKind.ended, after, AT_DUO, SECOND)
    refused(
        lambda: check(person(7, Role.decision_maker, party="doorstroompunt-schelmonde"), PartyId("doorstroompunt-schelmonde")),
        "ended",
    )


def test_a_controller_signs_for_what_it_answers_for_but_one_person_for_one_party() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    desks = [each.id for each in agreement_of(after, SECOND).parties if each.id != DUO]
    controller = policy.parties[desks[0]].controller
    college = person(7, Role.decision_maker, party=controller)
    acts = Acts(ActKind.founded, policy).propose(policy, after)
    mandate.check_signature(acts.history, policy, after, SECOND, desks[0], college)
    acts.sign(after, college, SECOND, desks[0])
    other = person(7, Role.decision_maker, party=desks[1])
    refused(lambda: mandate.check_signature(acts.history, policy, after, SECOND, desks[1], other), "two parties")


def test_a_text_that_nobody_signed_cannot_be_signed_in_the_place_of_another() -> None:
    policy = shipped()
    edited = changed(policy, oldest=25)
    refused(
        lambda: mandate.check_signature(Acts(ActKind.founded, policy).history, policy, edited, DUO_DESK, DUO, AT_DUO),
        "another text",
    )


def test_a_proposal_gives_nobody_a_mandate() -> None:
    """Who answers for a party is said by the set in use: a proposal could else name anybody as its controller."""
    policy = shipped()
    new = changed(policy, version="2", oldest=25)
    parties = {**new.parties, DUO: new.parties[DUO].model_copy(update={"controller": PartyId("mbo-zilverlinde")})}
    after = replace(new, parties=parties)
    acts = Acts(ActKind.founded, policy).propose(policy, after)
    stranger = person(9, Role.decision_maker, party="mbo-zilverlinde")
    refused(lambda: mandate.check_signature(acts.history, policy, after, SECOND, DUO, stranger), "You do not sign for duo")
    mandate.check_signature(acts.history, policy, after, SECOND, DUO, AT_DUO)


def test_who_prepared_or_advised_signs_and_decides_nothing_with_another_key() -> None:
    """The same person may be known by two keys in two roles: one pair of eyes."""
    policy, after = shipped(), changed(shipped(), version="2", oldest=27)
    acts = Acts(ActKind.founded, policy).propose(policy, after).advise(policy, after)
    for before in (OFFICER, FG):
        again = replace(before, roles=frozenset({Role.decision_maker}), party=DUO)
        refused(lambda by=again: mandate.check_signature(acts.history, policy, after, SECOND, DUO, by), "prepared or advised")
        refused(lambda by=again: mandate.check_activation(acts.history, policy, after, by, widens=True), "own proposal|advised")
    assert mandate.check_activation(acts.history, policy, after, AT_DUO, widens=True).advice is not None


# -- who puts a set into use


def test_widening_waits_for_the_fg_and_the_rest_does_not() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=27)
    acts = Acts(ActKind.founded, policy).propose(policy, after)
    refused(lambda: mandate.check_activation(acts.history, policy, after, AT_DUO, widens=True), "FG has not advised")
    assert mandate.check_activation(acts.history, policy, after, AT_DUO, widens=False).advice is None
    acts.advise(policy, after)
    found = mandate.check_activation(acts.history, policy, after, AT_DUO, widens=True)
    assert found.advice is not None
    assert found.advice.word == "positive"


def test_an_advice_on_other_sets_does_not_count() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=27)
    other = changed(shipped(), version="2", oldest=28)
    acts = Acts(ActKind.founded, policy).propose(policy, after).propose(policy, other).advise(policy, other)
    refused(lambda: mandate.check_activation(acts.history, policy, after, AT_DUO, widens=True), "FG has not advised")


@pytest.mark.parametrize("roles", [(Role.privacy_officer,), (Role.fg,), (Role.auditor,), (Role.administrator,)])
@pytest.mark.parametrize("also", [(), (Role.decision_maker,)])
def test_who_prepares_or_advises_never_decides(roles: tuple[Role, ...], also: tuple[Role, ...]) -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after).advise(policy, after)
    by = person(9, *roles, *also, party="duo")

    def check() -> None:
        mandate.check_activation(acts.history, policy, after, by, widens=True)

    if also and roles[0] in (Role.auditor, Role.administrator):
        check()
    else:
        refused(check, "prepares|decision-maker")


def test_nobody_puts_their_own_proposal_into_use() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after, AT_DUO)
    refused(lambda: mandate.check_activation(acts.history, policy, after, AT_DUO, widens=False), "own proposal")
    mandate.check_activation(acts.history, policy, after, AT_LINDEMARK, widens=False)


def test_who_decides_for_nobody_here_decides_nothing() -> None:
    policy, after = shipped(), changed(shipped(), version="2", oldest=25)
    acts = Acts(ActKind.founded, policy).propose(policy, after)
    for by in (person(9, Role.decision_maker), person(9, Role.decision_maker, party="elders")):
        refused(lambda by=by: mandate.check_activation(acts.history, policy, after, by, widens=False), "no party here")


def test_who_decides_for_a_party_that_the_proposal_brings_in_does_not_let_it_in() -> None:
    policy = shipped()
    new = changed(policy, version="2", oldest=25)
    elsewhere = new.parties[DUO].model_copy(update={"id": PartyId("elders"), "controller": PartyId("elders")})
    after = replace(new, parties={**new.parties, PartyId("elders"): elsewhere})
    acts = Acts(ActKind.founded, policy).propose(policy, after)
    by = person(9, Role.decision_maker, party="elders")
    refused(lambda: mandate.check_activation(acts.history, policy, after, by, widens=False), "no party here")


def test_a_proposal_is_stale_when_another_set_comes_into_use() -> None:
    policy, one, two = shipped(), changed(shipped(), version="2", oldest=25), changed(shipped(), version="2", oldest=24)
    acts = Acts(ActKind.founded, policy).propose(policy, one).propose(policy, two).advise(policy, two).activate(policy, one)
    assert [each.policy for each in acts.history.open] == []
    refused(lambda: mandate.check_activation(acts.history, policy, two, AT_DUO, widens=False), "out of date")
    refused(lambda: mandate.check_activation(acts.history, policy, one, AT_DUO, widens=False), "is in use")
    refused(lambda: mandate.check_advice(acts.history, policy.hash, two.hash, FG), "out of date")


def test_an_advice_does_not_outlive_the_sets_that_it_was_given_on() -> None:
    """A to B, back to A, and to B once more: the advice of the first time is not one on the second."""
    policy, after = shipped(), changed(shipped(), version="2", oldest=27)
    acts = Acts(ActKind.founded, policy).propose(policy, after).advise(policy, after).activate(policy, after)
    acts.propose(after, policy).activate(after, policy).propose(policy, after)
    (proposal,) = acts.history.open
    assert (proposal.policy, proposal.advice, proposal.stale, proposal.activated) == (after.hash, None, False, None)
    refused(lambda: mandate.check_activation(acts.history, policy, after, AT_DUO, widens=True), "FG has not advised")


# -- who suspends, resumes, ends


def test_a_party_suspends_at_once_and_it_alone_resumes() -> None:
    policy = shipped()
    acts = Acts(ActKind.founded, policy)
    assert mandate.check_suspension(acts.history, policy, DUO_DESK, AT_DUO) == DUO
    outsider = person(9, Role.decision_maker, party="mbo-zilverlinde")
    refused(lambda: mandate.check_suspension(acts.history, policy, DUO_DESK, outsider), "do not decide on this")
    for other in (OFFICER, FG, AUDITOR):
        refused(lambda by=other: mandate.check_suspension(acts.history, policy, DUO_DESK, by), "may not")
    refused(lambda: mandate.check_resumption(acts.history, policy, DUO_DESK, AT_DUO), "not suspended")
    acts.turn(ActKind.suspended, policy, AT_DUO)
    refused(lambda: mandate.check_suspension(acts.history, policy, DUO_DESK, AT_LINDEMARK), "suspended already")
    refused(lambda: mandate.check_resumption(acts.history, policy, DUO_DESK, AT_LINDEMARK), "Another party")
    assert mandate.check_resumption(acts.history, policy, DUO_DESK, AT_DUO) == DUO


def test_what_has_ended_does_not_come_back() -> None:
    policy = shipped()
    acts = Acts(ActKind.founded, policy)
    assert mandate.check_ending(acts.history, policy, DUO_DESK, AT_LINDEMARK) == LINDEMARK
    acts.turn(ActKind.ended, policy, AT_LINDEMARK)
    for check in (mandate.check_suspension, mandate.check_resumption, mandate.check_ending):
        refused(lambda check=check: check(acts.history, policy, DUO_DESK, AT_DUO), "has ended")
