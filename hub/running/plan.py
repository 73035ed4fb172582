"""When an instance is run next, and for how long it is left alone after a failure. Pure.

A failure that passes by itself is tried again after a pause that doubles, with luck in it, up to a quarter of an hour. One that
somebody must mend opens the circuit: one try an hour, at once when the configuration changes or somebody asks for it. What is
wrong with the hub itself is held against no partner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from hub.connector import SourceAway, Trouble, trouble_of
from hub.domain.terms import Micros
from hub.errors import HubError, Refused, Retry
from hub.running.model import Job, Standing

_SECOND: Final = 1_000_000
_FIRST_S: Final = 15.0
_LONGEST_S: Final = 900.0
_BARRED_S: Final = 3600.0
_OWN_S: Final = 2.0
_BACKSTOP_US: Final = 60 * _SECOND


@dataclass(frozen=True, slots=True)
class Due:
    """When to run: from `at_us` on, for the moment `slot_us` of its schedule; `asked` where somebody asked for it."""

    at_us: Micros
    slot_us: int | None
    asked: bool = False


def next_due(job: Job, known: Standing, now: int, rung_us: int | None = None) -> Due | None:
    """When this instance is due; None while it stands still by hand. `rung_us`: when something was brought for it.

    What was asked for is due at once, outside its window too; what was cut short as soon as the window allows.
    """
    if known.cancelled_us is not None:
        return None
    slot = _slot(job, known, now, rung_us)
    if known.asked_us is not None:
        return Due(Micros(now), _passed(slot, now, known), asked=True)
    if known.closed_us > now and known.version == job.version and not known.mended:
        return Due(job.window.opens(known.closed_us), _passed(slot, known.closed_us, known))
    if known.owed or known.run_id is not None:
        return Due(job.window.opens(now), _passed(slot, now, known))
    return Due(job.window.opens(max(now, slot)), slot)


def is_new(job: Job, known: Standing | None) -> bool:
    """Whether nothing is written down yet from which a missed moment could be told."""
    return known is None or (known.slot_us is None and first_slot(job, 1) is not None)


def first_slot(job: Job, now: int) -> int | None:
    """From when on the moments of a new instance count: by the clock from now on. On a grid it is due at once."""
    return now if job.schedule.kind in ("daily", "weekly", "monthly") else None


def _slot(job: Job, known: Standing, now: int, rung_us: int | None) -> int:
    """The moment of the schedule that is due next. What is rung for has none: a bell that is not heard costs a minute."""
    if (by_clock := job.schedule.next_after(now, known.slot_us, job.id)) is not None:
        return by_clock
    last = known.slot_us or 0
    return now if rung_us is not None and last < rung_us else max(now, last + _BACKSTOP_US)


def _passed(slot: int, at: int, known: Standing) -> int | None:
    """A run out of turn is also that of a moment that has come meanwhile."""
    return slot if slot <= at else known.slot_us


def after_failure(known: Standing, error: BaseException, now: int, luck: float) -> Standing:
    """What is known after a run failed; `luck` from 0 to 1 spreads those who failed together."""
    trouble = trouble_of(error)
    if isinstance(error, Retry) and not isinstance(error, SourceAway) and trouble is Trouble.hub_busy:
        wait = max(_OWN_S, float(error.after_s)) * (0.5 + 0.5 * luck)
        return replace(known, owed=True, closed_us=now + int(wait * _SECOND))
    failures = known.failures + 1
    barred = isinstance(error, HubError) and not isinstance(error, Retry | Refused)
    if barred:
        wait = _BARRED_S * (0.9 + 0.1 * luck)
    else:
        whole = min(_LONGEST_S, _FIRST_S * 2 ** min(failures - 1, 10))
        asked = float(error.after_s) if isinstance(error, Retry) else 0.0
        wait = max(asked, whole * (0.5 + 0.5 * luck))
    closed = now + int(wait * _SECOND)
    return replace(known, owed=True, failures=failures, trouble=trouble, closed_us=closed, barred=barred)


def after_success(known: Standing) -> Standing:
    """The circuit is closed again."""
    return replace(known, owed=False, failures=0, trouble=Trouble.none, closed_us=0, barred=False)
