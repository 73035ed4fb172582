"""A page, one delivery at a time: what was answered counts, and no page takes longer than one call may."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from hub.connector import Said
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId, ReasonCode, RecordKind
from hub.errors import Retry
from hub.http import TOO_SLOW, Away
from hub.transports.singly import singly

IDS = [UUID(int=number) for number in range(1, 5)]
PAGE = [Delivered(each, PartyId("x"), PartyId("y"), RecordKind("uitvalmelding"), Personal(b"{}"), "", "") for each in IDS]


async def give(delivery: Delivered) -> ReasonCode | None:
    """Takes the first, will not have the second, fails on the third, and is never asked for the fourth."""
    match delivery.delivery_id.int:
        case 1:
            return None
        case 2:
            return ReasonCode("VORM_ONGELDIG")
        case 3:
            raise Retry("It is away.")
        case _:
            raise AssertionError


async def silent(delivery: Delivered) -> ReasonCode | None:
    return await (give(delivery) if delivery.delivery_id.int < 3 else asyncio.Future())


@pytest.mark.parametrize("fails", [give, silent])
async def test_what_was_answered_before_an_error_counts(fails: object) -> None:
    said = await singly(PAGE, 0.05 if fails is silent else 5.0, fails)  # type: ignore[arg-type]
    assert said == Said(frozenset(IDS[:1]), {IDS[1]: ReasonCode("VORM_ONGELDIG")})


async def test_where_nothing_was_answered_it_is_said_why() -> None:
    with pytest.raises(Retry, match="It is away"):
        await singly(PAGE[2:], 5.0, give)
    with pytest.raises(Away) as slow:
        await singly(PAGE[2:], 0.05, silent)
    assert slow.value.cause == TOO_SLOW
    assert await singly([], 5.0, give) == Said()
