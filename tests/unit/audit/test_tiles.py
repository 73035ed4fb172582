"""Tiles against the tree they cut up."""

from __future__ import annotations

import random
from functools import cache
from hashlib import sha256

import pytest

from hub.audit import tiles, tree
from hub.errors import Tampered
from tests.fakes.log import checkpoint_of, export_files, sample_bodies, signer

SIZE = 66_000  # two complete level-1 tiles' worth of tiles and a ragged edge on three levels
LEAVES = [sha256(b"%d" % nth).digest() for nth in range(SIZE)]


@cache
def grown() -> tuple[tiles.Edge, dict[tuple[int, int], bytes]]:
    """A tree grown in uneven commits, and the tiles that it completed."""
    edge, complete, rng, at = tiles.Edge(), {}, random.Random(4), 0
    while at < SIZE:
        step = rng.choice([1, 2, 255, 256, 257, 500, 3])
        edge, made = edge.extend(LEAVES[at : at + step])
        complete |= {(tile.level, tile.index): tile.hashes for tile in made}
        at += step
    return edge, complete


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (1, 1_234, 17, "tile/1/x001/234.p/17"),
        (63, 999, 1, "tile/63/999.p/1"),
    ],
)
def test_paths_are_those_of_the_specification(level: int, index: int, width: int, path: str) -> None:
    assert tiles.tile_path(level, index, width) == path
    assert tiles.bundle_path(index, width) == path.replace(f"tile/{level}/", "tile/entries/")


def test_spans_of_the_specification() -> None:
    """A tree of 70,000 ends in partial tiles of 112, 17 and 1; one of 256 in a level-1 tile of 1."""
    assert [(span.level, span.first, span.count) for span in tiles.spans(70_000)] == [(0, 69_888, 112), (1, 256, 17), (2, 0, 1)]
    assert [(span.level, span.first, span.count) for span in tiles.spans(256)] == [(1, 0, 1)]
    assert tiles.spans(0) == []


def test_the_edge_follows_the_tree() -> None:
    edge, complete = grown()
    assert edge.frontier == tree.Frontier().extend(LEAVES)
    assert set(complete) == {(0, nth) for nth in range(SIZE // 256)} | {(1, 0)}
    for (level, index), hashes in complete.items():
        if level == 0:
            assert hashes == b"".join(LEAVES[index * 256 : index * 256 + 256])
        else:
            assert hashes == b"".join(tiles.tile_root(complete[0, nth]) for nth in range(256))


def test_a_completed_tile_names_its_root() -> None:
    _, made = tiles.Edge().extend(LEAVES[:65_536])
    assert [(tile.level, tile.index) for tile in made][-2:] == [(0, 255), (1, 0)]
    assert all(tile.root == tiles.tile_root(tile.hashes) for tile in made)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_537, SIZE])
def test_the_edge_is_rebuilt_from_what_is_stored(size: int) -> None:
    edge, made = tiles.Edge().extend(LEAVES[:size])
    roots = {(tile.level + 1, tile.index): tile.root for tile in made}
    rows = [
        b"".join(
            LEAVES[nth] if span.level == 0 else roots[span.level, nth] for nth in range(span.first, span.first + span.count)
        )
        for span in tiles.spans(size)
    ]
    assert tiles.Edge.rebuild(size, rows).root == edge.root
    assert tiles.Edge.rebuild(size, rows).tiles == edge.tiles
    assert tiles.Edge.rebuild(size, rows).extend(LEAVES[:300])[0].root == edge.extend(LEAVES[:300])[0].root


def test_an_edge_is_not_rebuilt_from_less() -> None:
    with pytest.raises(Tampered):
        tiles.Edge.rebuild(257, [LEAVES[0]])
    with pytest.raises(Tampered):
        tiles.Edge.rebuild(257, [LEAVES[0], LEAVES[1][:-1]])
    with pytest.raises(Tampered):
        tiles.Edge.rebuild(258, [LEAVES[0], LEAVES[1]])


def test_a_tile_narrower_than_the_tree_is_noticed() -> None:
    with pytest.raises(Tampered):
        tiles.prove(0, 200, {(0, 0): b"".join(LEAVES[:199])})
    with pytest.raises(Tampered):
        tiles.prove(0, 200, {(0, 0): LEAVES[0]})


