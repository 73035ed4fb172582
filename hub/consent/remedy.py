"""The smallest change after which a refused question is answered with a yes, and who can make each part of it. Pure.

Applying all the parts permits, and applying some of them does not: every smaller choice among what a plan changes has been
asked of the same function that decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

from hub.consent import codes
from hub.consent.change import (
    AddField,
    Amend,
    Answer,
    Change,
    FactIs,
    ForPurpose,
    FurtherFactIs,
    Lift,
    OnDay,
    Revive,
    Situation,
    StatementsKnown,
    Through,
    apply,
    of_policy,
)
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.model import AS_WRITTEN, Life, PolicySet
from hub.consent.plan import Plan, plans
from hub.consent.question import Decision, Question
from hub.consent.table import DecisionTable
from hub.domain.facts import StatementKind
from hub.domain.terms import ReasonCode

_AMENDED: Final = {
    "effective": codes.AFSPRAAK_NIET_GELDIG,
    "controllership": codes.AFSPRAAK_ONVOLLEDIG,
    "processor_contract": codes.AFSPRAAK_ONVOLLEDIG,
    "dpia": codes.DPIA_VERLOPEN,
    "fg_advice": codes.FG_ADVIES_VERLOPEN,
    "accession": codes.PARTIJ_NIET_TOEGETREDEN,
}
_LIFTED: Final = {
    StatementKind.bezwaar: codes.BEZWAAR,
    StatementKind.beperking: codes.BEPERKING,
    StatementKind.contactvoorkeur: codes.CONTACTVOORKEUR,
}
_MOST: Final = 40
"""Plans that are looked into; the nearest come first."""
_ALL_SUBSETS: Final = 9
"""Up to so many parts, every choice among them is tried."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that must be otherwise. `code` is the reason that goes with it; `who` can make it so, or None: nobody can.

    What is unknown can be found out. What is known of a person (an age, a diploma) is no one's to change.
    """

    change: Change
    code: ReasonCode | None
    who: str | None


@dataclass(frozen=True, slots=True)
class Remedy:
    """The parts together permit, and none can be left out. Without parts nothing in this set's reach permits it.

    `decision` is the answer after it; of a question that is permitted already, today's.
    """

    parts: tuple[Part, ...]
    decision: Decision

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be otherwise."""
        return tuple(part.change for part in self.parts)

    @property
    def possible(self) -> bool:
        """Whether there is someone for every part."""
        return self.decision.grant is not None and all(part.who is not None for part in self.parts)


class _Asked:
    """Asks one question under changes; tables are kept by what they change in the rules."""

    def __init__(self, start: Situation) -> None:
        self.start = start
        self._tables: dict[tuple[Change, ...], DecisionTable] = {}

    def __call__(self, changes: Iterable[Change]) -> Decision:
        made = tuple(changes)
        then = apply(self.start, made)
        key = (*(change for change in made if of_policy(change)), *(change for change in made if isinstance(change, OnDay)))
        if key not in self._tables:
            self._tables[key] = compile_policy(then.policy, then.life)
        return ask(self._tables[key], [then.question])[0]


def remedies(policy: PolicySet, question: Question, life: Life = AS_WRITTEN) -> Remedy:
    """The smallest change: fewest parts that nobody can make, then fewest parts."""
    asked = _Asked(Situation(policy, life, question))
    now = asked(())
    if now.grant is not None:
        return Remedy((), now)
    best: tuple[tuple[int, int, int], Remedy] | None = None
    for number, plan in enumerate(islice(plans(asked.start), _MOST)):
        if (least := _least(asked, plan)) is None:
            continue
        parts = tuple(_part(asked.start, change, plan) for change in least)
        rank = (sum(part.who is None for part in parts), len(parts), number)
        if best is None or rank < best[0]:
            best = (rank, Remedy(parts, asked(least)))
    return Remedy((), now) if best is None else best[1]


def _least(asked: _Asked, plan: Plan) -> tuple[Change, ...] | None:
    """The fewest of a plan's changes that permit, of those that someone can make if they do; else of all."""
    can = tuple(change for change in plan.changes if not _is_known(asked.start, change))
    for more in (can, plan.changes, (*can, *plan.last_resort), (*plan.changes, *plan.last_resort)):
        if asked(more).grant is not None:
            return _fewest(asked, more) if len(more) <= _ALL_SUBSETS else _pruned(asked, more)
    return None


def _fewest(asked: _Asked, changes: Sequence[Change]) -> tuple[Change, ...]:
    choices = (some for size in range(1, len(changes) + 1) for some in combinations(changes, size))
    return next(some for some in choices if asked(some).grant is not None)


def _pruned(asked: _Asked, changes: Sequence[Change]) -> tuple[Change, ...]:
    """For plans too long to try all of: drops what can be dropped, until few enough are left to try all of those."""
    left = list(changes)
    for change in reversed(changes):
        without = [one for one in left if one is not change]
        if asked(without).grant is not None:
            left = without
    return tuple(left) if len(left) > _ALL_SUBSETS else _fewest(asked, left)


def _part(start: Situation, change: Change, plan: Plan) -> Part:
    code = _code(start, change, plan)
    reason = None if code is None else start.policy.reasons.get(code)
    who = None if reason is None else reason.who
    if isinstance(change, OnDay):
        who = "niemand: wachten is genoeg"
    elif _is_known(start, change):
        who = None
    return Part(change, code, who)


def _is_known(start: Situation, change: Change) -> bool:
    facts = start.question.facts
    if isinstance(change, FactIs):
        return getattr(facts, change.fact) is not None
    return isinstance(change, FurtherFactIs) and facts.known(change.fact) is not None


def _code(start: Situation, change: Change, plan: Plan) -> ReasonCode | None:
    if isinstance(change, Amend):
        return _AMENDED[change.what]
    if isinstance(change, Lift):
        return _LIFTED[change.kind]
    if isinstance(change, Revive):
        return start.life.shut.get(change.agreement)
    plain: dict[type, ReasonCode] = {
        Answer: codes.ONTVANGER_ZWIJGT,
        AddField: codes.NIET_NODIG,
        ForPurpose: codes.DOEL_NIET_GENOEMD,
        Through: codes.HERKOMST_ONBEKEND,
        StatementsKnown: codes.VERKLARINGEN_ONBEKEND,
    }
    return plan.why.get(change) or plain.get(type(change))
