"""The stages of a record on its way. Each is frozen and constructed by its own step alone (`tests/unit/test_architecture.py`).

A step that is skipped does not type-check: `protect` takes only verdicts, the recorder only what is protected, the worker only
what is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ConnectorId,
    ElementName,
    Form,
    Interface,
    LogId,
    Micros,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it came. `number` is its line in the file (the header is line 1), or 1 for a message.

    `content` is what the mapping reads (cells of a file by column name, or a body); `raw` the bytes to keep if it cannot be
    read. `fault` is set where the reader already found it torn.
    """

    number: int
    content: Personal[Any]
    raw: Personal[bytes]
    fault: ReasonCode | None = None


@dataclass(frozen=True, slots=True)
class DropPlace:
    """Which part of a file these rows are: the rows after line `done_before` up to and including line `done_after`."""

    drop_id: UUID
    connector: ConnectorId
    done_before: int
    done_after: int


@dataclass(frozen=True, slots=True)
class Received:
    """1. What came in: from whom, when, through which door. `key_digest` and `body_digest` (keyed) make a write idempotent."""

    party: PartyId
    log_id: LogId
    interface: Interface
    request_id: UUID
    received_us: Micros
    rows: tuple[Row, ...]
    place: DropPlace | None = None
    key_digest: bytes | None = None
    body_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Canonical:
    """2. One record in our own form, validated; `row` is where it came from."""

    record: PersonRecord
    row: Row


@dataclass(frozen=True, slots=True)
class Rejected:
    """2. One row that cannot be read or routed, with the fields and codes of what is wrong; goes to quarantine."""

    row: Row
    faults: tuple[tuple[str, ReasonCode], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipient that the route considers. `provider` is who gives: the source, or an earlier candidate that passes it on.

    `controllers` are the parties under whose responsibility it happens, giver first.
    """

    recipient: PartyId
    provider: PartyId
    controllers: tuple[PartyId, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a clause permits, worked out once and shared by all records that it permits alike.

    `fields` pass, each in its form and in this order; `withheld` do not, each with its reason. `retention` says how long
    the recipient may keep it, as the policy words it (an ISO 8601 duration or a named event). `personal` are the codes among
    the withheld that say something about the young person: never in the log in clear.
    """

    agreement: AgreementId
    clause: ClauseId
    purpose: PurposeId
    processing_activity: str
    bases: tuple[BasisId, ...]
    fields: tuple[tuple[ElementName, Form], ...]
    withheld: tuple[tuple[ElementName, ReasonCode], ...]
    obligations: tuple[str, ...]
    retention: str
    policy: PolicyHash
    sole_basis: Mapping[ElementName, BasisId] = field(default_factory=dict)
    personal: frozenset[ReasonCode] = frozenset()


@dataclass(frozen=True, slots=True)
class Permitted:
    """3. This record may go to this recipient, so far and no further, until `valid_until`."""

    canonical: Canonical
    candidate: Candidate
    grant: Grant
    valid_until: date


@dataclass(frozen=True, slots=True)
class Refused:
    """3. This record may not go to this recipient; `reasons` name every gate that is shut, first gate first.

    `personal` are the codes among them that say something about the young person: they are sealed, never in the log in clear.
    """

    canonical: Canonical
    candidate: Candidate
    purpose: PurposeId | None
    agreement: AgreementId | None
    reasons: tuple[ReasonCode, ...] = field(repr=False)
    personal: frozenset[ReasonCode] = field(repr=False)
    policy: PolicyHash


Verdict = Permitted | Refused


@dataclass(frozen=True, slots=True)
class Protected:
    """4. A verdict that may be written down: `sealed` is the payload under the person's key (None for a refusal).

    `ref` is the delivery's or refusal's own id; `digest` (of the payload), `facts_digest`, `nonce` and `commitment` stand in
    the log and tell nothing without the person's key.
    """

    ref: UUID
    verdict: Verdict
    sealed: bytes | None = field(repr=False)
    digest: bytes
    facts_digest: bytes
    nonce: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class ProtectedRecord:
    """4. Everything of one record: its verdicts protected, and the facts they rest on, sealed under the person's key."""

    record_id: UUID
    content_digest: bytes
    subject_tag: bytes
    sealed_facts: bytes
    verdicts: tuple[Protected, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """5. In the log, durable and under a signed checkpoint of `size` entries.

    Where receipts were asked for: `receipts` has a tlog-proof per ref, and `entries` the entry that it proves, verbatim.
    """

    log_id: LogId
    request_id: UUID
    size: int
    checkpoint: str
    receipts: Mapping[UUID, str]
    entries: Mapping[UUID, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """5. One delivery that waits for its recipient, still sealed; `record_id` leads to the facts that it was decided by.

    `statements` counts what its young person stated while it waited: decided anew before that, it is decided once more.
    """

    delivery_id: UUID
    source: PartyId
    record_kind: RecordKind
    subject_tag: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    attempts: int
    record_id: UUID | None
    statements: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How one of a recipient's own deliveries stands.

    `handed` over, and perhaps `acknowledged`; or `ended`: it failed or was stopped, and waits for someone to mend that.
    """

    delivery_id: UUID
    source: PartyId
    attempts: int
    handed: bool
    acknowledged: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """6. Handed to its recipient, after the entry that says so was recorded. `payload` is the permitted record as JSON.

    `entry` is the log's entry of this disclosure, verbatim, and `receipt` the tlog-proof that it is in the log.
    """

    delivery_id: UUID
    recipient: PartyId
    source: PartyId
    record_kind: RecordKind
    payload: Personal[bytes]
    entry: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """7. The recipient says that it has it."""

    delivery_id: UUID
    recipient: PartyId
    acknowledged_us: Micros
