"""The rows of the index: added after the log, in its order, by one process at a time; and what is asked of them.

No question looks at more than a bounded number of rows. A filter that few lines meet is looked up by its own index, and all of
them are sorted and counted. Where every filter is common, `_REACH` rows are looked through in the order asked for, and a page
says where the next one goes on.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.search.lines import COUNTED, Choices, Line, Selection, Sort
from hub.audit.search.reading import Indexed, Moved, read, settled
from hub.audit.search.signals import DAY, Looked, Many, Refusals, Unusual
from hub.db import Connection, fetch, transaction
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Malformed

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('audit_index ' || $1, 0))"
_SIZES: Final = """
SELECT (SELECT size FROM audit_head WHERE log_id = $1), (SELECT size FROM audit_indexed WHERE log_id = $1)
"""
_BODIES: Final = "SELECT seq, ref, body FROM audit_entry WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
_LAST_US: Final = "SELECT us FROM audit_index WHERE log_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1"
_MOVE: Final = """
UPDATE audit_index AS line SET outcome = new.outcome, attempt = greatest(line.attempt, new.attempt)
FROM unnest($2::uuid[], $3::text[], $4::int[]) AS new (ref, outcome, attempt)
WHERE line.log_id = $1 AND line.ref = new.ref AND line.kind = 'disclosure'
"""
_ADD_WORDS: Final = """
INSERT INTO audit_index_word (log_id, party_id, sort, word, seq)
SELECT $1, $2, new.sort, new.word, new.seq FROM unnest($3::text[], $4::text[], $5::bigint[]) AS new (sort, word, seq)
ON CONFLICT DO NOTHING
"""
_FORGET_WORDS: Final = """
DELETE FROM audit_index_word AS gone USING audit_index AS line, LATERAL (
    SELECT 'basis' AS sort, unnest(line.bases) AS word UNION ALL SELECT 'reason', unnest(line.reasons)) AS said
WHERE line.log_id = $1 AND line.seq >= $2
AND gone.log_id = $1 AND gone.sort = said.sort AND gone.word = said.word AND gone.seq = line.seq
"""
_PLACES: Final = "SELECT seq, us, ref FROM audit_index WHERE log_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq"
_OLDEST: Final = "SELECT seq FROM audit_index WHERE log_id = $1 AND seq < $2 ORDER BY seq LIMIT $3"
_FORGET_SOME_WORDS: Final = """
DELETE FROM audit_index_word AS gone USING audit_index AS line, LATERAL (
    SELECT 'basis' AS sort, unnest(line.bases) AS word UNION ALL SELECT 'reason', unnest(line.reasons)) AS said
WHERE line.log_id = $1 AND line.seq = ANY($2::bigint[])
AND gone.log_id = $1 AND gone.sort = said.sort AND gone.word = said.word AND gone.seq = line.seq
"""
_FORGET_ALL_WORDS: Final = "DELETE FROM audit_index_word WHERE log_id = $1"
_REACHED: Final = """
INSERT INTO audit_indexed (log_id, party_id, size) VALUES ($1, $2, $3)
ON CONFLICT (log_id) DO UPDATE SET size = excluded.size
"""
_INDEX_COLUMNS: Final = ("log_id", "party_id", *Indexed._fields)


async def add(engine: AsyncEngine, log_id: LogId, operator: PartyId, most: int) -> tuple[int, int]:
    """Indexes the next `most` entries at most; gives how many it were, and how many are left."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_LOCK, log_id)
        size, reached = await sizes(connection, log_id)
        stop = min(size, reached + most)
        if stop <= reached:
            return 0, 0
        before = await connection.raw.fetchval(_LAST_US, log_id, reached) or 0
        rows: list[Indexed] = []
        for seq, ref, body in await connection.raw.fetch(_BODIES, log_id, reached, stop):
            rows.append(read(seq, UUID(bytes=ref.bytes), None if body is None else bytes(body), before))
            before = rows[-1].us
        await _write(connection, log_id, operator, *settled(rows))
        await connection.raw.execute(_REACHED, log_id, operator, stop)
    return stop - reached, size - stop


