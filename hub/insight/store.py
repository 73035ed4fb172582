"""Figures of one log, counted in the database: what came in, what went where, what waits and why. No person can be seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.terms import LogId

_ROWS = """
SELECT coalesce(sum(tally[1]), 0)::bigint, coalesce(sum(tally[2]), 0)::bigint, coalesce(sum(tally[3]), 0)::bigint
FROM audit_request WHERE log_id = $1 AND cardinality(tally) = 3
"""
_DELIVERIES = "SELECT party_id, state, count(*) FROM deliver_outbox WHERE log_id = $1 GROUP BY 1, 2"
_REFUSED = "SELECT recipient, reason, sum(refused)::bigint FROM route_tally WHERE log_id = $1 GROUP BY 1, 2"
_QUARANTINE = """
SELECT fault ->> 'code', count(*) FROM receive_quarantine, LATERAL (SELECT faults -> 0 AS fault) AS first
WHERE log_id = $1 AND state = 'waiting' GROUP BY 1
"""
_SIZE = "SELECT size FROM audit_head WHERE log_id = $1"

_PLACE = {"acknowledged": 0, "held": 1, "handed": 1, "failed": 2, "dropped": 2, "stopped": 3}

SMALL = 10
_TOGETHER = "PERSOONLIJK"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows received; the other three add up to `received`."""

    received: int
    accepted: int
    quarantined: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class Disclosures:
    """Recipients considered, per record; the others add up to `considered`.

    `held` waits for its recipient, handed over or not; `failed` is a dead letter or was given up; `stopped` was no longer
    permitted when it was to be sent.
    """

    considered: int
    delivered: int
    held: int
    failed: int
    stopped: int
    refused: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one log at one moment; refusals and quarantine by first reason."""

    rows: Rows
    disclosures: Disclosures
    recipients: dict[str, Disclosures]
    refusals: dict[str, int]
    quarantine: dict[str, int]
    log_size: int


async def figures(engine: AsyncEngine, log_id: LogId, personal: Collection[str]) -> Figures:
    """Counted in one snapshot, so that they add up.

    Reasons that are `personal` and counted less than `SMALL` times are told together, as `PERSOONLIJK`: a count of one would
    say it of somebody.
    """
    async with transaction(engine, isolation="repeatable_read") as connection:
        accepted, quarantined, duplicate = await connection.raw.fetchrow(_ROWS, log_id)
        deliveries = await connection.raw.fetch(_DELIVERIES, log_id)
        refused = await connection.raw.fetch(_REFUSED, log_id)
        quarantine = await connection.raw.fetch(_QUARANTINE, log_id)
        size = await connection.raw.fetchval(_SIZE, log_id)
    counted: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    reasons: defaultdict[str, int] = defaultdict(int)
    for recipient, state, count in deliveries:
        counted[recipient][_PLACE[state]] += count
    for recipient, reason, count in refused:
        counted[recipient][4] += count
        reasons[reason] += count
    for reason in [reason for reason, count in reasons.items() if reason in personal and count < SMALL]:
        reasons[_TOGETHER] += reasons.pop(reason)
    recipients = {name: Disclosures(sum(parts), *parts) for name, parts in sorted(counted.items())}
    total = [sum(parts) for parts in zip(*counted.values(), strict=True)] or [0, 0, 0, 0, 0]
    return Figures(
        rows=Rows(accepted + quarantined + duplicate, accepted, quarantined, duplicate),
        disclosures=Disclosures(sum(total), *total),
        recipients=recipients,
        refusals=dict(sorted(reasons.items())),
        quarantine=dict(sorted((str(row[0]), int(row[1])) for row in quarantine)),
        log_size=size or 0,
    )
