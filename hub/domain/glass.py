"""Breaking the glass: what takes two persons, done by one, for a reason; a second one looks at it within three days. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.errors import Refused

GLASS_US: Final = 3 * 86_400_000_000
"""Within which a second person confirms what one did alone, in microseconds."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Who did something alone, for which reason, and when; another must look at it before `due_us`."""

    who: str
    reason: str
    us: int

    @property
    def due_us(self) -> int:
        """Until when it may go unconfirmed."""
        return self.us + GLASS_US


def check_second(glass: Broken | None, by: str) -> Broken:
    """A second person looks at what one did alone. Raises Refused where nothing waits for that, or it is the same person."""
    if glass is None:
        raise Refused("There is nothing to confirm.", "Nobody did this alone, or it was confirmed.", "Look again.")
    if glass.who == by:
        raise Refused("You cannot confirm this yourself.", "You did it alone.", "Ask a colleague.")
    return glass


def check_whole(glass: Broken | None) -> None:
    """Nothing lies unconfirmed. Raises Refused where something does: the glass is broken once, not day after day."""
    if glass is not None:
        raise Refused(
            "The glass is broken already.",
            "What was done alone before is not confirmed yet.",
            "Have a second person confirm that first.",
        )
