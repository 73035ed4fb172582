"""Which agreements are in force, where each of them stands, and what comes to its end soon. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from hub.consent import codes
from hub.consent.life import History, Version, agreement_hash
from hub.consent.model import Agreement, Life, PolicySet
from hub.domain.terms import AgreementId, PartyId, ReasonCode


def life_of(policy: PolicySet, history: History) -> Life:
    """Which agreements of the set in use are shut, and why; which parties of the others have not signed.

    A party that has not signed has not acceded. With fewer than two that have, nobody is bound.
    """
    shut: dict[AgreementId, ReasonCode] = {}
    unsigned: dict[AgreementId, frozenset[PartyId]] = {}
    for agreement in policy.agreements:
        version = history.version(agreement)
        missing = frozenset(party.id for party in agreement.parties if not version.has_signed(party.id))
        if version.ended is not None:
            shut[agreement.id] = codes.AFSPRAAK_BEEINDIGD
        elif version.suspended is not None:
            shut[agreement.id] = codes.AFSPRAAK_GESCHORST
        elif version.doubted is not None:
            shut[agreement.id] = codes.AFSPRAAK_NIET_BEWEZEN
        elif not _bound(agreement, version) or history.laid or policy.hash != history.in_use:
            shut[agreement.id] = codes.AFSPRAAK_NIET_ONDERTEKEND
        elif missing:
            unsigned[agreement.id] = missing
    return Life(MappingProxyType(shut), frozenset(), MappingProxyType(unsigned))


def narrowed(policy: PolicySet, life: Life, history: History) -> Life:
    """The same life with what was suspended, ended or doubted since: for a set that goes on where the next cannot be read."""
    shut = dict(life.shut)
    for agreement in policy.agreements:
        version = history.version(agreement)
        if version.ended is not None:
            shut[agreement.id] = codes.AFSPRAAK_BEEINDIGD
        elif version.suspended is not None:
            shut[agreement.id] = codes.AFSPRAAK_GESCHORST
        elif version.doubted is not None:
            shut[agreement.id] = codes.AFSPRAAK_NIET_BEWEZEN
    return Life(MappingProxyType(shut), life.silent, life.unsigned)


def unread(policy: PolicySet, life: Life) -> Life:
    """Nothing is in force: for too long nobody can read what should be."""
    shut = {agreement.id: life.shut.get(agreement.id, codes.AFSPRAAK_NIET_BEWEZEN) for agreement in policy.agreements}
    return Life(MappingProxyType(shut), life.silent, life.unsigned)


def _bound(agreement: Agreement, version: Version) -> bool:
    """Whether at least two parties have signed this very text; one that changed since is none that anybody signed."""
    if version.digest != agreement_hash(agreement):
        return False
    signers = {act.by for act in version.signatures if any(party.id == act.party for party in agreement.parties)}
    return version.founded or len(signers) > 1


class State(StrEnum):
    """Where a version of an agreement stands."""

    draft = "draft"
    """Not signed by two parties yet."""
    signed = "signed"
    """Signed, and not yet in a set that is in use."""
    in_force = "in-force"
    blocked = "blocked"
    """Signed and in use, and yet not in force: see the obstacles."""
    suspended = "suspended"
    doubted = "doubted"
    """The database holds something about it that the log does not: what it says is not believed."""
    ended = "ended"


class Obstacle(StrEnum):
    """Why an agreement that was signed is not in force."""

    not_begun = "not-begun"
    over = "over"
    controllership = "controllership"
    processor_contract = "processor-contract"
    dpia = "dpia"
    fg_advice = "fg-advice"


def state_of(agreement: Agreement, history: History, day: date, *, in_use: bool) -> State:
    """Where the version stands on `day`; `in_use` says whether the set that it is in is the one in use."""
    version = history.version(agreement)
    if version.ended is not None:
        return State.ended
    if version.suspended is not None:
        return State.suspended
    if version.doubted is not None:
        return State.doubted
    if not _bound(agreement, version):
        return State.draft
    if not in_use or history.laid:
        return State.signed
    return State.blocked if any(obstacles(agreement, day)) else State.in_force


def obstacles(agreement: Agreement, day: date) -> tuple[Obstacle, ...]:
    """What the text itself and the calendar hold against the agreement being in force on `day`."""
    advice = agreement.fg_advice.review_due
    found = {
        Obstacle.not_begun: day < agreement.effective.start,
        Obstacle.over: day >= agreement.effective.until,
        Obstacle.controllership: agreement.controllership is None,
        Obstacle.processor_contract: agreement.processor_contract is None,
        Obstacle.dpia: day >= agreement.dpia.review_due,
        Obstacle.fg_advice: advice is not None and day >= advice,
    }
    return tuple(each for each, holds in found.items() if holds)


class Expiry(StrEnum):
    """What comes to its end."""

    dpia = "dpia"
    fg_advice = "fg-advice"
    agreement = "agreement"
    party = "party"
    basis = "basis"


@dataclass(frozen=True, slots=True)
class Expiring:
    """Something of an agreement that ends on `day`, in `left` days (negative: it has); `about` is the party or basis."""

    agreement: AgreementId
    what: Expiry
    day: date
    left: int
    about: str = ""


def expiring(policy: PolicySet, today: date, days: int = 90) -> tuple[Expiring, ...]:
    """What ends within `days`, soonest first; a DPIA or advice that is past stays on the list until it is renewed."""
    found = [
        Expiring(agreement.id, what, day, (day - today).days, about)
        for agreement in policy.agreements
        if today < agreement.effective.until
        for what, day, about in _ends(policy, agreement)
        if (day - today).days <= days and (day > today or what in (Expiry.dpia, Expiry.fg_advice))
    ]
    return tuple(sorted(found, key=lambda each: (each.day, each.agreement, each.what, each.about)))


def _ends(policy: PolicySet, agreement: Agreement) -> Iterator[tuple[Expiry, date, str]]:
    yield Expiry.dpia, agreement.dpia.review_due, ""
    if agreement.fg_advice.review_due is not None:
        yield Expiry.fg_advice, agreement.fg_advice.review_due, ""
    yield Expiry.agreement, agreement.effective.until, ""
    for party in agreement.parties:
        if party.left is not None:
            yield Expiry.party, party.left, party.id
    bases = {basis for clause in agreement.clauses if clause.effect == "permit" for basis in clause.bases}
    for basis in sorted(bases):
        until = policy.laws[basis].valid_until
        if until is not None and until < agreement.effective.until:
            yield Expiry.basis, until, basis
