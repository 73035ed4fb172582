"""Forgetting a person: asked by one, decided by another, in the log before anything goes, and done again after a restore.

What identifies hangs on the person's key. With the key destroyed no entry of the log can be linked to them, nor to another of
theirs; not one byte of the log changes, and every root, receipt and proof stays valid. Entries that came of one message share
their moment, which the log does not hide.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from hub.audit.entry import EntryKind, parse
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.consent.explain import find_clause
from hub.consent.policy import policy_of
from hub.consent.statement import hold
from hub.consent.store import histories, kept_policy
from hub.domain.facts import YES, StatementState
from hub.domain.ids import new_ids
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.staff import Role, Staff
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Conflict, Malformed, Refused, Tampered
from hub.notices.desk import NoticeDesk
from hub.notices.model import State as NoticeState
from hub.notices.store import about as notices_about
from hub.protect.people import People
from hub.protect.seal import commit, opening
from hub.retention.holds import OPENERS, Holds, check_free
from hub.retention.model import Hold, HoldKind, Scope
from hub.retention.store import touch_lock
from hub.retention.terms import deletion_by
from hub.rights.erasure import store
from hub.rights.erasure.model import Against, Ground, Obstacle, Preview, Request, State
from hub.rights.erasure.tombs import Tombs
from hub.rights.keys import GIVEN
from hub.rights.person import note_search

ASK, ERASE, DECLINE, AGAIN = "erase-ask", "erase-person", "erase-decline", "erase-again"
_ABOUT: Final = "person"
_ASKERS: Final = frozenset({Role.privacy_officer})
_DECIDERS: Final = frozenset({Role.decision_maker, Role.fg})
_HOLDERS: Final = frozenset(OPENERS)
_KEYBOARD: Final = "keyboard"
_LOOKED: Final = "vergeten"


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Requests to forget, over one log. `tombs` keeps outside the databases who was forgotten.

    Nobody is signed in at the keyboard of the hub; whether what was asked there may be decided there is `alone`.
    """

    log: Log
    notes: Notes
    people: People
    notices: NoticeDesk
    tombs: Tombs
    alone: bool = False

    # -- asking

    async def ask(self, number: str, ground: Ground, by: Staff | None) -> Preview:
        """Prepares a request about the person with this BSN or onderwijsnummer, and says what stands against it.

        Raises Refused for whoever may not, for somebody whom the hub does not know, or where the same was asked before;
        Malformed for no such number; Retry when the log cannot be written.
        """
        _check_role(by, _ASKERS, "the privacy officer")
        pgn = _read(number)
        del number  # a traceback that shows variables shows none of ours
        person = await self.people.find(pgn)
        if person is None:
            await note_search(self.notes, _LOOKED, by)
            raise Refused(
                "There is nobody to forget.", "The hub has no key of a person with this number.", "Nothing needs to be done."
            )
        now = self.notes.clock.now_us()
        erasure_id = new_ids(1, now, self.notes.entropy(8))[0]
        made = Request(erasure_id, ground, State.asked, _who(by), now, None, None, None)
        claim = store.claim_asked(self.notes.log_id, self.notes.operator, person.tag, made)
        try:
            await self.notes.write(
                EntryKind.erasure,
                ASK,
                _ABOUT,
                {"request": str(erasure_id), "ground": ground.value},
                by=None if by is None else by.staff_id,
                subject=person.tag,
                claims=(claim,),
                ref=erasure_id,
            )
        except Conflict:
            await note_search(self.notes, _LOOKED, by, person.tag)
            raise Refused("This was asked before.", "The request waits for its decision.", "Look at the list.") from None
        return await self.preview(erasure_id)

    async def hold(self, number: str, kind: HoldKind, by: Staff | None) -> Hold:
        """From now on nothing about this person goes, here or from the log. Raises as `ask` does."""
        _check_role(by, _HOLDERS, "the privacy officer or the FG")
        pgn = _read(number)
        del number
        person = await self.people.find(pgn)
        if person is None:
            await note_search(self.notes, kind.value, by)
            raise Refused("There is nobody to hold.", "The hub has no key of a person with this number.", "Check the number.")
        return await Holds(self.log.engine, self.notes).open_hold(kind, Scope.person, by, tag=person.tag)

    async def preview(self, erasure_id: UUID) -> Preview:
        """What would go and what stands against it, now. Raises Refused for a request that does not wait."""
        made, tag = await self._waiting(erasure_id)
        found = await self.log.found(await self.people.vault.refs_of(tag, self.log.log_id))
        records, statements = await store.counts(self.log.engine, tag)
        key_files = [one for one in found.values() if f'"operation":"{GIVEN}"'.encode() in (one.kept or b"")]
        return Preview(
            erasure_id=made.erasure_id,
            entries=len(found),
            records=records,
            statements=statements,
            nos=await self._nos(tag),
            keys_given=len(key_files),
            obstacles=await self._obstacles(tag, sorted(one.seq for one in found.values())),
        )

    async def requests(self) -> list[Request]:
        """The requests, newest first."""
        return await store.requests(self.log.engine, self.log.log_id)

    # -- deciding

    async def order(self, erasure_id: UUID, by: Staff | None) -> Request:
        """Decides that the person is forgotten, and forgets them. In the log before anything goes.

        Raises Refused for whoever may not or asked it themselves, for a request that does not wait, and where a hold, a notice,
        a delivery or a recipient stands against it; Retry when the log cannot be written, Tampered where the request is another
        than was asked.
        """
        _check_role(by, _DECIDERS, "the decision-maker or the FG")
        made, tag = await self._waiting(erasure_id)
        self._check_other(made, by)
        await self._check_asked(made, tag)
        found = await self.log.found(await self.people.vault.refs_of(tag, self.log.log_id))
        if against := await self._obstacles(tag, sorted(one.seq for one in found.values())):
            raise Refused(
                "The person was not forgotten.",
                f"{_said(against)}.",
                "End that first; the request keeps waiting. 'hub rights forget show' says what stands against it.",
            )
        parties, purposes = await store.named(self.log.engine, self.log.log_id, sorted(found))
        key = (await self.people.vault.existing([tag]))[tag]
        now, nonce = self.notes.clock.now_us(), self.notes.entropy(32)
        entry = new_ids(1, now, self.notes.entropy(8))[0]
        committed = commit(opening(key, nonce), tag, self.notes.operator)
        said = {
            "request": str(erasure_id),
            "ground": made.ground.value,
            "asked": made.asked_by,
            "nonce": nonce.hex(),
            "commitment": committed.hex(),
        }
        try:
            await self.notes.write(
                EntryKind.erasure,
                ERASE,
                _ABOUT,
                said,
                by=None if by is None else by.staff_id,
                touches=(touch_lock(self.notes.log_id),),  # a hold that is opened at this moment is waited for
                claims=(store.claim_decided(erasure_id, State.ordered, _who(by), now, entry, parties | purposes),),
                rows=(store.tombstone(self.notes.log_id, self.notes.operator, tag, now),),
                ref=entry,
            )
        except Conflict:
            raise Refused(
                "The person was not forgotten.", "Somebody decided first, or opened a hold.", "Look at the request again."
            ) from None
        await self._go({tag: now})
        return await self._one(erasure_id)

    async def decline(self, erasure_id: UUID, by: Staff | None) -> Request:
        """Decides that the person is not forgotten; the request keeps no tag. Raises Refused as `order` does."""
        _check_role(by, _DECIDERS, "the decision-maker or the FG")
        made, tag = await self._waiting(erasure_id)
        self._check_other(made, by)
        now = self.notes.clock.now_us()
        entry = new_ids(1, now, self.notes.entropy(8))[0]
        await self.notes.write(
            EntryKind.erasure,
            DECLINE,
            _ABOUT,
            {"request": str(erasure_id), "ground": made.ground.value},
            by=None if by is None else by.staff_id,
            subject=tag,
            claims=(store.claim_decided(erasure_id, State.declined, _who(by), now, entry),),
            ref=entry,
        )
        return await self._one(erasure_id)

    # -- going, and going again

    async def _go(self, gone: dict[bytes, Micros]) -> int:
        """The file first: from here on it is done again whatever happens; then the key, then what stands under the tag."""
        await asyncio.to_thread(self.tombs.add, gone)
        await self.people.vault.forget(gone, self.notes.operator)
        return await store.forget(self.log.engine, sorted(gone))

    async def catch_up(self) -> int:
        """Forgets again what a crash left or a backup brought back; gives how many persons. To be run at start and hourly.

        Raises Tampered where the file of tombstones cannot be read, Retry when a database is away.
        """
        engine, vault = self.log.engine, self.people.vault
        kept, main, file = await vault.buried(), await store.buried(engine), await asyncio.to_thread(self.tombs.read)
        known = {**file, **main, **kept}
        if lost := {tag: us for tag, us in known.items() if tag not in main}:
            await store.bury(engine, self.notes.log_id, self.notes.operator, lost)
        if lost := {tag: us for tag, us in known.items() if tag not in file}:
            await asyncio.to_thread(self.tombs.add, lost)
        unburied = {tag: us for tag, us in known.items() if tag not in kept}
        back = {tag: known[tag] for tag in (*await vault.returned(), *await store.returned(engine), *unburied)}
        if back:
            await self._go(back)
            await self.notes.write(EntryKind.erasure, AGAIN, _ABOUT, {"count": len(back)})
        return len(back)

    # -- within

    async def _waiting(self, erasure_id: UUID) -> tuple[Request, bytes]:
        found = await store.request(self.log.engine, self.log.log_id, erasure_id)
        if found is None or found[1] is None or found[0].state is not State.asked:
            raise Refused(
                "This request does not wait for a decision.", "It was decided on, or there is none.", "Look at the list."
            )
        return found[0], found[1]

    async def _check_asked(self, made: Request, tag: bytes) -> None:
        """Who asked is what the log says, and about whom what the vault says: a row makes no two persons of one."""
        entry = (await self.log.found([made.erasure_id])).get(made.erasure_id)
        fields = {} if entry is None or entry.kept is None else parse(entry.kept)
        who = {} if made.asked_by == _KEYBOARD else {"staff": made.asked_by}
        meant = (ASK, {"request": str(made.erasure_id), "ground": made.ground.value, **who})
        whom = (await self.people.vault.tags_of([made.erasure_id])).get(made.erasure_id)
        if (fields.get("operation"), fields.get("details")) != meant or whom != tag:
            raise Tampered(
                "The request is another than was asked.",
                "It was changed past the hub, or the log or the vault was put back.",
                "Decline it and ask anew; keep the log as it is, and tell the FG.",
            )

    async def _one(self, erasure_id: UUID) -> Request:
        found = await store.request(self.log.engine, self.log.log_id, erasure_id)
        if found is None:
            raise Refused("There is no such request.", now="Look at the list.")
        return found[0]

    async def _nos(self, tag: bytes) -> int:
        today = legal_date(self.notes.clock.now_us())
        said = (await histories(self.log.engine, [tag])).get(tag, ())
        held = [hold(history.events, max(today, history.events[0].day)) for history in said]
        return sum(one is not None and one.kind not in YES and one.state is StatementState.given for one in held)

    def _check_other(self, made: Request, by: Staff | None) -> None:
        if made.asked_by == _who(by) and not (by is None and self.alone):
            raise Refused(
                "Who asked does not decide.", "Forgetting takes two persons.", "Let the decision-maker or the FG decide."
            )

    async def _obstacles(self, tag: bytes, seqs: list[int]) -> tuple[Obstacle, ...]:
        """What stands against it, in this log and in every other that may speak of this person."""
        others = sorted(await self.people.vault.logs_of(tag) - {self.log.log_id})
        found: list[Obstacle] = []
        for log_id in (self.log.log_id, *others):
            refs = await self.people.vault.refs_of(tag, log_id)
            try:
                await check_free(self.log.engine, log_id, tag, *await store.named(self.log.engine, log_id, refs))
            except Refused:
                found.append(Obstacle(Against.hold))
            told = await notices_about(self.log.engine, log_id, tag)
            running = Counter(one.recipient for one in told if one.state is not NoticeState.closed)
            found += [Obstacle(Against.notice, party, count) for party, count in running.items()]
        found += await self._with_recipients(tag, seqs)
        for log_id in others:
            found += await self._in_another(log_id, tag)
        return tuple(found)

    async def _in_another(self, log_id: LogId, tag: bytes) -> list[Obstacle]:
        """The same of another log of this installation: whatever was disclosed may have left, for its hub knows, not this."""
        now, engine = self.notes.clock.now_us(), self.log.engine
        recipients = await store.recipients(engine, log_id, await self.people.vault.refs_of(tag, log_id))
        found: list[Obstacle] = []
        for entry in await store.entries(engine, log_id, sorted(recipients)):
            if entry.of is None or entry.of.erased_us is not None:
                continue
            body = await kept_policy(engine, log_id, entry.of.policy)
            policy = None if body is None else policy_of(body)
            clause = None if policy is None else find_clause(policy, entry.of.agreement, entry.of.clause)
            if entry.of.unfinished:
                found.append(Obstacle(Against.waiting, recipients[entry.seq]))
            elif policy is None or clause is None:
                found.append(Obstacle(Against.held_by_recipient, recipients[entry.seq]))
            elif (until := deletion_by(policy, clause, entry.of.last_us)) >= now:
                found.append(Obstacle(Against.held_by_recipient, recipients[entry.seq], until_us=until))
        return found

    async def _with_recipients(self, tag: bytes, seqs: list[int]) -> list[Obstacle]:
        """Deliveries that wait, and recipients whose term for what they were given has not passed."""
        now = self.notes.clock.now_us()
        given = {one.delivery_id: one for one in await self.notices.notices.deliveries.about(tag)}
        waiting: Counter[PartyId] = Counter()
        until: dict[PartyId, int] = {}
        held: Counter[PartyId] = Counter()
        for entry in await store.entries(self.log.engine, self.log.log_id, seqs):
            if entry.kind != EntryKind.disclosure or entry.of is None:
                continue
            one = given.get(entry.ref)
            if entry.of.unfinished:
                waiting[one.recipient if one is not None else PartyId("recipient")] += 1
            elif one is not None and entry.of.erased_us is None:
                end = deletion_by(one.policy, one.clause, entry.of.last_us)
                if end >= now:
                    held[one.recipient] += 1
                    until[one.recipient] = max(until.get(one.recipient, 0), end)
        return [
            *(Obstacle(Against.waiting, party, count) for party, count in sorted(waiting.items())),
            *(Obstacle(Against.held_by_recipient, party, count, Micros(until[party])) for party, count in sorted(held.items())),
        ]


def _read(number: str) -> Pgn:
    if Bsn.accepts(number):
        return Bsn(number)
    if Onderwijsnummer.accepts(number):
        return Onderwijsnummer(number)
    raise Malformed("This is neither a BSN nor an onderwijsnummer.", "It does not pass the elfproef.", "Check the number.")


def _who(by: Staff | None) -> str:
    return _KEYBOARD if by is None else str(by.staff_id)


def _check_role(by: Staff | None, roles: frozenset[Role], who: str) -> None:
    if by is not None and not by.roles & roles:
        raise Refused("You may not do this.", "Your role does not allow it.", f"Ask {who} to do it.")


_SENTENCES: Final = {
    Against.hold: "a breach is open or a legal hold stands",
    Against.waiting: "deliveries wait for {recipient} ({count})",
    Against.notice: "notices to {recipient} run ({count})",
    Against.held_by_recipient: "{recipient} may still hold what it was given ({count}, until {until})",
}


def _said(against: tuple[Obstacle, ...]) -> str:
    told = [
        _SENTENCES[one.what].format(
            recipient=one.recipient, count=one.count, until="" if one.until_us is None else legal_date(one.until_us)
        )
        for one in against
    ]
    text = "; ".join(told)
    return text[:1].upper() + text[1:]