async def _write(
    connection: Connection, log_id: LogId, operator: PartyId, rows: Sequence[Indexed], moved: Sequence[Moved]
) -> None:
    words = [
        (sort, word, row.seq)
        for row in rows
        for sort, said in (("basis", row.bases), ("reason", row.reasons))
        for word in dict.fromkeys(said)
    ]
    await connection.copy("audit_index", _INDEX_COLUMNS, [(log_id, operator, *row) for row in rows])
    if words:
        await connection.raw.execute(_ADD_WORDS, log_id, operator, *map(list, zip(*words, strict=True)))
    if moved:
        await connection.raw.execute(_MOVE, log_id, *map(list, zip(*moved, strict=True)))


async def redact(connection: Connection, log_id: LogId, operator: PartyId, seqs: Sequence[int]) -> None:
    """The lines of these entries, all of one tile, say no more than that they were redacted; those not indexed yet will."""
    await connection.raw.execute(_LOCK, log_id)
    first, gone = min(seqs), set(seqs)
    before = await connection.raw.fetchval(_LAST_US, log_id, first) or 0
    rows: list[Indexed] = []
    for seq, us, ref in await connection.raw.fetch(_PLACES, log_id, first, max(seqs) + 1):
        if seq in gone:
            rows.append(read(seq, UUID(bytes=ref.bytes), None, before))
        else:
            before = us
    await connection.raw.execute(_FORGET_SOME_WORDS, log_id, list(seqs))
    await connection.raw.execute("DELETE FROM audit_index WHERE log_id = $1 AND seq = ANY($2::bigint[])", log_id, list(seqs))
    await connection.copy("audit_index", _INDEX_COLUMNS, [(log_id, operator, *row) for row in rows])


async def prune(connection: Connection, log_id: LogId, below: int, most: int) -> int:
    """Removes up to `most` lines of entries below that place; gives how many it were."""
    await connection.raw.execute(_LOCK, log_id)
    rows = await connection.raw.fetch(_OLDEST, log_id, below, most)
    seqs = [row[0] for row in rows]
    if seqs:
        await connection.raw.execute(_FORGET_SOME_WORDS, log_id, seqs)
        await connection.raw.execute("DELETE FROM audit_index WHERE log_id = $1 AND seq = ANY($2::bigint[])", log_id, seqs)
    return len(seqs)


async def sizes(connection: Connection, log_id: LogId) -> tuple[int, int]:
    """How many entries the log has, and how many of them are indexed."""
    row = await connection.raw.fetchrow(_SIZES, log_id)
    return row[0] or 0, row[1] or 0


async def forget(engine: AsyncEngine, log_id: LogId, most: int) -> bool:
    """Removes the newest `most` lines of the index; False when nothing is left of it."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_LOCK, log_id)
        reached = (await sizes(connection, log_id))[1]
        keep = max(0, reached - most)
        await connection.raw.execute(_FORGET_WORDS if keep else _FORGET_ALL_WORDS, log_id, *([keep] if keep else []))
        await connection.raw.execute("DELETE FROM audit_index WHERE log_id = $1 AND seq >= $2", log_id, keep)
        await connection.raw.execute("UPDATE audit_indexed SET size = $2 WHERE log_id = $1", log_id, keep)
    return keep > 0


# What is asked.

_REACH: Final = 20_000
_LINE: Final = """line.seq, line.us, line.ref, line.kind, line.operation, line.actor, line.source, line.recipient, line.purpose,
line.bases, line.reasons, line.outcome || line.became, line.staff, line.attempt, line.delivery"""
_WITHIN: Final = "line.log_id = %(log)s AND line.seq >= %(low)s AND line.seq < %(high)s"
_WORDS: Final = {"basis": "bases", "reason": "reasons"}
# Where all filters are common, the one that is looked through by: those that tell most first.
_ORDER: Final = ("staff", "reason", "operation", "outcome", "recipient", "source", "basis", "kind", "purpose")
_CURSOR: Final = re.compile(r"(?:([a-z0-9./:_-]{0,128})~)?([0-9]{1,18})", re.ASCII)
_AT: Final = "SELECT seq FROM audit_index WHERE log_id = $1 AND us >= $2 ORDER BY us, seq LIMIT 1"


def _select(what: str, rows: str, rest: str = "") -> str:
    """A statement of names that are ours; values are its arguments."""
    return f"SELECT {what} FROM {rows} {rest}"  # noqa: S608  # nothing but this module's own words


_BY_REFS: Final = " UNION ".join(
    _select(_LINE, "audit_index AS line", f"WHERE line.log_id = $1 AND line.{column} = ANY($2::uuid[])")
    for column in ("ref", "delivery")
)
_DISTINCT: Final = """
WITH RECURSIVE known AS (
    (SELECT {column} AS word FROM audit_index WHERE log_id = $1 ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM audit_index WHERE log_id = $1 AND {column} > known.word ORDER BY {column} LIMIT 1)
    FROM known WHERE known.word IS NOT NULL)
