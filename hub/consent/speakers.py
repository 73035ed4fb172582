"""Who may say what for a young person, by the law rows of the policy. Pure: checks that raise, and know no age of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NoReturn

from hub.consent.check import stands_on
from hub.consent.facts import age_on, birthday
from hub.consent.model import LegalBasis, Permit, PolicySet, VoiceRule
from hub.consent.statement import AUTHORITY, GUARDIANS, Authority, Hold, Scope
from hub.domain.facts import YES, StatementKind, StatementState, Voice
from hub.domain.terms import PartyId
from hub.domain.territory import Party, PartyKind
from hub.errors import Malformed, Refused

NAMED: Final = frozenset({StatementKind.instemming, StatementKind.toestemming})
"""The kinds that count for what they name alone."""
_REPRESENTATIVES: Final = frozenset(AUTHORITY)


def check_known(policy: PolicySet, scope: Scope) -> None:
    """Raises Malformed where a scope names something that the policy does not know, or nothing at all."""
    known = ((scope.purposes, policy.purposes), (scope.parties, policy.parties), (scope.elements, policy.elements))
    if any(named is not None and (not named or not named <= set(rows)) for named, rows in known):
        raise Malformed(
            "The statement was refused.",
            "It names a purpose, party or element that the policy set does not know.",
            "See the policy set, or leave it out where the statement is not limited.",
        )


def check_scope(policy: PolicySet, kind: StatementKind, scope: Scope) -> None:
    """Raises Malformed where a statement names what the policy does not know or the kind is not about, or not what it must."""
    check_known(policy, scope)
    if kind in NAMED and (scope.purposes is None or scope.parties is None):
        raise Malformed(
            "The statement was refused.",
            f"A {kind.value} counts only for the purposes and parties that it names.",
            "Name at least one purpose and one party.",
        )
    outreach = all(policy.purposes[purpose].outreach for purpose in scope.purposes or ())
    if kind is StatementKind.contactvoorkeur and not outreach:
        raise Malformed(
            "The contact preference was refused.",
            "It is about being called, written to or visited, and a purpose that it names is not.",
            "Name outreach purposes alone, or record an objection.",
        )


def check_period(kind: StatementKind, begins: date, ends: date | None) -> None:
    """Raises Malformed for a period without a day, and for a contact preference without an end."""
    if ends is not None and ends <= begins:
        raise Malformed("The statement would hold on no day.", "It ends on or before its first day.", "Correct the two dates.")
    if kind is StatementKind.contactvoorkeur and ends is None:
        raise Malformed(
            "The contact preference was refused.",
            "It says from when on somebody may ask again, and that day is missing.",
            "Give the first day on which it no longer holds.",
        )


def voice_rules(policy: PolicySet, kind: StatementKind, scope: Scope, day: date) -> tuple[VoiceRule, ...]:
    """The rows of law in force on `day` that say who makes such a statement: those along which an agreement asks for it, or
    where none does, all that ask for this kind.
    """
    rows = [row for row in policy.laws.values() if row.voice is not None and row.holds(day)]
    asked = set(_asked_along(policy, kind, scope))
    found = [row for row in rows if row.id in asked] or [row for row in rows if asks_for(row, kind)]
    return tuple(row.voice for row in found if row.voice is not None)


def asks_for(row: LegalBasis, kind: StatementKind) -> bool:
    """Whether this row of law asks for such a statement."""
    return (row.requires is not None and row.requires.statement is kind) or (
        row.kind == "consent" and kind is StatementKind.toestemming
    )


def _asked_along(policy: PolicySet, kind: StatementKind, scope: Scope) -> Iterator[str]:
    """The bases of the clauses for which such a statement is asked, within its scope."""
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            if not isinstance(clause, Permit) or not _meets(policy, clause, scope):
                continue
            by_clause = any(each.statement is kind for each in clause.requires)
            yield from (
                basis for basis in clause.bases if basis in policy.laws and (by_clause or asks_for(policy.laws[basis], kind))
            )


def _meets(policy: PolicySet, clause: Permit, scope: Scope) -> bool:
    if scope.purposes is not None and scope.purposes.isdisjoint(clause.purposes):
        return False
    side = clause.recipient
    parties = scope.parties if scope.parties is not None else frozenset(policy.parties)
    return any(party == side.party or policy.parties[PartyId(party)].kind is side.kind for party in parties)


def check_voice(
    policy: PolicySet,
    kind: StatementKind,
    scope: Scope,
    voice: Voice,
    authority: Authority | None,
    born: date | None,
    day: date,
) -> date | None:
    """The day on which a representative's yes ends because the young person speaks for themselves, if it does.

    Where articles differ in age, a voice is right when it is for one of them; for which, each decision judges by its own basis.
    Raises Refused where this voice cannot say this, and Malformed where what that depends on was not given.
    """
    if (kind is StatementKind.raadpleging_school) != (voice is Voice.school):
        _refuse("Only a school says that it was consulted, and that is all it says for a young person.")
    if voice in _REPRESENTATIVES and authority is not AUTHORITY[voice]:
        _refuse(f"A {voice.value} speaks with authority, and the evidence of {AUTHORITY[voice].value} is missing.")
    if kind not in NAMED:
        return None
    if born is None:
        raise Malformed(
            "The statement was refused.",
            "Who may agree depends on the age, and the date of birth is missing.",
            "Give the date of birth; it is not kept.",
        )
    if born > day:
        raise Malformed("The statement was refused.", "The date of birth lies after it.", "Correct the date.")
    rules = voice_rules(policy, kind, scope, day)
    if not rules:
        _refuse("No row of law says from which age a young person may agree to this.", "Ask the privacy officer for the row.")
    grown = [age_on(born, day) >= rule.self_from for rule in rules]
    article = rules[0].article
    if voice is Voice.jongere and not any(grown):
        _refuse(f"At this age a representative agrees ({article}); the young person's own no always counts.")
    if voice in GUARDIANS and all(grown):
        _refuse(f"At this age the young person speaks for themselves ({article}).", "Ask the young person.")
    if voice is Voice.bewindvoerder and not any(grown):
        _refuse(f"At this age the one with parental authority or guardianship agrees ({article}).")
    return max(birthday(born, rule.self_from) for rule in rules) if voice in GUARDIANS else None


def check_hearer(policy: PolicySet, kind: StatementKind, scope: Scope, hearer: PartyId) -> None:
    """Raises Refused where `hearer` cannot vouch for such a yes: a party that would receive on it vouches for none.

    A yes is heard by who gives under the agreement that asks for it, or by an authority that is party to it, along every way
    that it opens. That a school was consulted, schools alone say. A no may be heard by anybody.
    """
    if kind is StatementKind.raadpleging_school and policy.parties[hearer].kind is not PartyKind.school:
        _refuse("Only a school says that it was consulted, and this party is none.", "Ask the school to record it.")
    if kind not in NAMED:
        return
    heard: set[tuple[str, str]] = set()
    opened: set[tuple[str, str]] = set()
    for agreement in policy.agreements:
        parties = {party.id for party in agreement.parties}
        permits = [clause for clause in agreement.clauses if isinstance(clause, Permit)]
        hears = hearer in parties and _hears(policy.parties[hearer], permits)
        for clause in permits:
            if not _is_asked(policy, clause, kind):
                continue
            for recipient in parties & (scope.parties or frozenset()):
                if not stands_on(policy.parties[recipient], clause.recipient):
                    continue
                ways = {(purpose, recipient) for purpose in (scope.purposes or frozenset()).intersection(clause.purposes)}
                opened |= ways
                if hears and _gains_nothing(policy, hearer, recipient, clause):
                    heard |= ways
    named = (scope.purposes or frozenset()) | (scope.parties or frozenset())
    if heard != opened or not named <= {name for way in heard for name in way}:
        _refuse(
            "A party that would receive on a yes, or has no part in it, does not vouch for it.",
            "Let the party that would give hear it, or have the privacy officer record it.",
        )


def _is_asked(policy: PolicySet, clause: Permit, kind: StatementKind) -> bool:
    return any(each.statement is kind for each in clause.requires) or any(
        asks_for(policy.laws[basis], kind) for basis in clause.bases if basis in policy.laws
    )


def _gains_nothing(policy: PolicySet, hearer: PartyId, recipient: PartyId, clause: Permit) -> bool:
    """One controller has several hats: with another one on, it vouches for itself no more than with this one."""
    one, other = policy.parties[hearer], policy.parties[recipient]
    return hearer != recipient and (one.controller != other.controller or stands_on(one, clause.giver))


def _hears(hearer: Party, permits: Iterable[Permit]) -> bool:
    return hearer.is_authority or any(stands_on(hearer, clause.giver) for clause in permits)


def check_withdrawal(held: Hold, voice: Voice) -> None:
    """Raises Refused where this voice cannot take back this statement.

    A yes is taken back by the young person, and by a representative where a representative gave it. A no is taken back by
    whoever said it, or by the young person.
    """
    yes = held.kind in YES and held.state is not StatementState.refused
    if voice in (Voice.jongere, held.voice):
        return
    if yes and held.voice in _REPRESENTATIVES and voice in _REPRESENTATIVES:
        return
    if yes and held.voice is Voice.jongere and voice in (Voice.curator, Voice.bewindvoerder, Voice.mentor):
        return
    _refuse("This statement is not this person's to take back.", "Ask whoever made it, or the young person.")


def _refuse(why: str, now: str = "Ask whoever may speak for the young person.") -> NoReturn:
    raise Refused("The statement was not recorded.", why, now)
