"""Deliveries as an administrator mends them: who waits for whom and until when; what failed; holding a recipient.

Whatever is done is in the log before it happens, and each part of it is durable by itself: killed half-way, what was not yet
done still stands as it did, and the same act finishes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.consent.check import CARRIED
from hub.consent.model import Deadline, Permit, Side
from hub.deliver.lease.store import claim_hold, claim_try
from hub.deliver.overview import store
from hub.deliver.overview.store import Ended, Group, One, System
from hub.domain.staff import Staff
from hub.domain.terms import LogId, Micros, PartyId, ReasonCode
from hub.domain.territory import Party
from hub.endings import Endings
from hub.errors import Conflict, Refused
from hub.mend.source import staff_id
from hub.ports import Clock
from hub.rules import Rules

CHUNK: Final = 250
"""Deliveries that are turned in one transaction."""
OFTEN: Final = 3
"""As often as a recipient may fetch the same before it stands out that it does not acknowledge it."""
GIVEN_UP: Final = ReasonCode("NIET_MEER_NODIG")
_DAY_US: Final = 86_400_000_000
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


class HoldReason(StrEnum):
    """Why nothing goes to a recipient for now; closed, so that the log has no room for anything else."""

    asked = "ONTVANGER_VRAAGT"
    maintenance = "ONDERHOUD"
    trouble = "STORING_GEMELD"
    doubt = "TWIJFEL_INHOUD"
    incident = "INCIDENT"


HOLD_REASONS: Final[Mapping[HoldReason, str]] = MappingProxyType(
    {
        HoldReason.asked: "De ontvanger vraagt erom.",
        HoldReason.maintenance: "Er is onderhoud bij de ontvanger.",
        HoldReason.trouble: "De ontvanger meldt een storing.",
        HoldReason.doubt: "Er is twijfel of de gegevens kloppen.",
        HoldReason.incident: "Er is een beveiligingsincident of een vermoeden daarvan.",
    }
)
"""The reasons in the words of the desk."""


class DropReason(StrEnum):
    """Why a delivery goes no more; closed."""

    elsewhere = "LANGS_ANDERE_WEG"
    withdrawn = "GEVER_TROK_IN"
    again = "OPNIEUW_AANGELEVERD"
    misdirected = "VERKEERDE_ONTVANGER"


DROP_REASONS: Final[Mapping[DropReason, str]] = MappingProxyType(
    {
        DropReason.elsewhere: "De ontvanger heeft de gegevens langs een andere weg gekregen.",
        DropReason.withdrawn: "De gever heeft de melding ingetrokken.",
        DropReason.again: "De gever heeft de melding verbeterd en opnieuw aangeleverd.",
        DropReason.misdirected: "Deze ontvanger hoort de gegevens niet te krijgen.",
    }
)
"""The reasons in the words of the desk."""


@dataclass(frozen=True, slots=True)
class Due:
    """The last day on which the recipient must have the oldest that waits, in `left` days (below nought: late), and why."""

    day: date
    left: int
    agreement: str
    article: str
    text_nl: str

    @property
    def overdue(self) -> bool:
        """Whether that day has passed."""
        return self.left < 0

    @property
    def until_us(self) -> int:
        """Its last minute."""
        return _midnight_us(self.day + timedelta(days=1)) - 60_000_000


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing goes to the recipient, because somebody decided so."""

    reason: HoldReason | None
    since_us: int


