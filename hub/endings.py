"""How a delivery ends that its recipient does not acknowledge: stopped, failed, and what someone then makes of it.

    stopped   decided anew at the moment of sending, and no longer permitted
    failed    the recipient's system would not have it: a dead letter, with its cause
    resumed   it waits again, and is decided anew when it is sent
    dropped   it goes no more, and its payload is emptied

Each ends up in the log with its reasons, in the transaction in which it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.again import Leaving
from hub.audit.entries import EntryWriter
from hub.audit.entry import OutcomeKind
from hub.audit.log import Log
from hub.deliver.outbox import Outbox
from hub.domain.ids import new_ids
from hub.domain.stages import Standing
from hub.domain.terms import Micros, PartyId, ReasonCode
from hub.ports import Claim, Clock, Draft, Entropy, Recorder, WorkItem
from hub.rules import Rules
from hub.together import settled


@dataclass(frozen=True, slots=True)
class Endings:
    """Ends deliveries, and lets them go again."""

    clock: Clock
    entropy: Entropy
    entries: EntryWriter
    recorder: Recorder
    log: Log
    outbox: Outbox
    rules: Rules

    def stop(self, recipient: PartyId, leaving: Leaving, now: Micros) -> tuple[list[Draft], Claim]:
        """The entries and the claim for what may not go any more; the caller records them with what goes."""
        ended = [(one.held.delivery_id, one.held.attempts, one.reasons) for one in leaving.stopped]
        entries = self.entries.of_endings(
            OutcomeKind.stopped, "stop", recipient, ended, leaving.located, self.rules.policy.hash, now
        )
        causes = [(delivery, reasons[0]) for delivery, _, reasons in ended]
        return entries, self.outbox.ending(recipient, causes, "stopped", now)

    async def fail(self, recipient: PartyId, causes: Mapping[UUID, ReasonCode]) -> tuple[UUID, ...]:
        """What the recipient's system will not have, each for its cause. Gives those that were still handed over."""

        def claim(ids: Sequence[UUID], now: Micros) -> Claim:
            return self.outbox.ending(recipient, [(ref, causes[ref]) for ref in ids], "failed", now)

        return await self._turn(recipient, causes, OutcomeKind.failed, "fail", lambda one: one.handed, claim)

    async def resume(self, recipient: PartyId, delivery_ids: Sequence[UUID]) -> tuple[UUID, ...]:
        """Lets what failed or was stopped wait again. Gives those that do."""

        def claim(ids: Sequence[UUID], _now: Micros) -> Claim:
            return self.outbox.resuming(recipient, ids)

        reasons: dict[UUID, ReasonCode | None] = dict.fromkeys(delivery_ids)
        return await self._turn(recipient, reasons, OutcomeKind.resumed, "resume", lambda one: one.ended, claim)

    async def drop(self, recipient: PartyId, causes: Mapping[UUID, ReasonCode]) -> tuple[UUID, ...]:
        """Gives up what failed or was stopped, each for its cause. Gives those that were given up."""

        def claim(ids: Sequence[UUID], now: Micros) -> Claim:
            return self.outbox.dropping(recipient, ids, now)

        return await self._turn(recipient, causes, OutcomeKind.dropped, "drop", lambda one: one.ended, claim)

    async def _turn(
        self,
        recipient: PartyId,
        causes: Mapping[UUID, ReasonCode] | Mapping[UUID, ReasonCode | None],
        outcome: OutcomeKind,
        operation: str,
        concerns: Callable[[Standing], bool],
        claim: Callable[[Sequence[UUID], Micros], Claim],
    ) -> tuple[UUID, ...]:
        async def work() -> tuple[UUID, ...]:
            own = [one for one in await self.outbox.own(recipient, list(causes)) if concerns(one)] if causes else []
            if not own:
                return ()
            now, ids = self.clock.now_us(), [one.delivery_id for one in own]
            located = await self.log.locate(ids)
            turned = [(one.delivery_id, one.attempts, _known(causes[one.delivery_id])) for one in own]
            entries = self.entries.of_endings(outcome, operation, recipient, turned, located, self.rules.policy.hash, now)
            request_id = new_ids(1, now, self.entropy(8))[0]
            await self.recorder.record(WorkItem(request_id, recipient, entries, claims=(claim(ids, now),)))
            return tuple(ids)

        return await settled(work)


def _known(cause: ReasonCode | None) -> tuple[ReasonCode, ...]:
    return () if cause is None else (cause,)
