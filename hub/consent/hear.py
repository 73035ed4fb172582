"""What statements say to a clause: a yes that fits opens its gate, a no that is addressed to it shuts one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.consent import codes
from hub.consent.facts import birthday
from hub.consent.table import Asked, ClauseRow, Lane
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.terms import ElementName, ReasonCode

Heard = tuple[ReasonCode | None, frozenset[ElementName] | None]
"""Why a statement does not open the gate (None where it does), and the elements that it is limited to (None: to none)."""

ALL: Final[Heard] = (None, None)
_REPRESENTS: Final = frozenset({Voice.curator, Voice.bewindvoerder, Voice.mentor})
_PARENTS: Final = frozenset({Voice.ouder, Voice.voogd})
_STANDING_NO: Final = frozenset({StatementState.given, StatementState.requested})
_INSTEAD: Final = {
    StatementState.refused: codes.VERKLARING_GEWEIGERD,
    StatementState.withdrawn: codes.VERKLARING_INGETROKKEN,
    StatementState.expired: codes.VERKLARING_VERLOPEN,
    StatementState.invalidated: codes.VERKLARING_ONGELDIG,
    StatementState.proxy_ended: codes.VERKLARING_ONGELDIG,
}
"""Why there is no yes in scope, by the state of the one there is; the first of these that is found is told."""


def hear(asked: Asked, clause: ClauseRow, lane: Lane, facts: SubjectFacts) -> Heard:
    """Whether the statement that a gate asks for is there: for this purpose and recipient, given, by who may give it.

    A refusal that stands shuts it, whoever else said yes: of two guardians who disagree, or a child and a guardian, the no
    counts.
    """
    required = asked.required
    if required.when and (skip := _outside(asked, facts)) is not None:
        return skip
    if facts.standing is None:
        return required.reason, None
    told = [one for one in facts.standing if one.kind is required.statement]
    meant = [one for one in told if _names(one, clause, lane)]
    states = {one.state for one in meant}
    if StatementState.refused in states:
        return codes.VERKLARING_GEWEIGERD, None
    given = [one for one in meant if one.state is StatementState.given]
    speaking = [one for one in given if _speaks(one.voice, asked.self_from, facts.age)]
    if speaking:
        return None, _limits(speaking)
    if given:
        return codes.VERKLARING_ANDERE_STEM, None
    for state, reason in _INSTEAD.items():
        if state in states:
            return reason, None
    if any(one.state is StatementState.given for one in told):
        return codes.VERKLARING_ANDERE_REIKWIJDTE, None
    return required.reason, None


def _outside(asked: Asked, facts: SubjectFacts) -> Heard | None:
    """What to say where the statement is asked only some years after a diploma; None where it is asked now."""
    school, diploma = facts.onderwijssoort, facts.datum_diploma
    if school is None:
        return codes.ONDERWIJSSOORT_ONBEKEND, None
    windows = [window for window in asked.required.when if school in window.onderwijssoort]
    if any(diploma is None or facts.as_of <= birthday(diploma, window.years_after_diploma) for window in windows):
        return None
    return ALL


def _names(one: Stated, clause: ClauseRow, lane: Lane) -> bool:
    """Whether a yes names this purpose and recipient. That a school was consulted may be said of all at once."""
    unlimited = one.kind is StatementKind.raadpleging_school
    purposes, parties = one.purposes, one.parties
    return (unlimited if purposes is None else clause.purpose in purposes) and (
        unlimited if parties is None else lane.recipient in parties
    )


def _speaks(voice: Voice, self_from: int | None, age: int | None) -> bool:
    if self_from is None or age is None:  # where the age is unknown another gate is shut
        return True
    if voice in _REPRESENTS:
        return True
    return voice is Voice.jongere if age >= self_from else voice in _PARENTS


def _limits(given: Iterable[Stated]) -> frozenset[ElementName] | None:
    limits: set[ElementName] = set()
    for one in given:
        if one.elements is None:
            return None
        limits |= one.elements
    return frozenset(limits)


def says_no(kind: StatementKind, clause: ClauseRow, lane: Lane, facts: SubjectFacts) -> bool:
    """Whether a no of this kind stands, for this purpose and addressed to one of the parties; one without limits is for all."""
    for one in facts.standing or ():
        if (
            one.kind is kind
            and one.state in _STANDING_NO
            and (one.purposes is None or clause.purpose in one.purposes)
            and (one.parties is None or not one.parties.isdisjoint(lane.addressed))
        ):
            return True
    return False
