"""What waits, as a type: for which roles, since when, until when, and for whom of these it is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from hub.domain.staff import Role, Staff
from hub.domain.terms import Micros


class What(StrEnum):
    """What can wait; closed."""

    objection = "objection"
    """A ruling of a controller (GDPR 12(3), 21)."""
    forgetting = "forgetting"
    notice = "notice"
    """A recipient that is late with its answer."""
    refused_notice = "refused-notice"
    informing = "informing"
    advice = "advice"
    activation = "activation"
    signature = "signature"
    ending = "ending"
    """Something of an agreement that ends soon, or has."""
    pruning = "pruning"
    review = "review"
    setup = "setup"
    unconfirmed = "unconfirmed"
    """A connector that one person activated alone."""
    mapping = "mapping"
    unconfirmed_mapping = "unconfirmed-mapping"
    layout = "layout"
    credential = "credential"
    move = "move"
    unconfirmed_move = "unconfirmed-move"
    move_unfinished = "move-unfinished"
    quarantine = "quarantine"
    failed = "failed"


OF_ADMINISTRATORS: Final = frozenset(
    {What.setup, What.mapping, What.layout, What.credential, What.move_unfinished, What.quarantine, What.failed}
)
"""What administrators do at their own desk."""
ALONE: Final = frozenset({What.unconfirmed, What.unconfirmed_mapping})
"""What one of them did alone: both desks see it."""


def anyone(_staff: Staff) -> bool:
    """Of these roles it is for whoever comes."""
    return True


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits: `about` names it in words or ids of ours, `key` is what its page is found by.

    `may` says which members of staff with one of these roles it is for: nobody decides on what they asked themselves.
    """

    what: What
    about: str
    roles: frozenset[Role]
    since_us: Micros | None = None
    until: date | None = None
    key: str = ""
    count: int = 1
    may: Callable[[Staff], bool] = field(default=anyone, repr=False, compare=False)

    def late(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until < today

    def waits_for(self, staff: Staff) -> bool:
        """Whether it is for this member of staff."""
        return not self.roles.isdisjoint(staff.roles) and self.may(staff)


@dataclass(frozen=True, slots=True)
class List:
    """All that waits. `unread` are the parts that could not be read: what of them waits, nobody knows."""

    items: tuple[Item, ...] = ()
    unread: tuple[str, ...] = ()

    def of(self, staff: Staff) -> tuple[Item, ...]:
        """What waits for this member of staff."""
        return tuple(one for one in self.items if one.waits_for(staff))

    def with_role(self, role: Role) -> tuple[Item, ...]:
        """What waits for anyone of that role."""
        return tuple(one for one in self.items if role in one.roles)


def by_urgency(items: Iterable[Item]) -> tuple[Item, ...]:
    """What ends first comes first; of what has no end, what waits longest."""
    return tuple(sorted(items, key=lambda one: (one.until or date.max, one.since_us or 0, one.what, one.about)))
