"""Statements as events: instemming, toestemming, bezwaar, beperking, contact preference, consultation of the school.

And the policy sets that decisions were taken by, each under its content hash.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.chain import body_of, read_chain
from hub.consent.statement import Event, standing_of
from hub.db import fetch
from hub.domain.facts import Stated
from hub.domain.stages import ProtectedRecord, Refused
from hub.domain.terms import LogId, Micros, PartyId, PolicyHash, ReasonCode
from hub.errors import Tampered
from hub.ports import Claim, KeyedDigest

_EVENTS = """
SELECT subject_tag, statement_id, body, hash FROM consent_event WHERE subject_tag = ANY($1::bytea[])
ORDER BY subject_tag, statement_id, seq
"""
_ADD = """
INSERT INTO consent_event (log_id, party_id, statement_id, seq, subject_tag, body, hash, ends)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::bytea[], $6::bytea[], $7::bytea[], $8::date[])
ON CONFLICT DO NOTHING
"""
_NONE: frozenset[Stated] = frozenset()
_MOST_SHARED = 4_096
_shared: dict[frozenset[Stated], frozenset[Stated]] = {}


@dataclass(frozen=True, slots=True)
class History:
    """All events of one statement, in the order in which they were recorded; `hash` is the digest of the last."""

    events: tuple[Event, ...] = field(repr=False)
    hash: bytes | None


async def histories(
    engine: AsyncEngine, tags: Collection[bytes], digest: KeyedDigest | None = None
) -> dict[bytes, list[History]]:
    """The statements about these persons, by tag; with `digest`, every event is held against its own. Raises Tampered."""
    kept: dict[bytes, dict[UUID, list[tuple[bytes, bytes | None]]]] = {}
    for tag, statement, body, made in await fetch(engine, _EVENTS, list(tags)):
        rows = kept.setdefault(bytes(tag), {}).setdefault(UUID(bytes=statement.bytes), [])
        rows.append((bytes(body), None if made is None else bytes(made)))
    return {
        tag: [History(read_chain(tag, rows, digest), rows[-1][1]) for rows in statements.values()]
        for tag, statements in kept.items()
    }


async def standing(
    engine: AsyncEngine, persons: Sequence[tuple[bytes, date]], digest: KeyedDigest | None = None
) -> list[frozenset[Stated]]:
    """Per person, by tag and legal date, how every statement about them stands on that date; in order. Raises Tampered.

    Who said the same is given the very same set: what a decision is remembered by is then compared by identity.
    """
    found = await histories(engine, {person[0] for person in persons}, digest)
    if not found:
        return [_NONE] * len(persons)
    return [_share(standing_of([each.events for each in found.get(tag, ())], as_of)) for tag, as_of in persons]


def _share(said: frozenset[Stated]) -> frozenset[Stated]:
    if len(_shared) >= _MOST_SHARED:
        _shared.clear()
    return _shared.setdefault(said, said)


def claim_events(log_id: LogId, events: Sequence[tuple[Event, bytes]]) -> Claim:
    """The condition that nobody else added to these statements since they were read; adds the events, each with its digest."""
    return Claim(_ADD, [_row(log_id, event, made) for event, made in events])


def _row(log_id: LogId, event: Event, made: bytes) -> tuple[Any, ...]:
    ends = min((end for end in (event.until, event.proxy_until) if end is not None), default=None)
    tag = bytes.fromhex(event.tag)
    return (log_id, event.party, event.statement_id, event.seq, tag, body_of(event), made, ends)


_SEALED = ReasonCode("PERSOONLIJK")
_COUNT = """
INSERT INTO route_tally (log_id, party_id, recipient, reason, refused)
SELECT log_id, party_id, recipient, reason, sum(refused)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS new (log_id, party_id, recipient, reason, refused)
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (log_id, party_id, recipient, reason) DO UPDATE SET refused = route_tally.refused + excluded.refused
"""


def count_refusals(log_id: LogId, party: PartyId, records: Sequence[ProtectedRecord], *, single: bool) -> tuple[Claim, ...]:
    """Figures without persons: how many were refused per recipient and first reason.

    A `single` message is a person: its personal reasons are counted as `PERSOONLIJK`, or one more of a kind would tell whose.
    """
    refused: Counter[tuple[PartyId, ReasonCode]] = Counter()
    for record in records:
        for protected in record.verdicts:
            if isinstance(verdict := protected.verdict, Refused):
                reason = verdict.reasons[0]
                refused[verdict.candidate.recipient, _SEALED if single and reason in verdict.personal else reason] += 1
    return (Claim(_COUNT, [(log_id, party, *key, count) for key, count in refused.items()]),) if refused else ()


_IN_USE = """
SELECT entry_ref, policy_hash FROM consent_policy AS last WHERE log_id = $1
AND NOT EXISTS (SELECT FROM consent_policy AS later WHERE later.log_id = $1 AND later.follows = last.entry_ref)
"""
_KEEP = """
INSERT INTO consent_policy (log_id, party_id, entry_ref, follows, policy_hash, body, recorded_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::bytea[], $7::bigint[])
ON CONFLICT DO NOTHING
"""
_KEPT = "SELECT body FROM consent_policy WHERE log_id = $1 AND policy_hash = $2 LIMIT 1"
NO_POLICY = UUID(int=0)
"""What the first policy set of a log follows."""


async def policy_in_use(engine: AsyncEngine, log_id: LogId) -> tuple[UUID, PolicyHash | None]:
    """The policy set that came into use last, with the ref of its log entry; NO_POLICY and None before the first."""
    rows = await fetch(engine, _IN_USE, log_id)
    return (rows[0][0], PolicyHash(rows[0][1])) if rows else (NO_POLICY, None)


def keep_policy(
    log_id: LogId, party: PartyId, entry_ref: UUID, follows: UUID, policy: PolicyHash, body: bytes, recorded_us: Micros
) -> Claim:
    """The condition that nobody else put a set into use after `follows`; keeps `body`, the set in its canonical form."""
    return Claim(_KEEP, [(log_id, party, entry_ref, follows, policy, body, int(recorded_us))])


async def kept_policy(engine: AsyncEngine, log_id: LogId, policy: PolicyHash) -> bytes | None:
    """The set of that hash in its canonical form, or None. Raises Tampered when it is not what its hash says."""
    rows = await fetch(engine, _KEPT, log_id, policy)
    if not rows:
        return None
    body = bytes(rows[0][0])
    if hashlib.sha256(body).hexdigest() != policy:
        raise Tampered(
            "A policy set that was kept is not what its hash says.",
            "Its text was changed in the database.",
            "Take the set from the version control of the policy; call the privacy officer.",
        )
    return body