@pytest.mark.parametrize("size", [1, 5, 256, 257, 1000, 65_536, 65_600, SIZE])
def test_proofs_need_exactly_the_tiles_that_are_named(size: int) -> None:
    """Each proof is made from the tiles named for it, at the width named, and one missing is noticed."""
    edge, complete = grown()
    every = complete | edge.tiles
    root = tree.Frontier().extend(LEAVES[:size]).root
    rng = random.Random(size)
    for index in {0, size - 1, size // 2, *(rng.randrange(size) for _ in range(20))}:
        named = tiles.tiles_needed([index], size)
        given = {(level, tile): every[level, tile][: 32 * width] for level, tile, width in named}
        proof = tiles.prove(index, size, given)
        tree.verify_inclusion(LEAVES[index], index, size, proof, root)
    for key in given if size > 1 else ():
        if key != (0, index // 256):
            with pytest.raises(Tampered):
                tiles.prove(index, size, {other: tile for other, tile in given.items() if other != key})


def test_the_tiles_of_several_entries_are_those_of_each() -> None:
    rng = random.Random(5)
    indexes = [rng.randrange(SIZE) for _ in range(40)]
    assert tiles.tiles_needed(indexes, SIZE) >= set().union(*(tiles.tiles_needed([index], SIZE) for index in indexes))
    assert len(tiles.tiles_needed(range(30_000, 30_500), SIZE)) < 10


@pytest.mark.parametrize("new", [1, 256, 257, 1000, 65_537, SIZE])
def test_consistency_from_tiles(new: int) -> None:
    edge, complete = grown()
    every = complete | edge.tiles
    root = tree.Frontier().extend(LEAVES[:new]).root
    for old in {1, new, new // 2, new - 1, 256, 255} & set(range(1, new + 1)):
        named = tiles.consistency_tiles_needed(old, new)
        given = {(level, tile): every[level, tile][: 32 * width] for level, tile, width in named}
        before = tree.Frontier().extend(LEAVES[:old]).root
        tree.verify_consistency(old, before, new, root, tiles.consistency(old, new, given))


@pytest.mark.parametrize("tile", [b"", b"\0" * 31, b"\0" * 33, b"\0" * 8224])
def test_what_is_no_tile(tile: bytes) -> None:
    with pytest.raises(Tampered):
        tiles.hashes_of(tile)


def test_a_bundle_holds_entries_of_up_to_its_longest() -> None:
    assert tiles.bundle([b"", b"ab", b"x" * 65_535])[:6] == b"\0\0\0\2ab"
    with pytest.raises(ValueError):
        tiles.bundle([b"x" * 65_536])


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 600])
def test_an_export_has_the_files_of_its_size(count: int) -> None:
    bodies = sample_bodies(count)
    checkpoint = checkpoint_of(bodies, signer())
    files = export_files(iter(bodies), checkpoint)
    assert files.pop("checkpoint") == checkpoint.note.encode()
    last, rest = divmod(count, 256)
    expected = {path for nth in range(last) for path in (f"tile/0/{nth:03d}", f"tile/entries/{nth:03d}")}
    if rest:
        expected |= {f"tile/0/{last:03d}.p/{rest}", f"tile/entries/{last:03d}.p/{rest}"}
    if last:
        expected |= {f"tile/1/000.p/{last}"}
    assert set(files) == expected


def test_an_export_is_refused_under_another_checkpoint() -> None:
    bodies = sample_bodies(5)
    for other in (bodies[:4], [*bodies[:4], bodies[3]]):
        with pytest.raises(Tampered):
            export_files(bodies, checkpoint_of(other, signer()))


def test_the_examples_of_the_specification() -> None:
    """tlog-tiles: which tiles a tree of 70,000 entries has, and one of 256."""
    tiles_of = {size: {(span.level, span.first // 256, span.count) for span in tiles.spans(size)} for size in (70_000, 256)}
    assert tiles_of == {70_000: {(0, 273, 112), (1, 1, 17), (2, 0, 1)}, 256: {(1, 0, 1)}}
