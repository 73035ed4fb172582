"""The rows of holds, proposals and decisions, the entries as retention reads them, and the two ways in which content goes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store as audit
from hub.audit.entry import EntryKind
from hub.audit.search import store as index
from hub.audit.tiles import WIDTH
from hub.db import Connection as Connection
from hub.db import fetch, transaction
from hub.domain.terms import AgreementId, ClauseId, LogId, Micros, PartyId, PolicyHash
from hub.ports import Claim, RowSet
from hub.retention.model import GONE, UNREADABLE, Act, Disclosed, Entry, Hold, HoldKind, Proposal, Scope

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('retention ' || $1, 0))"
_LOCK_ALL: Final = "SELECT pg_advisory_xact_lock(hashtextextended('retention ' || log, 0)) FROM unnest($1::text[]) AS log"
_HOLD_COLUMNS: Final = (
    "log_id",
    "party_id",
    "event_id",
    "hold_id",
    "event",
    "kind",
    "scope",
    "word",
    "subject_tag",
    "staff",
    "us",
)
_HOLDS: Final = """
SELECT made.hold_id, made.kind, made.scope, made.word, made.us, made.staff, made.subject_tag, lifted.us
FROM retention_hold AS made LEFT JOIN retention_hold AS lifted
    ON lifted.log_id = made.log_id AND lifted.hold_id = made.hold_id AND lifted.event = 'lifted'
WHERE made.log_id = $1 AND made.event = 'opened' ORDER BY made.us, made.hold_id
"""
_LIFT: Final = """
INSERT INTO retention_hold (log_id, party_id, event_id, hold_id, event, kind, scope, word, subject_tag, staff, us)
SELECT new.*  FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::bytea[], $10::text[], $11::bigint[]) AS new ON CONFLICT DO NOTHING
"""
_PROPOSAL_COLUMNS: Final = (
    "log_id",
    "party_id",
    "proposal_id",
    "act",
    "purpose",
    "entries",
    "first",
    "after",
    "digest",
    "policy_hash",
    "staff",
    "us",
)
_PROPOSALS: Final = """
SELECT said.proposal_id, said.act, said.purpose, said.entries, said.first, said.after, said.digest, said.policy_hash,
    said.staff, said.us, entry.seq, done.us IS NOT NULL
FROM retention_proposal AS said
LEFT JOIN audit_redaction AS cut ON cut.log_id = said.log_id AND cut.proposal_id = said.proposal_id
LEFT JOIN audit_pruned AS gone ON gone.log_id = said.log_id AND gone.size = said.after AND gone.proposal_id = said.proposal_id
LEFT JOIN audit_entry AS entry ON entry.log_id = said.log_id AND entry.ref = coalesce(cut.authority_ref, gone.authority_ref)
LEFT JOIN retention_done AS done ON done.proposal_id = said.proposal_id
WHERE said.log_id = $1 ORDER BY said.us DESC, said.proposal_id
"""
# An entry is redacted by one authority alone: a verifier that finds two believes neither.
_AUTHORISE: Final = """
INSERT INTO audit_redaction (log_id, party_id, proposal_id, authority_ref)
SELECT new.* FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) AS new (log_id, party_id, proposal_id, authority_ref)
WHERE NOT EXISTS (SELECT FROM retention_part AS mine JOIN retention_part AS other
    ON other.log_id = mine.log_id AND other.tile = mine.tile AND other.seqs && mine.seqs
    JOIN audit_redaction AS act ON act.log_id = other.log_id AND act.proposal_id = other.proposal_id
    WHERE mine.log_id = new.log_id AND mine.proposal_id = new.proposal_id)
