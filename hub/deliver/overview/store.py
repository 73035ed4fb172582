"""Counts over the outbox for whoever watches it. Young people are counted by their tags; no tag leaves this module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch, transaction
from hub.domain.terms import LogId, PartyId, ReasonCode, RecordKind

_GROUPS: Final = """
SELECT party_id, source, record_kind, count(*), count(*) FILTER (WHERE state = 'handed'), min(held_us), min(failed_us),
    max(attempts)
FROM deliver_outbox WHERE log_id = $1 AND state {} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_WAITING: Final = _GROUPS.format("IN ('held', 'handed')")
_FAILED: Final = _GROUPS.format("= 'failed'")
_PEOPLE: Final = """
SELECT party_id, count(DISTINCT subject_tag) FROM deliver_outbox WHERE log_id = $1 AND state IN ('held', 'handed')
GROUP BY GROUPING SETS ((party_id), ())
"""
_LATE: Final = """
SELECT held.party_id, count(DISTINCT held.subject_tag) FROM deliver_outbox AS held
JOIN unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS term (party, source, kind, before)
    ON held.party_id = term.party AND held.source = term.source AND held.record_kind = term.kind AND held.held_us < term.before
WHERE held.log_id = $1 AND held.state IN ('held', 'handed') GROUP BY GROUPING SETS ((held.party_id), ())
"""
# Of several systems of one recipient, the one that fails most.
_SYSTEMS: Final = """
SELECT DISTINCT ON (party_id) party_id, bool_or(held) OVER whole, max(held_reason) OVER whole, max(held_us) OVER whole,
    failures, closed_us, cause, failed_us, max(succeeded_us) OVER whole, system
FROM deliver_recipient WHERE log_id = $1 WINDOW whole AS (PARTITION BY party_id) ORDER BY party_id, failures DESC, system
"""
# One pass over what waits and what failed: a join would hang on what the planner believes of persons, which may be nothing yet.
_ENDED: Final = """
WITH open AS MATERIALIZED (
    SELECT party_id, state, cause, ended_us,
        row_number() OVER (PARTITION BY party_id, cause, subject_tag ORDER BY delivery_id) AS nth,
        count(*) FILTER (WHERE state IN ('held', 'handed')) OVER (PARTITION BY party_id, subject_tag ORDER BY delivery_id DESC)
            AS behind
    FROM deliver_outbox WHERE log_id = $1 AND state <> 'acknowledged' AND ($3::text IS NULL OR party_id = $3)
        AND (state = $2 OR $2 = 'failed' AND state IN ('held', 'handed')))
SELECT party_id, state, cause, count(*), count(*) FILTER (WHERE nth = 1), min(ended_us),
    coalesce(sum(behind) FILTER (WHERE nth = 1), 0)
FROM open WHERE state = $2 AND ($4::text IS NULL OR cause = $4) GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1, 3
"""
_CHOSEN: Final = """
FROM deliver_outbox WHERE log_id = $1 AND party_id = $2 AND state IN ('failed', 'stopped')
    AND ($3::text IS NULL OR cause = $3) AND ($4::uuid[] IS NULL OR delivery_id = ANY($4::uuid[]))
"""
_ONES: Final = f"""
SELECT delivery_id, state, source, record_kind, ended_us, held_us, attempts, cause {_CHOSEN}
    AND delivery_id > $5 ORDER BY delivery_id LIMIT $6
"""
_COUNT: Final = f"SELECT count(*), count(DISTINCT subject_tag) {_CHOSEN}"
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Group:
    """Deliveries of one source and record kind that one recipient does not have yet; `attempts` of the most often tried."""

    recipient: PartyId
    source: PartyId
    kind: RecordKind
    deliveries: int
    handed: int
    oldest_us: int
    failing_us: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class System:
    """How a recipient stands: on hold by hand or not, and how its system answers; of several the one that fails most."""

    recipient: PartyId
    held: bool
    held_reason: str | None
    held_us: int | None
    failures: int
    closed_us: int
    cause: str | None
    failed_us: int | None
    succeeded_us: int | None
    system: str


