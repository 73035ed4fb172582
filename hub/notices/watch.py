"""What happens to notices by itself as time passes: followed, escalated level by level, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hub.errors import Conflict, Misconfigured, Tampered
from hub.notices import store
from hub.notices.answers import close
from hub.notices.issue import Issue, asks
from hub.notices.model import NO_NOTICE, Event, Happened, Notice, State
from hub.notices.plan import is_late, level_at
from hub.notices.service import Notices
from hub.observe import report

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at all notices that run, again and again; any number of processes may."""

    notices: Notices

    async def tick(self) -> int:
        """Follows causes that nobody followed, escalates what is not answered in time, closes what is done.

        Gives how many entries that made. One at a time and each level by itself, so that none is skipped, however long the hub
        was away.
        """
        made, cause = 0, NO_NOTICE
        while causes := await store.open_causes(*self._issue.log, cause):
            for cause in causes:
                try:
                    made += len(await self.notices.follow(cause))
                except (Tampered, Misconfigured) as error:  # it stands until what is missing is back; others go on
                    report(error)
        last: Notice | None = None
        while page := await store.running(*self._issue.log, _PAGE, last):
            last = page[-1]
            for notice in page:
                try:
                    made += await self._look(notice)
                except Conflict:  # it was answered meanwhile; the next tick sees how it stands
                    continue
        return made

    async def _look(self, notice: Notice) -> int:
        made = 0
        while (level := self._next_level(notice)) is not None:
            await self._escalate(notice, level)
            notice, made = await self._issue.show(notice.notice_id), made + 1
        if notice.state is State.attested and not await self._followed_on(notice):
            await close(self._issue, notice, None)
            made += 1
        return made

    def _next_level(self, notice: Notice) -> int | None:
        now = self._issue.now()
        due = level_at(notice, now)
        if due > notice.level:
            return notice.level + 1
        return notice.level if is_late(notice, notice.state, now) and not notice.late else None

    async def _escalate(self, notice: Notice, level: int) -> None:
        now = self._issue.now()
        event = Event(self._issue.new_ids(1)[0], notice.notice_id, Happened.escalated, now, level=level)
        late = is_late(notice, notice.state, now)
        await self._issue.turn(notice, event, {"level": level}, notice.state, level, late=late)

    async def _followed_on(self, notice: Notice) -> bool:
        """Whether somebody to whom it was passed on still has to answer."""
        told = await store.of_cause(*self._issue.log, notice.cause_id)
        return any(one.via == notice.notice_id and asks(one) and one.state in (State.open, State.acknowledged) for one in told)

    @property
    def _issue(self) -> Issue:
        return self.notices.issue
