"""How many questions a party may ask in an hour, so that nobody goes through a register person by person."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from hub.domain.terms import Micros, PartyId
from hub.errors import Retry

HOUR_US: Final = 3_600_000_000
USUAL: Final = 500
"""Questions in an hour: what fifty people at work ask, and far less than a region has young people."""


class TooMany(Retry):
    """A party asked as much as it may for now."""

    def __init__(self, after_s: int) -> None:
        super().__init__(
            "This register is not asked now.",
            "Your organisation has asked as many questions as it may in an hour.",
            "Ask again later; the administrator can say how many you may ask.",
            after_s=after_s,
        )


@dataclass(slots=True)
class Pace:
    """Counts the questions of each party over the hour before; each process of the hub counts its own."""

    per_hour: int
    _asked: dict[PartyId, deque[Micros]] = field(default_factory=dict)

    def take(self, asker: PartyId, now: Micros) -> None:
        """One more question. Raises TooMany where that is too many; then it does not count."""
        asked = self._asked.setdefault(asker, deque())
        while asked and asked[0] <= now - HOUR_US:
            asked.popleft()
        if len(asked) >= self.per_hour:
            raise TooMany(max(1, -(-(asked[0] + HOUR_US - now) // 1_000_000)))
        asked.append(now)
