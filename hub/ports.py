"""What the steps need from outside, as protocols; `hub.app` hands in the real ones, tests their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from hub.domain.record import PersonRecord
from hub.domain.stages import Acknowledged, Delivered, Received, Recorded, Row
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode


class KeyedDigest(Protocol):
    """A 32-byte keyed digest (BLAKE2b, RFC 7693) of `data`; `label` keeps uses apart.

    The only digest of anything about persons.
    """

    def __call__(self, label: str, data: bytes, /) -> bytes: ...


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


class Draft(NamedTuple):
    """A log entry but for its moment: canonical JSON up to and after the 16 digits of `us`, set when it is appended."""

    ref: UUID
    head: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A condition: `statement` must touch one row for each of `rows`, else someone was first and the item is a conflict.

    The statement takes an array per column of `rows`, so that the claims of many items run as one.
    """

    statement: str
    rows: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows for one table, in the order of `columns`, written by COPY."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Tally:
    """Where the rows of one batch went; the three add up to the rows received."""

    accepted: int
    quarantined: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What must become durable together or not at all: log entries and the rows that belong to them.

    `touches` run first, whatever they find; `claims` then, and may find a conflict; `rows` follow; `closing` statements run
    under the head's lock and cannot fail. `tally` is kept with the request, so that the same request can be answered again.
    `receipts` names the entries that a proof is asked for.
    """

    request_id: UUID
    party: PartyId
    entries: Sequence[Draft]
    touches: Sequence[Claim] = ()
    claims: Sequence[Claim] = ()
    rows: Sequence[RowSet] = ()
    closing: Sequence[Claim] = ()
    tally: Tally | None = None
    receipts: Collection[UUID] = ()


class About(NamedTuple):
    """That an entry of the log, by its ref, is about the person with this tag; `party` had it written."""

    party: PartyId
    tag: bytes
    ref: UUID


class Subjects(Protocol):
    """Keeps whom entries are about. `link` returns once it is durable; what it names may never come to be recorded."""

    async def link(self, about: Sequence[About], /) -> None: ...


class Recorder(Protocol):
    """The way into the log.

    `record` returns once the item is durable, in the tree and under a signed checkpoint. Raises errors.Conflict when a claim
    found that someone was first (gather again and decide anew), errors.Retry when the log cannot be written now.
    """

    @property
    def log_id(self) -> LogId: ...
    async def record(self, item: WorkItem) -> Recorded: ...


class RecordMapping(Protocol):
    """Reads one row into a canonical record. Raises errors.Malformed with every fault by field and reason code."""

    @property
    def version(self) -> str: ...
    def read(self, row: Row, /) -> PersonRecord: ...


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row in quarantine: its number and faults in clear, its content sealed under the hub's quarantine key `key_version`."""

    quarantine_id: UUID
    row_number: int
    faults: tuple[tuple[str, ReasonCode], ...]
    sealed: bytes
    key_version: int


class Intake(Protocol):
    """What the door adds to the work item, so that its own bookkeeping is durable with the records or not at all.

    `keep` comes first and gives the rows for what was rejected, or raises errors.Malformed where the door answers its caller
    instead of keeping. `tally` says how the batch counts (rows that come back from quarantine were counted before). `claims`
    are the door's conditions (a file's cursor moves on, an idempotency key is new).
    """

    def tally(self, tally: Tally, /) -> Tally: ...
    def claims(self, received: Received, tally: Tally, /) -> Sequence[Claim]: ...
    def keep(self, received: Received, rejected: Sequence[SealedRow], /) -> Sequence[RowSet]: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided for one recipient; `ref` is the delivery's or refusal's id. Personal reasons read `PERSOONLIJK`."""

    ref: UUID
    recipient: PartyId
    permitted: bool
    reasons: tuple[ReasonCode, ...]


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of a batch: in the log, durable; per ref its entry and receipt where these were asked for."""

    request_id: UUID
    tally: Tally
    outcomes: tuple[Outcome, ...]
    receipts: Mapping[UUID, str]
    checkpoint: str | None
    entries: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handed:
    """A page of deliveries, all under one checkpoint; `waiting` counts what is held for the recipient beyond this page."""

    deliveries: tuple[Delivered, ...]
    checkpoint: str
    waiting: int


class Way(Protocol):
    """The way of a record as the doors see it; `hub.route.Route` is the one there is."""

    async def admit(self, received: Received, mapping: RecordMapping, intake: Intake, /) -> Admitted: ...
    def admit_list(
        self, chunks: AsyncIterator[Received], mapping: RecordMapping, intake: Intake, /
    ) -> AsyncIterator[Admitted]: ...
    async def recall(self, party: PartyId, request_id: UUID, /) -> Admitted: ...
    async def release(self, recipient: PartyId, limit: int, /) -> Handed: ...
    async def release_one(self, recipient: PartyId, delivery_id: UUID, /) -> Handed: ...
    async def acknowledge(self, recipient: PartyId, delivery_ids: Sequence[UUID], /) -> tuple[Acknowledged, ...]: ...
