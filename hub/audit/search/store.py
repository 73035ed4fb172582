"""What is asked of the index, each in a bounded number of its rows however long the log grows.

A selection is a bitmap per block: that of its words, together. Blocks are walked in the order asked for, led by the word that
fewest entries name, `REACH` of them at most; a page that found too little by then says where the next one goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.search import bits
from hub.audit.search.index.store import PART, SAID, prune, redact, said, sizes
from hub.audit.search.lines import Choices, Line, Selection, Sort
from hub.audit.search.reading import Indexed, moves, read, words_of
from hub.db import Connection, fetch, transaction
from hub.domain.terms import LogId, Micros
from hub.errors import Malformed

__all__ = ["Key", "Question", "Walk", "Who", "about", "choices", "prune", "reading", "redact", "sizes"]

REACH: Final = 1024
"""Blocks that one question walks: with blocks of 4,096 entries, over four million entries."""
_FIRST_STEP: Final = 4
_LARGEST_STEP: Final = 256
_MOST_OF_TRACE: Final = 1_000

_IDS: Final = """
SELECT word.sort, word.word, word.id, word.entries FROM unnest($2::text[], $3::text[]) AS asked (sort, word)
JOIN audit_word AS word ON word.log_id = $1 AND word.sort = asked.sort AND word.word = asked.word
"""
_OF_SORT: Final = "SELECT word, id, entries FROM audit_word WHERE log_id = $1 AND sort = $2 AND entries > 0"
_NEXT: Final = """
SELECT DISTINCT near.block FROM unnest($2::int[]) AS asked (word), LATERAL (
    SELECT block FROM audit_posting WHERE log_id = $1 AND word = asked.word AND block {way} $3 ORDER BY block {order} LIMIT $4
) AS near ORDER BY near.block {order} LIMIT $4
"""
_DOWN: Final = _NEXT.format(way="<=", order="DESC")
_UP: Final = _NEXT.format(way=">=", order="ASC")
_BITS: Final = """
SELECT found.word, found.block, found.bits FROM unnest($3::bigint[]) AS asked (block), unnest($2::int[]) AS of (word)
JOIN LATERAL (SELECT word, block, bits FROM audit_posting WHERE log_id = $1 AND word = of.word AND block = asked.block
    OFFSET 0) AS found ON true
"""
_PART_OF: Final = """
SELECT part, moments FROM audit_moment WHERE log_id = $1 AND first_us < $2 ORDER BY first_us DESC, part DESC LIMIT 1
"""
_FIRST_PART: Final = "SELECT part FROM audit_moment WHERE log_id = $1 ORDER BY part LIMIT 1"
_MOMENTS: Final = "SELECT part, moments FROM audit_moment WHERE log_id = $1 AND part = ANY($2::bigint[])"
_ENTRIES: Final = "SELECT seq, ref, body FROM audit_entry WHERE log_id = $1 AND seq = ANY($2::bigint[])"
_OF_REFS: Final = "SELECT seq FROM audit_entry WHERE log_id = $1 AND ref = ANY($2::uuid[])"
_TRACE: Final = "SELECT refs FROM audit_trace WHERE log_id = $1 AND trace_id = $2 LIMIT $3"
_AT_SIZE: Final = "SELECT size, note FROM audit_checkpoint WHERE log_id = $1 AND size <= $2 ORDER BY size DESC LIMIT 1"
_CURSOR: Final = re.compile(r"([0-9]{1,18})\.(?:([a-z0-9./:_-]{0,128})~)?([0-9]{1,18})", re.ASCII)

Who = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, bytes]]]
"""Tells persons apart: per entry about someone an opaque value, the same for the same person."""

_FIELDS: Final = ("kind", "operation", "recipient", "source", "purpose", "basis", "reason", "staff", "element", "actor")


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page ends: of a log of which size, the word that is sorted by (None in the order of the log), and the place."""

    size: int
    word: str | None
    seq: int

    def __str__(self) -> str:
        return f"{self.size}.{self.seq}" if self.word is None else f"{self.size}.{self.word}~{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Raises errors.Malformed on anything else than a page gave as its next."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise no_page()
        return cls(int(match[1]), match[2], int(match[3]))


