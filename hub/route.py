"""THE WAY of a record through the hub. Read this first: seven steps.

`admit` takes a batch of 1..n rows from the door to the log:

    1 receive      the door built `Received`: who, when, through which interface
    2 normalise    each row into our own record, or set aside
    3 decide       per record and candidate recipient: Permitted or Refused, with reasons
    4 protect      nothing but what is permitted, in the permitted form, sealed under the person's key
    5 record       into the log, together with the outbox rows: durable, in the tree, under a signed checkpoint

`release` (a recipient fetches), `send` (its own system is sent to) and `acknowledge` take what waits from the log to its
recipient:

    6 deliver      decided anew; the entry 'handed over' is recorded before the payload goes
    7 acknowledge  the recipient says that it has it, and the payload is emptied

What may not go any more, or what a recipient's system will not have, ends otherwise: `hub.endings`.

Steps 2 to 4 are pure. What they need to know is gathered before 3; what they make becomes durable in 5, all of it or nothing.
One message and a list of a million take the same way; a list's next chunks are prepared while the last one commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from uuid import UUID

from hub.acknowledge import acknowledged, to_acknowledge
from hub.again import Again, Leaving
from hub.audit.entries import EntryWriter, outcomes_of, own_refs
from hub.audit.log import Log, outcome_of
from hub.clock import legal_date
from hub.connector import Said, Sent, Sink
from hub.consent.decide import decide
from hub.consent.store import count_refusals
from hub.deliver.outbox import Outbox, hand_over
from hub.domain.ids import new_ids
from hub.domain.stages import Acknowledged, Delivered, Held, ProtectedRecord, Received, Rejected
from hub.domain.terms import Interface, Micros, PartyId
from hub.endings import Endings
from hub.errors import Conflict
from hub.gather import Gatherer, Identified
from hub.normalise import normalise
from hub.ports import Admitted, Claim, Clock, Entropy, Handed, Intake, Recorder, RecordMapping, Tally, WorkItem
from hub.protect.protector import Protector
from hub.protect.store import claim_records, rows_of
from hub.rules import Rules
from hub.together import ahead, paced, parts, settled

_ATTEMPTS = 5
_AHEAD = 3
_PART = 50


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch that went through steps 1 to 4; what is left is to make it durable."""

    received: Received
    records: Sequence[ProtectedRecord]
    item: WorkItem
    tally: Tally