SELECT word FROM known WHERE word IS NOT NULL
"""
_DISTINCT_WORDS: Final = """
WITH RECURSIVE known AS (
    (SELECT word FROM audit_index_word WHERE log_id = $1 AND sort = $2 ORDER BY word LIMIT 1)
    UNION ALL
    SELECT (SELECT next.word FROM audit_index_word AS next
        WHERE log_id = $1 AND sort = $2 AND next.word > known.word ORDER BY next.word LIMIT 1)
    FROM known WHERE known.word IS NOT NULL)
SELECT word FROM known WHERE word IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page ends: the word that is sorted by (None in the order of the log), and the place in the log."""

    word: str | None
    seq: int

    def __str__(self) -> str:
        return str(self.seq) if self.word is None else f"{self.word}~{self.seq}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Raises errors.Malformed on anything else than a page gave as its next."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise Malformed("This page does not exist.", "Its mark is none that a page gave.", "Begin again at the first page.")
        return cls(match[1], int(match[2]))


class _Arguments(dict[str, str]):
    """Gives every value that a statement names its number, in the order in which they are named."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._values = values
        self.used: list[Any] = []

    def __missing__(self, name: str) -> str:
        self.used.append(self._values[name])
        self[name] = number = f"${len(self.used)}"
        return number


class Question:
    """One selection over the places from `low` up to `high`, in one order, within a transaction that sees one state."""

    def __init__(
        self,
        connection: Connection,
        log_id: LogId,
        selection: Selection,
        bounds: tuple[int, int],
        sort: Sort = Sort.seq,
        *,
        descending: bool = True,
    ) -> None:
        self._connection = connection
        self._values: dict[str, Any] = {"log": log_id, "low": bounds[0], "high": bounds[1]}
        self._few_rows = max(0, bounds[1] - bounds[0]) <= COUNTED
        self._of_outcomes = selection.kind == EntryKind.outcome
        self._filters: dict[str, str] = {}
        for name in _ORDER:
            value = getattr(selection, name)
            if value is not None:
                self._values[name] = str(value)
                self._filters[name] = self._holds(name)
        # The filters that have an index of their own.
        self._indexed = [name for name in self._filters if not (name == "outcome" and self._of_outcomes)]
        self._sort = Sort.seq if sort.value in self._filters else sort
        self._way, self._sign = ("DESC", "<") if descending else ("ASC", ">")
        self._few: str | None = None

    def _holds(self, name: str) -> str:
        if name in _WORDS:
            return f"line.{_WORDS[name]} @> ARRAY[%({name})s::text]"
        if name == "outcome" and self._of_outcomes:
            return "line.became = %(outcome)s"
        return "line.staff <> '' AND line.staff = %(staff)s" if name == "staff" else f"line.{name} = %({name})s"

    async def _fetch(self, statement: str, after: Key | None = None) -> list[Any]:
        arguments = _Arguments(self._values | ({} if after is None else {"word": after.word or "", "after": after.seq}))
        numbered = statement % arguments
        found: list[Any] = await self._connection.raw.fetch(numbered, *arguments.used)
        return found

    async def look(self) -> None:
        """Finds out whether a filter is met by few lines; before anything else is asked."""
        if self._few_rows:
            self._few = f"({_select('line.*', f'audit_index AS line WHERE {_WITHIN}')})"
        elif self._indexed:
            some = (f"({_count(_select('1', self._from(name)))})" for name in self._indexed)
            counts = dict(zip(self._indexed, (await self._fetch(f"SELECT {', '.join(some)}"))[0], strict=True))
            rarest = min(counts, key=counts.__getitem__)
            if counts[rarest] <= COUNTED:
                self._few = self._those(rarest, f"({_select('line.seq', self._from(rarest))})")

    def _from(self, name: str) -> str:
        if name in _WORDS:
            return f"audit_index_word AS line WHERE {_WITHIN} AND line.sort = '{name}' AND line.word = %({name})s"
        return f"audit_index AS line WHERE {_WITHIN} AND {self._filters[name]}"

    def _those(self, name: str, places: str) -> str:
        if name not in _WORDS:
            return f"({_select('line.*', self._from(name))})"
        joined = f"{places} AS said JOIN audit_index AS line ON line.log_id = %(log)s AND line.seq = said.seq"
        return f"({_select('line.*', joined)})"

    async def page(self, after: Key | None, limit: int) -> tuple[list[Line], Key | None]:
        """At most `limit` lines after that key, and the key to go on from, None at the end."""
        where = " AND ".join([_WITHIN, *self._filters.values(), self._beyond(after)])
        rows = self._few or f"({self._reach(after)})"
        word = "''" if self._sort is Sort.seq else f"line.{self._sort.value}"
        rest = f"WHERE {where} ORDER BY {self._by} LIMIT {limit + 1}"
        found = await self._fetch(_select(f"{_LINE}, {word}", f"{rows} AS line", rest), after)
        lines = [_line(row) for row in found[:limit]]
        if len(found) > limit:
            return lines, self._key(found[limit - 1][-1], lines[-1].seq)
        if self._few is not None:
            return lines, None
        last = _select(f"{word}, line.seq", f"({self._reach(after)}) AS line", f"OFFSET {_REACH - 1} LIMIT 1")
        end = await self._fetch(last, after)
        return lines, self._key(*end[0]) if end else None

    async def total(self) -> tuple[int, bool]:
        """How many lines there are, and whether there are more than that."""
        if not self._filters:
            return max(0, self._values["high"] - self._values["low"]), False
        if self._few is None and len(self._filters) == 1 and self._indexed:
            return COUNTED, True
        where = " AND ".join([_WITHIN, *self._filters.values()])
        rows = self._few or f"({self._reach(None)})"
        found = (await self._fetch(_count(_select("1", f"{rows} AS line", f"WHERE {where}"))))[0][0]
        return min(found, COUNTED), found > COUNTED or self._few is None

    def _key(self, word: str, seq: int) -> Key:
        return Key(None if self._sort is Sort.seq else word, seq)

    @property
    def _by(self) -> str:
        first = "" if self._sort is Sort.seq else f"line.{self._sort.value} {self._way}, "
        return f"{first}line.seq {self._way}"

    def _beyond(self, after: Key | None) -> str:
        if after is None:
            return "true"
        if self._sort is Sort.seq:
            return f"line.seq {self._sign} %(after)s"
        return f"(line.{self._sort.value}, line.seq) {self._sign} (%(word)s, %(after)s)"

    def _reach(self, after: Key | None) -> str:
        """The next lines that are looked through: by one of the filters in the order of the log, or in the order asked for."""
        name = self._indexed[0] if self._indexed and self._sort is Sort.seq else None
        rows = f"audit_index AS line WHERE {_WITHIN}" if name is None else self._from(name)
        next_rows = f"FROM {rows} AND {self._beyond(after)} ORDER BY {self._by} LIMIT {_REACH}"
        if name not in _WORDS or name is None:
            return f"SELECT line.* {next_rows}"
        return f"{self._those(name, f'(SELECT line.seq {next_rows})')[1:-1]} ORDER BY said.seq {self._way}"


