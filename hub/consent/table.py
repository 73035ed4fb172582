"""The decision table: for one giver, one recipient and one day, what every clause between them asks. Pure types.

Whatever does not depend on the young person is worked out once per lane; `hub.consent.compile` fills it, `decide` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date

from hub.consent.model import Condition, Requirement
from hub.domain.stages import Grant
from hub.domain.terms import AgreementId, BasisId, ClauseId, ElementName, PartyId, PolicyHash, PurposeId, ReasonCode

Cut = tuple[ElementName, ReasonCode]
"""An element that a prohibition holds back, and why."""


@dataclass(frozen=True, slots=True)
class BasisRow:
    """A legal basis in force that day."""

    id: BasisId
    youngest: int
    oldest: int
    below: ReasonCode
    above: ReasonCode
    objection_possible: bool
    same_college: bool


@dataclass(frozen=True, slots=True)
class Variant:
    """What a grant depends on beyond its clause: the bases that carry it, two facts, prohibitions, and what the giver got."""

    bases: tuple[BasisId, ...]
    has_bsn: bool
    secret: bool
    cuts: tuple[Cut, ...]
    received: Grant | None


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """A permit clause on its lane. `shut` are the gates that no fact about a young person can open that day."""

    id: ClauseId
    agreement: AgreementId
    purpose: PurposeId
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
    requires: tuple[Requirement, ...]
    asks_secret: bool
    asks_number: bool
    until_age: int
    too_late: ReasonCode
    grant: Callable[[Variant], Grant]


@dataclass(frozen=True, slots=True)
class ForbidRow:
    """A prohibition on its lane: it holds unless a known fact says that it does not."""

    youngest: int
    oldest: int
    onderwijssoort: frozenset[str]
    elements: tuple[ElementName, ...]
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gates say to one set of facts: a grant that holds to the next birthday of note, or what is shut."""

    grant: Grant | None
    next_age: int | None
    purpose: PurposeId | None
    agreement: AgreementId | None
    reasons: tuple[ReasonCode, ...]
    personal: frozenset[ReasonCode]
    received: Grant | None


@dataclass(slots=True)
class Lane:
    """All between one giver and one recipient on one day. Nothing of it changes before `until`, save at an age of `borders`.

    Equal facts get equal answers, so answers are kept, by facts that name nobody; `diploma_of` says for which kinds of school
    the date of a diploma is one of them.
    """

    unknown: tuple[ReasonCode, ...]
    clauses: tuple[ClauseRow, ...]
    forbids: tuple[ForbidRow, ...]
    giver_area: frozenset[str]
    recipient_area: frozenset[str]
    until: date
    borders: tuple[int, ...]
    diploma_of: frozenset[str]
    answers: dict[tuple[Hashable, ...], Answer] = field(default_factory=dict)
    grants: dict[tuple[ClauseId, tuple[BasisId, ...], bool, bool, tuple[Cut, ...], int], tuple[Grant, Grant | None]] = field(
        default_factory=dict
    )


@dataclass(slots=True)
class DecisionTable:
    """A policy set, ready to decide by. Lanes open when first asked for and are kept; the answers are those of the policy."""

    policy: PolicyHash
    rank: Mapping[ReasonCode, int]
    personal: frozenset[ReasonCode]
    open_lane: Callable[[PartyId, PartyId, date], Lane]
    lanes: dict[tuple[PartyId, PartyId, date], Lane] = field(default_factory=dict)

    def lane(self, giver: PartyId, recipient: PartyId, day: date) -> Lane:
        """What stands between `giver` and `recipient` on `day`."""
        key = (giver, recipient, day)
        found = self.lanes.get(key)
        if found is None:
            if len(self.lanes) >= 50_000:
                self.lanes.clear()
            found = self.lanes[key] = self.open_lane(giver, recipient, day)
        return found
