"""Which delivered fields rested on a statement alone, what each recipient is asked, and when silence is escalated. Pure.

What rested on what is as it was recorded at disclosure: the bases of the log entry, and the clause and the laws of the policy
set under whose hash it was made. A basis that was not recorded then is none now (GDPR 5(1)(a), 13, 14: no swapping).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

from hub.consent.check import stands_on
from hub.consent.facts import birthday
from hub.consent.model import PolicySet, Requirement, Window
from hub.domain.facts import KeptFacts, StatementKind
from hub.domain.terms import AgreementId, BasisId, ElementName, Micros, PartyId, Term
from hub.errors import Fault, Malformed, Refused
from hub.notices.model import (
    ENDS_A_STATEMENT,
    NAMES_DELIVERIES,
    Action,
    Answer,
    Cause,
    CauseKind,
    Given,
    Happened,
    Method,
    Notice,
    Planned,
    State,
)

Word = TypeVar("Word", bound=Term)

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
TERM: Final = 30 * DAY
"""Within which a recipient carries out what is asked: the month of GDPR 12(3), by the shortest count that escalation uses."""
UNACKNOWLEDGED: Final = (72 * HOUR, 7 * DAY, 30 * DAY)
"""Since it was opened: when a notice that nobody acknowledged goes to the privacy contact, both FGs, the open list."""
UNFINISHED: Final = (14 * DAY, 21 * DAY, 30 * DAY)
"""The same for one that was acknowledged and neither carried out nor refused."""
LONGEST_TEXT: Final = 4_000
"""Characters of an explanation."""

ENOUGH: Final[Mapping[Action, frozenset[Method]]] = MappingProxyType(
    {
        Action.stop: frozenset({Method.stopped, Method.restricted, Method.erased}),
        Action.restrict: frozenset({Method.restricted, Method.erased}),
        Action.erase: frozenset({Method.erased}),
        Action.correct: frozenset({Method.corrected, Method.erased}),
        Action.none_other_basis: frozenset(),
    }
)
"""What counts as carried out. A recipient that restricts where erasing is asked declines to erase, and says on which ground."""


class Rested(Enum):
    """How a delivery rested on what fell away."""

    alone = "alone"
    beside_another = "beside another"
    not_at_all = "not at all"


def rested(given: Given, cause: Cause) -> Rested:
    """How `given` rested on what `cause` takes away, by what was recorded when it was given."""
    if not _in_scope(given, cause):
        return Rested.not_at_all
    if cause.kind in NAMES_DELIVERIES or cause.kind is CauseKind.restricted:
        return Rested.alone
    if cause.kind is CauseKind.objection_upheld:
        fell = [given.policy.laws[basis].objection_possible for basis in given.bases]
    elif cause.statement is not None and cause.kind in ENDS_A_STATEMENT:
        asked = any(_asks(required, cause.statement, given.facts) for required in given.clause.requires)
        fell = [asked or _needs(given, basis, cause.statement) for basis in given.bases]
    else:
        return Rested.not_at_all
    if fell and all(fell):
        return Rested.alone
    return Rested.beside_another if any(fell) else Rested.not_at_all


def _in_scope(given: Given, cause: Cause) -> bool:
    if cause.deliveries is not None and given.delivery_id not in cause.deliveries:
        return False
    if cause.kind in ENDS_A_STATEMENT:
        # A yes that names nobody opened nothing, so nothing rested on it; the school is consulted about all at once.
        unlimited = cause.statement is StatementKind.raadpleging_school
        return _named(cause.purposes, (given.purpose,), unlimited) and _named(cause.parties, (given.recipient,), unlimited)
    concerned = {given.recipient, given.source, *given.controllers}
    return _named(cause.purposes, (given.purpose,), True) and _named(cause.parties, concerned, True)


def _named(scope: frozenset[Word] | None, words: Collection[Word], unlimited: bool) -> bool:
    return unlimited if scope is None else not scope.isdisjoint(words)


def _needs(given: Given, basis: BasisId, kind: StatementKind) -> bool:
    law = given.policy.laws[basis]
    consent = law.gdpr == "6.1.a" and kind is StatementKind.toestemming
    return consent or (law.requires is not None and _asks(law.requires, kind, given.facts))


def _asks(required: Requirement, kind: StatementKind, facts: KeptFacts | None) -> bool:
    """Whether the statement was asked for; where the facts are not known, it is taken to have been."""
    if required.statement is not kind:
        return False
    return not required.when or facts is None or any(_falls_in(window, facts) for window in required.when)


def _falls_in(window: Window, facts: KeptFacts) -> bool:
    if facts.onderwijssoort is None or facts.datum_diploma is None or facts.as_of is None:
        return facts.onderwijssoort is None or facts.onderwijssoort in window.onderwijssoort
    last = birthday(facts.datum_diploma, window.years_after_diploma)
    return facts.onderwijssoort in window.onderwijssoort and facts.as_of <= last


def plan(cause: Cause, deliveries: Iterable[Given]) -> tuple[Planned, ...]:
    """One notice per recipient and action, in their order; a field of a delivery stands in one of them at most."""
    found: dict[tuple[PartyId, Action], dict[UUID, tuple[ElementName, ...]]] = {}
    for given in deliveries:
        elements = tuple(name for name in given.elements if cause.elements is None or name in cause.elements)
        how = rested(given, cause)
        if elements and how is not Rested.not_at_all:
            action = Action.none_other_basis if how is Rested.beside_another else action_of(cause.kind, given)
            found.setdefault((given.recipient, action), {})[given.delivery_id] = elements
    return tuple(
        Planned(recipient, action, MappingProxyType(dict(sorted(items.items()))))
        for (recipient, action), items in sorted(found.items())
    )


def not_asked_before(planned: Sequence[Planned], told: Sequence[Notice]) -> tuple[Planned, ...]:
    """`planned` without the fields for which the same was asked of the same recipient before, unless it refused that.

    So a field stands in one open notice at most, however many things take away what it rested on.
    """
    left: list[Planned] = []
    for one in planned:
        before = [each for each in told if (each.recipient, each.action) == (one.recipient, one.action)]
        asked = {
            (delivery, name)
            for each in before
            if each.state is not State.refused
            for delivery, names in each.items.items()
            for name in names
        }
        items = {
            delivery: kept
            for delivery, names in one.items.items()
            if (kept := tuple(name for name in names if (delivery, name) not in asked))
        }
        if items:
            left.append(Planned(one.recipient, one.action, MappingProxyType(items), one.agreement))
    return tuple(left)


def action_of(kind: CauseKind, given: Given) -> Action:
    """What is asked for a delivery that rested on it alone: as the clause says where a statement ended, else by the cause."""
    if kind in ENDS_A_STATEMENT:
        return Action(given.clause.on_withdrawal)
    return {
        CauseKind.restricted: Action.restrict,
        CauseKind.rectified: Action.correct,
        CauseKind.agreement_ended: Action.stop,
    }.get(kind, Action.erase)


def onward_of(notice: Notice, told: Sequence[Notice], onward: Sequence[PartyId]) -> tuple[PartyId, ...]:
    """Whom a recipient's word leads to: all it names but itself and those who were told of all these fields already.

    `told` are the notices of the same cause. So a circle of parties that name each other ends.
    """
    return tuple(
        party
        for party in dict.fromkeys(onward)
        if party != notice.recipient and not _knows(notice, [one for one in told if one.recipient == party])
    )


def _knows(notice: Notice, told: Sequence[Notice]) -> bool:
    known = {(delivery, name) for one in told for delivery, names in one.items.items() for name in names}
    asked = {(delivery, name) for delivery, names in notice.items.items() for name in names}
    return bool(told) and asked <= known


def level_at(notice: Notice, now: int) -> int:
    """The level that the notice should be on at `now`; never below the one that it is on."""
    if notice.action is Action.none_other_basis or notice.state not in (State.open, State.acknowledged):
        return notice.level
    ladder = UNACKNOWLEDGED if notice.state is State.open else UNFINISHED
    return max(notice.level, sum(now - notice.opened_us >= step for step in ladder))


def is_late(notice: Notice, state: State, now: int) -> bool:
    """Whether the recipient owes an answer at `now` that it should have given, where the notice stands at `state`."""
    if notice.action is Action.none_other_basis or state not in (State.open, State.acknowledged):
        return False
    return now - notice.opened_us >= (UNACKNOWLEDGED if state is State.open else UNFINISHED)[0]


def after(notice: Notice, answer: Answer) -> State | None:
    """How the notice stands after `answer`; None where the answer says nothing new.

    Raises Malformed for an answer that lacks something or does less than is asked, Refused for one that comes too late.
    """
    _check(notice, answer)
    if answer.kind is Happened.acknowledged:
        if notice.state is not State.open:
            return None
        return State.closed if notice.action is Action.none_other_basis else State.acknowledged
    final = State.attested if answer.kind is Happened.attested else State.refused
    if notice.state in (State.open, State.acknowledged):
        return final
    if notice.state is final:
        return None
    raise Refused(
        "This notice was answered before.",
        "What a recipient said stands, and is not replaced by something else.",
        "Tell the privacy officer of the hub what has changed.",
    )


def _check(notice: Notice, answer: Answer) -> None:
    faults: list[Fault] = []
    if answer.kind is Happened.attested:
        if answer.method is None:
            faults.append(Fault("wijze", "VERPLICHT_VELD_LEEG"))
        elif answer.method not in ENOUGH[notice.action]:
            faults.append(Fault("wijze", "WIJZE_ONVOLDOENDE"))
        if answer.digest is None:
            faults.append(Fault("ondertekening", "VERPLICHT_VELD_LEEG"))
    elif answer.kind is Happened.refused:
        if answer.ground is None:
            faults.append(Fault("grond", "VERPLICHT_VELD_LEEG"))
        elif notice.action is Action.none_other_basis:
            faults.append(Fault("antwoord", "ANTWOORD_PAST_NIET"))
    if len(answer.text) > LONGEST_TEXT:
        faults.append(Fault("toelichting", "TE_LANG"))
    if answer.kind not in (Happened.acknowledged, Happened.attested, Happened.refused):
        faults.append(Fault("antwoord", "ANTWOORD_PAST_NIET"))
    if faults:
        raise Malformed(
            "The answer to the notice was refused.",
            "It lacks something, or does less than the notice asks.",
            "Mend what is named; who cannot do what is asked declines it and says on which ground.",
            faults=tuple(faults),
        )


def due_of(opened: int) -> Micros:
    """Until when a recipient has to carry out a notice that was opened at `opened`."""
    return Micros(opened + TERM)


def of_agreement(policy: PolicySet, agreement_id: AgreementId) -> tuple[Planned, ...]:
    """What every party is asked that could receive along an agreement which has ended: to stop using what came along it."""
    agreement = next((one for one in policy.agreements if one.id == agreement_id), None)
    if agreement is None:
        return ()
    ends = [clause.recipient for clause in agreement.clauses if clause.effect == "permit"]
    parties = sorted({one.id for one in agreement.parties if one.id in policy.parties})
    return tuple(
        Planned(party, Action.stop, MappingProxyType({}), agreement_id)
        for party in parties
        if any(stands_on(policy.parties[party], end) for end in ends)
    )
