"""The tree in tiles: C2SP tlog-tiles. Pure; what must be read is planned here and read elsewhere.

A tile is up to 256 hashes that stand side by side, concatenated. At level 0 these are leaf hashes; at every higher level each
is the root of a complete tile of the level below. A complete tile never changes. What is not complete is the `Edge`: at most
255 hashes of every level, at the right of the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from hub.audit import tree
from hub.audit.checkpoint import Checkpoint
from hub.audit.tree import HASH_BYTES, Frontier
from hub.errors import Tampered

_KEEP = "Stop, keep the database as it is, and verify an export of the log."

HEIGHT = 8
WIDTH = 1 << HEIGHT
LONGEST_ENTRY = 65_535


@dataclass(frozen=True, slots=True)
class Tile:
    """A complete tile: 256 hashes, and their root, which is hash number `index` of the level above."""

    level: int
    index: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True)
class Span:
    """Hashes number `first` up to `first + count` of a level: leaf hashes of entries, or roots of complete tiles below."""

    level: int
    first: int
    count: int


TileKey = tuple[int, int]
"""A tile's level and index."""
Rows = Sequence[Sequence[bytes]]
"""The nodes of a tile, its hashes first and then row by row those above them; without its root."""


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile stands, such as `tile/0/x001/234` or, when partial, `tile/1/000.p/17`."""
    return f"tile/{level}/{_number(index)}{_partial(width)}"


def bundle_path(index: int, width: int = WIDTH) -> str:
    """Where the entries under level-0 tile `index` stand."""
    return f"tile/entries/{_number(index)}{_partial(width)}"


def _number(index: int) -> str:
    path = f"{index % 1000:03d}"
    while index := index // 1000:
        path = f"x{index % 1000:03d}/{path}"
    return path


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def bundle(bodies: Sequence[bytes]) -> bytes:
    """Entries as a bundle: each after its length in two bytes, big-endian. Raises ValueError when one is too long."""
    if any(len(body) > LONGEST_ENTRY for body in bodies):
        raise ValueError("an entry is longer than a bundle can hold")
    return b"".join([part for body in bodies for part in (len(body).to_bytes(2), body)])


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes of a tile. Raises errors.Tampered when its length is not that of 1 to 256 hashes."""
    if not tile or len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise Tampered("A tile of the log cannot be read.", "It is not made of whole hashes.", _KEEP)
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def tile_root(tile: bytes) -> bytes:
    """The root over the hashes of a tile, complete or not."""
    return Frontier().extend(hashes_of(tile)).root


