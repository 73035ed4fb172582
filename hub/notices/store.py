"""The rows of notices: why they go out, how each stands, and all that happened to it, which is only added to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch
from hub.domain.facts import StatementKind
from hub.domain.terms import AgreementId, ElementName, LogId, Micros, PartyId, PurposeId
from hub.notices.model import NO_NOTICE, Action, Cause, CauseKind, Channel, Event, Ground, Happened, Method, Notice, State
from hub.ports import Claim, RowSet

_CAUSE_COLUMNS: Final = ("log_id", "party_id", "cause_id", "entry_ref", "kind", "subject_tag", "scope", "since_us")
_CAUSE: Final = """
SELECT cause_id, entry_ref, kind, subject_tag, scope::text, since_us FROM consent_cause WHERE cause_id = $1 AND log_id = $2
"""
_OPEN_CAUSES: Final = """
SELECT cause_id FROM consent_cause WHERE log_id = $1 AND followed_us IS NULL AND cause_id > $2 ORDER BY cause_id LIMIT 100
"""
_FOLLOWED: Final = """
UPDATE consent_cause AS cause SET followed_us = new.us FROM unnest($1::uuid[], $2::bigint[]) AS new (cause_id, us)
WHERE cause.cause_id = new.cause_id AND cause.followed_us IS NULL
"""
_NOTICE_COLUMNS: Final = (
    "log_id",
    "party_id",
    "notice_id",
    "cause_id",
    "via",
    "cause",
    "action",
    "subject_tag",
    "agreement",
    "items",
    "opened_us",
    "due_us",
    "state",
)
_READ: Final = """
SELECT notice_id, cause_id, via, cause, action, party_id, items::text, agreement, subject_tag, opened_us, due_us, state, level,
late, handed FROM consent_notice
"""
_ONE: Final = _READ + "WHERE notice_id = $1 AND log_id = $2"
_OF_CAUSE: Final = _READ + "WHERE log_id = $1 AND cause_id = $2 ORDER BY notice_id"
_ABOUT: Final = _READ + "WHERE log_id = $1 AND subject_tag = $2 ORDER BY notice_id"
_RUNNING: Final = (
    _READ
    + "WHERE log_id = $1 AND state <> 'closed' AND (opened_us, notice_id) > ($2, $3) ORDER BY opened_us, notice_id LIMIT $4"
)
_ALL: Final = _READ + "WHERE log_id = $1 ORDER BY opened_us DESC, notice_id DESC LIMIT $2"
_WAITING: Final = _READ + "WHERE party_id = $1 AND state = 'open' AND notice_id > $2 ORDER BY notice_id LIMIT $3"
_DUE: Final = """
SELECT notice_id FROM consent_notice WHERE party_id = $1 AND state = 'open' AND next_us <= $2 ORDER BY notice_id LIMIT $3
"""
_SILENT: Final = "SELECT DISTINCT party_id FROM consent_notice WHERE log_id = $1 AND late"
_TURN: Final = """
UPDATE consent_notice AS notice SET state = new.state, level = new.level, late = new.late
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::boolean[], $5::text[], $6::int[], $7::boolean[])
    AS new (notice_id, was_state, was_level, was_late, state, level, late)
