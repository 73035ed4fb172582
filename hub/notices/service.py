"""Notices as they begin: opened per recipient of what fell away, and handed over when a recipient asks.

The cause is written with the event itself (`hub.notices.store.cause_row`) and followed right after, by whoever wrote it or by
the worker: what was on its way to a recipient at that moment was recorded before it or does not leave; nothing falls between.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.audit.entry import EntryKind
from hub.consent.model import PolicySet
from hub.domain.staff import Role, Staff
from hub.domain.terms import PartyId
from hub.errors import Conflict, Malformed, Refused
from hub.notices import store
from hub.notices.deliveries import Deliveries
from hub.notices.issue import ABOUT, Issue
from hub.notices.model import NAMES_DELIVERIES, NO_NOTICE, Cause, CauseKind, Channel, Notice, Planned
from hub.notices.plan import not_asked_before, of_agreement, plan
from hub.together import settled

_TRIES: Final = 5
OFFICERS: Final = frozenset({Role.privacy_officer})
"""Who opens and closes notices, and enters answers that came by letter."""


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices of one log. `policy` gives the set in use."""

    issue: Issue
    deliveries: Deliveries
    policy: Callable[[], PolicySet]

    async def follow(self, cause_id: UUID) -> tuple[Notice, ...]:
        """Opens the notices that follow from a cause, once; gives them. Raises Refused for no such cause, Tampered, Retry."""
        return await settled(lambda: self._follow(cause_id))

    async def _follow(self, cause_id: UUID) -> tuple[Notice, ...]:
        engine, log_id = self.issue.log
        found = await store.find_cause(engine, log_id, cause_id)
        if found is None:
            raise Refused("This cause is not known.", "Nothing was recorded under this id.", "Take the id from the log.")
        cause, tag = found
        notices = self.issue.opened(cause, tag, await self._planned(cause, tag))
        try:
            await self.issue.open(notices, (store.claim_followed(cause_id, self.issue.now()),))
        except Conflict:  # somebody else followed it
            notices = await store.of_cause(engine, log_id, cause_id)
        return tuple(notices)

    async def _planned(self, cause: Cause, tag: bytes | None) -> tuple[Planned, ...]:
        if cause.agreement is not None:
            return of_agreement(self.policy(), cause.agreement)
        if tag is None:
            return ()
        told = await store.about(*self.issue.log, tag)
        return not_asked_before(plan(cause, await self.deliveries.about(tag)), told)

    async def raise_for(self, kind: CauseKind, deliveries: Collection[UUID], by: Staff | None) -> tuple[Notice, ...]:
        """Tells the recipients of these deliveries that they were unlawful, must be corrected, or reached their end.

        Raises Refused for someone who may not, or deliveries that are not all about one person; Malformed for another kind.
        """
        check_may(by)
        if kind not in NAMES_DELIVERIES or not deliveries:
            raise Malformed(
                "No notice can be made of this.",
                "The cause is none that somebody names deliveries of, or no delivery is named.",
                f"Choose one of {', '.join(sorted(NAMES_DELIVERIES))}, and name deliveries.",
            )
        tags = set((await self.deliveries.vault.tags_of(deliveries)).values())
        located = [await self.deliveries.log.find(each) for each in deliveries]
        if len(tags) != 1 or None in located:
            raise Refused(
                "These deliveries cannot be told of together.",
                "One of them is not in the log, or they are not all about one person.",
                "Name the deliveries of one person at a time, as the log shows them.",
            )
        cause_id = self.issue.new_ids(1)[0]
        now = self.issue.now()
        cause = Cause(cause_id, cause_id, kind, now, deliveries=frozenset(deliveries))
        await self._cause(cause, tags.pop(), by)
        return await self.follow(cause_id)

    async def _cause(self, cause: Cause, tag: bytes, by: Staff | None) -> None:
        notes = self.issue.notes
        row = store.cause_row(notes.log_id, notes.operator, cause, tag)
        await notes.write(
            EntryKind.statement,
            "notice-cause",
            ABOUT,
            {"cause": cause.kind.value, "deliveries": len(cause.deliveries or ())},
            by=None if by is None else by.staff_id,
            subject=tag,
            rows=(row,),
            ref=cause.cause_id,
        )

    async def fetch(self, recipient: PartyId, limit: int) -> tuple[Notice, ...]:
        """What `recipient` has not acknowledged, oldest first; that it is handed over is in the log before this returns."""
        return await settled(lambda: self._fetch(recipient, limit))

    async def _fetch(self, recipient: PartyId, limit: int) -> tuple[Notice, ...]:
        for _ in range(_TRIES):
            found = await store.waiting(self.issue.engine, recipient, NO_NOTICE, limit)
            if not found:
                return ()
            try:
                await self.issue.handed(found, Channel.rest, store.claim_hand([one.notice_id for one in found], 0))
            except Conflict:  # one of them was answered meanwhile
                continue
            return tuple(found)
        raise busy()


def check_may(by: Staff | None) -> None:
    """Raises Refused for whoever may not act on notices. At the keyboard of the hub itself nobody is signed in, and one may."""
    if by is not None and by.roles.isdisjoint(OFFICERS):
        raise Refused("You may not do this.", "Your role does not allow it.", "Ask the privacy officer to do it.")


def busy() -> Conflict:
    """Others keep changing what is read."""
    return Conflict("The notice changes while it is read.", "Others answer it at the same time.", "Repeat the same call.")
