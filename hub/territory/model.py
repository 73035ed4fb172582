"""What is told of a change of borders, and of a move from a party that ended to the one that follows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.domain.tenure import Succession, Why
from hub.domain.terms import AgreementId, Micros, PartyId, ReasonCode, RecordKind

FOLLOWED: Final = ReasonCode("ONTVANGER_OPGEVOLGD")
"""It went on to the party that follows its recipient."""
CLOSED: Final = ReasonCode("ONTVANGER_OPGEHEVEN")
"""Its recipient ended, and the one that follows may not have it as it is: the source gives it anew."""
FILES_WITHIN: Final = timedelta(weeks=4)
"""Within which a new contactgemeente has the files (WEB 9.2.4, third paragraph)."""


class Became(StrEnum):
    """What becomes of a delivery that waits for a party that ended."""

    moved = "moved"
    refused = "refused"
    """Decided anew, and not permitted to the one that follows."""
    resupply = "resupply"
    """Permitted, but not to be made of what is kept: the source gives it anew."""
    stays = "stays"
    """It is not for the one that follows, or its recipient still works for this young person."""


class Glass(StrEnum):
    """Why one person did alone what takes two; closed, so that the log has no room for anything else."""

    term = "TERMIJN_VERSTRIJKT"
    absent = "TWEEDE_PERSOON_ONBEREIKBAAR"
    gone = "ONTVANGER_GESLOTEN"


class State(StrEnum):
    """How far a move is."""

    ordered = "ordered"
    confirmed = "confirmed"
    """Decided; not everything has moved yet."""
    done = "done"
    withdrawn = "withdrawn"


@dataclass(frozen=True, slots=True)
class Move:
    """A move that somebody ordered. `confirmed_by` is another, unless `glass` says why one person did it alone."""

    move_id: UUID
    old: PartyId
    new: PartyId
    since: date
    state: State
    ordered_by: str
    ordered_us: Micros
    confirmed_by: str | None
    confirmed_us: Micros | None
    glass: Glass | None
    done_us: Micros | None
    became: Mapping[Became, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resupply:
    """A delivery that its source must give anew; it knows it by its id. Nothing here is about the young person."""

    delivery_id: UUID
    source: PartyId
    kind: RecordKind
    reason: ReasonCode | None


@dataclass(frozen=True, slots=True)
class Named:
    """A statement in force that names a party; by its own id, as the officer's desk knows it."""

    statement_id: UUID
    kind: str
    state: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Hanging:
    """What hangs on a party that ends or is followed, in counts by kind.

    `waiting` are deliveries by state. `unsigned` are agreements in force that name it and not `new`, which must accede to them.
    `yes` are statements that do not pass on, `no` those that go on holding.
    """

    party: PartyId
    new: PartyId | None
    waiting: Mapping[str, int]
    people: int
    notices: int
    instances: tuple[str, ...]
    clients: tuple[str, ...]
    agreements: tuple[AgreementId, ...]
    unsigned: tuple[AgreementId, ...]
    yes: int
    no: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a move would do today, and what it leaves to people."""

    succession: Succession
    hanging: Hanging
    became: Mapping[Became, int]
    sources: Mapping[PartyId, int]
    """Per source how many deliveries it would have to give anew."""
    named: tuple[Named, ...] = ()


def due(one: Succession) -> date:
    """The last day on which anything may wait for the old party."""
    return one.day + FILES_WITHIN if one.why is Why.contactgemeente else one.day
