"""Statements that are in force: instemming, toestemming, bezwaar, beperking, contact preference, consultation of the school.

And the policy sets that decisions were taken by, each under its content hash.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.facts import StatementKind
from hub.domain.stages import ProtectedRecord, Refused
from hub.domain.terms import LogId, Micros, PartyId, PolicyHash, ReasonCode
from hub.errors import Tampered
from hub.ports import Claim, RowSet

_STANDING = "SELECT subject_tag, kind, valid_from, valid_until FROM consent_statement WHERE subject_tag = ANY($1::bytea[])"
_NONE: frozenset[StatementKind] = frozenset()


async def standing(engine: AsyncEngine, persons: Sequence[tuple[bytes, date]]) -> list[frozenset[StatementKind]]:
    """Per person, by tag and legal date, the kinds of statement in force on that date; in order."""
    said: dict[bytes, list[tuple[StatementKind, date, date | None]]] = {}
    for tag, kind, begins, ends in await fetch(engine, _STANDING, list({person[0] for person in persons})):
        said.setdefault(bytes(tag), []).append((StatementKind(kind), begins, ends))
    if not said:
        return [_NONE] * len(persons)
    return [
        frozenset(kind for kind, begins, ends in said.get(tag, ()) if begins <= as_of and (ends is None or as_of < ends))
        for tag, as_of in persons
    ]


def row_of(
    log_id: LogId,
    party: PartyId,
    statement_id: UUID,
    tag: bytes,
    kind: StatementKind,
    period: tuple[date, date | None],
    event_us: Micros,
    recorded_us: Micros,
) -> RowSet:
    """One statement as a row: of whom (by tag), what, valid from and until (exclusive), when it was made and when recorded."""
    columns = (
        "log_id",
        "party_id",
        "statement_id",
        "subject_tag",
        "kind",
        "valid_from",
        "valid_until",
        "event_us",
        "recorded_us",
    )
    return RowSet(
        "consent_statement", columns, [(log_id, party, statement_id, tag, kind.value, *period, int(event_us), int(recorded_us))]
    )


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
