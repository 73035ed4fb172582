"""The rows of the lists that are looked through, and where in the log their entries lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.search import bits, store
from hub.audit.search.lines import Line
from hub.audit.search.review import Marked, Month
from hub.db import Connection, fetch
from hub.domain.terms import LogId

_LISTS: Final = """
SELECT list.month, list.first_seq, list.size, list.root, list.each, list.drawn_us, signed.digest, signed.signed_us, signed.staff
FROM review_list AS list LEFT JOIN review_signed AS signed ON signed.log_id = list.log_id AND signed.month = list.month
WHERE list.log_id = $1 AND ($2::text IS NULL OR list.month = $2) ORDER BY list.month DESC LIMIT 120
"""
_ITEMS: Final = """
SELECT item.seq, item.kind, coalesce(said.verdict, ''), coalesce(said.reason, '') FROM review_item AS item
LEFT JOIN LATERAL (SELECT verdict, reason FROM review_mark AS mark
    WHERE mark.log_id = item.log_id AND mark.month = item.month AND mark.seq = item.seq
    ORDER BY mark.marked_us DESC LIMIT 1) AS said ON true
WHERE item.log_id = $1 AND item.month = $2 ORDER BY item.seq
"""
_COUNTS: Final = """
SELECT block, entries FROM audit_posting WHERE log_id = $1 AND word = $2 AND block >= $3 AND block <= $4 ORDER BY block
"""
_NUMBERS: Final = """
SELECT sort, word, id FROM audit_word WHERE log_id = $1
AND (sort, word) IN (('kind', $2), ('operation', 'sign-in'), ('operation', 'sign-out'))
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A list: the entries [first, size) of a month, the root of the log at `size`, and how it was signed off, if it was."""

    month: Month
    first: int
    size: int
    root: bytes
    each: int
    drawn_us: int
    digest: bytes | None
    signed_us: int | None
    signed_by: str


async def lists(engine: AsyncEngine, log_id: LogId, month: Month | None = None) -> list[Drawn]:
    """The lists there are, newest first; or that of a month."""
    rows = await fetch(engine, _LISTS, log_id, None if month is None else str(month))
    return [
        Drawn(Month.parse(row[0]), row[1], row[2], bytes(row[3]), row[4], row[5], row[6], row[7], row[8] or "") for row in rows
    ]


async def items(engine: AsyncEngine, log_id: LogId, month: Month) -> list[Marked]:
    """The lines of a list, with what was said of each last."""
    return [Marked(*row) for row in await fetch(engine, _ITEMS, log_id, str(month))]


async def lines(engine: AsyncEngine, log_id: LogId, seqs: Sequence[int]) -> dict[int, Line]:
    """These places as lines."""
    async with store.reading(engine) as connection:
        return {line.seq: line for line in await store.lines_of(connection, log_id, seqs)}


class Population:
    """The entries of one kind in [first, size), by rank, without reading them: counts per block, and the bits of few blocks."""

    def __init__(self, connection: Connection, log_id: LogId, span: tuple[int, int], kind: str) -> None:
        self._connection, self._log_id, self._span, self._kind = connection, log_id, span, kind
        self._words: dict[str, list[int]] = {"own": [], "without": []}
        self._counts: list[tuple[int, int]] = []

    async def count(self) -> int:
        """How many there are."""
        first, last = bits.block_of(self._span[0]), bits.block_of(self._span[1] - 1)
        rows = await self._connection.raw.fetch(_NUMBERS, self._log_id, self._kind)
        of = {word: number for _, word, number in rows}
        own = of.pop(self._kind, None)
        if own is None or self._span[0] >= self._span[1]:
            return 0
        self._words = {"own": [own], "without": list(of.values()) if self._kind == "access" else []}
        counts = dict(await self._connection.raw.fetch(_COUNTS, self._log_id, own, first, last))
        for word in self._words["without"]:
            for block, entries in await self._connection.raw.fetch(_COUNTS, self._log_id, word, first, last):
                counts[block] = counts.get(block, 0) - entries
        for block in {first, last} & counts.keys():  # of these only a part may lie in the month
            counts[block] = (await self._bits([block]))[block].bit_count()
        self._counts = sorted(counts.items())
        return sum(count for _, count in self._counts)

    async def places(self, wanted: Sequence[int]) -> list[int]:
        """The places of these ranks, in their order."""
        found: dict[int, tuple[int, int]] = {}
        passed, rest = 0, sorted(wanted)
        for block, count in self._counts:
            while rest and rest[0] < passed + count:
                rank = rest.pop(0)
                found[rank] = (block, rank - passed)
            passed += count
        masks = await self._bits(sorted({block for block, _ in found.values()}))
        places: list[int] = []
        for rank in wanted:
            block, within = found[rank]
            offset = next(offset for nth, offset in enumerate(bits.ascending(masks[block])) if nth == within)
            places.append(block * bits.WIDTH + offset)
        return places

    async def _bits(self, blocks: Sequence[int]) -> dict[int, int]:
        walk = store.Walk(self._connection, self._log_id, (), None, self._span)
        masks = dict.fromkeys(blocks, 0)
        for _, block, mask in await walk.postings(self._words["own"], blocks):
            masks[block] |= mask & bits.between(block, *self._span)
        for _, block, mask in await walk.postings(self._words["without"], blocks):
            masks[block] &= ~mask
        return masks


async def note_at(connection: Connection, log_id: LogId, size: int) -> str | None:
    """The checkpoint over exactly that many entries."""
    found, note = await store.as_of(connection, log_id, size)
    return note if found == size else None


LIST_COLUMNS: Final = ("log_id", "party_id", "month", "first_seq", "size", "root", "each", "entry_ref", "drawn_us")
ITEM_COLUMNS: Final = ("log_id", "party_id", "month", "seq", "kind")
MARK_COLUMNS: Final = ("log_id", "party_id", "month", "seq", "verdict", "reason", "staff", "entry_ref", "marked_us")
SIGNED_COLUMNS: Final = ("log_id", "party_id", "month", "digest", "staff", "entry_ref", "signed_us")
