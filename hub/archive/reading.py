"""A stretch of the log, read page by page as it was under one checkpoint, so that memory does not grow with the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from hub.archive import store
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind, parse
from hub.audit.log import Log

PAGE: Final = 2_048

Fields = Mapping[str, Any]


class Entry(NamedTuple):
    """An entry at its place in the log; `fields` is None where retention emptied it.

    `disclosed` are the fields of the disclosure that an outcome entry is about, where they were asked for and are still there.
    """

    seq: int
    fields: Fields | None
    disclosed: Fields | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """From which moment, and the first that no longer counts, in microseconds since 1970 UTC; None for no bound."""

    from_us: int | None = None
    until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """The entries of a period: from place `low` up to, not including, `high`, of a log of `size` under `checkpoint`."""

    log: Log
    period: Period
    low: int
    high: int
    size: int
    checkpoint: str

    async def pages(self, *, disclosed: bool = False) -> AsyncIterator[list[Entry]]:
        """Its entries in order; with `disclosed`, outcome entries come with what they are about.

        Raises Tampered where an entry is not one.
        """
        for start in range(self.low, self.high, PAGE):
            yield await entries(self.log, start, min(start + PAGE, self.high), disclosed=disclosed)


async def stretch(log: Log, period: Period = Period()) -> Stretch:
    """The entries of that period in the log as it is now. Raises Refused for an empty log."""
    note = await log.checkpoint()
    size = open_note(note, log.vkey).size
    low = 0 if period.from_us is None else await _place(log, period.from_us, size)
    high = size if period.until_us is None else await _place(log, period.until_us, size)
    return Stretch(log, period, low, max(low, high), size, note)


async def _place(log: Log, us: int, size: int) -> int:
    """The first place whose entry is not before `us`: moments never go back in a log, so halving finds it."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        found = await store.first_kept(log.engine, log.log_id, middle, high)
        if found is None or parse(found[1])["us"] >= us:
            high = middle
        else:
            low = found[0] + 1
    return low


async def entries(log: Log, start: int, end: int, *, disclosed: bool = False) -> list[Entry]:
    """The entries from `start` up to, not including, `end`; those that were pruned are left out. Raises Tampered."""
    rows = await store.page(log.engine, log.log_id, start, end)
    found = [Entry(seq, None if body is None else parse(body)) for seq, body in rows]
    if not disclosed:
        return found
    about = await _disclosed(log, found)
    return [
        entry._replace(disclosed=about.get(entry.fields["delivery"]))
        if entry.fields is not None and entry.fields["kind"] == EntryKind.outcome
        else entry
        for entry in found
    ]


async def _disclosed(log: Log, found: list[Entry]) -> dict[str, Fields]:
    """The disclosures by their ref that outcome entries speak of; most are of the same page."""
    known = {one.fields["ref"]: one.fields for one in found if one.fields is not None and "commitment" in one.fields}
    asked = {one.fields["delivery"] for one in found if one.fields is not None and one.fields["kind"] == EntryKind.outcome}
    missing = [UUID(ref) for ref in asked - known.keys()]
    if missing:
        kept = await store.by_refs(log.engine, log.log_id, missing)
        known |= {str(ref): parse(body) for ref, body in kept.items()}
    return known
