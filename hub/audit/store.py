"""The log's rows. Only the committer (`hub.audit.record`) appends; everything else here reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from hub.audit import tiles as tile
from hub.audit.checkpoint import open_note
from hub.audit.highwater import Mark
from hub.audit.tiles import Edge, Prover, Span, Tile, TileKey
from hub.audit.tree import EMPTY_ROOT, HASH_BYTES, Frontier, leaf_hash, verify_consistency
from hub.db import Connection
from hub.domain.terms import LogId, PartyId, TraceId
from hub.errors import Misconfigured, Refused, Tampered
from hub.ports import Claim, RowSet, Tally, WorkItem

_FORK = "Stop; compare with the checkpoints that partners hold; see ops/runbooks/log-restore.md."
_REFS_KEPT = 16
_FEW = 100
_PARTITION_AHEAD = 1_000_000

_OPEN = """
INSERT INTO audit_head (log_id, party_id, size, frontier, root, last_us) VALUES ($1, $2, 0, $3, $4, 0)
ON CONFLICT (log_id) DO NOTHING
"""
_HEAD = """
SELECT size, root, last_us, EXISTS (SELECT FROM audit_alarm AS a WHERE a.log_id = $1 AND a.ended_us IS NULL),
    (SELECT vkey FROM audit_origin AS o WHERE o.log_id = $1 ORDER BY first_size DESC LIMIT 1)
FROM audit_head WHERE log_id = $1 FOR UPDATE
"""
_MOVE_AND_SIGN = """
WITH moved AS (UPDATE audit_head SET size = $2, frontier = $3, root = $4, last_us = $5 WHERE log_id = $1)
INSERT INTO audit_checkpoint (log_id, party_id, size, note, created_us) VALUES ($1, $6, $2, $7, $5)
"""
_NEWEST = "SELECT note FROM audit_checkpoint WHERE log_id = $1 ORDER BY size DESC LIMIT 1"
_LEAVES = "SELECT leaf FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
_ENTRIES = "SELECT leaf, body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
_TILES = "SELECT idx, hashes FROM audit_tile WHERE log_id = $1 AND level = $2 AND idx = ANY($3::bigint[])"
_FIND_REQUEST = "SELECT party_id, size, refs, tally FROM audit_request WHERE log_id = $1 AND request_id = $2"
_LOCATE = """
SELECT entry.ref, entry.seq, entry.body, entry.leaf, CASE WHEN entry.body IS NULL THEN (
    SELECT said.seq FROM retention_part AS part
    JOIN audit_redaction AS act ON act.log_id = part.log_id AND act.proposal_id = part.proposal_id
    JOIN audit_entry AS said ON said.log_id = act.log_id AND said.ref = act.authority_ref
    WHERE part.log_id = $1 AND part.tile = entry.seq / 256 AND entry.seq = ANY (part.seqs) LIMIT 1) END
FROM audit_entry AS entry WHERE entry.log_id = $1 AND entry.ref = ANY($2::uuid[])
"""
_PRUNED = """
SELECT gone.size, said.seq, gone.roots FROM audit_pruned AS gone
JOIN audit_entry AS said ON said.log_id = gone.log_id AND said.ref = gone.authority_ref
WHERE gone.log_id = $1 ORDER BY gone.size DESC LIMIT 1
"""
_REDACTIONS = """
SELECT act.proposal_id, said.seq FROM audit_redaction AS act
JOIN audit_entry AS said ON said.log_id = act.log_id AND said.ref = act.authority_ref
WHERE act.log_id = $1 AND said.seq < $2 ORDER BY said.seq
"""
_NAMED = "SELECT seqs FROM retention_part WHERE log_id = $1 AND proposal_id = $2 ORDER BY tile"
_CHECKPOINT_AT = "SELECT note FROM audit_checkpoint WHERE log_id = $1 AND size = $2"

_COLUMN_TYPES = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
"""

