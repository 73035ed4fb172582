"""Searching the log, over an index that is made from its entries and says no more than they do.

The index is no evidence: what is found is shown with its entry and the proof of it, and the index can be made again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.search import store
from hub.audit.search.hours import Hours
from hub.audit.search.index import store as index
from hub.audit.search.lines import EVERYTHING, Choices, Line, Names, Page, Regions, Selection, Signal, Sort
from hub.audit.search.signals import signals_of
from hub.audit.search.unusual.store import unusual
from hub.domain.terms import LogId, Micros, PartyId

__all__ = ["EVERYTHING", "Choices", "Hours", "Line", "Page", "Search", "Selection", "Signal", "Sort"]

_BATCH: Final = 5_000
_PAGE_CATCH_UP: Final = 5_000
_EXPORT_PAGE: Final = 1_000
MOST_LINES: Final = 500


class Search:
    """Searches one log.

    `operator` is whose hub it is, on the rows that the index adds; `who` tells persons apart; `hours` are those of the staff.
    """

    def __init__(
        self, engine: AsyncEngine, log_id: LogId, operator: PartyId, who: store.Who, hours: Hours | None = None
    ) -> None:
        self._engine = engine
        self._log_id = log_id
        self._operator = operator
        self._who = who
        self._hours = hours or Hours()

    async def catch_up(self, most: int = 200_000) -> int:
        """Indexes what was recorded since, `most` entries at most; gives how many are left. Raises Retry, to be repeated."""
        left = 1
        while most > 0 and left:
            done, left = await index.add(self._engine, self._log_id, self._operator, min(most, _BATCH))
            most -= done
        return left

    async def rebuild(self) -> None:
        """Makes the index again from the entries; meanwhile searches answer as of a smaller log, and say so.

        Broken off, it is begun again: what was counted per day is complete only at the end.
        """
        while await index.forget(self._engine, self._log_id, 10 * _BATCH):
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
        """A page of lines as of the newest checkpoint, or with `after`, the `next` of a page, as of the one of that page.

        Raises Malformed on an `after` that no page gave, ValueError on an unknown `sort`.
        """
        key = None if after is None else store.Key.parse(after)
        await self.catch_up(_PAGE_CATCH_UP)
        async with store.reading(self._engine) as connection:
            log_size, indexed = await store.sizes(connection, self._log_id)
            most = indexed if key is None else min(key.size, indexed)
            size, note = await store.as_of(connection, self._log_id, most)
            if key is not None and key.size != size:
                raise store.no_page()
            question = store.Question(connection, self._log_id, selection, size, Sort(sort), descending=descending)
            await question.look()
            lines, following = await question.page(key, max(1, min(limit, MOST_LINES)))
            total, more = await question.total()
        return Page(tuple(lines), size, log_size - size, None if following is None else str(following), total, more, note)

    async def select(self, selection: Selection = EVERYTHING) -> AsyncIterator[Line]:
        """All lines, oldest first, of the log as it was when this began."""
        while await self.catch_up():
            pass
        size: int | None = None
        following: store.Key | None = None
        while True:
            async with store.reading(self._engine) as connection:
                if size is None:
                    indexed = (await store.sizes(connection, self._log_id))[1]
                    size, _ = await store.as_of(connection, self._log_id, indexed)
                question = store.Question(connection, self._log_id, selection, size, descending=False)
                await question.look()
                lines, following = await question.page(following, _EXPORT_PAGE)
            for line in lines:
                yield line
            if following is None:
                return

    async def choices(self) -> Choices:
        """The words that occur in the log, as far as it is indexed."""
        await self.catch_up(_PAGE_CATCH_UP)
        return await store.choices(self._engine, self._log_id)

    async def matching(self, sentences: Sequence[str], words: Sequence[str]) -> list[int]:
        """Which of these Dutch sentences hold all of these words in any of their forms, or else some of them; by place.

        Words are letters alone. Raises ValueError on anything else.
        """
        if not words or not all(word.isalpha() for word in words):
            raise ValueError("a word that is searched for is letters alone")
        return await store.matching(self._engine, sentences, words)

    async def refused(self, selection: Selection = EVERYTHING) -> tuple[tuple[str, str, int], ...]:
        """How many refusals name a reason, as (recipient, reason, count), within the moments of `selection` alone.

        A refusal with two reasons is counted under both; of a very long log the newest part is counted.
        """
        await self.catch_up(_PAGE_CATCH_UP)
        within = Selection(kind="refusal", from_us=selection.from_us, until_us=selection.until_us)
        async with store.reading(self._engine) as connection:
            question = store.Question(connection, self._log_id, within, (await store.sizes(connection, self._log_id))[1])
            await question.look()
            counts = await question.grouped("recipient", "reason")
        return tuple((recipient, reason, count) for (recipient, reason), count in sorted(counts.items()))

    async def about(self, refs: Iterable[UUID]) -> tuple[Line, ...]:
        """These entries, and the outcome entries of those that are disclosures, in the order of the log."""
        wanted: Sequence[UUID] = list(dict.fromkeys(refs))
        return tuple(await store.about(self._engine, self._log_id, wanted))

    async def signals(self, now: Micros, names: Names | None = None, regions: Regions | None = None) -> tuple[Signal, ...]:
        """What is unusual at `now`, about systems and staff; `names` of parties for the sentences, `regions` of parties."""
        found = await unusual(self._engine, self._log_id, now, self._who)
        return signals_of(found, now, names or {}, self._hours, regions or {})
