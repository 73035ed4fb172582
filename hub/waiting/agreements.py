"""What waits in the life of agreements: advice, a decision, a signature, and what ends soon. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hub.consent import mandate
from hub.consent.force import expiring
from hub.consent.life import History, Proposal
from hub.consent.model import Agreement, PolicySet
from hub.domain.staff import Role, Staff
from hub.domain.terms import Micros, PartyId
from hub.errors import Refused
from hub.policies.service import Look
from hub.waiting.model import Item, What

_FG, _DECIDES, _OFFICER = (frozenset({role}) for role in (Role.fg, Role.decision_maker, Role.privacy_officer))


def passes(check: Callable[[], object]) -> bool:
    """Whether a check lets somebody through."""
    try:
        check()
    except Refused:
        return False
    return True


def waiting(look: Look, widens: Mapping[str, bool]) -> Iterator[Item]:
    """Everything of the agreements that waits; `widens` says of each open proposal whether it lets more pass."""
    for proposal in look.history.open:
        yield from _proposal(look, proposal, widens[proposal.policy])
    begun = None if look.history.use is None else look.history.use.us
    seen: set[str] = set()
    for agreement, after, since in _every(look, begun):
        if agreement.id not in seen:
            seen.add(agreement.id)
            yield from _signatures(look.history, look.policy, after, agreement, since)
    for one in expiring(look.policy, look.today):
        title = mandate.agreement_in(look.policy, one.agreement).title
        yield Item(What.ending, f"{title} ({one.what.value})", _OFFICER, until=one.day, key=one.agreement)


def _proposal(look: Look, proposal: Proposal, widens: bool) -> Iterator[Item]:
    history, before, after = look.history, look.policy, look.proposed[proposal.policy]
    title, since, key = _title(before, after), Micros(proposal.act.us), str(proposal.policy)

    def advises(by: Staff) -> bool:
        return passes(lambda: mandate.check_advice(history, proposal.follows, proposal.policy, by))

    def activates(by: Staff) -> bool:
        return passes(lambda: mandate.check_activation(history, before, after, by, widens=widens))

    if proposal.advice is None:
        yield Item(What.advice, title, _FG, since, key=key, may=advises)
    if proposal.advice is not None or not widens:
        yield Item(What.activation, title, _DECIDES, since, key=key, may=activates)


def _every(look: Look, begun: Micros | None) -> Iterator[tuple[Agreement, PolicySet, Micros | None]]:
    for proposal in look.history.open:
        for agreement in look.proposed[proposal.policy].agreements:
            known = any(each.id == agreement.id for each in look.policy.agreements)
            if not known:
                yield agreement, look.proposed[proposal.policy], Micros(proposal.act.us)
    for agreement in look.policy.agreements:
        if look.today < agreement.effective.until:
            yield agreement, look.policy, begun


def _signatures(
    history: History, used: PolicySet, after: PolicySet, agreement: Agreement, since: Micros | None
) -> Iterator[Item]:
    version = history.version(agreement)
    missing = [each.id for each in agreement.parties if not version.has_signed(each.id)]
    if not missing or version.ended is not None:
        return

    def signs(by: Staff) -> bool:
        def one(party: PartyId) -> bool:
            return passes(lambda: mandate.check_signature(history, used, after, agreement.id, party, by))

        return any(one(party) for party in missing)

    key = str(agreement.id) if after is used else f"{agreement.id}?set={after.hash}"
    yield Item(What.signature, agreement.title, _DECIDES, since, key=key, may=signs)


def _title(before: PolicySet, after: PolicySet) -> str:
    """The agreements that a proposal changes, by their titles."""
    had = {each.id: each for each in before.agreements}
    touched = [each.title for each in after.agreements if had.get(each.id) != each]
    gone = [each.title for each in before.agreements if all(other.id != each.id for other in after.agreements)]
    return ", ".join([*touched, *gone]) or str(after.hash)[:12]
