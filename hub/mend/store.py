"""Rows of what is mended: mapping versions, quarantine, files, and how the polls of each connector went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch, transaction
from hub.domain.terms import ConnectorId, LogId, PartyId, ReasonCode
from hub.errors import Fault
from hub.formats.agreed import FileColumns
from hub.ports import Claim, RowSet

STUCK_US: Final = 600_000_000
"""A file that was begun and has not moved on for this long is stuck."""

# -- mappings

_VERSION = "SELECT max(version) FROM receive_mapping WHERE log_id = $1 AND connector = $2"
_MAPPING = "SELECT body, entry_ref, created_us FROM receive_mapping WHERE log_id = $1 AND connector = $2 AND version = $3"
_MAPPING_COLUMNS = ("log_id", "party_id", "connector", "version", "body", "entry_ref", "created_us")


async def mapping_version(engine: AsyncEngine, log_id: LogId, connector: ConnectorId) -> int | None:
    """The highest version of this connector's mended mappings."""
    (row,) = await fetch(engine, _VERSION, log_id, connector)
    return row[0] if row[0] is None else int(row[0])


async def mapping_body(engine: AsyncEngine, log_id: LogId, connector: ConnectorId, version: int) -> tuple[str, UUID, int]:
    """The text of that version, its log entry, and when it came into use (µs)."""
    (row,) = await fetch(engine, _MAPPING, log_id, connector, version)
    return row[0], _uuid(row[1]), row[2]


def mapping_row(
    log_id: LogId, party: PartyId, connector: ConnectorId, version: int, body: str, entry_ref: UUID, now_us: int
) -> RowSet:
    """A new version; a conflict where it exists already."""
    return RowSet("receive_mapping", _MAPPING_COLUMNS, [(log_id, party, connector, version, body, entry_ref, now_us)])


_USES = """
SELECT connector, version, encode(sha256(convert_to(body, 'UTF8')), 'hex'), entry_ref, created_us FROM receive_mapping
WHERE log_id = $1 AND ($2::text IS NULL OR connector = $2) ORDER BY connector, version
"""
_CONFIRMED = """
SELECT connector, version, who, entry_ref FROM receive_confirmed
WHERE log_id = $1 AND ($2::text IS NULL OR connector = $2)
"""
_CONFIRMED_COLUMNS = ("log_id", "party_id", "connector", "version", "who", "entry_ref", "us")


@dataclass(frozen=True, slots=True)
class Use:
    """A version that came into use, at `us` by its entry `ref`; `digest` is the SHA-256 of its text."""

    connector: ConnectorId
    version: int
    digest: str
    ref: UUID
    us: int


@dataclass(frozen=True, slots=True)
class Confirmation:
    """That a second person stands by a version that one put into use alone; `who` is empty for the operator."""

    connector: ConnectorId
    version: int
    who: str
    ref: UUID


async def mapping_uses(engine: AsyncEngine, log_id: LogId, connector: ConnectorId | None = None) -> list[Use]:
    """The versions that came into use, of all connectors or one, in order."""
    rows = await fetch(engine, _USES, log_id, connector)
    return [Use(ConnectorId(name), version, digest, _uuid(ref), us) for name, version, digest, ref, us in rows]


async def confirmations(engine: AsyncEngine, log_id: LogId, connector: ConnectorId | None = None) -> list[Confirmation]:
    """What second persons confirmed, of all connectors or one."""
    rows = await fetch(engine, _CONFIRMED, log_id, connector)
    return [Confirmation(ConnectorId(name), version, who, _uuid(ref)) for name, version, who, ref in rows]


def confirmed_row(log_id: LogId, party: PartyId, one: Confirmation, now_us: int) -> RowSet:
    """A second person looked at it; a conflict where one did before."""
    row = (log_id, party, one.connector, one.version, one.who, one.ref, now_us)
    return RowSet("receive_confirmed", _CONFIRMED_COLUMNS, [row])


_PROPOSAL = """
SELECT version, body, entry_ref, created_us FROM receive_proposal WHERE log_id = $1 AND connector = $2
ORDER BY created_us DESC, version DESC, entry_ref DESC LIMIT 1
"""


