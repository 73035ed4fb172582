"""The acts, the sets that were proposed, what was written with them, and the keys of signatories."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.life import Act, ActKind, Method
from hub.consent.store import kept_policy
from hub.db import fetch
from hub.domain.staff import Role, StaffId
from hub.domain.terms import AgreementId, LogId, Micros, PartyId, PolicyHash
from hub.errors import Tampered
from hub.ports import Claim

_LAST = "SELECT number FROM policy_act WHERE log_id = $1 ORDER BY number DESC LIMIT 1"
_ACTS = """
SELECT number, kind, us, entry_ref, method, staff, for_party, agreement, digest, follows, policy_hash, word, text_digest, proof
FROM policy_act WHERE log_id = $1 ORDER BY number
"""
_ACT = """
INSERT INTO policy_act (log_id, party_id, number, kind, us, entry_ref, method, staff, for_party, agreement, digest, follows,
                        policy_hash, word, text_digest, proof)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::uuid[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
ON CONFLICT DO NOTHING
"""
_SET = "SELECT body FROM policy_set WHERE log_id = $1 AND policy_hash = $2"
_KEEP_SET = """
INSERT INTO policy_set (log_id, party_id, policy_hash, body, recorded_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[]) ON CONFLICT DO NOTHING
"""
_TEXTS = "SELECT digest, body FROM policy_text WHERE log_id = $1 AND digest = ANY($2::text[])"
_KEEP_TEXT = """
INSERT INTO policy_text (log_id, party_id, digest, body, recorded_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
ON CONFLICT (log_id, digest) DO NOTHING
"""
_SIGNATORIES = """
SELECT thumbprint, staff, name, role, for_party, jwk, entry_ref,
    EXISTS (SELECT FROM policy_closed AS closed WHERE closed.log_id = one.log_id AND closed.thumbprint = one.thumbprint)
FROM policy_signatory AS one WHERE log_id = $1 ORDER BY name, thumbprint
"""
_ADD = """
INSERT INTO policy_signatory (log_id, party_id, thumbprint, staff, name, role, for_party, jwk, recorded_us, entry_ref)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::bigint[], $10::uuid[])
ON CONFLICT DO NOTHING
"""
_CLOSE = """
INSERT INTO policy_closed (log_id, party_id, thumbprint, us)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Signatory:
    """Someone with a key: who they are in the log, in which role, for which party; closed keys check what they signed.

    `ref` is the entry of its registration; None for a key of before those were named, which signs nothing new.
    """

    thumbprint: str
    staff_id: StaffId
    name: str
    role: Role
    party: PartyId | None
    jwk: str
    closed: bool
    ref: UUID | None = None


async def last_number(engine: AsyncEngine, log_id: LogId) -> int:
    """The number of the newest act, 0 before the first: one look in an index, to see whether anything changed."""
    rows = await fetch(engine, _LAST, log_id)
    return rows[0][0] if rows else 0


async def acts(engine: AsyncEngine, log_id: LogId) -> list[Act]:
    """Everything that happened, in order."""
    return [
        Act(
            number,
            ActKind(kind),
            Micros(us),
            UUID(bytes=ref.bytes),
            Method(method),
            None if staff is None else StaffId(staff),
            None if party is None else PartyId(party),
            None if agreement is None else AgreementId(agreement),
            digest,
            None if follows is None else PolicyHash(follows),
            None if policy is None else PolicyHash(policy),
            word,
            text,
            proof,
        )
        for number, kind, us, ref, method, staff, party, agreement, digest, follows, policy, word, text, proof in await fetch(
            engine, _ACTS, log_id
        )
    ]


def claim_acts(log_id: LogId, operator: PartyId, new: Sequence[Act]) -> Claim:
    """These acts, on condition that nobody wrote one with such a number before."""
    rows = [
        (
            log_id,
            operator,
            act.number,
            act.kind.value,
            int(act.us),
            act.ref,
            act.method.value,
            act.by,
            act.party,
            act.agreement,
            act.digest,
            act.follows,
            act.policy,
            act.word,
            act.text,
            act.proof,
        )
        for act in new
    ]
    return Claim(_ACT, rows)


async def kept_set(engine: AsyncEngine, log_id: LogId, policy: PolicyHash) -> bytes | None:
    """The set of that hash in its canonical form, in use once or only proposed. Raises Tampered where it is not its hash."""
    if (used := await kept_policy(engine, log_id, policy)) is not None:
        return used
    rows = await fetch(engine, _SET, log_id, policy)
    if not rows:
        return None
    body = bytes(rows[0][0])
    if hashlib.sha256(body).hexdigest() != policy:
        raise Tampered("A proposed set is not what its hash says.", "It was changed in the database.", "Propose it again.")
    return body


def claim_set(log_id: LogId, operator: PartyId, policy: PolicyHash, body: bytes, us: Micros) -> Claim:
    """A set that was not kept before."""
    return Claim(_KEEP_SET, [(log_id, operator, policy, body, int(us))])


async def texts(engine: AsyncEngine, log_id: LogId, digests: Sequence[str]) -> Mapping[str, str]:
    """What was written, by digest; one that is gone, or not what its digest says, is left out."""
    rows = await fetch(engine, _TEXTS, log_id, list(digests)) if digests else []
    return {digest: body for digest, body in rows if hashlib.sha256(body.encode()).hexdigest() == digest}


def claim_text(log_id: LogId, operator: PartyId, digest: str, body: str, us: Micros) -> Claim:
    """A text that was not kept before."""
    return Claim(_KEEP_TEXT, [(log_id, operator, digest, body, int(us))])


async def signatories(engine: AsyncEngine, log_id: LogId) -> list[Signatory]:
    """Everyone who ever had a key here, by name."""
    return [
        Signatory(
            thumbprint,
            StaffId(staff),
            name,
            Role(role),
            None if party is None else PartyId(party),
            jwk,
            closed,
            None if ref is None else UUID(bytes=ref.bytes),
        )
        for thumbprint, staff, name, role, party, jwk, ref, closed in await fetch(engine, _SIGNATORIES, log_id)
    ]


def claim_signatory(log_id: LogId, operator: PartyId, one: Signatory, us: Micros) -> Claim:
    """A key that nobody had before."""
    row = (log_id, operator, one.thumbprint, one.staff_id, one.name, one.role.value, one.party, one.jwk, int(us), one.ref)
    return Claim(_ADD, [row])


def claim_closed(log_id: LogId, operator: PartyId, thumbprint: str, us: Micros) -> Claim:
    """A key that is open is so no more."""
    return Claim(_CLOSE, [(log_id, operator, thumbprint, int(us))])
