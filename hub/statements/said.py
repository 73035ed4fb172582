"""What somebody says, as whoever records it hands it in; and what became of it. Types."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from hub.consent.statement import Authority, Channel, Event, Hold, Notice, Scope, What
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import PartyId, Term

Cause = Literal["gezag-beeindigd", "overleden", "verhuisd", "afspraak-beeindigd", "toelichting-vervangen"]
"""Why a statement no longer holds though nobody took it back."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Who spoke, how, and who made sure who it was; without `happened`, today.

    A representative shows `authority`, by a `reference` of the document, of which a keyed digest alone is kept.
    """

    party: PartyId
    voice: Voice
    channel: Channel
    checked_by: Term
    happened: date | None = None
    authority: Authority | None = None
    reference: str = field(default="", repr=False)

    @property
    def vouched(self) -> bool:
        """Whether the party alone vouches for who spoke: no member of the hub's own staff made sure."""
        return self.checked_by == self.party


@dataclass(frozen=True, slots=True)
class Said:
    """A statement to record: `what` is requested, given or refused. It holds from `begins` up to, not including, `ends`.

    `born` tells who may speak and is not kept. `again` is the statement that this one affirms. `also_objection` answers
    whether a contact preference is an objection as well, and may not be left open.
    """

    kind: StatementKind
    scope: Scope
    spoken: Spoken
    begins: date
    ends: date | None = None
    what: What = What.given
    notice: Notice | None = None
    born: date | None = field(default=None, repr=False)
    shielded: bool = False
    also_objection: bool | None = None
    again: UUID | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A statement with all that happened to it, and how it stands now; `counts` is False while a refusal contradicts it."""

    hold: Hold
    events: tuple[Event, ...] = field(repr=False)
    counts: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What was recorded: the statements touched, in the log that has `size` entries now; none where nothing changed."""

    statements: tuple[UUID, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Due:
    """A representative's yes that ends on `day`, because from then on the young person speaks; `party` recorded it."""

    statement_id: UUID
    party: PartyId
    kind: StatementKind
    day: date
