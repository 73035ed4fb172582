"""The space of questions on one way and one day, under two policies that are compared. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Final

from hub.consent.table import ClauseRow, Lane


@dataclass(frozen=True, slots=True)
class Row:
    """A permit on one step of one side's way, and the bit that stands for it."""

    bit: int
    lane: Lane
    clause: ClauseRow


Written = Callable[[int, int, ClauseRow], Hashable]
"""What a permit says beside its row, by side and step: equal where it grants the same."""


columns: Final[Callable[[ClauseRow], Hashable]] = attrgetter(*(name for name in ClauseRow.__slots__ if name != "grant"))
"""All that the gates of a permit ask on its day."""


def around(lane: Lane) -> Hashable:
    """What a lane decides by beside its permits."""
    return lane.forbids, lane.bars, lane.giver_area, lane.recipient_area, lane.addressed, lane.silent, lane.one_purpose


@dataclass(frozen=True, slots=True)
class Space:
    """One way of data on one day, under two policies: the lanes of either, step by step.

    `alike` says that whatever is decided by beside the permits is the same on both sides.
    """

    day: date
    sides: tuple[tuple[Lane, ...], tuple[Lane, ...]]
    written: Written
    alike: bool

    def lanes(self) -> Iterator[Lane]:
        """All lanes of both sides."""
        for lanes in self.sides:
            yield from lanes
