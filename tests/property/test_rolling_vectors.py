"""The published vectors of draft-ietf-plants-merkle-tree-certs, generated with our own functions.

Its appendix folds the output of each algorithm over every valid input up to 130 entries into one SHA-256, and names files of
proofs in trees of up to 2^64 entries. Whoever reaches the same digests computes every one of those hashes and proofs alike.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from hub.audit import tree
from hub.errors import Tampered
from tests.fakes.log import naive_root, node_of

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/merkle.json").read_text())
ROLLING = VECTORS["rolling"]
LARGEST = ROLLING["largest"]
LEAVES = [tree.leaf_hash(bytes([nth])) for nth in range(LARGEST)]
NODE = node_of(LEAVES)


def subtrees(size: int) -> Iterator[tuple[int, int]]:
    """Every valid subtree of a tree of `size`, the empty ones too, in the order of the appendix."""
    for end in range(size + 1):
        yield from ((start, end) for start in range(end + 1) if tree.is_subtree(start, end))


def line(head: str, proof: list[bytes]) -> bytes:
    return (head + "".join(f" {part.hex()}" for part in proof) + "\n").encode()


def test_every_subtree_hash() -> None:
    rolling = sha256()
    for start, end in subtrees(LARGEST):
        root = tree.range_hash(start, end, NODE)
        assert root == tree.Frontier().extend(LEAVES[start:end]).root
        rolling.update(f"[{start}, {end}) {root.hex()}\n".encode())
    assert rolling.hexdigest() == ROLLING["hashes"]


def test_every_inclusion_proof() -> None:
    rolling = sha256()
    for start, end in subtrees(LARGEST):
        node, size = node_of(LEAVES, start), end - start
        root = tree.range_hash(start, end, NODE)
        for index in range(size):
            proof = tree.inclusion_proof(index, size, node)
            tree.verify_inclusion(LEAVES[start + index], index, size, proof, root)
            rolling.update(line(f"{start + index} [{start}, {end})", proof))
    assert rolling.hexdigest() == ROLLING["inclusion"]


def test_every_consistency_proof() -> None:
    rolling = sha256()
    roots = [naive_root(LEAVES[:size]) for size in range(LARGEST + 1)]
    known: dict[tuple[int, int], bytes] = {}

    def hash_of(low: int, high: int) -> bytes:
        if (low, high) not in known:
            known[low, high] = tree.range_hash(low, high, NODE)
        return known[low, high]

    for size in range(LARGEST + 1):
        for start, end in subtrees(size):
            proof = [hash_of(*each) for each in tree.consistency_ranges(end, size, start)] if start < end else []
            if start == 0 < end:
                tree.verify_consistency(end, roots[end], size, roots[size], proof)
            rolling.update(line(f"[{start}, {end}) {size}", proof))
    assert rolling.hexdigest() == ROLLING["consistency"]


def large_tree(size: int, indexes: list[int]) -> tree.Node:
    """The draft's tree that is larger than memory: real leaves at its edges and at `indexes`, and made-up nodes beside them."""
    wanted = {0, size - 1, *indexes}
    wanted |= {index ^ 1 for index in wanted if index ^ 1 < size}
    rows = [{index: tree.leaf_hash(b"Leaf %d" % index) for index in wanted}]
    width = size
    while width:
        below, row = rows[-1], {}
        for index in below:
            if index >> 1 < width:
                row[index >> 1] = tree.node_hash(below.get(index & ~1, bytes(32)), below.get(index | 1, bytes(32)))
        for index in below:
            other = index >> 1 ^ 1
            if other < width and other not in row:
                row[other] = sha256(b"\x03Synthetic Node %d %d" % (len(rows), other)).digest()
        rows.append(row)
        width >>= 1
    return lambda height, index: rows[height][index]


def offset(node: tree.Node, start: int) -> tree.Node:
    return lambda height, index: node(height, index + (start >> height))


def as_published(vectors: list[dict[str, object]]) -> bytes:
    """Numbers as text, bytes as base64, two spaces: how the files were written."""
    plain = [
        {key: b64encode(part).decode() if isinstance(part, bytes) else str(part) for key, part in each.items()}
        for each in vectors
    ]
    return json.dumps(plain, indent=2).encode()


def refuses(verify: Callable[[], None]) -> None:
    with pytest.raises(Tampered):
        verify()


def test_inclusion_in_trees_of_up_to_2_64_entries() -> None:
    vectors: list[dict[str, object]] = []
    for bits in (48, 63, 64):
        half, edge = 1 << bits - 1, (1 << bits) - (1 << bits // 2)
        end = edge + (1 << bits // 4)
        alternating = 0xAAAA_AAAA_AAAA_AAAA >> 64 - bits
        inner = edge + (0xAAAA_AAAA_AAAA_AAAA >> 64 - bits // 4)
        node = large_tree((1 << bits) - 1, [0, half, end - 1, alternating, inner])
        for start, indexes in ((0, (0, alternating, inner, end - 1)), (half, (half, alternating, inner, end - 1))):
            root = tree.range_hash(start, end, node)
            for index in indexes:
                leaf, place, size = node(0, index), index - start, end - start
                proof = tree.inclusion_proof(place, size, offset(node, start))
                tree.verify_inclusion(leaf, place, size, proof, root)
                for spoilt in (proof[:-1], [*proof, root], proof[::-1]):
                    refuses(lambda spoilt=spoilt: tree.verify_inclusion(leaf, place, size, spoilt, root))  # noqa: B023
                refuses(lambda: tree.verify_inclusion(leaf, place ^ 1 << bits - 2, size, proof, root))  # noqa: B023
                vectors.append(
                    {
                        "Index": index,
                        "Start": start,
                        "End": end,
                        "EntryHash": leaf,
                        "SubtreeHash": root,
                        "Proof": b"".join(proof),
                    }
                )
    assert sha256(as_published(vectors)).hexdigest() == VECTORS["large"]["inclusion"]


def test_consistency_of_trees_of_up_to_2_64_entries() -> None:
    vectors: list[dict[str, object]] = []
    for bits in (48, 63, 64):
        half, low, middle = 1 << bits - 1, 1 << bits // 2, (1 << bits) - (1 << bits // 2)
        size = middle + (1 << bits // 4)
        node = large_tree(size, [half, low - 1, middle - 1, middle])
        after = tree.range_hash(0, size, node)
        for start, end in ((0, 0), (0, size), (0, low), (0, middle), (middle, size), (half, middle), (size - 1, size)):
            before = tree.range_hash(start, end, node)
            proof = tree.consistency_proof(end, size, node, start) if start < end else []
            if start == 0 < end:
                tree.verify_consistency(end, before, size, after, proof)
                for spoilt in ([*proof, after], proof[:-1]) if proof else ([after],):
                    refuses(lambda spoilt=spoilt: tree.verify_consistency(end, before, size, after, spoilt))  # noqa: B023
            vectors.append(
                {
                    "Start": start,
                    "End": end,
                    "TreeSize": size,
                    "SubtreeHash": before,
                    "TreeHash": after,
                    "Proof": b"".join(proof),
                }
            )
    assert sha256(as_published(vectors)).hexdigest() == VECTORS["large"]["consistency"]
