"""Sends notices to recipients' own systems: at least once, by the notice's id, until the recipient says that it has it.

Each try is in the log before it leaves. Whoever does not answer is tried again ever more rarely; that it can also fetch its
notices, and that silence is escalated, does not hang on this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hub.connector import Rejected, Sink
from hub.domain.terms import Count, PartyId
from hub.errors import Conflict
from hub.http import Away, Barred
from hub.notices import store
from hub.notices.answers import Answers
from hub.notices.issue import Issue
from hub.notices.model import Answer, Channel, Happened, Notice
from hub.notices.wire import written
from hub.observe import Event, report

_PAGE: Final = 50
_FIRST_US: Final = 60_000_000
_LONGEST_US: Final = 6 * 3_600_000_000


@dataclass(frozen=True, slots=True)
class NoticePusher:
    """Sends what is due; any number of processes may."""

    issue: Issue
    answers: Answers

    async def drain(self, recipient: PartyId, sink: Sink) -> int:
        """Sends what is due to one recipient, once each; gives how many it says that it has. Raises Retry for our own log."""
        confirmed = 0
        while ids := await store.due(self.issue.engine, recipient, self.issue.now(), _PAGE):
            notices = [await self.issue.show(each) for each in ids]
            again = self.issue.now() + _pause(notices)
            try:
                await self.issue.handed(notices, Channel.push, store.claim_hand(ids, again, int(self.issue.now())))
            except Conflict:  # another process sends these, or one was answered meanwhile
                return confirmed
            try:
                said = await sink.tell(written(notices), ids)
            except (Away, Barred, Rejected) as error:
                report(error, Event.push_failed, party=recipient, reason=error.cause, deliveries=Count(len(ids)))
                return confirmed
            for each in sorted(said):
                await self.answers.answer(each, Answer(Happened.acknowledged, Channel.push), recipient=recipient)
            confirmed += len(said)
        return confirmed


def _pause(notices: Sequence[Notice]) -> int:
    """Until the same may be tried again, by how often the most tried of them was: minutes at first, hours in the end."""
    return int(min(_LONGEST_US, _FIRST_US * 2 ** min(20, max(one.handed for one in notices))))
