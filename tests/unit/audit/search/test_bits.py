"""A block of the log as bits is stored short, and comes back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.audit.search import bits

_PLACES = st.sets(st.integers(0, bits.WIDTH - 1)) | st.integers(0, 400).map(lambda count: set(range(count)))


@given(_PLACES)
def test_what_is_stored_comes_back(places: set[int]) -> None:
    mask = bits.mask_of(places)
    raw = bits.encode(mask)
    assert bits.decode(raw) == mask
    assert len(raw) == min(2 * len(places), bits.WIDTH // 8)
    assert list(bits.ascending(mask)) == sorted(places) == list(bits.descending(mask))[::-1]


@given(st.integers(0, 3), st.integers(0, 4 * bits.WIDTH), st.integers(0, 4 * bits.WIDTH))
def test_a_span_cuts_a_block(block: int, low: int, high: int) -> None:
    inside = [place for place in range(block * bits.WIDTH, (block + 1) * bits.WIDTH, 511) if low <= place < high]
    mask = bits.between(block, low, high)
    assert [place for place in inside if not mask >> place % bits.WIDTH & 1] == []
    assert mask.bit_count() == max(0, min(high, (block + 1) * bits.WIDTH) - max(low, block * bits.WIDTH))
