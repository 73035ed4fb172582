"""What waits for one recipient, in memory, as `hub.deliver.lease.store` keeps it; and a system that does as it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.connector import Rejected, Said, Sent
from hub.deliver.lease.model import Back, Health, Leased
from hub.domain.stages import Held
from hub.domain.terms import Micros, PartyId, ReasonCode, RecordKind
from hub.errors import Conflict, Retry
from hub.http import INVALID, REFUSED, Away, Barred
from hub.push.worker import BUSY
from tests.fakes.recorder import Clock

SECOND = 1_000_000
WAITING, BLOCKING = ("held", "handed"), ("held", "handed", "failed")


@dataclass
class Row:
    """One delivery. `kind` says what the system makes of it, however well it is: good, poison, rejected, refused, silent."""

    id: UUID
    person: int
    kind: str
    state: str = "held"
    attempts: int = 0
    due: int | None = None
    lease: UUID | None = None
    alone: bool = False
    failed: int | None = None
    strikes: int = 0
    cause: str = ""

    @property
    def held(self) -> Held:
        tag = self.person.to_bytes(16)
        return Held(self.id, PartyId("duo"), RecordKind("uitvalmelding"), tag, b"", b"", b"", self.attempts, None)


@dataclass
class Queue:
    """The store of leases, and of how the recipient's system is doing."""

    clock: Clock
    rows: dict[UUID, Row] = field(default_factory=dict)
    failures: int = 0
    closed: int = 0
    succeeded_us: int | None = None
    failed_us: int | None = None
    on_hold: bool = False
    gone: bool = False

    def add(self, person: int, kind: str = "good") -> Row:
        """One more that waits."""
        row = Row(UUID(int=len(self.rows) + 1), person, kind)
        self.rows[row.id] = row
        return row

    def waiting(self) -> list[Row]:
        """What is not at its end."""
        return [row for row in self.rows.values() if row.state in WAITING]

    def first(self, row: Row) -> bool:
        """Whether nothing of that person goes before it."""
        return not any(
            other.person == row.person and other.id < row.id and other.state in BLOCKING for other in self.rows.values()
        )

    def _there(self) -> None:
        if self.gone:
            raise Retry("The process was killed: it reaches nothing any more.")

    async def health(self, *_: Any) -> Health:
        self._there()
        moments = (None if us is None else Micros(us) for us in (self.succeeded_us, self.failed_us))
        return Health(self.on_hold, self.failures, Micros(self.closed), *moments)

    async def probe(self, _engine: Any, _log: Any, _party: Any, now: int, until: int, _part: Any) -> bool:
        self._there()
        if self.failures and self.closed <= now:
            self.closed = until
            return True
        return False

    async def reopen(self, _engine: Any, _log: Any, _party: Any, until: int, now: int, _part: Any) -> None:
        self._there()
        if self.closed == until:
            self.closed = now

    async def lease(
        self, _engine: Any, _party: Any, lease_id: UUID, most: int, now: int, until: int, _part: Any
    ) -> list[Leased]:
        return self._lease(self._due(now), lease_id, most, until)

    async def lease_one(
        self, _engine: Any, _party: Any, lease_id: UUID, now: int, until: int, _part: Any, *, newest: bool
    ) -> list[Leased]:
        due = self._due(now)
        fresh = [row for row in due if row.failed is None][:: -1 if newest else 1]
        turn = sorted((row for row in due if row.failed is not None), key=lambda row: (row.due or 0, row.id))
        return self._lease(fresh or turn, lease_id, 1, until)

    def _due(self, now: int) -> list[Row]:
        self._there()
        return sorted(
            (row for row in self.waiting() if (row.due is None or row.due <= now) and self.first(row)), key=lambda row: row.id
        )

    def _lease(self, rows: list[Row], lease_id: UUID, most: int, until: int) -> list[Leased]:
        for row in rows[:most]:
            row.lease, row.due = lease_id, until
        return [
            Leased(row.held, row.alone, Micros(0), None if row.failed is None else Micros(row.failed), row.strikes)
            for row in rows[:most]
        ]

    async def put_back(self, _engine: Any, lease_id: UUID, back: Sequence[Back]) -> None:
        self._there()
        for one in back:
            row = self.rows[one.delivery_id]
            assert row.state in WAITING
            if row.lease == lease_id:
                row.lease, row.due, row.alone = None, one.due_us, row.alone or one.alone
                row.failed = row.failed if one.failed_us is None else one.failed_us
                row.strikes = row.strikes if one.strikes is None else one.strikes

    async def next_due(self, _engine: Any, _party: Any, now: int, _part: Any) -> Micros | None:
        return min((Micros(row.due) for row in self.waiting() if row.due is not None and row.due > now), default=None)

    async def failed(
        self, _engine: Any, _log: Any, _party: Any, until: int, _cause: Any, now: int, _part: Any, *, trying: bool = False
    ) -> None:
        self._there()
        if trying or not self.failures:
            self.failures += 1
        self.closed = until if trying else max(self.closed, until)
        self.failed_us = now

    async def succeeded(self, _engine: Any, _log: Any, _party: Any, now: int, _part: Any) -> None:
        self._there()
        if self.failures or self.succeeded_us is None or self.succeeded_us < now - SECOND:
            self.failures, self.closed, self.succeeded_us = 0, 0, now

    async def fail(self, _recipient: PartyId, causes: Mapping[UUID, ReasonCode], /) -> tuple[UUID, ...]:
        """As `hub.endings.Endings` has it."""
        self._there()
        ended = [self.rows[each] for each in causes if self.rows[each].state == "handed"]
        for row in ended:
            row.state, row.cause, row.lease, row.due = "failed", causes[row.id], None, None
        return tuple(row.id for row in ended)


