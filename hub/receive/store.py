"""Idempotency keys: which write a partner's key stood for. Only keyed digests are kept, of the key and of the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.stages import Received
from hub.domain.terms import LogId, PartyId
from hub.ports import Claim
from hub.together import Together

_FIND = """
SELECT party_id, key_digest, body_digest, request_id FROM receive_idempotency
WHERE log_id = $1 AND party_id = ANY($2::text[]) AND key_digest = ANY($3::bytea[])
"""
_CLAIM = """
INSERT INTO receive_idempotency (log_id, party_id, key_digest, body_digest, request_id, created_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::uuid[], $6::bigint[]) ON CONFLICT DO NOTHING
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
        self._together = Together(self._find_all)

    async def find(self, party: PartyId, key_digest: bytes, /) -> Earlier | None:
        """The write that the party made under this key. Raises errors.Retry when the database is away."""
        return (await self._together(((party, key_digest),)))[0]

    async def _find_all(self, keys: Sequence[tuple[PartyId, bytes]]) -> list[Earlier | None]:
        rows = await fetch(self._engine, _FIND, self._log_id, list({key[0] for key in keys}), [key[1] for key in keys])
        found = {(row[0], bytes(row[1])): Earlier(bytes(row[2]), row[3]) for row in rows}
        return [found.get(key) for key in keys]


def claim_key(received: Received) -> Claim:
    """The condition that this key is new; becomes durable together with the records, or not at all."""
    return Claim(
        _CLAIM,
        [
            (
                received.log_id,
                received.party,
                received.key_digest,
                received.body_digest,
                received.request_id,
                int(received.received_us),
            )
        ],
    )
