"""Takes reports that young persons were told, and reads from the log who still has to be.

A recipient owes it from the moment that it said it has the data; what was only handed over comes again until it says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, event
from hub.audit.notes import OPERATION, Notes
from hub.audit.search import Search
from hub.clock import legal_date
from hub.consent.explain import find_clause
from hub.consent.model import Permit, PolicySet
from hub.consent.policy import policy_of
from hub.consent.store import kept_policy
from hub.domain.ids import new_ids
from hub.domain.terms import AgreementId, ClauseId, Micros, PartyId, PolicyHash
from hub.errors import Fault, Malformed
from hub.ports import About, Draft, WorkItem
from hub.rights.informing import store
from hub.rights.informing.model import MOST, Duty, Informed, Reported, Standing, Telling, last_day, teller_of
from hub.together import settled

RECORD: Final = "inform-record"
_ABOUT: Final = "informing"
_PAGE: Final = 5_000
_MOST_KEPT: Final = 8
_LONGEST: Final = timedelta(days=366)
"""How long before a decision somebody may have been told of it: in the talk in which the giver announced it."""


@dataclass(frozen=True, slots=True)
class Informing:
    """The duty to inform over one log. `whose` says whom entries are about, by tag."""

    engine: AsyncEngine
    search: Search
    notes: Notes
    whose: Callable[[Collection[UUID]], Awaitable[Mapping[UUID, bytes]]]
    _sets: dict[PolicyHash, PolicySet | None] = field(default_factory=dict, repr=False)

    async def record(self, telling: Telling, caller: PartyId | None) -> Reported:
        """Records that the young persons of these deliveries were told; `caller` is who did, None at the keyboard of the hub.

        What was reported before stands as it was. Raises Malformed for no or too many deliveries or a day that cannot be,
        Retry when the log cannot be written.
        """
        if not 0 < len(telling.deliveries) <= MOST:
            raise _impossible(Fault("bezorgingen", "AANTAL_ONGELDIG"))
        if telling.day > legal_date(self.notes.clock.now_us()):
            raise _impossible(Fault("datum", "DATUM_VOLGORDE"))
        return await settled(lambda: self._record(telling, caller))

    async def _record(self, telling: Telling, caller: PartyId | None) -> Reported:
        asked = tuple(dict.fromkeys(telling.deliveries))
        theirs: dict[UUID, tuple[PartyId, PartyId, Permit]] = {}
        for ref, said in (await store.entries(self.engine, self.notes.log_id, asked)).items():
            if said["kind"] != EntryKind.disclosure:
                continue
            teller, clause = await self._told_by(said)
            if clause is not None and caller in (None, teller):
                theirs[ref] = teller, PartyId(said["recipient"]), clause
                if telling.day < legal_date(Micros(said["us"])) - _LONGEST:
                    raise _impossible(Fault("datum", "DATUM_VOLGORDE"))
        before = await store.told_of(self.engine, self.notes.log_id, theirs)
        if fresh := {ref: one for ref, one in theirs.items() if ref not in before}:
            await self._write(telling, fresh)
        return Reported(
            stands=tuple(ref for ref in asked if ref in theirs), unknown=tuple(ref for ref in asked if ref not in theirs)
        )

    async def _write(self, telling: Telling, fresh: Mapping[UUID, tuple[PartyId, PartyId, Permit]]) -> None:
        notes, now = self.notes, self.notes.clock.now_us()
        tags = await self.whose(fresh)
        request, *refs = new_ids(len(fresh) + 1, now, notes.entropy(8 * (len(fresh) + 1)))
        told: dict[UUID, Informed] = {}
        entries: list[Draft] = []
        subjects: list[About] = []
        for ref, (delivery, (teller, recipient, clause)) in zip(refs, fresh.items(), strict=True):
            text = telling.text or sha256(clause.duty_to_inform.text.encode()).digest()
            told[delivery] = Informed(telling.day, teller, ref, text, telling.text is not None)
            said: dict[str, str | int] = {
                "delivery": str(delivery),
                "recipient": recipient,
                "day": int(telling.day.strftime("%Y%m%d")),
                "text": text.hex(),
                "form": "agreement" if telling.text is None else "own",
            }
            entries.append(event(EntryKind.statement, notes.log_id, ref, teller, RECORD, OPERATION, _ABOUT, said))
            if delivery in tags:
                subjects.append(About(teller, tags[delivery], ref))
        await notes.subjects.link(subjects)
        actor = next(iter(fresh.values()))[0]
        claim = store.claim_told(notes.log_id, told, now)
        await notes.recorder.record(WorkItem(request, actor, entries, claims=(claim,)))

    async def catch_up(self) -> None:
        """Reads what arrived at recipients since. Any number of processes may: they would write the same."""
        while await self.search.catch_up():
            pass
        begin, size = await store.reached(self.engine, self.notes.log_id)
        while begin < size:
            stop = min(begin + _PAGE, size)
            got = await store.arrived(self.engine, self.notes.log_id, begin, stop)
            said = await store.entries(self.engine, self.notes.log_id, got) if got else {}
            duties = [await self._duty(ref, said[ref], us) for ref, us in got.items() if ref in said]
            await store.add(self.engine, self.notes.log_id, self.notes.operator, duties, stop)
            begin = stop

    async def _duty(self, ref: UUID, said: Mapping[str, Any], us: Micros) -> Duty:
        teller, clause = await self._told_by(said)
        return Duty(
            delivery_id=ref,
            recipient=PartyId(said["recipient"]),
            teller=teller,
            agreement=AgreementId(said["agreement"]),
            clause=ClauseId(said["clause"]),
            policy=PolicyHash(said["policy"]),
            exempt=clause is not None and clause.duty_to_inform.exception is not None,
            received_us=us,
            due_on=last_day(us, clause),
        )

    async def standing(self) -> Sequence[Standing]:
        """How it stands per recipient and clause, up to now."""
        await self.catch_up()
        return await store.standing(self.engine, self.notes.log_id, legal_date(self.notes.clock.now_us()))

    async def late(self, of: Standing, most: int) -> Sequence[UUID]:
        """The oldest deliveries of one recipient and clause of which nobody told the young person in time."""
        return await store.late(self.engine, self.notes.log_id, of, legal_date(self.notes.clock.now_us()), most)

    async def clause(self, policy: PolicyHash, agreement: AgreementId, clause: ClauseId) -> Permit | None:
        """The clause as that policy set has it; None where the set is not kept."""
        kept = await self._set(policy)
        return None if kept is None else find_clause(kept, agreement, clause)

    async def _told_by(self, said: Mapping[str, Any]) -> tuple[PartyId, Permit | None]:
        """Who tells of a disclosure, and its clause; the recipient does where the set of then is not kept."""
        source, recipient, policy = PartyId(said["source"]), PartyId(said["recipient"]), PolicyHash(said["policy"])
        clause = await self.clause(policy, AgreementId(said["agreement"]), ClauseId(said["clause"]))
        kept = await self._set(policy)
        return (recipient, None) if clause is None or kept is None else (teller_of(kept, clause, source, recipient), clause)

    async def _set(self, wanted: PolicyHash) -> PolicySet | None:
        if wanted not in self._sets:
            body = await kept_policy(self.engine, self.notes.log_id, wanted)
            if body is None:
                return None
            if len(self._sets) >= _MOST_KEPT:
                self._sets.pop(next(iter(self._sets)))
            self._sets[wanted] = policy_of(body)
        return self._sets[wanted]


def _impossible(fault: Fault) -> Malformed:
    return Malformed(
        "That somebody was told is not recorded.",
        "No delivery is named or too many, or the day lies ahead or long before.",
        f"Name 1 to {MOST} deliveries, and the day on which it was done.",
        faults=(fault,),
    )