WHERE notice.notice_id = new.notice_id AND notice.state = new.was_state AND notice.level = new.was_level
AND notice.late = new.was_late
"""
_HAND: Final = """
UPDATE consent_notice AS notice SET handed = notice.handed + 1, next_us = greatest(notice.next_us, new.next_us)
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS new (notice_id, due_us, next_us)
WHERE notice.notice_id = new.notice_id AND notice.state = 'open' AND notice.next_us <= new.due_us
"""
_EVENT_COLUMNS: Final = (
    "log_id",
    "party_id",
    "event_id",
    "notice_id",
    "kind",
    "us",
    "level",
    "staff",
    "channel",
    "method",
    "ground",
    "digest",
    "sealed",
    "onward",
)
_EVENTS: Final = """
SELECT event_id, notice_id, kind, us, level, staff, channel, method, ground, digest, sealed IS NOT NULL, onward
FROM consent_notice_event WHERE notice_id = ANY($1::uuid[]) AND log_id = $2 ORDER BY notice_id, number
"""
_SEALED: Final = "SELECT sealed FROM consent_notice_event WHERE event_id = $1 AND log_id = $2"
_NO_LIMIT: Final = 9_000_000_000_000_000


def cause_row(log_id: LogId, party: PartyId, cause: Cause, tag: bytes | None) -> RowSet:
    """What follows from an entry, to be written with it; `party` made it happen, `tag` is of whom it is about.

    It stands until it was followed, so nothing that happens in between loses it.
    """
    row = (log_id, party, cause.cause_id, cause.entry, cause.kind.value, tag, _scope(cause), int(cause.since_us))
    return RowSet("consent_cause", _CAUSE_COLUMNS, [row])


def _scope(cause: Cause) -> str:
    lists = {
        "purposes": cause.purposes,
        "parties": cause.parties,
        "elements": cause.elements,
        "deliveries": None if cause.deliveries is None else map(str, cause.deliveries),
    }
    said: dict[str, Any] = {name: sorted(map(str, words)) for name, words in lists.items() if words is not None}
    if cause.statement is not None:
        said["statement"] = cause.statement.value
    if cause.agreement is not None:
        said["agreement"] = str(cause.agreement)
    return orjson.dumps(said).decode()


async def find_cause(engine: AsyncEngine, log_id: LogId, cause_id: UUID) -> tuple[Cause, bytes | None] | None:
    """A cause and the tag of whom it is about; None where there is none."""
    rows = await fetch(engine, _CAUSE, cause_id, log_id)
    if not rows:
        return None
    found, entry, kind, tag, scope, since = rows[0]
    said = orjson.loads(scope)
    cause = Cause(
        cause_id=UUID(bytes=found.bytes),
        entry=UUID(bytes=entry.bytes),
        kind=CauseKind(kind),
        since_us=Micros(since),
        statement=StatementKind(said["statement"]) if "statement" in said else None,
        purposes=frozenset(map(PurposeId, said["purposes"])) if "purposes" in said else None,
        parties=frozenset(map(PartyId, said["parties"])) if "parties" in said else None,
        elements=frozenset(map(ElementName, said["elements"])) if "elements" in said else None,
        deliveries=frozenset(map(UUID, said["deliveries"])) if "deliveries" in said else None,
        agreement=AgreementId(said["agreement"]) if "agreement" in said else None,
    )
    return cause, None if tag is None else bytes(tag)


async def open_causes(engine: AsyncEngine, log_id: LogId, after: UUID = NO_NOTICE) -> list[UUID]:
    """The next causes (after that one) that nobody followed yet, in order of their ids; none after the last."""
    return [UUID(bytes=row[0].bytes) for row in await fetch(engine, _OPEN_CAUSES, log_id, after)]


def claim_followed(cause_id: UUID, now: Micros) -> Claim:
    """The condition that nobody followed this cause yet; marks it."""
    return Claim(_FOLLOWED, [(cause_id, int(now))])


def notice_rows(log_id: LogId, notices: Iterable[Notice]) -> RowSet:
    """New notices."""
    rows = [
        (
            log_id,
            one.recipient,
            one.notice_id,
            one.cause_id,
            one.via,
            one.cause.value,
            one.action.value,
            one.subject_tag,
            one.agreement,
            orjson.dumps({str(delivery): list(map(str, names)) for delivery, names in one.items.items()}).decode(),
            int(one.opened_us),
            int(one.due_us),
            one.state.value,
        )
        for one in notices
    ]
    return RowSet("consent_notice", _NOTICE_COLUMNS, rows)


def event_rows(log_id: LogId, party: PartyId, events: Iterable[Event], sealed: bytes | None = None) -> RowSet:
    """What happened to notices, under the name of the party that made it happen."""
    rows = [
        (
            log_id,
            party,
            one.event_id,
            one.notice_id,
            one.kind.value,
            int(one.us),
            one.level,
            one.staff,
            one.channel or "",
            one.method or "",
            one.ground or "",
            one.digest,
            sealed if one.explained else None,
            one.onward or "",
        )
        for one in events
    ]
    return RowSet("consent_notice_event", _EVENT_COLUMNS, rows)


def claim_turn(notice: Notice, state: State, level: int, *, late: bool) -> Claim:
    """The condition that the notice still stands as it was read; from now on it stands so."""
    was = (notice.notice_id, notice.state.value, notice.level, notice.late)
    return Claim(_TURN, [(*was, state.value, level, late)])


def claim_hand(notice_ids: Sequence[UUID], again_us: int, due_us: int = _NO_LIMIT) -> Claim:
    """The condition that these wait and that nobody else is sending them (what is not before `due_us`); not before `again_us`
    they are sent once more.
    """
    return Claim(_HAND, [(each, due_us, again_us) for each in notice_ids])


async def find(engine: AsyncEngine, log_id: LogId, notice_id: UUID) -> Notice | None:
    """A notice as it stands."""
    found = await _notices(engine, _ONE, notice_id, log_id)
    return found[0] if found else None


async def of_cause(engine: AsyncEngine, log_id: LogId, cause_id: UUID) -> list[Notice]:
    """All notices of one cause."""
    return await _notices(engine, _OF_CAUSE, log_id, cause_id)


async def about(engine: AsyncEngine, log_id: LogId, tag: bytes) -> list[Notice]:
    """All notices about one person."""
    return await _notices(engine, _ABOUT, log_id, tag)


async def running(engine: AsyncEngine, log_id: LogId, most: int, after: Notice | None = None) -> list[Notice]:
    """Notices that are not closed (after that one), the oldest first."""
    begin = (0, NO_NOTICE) if after is None else (int(after.opened_us), after.notice_id)
    return await _notices(engine, _RUNNING, log_id, *begin, most)


async def newest(engine: AsyncEngine, log_id: LogId, most: int) -> list[Notice]:
    """All notices, closed ones too, the newest first."""
    return await _notices(engine, _ALL, log_id, most)


async def waiting(engine: AsyncEngine, recipient: PartyId, after: UUID, limit: int) -> list[Notice]:
    """What a recipient has not acknowledged, the oldest first."""
    return await _notices(engine, _WAITING, recipient, after, limit)


async def due(engine: AsyncEngine, recipient: PartyId, now: Micros, limit: int) -> list[UUID]:
    """What is to be sent to a recipient's own system now."""
    return [UUID(bytes=row[0].bytes) for row in await fetch(engine, _DUE, recipient, int(now), limit)]


