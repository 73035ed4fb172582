"""Rows of protected records: the keyed digest that tells a duplicate, the sealed facts, the tags to find them by."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.stages import ProtectedRecord
from hub.domain.terms import LogId, Micros, PartyId
from hub.ports import Claim, RowSet

_SEEN = "SELECT content_digest FROM receive_record WHERE party_id = $1 AND content_digest = ANY($2::bytea[])"
_CLAIM = """
INSERT INTO receive_record (log_id, party_id, content_digest, record_id, received_us)
SELECT $1, $2, digest, record_id, $3 FROM unnest($4::bytea[], $5::uuid[]) AS new (digest, record_id)
ON CONFLICT (party_id, content_digest) DO NOTHING
"""


async def seen(engine: AsyncEngine, party: PartyId, digests: Sequence[bytes]) -> set[bytes]:
    """Which of these records the party has given before. Looks within one party only, so nobody learns of another's."""
    async with transaction(engine) as connection:
        return {bytes(row[0]) for row in await connection.raw.fetch(_SEEN, party, list(digests))}


def claim_records(log_id: LogId, party: PartyId, received_us: Micros, records: Sequence[ProtectedRecord]) -> tuple[Claim, ...]:
    """The condition that none of these records was given before by this party."""
    if not records:
        return ()
    args = (log_id, party, int(received_us), [r.content_digest for r in records], [r.record_id for r in records])
    return (Claim(_CLAIM, args, expect=len(records)),)


def rows_of(log_id: LogId, party: PartyId, received_us: Micros, records: Sequence[ProtectedRecord]) -> tuple[RowSet, RowSet]:
    """The sealed facts per record, and the subject tag per log entry."""
    now = int(received_us)
    facts = [(log_id, party, r.record_id, r.subject_tag, r.sealed_facts, now) for r in records]
    tags = [(log_id, party, r.subject_tag, verdict.ref) for r in records for verdict in r.verdicts]
    return (
        RowSet("consent_facts", ("log_id", "party_id", "record_id", "subject_tag", "sealed", "created_us"), facts),
        RowSet("audit_subject", ("log_id", "party_id", "subject_tag", "ref"), tags),
    )
