"""What the steps need from outside, as protocols; `hub.app` hands in the real ones, tests their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from hub.domain.stages import Recorded
from hub.domain.terms import LogId, Micros, PartyId


class Clock(Protocol):
    """The one source of time."""

    def now_us(self) -> Micros: ...


class Entropy(Protocol):
    """The one source of random bytes."""

    def __call__(self, count: int, /) -> bytes: ...


class Signer(Protocol):
    """Signs checkpoints as the log. `name` is the log's origin, `vkey` its public key as a C2SP signed-note verifier key."""

    @property
    def name(self) -> str: ...
    @property
    def vkey(self) -> str: ...
    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A log entry but for its moment: canonical JSON up to and after the 16 digits of `us`, set when it is appended."""

    ref: UUID
    head: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that must touch exactly `expect` rows; otherwise someone else was first and the work item is a conflict."""

    statement: str
    args: tuple[Any, ...]
    expect: int


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows for one table, in the order of `columns`, written by COPY."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What must become durable together or not at all: log entries and the rows that belong to them.

    `claims` run first and may find a conflict; `rows` follow; `closing` statements run under the head's lock.
    """

    request_id: UUID
    party: PartyId
    entries: Sequence[Draft]
    claims: Sequence[Claim] = ()
    rows: Sequence[RowSet] = ()
    closing: Sequence[tuple[str, tuple[Any, ...]]] = ()


class Recorder(Protocol):
    """The way into the log.

    `record` returns once the item is durable, in the tree and under a signed checkpoint. Raises errors.Conflict when a claim
    found that someone was first (gather again and decide anew), errors.Retry when the log cannot be written now.
    """

    @property
    def log_id(self) -> LogId: ...
    async def record(self, item: WorkItem) -> Recorded: ...


class Proofs(Protocol):
    """Inclusion proofs from stored tiles: C2SP tlog-proof texts for entries by ref, all under one checkpoint."""

    async def receipts(self, refs: Sequence[UUID]) -> Mapping[UUID, str]: ...
