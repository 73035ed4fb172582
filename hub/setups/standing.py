"""How an instance stands: it follows from everything that happened to it, in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

from hub.domain.glass import GLASS_US
from hub.domain.terms import PartyId


class Act(StrEnum):
    """What can happen to an instance; closed."""

    create = "create"
    change = "change"
    rollback = "rollback"
    credential = "credential"
    remove = "remove"
    propose = "propose"
    activate = "activate"
    break_glass = "break-glass"
    confirm = "confirm"
    pause = "pause"
    resume = "resume"
    end = "end"
    test = "test"
    dry_run = "dry-run"
    sample = "sample"
    layout = "layout"
    rotate = "rotate"

    @property
    def operation(self) -> str:
        """As the log calls it."""
        return f"connector-{self.value}"


MAKES: Final = frozenset({Act.create, Act.change, Act.rollback})
"""What makes a version."""


class State(StrEnum):
    """How an instance stands."""

    draft = "draft"
    """It was never activated."""
    active = "active"
    paused = "paused"
    ended = "ended"


class GlassReason(StrEnum):
    """Why somebody activates alone; closed, so that the log has no room for anything else."""

    trouble = "STORING"
    """Data do not get through, and nobody else can be reached."""
    urgent = "SPOED"
    """A young person would come to harm by waiting."""
    trial = "TEST"
    """An installation in which there are no real records."""


class Move(NamedTuple):
    """One thing that happened: `who` did it to `version`, with a `word` of ours; `digest` of what it was about."""

    party: str
    instance: str
    seq: int
    act: Act
    version: int
    who: str
    word: str
    digest: bytes
    ref: UUID
    us: int


@dataclass(frozen=True, slots=True)
class Glass:
    """Somebody activated alone; a second person must look at it before `due_us`."""

    who: str
    version: int
    reason: str
    us: int

    @property
    def due_us(self) -> int:
        """Until when it may go unconfirmed."""
        return self.us + GLASS_US


class Found(NamedTuple):
    """The layout of a file that was tried: by move `seq`, with this version of the mapping; `digest` is its hash."""

    seq: int
    mapping: str
    digest: bytes
    who: str
    us: int


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """How an instance stands after its move `seq`.

    `held` are its credentials by the move that gave them, below nought by the move that took them away; `staged` those that
    wait for activation or rotation. `changed_by` is who last changed anything of it, `turned` the move that last changed what
    runs, `touched` the one that last changed what would be activated. `found` is the layout that goes with it.
    """

    instance: str
    party: PartyId
    seq: int = 0
    newest: int = 0
    active: int | None = None
    paused: bool = False
    ended: bool = False
    proposed_by: str | None = None
    changed_by: str = ""
    glass: Glass | None = None
    turned: int = 0
    touched: int = 0
    found: Found | None = None
    held: Mapping[str, int] = field(default_factory=lambda: _NONE)
    staged: Mapping[str, int] = field(default_factory=lambda: _NONE)

    @property
    def state(self) -> State:
        """In one word."""
        if self.ended:
            return State.ended
        if self.active is None:
            return State.draft
        return State.paused if self.paused else State.active

    @property
    def next_held(self) -> Mapping[str, int]:
        """The credentials as they will be once what is staged is taken over."""
        return MappingProxyType({**self.held, **self.staged})


def after(one: Standing, move: Move) -> Standing:
    """How it stands after one more thing."""
    one = replace(one, seq=move.seq)
    match move.act:
        case Act.create | Act.change | Act.rollback:
            return replace(one, newest=move.version, changed_by=move.who, proposed_by=None, touched=move.seq, found=None)
        case Act.credential | Act.remove:
            staged = {**one.staged, move.word: move.seq if move.act is Act.credential else -move.seq}
            return replace(one, staged=MappingProxyType(staged), changed_by=move.who, proposed_by=None, touched=move.seq)
        case Act.propose:
            return replace(one, proposed_by=move.who, touched=move.seq)
        case Act.layout:
            found = Found(move.seq, move.word, move.digest, move.who, move.us)
            return replace(one, touched=move.seq, found=found)
        case Act.activate | Act.break_glass:
            glass = one.glass if one.glass is None or one.glass.who == move.who else None
            if move.act is Act.break_glass:
                glass = one.glass or Glass(move.who, move.version, move.word, move.us)
            one = replace(_taken_over(one), touched=move.seq, found=None)
            return replace(one, active=move.version, paused=False, proposed_by=None, glass=glass)
        case Act.confirm:
            return replace(one, glass=None)
        case Act.rotate:
            return _taken_over(one)
        case Act.pause | Act.resume:
            return replace(one, paused=move.act is Act.pause)
        case Act.end:
            return replace(one, ended=True, held=_NONE, staged=_NONE)
        case Act.test | Act.dry_run | Act.sample:
            return one


def _taken_over(one: Standing) -> Standing:
    return replace(one, turned=one.seq, held=one.next_held, staged=_NONE)


def standing_of(moves: Sequence[Move]) -> Standing:
    """How the instance of these moves, in order, stands."""
    one = Standing(moves[0].instance, PartyId(moves[0].party))
    for move in moves:
        one = after(one, move)
    return one
