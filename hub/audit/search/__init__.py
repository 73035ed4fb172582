"""Searching the log, over an index that is made from its entries and says no more than they do.

The index is no evidence: what is found is shown with its entry and the proof of it, and the index can be made again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.search import store
from hub.audit.search.lines import EVERYTHING, Choices, Line, Names, Page, Selection, Signal, Sort
from hub.audit.search.signals import signals_of
from hub.domain.terms import LogId, Micros, PartyId

__all__ = ["EVERYTHING", "Choices", "Line", "Page", "Search", "Selection", "Signal", "Sort"]

_BATCH: Final = 5_000
_PAGE_CATCH_UP: Final = 5_000
_EXPORT_PAGE: Final = 1_000
MOST_LINES: Final = 500


class Search:
    """Searches one log. `operator` is whose hub it is, on the rows that the index adds."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, operator: PartyId) -> None:
        self._engine = engine
        self._log_id = log_id
        self._operator = operator

    async def catch_up(self, most: int = 200_000) -> int:
        """Indexes what was recorded since, `most` entries at most; gives how many are left. Raises Retry, to be repeated."""
        left = 1
        while most > 0 and left:
            done, left = await store.add(self._engine, self._log_id, self._operator, min(most, _BATCH))
            most -= done
        return left

    async def rebuild(self) -> None:
        """Makes the index again from the entries; meanwhile searches answer as of a smaller log, and say so."""
        while await store.forget(self._engine, self._log_id, 2 * _BATCH):
            pass
        while await self.catch_up():
            pass

    async def page(
        self,
        selection: Selection = EVERYTHING,
        *,
        sort: Sort | str = Sort.seq,
        descending: bool = True,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        """A page of lines, with what was recorded until now. `after` is the `next` of the page before.

        Raises Malformed on an `after` that no page gave, ValueError on an unknown `sort`.
        """
        key = None if after is None else store.Key.parse(after)
        await self.catch_up(_PAGE_CATCH_UP)
        async with store.reading(self._engine) as connection:
            log_size, size = await store.sizes(connection, self._log_id)
            between = await store.bounds(connection, self._log_id, selection, size)
            question = store.Question(connection, self._log_id, selection, between, Sort(sort), descending=descending)
            await question.look()
            lines, following = await question.page(key, max(1, min(limit, MOST_LINES)))
            total, more = await question.total()
        return Page(tuple(lines), size, log_size - size, None if following is None else str(following), total, more)

    async def select(self, selection: Selection = EVERYTHING) -> AsyncIterator[Line]:
        """All lines, oldest first, of the log as it was when this began."""
        while await self.catch_up():
            pass
        size: int | None = None
        following: store.Key | None = None
        while True:
            async with store.reading(self._engine) as connection:
                if size is None:
                    size = (await store.sizes(connection, self._log_id))[1]
                between = await store.bounds(connection, self._log_id, selection, size)
                question = store.Question(connection, self._log_id, selection, between, descending=False)
                await question.look()
                lines, following = await question.page(following, _EXPORT_PAGE)
            for line in lines:
                yield line
            if following is None:
                return

    async def choices(self) -> Choices:
        """The words that occur in the log, as far as it is indexed."""
        return await store.choices(self._engine, self._log_id)

    async def refused(self, selection: Selection = EVERYTHING) -> tuple[tuple[str, str, int], ...]:
        """How many refusals name a reason, as (recipient, reason, count), within the moments of `selection` alone.

        A refusal with two reasons is counted under both; of very many refusals the newest half a million are counted.
        """
        await self.catch_up(_PAGE_CATCH_UP)
        return tuple(await store.refused(self._engine, self._log_id, selection))

    async def about(self, refs: Iterable[UUID]) -> tuple[Line, ...]:
        """These entries, and the outcome entries of those that are disclosures, in the order of the log."""
        wanted: Sequence[UUID] = list(dict.fromkeys(refs))
        return tuple(await store.by_refs(self._engine, self._log_id, wanted))

    async def signals(self, now: Micros, names: Names | None = None) -> tuple[Signal, ...]:
        """What is unusual at `now`, about systems and staff; `names` of parties for the sentences."""
        return signals_of(await store.unusual(self._engine, self._log_id, int(now)), now, names or {})