@dataclass(frozen=True, slots=True)
class Down:
    """The recipient's system does not take what is sent: how often in a row, since when, why, and when it is tried again.

    `system` is the instance that sends, where the recipient has several systems and it is not the first of them.
    """

    failures: int
    since_us: int | None
    cause: ReasonCode | None
    next_us: int
    system: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One recipient: how many young people wait, with how many deliveries, of which `late` people past their deadline.

    `handed` deliveries are sent or fetched and not acknowledged. `pushed`: we send; otherwise the recipient fetches, and is
    `silent` when it fetched the same `OFTEN` times without acknowledging it, or fetched nothing for a day.
    """

    recipient: PartyId
    name: str
    pushed: bool
    people: int
    late: int
    deliveries: int
    handed: int
    oldest_us: int | None
    due: Due | None
    hold: Hold | None
    down: Down | None
    succeeded_us: int | None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Queue:
    """Every recipient, what hurts most first; each young person counts once in `people` and `late`."""

    recipients: tuple[Waiting, ...]
    people: int
    late: int


class Deliveries:
    """What waits for recipients or ended without them. `pushed`: the recipients that are sent to."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        notes: Notes,
        endings: Endings,
        rules: Rules,
        clock: Clock,
        pushed: Collection[PartyId],
    ) -> None:
        self._engine, self._log_id, self._notes, self._endings = engine, log_id, notes, endings
        self._rules, self._clock, self._pushed = rules, clock, frozenset(pushed)

    def sends_to(self, pushed: Collection[PartyId]) -> None:
        """From now on these are the recipients that are sent to."""
        self._pushed = frozenset(pushed)

    async def queue(self) -> Queue:
        """Everything that waits, and how each recipient stands."""
        today = legal_date(self._clock.now_us())

        def late_before(group: Group) -> int | None:
            term = self._term(group)
            return None if term is None else _midnight_us(today - timedelta(days=term[0].days))

        found = await store.queue(self._engine, self._log_id, late_before)
        systems = {one.recipient: one for one in found.systems}
        names = sorted({*systems, *self._pushed, *(one.recipient for one in found.groups)})
        recipients = [
            self._waiting(
                name,
                [one for one in found.groups if one.recipient == name],
                systems.get(name),
                today,
                found.people_of.get(name, 0),
                found.late_of.get(name, 0),
            )
            for name in names
        ]
        return Queue(tuple(sorted(recipients, key=_hurt)), found.people, found.late)

    async def waiting(self) -> list[Waiting]:
        """Every recipient, what hurts most first."""
        return list((await self.queue()).recipients)

    def quiet(self, queue: Queue) -> list[Party]:
        """The other parties that something may go to, by name: nothing waits for them, and they too can be held."""
        clauses = [clause for one in self._rules.policy.agreements for clause in one.clauses if clause.record in CARRIED]
        sides = [clause.recipient for clause in clauses if isinstance(clause, Permit)]
        shown = {one.recipient for one in queue.recipients}
        found = [
            party
            for party in self._rules.policy.parties.values()
            if party.id not in shown and any(_is(side, party) for side in sides)
        ]
        return sorted(found, key=lambda party: party.name)

    async def find(self, recipient: PartyId) -> Waiting | None:
        """One recipient, if it is a party of the policy or something waits for it."""
        found = next((one for one in await self.waiting() if one.recipient == recipient), None)
        if found is None and recipient in self._rules.policy.parties:
            return self._waiting(recipient, [], None, legal_date(self._clock.now_us()), 0, 0)
        return found

    async def failed(self, recipient: PartyId | None = None, cause: ReasonCode | None = None) -> list[Ended]:
        """Dead letters by recipient and cause."""
        return await store.ended(self._engine, self._log_id, "failed", recipient, cause)

    async def failed_due(self) -> dict[PartyId, Due]:
        """Per recipient with dead letters the deadline of the oldest of them."""
        today = legal_date(self._clock.now_us())
        found: dict[PartyId, list[Due]] = {}
        for group in await store.failed_groups(self._engine, self._log_id):
            if (due := self._due(group, today)) is not None:
                found.setdefault(group.recipient, []).append(due)
        return {recipient: min(dues, key=lambda due: due.day) for recipient, dues in found.items()}

    async def stopped(self, recipient: PartyId | None = None, cause: ReasonCode | None = None) -> list[Ended]:
        """What was no longer permitted when it should go, by recipient and cause."""
        return await store.ended(self._engine, self._log_id, "stopped", recipient, cause)

    async def ones(
        self, recipient: PartyId, cause: ReasonCode | None = None, *, after: UUID | None = None, limit: int = 100
    ) -> list[One]:
        """The single deliveries that failed or were stopped, in the order in which they came."""
        return await store.ones(self._engine, self._log_id, recipient, cause, None, after, limit)

    async def count(self, recipient: PartyId, chosen: Sequence[UUID] | ReasonCode) -> tuple[int, int]:
        """How many deliveries `resume` or `drop` would turn, and how many young people they are about."""
        return await store.count(self._engine, self._log_id, recipient, *_chosen(chosen))

    async def resume(self, recipient: PartyId, chosen: Sequence[UUID] | ReasonCode, by: Staff | None) -> int:
        """Lets them wait again, decided anew when they are sent; gives how many do. Raises Refused where there are none."""
        await self._note("resume-deliveries", recipient, chosen, by, {})
        done, after = 0, None
        while page := await self._page(recipient, chosen, after):
            after = page[-1]
            done += len(await self._endings.resume(recipient, page))
        return done

    async def drop(self, recipient: PartyId, chosen: Sequence[UUID] | ReasonCode, reason: DropReason, by: Staff | None) -> int:
        """Gives them up for good, and empties their payloads; gives how many. Raises Refused where there are none."""
        await self._note("drop-deliveries", recipient, chosen, by, {"reason": reason.value})
        done, after = 0, None
        while page := await self._page(recipient, chosen, after):
            after = page[-1]
            done += len(await self._endings.drop(recipient, dict.fromkeys(page, GIVEN_UP)))
        return done

    async def hold(self, recipient: PartyId, reason: HoldReason, by: Staff | None) -> None:
        """Nothing goes to the recipient from now on. Raises Refused where that is so already, or there is no such party."""
        if recipient not in self._rules.policy.parties:
            raise Refused("This is no party of the hub.", "The policy set does not name it.", "See parties.yaml.")
        claim = claim_hold(self._log_id, recipient, ReasonCode(reason.value), self._clock.now_us())
        details = {"recipient": str(recipient), "reason": reason.value}
        try:
            await self._notes.write(
                EntryKind.configuration, "hold-recipient", "recipient", details, by=staff_id(by), claims=(claim,)
            )
        except Conflict:
            raise Refused("This recipient is on hold.", "Someone held it before.", "Look again.") from None

    async def free(self, recipient: PartyId, by: Staff | None) -> None:
        """It goes on, with what waited. Raises Refused where the recipient is not on hold."""
        found = await self.find(recipient)
        if found is None or found.hold is None:
            raise _not_on_hold()
        claim = claim_hold(self._log_id, recipient, None, self._clock.now_us())
        details = {"recipient": str(recipient)}
        try:
            await self._notes.write(
                EntryKind.configuration, "free-recipient", "recipient", details, by=staff_id(by), claims=(claim,)
            )
        except Conflict:
            raise _not_on_hold() from None

    async def try_now(self, recipient: PartyId, by: Staff | None) -> None:
        """Its system is tried again at once, with one delivery. Raises Refused where it does not fail, or is on hold."""
        claim = claim_try(self._log_id, recipient)
        details = {"recipient": str(recipient)}
        try:
            await self._notes.write(
                EntryKind.configuration, "try-recipient", "recipient", details, by=staff_id(by), claims=(claim,)
            )
        except Conflict:
            raise Refused(
                "This recipient's system does not fail.", "It works again, or it is on hold.", "Look again."
            ) from None

    async def _note(
        self,
        operation: str,
        recipient: PartyId,
        chosen: Sequence[UUID] | ReasonCode,
        by: Staff | None,
        more: Mapping[str, str],
    ) -> None:
        count, _ = await self.count(recipient, chosen)
        if not count:
            raise Refused(
                "There is nothing to take up.", "None of these failed or was stopped, or someone was first.", "Look again."
            )
        details: dict[str, str | int] = {"recipient": str(recipient), "count": count, **more}
        if isinstance(chosen, ReasonCode):
            details["cause"] = str(chosen)
        await self._notes.write(EntryKind.configuration, operation, "recipient", details, by=staff_id(by))

    async def _page(self, recipient: PartyId, chosen: Sequence[UUID] | ReasonCode, after: UUID | None) -> list[UUID]:
        page = await store.ones(self._engine, self._log_id, recipient, *_chosen(chosen), after, CHUNK)
        return [one.delivery_id for one in page]

    def _waiting(
        self, recipient: PartyId, groups: Sequence[Group], system: System | None, today: date, people: int, late: int
    ) -> Waiting:
        dues = [due for one in groups if (due := self._due(one, today)) is not None]
        party = self._rules.policy.parties.get(recipient)
        oldest = min((one.oldest_us for one in groups), default=None)
        untouched = oldest is not None and not any(one.handed for one in groups) and oldest < self._clock.now_us() - _DAY_US
        silent = untouched or any(one.attempts >= OFTEN for one in groups)
        return Waiting(
            recipient,
            party.name if party else str(recipient),
            recipient in self._pushed,
            people,
            late,
            sum(one.deliveries for one in groups),
            sum(one.handed for one in groups),
            oldest,
            min(dues, key=lambda due: due.day, default=None),
            _hold(system),
            _down(system, min((one.failing_us for one in groups if one.failing_us is not None), default=None)),
            system.succeeded_us if system else None,
            silent and recipient not in self._pushed,
        )

    def _due(self, group: Group, today: date) -> Due | None:
        term = self._term(group)
        if term is None:
            return None
        deadline, agreement = term
        day = legal_date(Micros(group.oldest_us)) + timedelta(days=deadline.days)
        return Due(day, (day - today).days, agreement, deadline.article, deadline.text_nl)

    def _term(self, group: Group) -> tuple[Deadline, str] | None:
        """The shortest of the clauses by which such a delivery was given, and the title of their agreement."""
        giver, taker = self._rules.policy.parties.get(group.source), self._rules.policy.parties.get(group.recipient)
        if giver is None or taker is None:
            return None
        day = legal_date(Micros(group.oldest_us))
        found = [
            (clause.deadline, agreement.title)
            for agreement in self._rules.policy.agreements
            if agreement.effective.start <= day < agreement.effective.until
            for clause in agreement.clauses
            if isinstance(clause, Permit)
            and clause.deadline is not None
            and clause.record == group.kind
            and _is(clause.giver, giver)
            and _is(clause.recipient, taker)
        ]
        return min(found, key=lambda one: one[0].days, default=None)