@dataclass(frozen=True, slots=True)
class Edge:
    """The open side of the tree: its frontier, and of each level's open tile, level 0 first, the nodes row by row from its
    hashes up (no rows at all when there is none).

    What the log's one writer needs to append, and to prove what it appended without hashing a node twice: keep it in memory by
    size, or rebuild it from `spans`.
    """

    frontier: Frontier = field(default_factory=Frontier)
    rows: tuple[Rows, ...] = ()

    @property
    def size(self) -> int:
        return self.frontier.size

    @property
    def root(self) -> bytes:
        return self.frontier.root

    @property
    def open(self) -> tuple[bytes, ...]:
        """The hashes of each level's open tile ("" when there is none)."""
        return tuple([b"".join(rows[0]) if rows else b"" for rows in self.rows])

    def extend(self, leaves: Sequence[bytes]) -> tuple[Edge, list[Tile]]:
        """The edge with these leaf hashes added, and the tiles that they made complete, lower levels first.

        Every node is hashed once: a row of new nodes at height 8 holds the roots of new tiles, and is what level 1 gains.
        """
        frontier, new = self.frontier.grow(leaves)
        opened, complete = list(self.rows), []
        for level in range((len(new) + HEIGHT - 1) // HEIGHT):
            if level == len(opened):
                opened.append(())
            rows = _joined(opened[level], new[HEIGHT * level : HEIGHT * (level + 1)])
            whole = len(rows[0]) // WIDTH
            first = (self.size >> HEIGHT * level) // WIDTH
            for nth in range(whole):
                piece = b"".join(rows[0][nth * WIDTH : (nth + 1) * WIDTH])
                complete.append(Tile(level, first + nth, piece, new[HEIGHT * (level + 1)][nth]))
            left = [row[whole * (WIDTH >> height) :] for height, row in enumerate(rows)] if whole else rows
            opened[level] = [row for row in left if row] or ()  # those that became empty are the highest
        return Edge(frontier, tuple(opened)), complete

    @property
    def tiles(self) -> dict[TileKey, bytes]:
        """The open tiles by level and index, as proofs need them."""
        return {key: b"".join(rows[0]) for key, rows in self.nodes.items()}

    @property
    def nodes(self) -> dict[TileKey, Rows]:
        """The nodes of the open tiles by level and index."""
        return {(span.level, span.first // WIDTH): self.rows[span.level] for span in spans(self.size)}

    @classmethod
    def rebuild(cls, size: int, rows: Sequence[bytes]) -> Edge:
        """The edge of a tree of `size` from the hashes that `spans(size)` names, in that order.

        Compare its root with the checkpoint's. Raises errors.Tampered when hashes are missing.
        """
        wanted = spans(size)
        opened: list[Rows] = [()] * _levels(size)
        nodes: list[tuple[bytes, ...]] = []
        if [span.count * HASH_BYTES for span in wanted] != [len(row) for row in rows]:
            raise Tampered("The log's open tiles cannot be rebuilt.", "The database holds fewer hashes than entries.", _KEEP)
        for span, row in zip(wanted, rows, strict=True):
            frontier, opened[span.level] = Frontier().grow(hashes_of(row))
            nodes.append(frontier.nodes)
        return cls(Frontier(size, tuple(node for part in reversed(nodes) for node in part)), tuple(opened))


def _joined(held: Rows, new: Rows) -> Rows:
    """The nodes of a tile with what came at its right."""
    return [[*left, *right] for left, right in zip_longest(held, new, fillvalue=())]


def _levels(size: int) -> int:
    return (size.bit_length() + HEIGHT - 1) // HEIGHT


def spans(size: int) -> list[Span]:
    """Which hashes the open tiles of a tree of `size` are made of, lowest level first."""
    whole = [(level, size >> HEIGHT * level) for level in range(_levels(size))]
    return [Span(level, count - count % WIDTH, count % WIDTH) for level, count in whole if count % WIDTH]


def _needed(ranges: Iterable[tuple[int, int]], size: int) -> set[tuple[int, int, int]]:
    needed = set()
    for low, high in ranges:
        for height, index in tree.range_nodes(low, high):
            level, within = divmod(height, HEIGHT)
            tile = index << within >> HEIGHT
            needed.add((level, tile, min(WIDTH, (size >> HEIGHT * level) - tile * WIDTH)))
    return needed


def tiles_needed(indexes: Iterable[int], size: int) -> set[tuple[int, int, int]]:
    """The tiles, as (level, index, width), that prove these entries in the tree of `size`. Entries of one tile need the same.

    A width of 256 is a complete tile, which is stored; a smaller one is open at that size (`Edge.tiles`, or the first hashes of
    what is complete by now). Raises ValueError outside the tree.
    """
    needed: set[tuple[int, int, int]] = set()
    for tile in {index // WIDTH for index in indexes}:
        # The last entry of the tile that is in the tree, and the first: between them they touch whatever any entry of it needs.
        first, last = tile * WIDTH, min(size - 1, tile * WIDTH + WIDTH - 1)
        needed |= _needed(tree.inclusion_ranges(first, size), size) | _needed(tree.inclusion_ranges(last, size), size)
    return needed


def consistency_tiles_needed(old: int, new: int) -> set[tuple[int, int, int]]:
    """The tiles that prove that the tree of `new` begins with that of `old`. Raises ValueError unless 0 < old <= new."""
    return _needed(tree.consistency_ranges(old, new), new)


class Prover:
    """Makes proofs in the tree of `size` from tiles by (level, index); a tile may be wider than the tree of `size` needs.

    Hashes within a tile are worked out once for all proofs; those in `nodes` are known. Raises errors.Tampered when a tile is
    missing or too narrow.
    """

    def __init__(self, size: int, tiles: Mapping[TileKey, bytes], nodes: Mapping[TileKey, Rows] | None = None) -> None:
        self._size = size
        self._tiles = tiles
        self._rows: dict[TileKey, Rows] = dict(nodes or {})
        self._ranges: dict[tuple[int, int], bytes] = {}

    def inclusion(self, index: int) -> list[bytes]:
        """The inclusion proof of entry `index`. Raises ValueError outside the tree."""
        return [self._range(*each) for each in tree.inclusion_ranges(index, self._size)]

    def consistency(self, old: int) -> list[bytes]:
        """The consistency proof from the tree of size `old`. Raises ValueError unless 0 < old <= size."""
        return [self._range(*each) for each in tree.consistency_ranges(old, self._size)]

    def _range(self, low: int, high: int) -> bytes:
        known = self._ranges.get((low, high))
        if known is None:
            known = self._ranges[low, high] = tree.range_hash(low, high, self._node)
        return known

    def _node(self, height: int, index: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        key = (level, index << within >> HEIGHT)
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = Frontier().grow(hashes_of(self._tiles.get(key, b"")))[1]
        place = index & (WIDTH >> within) - 1
        if within >= len(rows) or place >= len(rows[within]):
            raise Tampered("A proof from the log cannot be made.", "A tile holds fewer hashes than the tree has.", _KEEP)
        return rows[within][place]


def prove(index: int, size: int, tiles: Mapping[TileKey, bytes]) -> list[bytes]:
    """One inclusion proof; for several in one tree, ask one `Prover`."""
    return Prover(size, tiles).inclusion(index)


def consistency(old: int, new: int, tiles: Mapping[TileKey, bytes]) -> list[bytes]:
    """One consistency proof."""
    return Prover(new, tiles).consistency(old)


class Export:
    """The files of a tlog-tiles tree, as (path, content), while entries stream through; 256 are held at most.

    `add` entries from the first of the log on, or from where `edge` ends (a pruned log: a whole number of tiles), then `finish`
    with the checkpoint; an export without its checkpoint is void.
    """

    def __init__(self, edge: Edge | None = None) -> None:
        self._edge = edge or Edge()
        self._held: list[tuple[bytes, bytes]] = []

    def add(self, entries: Iterable[bytes | tuple[bytes, bytes | None]]) -> Iterator[tuple[str, bytes]]:
        """Takes entries and gives the files that they complete: bodies, or a leaf hash with None for one that was redacted.

        Of what has a body its hash is made anew. Raises ValueError when one is too long.
        """
        for entry in entries:
            leaf, body = (b"", entry) if isinstance(entry, bytes) else entry
            self._held.append((leaf, b"") if body is None else (tree.leaf_hash(body), body))
            if len(self._held) == WIDTH:
                yield from self._bundle()

    def _bundle(self) -> Iterator[tuple[str, bytes]]:
        held, self._held = self._held, []
        yield bundle_path(self._edge.size // WIDTH, len(held)), bundle([body for _, body in held])
        self._edge, complete = self._edge.extend([leaf for leaf, _ in held])
        for tile in complete:
            yield tile_path(tile.level, tile.index), tile.hashes

    def finish(self, checkpoint: Checkpoint) -> Iterator[tuple[str, bytes]]:
        """Gives the open tiles and last the checkpoint. Raises errors.Tampered when it is not over what was added."""
        if self._held:
            yield from self._bundle()
        if (checkpoint.size, checkpoint.root) != (self._edge.size, self._edge.root):
            raise Tampered("The log cannot be exported.", "Its entries do not lead to the root of its checkpoint.", _KEEP)
        for span in spans(self._edge.size):
            yield tile_path(span.level, span.first // WIDTH, span.count), self._edge.open[span.level]
        yield "checkpoint", checkpoint.note.encode()
