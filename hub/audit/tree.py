"""The Merkle tree of the log: RFC 9162, section 2.1. Pure.

`Frontier` grows a tree without keeping it; the functions below it make and check proofs. A node is named by its height (0 is
the leaves) and its index at that height: `(height, index)` stands for the perfect subtree over the leaves from
`index << height` up to `(index + 1) << height`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn, Self

from hub.errors import Tampered

_KEEP = "Stop, keep the database as it is, and verify an export of the log."

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Node = Callable[[int, int], bytes]
"""Gives the hash of the perfect subtree at (height, index)."""


def leaf_hash(body: bytes) -> bytes:
    """The hash of an entry's bytes."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node with these two children."""
    return sha256(b"\x01" + left + right).digest()


def pair_up(row: Sequence[bytes]) -> list[bytes]:
    """The parents of a row of nodes; an odd last node has none yet."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]


def fold(roots: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees that stand side by side, each smaller than the one before it."""
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in roots[-2::-1]:
        root = node_hash(left, root)
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """What must be kept of a tree to let it grow: the roots of its perfect subtrees, one per bit of `size`, largest first."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    @property
    def root(self) -> bytes:
        return fold(self.nodes)

    def extend(self, leaves: Sequence[bytes]) -> Frontier:
        """The tree with these leaf hashes added at its right."""
        return self.grow(leaves)[0]

    def grow(self, leaves: Sequence[bytes]) -> tuple[Frontier, list[list[bytes]]]:
        """As `extend`, with every node that came into being: row by row, the leaves themselves first."""
        old, kept, rows, row = self.size, list(self.nodes), [], list(leaves)
        edge: list[bytes] = []
        height = 0
        while row:
            rows.append(row)
            full = [kept.pop(), *row] if old >> height & 1 else row
            if len(full) & 1:
                edge.append(full[-1])
            row = pair_up(full)
            height += 1
        return Frontier(old + len(leaves), (*kept, *reversed(edge))), rows

    def encode(self) -> bytes:
        """The size in 8 bytes, big-endian, then the nodes."""
        return self.size.to_bytes(8) + b"".join(self.nodes)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Raises errors.Tampered when `data` is no frontier."""
        size = int.from_bytes(data[:8])
        if len(data) < 8 or len(data) != 8 + HASH_BYTES * size.bit_count():
            raise Tampered("The log's frontier cannot be read.", "It does not hold one hash per bit of its size.", _KEEP)
        return cls(size, tuple(data[at : at + HASH_BYTES] for at in range(8, len(data), HASH_BYTES)))


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Which ranges of leaves an inclusion proof is made of, from the leaf's sibling up. Raises ValueError outside the tree."""
    if not 0 <= index < size:
        raise ValueError("the entry lies outside the tree")
    ranges, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def is_subtree(first: int, end: int) -> bool:
    """Whether the leaves from `first` up to `end` lie under one node of some tree: `first` is a multiple of what they fill."""
    return 0 <= first <= end and (first == end or first % (1 << (end - first - 1).bit_length()) == 0)


def consistency_ranges(old: int, new: int, first: int = 0) -> list[tuple[int, int]]:
    """Which ranges of leaves a consistency proof is made of: that the subtree from `first` up to `old` is in the tree of `new`.

    With `first` 0 that subtree is the tree of size `old`. Raises ValueError unless it is a subtree that is not empty, and
    `old` <= `new`.
    """
    if not 0 <= first < old <= new or not is_subtree(first, old):
        raise ValueError("a consistency proof leads from a tree that is not empty to one at least as large")
    ranges, low, high, start = [], 0, new, first
    while (low, high) != (start, old):
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low, start = middle, max(start, middle)
    if start > first:
        ranges.append((low, high))
    return ranges[::-1]


def range_nodes(low: int, high: int) -> list[tuple[int, int]]:
    """The perfect subtrees, largest first, that make up such a range, as (height, index)."""
    nodes = []
    while low < high:
        height = (high - low).bit_length() - 1
        nodes.append((height, low >> height))
        low += 1 << height
    return nodes


def range_hash(low: int, high: int, node: Node) -> bytes:
    """The hash over such a range."""
    return fold([node(height, index) for height, index in range_nodes(low, high)])


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """RFC 9162, 2.1.3.1: that the leaf at `index` is in the tree of `size`. Raises ValueError outside the tree."""
    return [range_hash(low, high, node) for low, high in inclusion_ranges(index, size)]


def consistency_proof(old: int, new: int, node: Node, first: int = 0) -> list[bytes]:
    """RFC 9162, 2.1.4.1: that the tree of `new` begins with that of `old`, or holds the subtree from `first` up to `old`.

    Raises ValueError as `consistency_ranges`.
    """
    return [range_hash(low, high, node) for low, high in consistency_ranges(old, new, first)]


def _refuse(what: str, why: str) -> NoReturn:
    raise Tampered(what, why, "Keep the proof and the checkpoint, and compare them with what the log gives now.")


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2, with the lengths checked that its pseudo-code leaves open. Raises errors.Tampered."""
    what = "The proof does not show that the entry is in the log."
    if not 0 <= index < size:
        _refuse(what, "The index lies outside the tree.")
    if any(len(part) != HASH_BYTES for part in (leaf, root, *proof)):
        _refuse(what, "A hash in it is not 32 bytes long.")
    place, last, found = index, size - 1, leaf
    for part in proof:
        if last == 0:
            _refuse(what, "It is longer than the tree is high.")
        if place & 1 or place == last:
            found = node_hash(part, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, part)
        place, last = place >> 1, last >> 1
    if last or found != root:
        _refuse(what, "It leads to another root than the checkpoint's.")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162, 2.1.4.2, with lengths checked and an old tree of size 0 refused, which any log would extend.

    Raises errors.Tampered.
    """
    what = "The proof does not show that the log only grew."
    if not 0 < old_size <= new_size:
        _refuse(what, "It must lead from a tree that is not empty to one at least as large.")
    if any(len(part) != HASH_BYTES for part in (old_root, new_root, *proof)):
        _refuse(what, "A hash in it is not 32 bytes long.")
    if old_size == new_size:
        if proof or old_root != new_root:
            _refuse(what, "Trees of the same size have different roots, or a proof that needs to be empty is not.")
        return
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        _refuse(what, "It is empty.")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for part in path[1:]:
        if last == 0:
            _refuse(what, "It is longer than the tree is high.")
        if place & 1 or place == last:
            before, after = node_hash(part, before), node_hash(part, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, part)
        place, last = place >> 1, last >> 1
    if last or before != old_root or after != new_root:
        _refuse(what, "It leads to other roots than those of the two checkpoints.")
