"""Signing in and out. A sign-in is bound to the browser that began it, or someone could be signed in as another.

OpenID Connect Core 1.0, 3.1.2; RFC 9700, 4.7 (cross-site request forgery).
"""

from __future__ import annotations

from collections.abc import Iterator
from hmac import compare_digest
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hub.console.desk import Desk, Sessions, SignIn
from hub.console.form import asked, posted
from hub.console.gate import SIGN_IN, Gate, check_own_page, local, session_cookie
from hub.console.page import go, render
from hub.console.routes import Route
from hub.console.words import SIGN_IN_FAILED
from hub.errors import Malformed, Refused
from hub.observe import Event, emit, report

SIGNED_IN: Final = f"{SIGN_IN}/terug"
"""Where the identity provider leads the browser back to."""
_MINUTES: Final = 10
"""How long someone may take at the identity provider."""
_LEFT: Final = "uitgelogd"


def routes(desk: Desk, gate: Gate) -> Iterator[Route]:
    """The routes of signing in and out."""
    door = _Door(desk.sign_in, desk.sessions, gate, secure=desk.secure)
    yield Route("GET", SIGN_IN, door.page)
    yield Route("POST", SIGN_IN, door.start)
    yield Route("GET", SIGNED_IN, door.finish)
    yield Route("POST", "/uitloggen", door.leave)


class _Door:
    def __init__(self, sign_in: SignIn, sessions: Sessions, gate: Gate, *, secure: bool) -> None:
        self._sign_in = sign_in
        self._sessions = sessions
        self._gate = gate
        self._secure = secure
        self._session_cookie = session_cookie(secure)
        self._state_cookie = "__Host-hub-inloggen" if secure else "hub-inloggen"

    async def page(self, request: Request) -> Response:
        """Who is signed in goes on; who has just left is told how to leave the provider too."""
        back_to = local(asked(request).one("terug"))
        if await self._gate.find(request) is not None:
            return go(back_to)
        elsewhere = None
        if asked(request).one("gedaan") == _LEFT:
            elsewhere = await self._sign_in.leave(SIGN_IN)
        return render(request, "sign_in.html", back_to=back_to, elsewhere=elsewhere)

    async def start(self, request: Request) -> Response:
        """Nobody is signed in yet, so there is no secret to check: that the form is our own must do."""
        check_own_page(request)
        form = await posted(request)
        start = await self._sign_in.start(local(form.one("terug")))
        answer = Response(status_code=303, headers={"Location": start.url})
        self._keep(answer, self._state_cookie, start.state, max_age=60 * _MINUTES)
        return answer

    async def finish(self, request: Request) -> Response:
        """The browser comes back with a code; it must be the browser that left."""
        given = asked(request)
        state = request.cookies.get(self._state_cookie, "")
        if not state or not compare_digest(state.encode(), given.one("state").encode()):
            emit(Event.request_refused)
            return self._failed(request)
        try:
            finished = await self._sign_in.finish(given.one("code"), state, given.one("iss") or None)
        except (Refused, Malformed) as error:
            report(error, Event.request_refused)
            return self._failed(request)
        if before := self._gate.token(request):
            await self._sessions.end(before)
        answer = go(local(finished.back_to))
        self._keep(answer, self._session_cookie, await self._sessions.begin(finished.staff))
        self._forget(answer, self._state_cookie)
        return answer

    async def leave(self, request: Request) -> Response:
        """Ends the session on our side first: the cookie alone proves nothing after it."""
        check_own_page(request)
        session = await self._gate.find(request)
        form = await posted(request)
        if session is not None:
            self._gate.check_secret(session, form)
            await self._sessions.end(self._gate.token(request))
        answer = go(SIGN_IN, _LEFT)
        self._forget(answer, self._session_cookie)
        return answer

    def _failed(self, request: Request) -> Response:
        answer = render(request, "trouble.html", 403, trouble=SIGN_IN_FAILED)
        self._forget(answer, self._state_cookie)
        return answer

    def _keep(self, answer: Response, name: str, value: str, max_age: int | None = None) -> None:
        # Lax: the identity provider leads the browser back from another site, and must find it as it was.
        answer.set_cookie(name, value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _forget(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")
