"""Who may do what in the life of an agreement, held against all that happened. Pure.

The privacy officer prepares, the data protection officer (FG) advises, a controller's decision-maker decides; nobody does two
of these for one proposal, and two persons of two parties sign. Every check raises errors.Refused.
"""

from __future__ import annotations

from typing import NoReturn

from hub.consent.life import History, Proposal, Version, agreement_hash
from hub.consent.model import Agreement, PolicySet
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import AgreementId, PartyId, PolicyHash
from hub.errors import Refused


def check_role(by: Staff) -> None:
    """Whether someone prepares proposals at all."""
    _must_be(by, Role.privacy_officer, "Only the privacy officer prepares a proposal.")


def check_proposal(history: History, policy: PolicySet, by: Staff) -> PolicyHash:
    """The set that the proposal would follow. A version that was signed is not edited."""
    check_role(by)
    if history.in_use is None:
        return _no("There is nothing to change.", "No set of agreements was ever in use here.", "Start the hub once.")
    if policy.hash == history.in_use and not history.laid:
        return _no("This is the set in use.", "The proposal changes nothing.", "Change something, and propose it then.")
    _check_unedited(history, policy)
    if any(each.policy == policy.hash for each in history.open):
        return _no("This was proposed already.", "The same set waits for advice or a decision.", "See the list of proposals.")
    return history.in_use


def _check_unedited(history: History, policy: PolicySet) -> None:
    for agreement in policy.agreements:
        version = history.version(agreement)
        if (version.founded or version.signatures) and version.digest != agreement_hash(agreement):
            _no(
                f"Agreement {agreement.id} was signed as it was.",
                "Its text has changed since, and nobody signed that.",
                "Make the change a new version, with the next number in its id.",
            )


def check_advice(history: History, follows: str, policy: str, by: Staff) -> Proposal:
    """The proposal that the data protection officer may advise on."""
    _must_be(by, Role.fg, "Only the data protection officer (FG) advises.")
    proposal = _open(history, follows, policy)
    if by.staff_id in _proposers(history, proposal):
        _no("Nobody advises on their own proposal.", "You proposed it.", "Ask another data protection officer.")
    return proposal


def check_signature(
    history: History, used: PolicySet, policy: PolicySet, agreement: AgreementId, party: PartyId, by: Staff
) -> Agreement:
    """The agreement of `policy` that a decision-maker may sign for `party`: one person signs for one party, so that four eyes
    see it. Who answers for a party is what the set in use says: a proposal gives nobody a mandate.
    """
    _must_be(by, Role.decision_maker, "Only a decision-maker signs.")
    found = agreement_in(policy, agreement)
    version = history.version(found)
    if (version.founded or version.signatures) and version.digest != agreement_hash(found):
        _no(f"Agreement {agreement} was signed in another text.", "A change is a new version.", "Sign that one.")
    if all(each.id != party for each in found.parties):
        _no(f"{party} is no party to this agreement.", "The text does not name it.", "Propose a version that does.")
    _check_mandate(used if party in used.parties else policy, by, party)
    if by.staff_id in _hands(history, policy.hash):
        _no("Nobody signs what they prepared or advised on.", "You did for this set.", "Ask another decision-maker.")
    if version.ended is not None:
        _no("This agreement has ended.", "What has ended is not signed any more.", "Make a new version.")
    if version.has_signed(party):
        _no("This party has signed already.", "Once is enough.", "Nothing needs to be done.")
    if any(act.by == by.staff_id for act in version.signatures):
        _no(
            "Nobody signs for two parties.",
            "You signed this agreement for another party: two persons must have seen it.",
            "Ask another decision-maker to sign for this party.",
        )
    return found


def check_activation(history: History, used: PolicySet, policy: PolicySet, by: Staff, *, widens: bool) -> Proposal:
    """The proposal to follow `used` with `policy` that a decision-maker may put into use; where it widens, on the advice of the
    FG on these very sets.
    """
    if by.roles & {Role.privacy_officer, Role.fg}:
        _no(
            "You may not put this into use.",
            "The privacy officer prepares and the FG advises; neither decides, whatever else they are.",
            "Ask a decision-maker of the controller.",
        )
    _must_be(by, Role.decision_maker, "Only a decision-maker of a controller puts a set into use.")
    if by.party not in policy.parties or by.party not in used.parties:
        _no("You decide for no party here.", "The set names no party that your account decides for.", "Ask one who does.")
    proposal = _open(history, used.hash, policy.hash)
    _check_unedited(history, policy)
    if by.staff_id in _proposers(history, proposal):
        _no("Nobody puts their own proposal into use.", "You proposed it.", "Ask another decision-maker.")
    if by.staff_id in _hands(history, policy.hash):
        _no("Nobody puts into use what they advised on.", "You advised on this set.", "Ask another decision-maker.")
    if widens and proposal.advice is None:
        _no(
            "The FG has not advised on this.",
            "The proposal widens what may pass, and there is no advice on these two sets.",
            "Ask the FG for advice on this proposal.",
        )
    return proposal