async def last_proposal(engine: AsyncEngine, log_id: LogId, connector: ConnectorId) -> tuple[int, str, UUID, int] | None:
    """The mapping that was proposed last: its number, text, log entry, and when (µs)."""
    rows = await fetch(engine, _PROPOSAL, log_id, connector)
    return (rows[0][0], rows[0][1], _uuid(rows[0][2]), rows[0][3]) if rows else None


def proposal_row(
    log_id: LogId, party: PartyId, connector: ConnectorId, version: int, body: str, entry_ref: UUID, now_us: int
) -> RowSet:
    """A mapping that waits for a second person."""
    return RowSet("receive_proposal", _MAPPING_COLUMNS, [(log_id, party, connector, version, body, entry_ref, now_us)])


_PROPOSALS = """
SELECT DISTINCT ON (connector) connector, version, entry_ref, created_us FROM receive_proposal AS proposed
WHERE log_id = $1 AND version > coalesce((SELECT max(used.version) FROM receive_mapping AS used
    WHERE used.log_id = $1 AND used.connector = proposed.connector), 0)
ORDER BY connector, created_us DESC, version DESC, entry_ref DESC
"""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A mapping that waits for a second person."""

    connector: str
    version: int
    entry_ref: UUID
    created_us: int


async def proposals(engine: AsyncEngine, log_id: LogId) -> list[Proposed]:
    """The mappings that wait, one per connector: the last that was proposed."""
    return [Proposed(row[0], row[1], _uuid(row[2]), row[3]) for row in await fetch(engine, _PROPOSALS, log_id)]


_MAPPING_ENTRIES = """
SELECT entry_ref, created_us FROM receive_mapping WHERE log_id = $1 AND connector = $2
UNION SELECT entry_ref, created_us FROM receive_proposal WHERE log_id = $1 AND connector = $2
UNION SELECT entry_ref, us FROM receive_confirmed WHERE log_id = $1 AND connector = $2 ORDER BY 2, 1
"""


async def mapping_entries(engine: AsyncEngine, log_id: LogId, connector: ConnectorId) -> list[tuple[UUID, int]]:
    """The log entries of every mapping that was proposed, put into use or confirmed, and when (µs)."""
    return [(_uuid(row[0]), row[1]) for row in await fetch(engine, _MAPPING_ENTRIES, log_id, connector)]


# -- layouts

_CHANGED = "SELECT connector, since_us FROM connector_layout WHERE log_id = $1 AND state = 'changed' ORDER BY connector"


async def changed_layouts(engine: AsyncEngine, log_id: LogId) -> list[tuple[str, int]]:
    """The connectors whose files came in another layout than was agreed, and since when (µs)."""
    return [(row[0], row[1]) for row in await fetch(engine, _CHANGED, log_id)]


_LAYOUTS = """
SELECT state, mapping, digests, names, readable, since_us FROM connector_layout WHERE log_id = $1 AND connector = $2
"""
_ACCEPT = """
UPDATE connector_layout AS held SET mapping = seen.mapping, digests = seen.digests, names = seen.names, since_us = new.us
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS new (log_id, connector, since_us, us),
    connector_layout AS seen
WHERE held.log_id = new.log_id AND held.connector = new.connector AND held.state = 'agreed'
    AND seen.log_id = new.log_id AND seen.connector = new.connector AND seen.state = 'changed'
    AND seen.since_us = new.since_us AND seen.readable
"""


async def layouts(engine: AsyncEngine, log_id: LogId, connector: ConnectorId) -> dict[str, tuple[FileColumns, int]]:
    """What was `agreed` on, what a file has that differs (`changed`), and since when (µs)."""
    return {
        row[0]: (FileColumns(row[1], tuple(bytes(each) for each in row[2]), tuple(row[3]), row[4]), row[5])
        for row in await fetch(engine, _LAYOUTS, log_id, connector)
    }


def claim_accept(log_id: LogId, connector: ConnectorId, since_us: int, now_us: int) -> Claim:
    """The condition that a file still differs as it did; from then on files are held to its layout."""
    return Claim(_ACCEPT, [(str(log_id), str(connector), since_us, now_us)])


# -- quarantine


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one file that wait for one fault; a row with several faults stands in several groups."""

    connector: ConnectorId
    drop_id: UUID
    seen_us: int
    where: str
    code: ReasonCode
    rows: int
    oldest_us: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row in quarantine, sealed."""

    quarantine_id: UUID
    drop_id: UUID
    connector: ConnectorId
    row_number: int
    faults: tuple[Fault, ...]
    sealed: bytes
    created_us: int


_GROUPS = """
SELECT held.connector, held.drop_id, held.seen_us, fault ->> 'where', fault ->> 'code', count(*), min(one.created_us)
FROM receive_quarantine AS one JOIN receive_drop AS held ON held.drop_id = one.drop_id,
    LATERAL jsonb_array_elements(one.faults) AS fault
