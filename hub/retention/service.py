"""Retention of one log: what could go, proposed by one, decided by another, and carried out until nothing of it is left.

Before anything goes, an entry in the log says so; after that a crash loses nothing, for `finish` goes on with what was decided.
What stands against it is looked at once more in the very transaction that removes something.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store as audit
from hub.audit.checkpoint import make_checkpoint, open_note
from hub.audit.entry import EntryKind, parse
from hub.audit.highwater import Mark
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.tiles import WIDTH
from hub.consent.model import PolicySet
from hub.consent.policy import policy_of
from hub.consent.store import kept_policy
from hub.domain.ids import new_ids
from hub.domain.staff import Role, Staff
from hub.domain.terms import Micros, PolicyHash, PurposeId
from hub.errors import Conflict, Refused, Tampered
from hub.ports import Signer
from hub.retention import store
from hub.retention.holds import Holds, standing
from hub.retention.model import Act, Entry, Finished, Hold, Plan, Proposal, Scope, Standing
from hub.retention.plan import Judge
from hub.retention.terms import shortest

_PAGE: Final = 8 * WIDTH
"""Entries at a time; whole tiles, for a proposal names entries by tile."""
_TILES: Final = 16
"""As many as the index keeps together."""
_CHUNK: Final = 5_000
_MOST_KEPT: Final = 8
MOST: Final = 200_000
"""Entries that one decision is about; what is left is proposed next."""
_ABOUT: Final = "log"
PROPOSE: Final = "retention-propose"

Refs = Callable[[bytes], Awaitable[Collection[UUID]]]
"""The entries about the person of this tag."""
Unlink = Callable[[Sequence[UUID]], Awaitable[object]]
"""Forgets about whom these entries were, where that is kept; what is forgotten already, stays so."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The terms, redactions and prunings of one log. `policy` gives the set in use, `signer` signs where the log is cut."""

    engine: AsyncEngine
    notes: Notes
    search: Search
    signer: Signer
    holds: Holds
    policy: Callable[[], PolicySet]
    refs_of: Refs
    unlink: Unlink
    _sets: dict[PolicyHash, PolicySet | None] = field(default_factory=dict, repr=False)
    _deciding: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    # -- what could go

    async def plan(self) -> Plan:
        """How it stands with every entry, and how long a beginning of the log could be pruned. Reads the log once, in pages."""
        counts: dict[tuple[str, str], Counter[Standing]] = {}
        size, upto, gone, holds = await self._reach()
        prefix, unbroken = gone, True
        async for judge, entries in self._pages(gone, upto, holds):
            for entry in entries:
                counts.setdefault((entry.purpose, entry.kind), Counter())[judge.standing(entry)] += 1
                if unbroken and judge.may_be_pruned(entry):
                    prefix = entry.seq + 1
                else:
                    unbroken = False
        whole = prefix // WIDTH * WIDTH
        return Plan(size, counts, size - max(upto, gone), gone, max(gone, whole), tuple(holds))

    async def _reach(self) -> tuple[int, int, int, list[Hold]]:
        """The size of the log, up to which entry a term may have passed, how much was pruned, and the holds that stand."""
        while await self.search.catch_up():
            pass
        years, now, log_id = shortest(self.policy()), self.notes.clock.now_us(), self.notes.log_id
        async with store.reading(self.engine) as connection:
            size = await store.size_of(connection, log_id)
            upto = 0 if years is None else await store.before(connection, log_id, _years_before(now, years), size)
            gone = (await audit.pruned(connection, log_id)).size
            holds = await store.holds(connection, log_id)
        return size, upto, gone, [hold for hold in holds if hold.lifted_us is None]

    async def _pages(self, start: int, stop: int, holds: Sequence[Hold]) -> AsyncIterator[tuple[Judge, list[Entry]]]:
        persons = await self._persons(holds)
        async with store.reading(self.engine) as connection:
            relied = await store.relied(connection, self.notes.log_id)
        for at in range(start, stop, _PAGE):
            async with store.reading(self.engine) as connection:
                entries = await store.between(connection, self.notes.log_id, at, min(at + _PAGE, stop))
            yield await self._judge(entries, holds, persons, relied), entries

    async def _persons(self, holds: Sequence[Hold]) -> set[UUID]:
        tags = {hold.tag for hold in holds if hold.tag is not None}
        return {ref for tag in tags for ref in await self.refs_of(tag)}

    async def _judge(
        self, entries: Sequence[Entry], holds: Sequence[Hold], persons: Collection[UUID], relied: Collection[UUID]
    ) -> Judge:
        wanted = {entry.of.policy for entry in entries if entry.of is not None}
        sets = {each: await self._set(each) for each in wanted}
        return Judge(self.notes.clock.now_us(), self.policy(), sets, holds, persons, relied)

    async def _set(self, wanted: PolicyHash) -> PolicySet | None:
        if wanted not in self._sets:
            body = await kept_policy(self.engine, self.notes.log_id, wanted)
            if len(self._sets) >= _MOST_KEPT:
                self._sets.pop(next(iter(self._sets)))
            self._sets[wanted] = None if body is None else policy_of(body)
        return self._sets[wanted]

    # -- proposed

    async def propose(self, purpose: PurposeId, by: Staff) -> Proposal:
        """The officer proposes to redact what is past its term for one purpose, the oldest first.

        Raises Refused for whoever may not, and where nothing is past its term; Retry when the log cannot be written.
        """
        _check_preparer(by)
        proposal_id, now = self._new_id()
        _, upto, gone, holds = await self._reach()
        digest, count, first, after = sha256(), 0, 0, 0
        async for judge, entries in self._pages(gone, upto, holds):
            async with store.reading(self.engine) as connection:
                decided = await store.decided(connection, self.notes.log_id, entries[0].seq, entries[-1].seq)
            due = [one.seq for one in entries if one.purpose == purpose and judge.standing(one) is Standing.due]
            seqs = [seq for seq in due if seq not in decided][: MOST - count]
            if not seqs:
                continue
            first, after = first if count else seqs[0], seqs[-1] + 1
            count += len(seqs)
            digest.update(b"".join(seq.to_bytes(8) for seq in seqs))
            await self._name(proposal_id, seqs)
            if count == MOST:
                break
        if not count:
            raise _nothing()
        made = Proposal(
            proposal_id, Act.redact, purpose, count, first, after, digest.digest(), self.policy().hash, str(by.staff_id), now
        )
        return await self._propose(made, by)

    async def _name(self, proposal_id: UUID, seqs: Sequence[int]) -> None:
        await store.add_part(self.engine, self.notes.log_id, self.notes.operator, proposal_id, seqs)

    async def propose_pruning(self, by: Staff) -> Proposal:
        """The officer proposes to prune the log as far as everything in it is past its term. Raises as `propose` does."""
        _check_preparer(by)
        plan = await self.plan()
        if plan.prefix <= plan.pruned:
            raise _nothing()
        proposal_id, now = self._new_id()
        async with store.reading(self.engine) as connection:
            root = (await audit.rebuild_edge(connection, self.notes.log_id, plan.prefix)).root
        return await self._propose(
            Proposal(
                proposal_id,
                Act.prune,
                "",
                plan.prefix - plan.pruned,
                0,
                plan.prefix,
                root,
                self.policy().hash,
                str(by.staff_id),
                now,
            ),
            by,
        )

    def _new_id(self) -> tuple[UUID, Micros]:
        now = self.notes.clock.now_us()
        return new_ids(1, now, self.notes.entropy(8))[0], now

    async def _propose(self, made: Proposal, by: Staff) -> Proposal:
        rows = (store.proposal_rows(self.notes.log_id, self.notes.operator, made),)
        await self.notes.write(
            EntryKind.configuration, PROPOSE, _ABOUT, _said(made), by=by.staff_id, rows=rows, ref=made.proposal_id
        )
        return made

    async def proposals(self) -> list[Proposal]:
        """What was proposed, the newest first."""
        return await store.proposals(self.engine, self.notes.log_id)

    # -- decided

    async def approve(self, proposal_id: UUID, by: Staff) -> Finished:
        """The decision-maker decides, another than who proposed it; it is in the log before anything goes, and then it goes.

        Raises Refused for whoever may not, for what was decided already, and where anything stands against any of it by now.
        """
        if Role.decision_maker not in by.roles:
            raise Refused("You may not do this.", "Your role does not allow it.", "Ask the decision-maker to do it.")
        made = next((one for one in await self.proposals() if one.proposal_id == proposal_id), None)
        if made is None or made.by is not None:
            raise Refused("This proposal is not open.", "It was decided on, or never made.", "Look at the list of proposals.")
        if made.staff == str(by.staff_id):
            raise Refused("Who proposed it does not decide.", "That takes two persons.", "Let another decision-maker decide.")
        await self._check_proposed(made)
        try:
            async with self._deciding:
                await (self._redact(made, by) if made.act is Act.redact else self._prune(made, by))
        except Conflict:
            raise Refused(
                "This was not done.", "Someone else decided on the same entries first.", "Look at the proposals again."
            ) from None
        return await self._finish(replace(made, by=0))

    async def _check_proposed(self, made: Proposal) -> None:
        """Who proposed what is what its entry says: a row of the database makes no two persons of one."""
        async with store.reading(self.engine) as connection:
            entry = (await audit.locate(connection, self.notes.log_id, [made.proposal_id])).get(made.proposal_id)
        fields = {} if entry is None or entry.kept is None else parse(entry.kept)
        meant = {**_said(made), "staff": made.staff}
        if (fields.get("operation"), fields.get("details")) != (PROPOSE, meant):
            raise Tampered(
                "The proposal is not what the log says of it.",
                "It was changed, or made past the hub.",
                "Let nobody decide on it; keep everything, and follow ops/runbooks/log-restore.md.",
            )

    async def _redact(self, made: Proposal, by: Staff) -> None:
        digest = sha256()
        async for seqs, judge, entries in self._parts(made):
            if len(entries) < len(seqs):
                raise _changed()
            self._check(judge, entries)
            digest.update(b"".join(seq.to_bytes(8) for seq in seqs))
        if digest.digest() != made.digest:  # it would let go what no decision names
            raise _changed()
        log_id, operator, (ref, _) = self.notes.log_id, self.notes.operator, self._new_id()
        said: dict[str, str | int] = {
            "count": made.entries,
            "first": made.first,
            "after": made.after,
            "set": made.digest.hex(),
            "purpose": made.purpose,
            "policy": made.policy,
            "prepared": made.staff,
        }
        claim = store.claim_redaction(log_id, operator, made.proposal_id, ref)
        await self.notes.write(
            EntryKind.prune,
            "redact-entries",
            _ABOUT,
            said,
            by=by.staff_id,
            touches=(store.touch_lock(log_id),),
            claims=(claim,),
            ref=ref,
        )

    def _check(self, judge: Judge, entries: Sequence[Entry]) -> None:
        for entry in entries:
            now = judge.standing(entry)
            if now is Standing.hold:
                raise standing(next(hold for hold in judge.holds if replace(judge, holds=(hold,)).standing(entry) is now))
            if now is not Standing.due:
                raise _changed()

    async def _prune(self, made: Proposal, by: Staff) -> None:
        plan = await self.plan()
        if hold := next((hold for hold in plan.holds if plan.prefix < made.after), None):
            raise standing(hold)
        if plan.prefix < made.after or plan.pruned >= made.after:
            raise _changed()
        log_id, operator, (ref, _) = self.notes.log_id, self.notes.operator, self._new_id()
        async with store.reading(self.engine) as connection:
            edge = await audit.rebuild_edge(connection, log_id, made.after)
            await self._check_signed(connection, Mark(edge.size, edge.root))
        roots = edge.open[1] if len(edge.open) > 1 else b""
        note = make_checkpoint(self.signer, edge.size, edge.root)
        said: dict[str, str | int] = {
            "first": 0,
            "after": made.after,
            "root": edge.root.hex(),
            "policy": made.policy,
            "prepared": made.staff,
        }
        await self.notes.write(
            EntryKind.prune,
            "prune-prefix",
            _ABOUT,
            said,
            by=by.staff_id,
            touches=(
                store.touch_lock(log_id),
                store.keep_boundary(log_id, operator, made.after, note),
            ),
            claims=(store.claim_pruning(log_id, operator, made.after, made.proposal_id, ref, roots),),
            ref=ref,
        )

    async def _check_signed(self, connection: store.Connection, cut: Mark) -> None:
        """The log that was signed begins with this; raises Tampered, for nothing else may be signed."""
        note = await audit.newest_checkpoint(connection, self.notes.log_id)
        newest = open_note(note or "", self.signer.vkey)
        await audit.check_continues(connection, self.notes.log_id, Mark(newest.size, newest.root), cut)

    # -- carried out

    async def finish(self) -> list[Finished]:
        """Goes on with what was decided and is not done; as often as one likes, by any number of processes."""
        return [await self._finish(one) for one in await self.proposals() if one.by is not None and not one.done]

    async def _finish(self, made: Proposal) -> Finished:
        done, left = await (self._empty(made) if made.act is Act.redact else self._remove(made))
        if not left:
            await store.mark_done(
                self.engine, self.notes.log_id, self.notes.operator, made.proposal_id, self.notes.clock.now_us()
            )
        return Finished(made.proposal_id, done, left)

    async def _empty(self, made: Proposal) -> tuple[int, int]:
        done = left = 0
        async for seqs, _, entries in self._parts(made):
            going = await self._empty_part(seqs)
            done, left = done + len(going), left + len(entries) - len(going)
            # Also what went before a crash: about whom it was is forgotten at the latest now.
            await self.unlink([entry.ref for entry in entries if entry.seq in going])
        return done, left

    async def _empty_part(self, seqs: Sequence[int]) -> set[int]:
        """Empties what of these still may go; gives all that are empty now."""
        log_id = self.notes.log_id
        async with store.locked(self.engine, self.notes.log_id) as connection:
            entries = await store.these(connection, log_id, seqs)
            judge = await self._judge_now(connection, entries)
            going = {entry.seq for entry in entries if judge.standing(entry) is Standing.due}
            gone = {entry.seq for entry in entries if judge.standing(entry) is Standing.gone}
            if going:
                await store.redact(connection, log_id, self.notes.operator, going)
        return going | gone

    async def _judge_now(self, connection: store.Connection, entries: Sequence[Entry]) -> Judge:
        holds = [hold for hold in await store.holds(connection, self.notes.log_id) if hold.lifted_us is None]
        relied = await store.relied(connection, self.notes.log_id)
        return await self._judge(entries, holds, await self._persons(holds), relied)

    async def _parts(self, made: Proposal) -> AsyncIterator[tuple[list[int], Judge, list[Entry]]]:
        """What a proposal names, and the entries of it that the log still has, some tiles at a time."""
        log_id, tile = self.notes.log_id, -1
        while found := await store.parts(self.engine, log_id, made.proposal_id, tile, _TILES):
            tile, seqs = found[-1][0], [seq for _, named in found for seq in named]
            async with store.reading(self.engine) as connection:
                entries = await store.these(connection, log_id, seqs)
                judge = await self._judge_now(connection, entries)
            yield seqs, judge, entries

    async def _remove(self, made: Proposal) -> tuple[int, int]:
        """Whose entries they are is forgotten first, a chunk at a time: whole partitions of entries may go at once.

        Never before it is sure that no hold stands against it, for by that a hold about a person is known.
        """
        log_id, at, more = self.notes.log_id, 0, True
        free: frozenset[UUID] = frozenset()
        while more:
            async with store.locked(self.engine, log_id) as connection:
                holds = [hold for hold in await store.holds(connection, log_id) if hold.lifted_us is None]
                if (known := frozenset(hold.hold_id for hold in holds)) - free:
                    if await self._stands(holds, made.after):
                        return 0, made.entries
                    free = known
                if at < made.after:
                    if refs := await store.refs(connection, log_id, at, min(at + _CHUNK, made.after)):
                        await self.unlink(refs)
                    at += _CHUNK
                else:
                    more = await store.prune(connection, log_id, made.after, _CHUNK)
        return made.entries, 0

    async def _stands(self, holds: Sequence[Hold], below: int) -> bool:
        """Whether one of these holds is about anything below that place."""
        if any(hold.scope is Scope.all for hold in holds):
            return True
        async for judge, entries in self._pages(0, below, holds):
            if any(judge.standing(entry) is Standing.hold for entry in entries):
                return True
        return False


def _said(made: Proposal) -> dict[str, str | int]:
    return {"proposal": str(made.proposal_id), "act": made.act.value, "count": made.entries, "after": made.after}


def _years_before(now: Micros, years: int) -> Micros:
    """A moment whose own date `years` on is surely not over yet: whatever comes after it cannot be past its term."""
    year_us = 365 * 86_400_000_000
    return Micros(max(0, now - years * year_us))


def _check_preparer(by: Staff) -> None:
    if Role.privacy_officer not in by.roles:
        raise Refused("You may not do this.", "Your role does not allow it.", "Ask the privacy officer to propose it.")


def _nothing() -> Refused:
    return Refused("Nothing was proposed.", "Nothing is past its term that nothing stands against.", "Look again later.")


def _changed() -> Refused:
    return Refused(
        "Nothing was removed.",
        "Something of the proposal is not past its term any more, or something stands against it.",
        "Propose it anew.",
    )
