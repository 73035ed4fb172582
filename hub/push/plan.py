"""What to do after a page was not confirmed: when it is tried again, whether by itself, and when it is given up. Pure.

Two things can be wrong, and they want opposite treatment. When the recipient's *system* is ill, everything for it waits, one
delivery now and then tries whether it is well again, and nothing is given up, however long that takes. When one *delivery* is
what the system cannot take, it must hold up no other: it goes by itself, ever more rarely, and ends as a dead letter. Which of
the two it is shows from the others: a delivery is to blame only if something else was confirmed since it first failed. Only
that counts against it, and being told by itself that it is not accepted, and not what it went through while the system was ill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from hub.deliver.lease.model import Back, Health, Leased
from hub.domain.terms import Micros, ReasonCode

MOST_STRIKES: Final = 20
"""How often a delivery may be to blame: with pauses of some minutes at the end, it goes on for about an hour."""
TOO_LONG: Final = ReasonCode("TE_LANG_NIET_BEZORGD")
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """Pauses double from `first_s` to `longest_s`; one that asks for someone's help begins at `barred_s`."""

    first_s: float = 1.0
    longest_s: float = 300.0
    barred_s: float = 30.0

    def pause(self, times: int, luck: float, at_least_s: float = 0.0) -> int:
        """Microseconds to wait after the `times`-th failure in a row; `luck` from 0 to 1 spreads those who wait.

        Half of the pause is certain and half is luck, so that many who failed at once do not come back at once.
        """
        whole = min(self.longest_s, self.first_s * 2 ** min(max(times, 1) - 1, 30))
        return int(_SECOND * max(whole * (0.5 + 0.5 * luck), at_least_s))


class Failure(StrEnum):
    """How a page failed."""

    unreached = "unreached"
    """Nothing of it can have arrived, or the system itself asked for a pause."""
    unclear = "unclear"
    """It may have arrived; what came back is no answer."""
    rejected = "rejected"
    """The system does not accept it as it is."""
    barred = "barred"
    """The system lets the hub not in, until somebody changes something."""


@dataclass(frozen=True, slots=True)
class Plan:
    """After a failure: what is tried again and when, what is a dead letter and why, and until when nothing goes there."""

    back: Sequence[Back]
    dead: Mapping[UUID, ReasonCode] = field(default_factory=lambda: MappingProxyType({}))
    closed_until: Micros | None = None


def after_failure(
    failure: Failure,
    cause: ReasonCode,
    page: Sequence[Leased],
    health: Health,
    now: Micros,
    luck: float,
    pace: Pace,
    asked_s: float = 0.0,
) -> Plan:
    """What follows from a failed page. `asked_s`: the pause that the system asked for, in seconds."""
    at_least = max(asked_s, pace.barred_s if failure is Failure.barred else 0.0)
    closed = Micros(now + pace.pause(health.failures + 1, luck, at_least))
    if failure is Failure.rejected and len(page) > 1:
        return Plan([Back(one.held.delivery_id, now, True, one.failed_us or now) for one in page])
    apart = failure is Failure.unclear or failure is Failure.rejected
    if len(page) > 1 or not apart:
        return Plan([Back(one.held.delivery_id, closed, apart, one.failed_us or now) for one in page], closed_until=closed)
    (one,) = page
    blamed = _is_to_blame(one, health)
    strikes = one.strikes + (blamed or failure is Failure.rejected)
    if blamed and (failure is Failure.rejected or strikes >= MOST_STRIKES):
        return Plan((), {one.held.delivery_id: cause})
    if strikes >= MOST_STRIKES:
        return Plan((), {one.held.delivery_id: TOO_LONG}, closed)
    due = Micros(now + pace.pause(strikes, luck)) if blamed else closed
    back = [Back(one.held.delivery_id, due, True, one.failed_us or now, strikes)]
    return Plan(back, closed_until=None if blamed else closed)


def _is_to_blame(one: Leased, health: Health) -> bool:
    """It failed before, and since then, and since anything failed, something else was confirmed."""
    return (
        one.failed_us is not None
        and health.succeeded_us is not None
        and health.succeeded_us > max(one.failed_us, health.failed_us or Micros(0))
    )
