"""Which places of a block of the log name a word, as a whole number with a bit for each: place n of the block is bit n. Pure.

Stored they are a bitmap of the whole block, lowest place first, or where that is shorter a list of two bytes per place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

WIDTH = 4096
"""Places in a block; a multiple of 8, and at most 65,536."""


def block_of(seq: int) -> int:
    """The block in which a place of the log lies."""
    return seq // WIDTH


def mask_of(offsets: Iterable[int]) -> int:
    """The bits of these places, counted from the beginning of their block."""
    raw = bytearray(WIDTH // 8)
    for offset in offsets:
        raw[offset >> 3] |= 1 << (offset & 7)
    return int.from_bytes(raw, "little")


def between(block: int, low: int, high: int) -> int:
    """The bits of a block that lie from place `low` of the log up to `high`."""
    start, stop = max(0, low - block * WIDTH), min(WIDTH, high - block * WIDTH)
    return ((1 << stop) - 1) & ~((1 << start) - 1) if stop > start else 0


def encode(bits: int) -> bytes:
    """As it is stored."""
    if 2 * bits.bit_count() < WIDTH // 8:
        return b"".join(offset.to_bytes(2, "little") for offset in ascending(bits))
    return bits.to_bytes(WIDTH // 8, "little")


def decode(raw: bytes) -> int:
    """What `encode` made."""
    if len(raw) == WIDTH // 8:
        return int.from_bytes(raw, "little")
    return mask_of(int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2))


def ascending(bits: int) -> Iterator[int]:
    """The places, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def descending(bits: int) -> Iterator[int]:
    """The places, highest first."""
    while bits:
        highest = bits.bit_length() - 1
        yield highest
        bits ^= 1 << highest
