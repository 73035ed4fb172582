"""Identifiers of things, never of persons: UUIDv7 (RFC 9562, section 5.7), so that rows lie in order of time."""

from __future__ import annotations

from datetime import UTC, datetime
from struct import unpack_from
from uuid import UUID

from hub.domain.terms import Micros

_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62
_RAND_B = (1 << 62) - 1


def new_ids(count: int, now: Micros, entropy: bytes) -> list[UUID]:
    """`count` UUIDv7 of the millisecond of `now`, ordered; `entropy` gives 8 bytes for each.

    The 12 bits after the version carry the microseconds (RFC 9562, section 6.2, method 3).
    """
    if len(entropy) < 8 * count:
        raise ValueError("too little entropy for the identifiers asked")
    millis, micros = divmod(int(now), 1000)
    head = (millis << 80) | _VERSION_7 | ((micros * 4096 // 1000) << 64) | _VARIANT
    randoms = sorted([number & _RAND_B for number in unpack_from(f">{count}Q", entropy)])
    return [UUID(int=head | r) for r in randoms]


def made_at(one: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond, in UTC."""
    return datetime.fromtimestamp((one.int >> 80) / 1000, UTC)
