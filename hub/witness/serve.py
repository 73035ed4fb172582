"""What the log serves: its checkpoint, tiles and consistency proofs to anyone; its entries to those whom they concern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import open_note
from hub.audit.cosign import Cosigner, cosign_line, with_signatures
from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.tiles import LONGEST_ENTRY, WIDTH
from hub.domain.terms import PartyId
from hub.errors import Refused, Tampered
from hub.witness import store
from hub.witness.model import hash_lines

READ: Final = "read-bundle"
_LEVELS: Final = 64
_PLACE: Final = re.compile(r"((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)
_LEVEL: Final = re.compile(r"0|[1-9][0-9]?", re.ASCII)
_LENGTH_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Which tile is asked: `level` None for a bundle of entries."""

    level: int | None
    index: int
    width: int


def read_place(path: str) -> Place | None:
    """What stands behind `tile/`, such as `0/x001/234` or `entries/000.p/17`; None for what no tlog-tiles address is."""
    first, _, rest = path.partition("/")
    found = _PLACE.fullmatch(rest)
    if found is None or (first != "entries" and (not _LEVEL.fullmatch(first) or int(first) >= _LEVELS)):
        return None
    groups, width = found[1].split("/"), int(found[2] or WIDTH)
    if (len(groups) > 1 and groups[0] == "x000") or (found[2] is not None and width >= WIDTH):
        return None
    index = int("".join(group.removeprefix("x") for group in groups))
    return Place(None if first == "entries" else int(first), index, width)


def entries_of(bundle: bytes) -> Iterator[bytes]:
    """The entries of a bundle; an empty one was left out of it. Raises errors.Tampered when it does not end with its last."""
    at = 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + _LENGTH_BYTES])
        at += _LENGTH_BYTES + length
        if at > len(bundle) or length > LONGEST_ENTRY:
            raise Tampered("A bundle of entries cannot be read.", "It is cut off.", "Keep it, and call the privacy officer.")
        yield bundle[at - length : at]


def concerns(body: bytes, party: PartyId) -> bool:
    """Whether an entry is by, from, to or under the responsibility of this party."""
    says: dict[str, Any] = orjson.loads(body)
    return party in (says.get("actor"), says.get("source"), says.get("recipient")) or party in says.get("controllers", ())


def shown_to(party: PartyId, bundle: bytes) -> tuple[bytes, int]:
    """The bundle with every entry that does not concern the party left empty, and how many are shown."""
    parts, shown = [], 0
    for body in entries_of(bundle):
        mine = bool(body) and concerns(body, party)
        shown += mine
        kept = body if mine else b""
        parts += [len(kept).to_bytes(_LENGTH_BYTES), kept]
    return b"".join(parts), shown


class Served:
    """The answers; None for what the log has not."""

    def __init__(self, engine: AsyncEngine, log: Log, notes: Notes, also: Cosigner | None = None) -> None:
        """`also` is the log's second key, in ML-DSA-44, for the checkpoints that are given out."""
        self._engine, self._log, self._notes, self._also = engine, log, notes, also
        self._last = ("", "")

    async def checkpoint(self) -> str | None:
        """The newest checkpoint, with the lines of those who cosigned that very one."""
        note = await self._log.checkpoint_or_none()
        return None if note is None else await self._dressed(note, open_note(note, self._log.vkey).size)

    async def cosigned(self) -> str | None:
        """The newest checkpoint that a witness cosigned, with all lines under it."""
        origin, _, _ = self._log.vkey.partition("+")
        found = await store.largest_cosigned(self._engine, self._log.log_id, origin)
        return None if found is None else await self._dressed(found.note, found.size)

    async def _dressed(self, note: str, size: int) -> str:
        """A line is over a text: one over another tree of this size, of before a new origin, is none under this note."""
        text, _, _ = note.partition("\n\n")
        found = await store.cosignatures(self._engine, self._log.log_id, size)
        lines = [one.line for one in found if one.note.partition("\n\n")[0] == text]
        return with_signatures(note, [*self._own(f"{text}\n"), *lines])

    def _own(self, body: str) -> list[str]:
        """The log's own line in ML-DSA-44, made once for each checkpoint that is asked for."""
        if self._also is None:
            return []
        if self._last[0] != body:
            self._last = (body, cosign_line(self._also, body, self._notes.clock.now_us() // 1_000_000))
        return [self._last[1]]

    async def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` hashes of a tile."""
        try:
            return await self._log.tile(level, index, width)
        except Refused:  # pruned, or nothing was recorded yet
            return None

    async def bundle(self, party: PartyId, index: int, width: int) -> bytes | None:
        """The entries that concern the party; that it read them is in the log before it gets them."""
        try:
            found = await self._log.bundle(index, width)
        except Refused:  # pruned
            found = None
        if found is None:
            return None
        kept, shown = shown_to(party, found)
        if shown:
            details = {"first": index * WIDTH, "after": index * WIDTH + width, "count": shown}
            await self._notes.write(EntryKind.access, READ, "log", details, actor=party)
        return kept

    async def consistency(self, older: int, newer: int) -> str | None:
        """The proof that the log at `newer` begins with what it was at `older`: hashes in base64, one a line."""
        try:
            return hash_lines(await self._log.consistent(older, newer))
        except Refused:
            return None