ON CONFLICT DO NOTHING
"""
_DECIDED: Final = """
SELECT part.seqs FROM retention_part AS part
JOIN audit_redaction AS act ON act.log_id = part.log_id AND act.proposal_id = part.proposal_id
WHERE part.log_id = $1 AND part.tile BETWEEN $2 AND $3
"""
_SIZE: Final = "SELECT size FROM audit_head WHERE log_id = $1"
_AUTHORISE_PRUNING: Final = """
INSERT INTO audit_pruned (log_id, party_id, size, proposal_id, authority_ref, roots)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bytea[]) ON CONFLICT DO NOTHING
"""
# At the moment of the commit that it lies in: checkpoints in order of size are in order of time.
_BOUNDARY: Final = """
INSERT INTO audit_checkpoint (log_id, party_id, size, note, created_us)
SELECT new.log_id, new.party_id, new.size, new.note, (SELECT next.created_us FROM audit_checkpoint AS next
    WHERE next.log_id = new.log_id AND next.size >= new.size ORDER BY next.size LIMIT 1)
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS new (log_id, party_id, size, note) ON CONFLICT DO NOTHING
"""
_DONE: Final = "INSERT INTO retention_done (log_id, party_id, proposal_id, us) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_PARTS: Final = """
SELECT tile, seqs FROM retention_part WHERE log_id = $1 AND proposal_id = $2 AND tile > $3 ORDER BY tile LIMIT $4
"""
_BETWEEN: Final = "SELECT seq, ref, body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
# The range keeps both to the part of the log that they are about, whatever the planner believes of a table that just grew.
_NAMED: Final = """
SELECT seq, ref, body FROM audit_entry WHERE log_id = $1 AND seq BETWEEN $3 AND $4 AND seq = ANY($2::bigint[]) ORDER BY seq
"""
_REFS: Final = "SELECT ref FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3"
_BODIES: Final = "SELECT ref, body FROM audit_entry WHERE log_id = $1 AND ref = ANY($2::uuid[])"
_OUTCOMES: Final = """
SELECT delivery, max(us) FROM audit_outcome WHERE log_id = $1 AND delivery = ANY($2::uuid[]) GROUP BY delivery
"""
_WAITING: Final = """
SELECT delivery_id FROM deliver_outbox WHERE delivery_id = ANY($1::uuid[]) AND state NOT IN ('acknowledged', 'dropped')
"""
_NOTICES: Final = """
SELECT notice.items::text, notice.state IN ('open', 'acknowledged', 'refused'), notice.action = 'erase' AND
    notice.state IN ('attested', 'closed'), (SELECT max(said.us) FROM consent_notice_event AS said
    WHERE said.notice_id = notice.notice_id AND said.kind = 'attested' AND said.method = 'erased')
FROM consent_notice AS notice WHERE notice.log_id = $1 AND notice.items ?| $2::text[]
"""
_RELIED: Final = """
SELECT entry_ref FROM consent_policy WHERE log_id = $1 UNION SELECT entry_ref FROM policy_act WHERE log_id = $1
UNION SELECT entry_ref FROM policy_signatory WHERE log_id = $1 AND entry_ref IS NOT NULL
UNION SELECT entry_ref FROM identity_move WHERE log_id = $1 UNION SELECT entry_ref FROM region_act WHERE log_id = $1
UNION SELECT entry_ref FROM setup_move WHERE log_id = $1 UNION SELECT entry_ref FROM receive_mapping WHERE log_id = $1
UNION SELECT entry_ref FROM receive_proposal WHERE log_id = $1 UNION SELECT entry_ref FROM receive_confirmed WHERE log_id = $1
"""
_SIGNED: Final = """
SELECT size, created_us FROM audit_checkpoint WHERE log_id = $1 AND size >= $2 ORDER BY size LIMIT 1
"""
_REDACT: Final = """
UPDATE audit_entry SET body = NULL
WHERE log_id = $1 AND seq BETWEEN $3 AND $4 AND seq = ANY($2::bigint[]) AND body IS NOT NULL
"""


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """A transaction to look."""
    async with transaction(engine) as connection:
        yield connection


async def relied(connection: Connection, log_id: LogId) -> frozenset[UUID]:
    """The entries that rows of rules, partners, connectors and moves are held against."""
    return frozenset(UUID(bytes=row[0].bytes) for row in await connection.raw.fetch(_RELIED, log_id))


@asynccontextmanager
async def locked(engine: AsyncEngine, log_id: LogId) -> AsyncIterator[Connection]:
    """A transaction in which no hold is opened or lifted, and nobody else removes anything."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_LOCK, log_id)
        yield connection


def touch_lock(log_id: LogId) -> Claim:
    """The same as `locked`, for what is written with an entry."""
    return Claim(_LOCK_ALL, [(log_id,)])


async def holds(connection: Connection, log_id: LogId) -> list[Hold]:
    """All holds there ever were, oldest first."""
    return [
        Hold(
            UUID(bytes=hold.bytes),
            HoldKind(kind),
            Scope(scope),
            word,
            Micros(us),
            staff,
            None if tag is None else bytes(tag),
            None if lifted is None else Micros(lifted),
        )
        for hold, kind, scope, word, us, staff, tag, lifted in await connection.raw.fetch(_HOLDS, log_id)
    ]


def _hold_row(log_id: LogId, operator: PartyId, event: UUID, word: str, hold: Hold, staff: str, us: int) -> tuple[Any, ...]:
    return (log_id, operator, event, hold.hold_id, word, hold.kind, hold.scope, hold.word, hold.tag, staff, us)


def opened(log_id: LogId, operator: PartyId, hold: Hold) -> RowSet:
    """The row of a hold that begins."""
    row = _hold_row(log_id, operator, hold.hold_id, "opened", hold, hold.staff, int(hold.since_us))
    return RowSet("retention_hold", _HOLD_COLUMNS, [row])