async def silent_recipients(engine: AsyncEngine, log_id: LogId) -> frozenset[PartyId]:
    """The recipients that owe an answer which they should have given."""
    return frozenset(PartyId(row[0]) for row in await fetch(engine, _SILENT, log_id))


async def events(engine: AsyncEngine, log_id: LogId, notice_ids: Sequence[UUID]) -> dict[UUID, list[Event]]:
    """What happened to these notices, in order."""
    found: dict[UUID, list[Event]] = {each: [] for each in notice_ids}
    for event_id, notice_id, kind, us, level, staff, channel, method, ground, digest, explained, onward in await fetch(
        engine, _EVENTS, list(notice_ids), log_id
    ):
        event = Event(
            event_id=UUID(bytes=event_id.bytes),
            notice_id=UUID(bytes=notice_id.bytes),
            kind=Happened(kind),
            us=Micros(us),
            level=level,
            staff=staff,
            channel=Channel(channel) if channel else None,
            method=Method(method) if method else None,
            ground=Ground(ground) if ground else None,
            digest=None if digest is None else bytes(digest),
            explained=explained,
            onward=PartyId(onward) if onward else None,
        )
        found[event.notice_id].append(event)
    return found


async def explanation(engine: AsyncEngine, log_id: LogId, event_id: UUID) -> bytes | None:
    """The sealed explanation that came with an answer, if there is one."""
    rows = await fetch(engine, _SEALED, event_id, log_id)
    return None if not rows or rows[0][0] is None else bytes(rows[0][0])


async def _notices(engine: AsyncEngine, query: str, *args: Any) -> list[Notice]:
    return [_notice(row) for row in await fetch(engine, query, *args)]


def _notice(row: Sequence[Any]) -> Notice:
    notice_id, cause_id, via, cause, action, party, items, agreement, tag, opened, due_us, state, level, late, handed = row
    said: Mapping[str, Sequence[str]] = orjson.loads(items)
    return Notice(
        notice_id=UUID(bytes=notice_id.bytes),
        cause_id=UUID(bytes=cause_id.bytes),
        via=UUID(bytes=via.bytes),
        cause=CauseKind(cause),
        action=Action(action),
        recipient=PartyId(party),
        items={UUID(delivery): tuple(map(ElementName, names)) for delivery, names in said.items()},
        agreement=None if agreement is None else AgreementId(agreement),
        subject_tag=None if tag is None else bytes(tag),
        opened_us=Micros(opened),
        due_us=Micros(due_us),
        state=State(state),
        level=level,
        late=late,
        handed=handed,
    )
