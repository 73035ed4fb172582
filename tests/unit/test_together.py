"""Doing at once what would otherwise be done one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from hub.together import Together, ahead, paced, parts


async def test_who_asks_while_an_answer_is_on_its_way_is_asked_along_with_the_next() -> None:
    asked: list[list[int]] = []
    answering = asyncio.Event()

    async def ask(questions: Sequence[int]) -> list[int]:
        asked.append(list(questions))
        await answering.wait()
        return [question * 10 for question in questions]

    together = Together(ask)
    first = asyncio.create_task(together([1]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(together([number, -number])) for number in (2, 3)]
    await asyncio.sleep(0)
    answering.set()
    assert await first == [10]
    assert [await each for each in rest] == [[20, -20], [30, -30]]
    assert asked == [[1], [2, -2, 3, -3]]


async def test_an_error_goes_to_all_who_asked_with_it_and_to_no_one_after() -> None:
    failing = True

    async def ask(questions: Sequence[int]) -> Sequence[int]:
        await asyncio.sleep(0)
        if failing:
            raise ConnectionError
        return questions

    together = Together(ask)
    results = await asyncio.gather(*(together([number]) for number in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError] * 3
    failing = False
    assert await together([7]) == [7]


async def test_a_caller_that_goes_away_takes_no_one_elses_answer_with_it() -> None:
    answering = asyncio.Event()

    async def ask(questions: Sequence[int]) -> Sequence[int]:
        await answering.wait()
        return questions

    together = Together(ask)
    leaving, staying = asyncio.create_task(together([1])), asyncio.create_task(together([2]))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    answering.set()
    assert await staying == [2]
    assert leaving.cancelled()


async def test_nothing_asked_is_nothing_answered() -> None:
    async def ask(questions: Sequence[int]) -> Sequence[int]:
        raise AssertionError("nobody asked anything")

    assert await Together(ask)([]) == ()


async def _numbers(count: int, broken: bool = False) -> AsyncIterator[int]:
    for number in range(count):
        yield number
    if broken:
        raise ConnectionError


async def test_ahead_keeps_the_order_and_no_more_under_way_than_it_was_told() -> None:
    under_way, most = 0, 0

    async def work(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001 * (5 - number % 5))
        under_way -= 1
        return number

    assert [number async for number in ahead(_numbers(20), work, 3)] == list(range(20))
    assert most == 3


async def test_ahead_gives_what_a_failing_source_gave_before_it_failed() -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        return number

    found = []
    with pytest.raises(ConnectionError):  # noqa: PT012
        async for number in ahead(_numbers(4, broken=True), work, 3):
            found.append(number)
    assert found == [0, 1, 2, 3]


async def test_ahead_leaves_nothing_under_way_when_work_fails_or_the_consumer_stops() -> None:
    finished: list[int] = []

    async def work(number: int) -> int:
        if number == 1:
            raise ValueError
        await asyncio.sleep(0.01 if number else 0)
        finished.append(number)
        return number

    with pytest.raises(ValueError):
        async for _ in ahead(_numbers(9), work, 4):
            pass
    await asyncio.sleep(0.03)
    assert finished == [0]


async def test_the_others_have_their_turn_between_two_steps() -> None:
    turns: list[str] = []

    async def other() -> None:
        for _ in range(3):
            turns.append("other")
            await asyncio.sleep(0)

    running = asyncio.create_task(other())
    async for step in paced(parts("abcde", 2)):
        turns.append(str(step))
    await running
    assert turns[:4] == ["ab", "other", "cd", "other"]
    assert [each for each in turns if each != "other"] == ["ab", "cd", "e"]
