"""What waits for whoever is signed in, on its page and in the navigation of every page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from hub.console.app import assemble, create_console
from hub.console.desk import Desk
from hub.console.gate import Gate
from hub.console.routes import Route
from hub.console.todo import Counts
from hub.domain.staff import Role
from hub.domain.terms import Micros
from hub.waiting.model import Item, List, What
from hub.waiting.service import Waiting
from tests.fakes import console
from tests.fakes.agreements import shipped

DUE = date(2026, 11, 20)


@dataclass
class Waits:
    """What waits, as `hub.waiting` would have it."""

    items: tuple[Item, ...]
    unread: tuple[str, ...] = ()
    forgotten: int = 0
    policy: Any = field(default_factory=shipped)

    async def list(self) -> List:
        return List(self.items, self.unread)

    async def recent(self) -> List:
        return await self.list()

    def forget(self) -> None:
        self.forgotten += 1


ITEMS = (
    Item(What.objection, "duo", frozenset({Role.privacy_officer}), Micros(1), DUE, "a1"),
    Item(What.advice, "Een afspraak", frozenset({Role.fg}), Micros(1), None, "b2"),
    Item(What.unconfirmed, "lijst", frozenset({Role.administrator, Role.privacy_officer}), Micros(1), None, "lijst"),
    Item(What.quarantine, "", frozenset({Role.administrator}), Micros(1), count=12),
    *(Item(what, "x", frozenset({Role.decision_maker, Role.administrator}), key="k") for what in What),
)


async def page(waits: Waits, role: Role, path: str) -> str:
    desk: Desk = replace(console.desk(), waiting=cast(Waiting, waits))
    token = await desk.sessions.begin(console.staff(role))
    async with console.client(create_console(desk), token) as browser:
        answer = await browser.get(path)
    return answer.text if answer.status_code == 200 else str(answer.status_code)


async def test_everyone_sees_what_is_theirs_with_the_way_there() -> None:
    waits = Waits(ITEMS)
    officer = await page(waits, Role.privacy_officer, "/functionaris/te-doen")
    for words in ("/functionaris/bezwaren/a1", "/functionaris/koppelingen/lijst", "Te laat", "1 zaak is te laat", "2<span"):
        assert words in officer
    assert "/afspraken/voorstel/b2" not in officer
    assert "/afspraken/voorstel/b2" in await page(waits, Role.fg, "/functionaris/te-doen")
    administrator = await page(waits, Role.administrator, "/beheer/te-doen")
    for words in ("/beheer/koppelingen/lijst/instelling", "/beheer/quarantaine", "(12)", "Bevestig wat een collega"):
        assert words in administrator
    for role, path in ((Role.auditor, "/functionaris/te-doen"), (Role.decision_maker, "/beheer/te-doen")):
        assert await page(waits, role, path) == "403"


async def test_everything_that_can_wait_has_words() -> None:
    assert "403" not in await page(Waits(ITEMS), Role.decision_maker, "/functionaris/te-doen")


async def test_a_list_that_is_not_whole_says_so() -> None:
    text = await page(Waits((), ("setups",)), Role.fg, "/functionaris/te-doen")
    assert "Deze lijst is niet heel" in text
    assert "koppelingen" in text
    assert "Er wacht niets op u" in text


async def test_whoever_acts_is_counted_anew() -> None:
    waits, sessions = Waits(ITEMS), console.Sessions()
    gate = Gate(sessions, secure=False, waits=Counts(cast(Waiting, waits)))
    token = await sessions.begin(console.staff(Role.privacy_officer))

    async def act(request: Request) -> Response:
        await gate.take(request, Role.privacy_officer)
        return Response(str(request.scope["hub.waiting"]["/functionaris/te-doen"]))

    async with console.client(assemble(console.desk(), (Route("POST", "/doe", act),)), token) as browser:
        answer = await browser.post("/doe", data={"csrf": console.Session(console.staff()).csrf})
    assert (answer.text, waits.forgotten) == ("2", 1)
