"""The decision table: for one giver, one recipient, one kind of record and one day, what every clause between them asks.

Pure types. Whatever does not depend on the young person is worked out once per lane; `hub.consent.compile` fills it, `decide`
reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from hub.consent.model import Condition, Requirement, Schools
from hub.domain.stages import Grant
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    FactName,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)

Cut = tuple[ElementName, ReasonCode]
"""An element that a prohibition holds back, and why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that a gate asks for, and from which age the young person makes it (None: nobody's voice is asked)."""

    required: Requirement
    self_from: int | None


@dataclass(frozen=True, slots=True)
class BasisRow:
    """A legal basis in force that day; `asks` is the statement that the law itself wants."""

    id: BasisId
    youngest: int
    oldest: int
    below: ReasonCode
    above: ReasonCode
    objection_possible: bool
    same_college: bool
    asks: Asked | None


class FactRow(NamedTuple):
    """A further fact that must be so; `unknown` is the reason when nobody knows."""

    name: FactName
    asked: Condition
    unknown: ReasonCode


class WithinRow(NamedTuple):
    """A date that must lie no more than `months` back."""

    name: FactName
    months: int
    otherwise: ReasonCode
    unknown: ReasonCode


@dataclass(frozen=True, slots=True)
class Variant:
    """What a grant depends on beyond its clause: bases that carry it, two facts, prohibitions, statements, what the giver got.

    `stated` are the elements that the young person's statements name; None where they name all.
    """

    bases: tuple[BasisId, ...]
    has_bsn: bool
    secret: bool
    cuts: tuple[Cut, ...]
    stated: frozenset[ElementName] | None
    received: Grant | None


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """A permit clause on its lane. `shut` are the gates that no fact about a young person can open that day."""

    id: ClauseId
    agreement: AgreementId
    purpose: PurposeId
    outreach: bool
    further_from: frozenset[PurposeId]
    shut: tuple[ReasonCode, ...]
    bases: tuple[BasisRow, ...]
    reuse_of: frozenset[BasisId]
    home: bool
    youngest: int
    oldest: int
    below: ReasonCode
    above: ReasonCode
    startkwalificatie: Condition | None
    ingeschreven: Condition | None
    onderwijssoort: Schools | None
    facts: tuple[FactRow, ...]
    within: tuple[WithinRow, ...]
    requires: tuple[Asked, ...]
    despite_restriction: str | None
    asks_secret: bool
    asks_number: bool
    until_age: int
    too_late: ReasonCode
    grant: Callable[[Variant], Grant]


@dataclass(frozen=True, slots=True)
class ForbidRow:
    """A prohibition of an agreement on its lane: it holds unless a known fact says that it does not."""

    youngest: int
    oldest: int
    onderwijssoort: frozenset[str]
    elements: tuple[ElementName, ...]
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class BarRow:
    """A prohibition of the law on its lane; it holds unless every fact of `unless` is known so, or `except_bases` carry it."""

    elements: tuple[ElementName, ...]
    except_bases: frozenset[BasisId]
    unless: frozenset[tuple[FactName, bool]]
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gates say to one set of facts: a grant that holds to the next birthday of note, or what is shut.

    Of a refusal `clause`, `purpose` and `agreement` are those that came nearest.
    """

    grant: Grant | None
    next_age: int | None
    clause: ClauseId | None
    purpose: PurposeId | None
    agreement: AgreementId | None
    reasons: tuple[ReasonCode, ...]
    personal: frozenset[ReasonCode]
    received: Grant | None


@dataclass(slots=True)
class Lane:
    """All between one giver and one recipient about one kind of record on one day.

    Nothing of it changes before `until`, save at an age of `borders`. Equal facts get equal answers, so answers are kept, by
    facts that name nobody; `diploma_of` says for which kinds of school the date of a diploma is one of them, `asks` which
    further facts are. `addressed` are those to whom a no may be said: giver, recipient and who answers for them. `silent`: the
    recipient has left a notice unanswered.
    """

    recipient: PartyId
    addressed: frozenset[PartyId]
    silent: bool
    unknown: tuple[ReasonCode, ...]
    one_purpose: bool
    clauses: tuple[ClauseRow, ...]
    forbids: tuple[ForbidRow, ...]
    bars: tuple[BarRow, ...]
    giver_area: frozenset[str]
    recipient_area: frozenset[str]
    until: date
    borders: tuple[int, ...]
    diploma_of: frozenset[str]
    asks: frozenset[FactName]
    answers: dict[tuple[Hashable, ...], Answer] = field(default_factory=dict)
    grants: dict[tuple[Hashable, ...], tuple[Grant, Grant | None]] = field(default_factory=dict)

    def apart(self) -> Lane:
        """The same lane that keeps nothing for anyone else, for facts that a caller makes up."""
        return Lane(**{name: getattr(self, name) for name in self.__slots__ if name not in ("answers", "grants")})

    def of_its_own(self) -> Lane:
        """The same lane with answers of its own, for another day on which it holds; grants are shared."""
        return Lane(**{name: getattr(self, name) for name in self.__slots__ if name != "answers"})


LaneKey = tuple[PartyId, PartyId, RecordKind, PurposeId | None, date]


@dataclass(slots=True)
class DecisionTable:
    """A policy set, ready to decide by. Lanes open when first asked for and are kept; the answers are those of the policy."""

    policy: PolicyHash
    rank: Mapping[ReasonCode, int]
    personal: frozenset[ReasonCode]
    elements_of: Mapping[RecordKind, frozenset[ElementName]]
    open_lane: Callable[[LaneKey], Lane]
    lanes: dict[LaneKey, Lane] = field(default_factory=dict)

    def lane(self, giver: PartyId, recipient: PartyId, record: RecordKind, purpose: PurposeId | None, day: date) -> Lane:
        """What stands between `giver` and `recipient` about such records on `day`, for one purpose or for any."""
        key = (giver, recipient, record, purpose, day)
        found = self.lanes.get(key)
        if found is None:
            if len(self.lanes) >= 50_000:
                self.lanes.clear()
            found = self.lanes[key] = self.open_lane(key)
        return found

    def apart(self) -> DecisionTable:
        """The same table for one call: whatever facts somebody makes up, nothing of them stays in memory."""
        return DecisionTable(self.policy, self.rank, self.personal, self.elements_of, lambda key: self.open_lane(key).apart())
