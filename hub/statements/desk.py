"""Recording what is said: checked against the rules of the policy, and durable with its log entry or not at all.

The same transaction touches what waits for this person, so that a delivery which was prepared before is decided anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, parse
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.consent.chain import chained, digest_of
from hub.consent.speakers import NAMED, check_known
from hub.consent.statement import START, Event, Evidence, Hold, Proof, Scope, What, contradicts, hold
from hub.consent.store import History, claim_events, histories
from hub.deliver.store import touch
from hub.domain.facts import YES, StatementKind, StatementState, Voice
from hub.domain.ids import new_ids
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.staff import StaffId
from hub.domain.terms import LogId, Micros, PartyId, Term
from hub.errors import Conflict, Malformed, Refused, Tampered
from hub.notices.causes import cause_of
from hub.notices.store import cause_row
from hub.ports import Claim, Clock, Entropy, KeyedDigest, RowSet
from hub.protect.people import People
from hub.protect.vault import Subject
from hub.rules import Rules
from hub.statements import store
from hub.statements.checking import check_said, check_taken_back, left, named_in, objection_beside
from hub.statements.objections import left_to_rule
from hub.statements.said import Cause, Done, Due, Said, Spoken, Told

AHEAD: Final = timedelta(days=90)
"""How long before they speak for themselves a young person gets a letter."""
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_EARLIEST: Final = date(2000, 1, 1)
_TRIES: Final = 3
_OPEN: Final = frozenset({StatementState.given, StatementState.requested})
_RECORD, _WITHDRAW, _DECIDE, _END, _READ = (
    "statement-record",
    "statement-withdraw",
    "statement-decide",
    "statement-end",
    "statement-read",
)
_NO_CLAIMS: Final[tuple[Claim, ...]] = ()


@dataclass(frozen=True, slots=True)
class Statements:
    """What may be done with statements, over one log."""

    engine: AsyncEngine
    log_id: LogId
    log: Log
    notes: Notes
    digest: KeyedDigest
    people: People
    clock: Clock
    entropy: Entropy
    rules: Rules

    # -- saying

    async def record(
        self,
        number: str,
        said: Said,
        by: StaffId | None = None,
        claims: Sequence[Claim] = _NO_CLAIMS,
        ref: UUID | None = None,
    ) -> Done:
        """Records what was said, and for a contact preference that is also an objection, that as well.

        `claims` are the door's own conditions, `ref` the id that it gives the statement. Raises Malformed for a number, scope,
        period or evidence that does not do, Refused where this voice cannot say this, Conflict where `claims` do not hold,
        Retry when the log cannot be written.
        """
        pgn = _read(number)
        del number  # a traceback that shows variables shows none of ours
        tag = (await self._meet(pgn)).tag
        proxy_until = check_said(self.rules.policy, said, legal_date(self.clock.now_us()))
        for attempt in range(_TRIES):
            found = await self._histories(tag)
            now = self._now(found.values())
            events = [self._said(tag, said, now, found, proxy_until, ref)]
            if said.also_objection:
                events.append(self._said(tag, objection_beside(said), now, found, None))
            try:
                return await self._write(_RECORD, said.kind, tag, events, by, claims)
            except Conflict:
                if claims or attempt == _TRIES - 1:
                    raise
        raise AssertionError

    async def withdraw(
        self,
        number: str,
        kind: StatementKind,
        scope: Scope,
        spoken: Spoken,
        by: StaffId | None = None,
        claims: Sequence[Claim] = _NO_CLAIMS,
    ) -> Done:
        """Takes back what was said, as far as `scope` reaches; no reason is asked, and a second time changes nothing.

        Where there is no yes to take back, the no is recorded as a refusal, so that it counts all the same. What is not theirs
        to take back stays: raises Refused, but never to a party that vouches by itself, which would learn that it is there.
        """
        pgn = _read(number)
        del number
        tag = (await self._meet(pgn)).tag
        check_known(self.rules.policy, scope)
        if spoken.voice is Voice.school and kind is not StatementKind.raadpleging_school:
            raise Refused("Nothing was taken back.", "A school does not speak for a young person.", "Ask the young person.")
        found = await self._histories(tag)
        now = self._now(found.values())
        events: list[Event] = []
        others = False
        for history in found.values():
            held = self._hold(history)
            if held is None or held.kind is not kind or held.state not in _OPEN or not held.scope.meets(scope):
                continue
            try:
                check_taken_back(held, spoken)
                events.append(self._taken_back(tag, history, held, scope, spoken, now))
            except Refused:
                if not spoken.vouched:
                    raise
                others = True
        refused = any(
            held is not None and held.kind is kind and held.state is StatementState.refused and scope.within(held.scope)
            for held in map(self._hold, found.values())
        )
        if not (events or others or refused) and kind in NAMED:
            day = legal_date(self._moment(spoken.happened, now, latest=True))
            events.append(self._said(tag, Said(kind, scope, spoken, day, what=What.refused), now, found, None))
        if not events and not claims:
            return Done((), 0)
        return await self._write(_WITHDRAW, kind, tag, events, by, claims, actor=spoken.party)

    async def withdraw_one(self, statement_id: UUID, spoken: Spoken, by: StaffId | None = None) -> Done:
        """Takes one statement back whole. Raises Refused where this voice cannot, or there is no such statement."""
        tag, found, held = await self._one(statement_id)
        if held.state is StatementState.withdrawn:
            return Done((), 0)
        check_taken_back(held, spoken)
        now = self._now([found[statement_id]])
        event = self._taken_back(tag, found[statement_id], held, Scope(), spoken, now)
        return await self._write(_WITHDRAW, held.kind, tag, [event], by)

    async def decide_objection(
        self,
        statement_id: UUID,
        upheld: bool,
        controller: PartyId,
        by: StaffId | None = None,
        asked: Collection[PartyId] = (),
    ) -> Done:
        """The controller's decision on an objection: upheld keeps it, rejected ends it (GDPR 21(1)). The hub decides on none.

        A controller rejects for its own alone: what is addressed to others too goes on to stand against those, and waits for
        their ruling. `asked` are the parties that one without address is put to. Raises Refused where it is no objection that
        waits, and Malformed for a party that answers for nothing in it.
        """
        tag, found, held = await self._one(statement_id)
        if not held.pending:
            raise Refused("Nothing was decided.", "This is no objection that waits for a decision.", "Look at its history.")
        left = left_to_rule(self.rules.policy, held.scope, asked, controller)
        what = What.upheld if upheld else What.rejected
        event = self._event(tag, found[statement_id], held, what, party=controller, scope=None if upheld else left)
        return await self._write(_DECIDE, held.kind, tag, [event], by, actor=controller)

    async def invalidate(self, statement_id: UUID, cause: Cause, party: PartyId, by: StaffId | None = None) -> Done:
        """A statement no longer holds, because something it rested on fell away. Raises Refused where it does not hold now."""
        tag, found, held = await self._one(statement_id)
        if held.state is not StatementState.given:
            raise Refused("The statement was not ended.", "It does not hold now.", "Look at its history.")
        event = self._event(tag, found[statement_id], held, What.invalidated, party=party, cause=Term(cause))
        return await self._write(_END, held.kind, tag, [event], by)

    # -- reading

    async def history(self, number: str, by: StaffId | None = None) -> tuple[Told, ...]:
        """All statements about one person, the newest first; that it was read is in the log before. Raises Tampered."""
        pgn = _read(number)
        del number
        person = await self.people.find(_valid(pgn))
        if person is None:  # reading makes nobody known, least of all again
            await self.notes.write(EntryKind.access, _READ, "person", {}, by=by)
            return ()
        return await self._read(person.tag, by)

    async def beside(self, statement_id: UUID, by: StaffId | None = None) -> tuple[Told, ...]:
        """The same of the person whom a statement is about. Raises Refused where there is none."""
        return await self._read(await self._whose(statement_id), by)

    async def _read(self, tag: bytes, by: StaffId | None) -> tuple[Told, ...]:
        await self.notes.write(EntryKind.access, _READ, "person", {}, by=by, subject=tag)
        found = await self._histories(tag)
        await self._check_log(tag, found.values())
        told = [(held, history) for history in found.values() if (held := self._hold(history)) is not None]
        given = [Told(held, history.events, not any(contradicts(other, held) for other, _ in told)) for held, history in told]
        return tuple(sorted(given, key=lambda one: one.events[-1].recorded_us, reverse=True))

    async def first(self, statement_id: UUID) -> Event:
        """The event that a statement began with, for whoever has just recorded it. Raises Refused, Tampered."""
        return (await self._one(statement_id))[1][statement_id].events[0]

    async def _check_log(self, tag: bytes, found: Iterable[History]) -> None:
        """Raises Tampered unless the log names the events that there are: a chain cut short still follows from itself."""
        kept = {
            (str(event.statement_id), digest_of(event, self.digest).hex())
            for history in found
            for event in history.events
            if event.evidence is not None or event.seq > 1
        }
        located = await self.log.found(await self.people.vault.refs_of(tag, self.log_id))
        logged: set[tuple[str, str]] = set()
        redacted = False
        for entry in located.values():
            if entry.kept is None:
                redacted = True  # what it named, nobody can say any more
                continue
            said = parse(entry.kept)
            if said["kind"] == EntryKind.statement:
                logged |= named_in(said["details"])
        if not (logged <= kept if redacted else logged == kept):
            raise Tampered(
                "The statements are not those that the log speaks of.",
                "One was dropped, added or put in another's place.",
                "Keep the database as it is; call the privacy officer.",
            )

    async def event(self, statement_id: UUID, seq: int | None = None, by: StaffId | None = None) -> Event:
        """One event of a statement, the last without `seq`; that it was read is in the log before.

        Raises Refused where there is none, Tampered.
        """
        tag, found, _ = await self._one(statement_id)
        await self.notes.write(EntryKind.access, _READ, "person", {}, by=by, subject=tag)
        events = found[statement_id].events
        event = next((each for each in events if each.seq == seq), None) if seq is not None else events[-1]
        if event is None:
            raise _none()
        return event

    # -- what ends by itself

    async def due_proxies(self, day: date, ahead: timedelta = AHEAD) -> list[Due]:
        """The yeses of representatives that end within that time, for a letter to the young person; soonest first."""
        found: list[Due] = []
        for tag in await store.ending(self.engine, self.log_id, day + ahead + timedelta(days=1), day):
            for history in (await self._histories(tag)).values():
                held = hold(history.events, day)
                end = None if held is None or held.state is not StatementState.given else held.proxy_until
                if held is not None and end is not None and end <= day + ahead:
                    found.append(Due(held.statement_id, held.party, held.kind, end))
        return sorted(found, key=lambda one: (one.day, one.statement_id))

    async def run_due(self, day: date) -> int:
        """Ends what ends by itself on or before `day`, each with an event of its own; gives how many. To be run daily.

        It held no longer from that day on anyway; the event says so to whoever reads the history.
        """
        done = 0
        for tag in await store.ending(self.engine, self.log_id, day + timedelta(days=1)):
            for history in (await self._histories(tag)).values():
                held, last = hold(history.events, day), history.events[-1]
                if held is None or held.state not in (StatementState.expired, StatementState.proxy_ended):
                    continue
                what = What.expired if held.state is StatementState.expired else What.proxy_ended
                if last.what is what or held.until is None:
                    continue
                event = self._event(tag, history, held, what, party=self.notes.operator)
                with suppress(Conflict):  # another process was first
                    await self._write(_END, held.kind, tag, [event], None)
                    done += 1
        return done

    # -- within

    async def _meet(self, pgn: Pgn | None) -> Subject:
        return await self.people.meet(_valid(pgn), self.notes.operator, self.clock.now_us())

    async def _histories(self, tag: bytes) -> dict[UUID, History]:
        found = (await histories(self.engine, [tag], self.digest)).get(tag, [])
        return {history.events[0].statement_id: history for history in found}

    async def _whose(self, statement_id: UUID) -> bytes:
        tag = await store.whose(self.engine, self.log_id, statement_id)
        if tag is None:
            raise _none()
        return tag

    async def _one(self, statement_id: UUID) -> tuple[bytes, dict[UUID, History], Hold]:
        tag = await self._whose(statement_id)
        found = await self._histories(tag)
        held = None if statement_id not in found else self._last(found[statement_id])
        if held is None:
            raise _none()
        return tag, found, held

    def _hold(self, history: History) -> Hold | None:
        return hold(history.events, legal_date(self.clock.now_us()))

    def _last(self, history: History) -> Hold | None:
        """How it stands today, or on its first day where that is still to come."""
        return self._hold(history) or hold(history.events, max(event.day for event in history.events))

    def _now(self, found: Iterable[History]) -> Micros:
        """Now, and never before what was recorded already: the clocks of two processes differ, and the last act counts."""
        return Micros(max(self.clock.now_us(), *(event.recorded_us for history in found for event in history.events), 0))

    def _moment(self, happened: date | None, now: Micros, *, latest: bool) -> Micros:
        """When something happened of which only the day is known: what stops counts as late on it as can be."""
        today = legal_date(now)
        if happened is None or happened == today:
            return now
        if not _EARLIEST <= happened <= today:
            raise Malformed(
                "The statement was refused.",
                "It has yet to be said, or is older than any that is kept here.",
                "Correct the day on which it was said.",
            )
        day = happened + timedelta(days=1) if latest else happened
        moment = int(datetime.combine(day, time(), _AMSTERDAM).timestamp()) * 1_000_000
        return Micros(moment - 1 if latest else moment)

    def _said(
        self,
        tag: bytes,
        said: Said,
        now: Micros,
        found: Mapping[UUID, History],
        proxy_until: date | None,
        ref: UUID | None = None,
    ) -> Event:
        spoken = said.spoken
        stops = (said.what is What.given) != (said.kind in YES)
        moment = self._moment(spoken.happened, now, latest=stops)
        history, what = None, said.what
        if said.again is not None:
            history = found.get(said.again)
            held = None if history is None else self._last(history)
            if history is None or held is None or held.kind is not said.kind:
                raise _none()
            mended = held.state in (StatementState.given, StatementState.proxy_ended, StatementState.expired)
            what = What.reaffirmed if what is What.given and mended else what
        seq, prev = (1, START) if history is None else chained(history.events, history.hash)
        begins = legal_date(moment) if what is What.refused else said.begins
        return Event(
            tag=tag.hex(),
            statement_id=said.again or ref or new_ids(1, now, self.entropy(8))[0],
            seq=seq,
            what=what,
            kind=said.kind,
            party=spoken.party,
            event_us=moment,
            recorded_us=now,
            day=begins,
            until=said.ends,
            proxy_until=proxy_until,
            voice=spoken.voice,
            scope=said.scope,
            evidence=self._evidence(said),
            shielded=said.shielded,
            prev=prev,
        )

    def _evidence(self, said: Said) -> Evidence:
        spoken = said.spoken
        proof = None
        if spoken.authority is not None and spoken.reference:
            proof = Proof(kind=spoken.authority, reference=self.digest("authority", spoken.reference.encode()).hex())
        return Evidence(channel=spoken.channel, checked_by=spoken.checked_by, notice=said.notice, proof=proof)

    def _taken_back(self, tag: bytes, history: History, held: Hold, scope: Scope, spoken: Spoken, now: Micros) -> Event:
        remains = left(held, scope)
        moment = self._moment(spoken.happened, now, latest=held.kind in YES)
        return self._event(
            tag,
            history,
            held,
            What.withdrawn if remains is None else What.scope_changed,
            party=spoken.party,
            moment=moment,
            scope=remains,
            evidence=Evidence(channel=spoken.channel, checked_by=spoken.checked_by),
            spoken=spoken,
        )

    def _event(
        self,
        tag: bytes,
        history: History,
        held: Hold,
        what: What,
        *,
        party: PartyId,
        moment: Micros | None = None,
        scope: Scope | None = None,
        evidence: Evidence | None = None,
        spoken: Spoken | None = None,
        cause: Term | None = None,
    ) -> Event:
        now = self._now([history])
        seq, prev = chained(history.events, history.hash)
        lives = what in (What.scope_changed, What.upheld) or (what is What.rejected and scope is not None)
        happened = moment or now
        return Event(
            tag=tag.hex(),
            statement_id=held.statement_id,
            seq=seq,
            what=what,
            kind=held.kind,
            party=party,
            event_us=happened,
            recorded_us=now,
            day=legal_date(happened),
            until=held.ends if lives else None,
            proxy_until=held.proxy_until if lives else None,
            voice=held.voice if spoken is None else spoken.voice,
            scope=scope or held.scope,
            evidence=evidence,
            cause=cause,
            shielded=held.shielded,
            prev=prev,
        )

    async def _causes(self, tag: bytes, events: Sequence[Event], entry: UUID) -> tuple[RowSet, ...]:
        """What recipients must be told of because of this, durable with it and followed right after (`hub.notices`)."""
        narrowed = any(event.what is What.scope_changed for event in events)
        found = await self._histories(tag) if narrowed else {}
        ids = new_ids(len(events), self.clock.now_us(), self.entropy(8 * len(events)))
        held = {each: self._last(history) for each, history in found.items()}
        before = [None if (one := held.get(event.statement_id)) is None else one.scope for event in events]
        made = [cause_of(event, was, ref, entry) for event, was, ref in zip(events, before, ids, strict=True)]
        return tuple(cause_row(self.log_id, self.notes.operator, cause, tag) for cause in made if cause is not None)

    async def _write(
        self,
        operation: str,
        kind: StatementKind,
        tag: bytes,
        events: Sequence[Event],
        by: StaffId | None,
        claims: Sequence[Claim] = _NO_CLAIMS,
        *,
        actor: PartyId | None = None,
    ) -> Done:
        """One entry for all of it: it names each statement with the digest of its event, which binds the chain to the log."""
        made = [(event, digest_of(event, self.digest)) for event in events]
        details: dict[str, str | int] = {}
        for place, (event, digest) in enumerate(made, 1):
            mark = "" if len(made) == 1 else f"-{place}"
            details |= {f"statement{mark}": str(event.statement_id), f"event{mark}": digest.hex()}
        entry = new_ids(1, self.clock.now_us(), self.entropy(8))[0]
        noted = await self.notes.write(
            EntryKind.statement,
            operation,
            kind.value.replace("_", "-"),
            details,
            by=by,
            actor=actor or (events[0].party if events else None),
            subject=tag,
            claims=(*claims, claim_events(self.log_id, made)) if made else claims,
            touches=(touch(tag),),
            rows=await self._causes(tag, events, entry),
            ref=entry,
        )
        return Done(tuple(event.statement_id for event in events), noted.size)


def _read(number: str) -> Pgn | None:
    if Bsn.accepts(number):
        return Bsn(number)
    return Onderwijsnummer(number) if Onderwijsnummer.accepts(number) else None


def _valid(pgn: Pgn | None) -> Pgn:
    if pgn is None:
        raise Malformed("This is neither a BSN nor an onderwijsnummer.", "It does not pass the elfproef.", "Check the number.")
    return pgn


def _none() -> Refused:
    return Refused("There is no such statement.", "Nothing is recorded under this id.", "Look the person up again.")