@dataclass(frozen=True, slots=True)
class Route:
    """The way, with everything it needs handed in by `hub.app`; satisfies `hub.ports.Way`."""

    clock: Clock
    entropy: Entropy
    gatherer: Gatherer
    rules: Rules
    protector: Protector
    entries: EntryWriter
    recorder: Recorder
    log: Log
    outbox: Outbox
    again: Again
    endings: Endings

    async def admit(self, received: Received, mapping: RecordMapping, intake: Intake, /) -> Admitted:
        """Steps 1 to 5 for one batch. Raises Malformed where the door answers its caller, Retry when the log is away."""
        return await self._record(await self._prepare(received, mapping, intake), mapping, intake)

    async def admit_list(
        self, chunks: AsyncIterator[Received], mapping: RecordMapping, intake: Intake, /
    ) -> AsyncIterator[Admitted]:
        """Steps 1 to 5 for a list, in order. What was yielded is durable; on an error the chunk on its way may be too."""
        committing: asyncio.Task[Admitted] | None = None
        try:
            async with aclosing(ahead(chunks, lambda received: self._prepare(received, mapping, intake), _AHEAD)) as preparing:
                async for prepared in preparing:
                    if committing is not None:
                        yield await committing
                    committing = asyncio.create_task(self._record(prepared, mapping, intake))
            if committing is not None:
                yield await committing
        finally:
            if committing is not None:
                with suppress(Exception):
                    await committing

    async def _prepare(self, received: Received, mapping: RecordMapping, intake: Intake) -> Prepared:
        as_of = legal_date(received.received_us)
        identified = Identified()
        asked = received.request_id.bytes if received.interface is Interface.bevraging else b""
        async for rows in paced(parts(received.rows, _PART)):
            # 2 normalise
            canonicals, rejected = normalise(rows, mapping)
            self.gatherer.identify(identified, received.party, canonicals, rejected, as_of, asked)
        gathered = await self.gatherer.gather(received, identified, as_of)
        records: list[ProtectedRecord] = []
        async for some in paced(gathered.parts(_PART)):
            # 3 decide
            verdicts = decide(self.rules.table, some.canonicals, some.facts, some.candidates)
            # 4 protect
            records += self.protector.protect(
                some.canonicals,
                verdicts,
                some.facts,
                some.persons,
                some.content_digests,
                mapping.version,
                received.received_us,
            )
        await self.protector.link(received.party, records)
        return self._to_record(received, records, identified.rejected, gathered.duplicates, intake)

    def _to_record(
        self,
        received: Received,
        records: Sequence[ProtectedRecord],
        rejected: Sequence[Rejected],
        duplicates: int,
        intake: Intake,
    ) -> Prepared:
        """Everything of the batch that becomes durable together: entries, outbox, sealed facts, the door's own bookkeeping."""
        party, log_id, now = received.party, received.log_id, received.received_us
        single = received.interface is not Interface.file
        kept = intake.keep(received, self.protector.seal_rejected(rejected, now))
        tally = intake.tally(Tally(accepted=len(records), quarantined=len(rejected), duplicate=duplicates))
        item = WorkItem(
            request_id=received.request_id,
            party=party,
            entries=self.entries.of_verdicts(party, records),
            claims=(*intake.claims(received, tally), *claim_records(log_id, party, now, records)),
            rows=(rows_of(log_id, party, now, records), self.outbox.rows(records, now), *kept),
            closing=count_refusals(log_id, party, records, single=single),
            tally=tally,
            receipts=own_refs(records, party) if single else (),
        )
        return Prepared(received, records, item, tally)

    async def _record(self, prepared: Prepared, mapping: RecordMapping, intake: Intake) -> Admitted:
        # 5 record; where someone gave the same record first, gather again and decide anew
        for _ in range(_ATTEMPTS):
            try:
                recorded = await self.recorder.record(prepared.item)
            except Conflict:
                prepared = await self._prepare(prepared.received, mapping, intake)
                continue
            if len(recorded.receipts) < len(prepared.item.receipts):
                return await self.recall(prepared.received.party, recorded.request_id)
            outcomes = outcomes_of(prepared.records, prepared.received.party) if prepared.item.receipts else ()
            return Admitted(
                recorded.request_id, prepared.tally, outcomes, recorded.receipts, recorded.checkpoint, recorded.entries
            )
        raise Conflict("The same was recorded by someone else.", "Another process took it.", "Look it up before repeating it.")

    async def recall(self, party: PartyId, request_id: UUID, /) -> Admitted:
        """What an earlier request of this party became, read from the log."""
        found, located = await self.log.request(request_id, party)
        receipts, checkpoint = await self.log.prove(located) if located else ({}, None)
        tally = found.tally or Tally(0, 0, 0)
        entries = {ref: entry.body.decode() for ref, entry in located.items()}
        outcomes = tuple(outcome_of(entry) for entry in located.values())
        return Admitted(request_id, tally, outcomes, receipts, checkpoint, entries)

    async def release(self, recipient: PartyId, limit: int, /) -> Handed:
        """Step 6 for one page that its recipient fetches: nothing of it leaves before the log says that it does."""
        return await settled(lambda: self._release(recipient, limit))

    async def _release(self, recipient: PartyId, limit: int) -> Handed:
        after: UUID | None = None
        while True:
            now = self.clock.now_us()
            page, beyond = await self.outbox.page(recipient, limit, after)
            if not page:
                return Handed((), await self.log.checkpoint_or_none() or "", beyond)
            leaving = await self.again.look(recipient, page, legal_date(now))
            handing = self.outbox.handing_over(recipient, leaving.going, now)
            delivered, checkpoint = await self._hand_over(recipient, leaving, handing, now)
            if delivered or not beyond:
                return Handed(delivered, checkpoint, beyond)
            after = page[-1].delivery_id  # nothing of this page may go any more: look at the next

    async def release_one(self, recipient: PartyId, delivery_id: UUID, /) -> Handed:
        """Step 6 for one delivery that its recipient waits for: the answer to a question."""
        return await settled(lambda: self._release_one(recipient, delivery_id))

    async def _release_one(self, recipient: PartyId, delivery_id: UUID) -> Handed:
        now = self.clock.now_us()
        page, _ = await self.outbox.page(recipient, 1, UUID(int=delivery_id.int - 1))
        leaving = await self.again.look(recipient, [one for one in page if one.delivery_id == delivery_id], legal_date(now))
        if not leaving.going and not leaving.stopped:
            return Handed((), await self.log.checkpoint_or_none() or "", 0)
        handing = self.outbox.handing_over(recipient, leaving.going, now)
        delivered, checkpoint = await self._hand_over(recipient, leaving, handing, now)
        return Handed(delivered, checkpoint, 0)

    async def send(self, recipient: PartyId, lease_id: UUID, held: Sequence[Held], sink: Sink, /) -> Sent:
        """Steps 6 and 7 for a page that goes to its recipient's own system, leased under `lease_id`.

        Raises Conflict where the lease has passed to another process, and what `sink` raises: then it may or may not have
        arrived, and is sent again under the same ids.
        """
        now = self.clock.now_us()
        leaving = await self.again.look(recipient, held, legal_date(now))
        sending = self.outbox.sending(recipient, lease_id, leaving.going, now)
        delivered, checkpoint = await self._hand_over(recipient, leaving, sending, now)
        if not delivered:
            return Sent(Said(), frozenset())
        # 6 deliver
        said = await sink.send(delivered, checkpoint)
        await self.acknowledge(recipient, sorted(said.confirmed))
        await self.endings.fail(recipient, said.refused)
        sent = frozenset(one.delivery_id for one in delivered)
        return Sent(said, sent - said.confirmed - said.refused.keys())

    async def _hand_over(
        self, recipient: PartyId, leaving: Leaving, handing: Claim, now: Micros
    ) -> tuple[tuple[Delivered, ...], str]:
        entries, stopping = self.endings.stop(recipient, leaving, now)
        await self.recorder.record(
            WorkItem(
                request_id=self._new_id(),
                party=recipient,
                entries=(*self.entries.of_hand_over(recipient, leaving.going, leaving.located, now), *entries),
                claims=(handing, stopping),
            )
        )
        # 6 deliver
        located = {one.delivery_id: leaving.located[one.delivery_id] for one in leaving.going}
        if not located:
            return (), await self.log.checkpoint()
        receipts, checkpoint = await self.log.prove(located)
        proofs = {ref: (located[ref].body.decode(), receipts[ref]) for ref in located}
        return hand_over(recipient, leaving.going, leaving.payloads, proofs), checkpoint

    async def acknowledge(self, recipient: PartyId, delivery_ids: Sequence[UUID], /) -> tuple[Acknowledged, ...]:
        """Step 7: closes what was handed over; the same receipt twice is once. Of ids not its own nothing is said."""
        return await settled(lambda: self._acknowledge(recipient, delivery_ids))

    async def _acknowledge(self, recipient: PartyId, delivery_ids: Sequence[UUID]) -> tuple[Acknowledged, ...]:
        own = await self.outbox.own(recipient, delivery_ids)
        now = self.clock.now_us()
        closing = to_acknowledge(own)
        if closing:
            located = await self.log.locate(closing)
            await self.recorder.record(
                WorkItem(
                    request_id=self._new_id(),
                    party=recipient,
                    entries=self.entries.of_acknowledgement(recipient, own, located, now),
                    claims=(self.outbox.acknowledging(recipient, closing, now),),
                )
            )
        # 7 acknowledge
        return acknowledged(own, recipient, now)

    def _new_id(self) -> UUID:
        return new_ids(1, self.clock.now_us(), self.entropy(8))[0]