WHERE one.log_id = $1 AND one.state = 'waiting' AND ($2::text IS NULL OR held.connector = $2)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 3 DESC, 6 DESC LIMIT $3
"""
_DROPS = """
SELECT held.drop_id FROM receive_drop AS held
WHERE held.log_id = $1 AND held.connector = $2 AND held.party_id = $3 AND ($4::uuid IS NULL OR held.drop_id = $4)
    AND EXISTS (SELECT FROM receive_quarantine AS one WHERE one.drop_id = held.drop_id AND one.state = 'waiting')
ORDER BY held.seen_us, held.drop_id
"""
_WAITING = """
SELECT one.quarantine_id, one.drop_id, held.connector, one.row_number, one.faults::text, one.sealed, one.created_us
FROM receive_quarantine AS one JOIN receive_drop AS held ON held.drop_id = one.drop_id
"""
_PAGE = f"""{_WAITING}
WHERE one.log_id = $1 AND one.drop_id = $2 AND one.state = 'waiting' AND one.row_number > $3
    AND ($4::text IS NULL OR one.faults @> $4::text::jsonb) AND ($5::uuid[] IS NULL OR one.quarantine_id = ANY($5::uuid[]))
ORDER BY one.row_number LIMIT $6
"""
_ONE = f"{_WAITING} WHERE one.log_id = $1 AND one.quarantine_id = $2 AND one.state = 'waiting'"
_COUNT = """
SELECT count(*) FROM receive_quarantine AS one
WHERE one.log_id = $1 AND one.drop_id = ANY($2::uuid[]) AND one.state = 'waiting'
    AND ($3::text IS NULL OR one.faults @> $3::text::jsonb) AND ($4::uuid[] IS NULL OR one.quarantine_id = ANY($4::uuid[]))
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the waiting rows: all, those with this fault, or those with these ids."""

    fault: Fault | None = None
    ids: tuple[UUID, ...] | None = None

    @property
    def arguments(self) -> tuple[str | None, list[UUID] | None]:
        """As the statements take it."""
        fault = None if self.fault is None else _faults((self.fault,))
        return fault, None if self.ids is None else list(self.ids)


async def groups(engine: AsyncEngine, log_id: LogId, connector: ConnectorId | None, limit: int) -> list[Group]:
    """What waits per file and fault, the newest file first."""
    return [
        Group(ConnectorId(row[0]), _uuid(row[1]), row[2], row[3], ReasonCode(row[4]), int(row[5]), int(row[6]))
        for row in await fetch(engine, _GROUPS, log_id, connector, limit)
    ]


async def drops_waiting(
    engine: AsyncEngine, log_id: LogId, connector: ConnectorId, party: PartyId, drop_id: UUID | None
) -> list[UUID]:
    """The files of a connector that have rows in quarantine, the oldest first."""
    return [_uuid(row[0]) for row in await fetch(engine, _DROPS, log_id, connector, party, drop_id)]


async def waiting(engine: AsyncEngine, log_id: LogId, drop_id: UUID, after: int, limit: int, choice: Choice) -> list[Waiting]:
    """The next rows of a file after line `after`."""
    rows = await fetch(engine, _PAGE, log_id, drop_id, after, *choice.arguments, limit)
    return [_waiting(row) for row in rows]


async def one_waiting(engine: AsyncEngine, log_id: LogId, quarantine_id: UUID) -> Waiting | None:
    """The row, if it still waits."""
    rows = await fetch(engine, _ONE, log_id, quarantine_id)
    return _waiting(rows[0]) if rows else None


async def count_waiting(engine: AsyncEngine, log_id: LogId, drops: Sequence[UUID], choice: Choice) -> int:
    """How many rows of these files wait."""
    (row,) = await fetch(engine, _COUNT, log_id, list(drops), *choice.arguments)
    return int(row[0])


_BOUNCED = """
SELECT one.drop_id, held.seen_us, one.row_number, one.faults::text
FROM receive_quarantine AS one JOIN receive_drop AS held ON held.drop_id = one.drop_id
WHERE one.log_id = $1 AND held.connector = $2 AND ($3::uuid IS NULL OR one.drop_id = $3) AND one.state = 'waiting'
    AND (held.seen_us, one.drop_id, one.row_number) > ($4, $5::uuid, $6) ORDER BY 2, 1, 3 LIMIT $7
