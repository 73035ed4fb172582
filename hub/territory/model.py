"""What is told of a change of borders, and of a move from a party that ended to the one that follows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from hub.domain.glass import Broken
from hub.domain.tenure import Succession, Why
from hub.domain.terms import AgreementId, Micros, PartyId, ReasonCode, RecordKind

FOLLOWED: Final = ReasonCode("ONTVANGER_OPGEVOLGD")
"""It went on to the party that follows its recipient."""
CLOSED: Final = ReasonCode("ONTVANGER_OPGEHEVEN")
"""Its recipient ended, and the one that follows may not have it as it is: the source gives it anew."""
NOBODY: Final = "hub"
"""Who stands for whoever broke the glass at the keyboard of the hub itself, where nobody is signed in."""
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
    doubted = "doubted"
    """What the database says of it is not what the log says: nothing moves by it."""


@dataclass(frozen=True, slots=True)
class Move:
    """A move that somebody ordered. `confirmed_by` is another, unless `glass` says why one person did it alone; `broken` while
    no second person has looked at that.
    """

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
    acts: tuple[Act, ...] = ()
    broken: Broken | None = None


class Does(StrEnum):
    """What people do with a move, and the hub at its end."""

    order = "order"
    glass = "glass"
    confirm = "confirm"
    withdraw = "withdraw"
    approve = "approve"
    """A second person has looked at what one did alone."""
    done = "done"

    @property
    def operation(self) -> str:
        """As the log calls it."""
        return f"region-move-{self.value}"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that was done with a move from `old` to `new`; `reason` where one person did it alone."""

    move_id: UUID
    seq: int
    does: Does
    who: str
    ref: UUID
    us: Micros
    old: PartyId
    new: PartyId
    reason: str = ""


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


def says(entry: Mapping[str, Any], act: Act) -> bool:
    """Whether the entry in the log is about this very act."""
    details: Mapping[str, Any] = entry.get("details", {})
    said = [details.get(name) for name in ("move", "old", "new")]
    by = (details.get("staff", NOBODY), details.get("reason", ""))
    about = [str(act.move_id), str(act.old), str(act.new)]
    return entry.get("operation") == act.does.operation and said == about and by == (act.who, act.reason)


def held(move: Move, places: Mapping[Act, int]) -> Move:
    """The move as its acts bear it out; `places` are those that the log speaks of, with their places in it.

    `doubted` where what it says of itself is not what they say.
    """
    known = [places.get(act, -1) for act in move.acts]
    state, by, confirmed, broken = None, "", None, None
    for act in move.acts:
        match act.does:
            case Does.order if state is None:
                state, by = State.ordered, act.who
            case Does.glass if state is None:
                state, by, confirmed, broken = State.confirmed, act.who, act.who, Broken(act.who, act.reason, act.us)
            case Does.confirm if state is State.ordered and act.who != by:
                state, confirmed = State.confirmed, act.who
            case Does.withdraw if state is State.ordered:
                state = State.withdrawn
            case Does.approve if broken is not None and act.who != broken.who:
                broken = None
            case Does.done if state in (State.confirmed, State.done):
                state = State.done
            case _:
                state = State.doubted
                break
    whole = known == sorted(set(known)) and -1 not in known
    if not whole or (state, by, confirmed) != (move.state, move.ordered_by, move.confirmed_by):
        return replace(move, state=State.doubted)
    return replace(move, broken=broken)
