"""Retention of the log as types: what stands against removal, what could go, who proposed and who decided. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from hub.domain.terms import AgreementId, ClauseId, Micros, PolicyHash


class HoldKind(StrEnum):
    """Why nothing may go."""

    breach = "breach"
    """A personal data breach that is not closed (GDPR 33)."""
    legal_hold = "legal-hold"
    """Someone needs it for a claim or an investigation (GDPR 17(3)(e), 18(1)(c))."""


class Scope(StrEnum):
    """What a hold is about."""

    all = "all"
    party = "party"
    purpose = "purpose"
    person = "person"


@dataclass(frozen=True, slots=True)
class Hold:
    """Something that stands against removal. `word` is the party or purpose; `tag` the person, in no message and no log."""

    hold_id: UUID
    kind: HoldKind
    scope: Scope
    word: str
    since_us: Micros
    staff: str
    tag: bytes | None = field(default=None, repr=False)
    lifted_us: Micros | None = None


class Standing(StrEnum):
    """How it stands with an entry."""

    due = "due"
    """Its term has passed and nothing stands against its removal."""
    gone = "gone"
    """It was redacted before."""
    young = "young"
    """Its term has not passed."""
    held_by_recipient = "held-by-recipient"
    """The recipient may still hold the data."""
    unfinished = "unfinished"
    """It still waits for its recipient, or a notice about it runs."""
    hold = "hold"
    """A breach is open, or a legal hold stands."""
    unknown = "unknown"
    """The agreement that it was given under is not kept, or the entry cannot be read: nobody can say when its term ends."""
    no_term = "no-term"
    """No term is set for its kind."""
    in_use = "in-use"
    """A rule, a connector, a partner or a move is held against it."""
    forever = "forever"
    """It explains what is missing, or which keys the log has."""


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A disclosure as its term asks of it: when the recipient may have had it last, and when it says that it erased it."""

    us: Micros
    last_us: Micros
    purpose: str
    policy: PolicyHash
    agreement: AgreementId
    clause: ClauseId
    elements: frozenset[str]
    parties: frozenset[str]
    unfinished: bool = False
    erased_us: Micros | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log. `of` is the disclosure that it is or belongs to; `orphan`: that disclosure is gone."""

    seq: int
    ref: UUID
    kind: str
    us: Micros
    purpose: str = ""
    parties: frozenset[str] = frozenset()
    delivery: UUID | None = None
    of: Disclosed | None = None
    orphan: bool = False


GONE = "redacted"
"""The kind of an entry without content."""
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Plan:
    """What could go: counts by purpose and kind, `young` that were not looked at, and the prefix that could be pruned.

    `pruned` is the size below which everything is gone already; `prefix` (a whole number of tiles) is at least that.
    """

    size: int
    counts: Mapping[tuple[str, str], Counter[Standing]]
    young: int
    pruned: int
    prefix: int
    holds: tuple[Hold, ...]


class Act(StrEnum):
    """What is proposed."""

    redact = "redact"
    prune = "prune"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Prepared by one, decided by another: `entries` entries from `first` below `after`. `digest` is over the redacted indices.

    `by` is the entry that authorised it, None until then; `done`: nothing of it is left to do.
    """

    proposal_id: UUID
    act: Act
    purpose: str
    entries: int
    first: int
    after: int
    digest: bytes
    policy: PolicyHash
    staff: str
    us: Micros
    by: int | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of carrying out one decision: `done` entries are gone, `left` wait, for something stands against them."""

    proposal_id: UUID
    done: int
    left: int