def no_page() -> Malformed:
    """For a mark that no page gave."""
    return Malformed("This page does not exist.", "Its mark is none that a page gave.", "Begin again at the first page.")


async def as_of(connection: Connection, log_id: LogId, size: int) -> tuple[int, str]:
    """The newest checkpoint over at most that many entries, as its size and note; (0, "") where there is none."""
    row = await connection.raw.fetchrow(_AT_SIZE, log_id, size)
    return (0, "") if row is None else (row[0], row[1])


@dataclass(frozen=True, slots=True)
class Spread:
    """How many lines, the place of the first of them, and of the last."""

    count: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Filter:
    """One thing that must hold: one of these words; `entries` of the log name one, at most."""

    words: tuple[int, ...]
    entries: int


class Walk:
    """Goes through the blocks in which a selection may have entries, and counts how many were looked at."""

    def __init__(
        self,
        connection: Connection,
        log_id: LogId,
        filters: Sequence[_Filter],
        only: Mapping[int, int] | None,
        span: tuple[int, int],
    ) -> None:
        self._connection, self._log_id = connection, log_id
        self._filters = sorted(filters, key=lambda each: each.entries)
        self._only, self._span = only, span
        self.looked = 0

    def narrowed(self, more: _Filter) -> Walk:
        """The same, where one more thing must hold."""
        return Walk(self._connection, self._log_id, [*self._filters, more], self._only, self._span)

    async def blocks(self, start: int, *, descending: bool, reach: int) -> AsyncIterator[list[tuple[int, int]]]:
        """Blocks with the bits of the selection, from the block of place `start` on, some at a time, `reach` at most."""
        low, high = self._span
        at, step = bits.block_of(start), _FIRST_STEP
        while self.looked < reach and low < high:
            some = await self._next(at, min(step, reach - self.looked), descending)
            if not some:
                return
            self.looked += len(some)
            step = min(2 * step, _LARGEST_STEP)
            found = await self._bits(some)
            yield [(block, found[block] & bits.between(block, low, high)) for block in some]
            at = some[-1] + (-1 if descending else 1)

    async def _next(self, at: int, count: int, descending: bool) -> list[int]:
        first, last = bits.block_of(self._span[0]), bits.block_of(self._span[1] - 1)
        at = min(at, last) if descending else max(at, first)
        if self._only is not None:
            blocks = sorted((block for block in self._only if (block <= at if descending else block >= at)), reverse=descending)
        elif not self._filters:
            way = range(at, first - 1, -1) if descending else range(at, last + 1)
            blocks = list(way[:count])
        else:
            statement = _DOWN if descending else _UP
            found = await self._connection.raw.fetch(statement, self._log_id, list(self._filters[0].words), at, count)
            blocks = [row[0] for row in found]
        return [block for block in blocks[:count] if first <= block <= last]

    async def _bits(self, blocks: Sequence[int]) -> dict[int, int]:
        full = (1 << bits.WIDTH) - 1
        found = {block: full if self._only is None else self._only[block] for block in blocks}
        for each in self._filters:
            these = [block for block, mask in found.items() if mask]
            if not these:
                break
            union: defaultdict[int, int] = defaultdict(int)
            for _, block, mask in await self.postings(each.words, these):
                union[block] |= mask
            for block in these:
                found[block] &= union[block]
        return found

    async def postings(self, words: Sequence[int], blocks: Sequence[int]) -> list[tuple[int, int, int]]:
        """The bits of these words in these blocks, as (word, block, bits)."""
        rows = await self._connection.raw.fetch(_BITS, self._log_id, list(words), list(blocks))
        return [(word, block, bits.decode(bytes(raw))) for word, block, raw in rows]


