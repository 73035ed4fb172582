"""Idempotency keys: which write a partner's key stood for. Only keyed digests are kept, of the key and of the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.stages import Received
from hub.domain.terms import LogId, PartyId
from hub.ports import Claim

_FIND = "SELECT body_digest, request_id FROM receive_idempotency WHERE log_id = $1 AND party_id = $2 AND key_digest = $3"
_CLAIM = """
INSERT INTO receive_idempotency (log_id, party_id, key_digest, body_digest, request_id, created_us)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The write that a key already stands for."""

    body_digest: bytes
    request_id: UUID


class Idempotency(Protocol):
    """The memory of keys, as the REST door needs it."""

    async def find(self, party: PartyId, key_digest: bytes, /) -> Earlier | None: ...


class IdempotencyStore:
    """The memory of keys in PostgreSQL."""

    def __init__(self, engine: AsyncEngine, log_id: LogId) -> None:
        self._engine, self._log_id = engine, log_id

    async def find(self, party: PartyId, key_digest: bytes, /) -> Earlier | None:
        """The write that the party made under this key. Raises errors.Retry when the database is away."""
        async with transaction(self._engine) as connection:
            row = await connection.raw.fetchrow(_FIND, self._log_id, party, key_digest)
        return None if row is None else Earlier(bytes(row[0]), row[1])


def claim_key(received: Received) -> Claim:
    """The condition that this key is new; becomes durable together with the records, or not at all."""
    return Claim(
        _CLAIM,
        (
            received.log_id,
            received.party,
            received.key_digest,
            received.body_digest,
            received.request_id,
            int(received.received_us),
        ),
        expect=1,
    )
