"""What stands against removing anything: an open breach, a legal hold. Opened by one, lifted by another, both in the log."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.domain.ids import new_ids
from hub.domain.staff import Role, Staff
from hub.domain.terms import LogId, PartyId, PurposeId
from hub.errors import Conflict, Malformed, Refused
from hub.retention import store
from hub.retention.model import Hold, HoldKind, Scope

OPENERS: Final = (Role.privacy_officer, Role.fg)
LIFTERS: Final = (Role.fg, Role.decision_maker)
_ABOUT: Final = "hold"
_WHAT: Final = {HoldKind.breach: "A breach is open", HoldKind.legal_hold: "A legal hold stands"}


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds of one log."""

    engine: AsyncEngine
    notes: Notes

    async def open_hold(
        self, kind: HoldKind, scope: Scope, by: Staff | None, *, word: str = "", tag: bytes | None = None
    ) -> Hold:
        """From now on nothing that it is about may go: `word` is the party or purpose, `tag` the person.

        At the keyboard of the hub itself nobody is signed in (`by` None), and one may. Raises Refused for whoever may not,
        Malformed where the scope and what it names do not fit, Retry when the log cannot be written.
        """
        _check_role(by, OPENERS, "the privacy officer or the FG")
        _check_scope(scope, word, tag)
        now = self.notes.clock.now_us()
        hold_id = new_ids(1, now, self.notes.entropy(8))[0]
        hold = Hold(hold_id, kind, scope, word, now, "" if by is None else str(by.staff_id), tag)
        await self._write(
            "hold-open", hold, by, rows=(store.opened(self.notes.log_id, self.notes.operator, hold),), ref=hold_id
        )
        return hold

    async def lift_hold(self, hold_id: UUID, by: Staff | None) -> Hold:
        """It stands no longer. Another than who opened it lifts it.

        Raises Refused for one that does not stand, or for whoever may not; Retry when the log cannot be written.
        """
        _check_role(by, LIFTERS, "the FG or the decision-maker")
        hold = next((one for one in await self.standing_holds() if one.hold_id == hold_id), None)
        if hold is None:
            raise Refused("This hold does not stand.", "It was lifted, or never opened.", "Look at the list of holds.")
        who = "" if by is None else str(by.staff_id)
        if who == hold.staff:
            raise Refused(
                "Who opened a hold does not lift it.",
                "That takes two persons.",
                "Let another FG or decision-maker lift it, signed in at the desk.",
            )
        now = self.notes.clock.now_us()
        event = new_ids(1, now, self.notes.entropy(8))[0]
        claim = store.claim_lifted(self.notes.log_id, self.notes.operator, event, hold, who, now)
        try:
            await self._write("hold-lift", hold, by, claims=(claim,), ref=event)
        except Conflict:
            raise Refused("This hold does not stand.", "Someone else lifted it.", "Look at the list of holds.") from None
        return hold

    async def _write(self, operation: str, hold: Hold, by: Staff | None, **other: object) -> None:
        said: dict[str, str | int] = {"hold": str(hold.hold_id), "cause": hold.kind.value, "scope": hold.scope.value}
        if hold.scope in (Scope.party, Scope.purpose):
            said[hold.scope.value] = hold.word
        await self.notes.write(
            EntryKind.configuration,
            operation,
            _ABOUT,
            said,
            by=None if by is None else by.staff_id,
            subject=hold.tag,
            touches=(store.touch_lock(self.notes.log_id),),
            **other,  # type: ignore[arg-type]  # rows, claims and ref, as above
        )

    async def every(self) -> list[Hold]:
        """All holds there ever were, oldest first."""
        async with store.reading(self.engine) as connection:
            return await store.holds(connection, self.notes.log_id)

    async def standing_holds(self) -> list[Hold]:
        """The holds that stand, oldest first."""
        return [hold for hold in await self.every() if hold.lifted_us is None]

    async def check_free(
        self, tag: bytes | None = None, parties: Collection[PartyId] = (), purposes: Collection[PurposeId] = ()
    ) -> None:
        """Raises Refused where a hold stands that is about everything, this person, or one of these parties or purposes."""
        await check_free(self.engine, self.notes.log_id, tag, parties, purposes)


async def check_free(
    engine: AsyncEngine,
    log_id: LogId,
    tag: bytes | None = None,
    parties: Collection[PartyId] = (),
    purposes: Collection[PurposeId] = (),
) -> None:
    """Raises Refused where a hold stands against removal, saying which and since when, and never about whom."""
    async with store.reading(engine) as connection:
        holds = await store.holds(connection, log_id)
    for hold in holds:
        meets = {
            Scope.all: True,
            Scope.party: hold.word in set(parties),
            Scope.purpose: hold.word in set(purposes),
            Scope.person: tag is not None and hold.tag == tag,
        }
        if hold.lifted_us is None and meets[hold.scope]:
            raise standing(hold)


def standing(hold: Hold) -> Refused:
    """What is said where a hold stands against removal; nothing about a person."""
    return Refused(
        "Nothing was removed.",
        f"{_WHAT[hold.kind]} since {legal_date(hold.since_us).isoformat()}.",
        "Wait until the FG or the decision-maker lifts it.",
    )


def _check_role(by: Staff | None, roles: tuple[Role, ...], who: str) -> None:
    if by is not None and by.roles.isdisjoint(roles):
        raise Refused("You may not do this.", "Your role does not allow it.", f"Ask {who} to do it.")


def _check_scope(scope: Scope, word: str, tag: bytes | None) -> None:
    fits = False
    try:
        match scope:
            case Scope.party:
                fits = bool(PartyId(word)) and tag is None
            case Scope.purpose:
                fits = bool(PurposeId(word)) and tag is None
            case Scope.person:
                fits = not word and bool(tag)
            case Scope.all:
                fits = not word and tag is None
    except ValueError:
        fits = False
    if not fits:
        raise Malformed(
            "The hold was not opened.",
            "What it is about does not fit: a party or purpose has an id, everything has none, a person is looked up.",
            "Name the party or purpose by its id, or leave it out.",
        )
