"""The rows of the index: added after the log, in its order, by one process at a time.

Each word of the log has a number, and per block of places a bitmap says which entries name it. The newest outcome of a
disclosure is such a word too; it moves when an outcome entry follows. Nothing here is evidence: all of it is made of entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.search import bits
from hub.audit.search.lines import REDACTED, WAITING
from hub.audit.search.reading import SINGLE, Indexed, Moved, moves, often, read, settled, words_of
from hub.clock import legal_date
from hub.db import Connection, transaction
from hub.domain.terms import LogId, Micros, PartyId

_END: Final = (1 << 62) - 1
PART: Final = 256
"""Entries of which one row holds the moments, each as 8 bytes, big-endian microseconds."""

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('audit_index ' || $1, 0))"
_SIZES: Final = """
SELECT (SELECT size FROM audit_head WHERE log_id = $1), (SELECT size FROM audit_indexed WHERE log_id = $1)
"""
_BODIES: Final = "SELECT seq, ref, body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
_PLACES: Final = "SELECT ref, seq FROM audit_entry WHERE log_id = $1 AND ref = ANY($2::uuid[]) AND seq < $3"
_WORDS: Final = """
SELECT word.sort, word.word, word.id FROM unnest($2::text[], $3::text[]) AS new (sort, word)
JOIN audit_word AS word ON word.log_id = $1 AND word.sort = new.sort AND word.word = new.word
"""
_STATES: Final = "SELECT word, id FROM audit_word WHERE log_id = $1 AND sort = 'outcome'"
_ID: Final = "SELECT id FROM audit_word WHERE log_id = $1 AND sort = $2 AND word = $3"
_ADD_WORDS: Final = """
INSERT INTO audit_word (log_id, party_id, id, sort, word, entries)
SELECT $1, $2, new.id, new.sort, new.word, 0 FROM unnest($3::int[], $4::text[], $5::text[]) AS new (id, sort, word)
"""
_COUNT: Final = """
UPDATE audit_word AS word SET entries = word.entries + new.entries FROM unnest($2::int[], $3::bigint[]) AS new (id, entries)
WHERE word.log_id = $1 AND word.id = new.id
"""
_POSTINGS: Final = """
SELECT old.word, old.block, old.bits FROM unnest($2::int[], $3::bigint[]) AS new (word, block)
JOIN audit_posting AS old ON old.log_id = $1 AND old.word = new.word AND old.block = new.block
"""
_PUT: Final = """
INSERT INTO audit_posting (log_id, party_id, word, block, entries, bits)
SELECT $1, $2, * FROM unnest($3::int[], $4::bigint[], $5::int[], $6::bytea[])
ON CONFLICT (log_id, word, block) DO UPDATE SET entries = excluded.entries, bits = excluded.bits
"""
_EMPTY: Final = """
DELETE FROM audit_posting AS old USING unnest($2::int[], $3::bigint[]) AS new (word, block)
WHERE old.log_id = $1 AND old.word = new.word AND old.block = new.block
"""
_MOMENTS: Final = "SELECT moments FROM audit_moment WHERE log_id = $1 AND part = $2"
_PUT_MOMENTS: Final = """
INSERT INTO audit_moment (log_id, party_id, part, first_us, moments)
SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bytea[])
ON CONFLICT (log_id, part) DO UPDATE SET moments = excluded.moments
"""
_OUTCOMES: Final = """
INSERT INTO audit_outcome (log_id, party_id, seq, us, delivery, attempt, became)
SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::uuid[], $6::int[], $7::text[]) ON CONFLICT DO NOTHING
"""
_TALLY: Final = """
INSERT INTO audit_tally AS old (log_id, party_id, day, kind, recipient, reason, entries)
SELECT $1, $2, * FROM unnest($3::date[], $4::text[], $5::text[], $6::text[], $7::bigint[])
ON CONFLICT (log_id, day, kind, recipient, reason) DO UPDATE SET entries = old.entries + excluded.entries
"""
_REACHED: Final = """
INSERT INTO audit_indexed (log_id, party_id, size) VALUES ($1, $2, $3)
ON CONFLICT (log_id) DO UPDATE SET size = excluded.size
"""
_UNSAID: Final = "DELETE FROM audit_outcome WHERE log_id = $1 AND seq = ANY($2::bigint[]) RETURNING delivery"
SAID: Final = """
SELECT delivery, seq, attempt, became FROM audit_outcome WHERE log_id = $1 AND delivery = ANY($2::uuid[]) ORDER BY seq
"""
_EVERY_WORD: Final = "SELECT id FROM audit_word WHERE log_id = $1"
_FORGET: Final = """
WITH gone AS (DELETE FROM audit_posting WHERE log_id = $1 AND word = ANY($2::int[]) AND block >= $3 AND block < $4
        RETURNING word, entries),
    sums AS (SELECT word, sum(entries)::bigint AS entries FROM gone GROUP BY word)
