"""The tree against published vectors and against RFC 9162's own recursive definition."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from hub.audit import tree
from hub.errors import Tampered
from tests.fakes.log import node_of

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/log/merkle.json").read_text())
BODIES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves"]]
LEAVES = [tree.leaf_hash(body) for body in BODIES]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]
NODES = [[bytes.fromhex(node) for node in row] for row in VECTORS["nodes"]]


def test_golden_tree() -> None:
    for size, root in enumerate(ROOTS):
        assert tree.Frontier().extend(LEAVES[:size]).root == root
    _, rows = tree.Frontier().grow(LEAVES)
    assert rows == NODES


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: f"{vector['old']}-{vector['new']}")
def test_golden_consistency(vector: dict[str, object]) -> None:
    old, new = int(str(vector["old"])), int(str(vector["new"]))
    proof = [bytes.fromhex(part) for part in vector["proof"]]  # type: ignore[attr-defined]
    assert tree.consistency_proof(old, new, node_of(LEAVES)) == proof
    tree.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


class TestExampleOfRfc9162:
    """Section 2.1.5: a tree of seven entries, its nodes called as there."""

    leaves = LEAVES[:7]
    a, b, c, d, e, f, j = leaves
    g, h, i = tree.node_hash(a, b), tree.node_hash(c, d), tree.node_hash(e, f)
    k, l = tree.node_hash(g, h), tree.node_hash(i, j)  # noqa: E741

    def test_the_root(self) -> None:
        assert tree.Frontier().extend(self.leaves).root == tree.node_hash(self.k, self.l)

    def test_inclusion(self) -> None:
        expected = {0: [self.b, self.h, self.l], 3: [self.c, self.g, self.l], 4: [self.f, self.j, self.k], 6: [self.i, self.k]}
        assert {index: tree.inclusion_proof(index, 7, node_of(self.leaves)) for index in expected} == expected

    def test_consistency(self) -> None:
        expected = {3: [self.c, self.d, self.g, self.l], 4: [self.l], 6: [self.i, self.j, self.k]}
        assert {old: tree.consistency_proof(old, 7, node_of(self.leaves)) for old in expected} == expected


Inclusion = tuple[bytes, int, int, list[bytes], bytes]


def flip(data: bytes, bit: int = 4) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def spoilt_proofs(proof: list[bytes], root: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The ways in which the reference test data spoil a proof."""
    for nth in range(len(proof)):
        yield f"bit 4 of hash {nth}", [*proof[:nth], flip(proof[nth]), *proof[nth + 1 :]]
        yield f"hash {nth} empty", [*proof[:nth], b"", *proof[nth + 1 :]]
        yield f"hash {nth} doubled", [*proof[: nth + 1], proof[nth], *proof[nth + 1 :]]
        yield f"without hash {nth}", [*proof[:nth], *proof[nth + 1 :]]
    yield "garbage behind", [*proof, b"garbage"]
    yield "an empty hash behind", [*proof, b""]
    yield "the root behind", [*proof, root]
    yield "garbage before", [b"garbage", *proof]
    yield "the root before", [root, *proof]
    if proof:
        yield "empty", []
        yield "a hash too short", [*proof[:-1], proof[-1][:-1]]
        yield "a hash too long", [*proof[:-1], proof[-1] + b"\0"]
        yield "reversed" if proof != proof[::-1] else "doubled", proof[::-1] if proof != proof[::-1] else proof * 2


def spoilt_inclusions(good: Inclusion) -> Iterator[tuple[str, Inclusion]]:
    leaf, index, size, proof, root = good
    for changed in (index - 1, index + 1, index ^ 2, -1, size, size + 5, index + size):
        if changed != index:
            yield f"index {changed}", (leaf, changed, size, proof, root)
    for changed in (size * 2, size // 2, 0, -size, size + 1 if size & (size - 1) == 0 else size * 4):
        yield f"size {changed}", (leaf, index, changed, proof, root)
    yield "another leaf", (flip(leaf), index, size, proof, root)
    yield "no leaf", (b"", index, size, proof, root)
    yield "no root", (leaf, index, size, proof, b"")
    yield "another root", (leaf, index, size, proof, flip(root))
    yield "a root too long", (leaf, index, size, proof, root + b"\0")
    for name, changed in spoilt_proofs(proof, root):
        yield name, (leaf, index, size, changed, root)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 8), (5, 8), (2, 3), (1, 5), (3, 5), (4, 5), (6, 7)])
def test_inclusion_refuses_what_is_spoilt(index: int, size: int) -> None:
    proof = tree.inclusion_proof(index, size, node_of(LEAVES))
    good: Inclusion = (LEAVES[index], index, size, proof, ROOTS[size])
    tree.verify_inclusion(*good)
    for name, spoilt in spoilt_inclusions(good):
        refuses(name, lambda spoilt=spoilt: tree.verify_inclusion(*spoilt))


