"""What is run, how it went, and what is known of an instance between runs. Pure types."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.connector import Trouble
from hub.domain.terms import ConnectorId, Count, Micros, PartyId
from hub.schedule import Schedule, Window

STILL_S: Final = 900.0
"""Seconds without a sign of progress after which a run is ended."""
_NONE: Final = Count(0)


class RunOutcome(StrEnum):
    """How a run ended; the words of the history."""

    running = "loopt"
    done = "klaar"
    failed = "mislukt"
    silent = "verlopen"
    """It showed no progress for too long and was ended."""
    cancelled = "gestopt"
    """Somebody stopped it; what was admitted stays, and 'resume' goes on from there."""
    broken_off = "afgebroken"
    """Its process ended before it did; the next run goes on from there."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run found: files that it dealt with, those refused among them, and files that are not at rest yet.

    `cut` where it was stopped before it was through. Where its rows went is counted elsewhere, in the transaction that admits
    them (`RunContext.run_id`).
    """

    files: Count = _NONE
    refused: Count = _NONE
    waiting: Count = _NONE
    cut: bool = False


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run is given. It asks `goes_on` between chunks, says `moved` when it gets on, and takes a `turn` per call."""

    run_id: UUID
    stop: asyncio.Event
    moved: Callable[[], None]
    turn: Callable[[], Awaitable[None]]

    def goes_on(self) -> bool:
        """False once somebody stopped the run, or its process is to end."""
        return not self.stop.is_set()


@dataclass(frozen=True, slots=True)
class Job:
    """One instance as it is run. `version` says which configuration it is of: another one is tried at once.

    `concurrency` bounds the runs at this partner at a time (of several instances the smallest holds), `per_minute` the calls,
    `still_s` the seconds without progress.
    """

    id: ConnectorId
    party: PartyId
    schedule: Schedule
    run: Callable[[RunContext], Awaitable[RunReport]] = field(compare=False)
    window: Window = field(default_factory=Window)
    concurrency: int = 1
    per_minute: int | None = None
    still_s: float = STILL_S
    version: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an instance between runs, shared by all workers.

    `slot_us` is the moment of its schedule that was run last, `owed` whether that run was cut short, `asked_us` when somebody
    asked for a run, `cancelled_us` since when it stands still by hand. `failures` in a row, of `trouble`, bar it until
    `closed_us`; `barred` where somebody must change something first. `run_id` is the run that has not ended; `mended` whether
    another mapping was put into use since the last one.
    """

    slot_us: int | None = None
    owed: bool = False
    asked_us: int | None = None
    cancelled_us: int | None = None
    failures: int = 0
    trouble: Trouble = Trouble.none
    closed_us: int = 0
    barred: bool = False
    version: str = ""
    run_id: UUID | None = None
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One line of the history: one run, or `times` runs on end that found nothing and went alike.

    `rows` came in; accepted, quarantined and duplicate add up to them.
    """

    run_id: UUID
    connector: ConnectorId
    party: PartyId
    started_us: Micros
    ended_us: Micros | None
    outcome: RunOutcome
    trouble: Trouble | None
    asked: bool
    resumed_from: UUID | None
    times: Count
    files: Count
    refused: Count
    rows: Count
    accepted: Count
    quarantined: Count
    duplicate: Count
