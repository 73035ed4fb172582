"""Doing at once what would otherwise be done one by one.

`Together` answers many small questions with one: whoever asks while an answer is on its way is asked along with the next. No
timer: alone, a question is asked at once; under load the batch is whatever came while the last one was out. It is to reading
what the log's group commit is to writing.

`settled` looks again where someone else was first.

`ahead` works on the next few of a series while the present one is in hand, and gives the results in order; `paced` lets the
others have their turn between two steps of long work.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

from hub.errors import Conflict

K = TypeVar("K")
V = TypeVar("V")

_MOST = 1000


class Together(Generic[K, V]):
    """Calls `ask` with the questions of several callers; `ask` answers in order. An error goes to all who asked with it."""

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Sequence[V]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Sequence[K], asyncio.Future[Sequence[V]]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, questions: Sequence[K]) -> Sequence[V]:
        """The answers to these questions, in order."""
        if not questions:
            return ()
        answer: asyncio.Future[Sequence[V]] = asyncio.get_running_loop().create_future()
        self._waiting.append((questions, answer))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        return await answer  # its caller's alone: one that goes away takes no one else's with it

    async def _ask_all(self) -> None:
        while self._waiting:
            batch = self._take()
            try:
                answers = await self._ask([question for questions, _ in batch for question in questions])
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            place = 0
            for questions, answer in batch:
                if not answer.done():
                    answer.set_result(answers[place : place + len(questions)])
                place += len(questions)

    def _take(self) -> list[tuple[Sequence[K], asyncio.Future[Sequence[V]]]]:
        batch = [self._waiting.pop(0)]
        asked = len(batch[0][0])
        while self._waiting and asked + len(self._waiting[0][0]) <= _MOST:
            asked += len(self._waiting[0][0])
            batch.append(self._waiting.pop(0))
        return batch


def parts(whole: Sequence[K], most: int) -> Iterator[Sequence[K]]:
    """`whole` in order, at most `most` at a time."""
    for start in range(0, len(whole), most):
        yield whole[start : start + most]


async def paced(steps: Iterable[K]) -> AsyncIterator[K]:
    """Gives `steps` one by one and the loop its turn between two: shorter than a thread's fight for the interpreter."""
    first = True
    for step in steps:
        if not first:
            await asyncio.sleep(0)
        first = False
        yield step


async def ahead(source: AsyncIterator[K], work: Callable[[K], Coroutine[Any, Any, V]], most: int) -> AsyncGenerator[V, None]:
    """The results of `work` on everything in `source`, in order, with up to `most` under way.

    Where `source` fails, what it gave before comes first. Where work fails or the consumer stops, the rest is cancelled.
    """
    under_way: deque[asyncio.Task[V]] = deque()
    failure: Exception | None = None
    ended = False
    try:
        while under_way or not ended:
            while not ended and len(under_way) < most:
                try:
                    each = await anext(source)
                except StopAsyncIteration:
                    ended = True
                except Exception as error:
                    ended, failure = True, error
                else:
                    under_way.append(asyncio.create_task(work(each)))
            if under_way:
                result = await under_way[0]
                under_way.popleft()
                yield result
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    if failure is not None:
        raise failure


async def settled(work: Callable[[], Awaitable[V]], attempts: int = 5) -> V:
    """What `work` gives, looked at anew each time that it finds that another was first. Raises Conflict after `attempts`."""
    for _ in range(attempts - 1):
        with suppress(Conflict):
            return await work()
    return await work()
