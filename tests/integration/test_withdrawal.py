"""Withdrawals fired while much is being sent and fetched: from the log, nothing of a person leaves after their withdrawal."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Said
from hub.consent.model import Life
from hub.consent.statement import Channel, Scope
from hub.domain.facts import StatementKind, Voice
from hub.domain.stages import Delivered
from hub.domain.terms import Term
from hub.errors import Conflict
from hub.notices import store
from hub.notices.issue import asks
from hub.notices.plan import DAY
from hub.push.worker import Pusher, Target
from hub.statements.said import Spoken
from tests.fakes.consenting import AGENCY, FOUNDATION, young
from tests.fakes.house import LOG
from tests.fakes.told import NUMBERS, Told, open_told

PERSONS = 60
SPOKEN = Spoken(FOUNDATION, Voice.jongere, Channel.balie, Term(FOUNDATION))


class Taker:
    """A recipient's system that takes everything, and takes its time."""

    async def send(self, page: Sequence[Delivered], _checkpoint: str, /) -> Said:
        await asyncio.sleep(0.002)
        return Said(frozenset(each.delivery_id for each in page))

    async def tell(self, _page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        return frozenset(ids)

    async def close(self) -> None:
        return None


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def places(told: Told) -> tuple[dict[bytes, int], dict[bytes, list[int]], dict[UUID, bytes]]:
    """Per person: where in the log the withdrawal stands, and where the hand-overs; and whose each disclosure is."""
    whose = await told.house.vault.tags_of([UUID(entry["ref"]) for entry in await told.house.entries()])
    withdrawn: dict[bytes, int] = {}
    handed: dict[bytes, list[int]] = {}
    for seq, entry in enumerate(await told.house.entries()):
        if entry["operation"] == "statement-withdraw":
            withdrawn[whose[UUID(entry["ref"])]] = seq
        elif entry.get("outcome") == "handed-over":
            handed.setdefault(whose[UUID(entry["delivery"])], []).append(seq)
    return withdrawn, handed, whose


async def test_no_hand_over_follows_a_withdrawal_however_much_is_under_way(told: Told):
    for number in range(PERSONS):
        await told.consent(number)
    await told.house.drop([young(number) for number in range(PERSONS)], chunk=20)
    pusher = Pusher(told.house.engine, LOG, told.house.route, told.house.route.endings, told.house.clock, secrets.token_bytes)
    target = Target(FOUNDATION, Taker(), 3, 2, 5.0)
    done = asyncio.Event()

    async def push() -> None:
        while not done.is_set():
            if await pusher.once(target) is None:
                await asyncio.sleep(0.005)

    async def fetch() -> None:
        while not done.is_set():
            with suppress(Conflict):  # a statement came in between: ask again
                handed = await told.house.route.release(AGENCY, 3)
                await told.house.route.acknowledge(AGENCY, [one.delivery_id for one in handed.deliveries])
            await asyncio.sleep(0.002)

    async def withdraw() -> None:
        for number in range(0, PERSONS, 2):
            await told.statements.withdraw(NUMBERS[number], StatementKind.toestemming, Scope(), SPOKEN)
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        done.set()

    await asyncio.gather(push(), push(), fetch(), fetch(), withdraw())
    withdrawn, handed, _ = await places(told)
    assert len(withdrawn) == PERSONS // 2
    assert sum(map(len, handed.values())) >= PERSONS  # much did leave
    late = {tag: seq for tag, seq in withdrawn.items() if any(other > seq for other in handed.get(tag, ()))}
    assert late == {}
    # Who took it back before anything left has nothing at anybody; who did so after has a notice for each field that left.
    await told.watch.tick()
    left = {UUID(one["delivery"]) for one in await told.house.entries() if one.get("outcome") == "handed-over"}
    for number in range(PERSONS):
        tag = await told.tag(number)
        notices = [one for one in await store.about(told.house.engine, LOG, tag) if asks(one)]
        named = [delivery for one in notices for delivery in one.items]
        own = await told.house.about(tag)
        assert sorted(named) == (sorted(left & own) if number % 2 == 0 else [])


async def test_nothing_rests_on_a_statement_towards_whoever_does_not_answer(told: Told):
    await told.consent(0)
    await told.deliver(0)
    await told.statements.withdraw(NUMBERS[0], StatementKind.toestemming, Scope(), SPOKEN)
    await told.watch.tick()
    told.house.clock.us += 4 * DAY
    await told.watch.tick()
    silent = await store.silent_recipients(told.house.engine, LOG)
    assert silent == {FOUNDATION, AGENCY}
    await told.consent(1)
    told.rules.put(told.rules.policy, Life({}, silent))
    admitted = await told.house.send(young(1))
    assert not any(one.permitted for one in admitted.outcomes)
