"""The officer's desk over a house: the console with staff of every role signed in."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI

from hub.archive.service import Exports
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.search.review.service import Reviews
from hub.console.app import create_console
from hub.console.desk import Desk, OfficerDesk
from hub.domain.staff import Role
from hub.notices.desk import notice_desk
from hub.rights.informing.service import Informing
from hub.rights.keys import PersonKeys
from hub.rights.person import Persons
from hub.witness.service import Standing
from tests.fakes import console
from tests.fakes.house import LOG, OPERATOR, House
from tests.fakes.statements import desk_over, receipts_over

OFFICER, FG, AUDITOR, ADMINISTRATOR = "t1", "t2", "t3", "t4"
"""The sessions of the console below."""


async def _names() -> dict[str, str]:
    who = console.staff()
    return {str(who.staff_id): who.name}


async def console_over(house: House, witnessed: Callable[[], Awaitable[Standing]] | None = None) -> FastAPI:
    """A console that reads this house's log."""
    sessions = console.Sessions()
    for role in (Role.privacy_officer, Role.fg, Role.auditor, Role.administrator):
        await sessions.begin(console.staff(role))
    search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    persons = Persons(house.log, search, notes, house.people)
    officer = OfficerDesk(
        search,
        persons,
        house.log,
        notes,
        house.route.rules,
        _names,
        desk_over(house),
        receipts_over(house),
        notice_desk(house.log, search, notes, house.vault, lambda: house.route.rules.policy),
        Informing(house.engine, search, notes, house.vault.tags_of),
        exports=Exports(house.log, notes, lambda: house.route.rules.policy),
        reviews=Reviews(house.engine, search, notes, each=3),
        person_keys=PersonKeys(house.log, notes, house.people),
        witnessed=witnessed,
    )
    sign_in = console.SignIn(console.staff(Role.privacy_officer))
    return create_console(Desk(house.clock, sessions, sign_in, console.PROVIDER, False, officer=officer))
