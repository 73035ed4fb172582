"""Rows of protected records: the keyed digest that tells a duplicate, the sealed facts, and whom entries are about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.stages import ProtectedRecord
from hub.domain.terms import LogId, Micros, PartyId
from hub.ports import About, Claim, RowSet

_SEEN = """
SELECT party_id, content_digest FROM receive_record WHERE party_id = ANY($1::text[]) AND content_digest = ANY($2::bytea[])
"""
_CLAIM = """
INSERT INTO receive_record (log_id, party_id, content_digest, record_id, received_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[])
ON CONFLICT (party_id, content_digest) DO NOTHING
"""

_OLD_SUBJECTS = """
SELECT log_id, party_id, subject_tag, ref FROM audit_subject
WHERE (subject_tag, ref) > ($1::bytea, $2::uuid) ORDER BY subject_tag, ref LIMIT $3
"""
_NEW_SUBJECTS = """
INSERT INTO vault_subject (log_id, party_id, subject_tag, ref)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[]) ON CONFLICT DO NOTHING
"""
_BEFORE_ALL = (b"", UUID(int=0))
_PAGE = 20_000
_FACTS = "SELECT record_id, party_id, sealed FROM consent_facts WHERE record_id = ANY($1::uuid[])"
_FACTS_ABOUT = "SELECT record_id, party_id, sealed FROM consent_facts WHERE log_id = $1 AND subject_tag = $2"


@dataclass(frozen=True, slots=True)
class SealedFacts:
    """The facts that a record was decided by, and the party that gave it."""

    source: PartyId
    sealed: bytes = field(repr=False)


async def sealed_facts(engine: AsyncEngine, record_ids: Collection[UUID]) -> dict[UUID, SealedFacts]:
    """The sealed facts of these records, by record; what is missing in the answer is not kept."""
    rows = await fetch(engine, _FACTS, list(record_ids))
    return {UUID(bytes=row[0].bytes): SealedFacts(PartyId(row[1]), bytes(row[2])) for row in rows}


async def facts_about(engine: AsyncEngine, log_id: LogId, tag: bytes) -> dict[UUID, SealedFacts]:
    """The sealed facts of every record about one person, by record."""
    rows = await fetch(engine, _FACTS_ABOUT, log_id, tag)
    return {UUID(bytes=row[0].bytes): SealedFacts(PartyId(row[1]), bytes(row[2])) for row in rows}


async def seen(engine: AsyncEngine, records: Sequence[tuple[PartyId, bytes]]) -> set[tuple[str, bytes]]:
    """Which of these records, by party and content digest, that same party gave before; nobody learns of another's."""
    found = await fetch(engine, _SEEN, list({record[0] for record in records}), [record[1] for record in records])
    return {(row[0], bytes(row[1])) for row in found}


def claim_records(log_id: LogId, party: PartyId, received_us: Micros, records: Sequence[ProtectedRecord]) -> tuple[Claim, ...]:
    """The condition that none of these records was given before by this party."""
    if not records:
        return ()
    return (Claim(_CLAIM, [(log_id, party, r.content_digest, r.record_id, int(received_us)) for r in records]),)


def rows_of(log_id: LogId, party: PartyId, received_us: Micros, records: Sequence[ProtectedRecord]) -> RowSet:
    """The sealed facts per record."""
    now = int(received_us)
    facts = [(log_id, party, r.record_id, r.subject_tag, r.sealed_facts, now) for r in records]
    return RowSet("consent_facts", ("log_id", "party_id", "record_id", "subject_tag", "sealed", "created_us"), facts)


def about(party: PartyId, records: Sequence[ProtectedRecord]) -> list[About]:
    """Whom the entries of these records are about."""
    return [About(party, record.subject_tag, verdict.ref) for record in records for verdict in record.verdicts]


async def move_subjects(main: AsyncEngine, vault: AsyncEngine) -> None:
    """Takes along to the vault what an older schema kept in the main database: whom each entry is about."""
    if not (await fetch(main, "SELECT to_regclass('audit_subject') IS NOT NULL"))[0][0]:
        return
    after = _BEFORE_ALL
    while rows := await fetch(main, _OLD_SUBJECTS, *after, _PAGE):
        await fetch(vault, _NEW_SUBJECTS, *map(list, zip(*rows, strict=True)))
        after = (bytes(rows[-1][2]), rows[-1][3])
