"""A payload that waited for one recipient, as it goes to another: no more than that one may have, sealed anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import orjson

from hub.domain.facts import SubjectFacts
from hub.domain.kinds import RECORDS
from hub.domain.personal import Personal
from hub.domain.stages import Grant
from hub.domain.terms import PartyId, RecordKind
from hub.protect.minimise import narrow
from hub.protect.seal import AEAD_NONCE_BYTES, NONCE_BYTES, commit, facts_digest, facts_on, opening, payload_digest, seal

_PAYLOAD: Final = NONCE_BYTES + AEAD_NONCE_BYTES
ENTROPY: Final = _PAYLOAD + AEAD_NONCE_BYTES
"""Random bytes per payload with the facts that it was decided anew by."""


@dataclass(frozen=True, slots=True)
class Onward:
    """What outbox and log are told of it: `ref` is the new delivery's own id; the digests tell nothing without the key.

    `facts` are those of the day on which it was decided anew, sealed, under a `record_id` of their own.
    """

    ref: UUID
    record_id: UUID
    facts: bytes = field(repr=False)
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
    known: SubjectFacts,
    ids: tuple[UUID, UUID],
    entropy: bytes,
) -> Onward:
    """The payload for `recipient`; `facts` are the plain facts of its record, `known` what is known today.

    `ids` are the new delivery's and those facts' own; `entropy` are ENTROPY bytes that are used once.
    """
    ref, record_id = ids
    today = facts_on(facts, known)
    plain = orjson.dumps(narrow(orjson.loads(payload.reveal()), grant, RECORDS[kind]))
    nonce = entropy[:NONCE_BYTES]
    inner = opening(key, nonce)
    return Onward(
        ref,
        record_id,
        seal(key, entropy[_PAYLOAD:ENTROPY], today, record_id.bytes),
        seal(key, entropy[NONCE_BYTES:_PAYLOAD], plain, ref.bytes),
        payload_digest(inner, plain),
        facts_digest(inner, today),
        nonce,
        commit(inner, tag, recipient),
    )