class Question:
    """One selection over a log of `size` entries, in one order, within a transaction that sees one state."""

    def __init__(
        self,
        connection: Connection,
        log_id: LogId,
        selection: Selection,
        size: int,
        sort: Sort = Sort.seq,
        *,
        descending: bool = True,
    ) -> None:
        self._connection, self._log_id, self._selection, self._size = connection, log_id, selection, size
        self._descending = descending
        self._sort = Sort.seq if getattr(selection, sort.value, None) is not None else sort
        self._span = (0, 0)
        self._walk = Walk(connection, log_id, (), None, (0, 0))
        self._plain = False

    async def look(self) -> None:
        """Finds out what the words are, and where the moments lie; before anything else is asked."""
        asked = [[word] for word in _asked(self._selection)]
        if self._selection.any_of is not None:
            asked.append(list(self._selection.any_of))
        known = await _numbers(self._connection, self._log_id, [word for words in asked for word in words])
        filters = [
            _Filter(tuple(known[word][0] for word in words if word in known), sum(known[w][1] for w in words if w in known))
            for words in asked
        ]
        self._span = await bounds(self._connection, self._log_id, self._selection, self._size)
        if not all(each.words for each in filters):
            self._span = (0, 0)
        only = None if self._selection.trace is None else await _traced(self._connection, self._log_id, self._selection.trace)
        self._plain = not filters and only is None
        self._walk = Walk(self._connection, self._log_id, filters, only, self._span)

    @property
    def looked(self) -> int:
        """How many blocks were looked through for the last answer."""
        return self._walk.looked

    async def page(self, after: Key | None, limit: int) -> tuple[list[Line], Key | None]:
        """At most `limit` lines after that key, and the key to go on from, None at the end."""
        if self._sort is Sort.seq:
            found, going = await self._in_order(self._walk, None, after, limit + 1)
        else:
            found, going = await self._by_word(after, limit + 1)
        lines = await lines_of(self._connection, self._log_id, [seq for _, seq in found[:limit]])
        return lines, self._key(found[limit - 1]) if len(found) > limit else going

    async def _by_word(self, after: Key | None, count: int) -> tuple[list[tuple[str | None, int]], Key | None]:
        found: list[tuple[str | None, int]] = []
        done: str | None = None
        rows = await self._connection.raw.fetch(_OF_SORT, self._log_id, self._sort.value)
        for word, number, entries in sorted(rows, key=lambda row: str(row[0]), reverse=self._descending):
            from_here = None
            if after is not None and after.word is not None and word != after.word:
                if (word > after.word) == self._descending:
                    continue
            elif after is not None:
                from_here = after
            if done is not None and self._walk.looked >= REACH:
                return found, Key(self._size, done, 0 if self._descending else self._span[1])
            walk = self._walk.narrowed(_Filter((number,), entries))
            walk.looked = self._walk.looked
            some, going = await self._in_order(walk, word, from_here, count - len(found))
            self._walk.looked, done = walk.looked, word
            found += some
            if len(found) >= count or going is not None:
                return found, going
        return found, None

    async def _in_order(
        self, walk: Walk, word: str | None, after: Key | None, count: int
    ) -> tuple[list[tuple[str | None, int]], Key | None]:
        """The next `count` places, and where to go on when not all could be looked through."""
        low, high = self._span
        start = (high - 1 if self._descending else low) if after is None else after.seq + (-1 if self._descending else 1)
        found: list[tuple[str | None, int]] = []
        last: int | None = None
        if start < 0:
            return found, None
        ordered = bits.descending if self._descending else bits.ascending
        async for some in walk.blocks(start, descending=self._descending, reach=REACH):
            for block, mask in some:
                rest = mask & (bits.between(block, 0, start + 1) if self._descending else bits.between(block, start, high))
                base = block * bits.WIDTH
                found += ((word, base + offset) for offset in islice(ordered(rest), count - len(found)))
                if len(found) >= count:
                    return found, None
                last = base if self._descending else base + bits.WIDTH - 1
        ended = walk.looked < REACH or last is None
        return found, None if ended else Key(self._size, word, last or 0)

    async def total(self) -> tuple[int, bool]:
        """How many lines there are, and whether there may be more than that."""
        low, high = self._span
        if self._plain:
            return max(0, high - low), False
        self._walk.looked, found = 0, 0
        async for some in self._walk.blocks(high, descending=True, reach=REACH):
            found += sum(mask.bit_count() for _, mask in some)
        return found, self._walk.looked >= REACH

    def _key(self, last: tuple[str | None, int]) -> Key:
        return Key(self._size, *last)

    async def places(self, most: int) -> list[int]:
        """The places of the newest `most` lines."""
        found: list[int] = []
        self._walk.looked = 0
        async for some in self._walk.blocks(self._span[1], descending=True, reach=REACH):
            for block, mask in some:
                found += (block * bits.WIDTH + offset for offset in islice(bits.descending(mask), most - len(found)))
            if len(found) >= most:
                break
        return found

    async def spread(self, sort: str) -> dict[str, Spread]:
        """Per word of this sort how many lines name it, as far as one question reaches."""
        found: dict[str, Spread] = {}
        async for words, within in self._by_block((sort,)):
            for block, lines in within.items():
                for word, mask in words[0].get(block, ()):
                    if both := mask & lines:
                        base, old = block * bits.WIDTH, found.get(word)
                        first, last = base + (both & -both).bit_length() - 1, base + both.bit_length() - 1
                        found[word] = Spread(both.bit_count() + (old.count if old else 0), first, old.last if old else last)
        return found

    async def grouped(self, sort: str, other: str) -> Counter[tuple[str, str]]:
        """How many lines name each word of these two sorts together, as far as one question reaches."""
        counts: Counter[tuple[str, str]] = Counter()
        async for words, within in self._by_block((sort, other)):
            for block, lines in within.items():
                for word, mask in words[0].get(block, ()):
                    if both := mask & lines:
                        for second, more in words[1].get(block, ()):
                            counts[word, second] += (both & more).bit_count()
        return +counts

    async def _by_block(
        self, sorts: Sequence[str]
    ) -> AsyncIterator[tuple[list[dict[int, list[tuple[str, int]]]], dict[int, int]]]:
        """Newest blocks first: per sort the bits of its words in each block, and the lines of the selection in each."""
        names: list[dict[int, str]] = []
        for sort in sorts:
            rows = await self._connection.raw.fetch(_OF_SORT, self._log_id, sort)
            names.append({number: word for word, number, _ in rows})
        self._walk.looked = 0
        async for some in self._walk.blocks(self._span[1], descending=True, reach=REACH):
            within = {block: mask for block, mask in some if mask}
            found: list[dict[int, list[tuple[str, int]]]] = []
            for known in names:
                of_block: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
                for word, block, mask in await self._walk.postings(list(known), list(within)):
                    of_block[block].append((known[word], mask))
                found.append(of_block)
            yield found, within