UPDATE audit_word AS word SET entries = word.entries - sums.entries FROM sums
WHERE word.log_id = $1 AND word.id = sums.word
"""
_FORGET_ROWS: Final = (
    "DELETE FROM audit_moment WHERE log_id = $1 AND part >= $2",
    "DELETE FROM audit_outcome WHERE log_id = $1 AND seq >= $2",
)
_FIRST_PART: Final = "SELECT part FROM audit_moment WHERE log_id = $1 ORDER BY part LIMIT 1"
_PRUNE_ROWS: Final = (
    "DELETE FROM audit_moment WHERE log_id = $1 AND part < $2",
    "DELETE FROM audit_outcome WHERE log_id = $1 AND seq < $2",
)


async def sizes(connection: Connection, log_id: LogId) -> tuple[int, int]:
    """How many entries the log has, and how many of them are indexed."""
    row = await connection.raw.fetchrow(_SIZES, log_id)
    return row[0] or 0, row[1] or 0


@dataclass(slots=True)
class _Change:
    """What becomes of bitmaps: by word and block the bits that are set, and those that are cleared."""

    set: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    clear: defaultdict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))


async def add(engine: AsyncEngine, log_id: LogId, operator: PartyId, most: int) -> tuple[int, int]:
    """Indexes the next `most` entries at most; gives how many it were, and how many are left."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_LOCK, log_id)
        size, reached = await sizes(connection, log_id)
        stop = min(size, reached + most)
        if stop <= reached:
            return 0, 0
        before = await _moment_before(connection, log_id, reached)
        rows: list[Indexed] = []
        for seq, ref, body in await connection.raw.fetch(_BODIES, log_id, reached, stop):
            rows.append(read(seq, UUID(bytes=ref.bytes), None if body is None else bytes(body), before))
            before = rows[-1].us
        if rows:  # the beginning of a log may be pruned
            await _write(connection, log_id, operator, *settled(rows))
            await _add_moments(connection, log_id, operator, rows)
        await connection.raw.execute(_REACHED, log_id, operator, stop)
    return stop - reached, size - stop


async def _write(
    connection: Connection, log_id: LogId, operator: PartyId, rows: Sequence[Indexed], moved: Sequence[Moved]
) -> None:
    offsets: defaultdict[tuple[tuple[str, str], int], list[int]] = defaultdict(list)
    for row in rows:
        block, offset = divmod(row.seq, bits.WIDTH)
        for word in words_of(row):
            offsets[word, block].append(offset)
    number = await _numbers(connection, log_id, operator, {word for word, _ in offsets} | _states(moved))
    change = _Change()
    for (word, block), places in offsets.items():
        change.set[number[word], block] |= bits.mask_of(places)
    await _move(connection, log_id, number, change, moved, rows[0].seq)
    await _apply(connection, log_id, operator, change)
    await _add_outcomes(connection, log_id, operator, rows)
    await _add_tally(connection, log_id, operator, rows)


