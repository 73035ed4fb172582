"""Deliver: what waits for a recipient. Held until fetched or sent; handed over again and again, until acknowledged.

Delivery is at least once with a stable delivery id, by which the recipient tells a repetition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.deliver import store
from hub.deliver.lease.store import claim_sending
from hub.domain.personal import Personal
from hub.domain.stages import Delivered, Held, ProtectedRecord, Standing
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode
from hub.ports import Claim, RowSet


@dataclass(frozen=True, slots=True)
class Outbox:
    """The deliveries of all recipients, each recipient's apart."""

    engine: AsyncEngine
    log_id: LogId

    def rows(self, records: Sequence[ProtectedRecord], held_us: Micros) -> RowSet:
        """What waits after this batch."""
        return store.rows_of(self.log_id, held_us, records)

    async def page(self, recipient: PartyId, limit: int, after: UUID | None = None) -> tuple[list[Held], int]:
        """The oldest `limit` deliveries (after that one) not acknowledged yet, and how many wait beyond them."""
        held, total = await store.page(self.engine, self.log_id, recipient, limit, after)
        return held, total - len(held)

    async def own(self, recipient: PartyId, delivery_ids: Sequence[UUID]) -> list[Standing]:
        """Those of the ids that are the recipient's own; of others nothing is said."""
        return await store.own(self.engine, recipient, delivery_ids)

    def handing_over(self, recipient: PartyId, held: Sequence[Held], now: Micros) -> Claim:
        """The condition that all of these are still to be handed over; marks them so."""
        return store.claim_hand_over(recipient, held, now)

    def acknowledging(self, recipient: PartyId, delivery_ids: Sequence[UUID], now: Micros) -> Claim:
        """The condition that all of these are still open; closes them and empties their payloads."""
        return store.claim_acknowledge(recipient, delivery_ids, now)

    def sending(self, recipient: PartyId, lease_id: UUID, held: Sequence[Held], now: Micros) -> Claim:
        """The condition that these are still ours to send; marks them handed over."""
        return claim_sending(recipient, lease_id, held, now)

    def ending(self, recipient: PartyId, ended: Sequence[tuple[UUID, ReasonCode]], state: store.Ended, now: Micros) -> Claim:
        """The condition that these still wait; they failed or were stopped, each for its cause."""
        return store.claim_end(recipient, ended, state, now)

    def resuming(self, recipient: PartyId, delivery_ids: Sequence[UUID]) -> Claim:
        """The condition that these failed or were stopped; they wait again."""
        return store.claim_resume(recipient, delivery_ids)

    def dropping(self, recipient: PartyId, delivery_ids: Sequence[UUID], now: Micros) -> Claim:
        """The condition that these failed or were stopped; they go no more."""
        return store.claim_drop(recipient, delivery_ids, now)


def hand_over(
    recipient: PartyId,
    held: Sequence[Held],
    payloads: Mapping[UUID, Personal[bytes]],
    proofs: Mapping[UUID, tuple[str, str]],
) -> tuple[Delivered, ...]:
    """The page as its recipient gets it: each payload with its log entry and the proof that the entry is in the log."""
    return tuple(
        Delivered(
            delivery_id=one.delivery_id,
            recipient=recipient,
            source=one.source,
            record_kind=one.record_kind,
            payload=payloads[one.delivery_id],
            entry=proofs[one.delivery_id][0],
            receipt=proofs[one.delivery_id][1],
        )
        for one in held
    )
