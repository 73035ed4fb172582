"""A way that decides by a simple rule and remembers in memory, for tests of the doors.

It keeps the promises that doors rely on: rejected rows go through `Intake.keep`, claims are honoured, a request is recalled
with the same answer, a delivery is handed over until it is acknowledged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid5

from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import KIND
from hub.domain.stages import Acknowledged, Delivered, Received
from hub.domain.terms import Micros, PartyId, ReasonCode
from hub.errors import Conflict, Refused
from hub.normalise import normalise
from hub.ports import Admitted, Handed, Intake, Outcome, RecordMapping, SealedRow, Tally
from hub.receive.store import Earlier

CHECKPOINT = "log.example.test/hub\n7\nY2hlY2twb2ludA==\n\n— log.example.test/hub c2lnbmF0dXJl\n"
RECEIPT = "c2sp.org/tlog-proof@v1\nindex 6\n\n" + CHECKPOINT
ENTRY = '{"kind":"disclosure"}'
RECIPIENTS = (PartyId("doorstroompunt-rijnmonde"), PartyId("jongerenloket-rotterdam"))


@dataclass
class FakeWay:
    """`trouble` is raised by the next call of anything; `conflicts` makes that many admissions conflict first."""

    keys: dict[tuple[str, bytes], Earlier] = field(default_factory=dict)
    admitted: dict[UUID, Admitted] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    held: dict[PartyId, dict[UUID, Delivered]] = field(default_factory=dict)
    trouble: BaseException | None = None
    conflicts: int = 0

    async def admit(self, received: Received, mapping: RecordMapping, intake: Intake, /) -> Admitted:
        self._stumble()
        records, rejected = normalise(received.rows, mapping)
        seen = any(each.rows[0].raw.reveal() == received.rows[0].raw.reveal() for each in self.received)
        tally = Tally(0 if seen else len(records), len(rejected), len(records) if seen else 0)
        intake.keep(received, [SealedRow(received.request_id, r.row.number, r.faults, b"", 1) for r in rejected])
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("Someone was first.")
        for claim in intake.claims(received, tally):
            for row in claim.rows:
                self._claim(row)
        outcomes = tuple(
            Outcome(uuid5(received.request_id, each), each, not number, (ReasonCode("GEEN_GRONDSLAG"),) if number else ())
            for number, each in enumerate(RECIPIENTS)
        )
        admitted = Admitted(received.request_id, tally, outcomes, {each.ref: RECEIPT for each in outcomes}, CHECKPOINT)
        self.received.append(received)
        self.admitted[received.request_id] = admitted
        return admitted

    def _claim(self, row: tuple[Any, ...]) -> None:
        _log_id, party, key_digest, body_digest, request_id, _created = row
        if (party, key_digest) in self.keys:
            raise Conflict("Someone was first.")
        self.keys[party, key_digest] = Earlier(body_digest, request_id)

    async def admit_list(
        self, chunks: AsyncIterator[Received], mapping: RecordMapping, intake: Intake, /
    ) -> AsyncIterator[Admitted]:
        async for received in chunks:
            yield await self.admit(received, mapping, intake)

    async def recall(self, party: PartyId, request_id: UUID, /) -> Admitted:
        self._stumble()
        if not any(each.party == party and each.request_id == request_id for each in self.received):
            raise Refused("The request was refused.", "It is not this party's.")
        return self.admitted[request_id]

    async def release_one(self, recipient: PartyId, delivery_id: UUID, /) -> Handed:
        handed = await self.release(recipient, 500)
        return Handed(tuple(one for one in handed.deliveries if one.delivery_id == delivery_id), handed.checkpoint, 0)

    async def release(self, recipient: PartyId, limit: int, /) -> Handed:
        self._stumble()
        held = list(self.held.get(recipient, {}).values())
        return Handed(tuple(held[:limit]), CHECKPOINT, max(0, len(held) - limit))

    async def acknowledge(self, recipient: PartyId, delivery_ids: Sequence[UUID], /) -> tuple[Acknowledged, ...]:
        self._stumble()
        held = self.held.get(recipient, {})
        return tuple(Acknowledged(each, recipient, Micros(1)) for each in delivery_ids if held.pop(each, None))

    def hold(self, delivery_id: UUID, recipient: PartyId, payload: bytes) -> None:
        """Let a delivery wait for `recipient`."""
        delivered = Delivered(delivery_id, recipient, PartyId("duo-vsv"), KIND, Personal(payload), ENTRY, RECEIPT)
        self.held.setdefault(recipient, {})[delivery_id] = delivered

    def _stumble(self) -> None:
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble


@dataclass
class FakeIdempotency:
    """The memory of keys that `FakeWay` fills."""

    way: FakeWay

    async def find(self, party: PartyId, key_digest: bytes, /) -> Earlier | None:
        found = self.way.keys.get((party, key_digest))
        return None if found is None else replace(found)