"""


async def bounced(
    engine: AsyncEngine,
    log_id: LogId,
    connector: ConnectorId,
    drop_id: UUID | None,
    after: tuple[int, UUID, int],
    limit: int,
) -> list[tuple[UUID, int, int, tuple[Fault, ...]]]:
    """The next rows that wait after that place: file, when it was seen (µs), number, and faults; nothing of what they hold."""
    rows = await fetch(engine, _BOUNCED, log_id, connector, drop_id, *after, limit)
    return [
        (_uuid(row[0]), row[1], row[2], tuple(Fault(one["where"], one["code"]) for one in orjson.loads(row[3]))) for row in rows
    ]


def _waiting(row: Any) -> Waiting:
    faults = tuple(Fault(one["where"], one["code"]) for one in orjson.loads(row[4]))
    return Waiting(_uuid(row[0]), _uuid(row[1]), ConnectorId(row[2]), row[3], faults, bytes(row[5]), row[6])


def _faults(faults: Sequence[Fault]) -> str:
    return orjson.dumps([{"where": fault.where, "code": str(fault.code)} for fault in faults]).decode()


# -- replay

_REPLAYED = """
UPDATE receive_quarantine AS held SET state = 'replayed', sealed = NULL FROM unnest($1::uuid[]) AS new (quarantine_id)
WHERE held.quarantine_id = new.quarantine_id AND held.state = 'waiting'
"""
_STILL = """
UPDATE receive_quarantine AS held SET faults = new.faults::jsonb
FROM unnest($1::uuid[], $2::text[]) AS new (quarantine_id, faults)
WHERE held.quarantine_id = new.quarantine_id AND held.state = 'waiting'
"""
_RECOUNT = """
UPDATE receive_drop AS held
SET accepted = held.accepted + new.accepted, quarantined = held.quarantined + new.quarantined,
    duplicate = held.duplicate + new.duplicate
FROM unnest($1::uuid[], $2::int[], $3::int[], $4::int[]) AS new (drop_id, accepted, quarantined, duplicate)
WHERE held.drop_id = new.drop_id AND held.quarantined + new.quarantined >= 0
"""


def claim_replayed(ids: Sequence[UUID]) -> Claim:
    """The condition that these rows still wait; they leave quarantine, and what was sealed is emptied."""
    return Claim(_REPLAYED, [(one,) for one in ids])


def claim_still(rows: Sequence[tuple[UUID, Sequence[Fault]]]) -> Claim:
    """The condition that these rows still wait; they go on waiting, for these faults."""
    return Claim(_STILL, [(one, _faults(faults)) for one, faults in rows])


def claim_recount(drop_id: UUID, accepted: int, quarantined: int, duplicate: int) -> Claim:
    """The file's own counts move with its rows."""
    return Claim(_RECOUNT, [(drop_id, accepted, quarantined, duplicate)])


# -- files and polls