def claim_lifted(log_id: LogId, operator: PartyId, event: UUID, hold: Hold, staff: str, us: Micros) -> Claim:
    """The end of a hold, on condition that nobody lifted it before."""
    return Claim(_LIFT, [_hold_row(log_id, operator, event, "lifted", hold, staff, int(us))])


async def proposals(engine: AsyncEngine, log_id: LogId) -> list[Proposal]:
    """What was proposed, the newest first."""
    return [
        Proposal(
            UUID(bytes=row[0].bytes),
            Act(row[1]),
            row[2],
            row[3],
            row[4],
            row[5],
            bytes(row[6]),
            PolicyHash(row[7]),
            row[8],
            Micros(row[9]),
            row[10],
            row[11],
        )
        for row in await fetch(engine, _PROPOSALS, log_id)
    ]


def proposal_rows(log_id: LogId, operator: PartyId, one: Proposal) -> RowSet:
    """The row of a proposal."""
    row = (
        log_id,
        operator,
        one.proposal_id,
        one.act,
        one.purpose,
        one.entries,
        one.first,
        one.after,
        one.digest,
        one.policy,
        one.staff,
        int(one.us),
    )
    return RowSet("retention_proposal", _PROPOSAL_COLUMNS, [row])


async def add_part(engine: AsyncEngine, log_id: LogId, operator: PartyId, proposal: UUID, seqs: Sequence[int]) -> None:
    """Names entries of one proposal, tile by tile; without authority that lets nobody do anything."""
    tiles: dict[int, list[int]] = {}
    for seq in seqs:
        tiles.setdefault(seq // WIDTH, []).append(seq)
    columns = ("log_id", "party_id", "proposal_id", "tile", "seqs")
    async with transaction(engine) as connection:
        rows = [(log_id, operator, proposal, tile, named) for tile, named in tiles.items()]
        await connection.copy("retention_part", columns, rows)


async def parts(engine: AsyncEngine, log_id: LogId, proposal: UUID, after: int, most: int) -> list[tuple[int, list[int]]]:
    """The entries that a proposal names in the tiles after that one, at most so many tiles."""
    return [(row[0], list(row[1])) for row in await fetch(engine, _PARTS, log_id, proposal, after, most)]


def claim_redaction(log_id: LogId, operator: PartyId, proposal: UUID, authority: UUID) -> Claim:
    """The decision on a proposal to redact, on condition that nobody decided before."""
    return Claim(_AUTHORISE, [(log_id, operator, proposal, authority)])


def claim_pruning(log_id: LogId, operator: PartyId, size: int, proposal: UUID, authority: UUID, roots: bytes) -> Claim:
    """The decision to prune to a size, on condition that nobody decided before."""
    return Claim(_AUTHORISE_PRUNING, [(log_id, operator, size, proposal, authority, roots)])


def keep_boundary(log_id: LogId, operator: PartyId, size: int, note: str) -> Claim:
    """The signed checkpoint at which the log is pruned, unless there is one of that size."""
    return Claim(_BOUNDARY, [(log_id, operator, size, note)])


async def mark_done(engine: AsyncEngine, log_id: LogId, operator: PartyId, proposal: UUID, us: Micros) -> None:
    """Nothing of it is left to do."""
    await fetch(engine, _DONE, log_id, operator, proposal, int(us))


async def size_of(connection: Connection, log_id: LogId) -> int:
    """How many entries the log has."""
    return int(await connection.raw.fetchval(_SIZE, log_id) or 0)


async def decided(connection: Connection, log_id: LogId, first: int, last: int) -> set[int]:
    """The entries about there that an authority names already."""
    return {seq for row in await connection.raw.fetch(_DECIDED, log_id, first // WIDTH, last // WIDTH) for seq in row[0]}


async def before(connection: Connection, log_id: LogId, us: Micros, size: int) -> int:
    """How many entries were recorded before that moment: every commit signed a checkpoint at its own."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        signed, at = await connection.raw.fetchrow(_SIGNED, log_id, middle + 1)
        if at < us:
            low = min(signed, size)
        else:
            high = middle
    return low


async def refs(connection: Connection, log_id: LogId, start: int, stop: int) -> list[UUID]:
    """The refs of the entries from `start` up to `stop`."""
    return [UUID(bytes=row[0].bytes) for row in await connection.raw.fetch(_REFS, log_id, start, stop)]


async def between(connection: Connection, log_id: LogId, start: int, stop: int) -> list[Entry]:
    """The entries from `start` up to `stop`, each with the disclosure that its term hangs on."""
    return await _entries(connection, log_id, await connection.raw.fetch(_BETWEEN, log_id, start, stop))


async def these(connection: Connection, log_id: LogId, seqs: Sequence[int]) -> list[Entry]:
    """These entries, each with the disclosure that its term hangs on."""
    if not seqs:
        return []
    return await _entries(connection, log_id, await connection.raw.fetch(_NAMED, log_id, list(seqs), min(seqs), max(seqs)))


async def _entries(connection: Connection, log_id: LogId, rows: Sequence[Any]) -> list[Entry]:
    said = [(seq, UUID(bytes=ref.bytes), None if body is None else _fields(body)) for seq, ref, body in rows]
    given = {ref: fields for _, ref, fields in said if fields and fields["kind"] == EntryKind.disclosure}
    wanted = {UUID(fields["delivery"]) for _, _, fields in said if fields and fields["kind"] == EntryKind.outcome}
    found = {
        UUID(bytes=ref.bytes): None if body is None else _fields(body)
        for ref, body in (await connection.raw.fetch(_BODIES, log_id, list(wanted - set(given))) if wanted else ())
    }
    emptied = {ref for ref, fields in found.items() if fields is None}
    known = {**given, **{ref: fields for ref, fields in found.items() if fields}}
    disclosed = await _disclosed(connection, log_id, known) if known else {}
    gone = (await audit.pruned(connection, log_id)).size > 0
    made: list[Entry] = []
    for seq, ref, fields in said:
        if not fields:
            made.append(Entry(seq, ref, GONE if fields is None else UNREADABLE, Micros(0)))
            continue
        delivery = UUID(fields["delivery"]) if fields["kind"] == EntryKind.outcome else None
        made.append(
            Entry(
                seq,
                ref,
                fields["kind"],
                Micros(fields["us"]),
                fields["purpose"],
                _parties(fields),
                delivery,
                disclosed.get(delivery or ref),
                delivery in emptied or (gone and delivery is not None and delivery not in known),
            )
        )
    return made


def _fields(body: bytes) -> dict[str, Any]:
    """What an entry says; nothing where it cannot be read, which the verifier has to say more about."""
    try:
        fields = orjson.loads(bytes(body))
        whole = isinstance(fields, dict) and all(isinstance(fields.get(name), str) for name in ("kind", "purpose", "actor"))
        return fields if whole and isinstance(fields.get("us"), int) else {}
    except ValueError:
        return {}


def _parties(fields: Mapping[str, Any]) -> frozenset[str]:
    named = [fields.get(name) for name in ("actor", "source", "recipient")] + list(fields.get("controllers", ()))
    details = fields.get("details") or {}
    return frozenset(word for word in (*named, details.get("party"), details.get("recipient")) if isinstance(word, str))


async def _disclosed(connection: Connection, log_id: LogId, known: Mapping[UUID, Mapping[str, Any]]) -> dict[UUID, Disclosed]:
    asked = list(known)
    last = {UUID(bytes=ref.bytes): us for ref, us in await connection.raw.fetch(_OUTCOMES, log_id, asked)}
    open_ = {UUID(bytes=row[0].bytes) for row in await connection.raw.fetch(_WAITING, asked)}
    erased: dict[UUID, int] = {}
    for items, running, erases, us in await connection.raw.fetch(_NOTICES, log_id, [str(ref) for ref in asked]):
        for delivery, elements in orjson.loads(items).items():
            ref = UUID(delivery)
            if ref in known and running:
                open_.add(ref)
            elif ref in known and erases and us is not None and _elements(known[ref]) <= set(elements):
                erased[ref] = us
    return {
        ref: Disclosed(
            Micros(fields["us"]),
            Micros(max(fields["us"], last.get(ref, 0))),
            fields["purpose"],
            PolicyHash(fields["policy"]),
            AgreementId(fields["agreement"]),
            ClauseId(fields["clause"]),
            _elements(fields),
            _parties(fields),
            ref in open_,
            Micros(erased[ref]) if ref in erased else None,
        )
        for ref, fields in known.items()
    }


def _elements(fields: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name.partition(":")[0] for name in fields["attributes"])


async def redact(connection: Connection, log_id: LogId, operator: PartyId, seqs: Collection[int]) -> None:
    """Empties these entries, and what the index says of them. Raises Tampered where nobody authorised it."""
    await connection.raw.execute(_REDACT, log_id, list(seqs), min(seqs), max(seqs))
    await index.redact(connection, log_id, operator, sorted(seqs))


async def prune(connection: Connection, log_id: LogId, below: int, most: int) -> bool:
    """Removes some of what was pruned, oldest first; False when nothing of it is left."""
    lines = await index.prune(connection, log_id, below, most)
    return bool(await connection.raw.fetchval("SELECT prune_audit($1, $2)", log_id, most)) or lines > 0
