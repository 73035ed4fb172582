"""A payload that waited for one recipient, as it goes to another: no more than that one may have, sealed anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson

from hub.domain.kinds import RECORDS
from hub.domain.personal import Personal
from hub.domain.stages import Grant
from hub.domain.terms import PartyId, RecordKind
from hub.protect.minimise import narrow
from hub.protect.seal import AEAD_NONCE_BYTES, NONCE_BYTES, commit, facts_digest, opening, payload_digest, seal

ENTROPY: Final = NONCE_BYTES + AEAD_NONCE_BYTES
"""Random bytes per payload."""


@dataclass(frozen=True, slots=True)
class Onward:
    """What outbox and log are told of it: `ref` is the new delivery's own id; the digests tell nothing without the key."""

    ref: UUID
    sealed: bytes = field(repr=False)
    digest: bytes
    facts_digest: bytes
    nonce: bytes
    commitment: bytes


def pass_on(
    key: bytes,
    tag: bytes,
    recipient: PartyId,
    kind: RecordKind,
    grant: Grant,
    payload: Personal[bytes],
    facts: bytes,
    ref: UUID,
    entropy: bytes,
) -> Onward:
    """The payload for `recipient`; `facts` are the plain facts of its record, `entropy` ENTROPY bytes that are used once."""
    plain = orjson.dumps(narrow(orjson.loads(payload.reveal()), grant, RECORDS[kind]))
    nonce = entropy[:NONCE_BYTES]
    inner = opening(key, nonce)
    return Onward(
        ref,
        seal(key, entropy[NONCE_BYTES:ENTROPY], plain, ref.bytes),
        payload_digest(inner, plain),
        facts_digest(inner, facts),
        nonce,
        commit(inner, tag, recipient),
    )
