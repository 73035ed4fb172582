"""Notices as the doors, the pages and the worker see them: one thing that has all of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.connector import Sink
from hub.consent.model import PolicySet
from hub.domain.staff import Staff
from hub.domain.terms import Micros, PartyId
from hub.errors import Refused
from hub.notices import store
from hub.notices.answers import Answers
from hub.notices.deliveries import Deliveries
from hub.notices.issue import Issue
from hub.notices.model import Answer, CauseKind, Event, Notice, State
from hub.notices.outcome import OutcomeReceipt, outcome_of
from hub.notices.push import NoticePusher
from hub.notices.service import Notices
from hub.notices.watch import Watch
from hub.protect.vault import Vault

MOST: Final = 2_000
"""Notices in one list."""


@dataclass(frozen=True, slots=True)
class NoticeDesk:
    """All that can be done with the notices of one log."""

    notices: Notices
    answers: Answers
    watch: Watch
    pusher: NoticePusher

    async def fetch(self, recipient: PartyId, limit: int, /) -> Sequence[Notice]:
        """What `recipient` has not acknowledged; logged before it is given."""
        return await self.notices.fetch(recipient, limit)

    async def answer(
        self, notice_id: UUID, answer: Answer, /, *, recipient: PartyId | None = None, by: Staff | None = None
    ) -> Notice:
        """Takes a recipient's answer; see `hub.notices.answers.Answers.answer`."""
        return await self.answers.answer(notice_id, answer, recipient=recipient, by=by)

    async def raise_for(self, kind: CauseKind, deliveries: Collection[UUID], by: Staff | None) -> tuple[Notice, ...]:
        """Tells the recipients of named deliveries; see `hub.notices.service.Notices.raise_for`."""
        return await self.notices.raise_for(kind, deliveries, by)

    async def close(self, notice_id: UUID, by: Staff | None) -> Notice:
        """A privacy officer has judged a refusal."""
        return await self.answers.close(notice_id, by)

    async def list(self, *, closed: bool = False) -> Sequence[Notice]:
        """Notices that run, what hurts most first; with `closed` all of them, the newest first. `MOST` at most."""
        if closed:
            return await store.newest(*self.notices.issue.log, MOST)
        return sorted(await store.running(*self.notices.issue.log, MOST), key=self._hurts)

    def _hurts(self, notice: Notice) -> tuple[bool, int, bool, int]:
        waits_for_us = notice.state in (State.attested,)
        return waits_for_us, -notice.level, notice.state is not State.refused, int(notice.opened_us)

    async def show(self, notice_id: UUID) -> tuple[Notice, Sequence[Event]]:
        """A notice with all that happened to it. Raises Refused for none."""
        notice = await self.notices.issue.show(notice_id)
        return notice, (await store.events(*self.notices.issue.log, [notice_id]))[notice_id]

    async def explanation(self, notice: Notice, event_id: UUID) -> str:
        """A recipient's own words with an answer."""
        return await self.answers.explanation(notice, event_id)

    async def outcome(self, cause_id: UUID) -> OutcomeReceipt:
        """What became of a withdrawal so far. Raises Refused for a cause that is not known."""
        found = await store.find_cause(*self.notices.issue.log, cause_id)
        if found is None:
            raise Refused("This is not known.", "Nothing was recorded under this id.", "Take the id from a notice.")
        told = await store.of_cause(*self.notices.issue.log, cause_id)
        events = await store.events(*self.notices.issue.log, [one.notice_id for one in told])
        return outcome_of(cause_id, found[0].kind, found[0].since_us, Micros(self.notices.issue.now()), told, events)

    async def whose(self, cause_id: UUID) -> bytes:
        """The tag of whom a cause is about, for the receipt; empty for one that is about nobody."""
        found = await store.find_cause(*self.notices.issue.log, cause_id)
        return b"" if found is None or found[1] is None else found[1]

    async def push(self, recipient: PartyId, sink: Sink) -> int:
        """Sends what is due to a recipient's own system; see `hub.notices.push.NoticePusher`."""
        return await self.pusher.drain(recipient, sink)

    async def tick(self) -> int:
        """What happens by itself; see `hub.notices.watch.Watch`."""
        return await self.watch.tick()


def notice_desk(log: Log, search: Search, notes: Notes, vault: Vault, policy: Callable[[], PolicySet]) -> NoticeDesk:
    """The notices of this log."""
    issue = Issue(notes, log.engine)
    notices = Notices(issue, Deliveries(log, search, vault), policy)
    answers = Answers(issue, vault, policy)
    return NoticeDesk(notices, answers, Watch(notices), NoticePusher(issue, answers))