def _asked(selection: Selection) -> list[tuple[str, str]]:
    """The words of a selection, as (sort, word)."""
    asked = [(name, str(getattr(selection, name))) for name in _FIELDS if getattr(selection, name) is not None]
    if selection.outcome is not None:
        asked.append(("became" if selection.kind == EntryKind.outcome else "outcome", str(selection.outcome)))
    return asked


async def _numbers(
    connection: Connection, log_id: LogId, words: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, int]]:
    """The number of each word that occurs, and how many entries name it."""
    if not words:
        return {}
    sorts, texts = map(list, zip(*words, strict=True))
    rows = await connection.raw.fetch(_IDS, log_id, sorts, texts)
    return {(sort, word): (number, entries) for sort, word, number, entries in rows}


async def _traced(connection: Connection, log_id: LogId, trace: str) -> dict[int, int]:
    """The places of the entries made under that trace, per block."""
    try:
        rows = await connection.raw.fetch(_TRACE, log_id, UUID(hex=trace), _MOST_OF_TRACE)
    except ValueError:
        return {}
    refs = [UUID(bytes=raw[at : at + 16]) for (raw,) in rows for at in range(0, len(raw), 16)]
    only: defaultdict[int, int] = defaultdict(int)
    for (seq,) in await connection.raw.fetch(_OF_REFS, log_id, refs):
        only[bits.block_of(seq)] |= 1 << seq % bits.WIDTH
    return dict(only)


async def bounds(connection: Connection, log_id: LogId, selection: Selection, size: int) -> tuple[int, int]:
    """The places in the log of a selection's moments: moments never go back in a log. What was pruned is not among them."""
    low = (await connection.raw.fetchval(_FIRST_PART, log_id) or 0) * PART
    high = size
    if selection.from_us is not None:
        low = max(low, await _place(connection, log_id, selection.from_us))
    if selection.until_us is not None:
        high = min(high, await _place(connection, log_id, selection.until_us))
    return low, max(low, high)