async def _numbers(
    connection: Connection, log_id: LogId, operator: PartyId, words: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """The number of each word; new words get the next ones."""
    wanted = sorted(words)
    sorts, texts = [sort for sort, _ in wanted], [text for _, text in wanted]
    number = {(sort, text): known for sort, text, known in await connection.raw.fetch(_WORDS, log_id, sorts, texts)}
    new = [word for word in wanted if word not in number]
    if new:
        last = await connection.raw.fetchval("SELECT max(id) FROM audit_word WHERE log_id = $1", log_id) or 0
        fresh = {word: last + nth for nth, word in enumerate(new, 1)}
        await connection.raw.execute(
            _ADD_WORDS, log_id, operator, list(fresh.values()), [sort for sort, _ in new], [text for _, text in new]
        )
        number |= fresh
    return number


async def _move(
    connection: Connection,
    log_id: LogId,
    number: Mapping[tuple[str, str], int],
    change: _Change,
    moved: Sequence[Moved],
    reached: int,
) -> None:
    """Outcomes of disclosures that were indexed before: of each block which bits leave every outcome, and which join one."""
    if not moved:
        return
    wanted = [one.delivery for one in moved]
    places = {UUID(bytes=ref.bytes): seq for ref, seq in await connection.raw.fetch(_PLACES, log_id, wanted, reached)}
    states: dict[str, int] = dict(await connection.raw.fetch(_STATES, log_id))
    given = await connection.raw.fetchval(_ID, log_id, "kind", EntryKind.disclosure)
    blocks = sorted({bits.block_of(seq) for seq in places.values()})
    disclosures = {
        block: bits.decode(bytes(raw))
        for _, block, raw in await connection.raw.fetch(_POSTINGS, log_id, [given or 0] * len(blocks), blocks)
    }
    again = number["again", "again"]
    for one in moved:
        seq = places.get(one.delivery)
        if seq is None:
            continue
        block, offset = divmod(seq, bits.WIDTH)
        bit = 1 << offset & disclosures.get(block, 0)
        for text, state in states.items():
            (change.set if text == one.outcome else change.clear)[state, block] |= bit
        (change.set if often(one.outcome, one.attempt) else change.clear)[again, block] |= bit


async def _apply(connection: Connection, log_id: LogId, operator: PartyId, change: _Change) -> None:
    keys = sorted({*change.set, *change.clear})
    words, blocks = [word for word, _ in keys], [block for _, block in keys]
    old = {
        (word, block): bits.decode(bytes(raw))
        for word, block, raw in await connection.raw.fetch(_POSTINGS, log_id, words, blocks)
    }
    put: list[tuple[int, int, int, bytes]] = []
    empty: list[tuple[int, int]] = []
    counts: Counter[int] = Counter()
    for key in keys:
        before = old.get(key, 0)
        after = before & ~change.clear.get(key, 0) | change.set.get(key, 0)
        if after == before:
            continue
        counts[key[0]] += after.bit_count() - before.bit_count()
        if after:
            put.append((*key, after.bit_count(), bits.encode(after)))
        else:
            empty.append(key)
    if put:
        await connection.raw.execute(_PUT, log_id, operator, *map(list, zip(*put, strict=True)))
    if empty:
        await connection.raw.execute(_EMPTY, log_id, *map(list, zip(*empty, strict=True)))
    if counts:
        await connection.raw.execute(_COUNT, log_id, list(counts), list(counts.values()))


async def _moment_before(connection: Connection, log_id: LogId, seq: int) -> int:
    """The moment of the entry before that place; 0 where there is none."""
    if seq == 0:
        return 0
    moments = await connection.raw.fetchval(_MOMENTS, log_id, (seq - 1) // PART)
    at = (seq - 1) % PART * 8
    return int.from_bytes(moments[at : at + 8]) if moments is not None else 0


async def _add_moments(connection: Connection, log_id: LogId, operator: PartyId, rows: Sequence[Indexed]) -> None:
    new: list[tuple[int, int, bytes]] = []
    for part, some in groupby(rows, key=lambda row: row.seq // PART):
        these = list(some)
        raw = b"".join(row.us.to_bytes(8) for row in these)
        missing = these[0].seq % PART * 8
        if missing:
            known = bytes(await connection.raw.fetchval(_MOMENTS, log_id, part) or b"")[:missing]
            raw = known.ljust(missing, b"\0") + raw
        new.append((part, int.from_bytes(raw[:8]), raw))
    await connection.raw.execute(_PUT_MOMENTS, log_id, operator, *map(list, zip(*new, strict=True)))


async def _add_outcomes(connection: Connection, log_id: LogId, operator: PartyId, rows: Sequence[Indexed]) -> None:
    said = [(row.seq, row.us, row.delivery, row.attempt, row.became) for row in rows if row.delivery is not None]
    if said:
        await connection.raw.execute(_OUTCOMES, log_id, operator, *map(list, zip(*said, strict=True)))


async def _add_tally(connection: Connection, log_id: LogId, operator: PartyId, rows: Sequence[Indexed]) -> None:
    counts: Counter[tuple[object, str, str, str]] = Counter()
    for (us, kind, recipient, reasons), number in Counter(
        (row.us, row.kind, row.recipient, tuple(row.reasons))
        for row in rows
        if row.kind in (EntryKind.disclosure, EntryKind.refusal)
    ).items():
        for reason in dict.fromkeys(("", *reasons)):
            counts[legal_date(Micros(us)), kind, recipient, reason] += number
    if counts:
        columns = [list(column) for column in zip(*counts, strict=True)]
        await connection.raw.execute(_TALLY, log_id, operator, *columns, list(counts.values()))


# What leaves the index.


async def forget(engine: AsyncEngine, log_id: LogId, most: int) -> bool:
    """Removes the newest `most` entries or more of the index, to whole blocks; False when nothing is left of it.

    What was counted per day goes at once: it is complete again when all is indexed again.
    """
    async with transaction(engine) as connection:
        await connection.raw.execute(_LOCK, log_id)
        keep = max(0, (await sizes(connection, log_id))[1] - most) // bits.WIDTH
        await connection.raw.execute(_FORGET, log_id, await _every_word(connection, log_id), keep, _END)
        for statement, first in zip(_FORGET_ROWS, (keep * bits.WIDTH // PART, keep * bits.WIDTH), strict=True):
            await connection.raw.execute(statement, log_id, first)
        await connection.raw.execute("DELETE FROM audit_tally WHERE log_id = $1", log_id)
        await connection.raw.execute("UPDATE audit_indexed SET size = $2 WHERE log_id = $1", log_id, keep * bits.WIDTH)
    return keep > 0


async def redact(connection: Connection, log_id: LogId, operator: PartyId, seqs: Sequence[int]) -> None:
    """The index says of these entries no more than that they were redacted; of those not indexed yet it will."""
    await connection.raw.execute(_LOCK, log_id)
    reached = (await sizes(connection, log_id))[1]
    gone = sorted(seq for seq in seqs if seq < reached)
    if not gone:
        return
    masks: defaultdict[int, int] = defaultdict(int)
    for seq in gone:
        masks[bits.block_of(seq)] |= 1 << seq % bits.WIDTH
    redacted = {(sort, REDACTED if sort == "kind" else "") for sort in SINGLE}
    number = await _numbers(connection, log_id, operator, redacted)
    change = _Change()
    for word in await _every_word(connection, log_id):
        for block, mask in masks.items():
            change.clear[word, block] |= mask
    for known in number.values():
        for block, mask in masks.items():
            change.set[known, block] |= mask
    await _apply(connection, log_id, operator, change)
    deliveries = [row[0] for row in await connection.raw.fetch(_UNSAID, log_id, gone)]
    if deliveries:
        await _move_back(connection, log_id, operator, [UUID(bytes=one.bytes) for one in deliveries], reached)
    await _blur_moments(connection, log_id, operator, gone)


async def _move_back(
    connection: Connection, log_id: LogId, operator: PartyId, deliveries: Sequence[UUID], reached: int
) -> None:
    """The outcome of these disclosures is what their remaining entries say."""
    left = moves([said(*row) for row in await connection.raw.fetch(SAID, log_id, deliveries)])
    moved = [left.get(one) or Moved(one, WAITING, 0) for one in deliveries]
    number = await _numbers(connection, log_id, operator, _states(moved))
    change = _Change()
    await _move(connection, log_id, number, change, moved, reached)
    await _apply(connection, log_id, operator, change)


def said(delivery: Any, seq: int, attempt: int, became: str) -> Indexed:
    """An outcome entry, as far as its row of the index says it."""
    of = UUID(bytes=delivery.bytes)
    return Indexed(seq, 0, of, EntryKind.outcome, "", "", "", "", "", "", (), (), "", became, attempt, of)


def _states(moved: Sequence[Moved]) -> set[tuple[str, str]]:
    return {("outcome", one.outcome) for one in moved} | {("again", "again") for one in moved}


async def _blur_moments(connection: Connection, log_id: LogId, operator: PartyId, gone: Sequence[int]) -> None:
    """When a redacted entry was recorded is told as the moment of the one before it."""
    for part, some in groupby(gone, key=lambda seq: seq // PART):
        raw = bytearray(await connection.raw.fetchval(_MOMENTS, log_id, part))
        for seq in some:
            at = seq % PART * 8
            before = bytes(raw[at - 8 : at]) if at else (await _moment_before(connection, log_id, seq)).to_bytes(8)
            raw[at : at + 8] = before
        await connection.raw.execute(_PUT_MOMENTS, log_id, operator, [part], [int.from_bytes(raw[:8])], [bytes(raw)])


async def prune(connection: Connection, log_id: LogId, below: int, most: int) -> int:
    """Removes what says something of entries below that place, about `most` of them at a time; gives how many it were."""
    await connection.raw.execute(_LOCK, log_id)
    first = (await connection.raw.fetchval(_FIRST_PART, log_id) or 0) * PART
    below = min(below, (await sizes(connection, log_id))[1])
    if first >= below:
        return 0
    block, last = bits.block_of(first), bits.block_of(below)
    after = min(last, block + max(1, most // bits.WIDTH))
    words = await _every_word(connection, log_id)
    await connection.raw.execute(_FORGET, log_id, words, block, after)
    upto = after * bits.WIDTH
    if after == last:  # of the block in which it ends only what lies below
        upto = below
        change = _Change()
        for word in words:
            change.clear[word, last] = bits.between(last, 0, below)
        operator = await connection.raw.fetchval("SELECT party_id FROM audit_indexed WHERE log_id = $1", log_id)
        await _apply(connection, log_id, operator, change)
    for statement, end in zip(_PRUNE_ROWS, (upto // PART, upto), strict=True):
        await connection.raw.execute(statement, log_id, end)
    return upto - first


async def _every_word(connection: Connection, log_id: LogId) -> list[int]:
    return [row[0] for row in await connection.raw.fetch(_EVERY_WORD, log_id)]
