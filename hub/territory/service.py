"""Moves what waits for a party that ended to the one that follows it: looked at first, ordered by one, confirmed by another.

Each batch is durable by itself: outbox, log and what became of each delivery in one transaction. Killed half-way, what was not
yet done still waits as it did, and the same move finishes it; nothing is moved twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from hub.again import Again
from hub.audit.entry import DisclosureTemplate, EntryKind, OutcomeKind
from hub.audit.ledger import Ledger
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.domain.glass import check_second, check_whole
from hub.domain.ids import new_ids
from hub.domain.staff import StaffId
from hub.domain.tenure import Succession
from hub.domain.terms import PartyId
from hub.endings import Endings
from hub.errors import Conflict, Refused, Tampered
from hub.identity.store import registered
from hub.ports import About, Claim, Draft, WorkItem
from hub.protect.onward import Onward
from hub.territory import store
from hub.territory.model import (
    CLOSED,
    FOLLOWED,
    NOBODY,
    Act,
    Became,
    Does,
    Glass,
    Hanging,
    Move,
    Named,
    Preview,
    Resupply,
    State,
    held,
    says,
)
from hub.territory.store import Went
from hub.territory.weighing import Scales, weigh
from hub.together import settled

CHUNK: Final = 250
"""Deliveries that are moved in one transaction."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves of one hub. `instances` are its connector instances by the party that they are of."""

    notes: Notes
    again: Again
    endings: Endings
    instances: Mapping[PartyId, Sequence[str]]
    ledger: Ledger[Act]

    # -- looking

    def succession(self, old: PartyId, new: PartyId) -> Succession:
        """That `new` follows `old`, whenever. Raises Refused where the regions do not say so."""
        found = [one for one in self.again.rules.regions.successions if (one.old, one.new) == (old, new)]
        if not found:
            raise Refused(
                f"{new} does not follow {old}.",
                "The regions of the policy set in use name no merger, division or other contactgemeente that makes it so.",
                "See 'hub region changes'; propose a set with the change in it ('hub policy propose').",
            )
        return found[0]

    async def hanging(self, party: PartyId, new: PartyId | None = None, *, named: Sequence[Named] | None = None) -> Hanging:
        """What hangs on a party today."""
        engine, log_id, rules = self.again.engine, self.notes.log_id, self.again.rules
        day = legal_date(self.notes.clock.now_us())
        said = await store.naming(engine, log_id, party, day, self.again.digest) if named is None else named
        waiting, people = await store.waiting(engine, log_id, party)
        signed = {
            one.id: {each.id for each in one.parties if each.acceded <= day and (each.left is None or day < each.left)}
            for one in rules.policy.agreements
            if one.effective.start <= day < one.effective.until and one.id not in rules.life.shut
        }
        theirs = tuple(name for name, parties in signed.items() if party in parties)
        return Hanging(
            party,
            new,
            waiting,
            people,
            await store.notices(engine, log_id, party),
            tuple(self.instances.get(party, ())),
            tuple(one.client_id for one in await registered(engine, log_id) if one.active and one.party == party),
            theirs,
            tuple(name for name in theirs if new is not None and new not in signed[name]),
            sum(one.yes for one in said),
            sum(not one.yes for one in said),
        )

    async def preview(self, old: PartyId, new: PartyId) -> Preview:
        """What a move would do as things are now; changes nothing. Raises Refused where `new` does not follow `old`."""
        one = self.succession(old, new)
        day = max(legal_date(self.notes.clock.now_us()), one.day)
        became: Counter[Became] = Counter()
        sources: Counter[PartyId] = Counter()
        after: UUID | None = None
        while page := await store.page(self.again.engine, self.notes.log_id, old, None, after, CHUNK):
            after = page[-1].held.delivery_id
            for each in (await weigh(self.again, old, new, page, day)).weighed:
                became[each.became] += 1
                if each.became is Became.resupply:
                    sources[each.waits.held.source] += 1
        today = legal_date(self.notes.clock.now_us())
        named = await store.naming(self.again.engine, self.notes.log_id, old, today, self.again.digest)
        return Preview(one, await self.hanging(old, new, named=named), dict(became), dict(sources), tuple(named))

    async def all(self) -> list[Move]:
        """The moves, newest first; of one that is not as the log says the state is `doubted`."""
        return await self._held(await store.moves(self.again.engine, self.notes.log_id))

    async def _held(self, moves: Sequence[Move]) -> list[Move]:
        return await proven(self.ledger, moves)

    async def find(self, move_id: UUID) -> Move:
        """One move. Raises Refused where there is none, Tampered where it is not as the log says."""
        found = await self._held(await store.moves(self.again.engine, self.notes.log_id, move_id))
        if not found:
            raise Refused("There is no such move.", "Nobody ordered one under that id.", "See 'hub region moves'.")
        if found[0].state is State.doubted:
            raise Tampered(
                "This move is not as the log says.",
                "It was put into the database past the hub, or changed there.",
                "Nothing moves by it. Stop, keep everything, and call the privacy officer.",
            )
        return found[0]

    async def resupply(self, move_id: UUID) -> list[Resupply]:
        """What its sources must give anew; by ids alone."""
        await self.find(move_id)
        return await store.resupply(self.again.engine, self.notes.log_id, move_id)

    # -- deciding

    async def order(self, old: PartyId, new: PartyId, by: StaffId) -> Move:
        """Asks for a move; nothing moves before somebody else confirms it. Raises Refused before the day, or asked already."""
        move = self._new(old, new, str(by))
        await self._keep(Does.order, move, by)
        return move

    async def break_glass(self, old: PartyId, new: PartyId, glass: Glass, by: StaffId | None) -> Move:
        """Orders and confirms a move alone, for a reason that the log keeps; a second person looks at it within three days.

        Raises Refused where another such move from `old` was not looked at yet.
        """
        for other in await self.all():
            check_whole(other.broken if other.old == old else None)
        asked = self._new(old, new, str(by or NOBODY))
        move = replace(asked, state=State.confirmed, confirmed_by=asked.ordered_by, confirmed_us=asked.ordered_us, glass=glass)
        await self._keep(Does.glass, move, by)
        return move

    async def approve(self, move_id: UUID, by: StaffId | None) -> Move:
        """A second person has looked at a move that one did alone, and stands by it. Raises Refused for the same person."""
        move = await self.find(move_id)
        check_second(move.broken, str(by or NOBODY))
        await self._act(Does.approve, move, by, ())
        return await self.find(move_id)

    async def unconfirmed(self) -> list[Move]:
        """The moves that one person did alone and nobody looked at since."""
        return [move for move in await self.all() if move.broken is not None]

    async def confirm(self, move_id: UUID, by: StaffId) -> Move:
        """Confirms what somebody else ordered. Raises Refused for the same person, or where it does not wait for that."""
        move = await self.find(move_id)
        if move.ordered_by == str(by):
            raise Refused("You ordered this move yourself.", "It takes two persons.", "Have somebody else confirm it.")
        await self._turn(Does.confirm, move, State.ordered, State.confirmed, by)
        return await self.find(move_id)

    async def withdraw(self, move_id: UUID, by: StaffId) -> None:
        """Takes back an order that nobody confirmed. Raises Refused where somebody did."""
        await self._turn(Does.withdraw, await self.find(move_id), State.ordered, State.withdrawn, by)

    # -- carrying out

    async def carry(self, move_id: UUID) -> Move:
        """Moves what is left to move, batch by batch; repeated, it does what came since. Raises Refused unless it is confirmed
        and the set in use still says so: it may be another one than when it was ordered."""
        move = await self.find(move_id)
        if move.state not in (State.confirmed, State.done):
            raise Refused("This move is not confirmed.", "A second person must do that.", "See 'hub region confirm'.")
        self._check_day(self.succession(move.old, move.new))
        done, after = 0, None
        while True:
            count, last = await settled(lambda start=after: self._batch(move, start))  # type: ignore[misc]  # bound at once
            if last is None:
                break
            done, after = done + count, last
        if done or move.state is State.confirmed:
            await self._finished(move)
        return await self.find(move_id)

    async def _batch(self, move: Move, after: UUID | None) -> tuple[int, UUID | None]:
        """One batch; how many were dealt with, and the last that was looked at: None where there is nothing left."""
        now = self.notes.clock.now_us()
        page = await store.page(self.again.engine, self.notes.log_id, move.old, move.move_id, after, CHUNK)
        if not page:
            return 0, None
        scales = await weigh(self.again, move.old, move.new, page, legal_date(now))
        onward = await self.again.protector.pass_on(
            move.new,
            [
                (one.waits.held, one.grant, one.known)
                for one in scales.weighed
                if one.grant is not None and one.known is not None
            ],
            scales.facts,
            scales.payloads,
            now,
        )
        went = list(_went(scales, onward))
        if went:
            # Whom the new entries are about is known before they are written, so that each is found when that person asks.
            source = {each.waits.held.delivery_id: each.waits.held for each in went}
            abouts = [About(source[old].source, source[old].subject_tag, one.ref) for old, one in onward.items()]
            await self.notes.subjects.link(abouts)
            await self.notes.recorder.record(
                WorkItem(
                    request_id=self._ref(),
                    party=self.notes.operator,
                    entries=(*self._closings(move, went, scales), *self._disclosures(went)),
                    claims=store.claim_batch(self.notes.log_id, move, went, now),
                    rows=store.rows_of(self.notes.log_id, went, scales.facts, now),
                )
            )
        return len(went), page[-1].held.delivery_id

    def _closings(self, move: Move, went: Sequence[Went], scales: Scales) -> list[Draft]:
        """That the old recipient gets it no more, and why."""
        ended = [(one.waits.held.delivery_id, one.waits.held.attempts, (one.reason or CLOSED,)) for one in went]
        policy = self.again.rules.policy.hash
        return self.endings.entries.of_endings(
            OutcomeKind.stopped, "region-move", move.old, ended, scales.located, policy, self.notes.clock.now_us()
        )

    def _disclosures(self, went: Sequence[Went]) -> list[Draft]:
        """That the new recipient is to get it, on what ground and in which form."""
        templates: dict[tuple[object, ...], DisclosureTemplate] = {}
        found: list[Draft] = []
        for one in went:
            if one.onward is None or one.candidate is None or one.grant is None:
                continue
            kind = one.waits.held.record_kind
            key = (id(one.grant), one.candidate, kind)
            if key not in templates:
                templates[key] = DisclosureTemplate(
                    self.notes.log_id, self.notes.operator, one.candidate, one.grant, kind, "region-move"
                )
            on = one.onward
            found.append(templates[key].draft(on.ref, on.digest, on.facts_digest, on.nonce, on.commitment))
        return found

    # -- writing it down

    def _new(self, old: PartyId, new: PartyId, by: str) -> Move:
        one, now = self.succession(old, new), self.notes.clock.now_us()
        self._check_day(one)
        return Move(self._ref(), old, new, one.day, State.ordered, by, now, None, None, None, None)

    def _check_day(self, one: Succession) -> None:
        if legal_date(self.notes.clock.now_us()) < one.day:
            raise Refused(
                f"{one.new} does not follow {one.old} yet.",
                f"It does so from {one.day} on; until then the old one is the recipient.",
                "Look with --dry-run now, and order it on that day.",
            )

    async def _keep(self, does: Does, move: Move, by: StaffId | None) -> None:
        claim = store.claim_order(self.notes.log_id, self.notes.operator, move)
        try:
            await self._act(does, move, by, (claim,))
        except Conflict:
            raise Refused(
                "This move waits for its second person already.", "Somebody ordered it.", "See 'hub region moves'."
            ) from None

    async def _turn(self, does: Does, move: Move, was: State, state: State, by: StaffId) -> None:
        us = self.notes.clock.now_us() if state is State.confirmed else None
        claim = store.claim_turn(move.move_id, was, state, str(by) if us is not None else None, us)
        try:
            await self._act(does, move, by, (claim,))
        except Conflict:
            raise Refused(
                "This move does not wait for that.", "It was confirmed or withdrawn before.", "See 'hub region moves'."
            ) from None

    async def _finished(self, move: Move) -> None:
        found = await self.find(move.move_id)
        claim = store.claim_turn(move.move_id, found.state, State.done, done=self.notes.clock.now_us())
        counts = {f"count-{what.value}": count for what, count in found.became.items()}
        await self._act(Does.done, found, None, (claim,), counts)

    async def _act(
        self, does: Does, move: Move, by: StaffId | None, claims: Sequence[Claim], more: Mapping[str, int] | None = None
    ) -> None:
        """What is done, in the log and beside the move together. Raises Conflict where something else was done first."""
        reason = move.glass.value if does is Does.glass and move.glass is not None else ""
        us, who, seq = self.notes.clock.now_us(), str(by or NOBODY), len(move.acts) + 1
        act = Act(move.move_id, seq, does, who, self._ref(), us, move.old, move.new, reason)
        details: dict[str, str | int] = {"move": str(move.move_id), "old": str(move.old), "new": str(move.new), **(more or {})}
        await self.notes.write(
            EntryKind.configuration,
            does.operation,
            "move",
            {**details, "reason": reason} if reason else details,
            by=by,
            ref=act.ref,
            claims=claims,
            rows=(store.act_row(self.notes.log_id, self.notes.operator, act),),
        )

    def _ref(self) -> UUID:
        return new_ids(1, self.notes.clock.now_us(), self.notes.entropy(8))[0]


def _went(scales: Scales, onward: Mapping[UUID, Onward]) -> list[Went]:
    """All that something becomes of; what stays is left as it is, and so is what is about somebody who was just erased."""
    found: list[Went] = []
    for one in scales.weighed:
        on = onward.get(one.waits.held.delivery_id)
        if one.became is Became.moved and on is not None:
            found.append(Went(one.waits, one.became, FOLLOWED, one.candidate, one.grant, on))
        elif one.became in (Became.refused, Became.resupply):
            found.append(Went(one.waits, one.became, one.reason))
    return found


def ledger_of(log: Log) -> Ledger[Act]:
    """What was done with moves, held against this log."""
    return Ledger(log, lambda act: act.ref, says)


async def proven(ledger: Ledger[Act], moves: Sequence[Move]) -> list[Move]:
    """The moves as their acts bear them out."""
    found = await ledger.proven([act for move in moves for act in move.acts])
    return [held(move, {act: found[act].place for act in move.acts if act in found}) for move in moves]