def _count(rows: str) -> str:
    """How many there are, up to one more than is counted."""
    return _select("count(*)", f"({rows} LIMIT {COUNTED + 1}) AS counted")


def _line(row: Any) -> Line:
    seq, us, ref, kind, operation, actor, source, recipient, purpose, bases, reasons, outcome, staff, attempt, delivery = row[
        :15
    ]
    return Line(
        seq=seq,
        us=Micros(us),
        ref=UUID(bytes=ref.bytes),
        kind=kind,
        operation=operation,
        actor=actor,
        source=source,
        recipient=recipient,
        purpose=purpose,
        bases=tuple(bases),
        reasons=tuple(reasons),
        outcome=outcome,
        staff=staff,
        attempt=attempt,
        delivery=None if delivery is None else UUID(bytes=delivery.bytes),
    )


async def bounds(connection: Connection, log_id: LogId, selection: Selection, size: int) -> tuple[int, int]:
    """The places in the log of a selection's moments: moments never go back in a log."""
    low, high = 0, size
    if selection.from_us is not None:
        found = await connection.raw.fetchval(_AT, log_id, selection.from_us)
        low = size if found is None else found
    if selection.until_us is not None:
        found = await connection.raw.fetchval(_AT, log_id, selection.until_us)
        high = size if found is None else found
    return low, min(high, size)


async def by_refs(engine: AsyncEngine, log_id: LogId, refs: Sequence[UUID]) -> list[Line]:
    """These entries and the outcomes of these disclosures, oldest first."""
    return sorted((_line(row) for row in await fetch(engine, _BY_REFS, log_id, list(refs))), key=lambda line: line.seq)


