"""The objections of one log that wait for a ruling, and the ruling itself: at the desk, or by a controller's own system."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.audit.entry import EntryKind, parse
from hub.clock import legal_date
from hub.consent.statement import Event, Hold, Scope, What
from hub.consent.store import histories
from hub.domain.staff import Staff, StaffId
from hub.domain.terms import PartyId
from hub.errors import Refused
from hub.statements import store
from hub.statements.desk import Statements
from hub.statements.objections import Objection, check_ruler, objection_of
from hub.statements.said import Done


@dataclass(frozen=True, slots=True)
class Rulings:
    """What waits for a ruling, over the statements of one log. Nothing that it gives says who objects."""

    statements: Statements

    async def waiting(self) -> tuple[Objection, ...]:
        """The objections on which no controller has ruled, the oldest first. Raises Tampered."""
        desk = self.statements
        found = await store.pending(desk.engine, desk.log_id, legal_date(desk.clock.now_us()), desk.digest)
        return tuple([await self._objection(tag, held) for tag, held in found])

    async def find(self, statement_id: UUID) -> Objection:
        """One of them. Raises Refused where it is none, or was ruled on."""
        tag, _, held = await self._one(statement_id)
        if held is None or not held.pending:
            raise Refused("This objection does not wait.", "A controller ruled on it, or it was taken back.", "See the list.")
        return await self._objection(tag, held)

    async def rule(self, statement_id: UUID, upheld: bool, controller: PartyId, by: Staff) -> Done:
        """The controller's decision by somebody at the desk, who may not rule for another's. Raises Refused, Malformed."""
        check_ruler(self.statements.rules.policy, controller, by)
        return await self.decide(statement_id, upheld, controller, by.staff_id)

    async def decide(self, statement_id: UUID, upheld: bool, controller: PartyId, by: StaffId | None = None) -> Done:
        """The controller's decision, whoever writes it down. Raises Refused, Malformed."""
        one = await self.find(statement_id)
        return await self.statements.decide_objection(statement_id, upheld, controller, by, one.asked)

    async def rule_for(self, statement_id: UUID, upheld: bool, party: PartyId) -> None:
        """The same by the system of a party that it waits for; a second time changes nothing.

        Raises Refused where there is none that waits for it, without telling why.
        """
        tag, events, held = await self._one(statement_id)
        known = self.statements.rules.policy.parties.get(party)
        controller = party if known is None else known.controller
        if (events[-1].what, events[-1].party) == (What.upheld if upheld else What.rejected, controller):
            return
        one = None if held is None or not held.pending else await self._objection(tag, held)
        if one is None or party not in (*one.asked, *one.controllers):
            raise _none()
        await self.statements.decide_objection(statement_id, upheld, controller, asked=one.asked)

    async def _one(self, statement_id: UUID) -> tuple[bytes, tuple[Event, ...], Hold | None]:
        desk = self.statements
        tag = await store.whose(desk.engine, desk.log_id, statement_id)
        if tag is None:
            raise _none()
        for history in (await histories(desk.engine, [tag], desk.digest)).get(tag, ()):
            if history.events[0].statement_id == statement_id:
                return tag, history.events, store.stands(history.events, legal_date(desk.clock.now_us()))
        raise _none()

    async def _objection(self, tag: bytes, held: Hold) -> Objection:
        received = () if held.scope.parties else await self._received(tag, held.scope)
        return objection_of(self.statements.rules.policy, held, received)

    async def _received(self, tag: bytes, scope: Scope) -> set[PartyId]:
        """Who was given anything about this person for what the scope is about, by the log; nobody reads along, so no entry."""
        desk = self.statements
        located = await desk.log.found(await desk.people.vault.refs_of(tag, desk.log_id))
        said = [parse(one.kept) for one in located.values() if one.kept is not None]
        return {
            PartyId(each["recipient"])
            for each in said
            if each["kind"] == EntryKind.disclosure and (scope.purposes is None or each["purpose"] in scope.purposes)
        }


def _none() -> Refused:
    return Refused("There is no such objection.", "It does not wait, or not for you.", "See the list.")
