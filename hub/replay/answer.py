"""What a replay says: decisions as they stand in the log, what became of them under another set, and figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from hub.audit.entry import NO_PURPOSE, PERSONAL, attributes, public_reasons
from hub.consent.question import Decision
from hub.domain.terms import AgreementId, BasisId, ClauseId, Micros, PartyId, PolicyHash, PurposeId, ReasonCode

FEWEST: Final = 5
"""Fewer people than this are not counted out loud."""


def people(count: int) -> int | str:
    """A number of people as it may be told: small ones might point at somebody."""
    return f"<{FEWEST}" if 0 < count < FEWEST else count


@dataclass(frozen=True, slots=True)
class Told:
    """A decision as its entry in the log tells it."""

    permits: bool
    agreement: AgreementId | None
    clause: ClauseId | None
    purpose: PurposeId
    bases: tuple[BasisId, ...]
    attributes: tuple[str, ...]
    withheld: Mapping[str, str]
    reasons: tuple[ReasonCode, ...]


def logged(fields: Mapping[str, Any]) -> Told:
    """What the entry of a disclosure or refusal tells."""
    return Told(
        fields["decision"] == "permit",
        fields["agreement"],
        fields["clause"],
        fields["purpose"],
        tuple(fields["basis"]),
        tuple(fields["attributes"]),
        fields["withheld"],
        tuple(fields["reasons"]),
    )


def retold(decision: Decision) -> Told:
    """What the entry of `decision` would tell."""
    grant = decision.grant
    if grant is None:
        said = public_reasons(decision.reasons, decision.personal)
        return Told(False, decision.agreement, None, decision.purpose or NO_PURPOSE, (), (), {}, said)
    withheld = {str(name): PERSONAL if code in grant.personal else code for name, code in grant.withheld}
    passed = tuple(attributes(grant))
    return Told(True, grant.agreement, grant.clause, grant.purpose, grant.bases, passed, withheld, ())


class Turn(StrEnum):
    """How a decision turns out under the other set."""

    same = "same"
    permit_to_deny = "permit-to-deny"
    deny_to_permit = "deny-to-permit"
    fields = "fields"
    """It permits as before, and other fields pass."""
    other = "other"
    """The same fields pass or the same is refused, along another clause or ground or for another reason."""


class Left(StrEnum):
    """Why a decision cannot be taken again."""

    erased = "erased"
    facts_not_kept = "facts-not-kept"
    statements_not_kept = "statements-not-kept"
    policy_not_kept = "policy-not-kept"


def turned(then: Told, now: Told) -> Turn:
    """How `then` turns out as `now`."""
    if then.permits != now.permits:
        return Turn.permit_to_deny if then.permits else Turn.deny_to_permit
    if then.attributes != now.attributes:
        return Turn.fields
    return Turn.same if then == now else Turn.other


@dataclass(frozen=True, slots=True)
class Kind:
    """Decisions that turn out alike: how, towards whom, along which clauses, and which elements more or fewer pass."""

    turn: Turn
    recipient: PartyId
    clause_then: ClauseId | None
    clause_now: ClauseId | None
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    reasons: tuple[ReasonCode, ...]

    @classmethod
    def of(cls, recipient: PartyId, then: Told, now: Told) -> Kind:
        """Of one decision; a candidate that refuses says why."""
        return cls(
            turned(then, now),
            recipient,
            then.clause,
            now.clause,
            _without(now.attributes, then.attributes),
            _without(then.attributes, now.attributes),
            now.reasons,
        )


def _without(these: Collection[str], those: Collection[str]) -> tuple[str, ...]:
    return tuple(each for each in these if each not in those)


@dataclass(slots=True)
class Replayed:
    """The log's decisions under `candidate`, as of the log at `size` entries and the set `in_use`: stale when either moves.

    `mismatched` are entries that their own policy set does not lead to: changed, or decided by another version of the hub; no
    more than the first thousand of `mismatches`.
    """

    candidate: PolicyHash
    in_use: PolicyHash
    size: int
    decided: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    left: Counter[Left] = field(default_factory=Counter)
    mismatches: int = 0
    mismatched: list[UUID] = field(default_factory=list)

    def counted(self, turn: Turn) -> int:
        """How many decisions turn out so."""
        return sum(count for kind, count in self.kinds.items() if kind.turn is turn)

    def stale(self, in_use: PolicyHash, size: int) -> bool:
        """Whether it says nothing any more."""
        return (in_use, size) != (self.in_use, self.size)


class Why(StrEnum):
    """Why a delivery would be refused by now."""

    lawful_then = "lawful-then"
    """It was permitted by the set of its day; the rules are others now."""
    never_lawful = "never-lawful"
    """The set of its day forbade it already, or a fact that it was decided by was wrong."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A delivery that was handed over, and elements of it that should not have gone. A line of the worksheet of a breach."""

    delivery: UUID
    recipient: PartyId
    source: PartyId
    clause: ClauseId | None
    policy: PolicyHash
    why: Why
    elements: tuple[str, ...]
    reasons: tuple[ReasonCode, ...]
    handed_us: Micros
    acknowledged_us: Micros | None
