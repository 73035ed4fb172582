"""The monthly list of the log's entries that an officer looks through: drawn by a rule, marked line by line, signed off."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.search import Search, Selection
from hub.audit.search import store as found
from hub.audit.search.lines import Line
from hub.audit.search.review import EACH, KINDS, Marked, Month, Verdict, Why, digest_of, ranks, store
from hub.audit.search.review.store import Drawn
from hub.clock import legal_date
from hub.domain.ids import new_ids
from hub.domain.staff import StaffId
from hub.errors import Refused, Tampered
from hub.ports import RowSet

_ABOUT: Final = "review"


@dataclass(frozen=True, slots=True)
class Reviews:
    """The lists of one log; `each` is how many lines of each kind a new list gets."""

    engine: AsyncEngine
    search: Search
    notes: Notes
    each: int = EACH

    async def every(self) -> list[Drawn]:
        """The lists there are, newest first."""
        return await store.lists(self.engine, self.notes.log_id)

    async def one(self, month: Month) -> tuple[Drawn, list[tuple[Marked, Line | None]]]:
        """A list and its lines; None for the line of an entry that was pruned since. Raises Refused for none."""
        drawn = await self._drawn(month)
        items = await store.items(self.engine, self.notes.log_id, month)
        lines = await store.lines(self.engine, self.notes.log_id, [item.seq for item in items])
        return drawn, [(item, lines.get(item.seq)) for item in items]

    def last_month(self) -> Month:
        """The newest month that is over."""
        return Month.of(legal_date(self.notes.clock.now_us())).before

    async def keep_up(self) -> bool:
        """Draws the list of last month, where there is none yet and anything was recorded in it; whether it did."""
        month = self.last_month()
        if await store.lists(self.engine, self.notes.log_id, month):
            return False
        first, size = await self._span(month)
        if first >= size:
            return False
        await self.draw(month)
        return True

    async def draw(self, month: Month, by: StaffId | None = None) -> Drawn:
        """Draws the list of a month, which is in the log before anybody sees it.

        Raises Refused for a month that is not over, is empty or has a list; Conflict where someone was first.
        """
        if month.span_us[1] > self.notes.clock.now_us():
            raise Refused("This month is not over.", "Its list is drawn over all of it.", "Come back after its last day.")
        if await store.lists(self.engine, self.notes.log_id, month):
            raise Refused(
                "This month has a list.", "A list is drawn once, so that nobody can choose.", "Look through that one."
            )
        first, size = await self._span(month)
        if first >= size:
            raise Refused("There is nothing to draw from.", "Nothing was recorded in this month.", "Choose another month.")
        root = await self._root(size)
        places = await self._sample(month, first, size, root, self.each)
        now = self.notes.clock.now_us()
        ref = new_ids(1, now, self.notes.entropy(8))[0]
        whose = (self.notes.log_id, self.notes.operator, str(month))
        rows = (
            RowSet("review_list", store.LIST_COLUMNS, [(*whose, first, size, root, self.each, ref, now)]),
            RowSet("review_item", store.ITEM_COLUMNS, [(*whose, seq, kind) for seq, kind in sorted(places.items())]),
        )
        said = {**_of(month), "size": size, "root": root.hex(), "each": self.each, "count": len(places)}
        await self.notes.write(EntryKind.access, "review-drawn", _ABOUT, said, by=by, rows=rows, ref=ref)
        return await self._drawn(month)

    async def mark(self, month: Month, said: Mapping[int, tuple[Verdict, Why]], by: StaffId) -> None:
        """Says of lines of a list whether they are in order, each with a word why; later words count.

        Raises Refused for a line that is not on the list, a verdict with a word of the other, and a list that is signed off.
        """
        items = await self._open(month)
        if not said or not said.keys() <= {item.seq for item in items}:
            raise Refused(
                "This cannot be kept.", "It is about no line, or one that is not on the list.", "Mark lines of the list."
            )
        if any((verdict is Verdict.fine) != (why is Why.clear) for verdict, why in said.values()):
            raise Refused("A verdict and its reason do not fit.", "A question needs what it is about.", "Choose again.")
        now = self.notes.clock.now_us()
        ref = new_ids(1, now, self.notes.entropy(8))[0]
        whose = (self.notes.log_id, self.notes.operator, str(month))
        rows = [(*whose, seq, verdict.value, why.value, by, ref, now) for seq, (verdict, why) in sorted(said.items())]
        questions = sum(verdict is Verdict.question for verdict, _ in said.values())
        details = {**_of(month), "count": len(said), "questions": questions}
        marks = RowSet("review_mark", store.MARK_COLUMNS, rows)
        await self.notes.write(EntryKind.access, "review-marked", _ABOUT, details, by=by, rows=(marks,), ref=ref)

    async def sign(self, month: Month, by: StaffId) -> bytes:
        """Signs a list off: its digest, with all that was said of it, stands in the log from then on, and is given.

        Raises Refused while a line is not marked; Conflict where someone was first.
        """
        items = await self._open(month)
        left = sum(not item.verdict for item in items)
        if left:
            raise Refused("This list is not done.", f"{left} of its lines are not marked.", "Mark them, then sign.")
        drawn = await self._drawn(month)
        digest = digest_of(self.notes.log_id, month, drawn.size, drawn.root, items)
        now = self.notes.clock.now_us()
        ref = new_ids(1, now, self.notes.entropy(8))[0]
        row = (self.notes.log_id, self.notes.operator, str(month), digest, by, ref, now)
        questions = sum(item.verdict == Verdict.question for item in items)
        details = {**_of(month), "count": len(items), "questions": questions, "list": digest.hex()}
        signed = RowSet("review_signed", store.SIGNED_COLUMNS, [row])
        await self.notes.write(EntryKind.access, "review-signed", _ABOUT, details, by=by, rows=(signed,), ref=ref)
        return digest

    async def check(self, month: Month) -> Drawn:
        """Draws a list again. Raises Tampered unless it comes out as it is kept, Refused where its entries are pruned."""
        drawn = await self._drawn(month)
        first, size = await self._span(month)
        if first != drawn.first:
            raise Refused(
                "This list cannot be drawn again.", "Entries of its month were pruned.", "Compare with an older export."
            )
        places = await self._sample(month, first, size, await self._root(drawn.size), drawn.each)
        kept = {item.seq: item.kind for item in await store.items(self.engine, self.notes.log_id, month)}
        if size != drawn.size or places != kept:
            raise Tampered(
                "A list is not what the rule draws.", "Its lines, its size or the log were changed.", "Keep it; verify the log."
            )
        return drawn

    async def _drawn(self, month: Month) -> Drawn:
        lists = await store.lists(self.engine, self.notes.log_id, month)
        if not lists:
            raise Refused("There is no list of this month.", "It was not drawn.", "Draw it, or choose another month.")
        return lists[0]

    async def _open(self, month: Month) -> Sequence[Marked]:
        if (await self._drawn(month)).signed_us is not None:
            raise Refused("This list is signed off.", "What was said of it stands.", "Note a new question elsewhere.")
        return await store.items(self.engine, self.notes.log_id, month)

    async def _span(self, month: Month) -> tuple[int, int]:
        """The places of a month's entries, with all that was recorded until now."""
        while await self.search.catch_up():
            pass
        since, until = month.span_us
        async with found.reading(self.engine) as connection:
            size = (await found.sizes(connection, self.notes.log_id))[1]
            return await found.bounds(connection, self.notes.log_id, Selection(from_us=since, until_us=until), size)

    async def _root(self, size: int) -> bytes:
        async with found.reading(self.engine) as connection:
            note = await store.note_at(connection, self.notes.log_id, size)
        if note is None:
            raise Tampered("The last checkpoint of this month is gone.", "Checkpoints were removed.", "Stop; verify the log.")
        return b64decode(note.split("\n", 3)[2])

    async def _sample(self, month: Month, first: int, size: int, root: bytes, each: int) -> dict[int, str]:
        places: dict[int, str] = {}
        async with found.reading(self.engine) as connection:
            for kind in KINDS:
                population = store.Population(connection, self.notes.log_id, (first, size), kind)
                wanted = ranks(self.notes.log_id, month, root, kind, await population.count(), each)
                places |= dict.fromkeys(await population.places(wanted), kind.value)
        return places


def _of(month: Month) -> dict[str, str | int]:
    return {"year": month.year, "month": month.month}
