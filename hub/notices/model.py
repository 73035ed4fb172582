"""Notices to recipients as types: why one goes out, what it asks, what a recipient may answer, how it stands. Pure.

GDPR 7(3), 16 to 19 and 21: who received data is told, and what became of it is told to the young person who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from hub.consent.model import Permit, PolicySet
from hub.domain.facts import KeptFacts, StatementKind
from hub.domain.terms import AgreementId, BasisId, ElementName, Micros, PartyId, PurposeId

NO_NOTICE: Final = UUID(int=0)
"""What a notice went out by that no other led to."""


class CauseKind(StrEnum):
    """Why recipients are told. The first five end a statement that opened a gate; the log holds these words."""

    withdrawn = "withdrawn"
    refused = "refused"
    expired = "expired"
    invalidated = "invalidated"
    proxy_ended = "proxy-ended"
    objection_upheld = "objection-upheld"
    restricted = "restricted"
    rectified = "rectified"
    agreement_ended = "agreement-ended"
    retention_reached = "retention-reached"
    unlawful = "unlawful"


ENDS_A_STATEMENT: Final = frozenset(
    {CauseKind.withdrawn, CauseKind.refused, CauseKind.expired, CauseKind.invalidated, CauseKind.proxy_ended}
)
NAMES_DELIVERIES: Final = frozenset({CauseKind.rectified, CauseKind.retention_reached, CauseKind.unlawful})
"""Causes of which somebody says which deliveries they are about; one may name the elements too."""

LEGAL: Final[Mapping[CauseKind, str]] = MappingProxyType(
    {
        CauseKind.withdrawn: "AVG, artikel 7, derde lid, artikel 17, eerste lid, onder b, en artikel 19",
        CauseKind.refused: "AVG, artikel 17, eerste lid, onder b, en artikel 19",
        CauseKind.expired: "AVG, artikel 17, eerste lid, onder b, en artikel 19",
        CauseKind.invalidated: "AVG, artikel 17, eerste lid, onder d, en artikel 19",
        CauseKind.proxy_ended: "AVG, artikel 17, eerste lid, onder b, en artikel 19; UAVG, artikel 5",
        CauseKind.objection_upheld: "AVG, artikel 21, artikel 17, eerste lid, onder c, en artikel 19",
        CauseKind.restricted: "AVG, artikel 18 en artikel 19",
        CauseKind.rectified: "AVG, artikel 16 en artikel 19",
        CauseKind.agreement_ended: "AVG, artikel 5, eerste lid, onder b",
        CauseKind.retention_reached: "AVG, artikel 5, eerste lid, onder e",
        CauseKind.unlawful: "AVG, artikel 17, eerste lid, onder d, en artikel 19",
    }
)
"""The articles that a notice of each cause refers to."""


class Action(StrEnum):
    """What is asked of the recipient."""

    stop = "stop"
    restrict = "restrict"
    erase = "erase"
    correct = "correct"
    none_other_basis = "none_other_basis"
    """Nothing: when it was given, another basis was recorded beside the statement. The young person is told so."""


class State(StrEnum):
    """How a notice stands."""

    open = "open"
    acknowledged = "acknowledged"
    attested = "attested"
    refused = "refused"
    closed = "closed"


class Method(StrEnum):
    """What a recipient says that it did."""

    stopped = "stopped"
    restricted = "restricted"
    erased = "erased"
    corrected = "corrected"


class Ground(StrEnum):
    """Why a recipient may decline; closed, so that the log has no room for anything else. GDPR 17(3), 18(2)."""

    expression = "AVG_17_3_A"
    legal_duty = "AVG_17_3_B"
    public_health = "AVG_17_3_C"
    archive = "AVG_17_3_D"
    claims = "AVG_17_3_E"
    restriction_exception = "AVG_18_2"
    own_basis = "EIGEN_GRONDSLAG"
    not_received = "NIET_ONTVANGEN"


class Channel(StrEnum):
    """How an answer came."""

    rest = "rest"
    push = "push"
    letter = "letter"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that happened after delivery; `entry` speaks of it in the log.

    For one that ends a statement, `purposes` and `parties` are whom and what that statement named (None: not limited),
    `elements` the fields. `deliveries` are named where somebody says which ones it is about. Of `agreement_ended` nothing else
    is said than which.
    """

    cause_id: UUID
    entry: UUID
    kind: CauseKind
    since_us: Micros
    statement: StatementKind | None = field(default=None, repr=False)
    purposes: frozenset[PurposeId] | None = None
    parties: frozenset[PartyId] | None = None
    elements: frozenset[ElementName] | None = None
    deliveries: frozenset[UUID] | None = None
    agreement: AgreementId | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One delivery that was handed over, as its log entry and the policy set of then have it.

    `facts` are those it was decided by, None where they are not kept: then every condition on them is taken to have held.
    """

    delivery_id: UUID
    recipient: PartyId
    source: PartyId
    controllers: tuple[PartyId, ...]
    purpose: PurposeId
    agreement: AgreementId
    clause: Permit
    bases: tuple[BasisId, ...]
    elements: tuple[ElementName, ...]
    policy: PolicySet = field(repr=False)
    facts: KeptFacts | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """A notice to be: to whom, what is asked, about which fields of which deliveries."""

    recipient: PartyId
    action: Action
    items: Mapping[UUID, tuple[ElementName, ...]]
    agreement: AgreementId | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it stands now. `level` never falls; `late`: it is not answered in time at this moment."""

    notice_id: UUID
    cause_id: UUID
    via: UUID
    cause: CauseKind
    action: Action
    recipient: PartyId
    items: Mapping[UUID, tuple[ElementName, ...]]
    agreement: AgreementId | None
    subject_tag: bytes | None = field(repr=False)
    opened_us: Micros
    due_us: Micros
    state: State
    level: int
    late: bool
    handed: int

    @property
    def legal(self) -> str:
        """The articles that it refers to, in Dutch."""
        return LEGAL[self.cause]


class Happened(StrEnum):
    """What can happen to a notice."""

    opened = "opened"
    handed = "handed"
    acknowledged = "acknowledged"
    attested = "attested"
    refused = "refused"
    onward = "onward"
    escalated = "escalated"
    closed = "closed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a notice; `event_id` is its entry in the log. `explained`: there is a sealed explanation."""

    event_id: UUID
    notice_id: UUID
    kind: Happened
    us: Micros
    level: int = 0
    staff: str = ""
    channel: Channel | None = None
    method: Method | None = None
    ground: Ground | None = None
    digest: bytes | None = None
    explained: bool = False
    onward: PartyId | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recipient says. `attested` needs a method and the SHA-256 of its signed statement, `refused` a ground.

    `text` is the recipient's own explanation: it is sealed, and stands in no log. `onward` are those to whom it passed it on.
    """

    kind: Happened
    channel: Channel
    method: Method | None = None
    ground: Ground | None = None
    digest: bytes | None = None
    text: str = field(default="", repr=False)
    onward: tuple[PartyId, ...] = ()
