"""Writes what happens to notices: every step is an entry in the log, with the rows that go with it in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, event
from hub.audit.notes import OPERATION, Notes
from hub.domain.ids import new_ids
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Refused
from hub.notices import store
from hub.notices.model import NO_NOTICE, Action, Cause, Channel, Event, Happened, Notice, Planned, State
from hub.notices.plan import due_of
from hub.ports import About, Claim, Draft, RowSet, WorkItem

ABOUT: Final = "notice"
OPERATIONS: Final[Mapping[Happened, str]] = {
    Happened.opened: "notice-open",
    Happened.handed: "notice-hand",
    Happened.acknowledged: "notice-acknowledge",
    Happened.attested: "notice-attest",
    Happened.refused: "notice-refuse",
    Happened.onward: "notice-onward",
    Happened.escalated: "notice-escalate",
    Happened.closed: "notice-close",
}
"""What the log calls each."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Makes entries and rows of one log, and records them together."""

    notes: Notes
    engine: AsyncEngine

    @property
    def log(self) -> tuple[AsyncEngine, LogId]:
        """Where rows are read, and of which log."""
        return self.engine, self.notes.log_id

    def now(self) -> Micros:
        """The present moment."""
        return self.notes.clock.now_us()

    async def show(self, notice_id: UUID) -> Notice:
        """A notice as it stands. Raises Refused for none."""
        notice = await store.find(*self.log, notice_id)
        if notice is None:
            raise unknown()
        return notice

    async def turn(
        self, notice: Notice, event: Event, details: Mapping[str, str | int], state: State, level: int, *, late: bool
    ) -> None:
        """Records that a notice stands otherwise, by the hub itself. Raises Conflict where something else happened to it."""
        claim = store.claim_turn(notice, state, level, late=late)
        said = {"recipient": notice.recipient, **details}
        await self.record(self.notes.operator, [(notice, event, said)], (claim,))

    def new_ids(self, count: int) -> list[UUID]:
        """Identifiers of entries to come."""
        return new_ids(count, self.notes.clock.now_us(), self.notes.entropy(8 * count))

    def opened(self, cause: Cause, tag: bytes | None, planned: Sequence[Planned], via: UUID = NO_NOTICE) -> list[Notice]:
        """New notices; each is named by the entry that it is opened with."""
        now = self.notes.clock.now_us()
        return [
            Notice(
                notice_id=notice_id,
                cause_id=cause.cause_id,
                via=via,
                cause=cause.kind,
                action=one.action,
                recipient=one.recipient,
                items=one.items,
                agreement=one.agreement,
                subject_tag=tag,
                opened_us=now,
                due_us=due_of(now),
                state=State.open,
                level=0,
                late=False,
                handed=0,
            )
            for notice_id, one in zip(self.new_ids(len(planned)), planned, strict=True)
        ]

    async def open(self, notices: Sequence[Notice], claims: Sequence[Claim] = ()) -> None:
        """Records new notices. Raises Conflict when a claim does not hold, Retry when the log cannot be written."""
        happened = [(one, _event(one, one.notice_id, Happened.opened, one.opened_us), self.opening(one)) for one in notices]
        rows = (store.notice_rows(self.notes.log_id, notices),) if notices else ()
        await self.record(self.notes.operator, happened, claims, rows)

    def opening(self, notice: Notice) -> dict[str, str | int]:
        """What the log says of a notice when it is opened."""
        said: dict[str, str | int] = {
            "cause": notice.cause.value,
            "cause-id": str(notice.cause_id),
            "action": notice.action.value,
            "recipient": notice.recipient,
            "deliveries": len(notice.items),
            "due": int(notice.due_us),
        }
        if notice.agreement is not None:
            said["agreement"] = notice.agreement
        return said if notice.via == NO_NOTICE else {**said, "via": str(notice.via)}

    async def record(
        self,
        actor: PartyId,
        happened: Sequence[tuple[Notice, Event, Mapping[str, str | int]]],
        claims: Sequence[Claim] = (),
        rows: Sequence[RowSet] = (),
        sealed: bytes | None = None,
    ) -> None:
        """Records what happened to notices, each with an entry of these details, found when its person asks."""
        log_id = self.notes.log_id
        entries: list[Draft] = []
        found: list[About] = []
        for notice, one, details in happened:
            said = details if one.event_id == notice.notice_id else {**details, "notice": str(notice.notice_id)}
            operation = OPERATIONS[one.kind]
            entries.append(event(EntryKind.statement, log_id, one.event_id, actor, operation, OPERATION, ABOUT, said))
            if notice.subject_tag is not None:
                found.append(About(actor, notice.subject_tag, one.event_id))
        kept = store.event_rows(log_id, actor, [one for _, one, _ in happened], sealed)
        await self.notes.subjects.link(found)
        more = (kept,) if happened else ()
        item = WorkItem(self.new_ids(1)[0], actor, entries, claims=tuple(claims), rows=(*rows, *more))
        await self.notes.recorder.record(item)

    async def handed(self, notices: Sequence[Notice], channel: Channel, claim: Claim) -> None:
        """Records that these are about to leave for their recipient. Raises Conflict where one was answered meanwhile."""
        now = self.notes.clock.now_us()
        happened = [
            (
                one,
                _event(one, ref, Happened.handed, now, channel),
                {"recipient": one.recipient, "channel": channel.value, "attempt": one.handed + 1},
            )
            for ref, one in zip(self.new_ids(len(notices)), notices, strict=True)
        ]
        await self.record(self.notes.operator, happened, (claim,))


def _event(notice: Notice, ref: UUID, kind: Happened, now: Micros, channel: Channel | None = None) -> Event:
    return Event(ref, notice.notice_id, kind, now, channel=channel)


def asks(notice: Notice) -> bool:
    """Whether the recipient has something to do."""
    return notice.action is not Action.none_other_basis


class Unknown(Refused):
    """There is no such notice, or it is another's: neither is said."""


def unknown() -> Unknown:
    """What is answered to whoever asks for a notice that is not theirs."""
    return Unknown("This notice is not known.", "There is none with this id for you.", "Take the id from the notice itself.")
