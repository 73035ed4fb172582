"""After a prefix was pruned, everything from there on is still proved, by what is left."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.audit import store, tiles
from hub.domain.terms import LogId

LEAVES = [sha256(b"%d" % nth).digest() for nth in range(70_000)]


@settings(deadline=None)
@given(data=st.data(), size=st.integers(1, 1 << 26))
def test_no_proof_asks_for_what_was_pruned(data: st.DataObject, size: int):
    cut = data.draw(st.integers(0, size // 256)) * 256
    index = data.draw(st.integers(min(cut, size - 1), size - 1))
    old = data.draw(st.integers(max(1, cut), size))
    asked = tiles.consistency_tiles_needed(old, size)
    if index >= cut:
        asked |= tiles.tiles_needed([index], size)
    assert not {tile for level, tile, _ in asked if level == 0 and tile < cut // 256}


@pytest.mark.parametrize(("cut", "size"), [(256, 256), (512, 700), (65_280, 65_536), (65_536, 65_600), (66_048, 69_999)])
async def test_the_open_side_is_rebuilt_from_what_is_left(cut: int, size: int, monkeypatch: pytest.MonkeyPatch):
    before = tiles.Edge().extend(LEAVES[:cut])[0]
    whole, made = tiles.Edge().extend(LEAVES[:size])
    left = {(tile.level, tile.index): tile.hashes for tile in made if tile.level or tile.index >= cut // 256}

    async def pruned(*_: Any) -> store.Pruned:
        return store.Pruned(cut, size, before.open[1] if len(before.open) > 1 else b"")

    async def stored(_connection: Any, _log: LogId, needed: Iterable[tuple[int, int, int]]) -> dict[tuple[int, int], bytes]:
        return {(level, index): left[level, index] for level, index, _ in needed if (level, index) in left}

    async def leaves(_connection: Any, _log: LogId, start: int, stop: int) -> list[bytes]:
        assert start >= cut
        return LEAVES[start:stop]

    monkeypatch.setattr(store, "pruned", pruned)
    monkeypatch.setattr(store, "stored_tiles", stored)
    monkeypatch.setattr(store, "leaves", leaves)
    nothing: Any = None
    assert await store.rebuild_edge(nothing, LogId("regio-a"), size) == whole
    assert await store.rebuild_edge(nothing, LogId("regio-a"), cut) == before