async def _place(connection: Connection, log_id: LogId, us: int) -> int:
    """The first place that was recorded at that moment or after it."""
    row = await connection.raw.fetchrow(_PART_OF, log_id, us)
    if row is None:
        return 0
    part, moments = row[0], bytes(row[1])
    count = len(moments) // 8
    return int(part) * PART + bisect_left(range(count), us, key=lambda nth: int.from_bytes(moments[nth * 8 : nth * 8 + 8]))


# Lines.


async def lines_of(connection: Connection, log_id: LogId, seqs: Sequence[int]) -> list[Line]:
    """These places as lines, in this order; what was pruned is left out."""
    rows = {seq: (UUID(bytes=ref.bytes), body) for seq, ref, body in await connection.raw.fetch(_ENTRIES, log_id, list(seqs))}
    moments = await moments_of(connection, log_id, rows)
    read_rows = {
        seq: read(seq, ref, None if body is None else bytes(body), moments.get(seq, 0)) for seq, (ref, body) in rows.items()
    }
    given = [row.ref for row in read_rows.values() if row.kind == EntryKind.disclosure]
    stands = moves([said(*row) for row in await connection.raw.fetch(SAID, log_id, given)] if given else ())
    return [_line(row, stands) for row in (read_rows[seq] for seq in seqs if seq in read_rows)]


def _line(row: Indexed, stands: Mapping[UUID, Any]) -> Line:
    moved = stands.get(row.ref) if row.kind == EntryKind.disclosure else None
    return Line(
        seq=row.seq,
        us=Micros(row.us),
        ref=row.ref,
        kind=row.kind,
        operation=row.operation,
        actor=row.actor,
        source=row.source,
        recipient=row.recipient,
        purpose=row.purpose,
        bases=tuple(row.bases),
        reasons=tuple(row.reasons),
        outcome=(moved.outcome if moved else row.outcome) or row.became,
        staff=row.staff,
        attempt=moved.attempt if moved else row.attempt,
        delivery=row.delivery,
        elements=tuple(word for sort, word in words_of(row) if sort == "element"),
    )


async def moments_of(connection: Connection, log_id: LogId, seqs: Iterable[int]) -> dict[int, int]:
    """When these entries were recorded, as the index has it."""
    wanted = list(seqs)
    parts = {
        part: bytes(moments)
        for part, moments in await connection.raw.fetch(_MOMENTS, log_id, sorted({seq // PART for seq in wanted}))
    }
    return {
        seq: int.from_bytes(parts[seq // PART][seq % PART * 8 : seq % PART * 8 + 8]) for seq in wanted if seq // PART in parts
    }


async def about(engine: AsyncEngine, log_id: LogId, refs: Sequence[UUID]) -> list[Line]:
    """These entries and the outcomes of these disclosures as far as they are indexed, oldest first."""
    async with reading(engine) as connection:
        size = (await sizes(connection, log_id))[1]
        places = {row[0] for row in await connection.raw.fetch(_OF_REFS, log_id, list(refs))}
        places |= {row[1] for row in await connection.raw.fetch(SAID, log_id, list(refs))}
        return await lines_of(connection, log_id, sorted(seq for seq in places if seq < size))


async def choices(engine: AsyncEngine, log_id: LogId) -> Choices:
    """The words that occur, each in the order of the alphabet."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for sort, word in await fetch(engine, "SELECT sort, word FROM audit_word WHERE log_id = $1 AND entries > 0", log_id):
        if word:
            found[sort].append(word)
    names = ("kind", "operation", "recipient", "source", "purpose", "outcome", "basis", "reason", "element", "actor")
    return Choices(*(tuple(sorted(found[name])) for name in names))


_MATCHING: Final = """
SELECT told.nth FROM unnest($1::text[]) WITH ORDINALITY AS told (words, nth), to_tsquery('dutch', $2) AS asked
WHERE to_tsvector('dutch', told.words) @@ asked
"""


async def matching(engine: AsyncEngine, sentences: Sequence[str], words: Sequence[str]) -> list[int]:
    """Which of these sentences hold all of these words in any form of Dutch, else some; by their place. Words are letters."""
    for between in (" & ", " | "):
        found = await fetch(engine, _MATCHING, list(sentences), between.join(f"{word}:*" for word in words))
        if found:
            return sorted(row[0] - 1 for row in found)
    return []


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """A transaction in which every question sees the same state of the index."""
    async with transaction(engine, isolation="repeatable_read") as connection:
        yield connection