async def choices(engine: AsyncEngine, log_id: LogId) -> Choices:
    """The words that occur, each found by one step along its index."""
    columns = ("kind", "operation", "recipient", "source", "purpose", "outcome")
    found = [await fetch(engine, _DISTINCT.format(column=column), log_id) for column in columns]
    words = [await fetch(engine, _DISTINCT_WORDS, log_id, sort) for sort in _WORDS]
    return Choices(*(tuple(row[0] for row in rows if row[0]) for rows in (*found, *words)))


# What is unusual.

_HANDED_AGAIN: Final = """
SELECT recipient, count(*), min(us), max(us) FROM audit_index
WHERE log_id = $1 AND outcome = 'handed-over' AND attempt >= 5 GROUP BY recipient
"""
_SILENT: Final = """
SELECT recipient, count(*), min(us), max(us) FROM audit_index AS handed
WHERE log_id = $1 AND became = 'handed-over' AND became <> '' AND seq >= $2 AND NOT EXISTS (
    SELECT FROM audit_index AS heard WHERE heard.log_id = $1 AND heard.recipient = handed.recipient
    AND heard.became = 'acknowledged' AND heard.became <> '' AND heard.seq >= $2)
GROUP BY recipient
"""
_REFUSALS: Final = """
SELECT recipient, count(*) FILTER (WHERE seq >= $3), count(*) FILTER (WHERE seq < $3),
    EXISTS (SELECT FROM audit_index AS was WHERE was.log_id = $1 AND was.recipient = line.recipient AND was.seq < $3)
FROM audit_index AS line WHERE log_id = $1 AND kind = 'refusal' AND seq >= $2 GROUP BY recipient
"""
_REVEALS: Final = """
SELECT staff, count(*), min(us), max(us) FROM audit_index
WHERE log_id = $1 AND operation = 'reveal-row' AND staff <> '' AND seq >= $2 GROUP BY staff
"""
_SEARCHES: Final = """
SELECT line.staff, line.us, subject.subject_tag FROM audit_index AS line JOIN audit_subject AS subject ON subject.ref = line.ref
WHERE line.log_id = $1 AND line.operation = 'search-person' AND line.staff <> '' AND line.seq >= $2
"""


async def unusual(engine: AsyncEngine, log_id: LogId, now_us: int) -> Unusual:
    """What the last day, and for refusals the week before it, say that may be unusual."""
    async with reading(engine) as connection:
        size = (await sizes(connection, log_id))[1]
        day, _ = await bounds(connection, log_id, Selection(from_us=now_us - DAY), size)
        week, _ = await bounds(connection, log_id, Selection(from_us=now_us - 8 * DAY), size)
        ask = connection.raw.fetch
        return Unusual(
            again=[Many(*row) for row in await ask(_HANDED_AGAIN, log_id)],
            silent=[Many(*row) for row in await ask(_SILENT, log_id, day)],
            refusals=[Refusals(*row) for row in await ask(_REFUSALS, log_id, week, day)],
            reveals=[Many(*row) for row in await ask(_REVEALS, log_id, day)],
            searches=[Looked(row[0], row[1], bytes(row[2])) for row in await ask(_SEARCHES, log_id, day)],
        )


_MOST_REFUSALS: Final = 500_000
_REFUSED: Final = f"""
SELECT recipient, reason, count(*) FROM (
    SELECT recipient, reasons FROM audit_index
    WHERE log_id = $1 AND kind = 'refusal' AND seq >= $2 AND seq < $3 ORDER BY seq DESC LIMIT {_MOST_REFUSALS}
) AS line, LATERAL unnest(line.reasons) AS reason GROUP BY recipient, reason
"""  # noqa: S608  # a number of ours


async def refused(engine: AsyncEngine, log_id: LogId, selection: Selection) -> list[tuple[str, str, int]]:
    """Per recipient and reason how many refusals name it, among the newest ones within the moments of `selection`."""
    async with reading(engine) as connection:
        low, high = await bounds(connection, log_id, selection, (await sizes(connection, log_id))[1])
        return [(row[0], row[1], row[2]) for row in await connection.raw.fetch(_REFUSED, log_id, low, high)]


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Connection]:
    """A transaction in which every question sees the same state of the index."""
    async with transaction(engine, isolation="repeatable_read") as connection:
        yield connection