@dataclass(frozen=True, slots=True)
class FileRun:
    """One file as it stands; accepted, quarantined and duplicate add up to the rows that it had so far.

    `lines` is None where the file was not read to its end. `stuck` when it was begun and does not move on. Of one that was
    refused for its header, `missing` names the columns that it lacks, `strange` those that the mapping does not know.
    """

    drop_id: UUID
    connector: ConnectorId
    party: PartyId
    state: str
    reason: ReasonCode | None
    lines_done: int
    lines: int | None
    accepted: int
    quarantined: int
    duplicate: int
    columns_ignored: int
    seen_us: int
    updated_us: int
    stuck: bool
    missing: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that came in."""
        return self.accepted + self.quarantined + self.duplicate


@dataclass(frozen=True, slots=True)
class Polled:
    """How the polls of a connector go: `outcome` since `since_us`, last seen at `polled_us`."""

    connector: ConnectorId
    polled_us: int
    outcome: str
    since_us: int


@dataclass(frozen=True, slots=True)
class Totals:
    """All files of a connector together."""

    connector: ConnectorId
    files: int
    accepted: int
    quarantined: int
    duplicate: int
    refused: int
    stuck: int
    last_us: int


_FILE = """
SELECT drop_id, connector, party_id, state, reason, rows_done, rows_total, accepted, quarantined, duplicate, columns_ignored,
    seen_us, updated_us, state = 'taken' AND (reason IS NOT NULL OR updated_us < $2), missing, strange FROM receive_drop
"""
_FILES = f"""{_FILE}
WHERE log_id = $1 AND ($3::text IS NULL OR connector = $3) AND ($4::text[] IS NULL OR state = ANY($4::text[]))
ORDER BY seen_us DESC LIMIT $5
"""
_FIND_FILE = f"{_FILE} WHERE log_id = $1 AND drop_id = $3"
_TOTALS = """
SELECT connector, count(*), sum(accepted)::bigint, sum(quarantined)::bigint, sum(duplicate)::bigint,
    count(*) FILTER (WHERE state = 'refused'),
    count(*) FILTER (WHERE state = 'taken' AND (reason IS NOT NULL OR updated_us < $2)), max(seen_us)
FROM receive_drop WHERE log_id = $1 GROUP BY 1
"""
_POLLED = "SELECT connector, polled_us, outcome, since_us FROM receive_connector WHERE log_id = $1"
_AGAIN = """
UPDATE receive_drop AS held SET state = 'again', updated_us = new.us FROM unnest($1::uuid[], $2::bigint[]) AS new (drop_id, us)
WHERE held.drop_id = new.drop_id AND held.state = 'refused'
"""


async def files(
    engine: AsyncEngine, log_id: LogId, now_us: int, connector: ConnectorId | None, states: Sequence[str] | None, limit: int
) -> list[FileRun]:
    """Files, newest first."""
    rows = await fetch(engine, _FILES, log_id, now_us - STUCK_US, connector, None if states is None else list(states), limit)
    return [_file(row) for row in rows]


async def file(engine: AsyncEngine, log_id: LogId, now_us: int, drop_id: UUID) -> FileRun | None:
    """One file."""
    rows = await fetch(engine, _FIND_FILE, log_id, now_us - STUCK_US, drop_id)
    return _file(rows[0]) if rows else None


def _file(row: Any) -> FileRun:
    drop_id, connector, party, state, reason, *counts, missing, strange = row
    told = (tuple(missing or ()), tuple(strange or ()))
    code = None if reason is None else ReasonCode(reason)
    rest: tuple[Any, ...] = (*counts, *told)
    return FileRun(_uuid(drop_id), ConnectorId(connector), PartyId(party), state, code, *rest)


def claim_again(drop_id: UUID, now_us: int) -> Claim:
    """The condition that the file is refused; the next poll looks for it where refused files lie."""
    return Claim(_AGAIN, [(drop_id, now_us)])


async def standing(engine: AsyncEngine, log_id: LogId, now_us: int) -> tuple[dict[str, Polled], dict[str, Totals]]:
    """Per connector how its polls go, and its files together."""
    async with transaction(engine, isolation="repeatable_read") as connection:
        polled = await connection.raw.fetch(_POLLED, log_id)
        totals = await connection.raw.fetch(_TOTALS, log_id, now_us - STUCK_US)
    return (
        {row[0]: Polled(ConnectorId(row[0]), row[1], row[2], row[3]) for row in polled},
        {row[0]: Totals(ConnectorId(row[0]), *(int(number) for number in row[1:])) for row in totals},
    )


def _uuid(given: Any) -> UUID:
    return UUID(bytes=given.bytes)