def _is(side: Side, party: Party) -> bool:
    return side.party == party.id if side.party is not None else side.kind == party.kind


def _hold(system: System | None) -> Hold | None:
    if system is None or not system.held:
        return None
    known = {reason.value: reason for reason in HoldReason}
    return Hold(known.get(system.held_reason or ""), system.held_us or 0)


def _down(system: System | None, failing_us: int | None) -> Down | None:
    if system is None or not system.failures:
        return None
    since = [us for us in (failing_us, system.failed_us) if us is not None]
    cause = None if system.cause is None else ReasonCode(system.cause)
    return Down(system.failures, min(since, default=None), cause, system.closed_us, system.system)


def _hurt(one: Waiting) -> tuple[bool, int, bool, int, str]:
    """What is past its deadline first, then what stands still, then what is due soonest."""
    still = bool(one.deliveries) and (one.hold is not None or one.down is not None)
    return not one.late, -one.late, not still, one.due.left if one.due else 1 << 30, one.name


def _midnight_us(day: date) -> int:
    return int(datetime.combine(day, time(), _AMSTERDAM).timestamp()) * 1_000_000


def _chosen(chosen: Sequence[UUID] | ReasonCode) -> tuple[ReasonCode | None, Sequence[UUID] | None]:
    return (chosen, None) if isinstance(chosen, ReasonCode) else (None, chosen)


def _not_on_hold() -> Refused:
    return Refused("This recipient is not on hold.", "Someone freed it before, or nobody held it.", "Look again.")
