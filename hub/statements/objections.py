"""Objections that wait for a ruling: whose it is, until when, and what stops meanwhile (GDPR 12(3), 18(1)(d), 21(1)). Pure.

The controller decides, never the hub. Until it has, what rests on a task stops; what the law orders goes on.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from hub.clock import legal_date
from hub.consent.mandate import may_act_for
from hub.consent.model import Agreement, Life, Permit, PolicySet, Side
from hub.consent.statement import Hold, Scope
from hub.domain.staff import Role, Staff
from hub.domain.terms import AgreementId, BasisId, ClauseId, Micros, PartyId, PurposeId
from hub.errors import Malformed, Refused


@dataclass(frozen=True, slots=True)
class Objection:
    """One that waits. `party` heard it; it is about what `asked` do, whose `controllers` rule on it, `until` that day."""

    statement_id: UUID
    party: PartyId
    scope: Scope = field(repr=False)
    said_us: Micros
    until: date
    asked: tuple[PartyId, ...]
    controllers: tuple[PartyId, ...]

    def late(self, today: date) -> bool:
        """Whether the term of the law has passed."""
        return today > self.until


@dataclass(frozen=True, slots=True)
class Effect:
    """A clause that an objection is about: it `stops` until the ruling, or goes on, because of `despite`."""

    agreement: AgreementId
    clause: ClauseId
    giver: Side
    recipient: Side
    purposes: tuple[PurposeId, ...]
    despite: tuple[BasisId, ...]

    @property
    def stops(self) -> bool:
        """Whether nothing passes along it meanwhile."""
        return not self.despite


def last_day(said: date) -> date:
    """The last day for a ruling: one month on (GDPR 12(3)), on the same day of it or, where it is shorter, on its last.

    Regulation 1182/71 lets a term that ends in a weekend run on; whoever rules by this day is in time either way. The hub
    knows of no extension: who tells the young person in time why it takes longer has two months more.
    """
    year, month = (said.year + 1, 1) if said.month == 12 else (said.year, said.month + 1)
    return date(year, month, min(said.day, calendar.monthrange(year, month)[1]))


def objection_of(policy: PolicySet, held: Hold, recipients: Collection[PartyId] = ()) -> Objection:
    """An objection that is pending, with its term.

    It is for the controllers of those it is addressed to. One without address is for whoever received what it is about,
    `recipients`, and where nobody did for whoever heard it.
    """
    asked = tuple(sorted(held.scope.parties or recipients or {held.party}))
    controllers = tuple(sorted({policy.parties[each].controller for each in asked if each in policy.parties}))
    until = last_day(legal_date(held.since_us))
    return Objection(held.statement_id, held.party, held.scope, held.since_us, until, asked, controllers)


def waits_for(policy: PolicySet, one: Objection, by: Staff) -> bool:
    """Whether it is for this decision-maker to rule on."""
    return Role.decision_maker in by.roles and any(may_act_for(policy, by, each) for each in one.asked)


def left_to_rule(policy: PolicySet, scope: Scope, asked: Collection[PartyId], controller: PartyId) -> Scope | None:
    """What others than this controller still rule on; None where it is the only one. `asked` are those whom an objection
    without address is put to. Raises Malformed where the controller answers for nothing in it.
    """
    parties, addressed = policy.parties, scope.parties
    if controller not in {parties[each].controller for each in parties if addressed is None or each in addressed}:
        raise Malformed(
            "Nothing was decided.",
            "This party is not the controller of what the objection is about.",
            "Name the controller that was asked.",
        )
    others = [each for each in addressed or asked if each not in parties or parties[each].controller != controller]
    return Scope(purposes=scope.purposes, parties=frozenset(others), elements=scope.elements) if others else None


def check_ruler(policy: PolicySet, controller: PartyId, by: Staff) -> None:
    """A privacy officer writes down what a controller decided; a decision-maker rules for their own alone. Raises Refused."""
    known = None if by.party is None else policy.parties.get(by.party)
    theirs = by.party is not None and controller in (by.party, None if known is None else known.controller)
    if Role.privacy_officer in by.roles or (Role.decision_maker in by.roles and theirs):
        return
    raise Refused(
        "Nothing was decided.",
        f"You do not decide for {controller}.",
        "Ask a decision-maker of that party, or the privacy officer to write its ruling down.",
    )


def effects(policy: PolicySet, life: Life, scope: Scope, day: date) -> tuple[Effect, ...]:
    """What an objection of that scope does to the clauses in force on `day`; what stops first."""
    return tuple(sorted(_effects(policy, life, scope, day), key=lambda one: (not one.stops, one.agreement, one.clause)))


def _effects(policy: PolicySet, life: Life, scope: Scope, day: date) -> Iterator[Effect]:
    for agreement in policy.agreements:
        if agreement.id in life.shut or not agreement.effective.start <= day < agreement.effective.until:
            continue
        for clause in agreement.clauses:
            if isinstance(clause, Permit) and _about(policy, agreement, clause, scope):
                despite = tuple(each for each in clause.bases if not policy.laws[each].objection_possible)
                purposes = tuple(each for each in clause.purposes if scope.purposes is None or each in scope.purposes)
                yield Effect(agreement.id, clause.id, clause.giver, clause.recipient, purposes, despite)


def _about(policy: PolicySet, agreement: Agreement, clause: Permit, scope: Scope) -> bool:
    if scope.purposes is not None and scope.purposes.isdisjoint(clause.purposes):
        return False
    if scope.parties is None:
        return True
    known = [policy.parties[each.id] for each in agreement.parties if each.id in policy.parties]
    return any(
        side.party in (None, one.id)
        and side.kind in (None, one.kind)
        and not scope.parties.isdisjoint((one.id, one.controller))
        for side in (clause.giver, clause.recipient)
        for one in known
    )
