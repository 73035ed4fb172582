"""Entries about the hub itself and about what its staff do; each is durable before what it speaks of happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.audit.entry import EntryKind, event
from hub.domain.ids import new_ids
from hub.domain.staff import StaffId
from hub.domain.terms import LogId, PartyId, PurposeId
from hub.ports import About, Claim, Clock, Entropy, Recorder, RowSet, Subjects, WorkItem

OPERATION: Final = PurposeId("hub-beheer")
"""The purpose of entries about the hub itself: keeping it running and answerable (GDPR 28, 32)."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry that is in the log, durable: its `ref`, and the `size` of the log with it."""

    ref: UUID
    size: int


@dataclass(frozen=True, slots=True)
class Notes:
    """Writes entries in the operator's name, one at a time."""

    recorder: Recorder
    log_id: LogId
    operator: PartyId
    clock: Clock
    entropy: Entropy
    subjects: Subjects

    async def write(
        self,
        kind: EntryKind,
        operation: str,
        about: str,
        details: Mapping[str, str | int],
        *,
        by: StaffId | None = None,
        actor: PartyId | None = None,
        purpose: PurposeId = OPERATION,
        subject: bytes | None = None,
        touches: Sequence[Claim] = (),
        claims: Sequence[Claim] = (),
        rows: Sequence[RowSet] = (),
        ref: UUID | None = None,
    ) -> Noted:
        """The entry, with `touches`, `claims` and `rows` in its transaction; `by` stands in its details as `staff`.

        `subject` is a person's tag, by which the entry is found when that person asks. `actor` is the operator unless given,
        `ref` a new one. Raises Conflict when a claim does not hold, Retry when the log cannot be written, ValueError for a
        detail that could be a value.
        """
        who = actor or self.operator
        made, request_id = new_ids(2, self.clock.now_us(), self.entropy(16))
        ref = ref or made
        said = dict(details) if by is None else {**details, "staff": str(by)}
        entry = event(kind, self.log_id, ref, who, operation, purpose, about, said)
        if subject is not None:
            await self.subjects.link([About(who, subject, ref)])
        recorded = await self.recorder.record(
            WorkItem(request_id, who, (entry,), touches=tuple(touches), claims=tuple(claims), rows=tuple(rows))
        )
        return Noted(ref, recorded.size)
