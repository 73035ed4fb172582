"""What is known of a delivery while it is sent, and of the system that it is sent to. Pure types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.domain.stages import Held
from hub.domain.terms import Micros, RecordKind


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of what waits for a recipient goes to one of its systems: these kinds of records; with `others` all but these.

    How a system is doing is kept under `name`. A recipient with a single system has one part, which is everything.
    """

    name: str = ""
    kinds: frozenset[RecordKind] = frozenset()
    others: bool = True


WHOLE: Final = Part()


def parts(carried: Mapping[str, frozenset[RecordKind]]) -> dict[str, Part]:
    """Divides what waits for one recipient among its systems, by the kinds of records that each of them carries.

    Of two that carry the same kind, the one that carries fewer kinds has it. What none carries goes to the one that carries
    most, whose word it is that it cannot be taken: nothing waits unseen.
    """
    *narrow, widest = sorted(carried, key=lambda name: (len(carried[name]), name))
    found: dict[str, Part] = {}
    taken: frozenset[RecordKind] = frozenset()
    for name in narrow:
        found[name] = Part(name, carried[name] - taken, others=False)
        taken |= carried[name]
    found[widest] = Part(kinds=taken)
    return found


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