_ENTRY_COLUMNS = ("log_id", "party_id", "seq", "ref", "leaf", "body")
_REQUEST_COLUMNS = ("log_id", "party_id", "request_id", "size", "refs", "tally", "created_us")
_TRACE_COLUMNS = ("log_id", "party_id", "trace_id", "refs")
_TILE_COLUMNS = ("log_id", "party_id", "level", "idx", "hashes")


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log stands; `alarmed` while nothing may be added to it, `vkey` the key it goes on under, if not its first."""

    size: int
    root: bytes
    last_us: int
    alarmed: bool = False
    vkey: str | None = None


@dataclass(frozen=True, slots=True)
class Located:
    """An entry in the log, verbatim, with its index. `kept` is None once it was redacted, by the authority of entry `by`."""

    seq: int
    kept: bytes | None
    leaf: bytes = b""
    by: int | None = None

    @property
    def body(self) -> bytes:
        """What it says. Raises Refused where it was redacted, Tampered where it went without that."""
        if self.kept is None and self.by is None:
            raise Tampered("An entry of the log is empty.", "Nobody authorised that its content was removed.", _FORK)
        if self.kept is None:
            raise Refused(
                "What this entry said is gone.",
                f"Its term had passed, and it was redacted by entry {self.by}.",
                "Its place and its proof stay; the entry that redacted it says who decided.",
            )
        return self.kept

    @property
    def hash(self) -> bytes:
        """Its leaf hash; made anew where there is something to make it of."""
        return self.leaf if self.kept is None else leaf_hash(self.kept)


@dataclass(frozen=True, slots=True)
class Pruned:
    """The log's first `size` entries are gone, by the authority of entry `by`.

    `roots` are the hashes of the tile of level 1 that was open at that size; the tiles that they are the roots of are gone.
    """

    size: int = 0
    by: int = 0
    roots: bytes = b""

    def check(self, first: int) -> None:
        """Raises Refused for what begins at an entry that is gone."""
        if first < self.size:
            raise Refused(
                "This part of the log is gone.",
                f"Its terms had passed; the first {self.size} entries were pruned by entry {self.by}.",
                f"Ask from entry {self.size} on.",
            )


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """What a request became, when it was recorded before."""

    party: PartyId
    size: int
    refs: tuple[UUID, ...]
    tally: Tally | None


async def open_log(connection: Connection, log_id: LogId, operator: PartyId) -> None:
    """Makes sure that the log has a head and room for entries."""
    empty = Frontier()
    await connection.raw.execute(_OPEN, log_id, operator, empty.encode(), empty.root)
    size = await connection.raw.fetchval("SELECT size FROM audit_head WHERE log_id = $1", log_id)
    await make_room(connection, log_id, size)


async def make_room(connection: Connection, log_id: LogId, size: int) -> None:
    """Partitions for the entries to come."""
    await connection.raw.execute("SELECT ensure_audit_partitions($1, $2)", log_id, size + _PARTITION_AHEAD)


async def lock_head(connection: Connection, log_id: LogId) -> Head:
    """The head, held until the transaction ends: one writer at a time."""
    row = await connection.raw.fetchrow(_HEAD, log_id)
    if row is None:
        raise Misconfigured("The log has no head.", "It was never opened here.", "Start the hub once, or restore the database.")
    return Head(row[0], bytes(row[1]), row[2], row[3], row[4])


async def claim_all(connection: Connection, claims: Sequence[Claim]) -> bool:
    """Runs the conditions, those of one statement together; False as soon as one does not hold."""
    for statement, rows in _merged(claims).items():
        status = await connection.raw.execute(statement, *map(list, zip(*rows, strict=True)))
        if int(status.rsplit(" ", 1)[1]) != len(rows):
            return False
    return True


async def run_all(connection: Connection, statements: Sequence[Claim]) -> None:
    """Runs statements that are no condition, those of one statement together."""
    for statement, rows in _merged(statements).items():
        await connection.raw.execute(statement, *map(list, zip(*rows, strict=True)))


def _merged(claims: Sequence[Claim]) -> dict[str, list[tuple[Any, ...]]]:
    """In one order for all processes, so that two who take the same rows wait for each other and never in a circle."""
    merged: dict[str, list[tuple[Any, ...]]] = {}
    for claim in claims:
        merged.setdefault(claim.statement, []).extend(claim.rows)
    return {statement: sorted(rows) for statement, rows in sorted(merged.items()) if rows}


async def write_rows(connection: Connection, sets: Sequence[RowSet]) -> None:
    """Writes all rows, those of one table together: many by COPY, few by INSERT, all that are few in one exchange."""
    merged: dict[_Into, list[tuple[Any, ...]]] = {}
    for rows in sets:
        if rows.rows:
            merged.setdefault((rows.table, rows.columns), []).extend(rows.rows)
    few = {into: merged.pop(into) for into in sorted(merged) if len(merged[into]) < _FEW}
    for (table, columns), records in merged.items():
        await connection.copy(table, columns, records)
    if few:
        arrays = [list(column) for records in few.values() for column in zip(*records, strict=True)]
        await connection.raw.execute(await _insert(connection, tuple(few)), *arrays)


_Into = tuple[str, tuple[str, ...]]
"""A table, and the columns of it that are given."""
_inserts: dict[tuple[_Into, ...], str] = {}


async def _insert(connection: Connection, tables: tuple[_Into, ...]) -> str:
    """The statement that adds rows given as an array per column; the database is asked once for the columns' types."""
    known = _inserts.get(tables)
    if known is None:
        places, inserts = count(1), []
        for table, columns in tables:
            types = {row[0]: row[1] for row in await connection.raw.fetch(_COLUMN_TYPES, table)}
            arrays = ", ".join(f"${next(places)}::{types[column]}[]" for column in columns)
            inserts.append(f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM unnest({arrays})")  # noqa: S608  # names of ours
        *others, last = inserts
        beside = ", ".join(f"others_{nth} AS ({insert})" for nth, insert in enumerate(others))
        known = _inserts[tables] = f"WITH {beside} {last}" if others else last
    return known


async def append(
    connection: Connection,
    log_id: LogId,
    operator: PartyId,
    rows: Sequence[tuple[Any, ...]],
    tiles: Sequence[Tile],
    after: Edge,
    us: int,
    checkpoint: str,
) -> None:
    """The entries, the tiles that they complete, the new head and the checkpoint over it."""
    if (after.size + _PARTITION_AHEAD // 2) // _PARTITION_AHEAD != (
        after.size - len(rows) + _PARTITION_AHEAD // 2
    ) // _PARTITION_AHEAD:
        await make_room(connection, log_id, after.size)
    made = [(log_id, operator, each.level, each.index, each.hashes) for each in tiles]
    await write_rows(connection, (RowSet("audit_entry", _ENTRY_COLUMNS, rows), RowSet("audit_tile", _TILE_COLUMNS, made)))
    await connection.raw.execute(
        _MOVE_AND_SIGN, log_id, after.size, after.frontier.encode(), after.root, us, operator, checkpoint
    )


async def add_requests(connection: Connection, log_id: LogId, items: Sequence[WorkItem], size: int, us: int) -> None:
    """Remembers the requests, so that an unclear commit can be looked up and the same request answered again."""
    rows = [
        (
            log_id,
            item.party,
            item.request_id,
            size,
            [draft.ref for draft in item.entries] if len(item.entries) <= _REFS_KEPT else [],
            [] if item.tally is None else [item.tally.accepted, item.tally.quarantined, item.tally.duplicate],
            us,
        )
        for item in items
    ]
    await connection.raw.copy_records_to_table("audit_request", records=rows, columns=_REQUEST_COLUMNS)


async def find_request(connection: Connection, log_id: LogId, request_id: UUID) -> FoundRequest | None:
    """The request, if it was recorded."""
    row = await connection.raw.fetchrow(_FIND_REQUEST, log_id, request_id)
    if row is None:
        return None
    party, size, refs, tally = row
    return FoundRequest(PartyId(party), size, tuple(UUID(bytes=ref.bytes) for ref in refs), Tally(*tally) if tally else None)


def trace_rows(item: WorkItem, log_id: LogId, trace: TraceId | None) -> tuple[RowSet, ...]:
    """Under which trace (W3C Trace Context) the item's entries are made, so that they are found by it."""
    if trace is None or not item.entries:
        return ()
    refs = b"".join([draft.ref.bytes for draft in item.entries])
    return (RowSet("audit_trace", _TRACE_COLUMNS, [(log_id, item.party, UUID(hex=trace), refs)]),)


async def newest_checkpoint(connection: Connection, log_id: LogId) -> str | None:
    """The newest signed checkpoint; None for a log without entries."""
    note: str | None = await connection.raw.fetchval(_NEWEST, log_id)
    return note


async def leaves(connection: Connection, log_id: LogId, start: int, stop: int) -> list[bytes]:
    """The leaf hashes from `start` up to `stop`. Raises Tampered when some are missing."""
    found = [bytes(row[0]) for row in await connection.raw.fetch(_LEAVES, log_id, start, stop)]
    if len(found) != stop - start:
        raise Tampered("The log misses entries.", "The database holds fewer than its head says.", _FORK)
    return found


async def bodies(connection: Connection, log_id: LogId, start: int, stop: int) -> list[bytes]:
    """Entries verbatim, from `start` up to `stop`; empty where one was redacted."""
    return [body or b"" for _, body in await entries(connection, log_id, start, stop)]


async def entries(connection: Connection, log_id: LogId, start: int, stop: int) -> list[tuple[bytes, bytes | None]]:
    """The leaf hashes and entries from `start` up to `stop`; None where one was redacted. What was pruned is not there."""
    return [
        (bytes(leaf), None if body is None else bytes(body))
        for leaf, body in await connection.raw.fetch(_ENTRIES, log_id, start, stop)
    ]


async def pruned(connection: Connection, log_id: LogId) -> Pruned:
    """How much of the beginning of the log is gone; a size of 0 for nothing."""
    row = await connection.raw.fetchrow(_PRUNED, log_id)
    return Pruned() if row is None else Pruned(row[0], row[1], bytes(row[2]))


async def redactions(connection: Connection, log_id: LogId, size: int) -> list[tuple[int, UUID]]:
    """The entries below `size` that authorised a redaction, each with its proposal."""
    return [(seq, UUID(bytes=proposal.bytes)) for proposal, seq in await connection.raw.fetch(_REDACTIONS, log_id, size)]


async def named(connection: Connection, log_id: LogId, proposal: UUID) -> list[int]:
    """The entries that a proposal names, ascending."""
    return [seq for row in await connection.raw.fetch(_NAMED, log_id, proposal) for seq in row[0]]


async def checkpoint_at(connection: Connection, log_id: LogId, size: int) -> str:
    """The signed checkpoint of exactly that size. Raises Tampered when it is gone."""
    note: str | None = await connection.raw.fetchval(_CHECKPOINT_AT, log_id, size)
    if note is None:
        raise Tampered("The checkpoint at which the log was pruned is gone.", "Checkpoints were removed.", _FORK)
    return note


async def locate(connection: Connection, log_id: LogId, refs: Sequence[UUID]) -> dict[UUID, Located]:
    """The entries with these refs."""
    return {
        UUID(bytes=row[0].bytes): Located(row[1], None if row[2] is None else bytes(row[2]), bytes(row[3]), row[4])
        for row in await connection.raw.fetch(_LOCATE, log_id, list(refs))
    }


async def stored_tiles(connection: Connection, log_id: LogId, needed: set[tuple[int, int, int]]) -> dict[TileKey, bytes]:
    """The complete tiles among those needed."""
    found: dict[TileKey, bytes] = {}
    for level in sorted({key[0] for key in needed}):
        wanted = [index for at, index, width in needed if at == level and width == tile.WIDTH]
        for index, hashes in await connection.raw.fetch(_TILES, log_id, level, wanted):
            found[level, index] = bytes(hashes)
    return found


async def rebuild_edge(connection: Connection, log_id: LogId, size: int) -> Edge:
    """The open side of the tree of `size`, from stored leaves and tiles."""
    return Edge.rebuild(size, [await _span(connection, log_id, span) for span in tile.spans(size)])


async def _span(connection: Connection, log_id: LogId, span: Span) -> bytes:
    if span.level == 0:
        return b"".join(await leaves(connection, log_id, span.first, span.first + span.count))
    gone = await pruned(connection, log_id) if span.level == 1 else Pruned()
    # Of the tiles of level 0 that were pruned only their roots are left.
    begin = gone.size // tile.WIDTH // tile.WIDTH * tile.WIDTH
    known = gone.roots if begin == span.first else b""
    first = span.first + len(known) // HASH_BYTES
    wanted = {(span.level - 1, index, tile.WIDTH) for index in range(first, span.first + span.count)}
    found = await stored_tiles(connection, log_id, wanted)
    if len(found) != len(wanted):
        raise Tampered("The log misses tiles.", "The database holds fewer than its head says.", _FORK)
    return known[: span.count * HASH_BYTES] + b"".join(tile.tile_root(found[key]) for key in sorted(found))


async def prover(connection: Connection, log_id: LogId, size: int, needed: set[tuple[int, int, int]], edge: Edge) -> Prover:
    """What makes proofs in the tree of `size`: the stored tiles needed, and the open ones of `edge`, the edge at that size."""
    return Prover(size, await stored_tiles(connection, log_id, needed), edge.nodes)


async def check_continues(connection: Connection, log_id: LogId, head: Mark, mark: Mark) -> None:
    """Raises Tampered unless the log at `head` continues the one that was promised at `mark`."""
    if head.size < mark.size:
        raise Tampered(
            "The log is shorter than it was.",
            f"It has {head.size} entries, but {mark.size} were promised: the database was restored or cut.",
            _FORK,
        )
    if mark.size == 0 or head == mark:
        return
    edge = await rebuild_edge(connection, log_id, head.size)
    needed = tile.consistency_tiles_needed(mark.size, head.size)
    proof = (await prover(connection, log_id, head.size, needed, edge)).consistency(mark.size)
    verify_consistency(mark.size, mark.root, head.size, head.root, proof)


def check_signed(note: str | None, vkey: str, head: Head) -> None:
    """Raises Tampered unless the newest checkpoint is ours and over this head."""
    if note is None:
        if head.size or head.root != EMPTY_ROOT:
            raise Tampered("The log has entries but no checkpoint.", "Checkpoints were removed.", _FORK)
        return
    try:
        checkpoint = open_note(note, vkey)
    except Tampered:
        raise Tampered(
            "The log's newest checkpoint is not signed by this key under this name.",
            "HUB_LOG_KEY or HUB_LOG_ORIGIN is not what this log was begun with, or the checkpoint was changed.",
            "Put both back as they were. If they are as they were, keep everything and call the privacy officer.",
        ) from None
    if (checkpoint.size, checkpoint.root) != (head.size, head.root):
        raise Tampered("The newest checkpoint is not over the log's head.", "One of the two was changed.", _FORK)


Entries = Mapping[UUID, Located]
