"""What the pages about agreements have in common: what is so now, who may act, and what is said when something was not done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.desk import OfficerDesk, Session
from hub.console.form import Fields
from hub.console.gate import Gate
from hub.console.navigation import AGREEING, READERS
from hub.console.officer.choosing import LOG
from hub.console.page import render
from hub.console.table import Link
from hub.domain.staff import Staff
from hub.domain.terms import Micros
from hub.errors import Refused
from hub.policies.hands import Hand
from hub.policies.service import Look, Policies

HERE: Final = "/functionaris/afspraken"
CRUMBS: Final = (Link("Functionaris", "/functionaris"), Link("Afspraken", HERE))
NOT_DONE: Final = "Dit mag u niet, of iemand anders was u voor. Er is niets gewijzigd. Hieronder staat hoe het nu is."


@dataclass(frozen=True, slots=True)
class Scene:
    """Someone before a page: who, what holds now, and the names of all who acted."""

    staff: Staff
    look: Look
    names: Mapping[str, str]

    def name(self, staff: str | None) -> str:
        """Whoever an act was of."""
        return "de hub" if staff is None else self.names.get(staff, f"medewerker {staff}")

    def proof(self, ref: UUID) -> Link | str:
        """The entry of an act, for whoever may read the log; for others how it is known there."""
        reads = not self.staff.roles.isdisjoint(READERS)
        return Link("Regel in het logboek", f"{LOG}/{ref}") if reads else str(ref)


class Agreeing:
    """The desk as these pages use it."""

    def __init__(self, officer: OfficerDesk, gate: Gate) -> None:
        self._officer, self._gate = officer, gate

    @property
    def policies(self) -> Policies:
        """The agreements. 404 in a console that has none."""
        if self._officer.policies is None:
            raise HTTPException(404)
        return self._officer.policies

    @property
    def unread_since(self) -> Micros | None:
        """Since when the set in use cannot be read."""
        return self._officer.rules.unread_since

    async def see(self, request: Request) -> Scene | Response:
        """The scene for whoever may look; or the page that says that nothing is there yet."""
        session = await self._gate.admit(request, *AGREEING)
        return await self.scene(request, session)

    async def take(self, request: Request) -> tuple[Session, Fields]:
        """The session and the form of whoever posts one; which act is theirs, the life of agreements says."""
        return await self._gate.take(request, *AGREEING)

    async def scene(self, request: Request, session: Session) -> Scene | Response:
        """What is so now."""
        look = await self.policies.look()
        if look is None:
            return render(request, "officer/policy_none.html", crumbs=CRUMBS[:1])
        names = {**await self._officer.names(), **await self.policies.signatories()}
        return Scene(session.staff, look, names)

    def hand(self, session: Session) -> Hand:
        """Whoever is signed in, about to act."""
        return Hand(session.staff)


def may(check: Callable[[], object]) -> bool:
    """Whether a check lets someone through."""
    try:
        check()
    except Refused:
        return False
    return True