@dataclass(frozen=True, slots=True)
class Queue:
    """All that waits, seen at one moment. Young people who wait for several recipients count once in `people` and `late`."""

    groups: tuple[Group, ...]
    systems: tuple[System, ...]
    people_of: dict[str, int]
    late_of: dict[str, int]
    people: int
    late: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Deliveries to one recipient that failed or were stopped for one cause; `behind`: how many later ones wait for them."""

    recipient: PartyId
    state: str
    cause: ReasonCode | None
    deliveries: int
    people: int
    since_us: int
    behind: int


@dataclass(frozen=True, slots=True)
class One:
    """A single delivery that failed or was stopped."""

    delivery_id: UUID
    state: str
    source: PartyId
    kind: RecordKind
    since_us: int
    held_us: int
    attempts: int
    cause: ReasonCode | None


async def queue(engine: AsyncEngine, log_id: LogId, late_before: Callable[[Group], int | None]) -> Queue:
    """What waits; `late_before` gives per group the moment (µs): what was held before it is late."""
    async with transaction(engine, isolation="repeatable_read") as connection:
        groups = tuple(_group(row) for row in await connection.raw.fetch(_WAITING, log_id))
        terms = [(one, before) for one in groups if (before := late_before(one)) is not None]
        people = _per_recipient(await connection.raw.fetch(_PEOPLE, log_id))
        columns = [[getattr(one, name) for one, _ in terms] for name in ("recipient", "source", "kind")]
        late = _per_recipient(await connection.raw.fetch(_LATE, log_id, *columns, [before for _, before in terms]))
        systems = tuple(System(PartyId(row[0]), *row[1:]) for row in await connection.raw.fetch(_SYSTEMS, log_id))
    return Queue(groups, systems, people, late, people.pop("", 0), late.pop("", 0))


def _per_recipient(rows: Sequence[Any]) -> dict[str, int]:
    """By recipient; the sum over all, in which everybody counts once, under the empty name."""
    return {row[0] or "": int(row[1]) for row in rows}


async def failed_groups(engine: AsyncEngine, log_id: LogId) -> list[Group]:
    """What failed, by recipient, source and record kind."""
    return [_group(row) for row in await fetch(engine, _FAILED, log_id)]


async def ended(
    engine: AsyncEngine, log_id: LogId, state: str, recipient: PartyId | None, cause: ReasonCode | None
) -> list[Ended]:
    """What failed or was stopped, by recipient and cause; what hurts most young people first."""
    return [
        Ended(PartyId(row[0]), row[1], _cause(row[2]), int(row[3]), int(row[4]), int(row[5]), int(row[6]))
        for row in await fetch(engine, _ENDED, log_id, state, recipient, cause)
    ]


async def ones(
    engine: AsyncEngine,
    log_id: LogId,
    recipient: PartyId,
    cause: ReasonCode | None,
    ids: Sequence[UUID] | None,
    after: UUID | None,
    limit: int,
) -> list[One]:
    """The single ones, in the order in which they came, after that one."""
    chosen = None if ids is None else list(ids)
    return [
        One(UUID(bytes=row[0].bytes), row[1], PartyId(row[2]), RecordKind(row[3]), row[4], row[5], row[6], _cause(row[7]))
        for row in await fetch(engine, _ONES, log_id, recipient, cause, chosen, after or _FIRST, limit)
    ]


async def count(
    engine: AsyncEngine, log_id: LogId, recipient: PartyId, cause: ReasonCode | None, ids: Sequence[UUID] | None
) -> tuple[int, int]:
    """How many deliveries these are, and how many young people they are about."""
    (row,) = await fetch(engine, _COUNT, log_id, recipient, cause, None if ids is None else list(ids))
    return int(row[0]), int(row[1])


def _group(row: Any) -> Group:
    return Group(PartyId(row[0]), PartyId(row[1]), RecordKind(row[2]), *row[3:])


def _cause(code: str | None) -> ReasonCode | None:
    return None if code is None else ReasonCode(code)