@dataclass
class System:
    """A recipient's system in some `mode`, as `hub.route.Route.send` meets it. `meanwhile` runs while a page is on its way."""

    queue: Queue
    mode: str = "ok"
    calls: int = 0
    came: Counter[UUID] = field(default_factory=Counter)
    effects: list[UUID] = field(default_factory=list)
    refused: set[UUID] = field(default_factory=set)
    rejected: set[UUID] = field(default_factory=set)
    meanwhile: Callable[[], Awaitable[Any]] | None = None
    dies: str = ""

    async def send(self, _recipient: PartyId, lease_id: UUID, held: Sequence[Held], _sink: Any, /) -> Sent:
        rows = [self.queue.rows[one.delivery_id] for one in held]
        self._die("before")
        if any(row.lease != lease_id or row.state not in WAITING for row in rows):
            raise Conflict("The lease has passed to another.")
        assert all(self.queue.first(row) for row in rows), "the order about one person"
        for row in rows:
            row.state, row.attempts = "handed", row.attempts + 1
        self.calls += 1
        self._die("handed")
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        said = self._answer(rows)
        self._die("answered")
        for row in rows:
            if row.id in said.confirmed and row.state == "handed":
                row.state, row.lease, row.due = "acknowledged", None, None
        await self.queue.fail(PartyId("x"), said.refused)
        return Sent(said, frozenset(row.id for row in rows) - said.confirmed - said.refused.keys())

    def _die(self, moment: str) -> None:
        if self.dies == moment:
            self.dies, self.queue.gone = "", True
            raise Retry("killed")

    def _answer(self, rows: Sequence[Row]) -> Said:
        kinds = {row.kind for row in rows}
        self.came.update(row.id for row in rows)
        if self.mode == "unreached":
            raise Away(REFUSED, "away")
        if self.mode == "busy":
            raise Away(BUSY, "busy", after_s=120)
        if self.mode == "unclear" or "poison" in kinds:
            raise Away(INVALID, "unclear")
        if self.mode == "barred":
            raise Barred(ReasonCode("X"), "barred")
        if self.mode == "rejecting" or "rejected" in kinds:
            if len(rows) == 1:
                self.rejected.add(rows[0].id)
            raise Rejected(ReasonCode("X"), "rejected")
        refused = [row.id for row in rows if self.mode == "refusing" or row.kind == "refused"]
        self.refused |= set(refused)
        taken = [row.id for row in rows if row.id not in refused and row.kind != "silent"]
        self.effects += [each for each in taken if each not in self.effects]
        if self.mode == "mute":
            return Said()
        if self.mode == "partly":
            taken = taken[::2]
        return Said(frozenset(taken), dict.fromkeys(refused, ReasonCode("X")))