def check_suspension(history: History, policy: PolicySet, agreement: AgreementId, by: Staff) -> PartyId:
    """The party in whose name a decision-maker may suspend the agreement, at once."""
    version, party = _life(history, policy, agreement, by)
    if version.suspended is not None:
        _no("This agreement is suspended already.", "Someone did so before.", "Nothing needs to be done.")
    return party


def check_resumption(history: History, policy: PolicySet, agreement: AgreementId, by: Staff) -> PartyId:
    """The party that may let the agreement go on: the one that suspended it, and no other."""
    version, party = _life(history, policy, agreement, by)
    if version.suspended is None:
        return _no("This agreement is not suspended.", "Someone resumed it before, or nobody suspended it.", "Look again.")
    if version.suspended.party != party and not may_act_for(policy, by, version.suspended.party or party):
        _no("Another party suspended this.", "Only the party that suspended an agreement lifts that.", "Ask that party.")
    return version.suspended.party or party


def check_ending(history: History, policy: PolicySet, agreement: AgreementId, by: Staff) -> PartyId:
    """The party in whose name a decision-maker may end the agreement, for good."""
    return _life(history, policy, agreement, by)[1]


def _life(history: History, policy: PolicySet, agreement: AgreementId, by: Staff) -> tuple[Version, PartyId]:
    _must_be(by, Role.decision_maker, "Only a decision-maker suspends, resumes or ends an agreement.")
    found = agreement_in(policy, agreement)
    version = history.version(found)
    if version.ended is not None:
        _no("This agreement has ended.", "It does not come back.", "Make a new version.")
    party = next((each.id for each in found.parties if may_act_for(policy, by, each.id)), None)
    if party is None:
        return _no(
            "You do not decide on this agreement.",
            "The party that you decide for is no party to it.",
            "Ask a decision-maker of one of its parties.",
        )
    return version, party


def agreement_in(policy: PolicySet, agreement: AgreementId) -> Agreement:
    """The agreement of that id. Raises Refused where the set has none."""
    for each in policy.agreements:
        if each.id == agreement:
            return each
    return _no(f"There is no agreement {agreement}.", "This set of agreements does not hold it.", "See the list.")


def may_act_for(policy: PolicySet, by: Staff, party: PartyId) -> bool:
    """Whether someone's party is this one, or the controller that answers for it."""
    known = policy.parties.get(party)
    return by.party is not None and by.party in (party, None if known is None else known.controller)


def _check_mandate(policy: PolicySet, by: Staff, party: PartyId) -> None:
    if not may_act_for(policy, by, party):
        _no(
            f"You do not sign for {party}.",
            "Your account decides for another party, or for none.",
            "Ask a decision-maker of that party or of its controller.",
        )


def _open(history: History, follows: str, policy: str) -> Proposal:
    proposal = history.proposal(follows, policy)
    if proposal.activated is not None:
        _no("This proposal is in use.", "Someone activated it before.", "Nothing needs to be done.")
    if proposal.stale:
        _no(
            "This proposal is out of date.",
            "Another set came into use after it was made.",
            "Propose it again, against the set in use now.",
        )
    return proposal


def _proposers(history: History, proposal: Proposal) -> set[StaffId | None]:
    """Everyone who proposed this set: proposing it once more after another did makes nobody a stranger to it."""
    return {each.act.by for each in history.proposals if each.policy == proposal.policy}


def _hands(history: History, policy: PolicyHash) -> set[StaffId | None]:
    """Everyone who proposed this set or advised on it, in whatever role or with whatever key."""
    of = [each for each in history.proposals if each.policy == policy]
    return {each.act.by for each in of} | {each.advice.by for each in of if each.advice is not None}


def _must_be(by: Staff, role: Role, why: str) -> None:
    if role not in by.roles:
        _no("You may not do this.", why, "Ask someone with that role.")


def _no(what: str, why: str, now: str) -> NoReturn:
    raise Refused(what, why, now)
