"""Statements that are in force: instemming, toestemming, bezwaar, beperking, contact preference, consultation of the school."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.facts import StatementKind
from hub.domain.stages import ProtectedRecord, Refused
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode
from hub.ports import RowSet

_STANDING = """
SELECT subject_tag, kind FROM consent_statement
WHERE subject_tag = ANY($1::bytea[]) AND valid_from <= $2 AND (valid_until IS NULL OR valid_until > $2)
"""
_NONE: frozenset[StatementKind] = frozenset()


async def standing(engine: AsyncEngine, tags: Sequence[bytes], as_of: date) -> list[frozenset[StatementKind]]:
    """Per tag, in order, the kinds of statement in force on `as_of`."""
    found: dict[bytes, frozenset[StatementKind]] = {}
    async with transaction(engine) as connection:
        for tag, kind in await connection.raw.fetch(_STANDING, list(dict.fromkeys(tags)), as_of):
            found[bytes(tag)] = found.get(bytes(tag), _NONE) | {StatementKind(kind)}
    return [found.get(tag, _NONE) for tag in tags]


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


_COUNT = """
INSERT INTO route_tally (log_id, party_id, recipient, reason, refused)
SELECT $1, $2, recipient, reason, refused FROM unnest($3::text[], $4::text[], $5::bigint[]) AS new (recipient, reason, refused)
ON CONFLICT (log_id, party_id, recipient, reason) DO UPDATE SET refused = route_tally.refused + excluded.refused
"""
_COUNTS = "SELECT recipient, reason, sum(refused)::bigint FROM route_tally WHERE log_id = $1 GROUP BY 1, 2 ORDER BY 1, 2"


def count_refusals(
    log_id: LogId, party: PartyId, records: Sequence[ProtectedRecord]
) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Figures without persons: how many were refused per recipient and first reason, for the desks."""
    refused = Counter(
        (protected.verdict.candidate.recipient, protected.verdict.reasons[0])
        for record in records
        for protected in record.verdicts
        if isinstance(protected.verdict, Refused)
    )
    if not refused:
        return ()
    keys = sorted(refused)
    return ((_COUNT, (log_id, party, [key[0] for key in keys], [key[1] for key in keys], [refused[key] for key in keys])),)


async def refusals(engine: AsyncEngine, log_id: LogId) -> list[tuple[PartyId, ReasonCode, int]]:
    """How many were refused, per recipient and first reason."""
    async with transaction(engine) as connection:
        return [(PartyId(row[0]), ReasonCode(row[1]), int(row[2])) for row in await connection.raw.fetch(_COUNTS, log_id)]
