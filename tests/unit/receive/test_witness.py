"""The door of the witness: anyone may knock, so a crowd is turned away and nobody who dawdles holds it open."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx2

from hub.receive.witness import TOGETHER
from hub.witness.cosigning import Behind, No
from tests.fakes.partner import Desk


class Waiting:
    """Answers once it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.go, self.content = answer, asyncio.Event(), list[bytes]()

    async def add(self, content: bytes) -> Any:
        self.content.append(content)
        await self.go.wait()
        return self.answer

    take = add


def client_of(waiting: Waiting) -> httpx2.AsyncClient:
    desk = Desk()
    desk.cosigning = desk.taking = waiting
    desk.__post_init__()
    return desk.client()


async def test_a_crowd_is_told_to_come_back() -> None:
    waiting = Waiting(Behind(7))
    async with client_of(waiting) as client:
        calls = [asyncio.create_task(client.post("/log/witness/add-checkpoint", content=b"x")) for _ in range(TOGETHER + 3)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        waiting.go.set()
        answers = await asyncio.gather(*calls)
        assert Counter(answer.status_code for answer in answers) == {409: TOGETHER, 503: 3}
        assert {answer.headers["retry-after"] for answer in answers if answer.status_code == 503} == {"1"}
        assert (await client.post("/log/cosignature", content=b"x" * (16 * 1024 + 1))).status_code == 413


async def test_who_sends_slowly_holds_up_nobody() -> None:
    waiting, slow = Waiting(No.unproven), asyncio.Event()
    waiting.go.set()

    async def dawdling() -> Any:
        await slow.wait()
        yield b"old"

    async with client_of(waiting) as client:
        calls = [
            asyncio.create_task(client.post("/log/witness/add-checkpoint", content=dawdling())) for _ in range(TOGETHER + 1)
        ]
        for _ in range(50):
            await asyncio.sleep(0)
        assert (await client.post("/log/witness/add-checkpoint", content=b"x")).status_code == 422
        slow.set()
        assert {answer.status_code for answer in await asyncio.gather(*calls)} <= {422, 503}
