"""Whether the log is what was signed: from its newest checkpoint down to the bytes of every entry.

A hub that starts knows from its head, checkpoint and mark that nothing is missing at the end. What was changed further back is
found here: every tile must lead to the signed root, every level-0 tile be the leaves of its entries, every leaf the hash of its
body, every checkpoint the tree as it was. A body may be gone, or a beginning, only where an entry of the log says so.

At start the newest entries are examined; the older ones by `scrub`, slowly, while the hub works. Whatever it finds, an alarm in
the database keeps every process from adding to the log until `hub audit check` has found all well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NoReturn
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store as log
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind, parse
from hub.audit.guard import store
from hub.audit.guard.store import Row
from hub.audit.origins import Origin, check_origins, key_at, known_origins
from hub.audit.store import Head
from hub.audit.tiles import HEIGHT, WIDTH, Edge, hashes_of, tile_root
from hub.audit.tree import HASH_BYTES, Frontier, range_nodes
from hub.db import Connection, transaction
from hub.domain.terms import LogId, PartyId
from hub.errors import HubError, Tampered
from hub.observe import Event, report
from hub.ports import Clock

NEWEST: Final = 1_000_000
"""Entries whose bodies are hashed again before the hub starts: some four seconds where the disk is not what waits."""
CHECKPOINTS: Final = 20_000
"""Checkpoints that are verified before the hub starts."""
_TILES: Final = 32
_ANY: Final = 1 << 62
_REST_S: Final = 3600.0
_PAUSE_S: Final = 1.0
_NOW: Final = "Stop every process of the hub, keep everything as it is, and follow ops/runbooks/log-restore.md."

Between = Callable[[], Awaitable[bool]]
"""Waits between two pages; whether to go on."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What was looked at and is well: of a log of `size` how many entries and checkpoints, and how many entries are gone by
    authority of the log."""

    size: int
    root: bytes
    entries: int = 0
    checkpoints: int = 0
    redacted: int = 0
    pruned: int = 0


@dataclass(slots=True)
class _Tree:
    """What leads from the root down: verified tiles of level 1 and higher, the open edge, and what an entry says is gone."""

    edge: Edge
    keys: Sequence[Origin]
    pruned: int = 0
    redactions: frozenset[UUID] = frozenset()
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def hashes(self, level: int, first: int, count: int) -> bytes:
        """Hashes of a level that lie in one tile of it."""
        tile = self.tiles.get((level, first // WIDTH))
        begin = first % WIDTH * HASH_BYTES
        found = tile if tile is not None else self.edge.open[level]
        return found[begin : begin + count * HASH_BYTES]

    def frontier(self, size: int) -> Frontier:
        """The tree as it was at `size`, a whole number of level-0 tiles."""
        nodes = []
        for height, index in range_nodes(0, size):
            level, within = divmod(height, HEIGHT)
            nodes.append(tile_root(self.hashes(level, index << within, 1 << within)))
        return Frontier(size, tuple(nodes))


@dataclass(frozen=True, slots=True)
class _Page:
    """What is stored of the entries from `low` up to `high`."""

    low: int
    high: int
    rows: Mapping[int, Row]
    tiles: Mapping[int, bytes]
    notes: Sequence[tuple[int, str]]


class Guard:
    """Examines one log; `vkey` is the key that signs it now."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, vkey: str) -> None:
        self._engine = engine
        self._log_id = log_id
        self._vkey = vkey

    async def check(self, *, newest: int | None = NEWEST, between: Between | None = None) -> Examined:
        """Everything above the entries, and the `newest` entries themselves; all of them for None.

        Raises Tampered naming the place. Entries that are added meanwhile are not looked at.
        """
        async with transaction(self._engine, isolation="repeatable_read") as connection:
            tree = await self._open(connection)
            size = tree.edge.size
            signed_from = 0 if newest is None else await store.size_of_newest(connection, self._log_id, CHECKPOINTS)
            await self._higher(connection, tree)
            await self._gone(connection, tree)
            first = 0 if newest is None else max(0, size - newest)
            if between is None and first == 0:  # of a log that is larger, or beside the work, it takes too long
                await self._signed(connection, tree)
        entries = checkpoints = redacted = 0
        judging: asyncio.Future[None] | None = None
        try:
            for tile in range(first // WIDTH, -(-size // WIDTH), _TILES):
                if between is not None and not await between():
                    break
                page = await self._page(tree, tile, min(tile + _TILES, -(-size // WIDTH)), signed_from)
                if judging is not None:
                    await judging
                # PostgreSQL hashes the next page while this one is judged.
                judging = asyncio.ensure_future(asyncio.to_thread(_judge, tree, page))
                entries, checkpoints = entries + page.high - page.low, checkpoints + len(page.notes)
                redacted += sum(len(row.gone) for row in page.rows.values())
        finally:
            if judging is not None:
                await judging
        return Examined(size, tree.edge.root, entries, checkpoints, redacted, tree.pruned)

    async def _open(self, connection: Connection) -> _Tree:
        """The edge that stored leaves and tiles lead to, under a head and a checkpoint that say the same."""
        found = await store.head(connection, self._log_id)
        if found is None:
            _changed("The log has no head", "Its row is gone, or the log was never begun here.")
        size, root, last_us, frontier = found
        keys = await known_origins(connection, self._log_id) or (Origin(1, "", self._vkey, "opened", None, 0),)
        await check_origins(connection, self._log_id, keys)
        if keys[-1].vkey != self._vkey:
            _changed("The log's newest name or key is not this hub's", "HUB_LOG_ORIGIN or HUB_LOG_KEY is another than it was.")
        log.check_signed(await log.newest_checkpoint(connection, self._log_id), self._vkey, Head(size, root, last_us))
        edge = await log.rebuild_edge(connection, self._log_id, size)
        if (edge.size, edge.root) != (size, root):
            _changed(f"{_part(edge, root, frontier)} not what was signed", "Entries, tiles or the head were changed.")
        if edge.frontier.encode() != frontier:
            _changed("The frontier in the head of the log is not that of its tree", "The head was changed.")
        if (beyond := await store.entry_beyond(connection, self._log_id, size)) is not None:
            _changed(f"Entry {beyond} stands behind the end of the log", "It was added past the hub.")
        if await store.tile_beyond(connection, self._log_id, size):
            _changed("There is a tile that the log does not have", "It was added past the hub.")
        last = await store.body(connection, self._log_id, size - 1) if size else None
        if last is not None and _moment(last) not in (None, last_us):
            _changed("The moment in the head of the log is not that of its last entry", "The head was changed.")
        return _Tree(edge, keys)

    async def _signed(self, connection: Connection, tree: _Tree) -> None:
        """Under every request that was recorded there is a checkpoint still."""
        if (lost := await store.unsigned(connection, self._log_id, tree.pruned, tree.edge.size)) is not None:
            _changed(f"The checkpoint over {lost} entries is gone", "Something was recorded under it.")

    async def _higher(self, connection: Connection, tree: _Tree) -> None:
        """From the root down, every complete tile above level 0 is under the hash that the level above has for it."""
        size = tree.edge.size
        for level in range((size.bit_length() - 1) // HEIGHT, 0, -1):
            count = size >> HEIGHT * (level + 1)
            for first in range(0, count, WIDTH):
                stop = min(first + WIDTH, count)
                found = await store.tiles(connection, self._log_id, level, first, stop)
                for index in range(first, stop):
                    tile, span = found.get(index), WIDTH ** (level + 1)
                    if tile is None or not _leads(tile, tree.hashes(level + 1, index, 1)):
                        where = f"over entries {index * span} to {(index + 1) * span - 1}"
                        _changed(f"A tile of level {level} {where} is not what was signed", "It was changed or is gone.")
                    tree.tiles[level, index] = tile

    async def _gone(self, connection: Connection, tree: _Tree) -> None:
        """What the log itself says is gone: a beginning, and bodies that an entry lists by their hash."""
        pruned = await log.pruned(connection, self._log_id)
        if pruned.size:
            said = await self._authority(connection, pruned.by, "prune-prefix")
            if (said.get("after"), said.get("root")) != (pruned.size, tree.frontier(pruned.size).root.hex()):
                _changed(f"Entry {pruned.by} does not say that {pruned.size} entries are gone", "Nothing else allows it.")
            note = await log.checkpoint_at(connection, self._log_id, pruned.size)
            # It was signed when the log was pruned: by the key of that moment.
            later = [origin.vkey for origin in tree.keys if origin.first > pruned.size]
            _judge_note(tree, pruned.size, note, tree.frontier(pruned.size), later)
            tree.pruned = pruned.size
        await self._emptied(connection, tree, tree.edge.size)

    async def _emptied(self, connection: Connection, tree: _Tree, size: int) -> None:
        """By which entries below `size` bodies were emptied, each with the list that it gives the hash of."""
        held = set()
        for by, proposal in await log.redactions(connection, self._log_id, size):
            if by < tree.pruned:
                continue
            named = await log.named(connection, self._log_id, proposal)
            listed = sha256(b"".join(seq.to_bytes(8) for seq in named)).hexdigest()
            if (await self._authority(connection, by, "redact-entries")).get("set") != listed or named[-1:] > [by]:
                _changed(f"Entry {by} does not list the entries that were emptied in its name", "The list was changed.")
            held.add(proposal)
        tree.redactions = frozenset(held)

    async def _authority(self, connection: Connection, seq: int, operation: str) -> Mapping[str, object]:
        body = await store.body(connection, self._log_id, seq)
        fields = {} if body is None else parse(body)
        if (fields.get("kind"), fields.get("operation")) != (EntryKind.prune, operation):
            _changed(f"Entry {seq} does not allow that anything is gone", "Yet it is named as what does.")
        details: Mapping[str, object] = fields["details"]
        return details

    async def _page(self, tree: _Tree, first: int, stop: int, signed_from: int) -> _Page:
        """What is stored of the entries under level-0 tiles `first` up to `stop`, once nothing is gone that may not be."""
        async with transaction(self._engine) as connection:
            # What went meanwhile went by an entry that is younger than this tree; the next examination looks at that.
            pruned = await log.pruned(connection, self._log_id)
            tree.pruned = max(tree.pruned, min(pruned.size, tree.edge.size))
            first = min(max(first, tree.pruned // WIDTH), stop)
            low, high = min(first * WIDTH, tree.edge.size), min(stop * WIDTH, tree.edge.size)
            rows = await store.page(connection, self._log_id, low, high)
            tiles = await store.tiles(connection, self._log_id, 0, first, stop)
            gone = {seq for row in rows.values() for seq in row.gone}
            if gone - await self._allowed(connection, tree, first, stop):
                await self._emptied(connection, tree, _ANY)  # some were emptied since, by entries younger than this tree
                gone -= await self._allowed(connection, tree, first, stop)
                if gone:
                    _changed(f"Entry {min(gone)} of the log is empty", "No entry of the log allows that.")
            notes = await store.checkpoints(connection, self._log_id, max(low, signed_from), high)
        return _Page(low, high, rows, tiles, notes)

    async def _allowed(self, connection: Connection, tree: _Tree, first: int, stop: int) -> set[int]:
        named = await store.redacted(connection, self._log_id, first, stop)
        return {seq for proposal, seqs in named if proposal in tree.redactions for seq in seqs}


def _part(edge: Edge, root: bytes, frontier: bytes) -> str:
    """Which part of the tree is another than in the frontier that was kept, where that leads to the signed root."""
    try:
        kept = Frontier.decode(frontier)
    except Tampered:
        kept = Frontier()
    if (kept.size, kept.root) == (edge.size, root):
        for (height, index), was, found in zip(range_nodes(0, kept.size), kept.nodes, edge.frontier.nodes, strict=True):
            if was != found:
                return f"What is stored of entries {index << height} to {(index + 1 << height) - 1} of the log is"
    return "The head of the log is"


def _moment(body: bytes) -> int | None:
    """When an entry says it was written; None where it cannot be read, which its page then tells."""
    try:
        return int(parse(body)["us"])
    except Tampered:
        return None


def _leads(tile: bytes, root: bytes) -> bool:
    """Whether a complete tile has this root."""
    return len(tile) == WIDTH * HASH_BYTES and tile_root(tile) == root


def _judge(tree: _Tree, page: _Page) -> None:
    """Raises Tampered for the first entry, tile or checkpoint that is not as it was."""
    for index in range(page.low // WIDTH, -(-page.high // WIDTH)):
        begin, row = index * WIDTH, page.rows.get(index) or Row(b"", None, ())
        whole = begin + WIDTH <= tree.edge.size
        tile = page.tiles.get(index) if whole else tree.edge.open[0]
        if whole and (tile is None or not _leads(tile, tree.hashes(1, index, 1))):
            _changed(
                f"The tile over entries {begin} to {begin + WIDTH - 1} is not what was signed", "It was changed or is gone."
            )
        if tile is not None and row.leaves != tile:
            place = begin + _first_difference(row.leaves, tile)
            why = "It is gone." if len(row.leaves) < len(tile) else "It was changed, or put in another's place."
            _changed(f"Entry {place} of the log is not what was signed", why)
        if row.wrong is not None:
            _changed(
                f"Entry {row.wrong} of the log is not what was signed", "What it says, or what it is found by, was changed."
            )
    _judge_notes(tree, page)


def _first_difference(one: bytes, other: bytes) -> int:
    pairs = zip(range(0, len(other), HASH_BYTES), range(0, len(one), HASH_BYTES), strict=False)
    return next(
        (at // HASH_BYTES for at, _ in pairs if one[at : at + HASH_BYTES] != other[at : at + HASH_BYTES]),
        min(len(one), len(other)) // HASH_BYTES,
    )


def _judge_notes(tree: _Tree, page: _Page) -> None:
    """Every checkpoint is signed by the key of its time over the tree of its size."""
    if not page.notes:
        return
    leaves = [leaf for index in sorted(page.rows) for leaf in hashes_of(page.rows[index].leaves)]
    frontier = tree.frontier(page.low)
    for size, note in page.notes:
        frontier = frontier.extend(leaves[frontier.size - page.low : size - page.low])
        _judge_note(tree, size, note, frontier)


def _judge_note(tree: _Tree, size: int, note: str, frontier: Frontier, later: Sequence[str] = ()) -> None:
    """A checkpoint is signed by the key of its time, or one of `later`, over this tree."""
    if not any(_holds(note, vkey, size, frontier) for vkey in (key_at(tree.keys, size), *later)):
        _changed(f"The checkpoint over {size} entries is not what was signed", "It was changed or replaced.")


def _holds(note: str, vkey: str, size: int, frontier: Frontier) -> bool:
    try:
        checkpoint = open_note(note, vkey)
    except Tampered:
        return False
    return (checkpoint.size, checkpoint.root) == (size, frontier.root)


def _changed(what: str, why: str) -> NoReturn:
    raise Tampered(f"{what}.", why, _NOW)


async def refuse_alarmed(engine: AsyncEngine, log_id: LogId) -> None:
    """Raises Tampered while an alarm stands."""
    if (found := await store.standing(engine, log_id)) is not None:
        raise Tampered(found[1], "It was found while the hub worked; since then nothing is recorded.", _NOW)


async def end_alarm(engine: AsyncEngine, log_id: LogId, clock: Clock) -> bool:
    """After an examination of the whole that found all well; whether there was an alarm."""
    return bool(await store.end(engine, log_id, clock.now_us()))


async def scrub(
    guard: Guard,
    engine: AsyncEngine,
    log_id: LogId,
    operator: PartyId,
    clock: Clock,
    halt: Callable[[Tampered], None],
    stopping: asyncio.Event,
    *,
    pause_s: float = _PAUSE_S,
    rest_s: float = _REST_S,
) -> None:
    """Until `stopping` examines the whole log over and over, a page of 8,192 entries each `pause_s` seconds.

    Where something is not what was signed, nothing is recorded any more: by this process through `halt`, by the others through
    the alarm that it leaves in the database.
    """

    async def wait(seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
        return not stopping.is_set()

    while not stopping.is_set():
        try:
            await guard.check(newest=None, between=lambda: wait(pause_s))
        except Tampered as found:
            halt(found)
            report(found, Event.log_tampered)
            with suppress(HubError):
                await store.sound(engine, log_id, operator, clock.now_us(), found.what)
            return
        except HubError as away:
            report(away, Event.database_unavailable)
        except Exception as error:  # whatever it is, the next round is what examines the log
            report(error)
        await wait(rest_s)


__all__ = ["NEWEST", "Examined", "Guard", "end_alarm", "refuse_alarmed", "scrub"]
