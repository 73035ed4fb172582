"""What is known of a delivery while it is sent, and of the system that it is sent to. Pure types."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.domain.stages import Held
from hub.domain.terms import Micros


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery that this process may send. `alone`: in a page by itself; `failed_us`: since when it does not succeed;
    `strikes`: how often that was its own doing."""

    held: Held
    alone: bool
    held_us: Micros
    failed_us: Micros | None
    strikes: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """A delivery that waits again, not before `due_us`; `failed_us` is since when it fails and `strikes` how often that was
    its own doing (None: as it was)."""

    delivery_id: UUID
    due_us: Micros
    alone: bool
    failed_us: Micros | None
    strikes: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How a recipient's system is doing. With `failures`, nothing is sent before `closed_us`, and then one delivery."""

    on_hold: bool
    failures: int
    closed_us: Micros
    succeeded_us: Micros | None
    failed_us: Micros | None