@pytest.mark.parametrize(("old", "new"), [(1, 1), (1, 8), (6, 8), (2, 5), (6, 7), (4, 8), (3, 7), (8, 8)])
def test_consistency_refuses_what_is_spoilt(old: int, new: int) -> None:
    proof = tree.consistency_proof(old, new, node_of(LEAVES))
    before, after = ROOTS[old], ROOTS[new]
    tree.verify_consistency(old, before, new, after, proof)
    cases = [
        ("no old tree", (0, ROOTS[0], new, after, proof)),
        ("no old tree, no proof", (0, ROOTS[0], new, after, [])),
        ("no trees at all", (0, ROOTS[0], 0, ROOTS[0], [])),
        ("a negative size", (-old, before, new, after, proof)),
        ("new before old", (new + 1, before, new, after, proof)),
        ("another old root", (old, flip(before), new, after, proof)),
        ("another new root", (old, before, new, flip(after), proof)),
        ("short roots", (old, before[:12], new, before[:12], proof)),
        ("no roots", (old, b"", new, b"", proof)),
        *([("swapped roots", (old, after, new, before, proof))] if old != new else []),
        *([("old size and one", (old + 1, before, new, after, proof))] if old + 1 <= new else []),
        *(
            (f"new size {size}", (old, before, size, after, proof))
            for size in (new * 2, new // 2, new * 4)
            if size != new and not (old == new == size)
        ),
        *((name, (old, before, new, after, changed)) for name, changed in spoilt_proofs(proof, after)),
    ]
    for name, spoilt in cases:
        refuses(name, lambda spoilt=spoilt: tree.verify_consistency(*spoilt))


def refuses(name: str, verify: Callable[[], None]) -> None:
    try:
        verify()
    except Tampered:
        return
    pytest.fail(f"accepted: {name}")


def test_sizes_of_equal_trees_with_equal_roots_need_no_proof() -> None:
    tree.verify_consistency(5, ROOTS[5], 5, ROOTS[5], [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 5), (5, 5)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError):
        tree.inclusion_proof(index, size, node_of(LEAVES))


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (-1, 5)])
def test_no_consistency_between_other_trees(old: int, new: int) -> None:
    with pytest.raises(ValueError):
        tree.consistency_proof(old, new, node_of(LEAVES))


def test_a_frontier_survives_its_encoding() -> None:
    for size in range(9):
        frontier = tree.Frontier().extend(LEAVES[:size])
        assert tree.Frontier.decode(frontier.encode()) == frontier


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 9, (3).to_bytes(8) + b"\0" * 32, (1).to_bytes(8) + b"\0" * 33])
def test_nonsense_is_no_frontier(data: bytes) -> None:
    with pytest.raises(Tampered):
        tree.Frontier.decode(data)


def test_what_is_no_subtree_has_no_proof() -> None:
    """Only what lies under one node of some tree; an empty one has none, though it is a subtree of every tree."""
    valid = {(first, end) for end in range(9) for first in range(end + 1) if tree.is_subtree(first, end)}
    odd = {(0, end) for end in range(9)} | {(each, each) for each in range(9)} | {(each, each + 1) for each in range(8)}
    assert valid == odd | {(2, 4), (4, 6), (6, 8), (4, 7), (4, 8)}
    assert not tree.is_subtree(-2, 0)
    for first, end in ((1, 3), (2, 5), (3, 3), (-2, 2), (4, 9)):
        with pytest.raises(ValueError):
            tree.consistency_ranges(end, 8, first)


def test_what_the_pseudo_code_of_rfc_9162_accepts_to_the_letter() -> None:
    """Step by step it asks neither how long a hash is, nor that a proof from nothing shows something."""
    short = b"twelve bytes"
    refuses("roots of another length", lambda: tree.verify_consistency(3, short, 3, short, []))
    refuses("a leaf of another length", lambda: tree.verify_inclusion(short, 0, 1, [], short))
    pair = sha256(b"\x01" + short + short).digest()
    refuses("hashes of another length", lambda: tree.verify_inclusion(short, 0, 2, [short], pair))
    refuses("a proof from nothing", lambda: tree.verify_consistency(0, tree.EMPTY_ROOT, 3, ROOTS[3], []))
    refuses("a proof within nothing", lambda: tree.verify_inclusion(LEAVES[0], 0, 0, [], tree.EMPTY_ROOT))
    refuses("a proof to before", lambda: tree.verify_consistency(4, ROOTS[4], 3, ROOTS[3], [LEAVES[0]]))
