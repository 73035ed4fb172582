"""Who may see a page, and whether a form came from one of our own pages in the browser of whoever is signed in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from hmac import compare_digest
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.console.desk import Session, Sessions
from hub.console.form import Fields, posted
from hub.console.multipart import Multipart
from hub.console.words import EXPIRED, NO_ROLE, Trouble
from hub.domain.staff import Role, Staff

SIGN_IN: Final = "/inloggen"
_SAFE: Final = ("GET", "HEAD")
_LOCAL: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1023}", re.ASCII)
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


class Turned(HTTPException):
    """Someone is turned away with `trouble` instead of the usual words for the status."""

    def __init__(self, status: int, trouble: Trouble) -> None:
        super().__init__(status)
        self.trouble = trouble


def session_cookie(secure: bool) -> str:
    """The name of the cookie that holds the session; with the prefix, a browser takes it from this very host over TLS alone."""
    return "__Host-hub-sessie" if secure else "hub-sessie"


def local(path: str) -> str:
    """`path` where it is a path of this console and nothing else, `/` otherwise: nobody is sent elsewhere by a link to us."""
    parts = urlsplit(path) if _LOCAL.fullmatch(path) else None
    inside = parts is not None and not parts.scheme and not parts.netloc
    return path if inside and not path.startswith((SIGN_IN, "/uitloggen")) else "/"


class Waits(Protocol):
    """What waits for somebody; `hub.console.todo` counts it."""

    async def counts(self, staff: Staff, /) -> Mapping[str, int]: ...
    def forget(self) -> None: ...


class Gate:
    """Lets someone in with one of the roles that a page asks."""

    def __init__(self, sessions: Sessions, *, secure: bool, waits: Waits | None = None) -> None:
        self._sessions, self._waits = sessions, waits
        self._cookie = session_cookie(secure)

    async def admit(self, request: Request, *roles: Role) -> Session:
        """The session of whoever asks for a page (GET). Without one they are sent to sign in; without a role it is 403.

        A request that changes something goes through `take`; here it is 405, so that no form is handled unchecked.
        """
        if request.method not in _SAFE:
            raise HTTPException(405, headers={"Allow": ", ".join(_SAFE)})
        return await self._counted(request, _with_role(await self._signed_in(request), roles))

    async def _counted(self, request: Request, session: Session) -> Session:
        """What waits for them is counted before the page is made, which shows it in its navigation."""
        if self._waits is not None:
            request.scope["hub.waiting"] = await self._waits.counts(session.staff)
        return session

    async def take(self, request: Request, *roles: Role) -> tuple[Session, Fields]:
        """The session and the form of whoever posts one: 403 from another site, without our secret, or without a role."""
        check_own_page(request)
        session = await self._signed_in(request)
        form = await posted(request)
        self.check_secret(session, form)
        return await self._acting(request, _with_role(session, roles)), form

    async def take_file(self, request: Request, *roles: Role) -> tuple[Session, AsyncIterator[bytes]]:
        """The same for a form with a file in it, `bestand`: its secret comes first, and nothing of the file is read before."""
        session, _, content = await self.take_file_with(request, (), *roles)
        return session, content

    async def take_file_with(
        self, request: Request, names: Sequence[str], *roles: Role
    ) -> tuple[Session, Fields, AsyncIterator[bytes]]:
        """The same where these fields stand between the secret and the file, in this order."""
        check_own_page(request)
        session = await self._signed_in(request)
        form = Multipart(request)
        self.check_secret(session, Fields({"csrf": [await form.field("csrf")]}))
        session = await self._acting(request, _with_role(session, roles))
        fields = Fields({name: [await form.field(name)] for name in names})
        return session, fields, form.file("bestand")

    async def _acting(self, request: Request, session: Session) -> Session:
        """The page that comes after a form counts anew."""
        counted = await self._counted(request, session)
        if self._waits is not None:
            self._waits.forget()
        return counted

    def check_secret(self, session: Session, form: Fields) -> None:
        """403 unless the form carries the secret of this session."""
        if not compare_digest(form.one("csrf").encode(), session.csrf.encode()):
            raise Turned(403, EXPIRED)

    async def find(self, request: Request) -> Session | None:
        """The session of whoever asks, if they have one."""
        token = self.token(request)
        session = await self._sessions.find(token) if token else None
        request.scope["hub.session"] = session
        return session

    def token(self, request: Request) -> str:
        """What the browser holds as its session; empty where that cannot be one."""
        token = request.cookies.get(self._cookie, "")
        return token if _TOKEN.fullmatch(token) else ""

    async def _signed_in(self, request: Request) -> Session:
        session = await self.find(request)
        if session is None:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            back = f"?terug={quote(local(here), safe='/')}" if request.method in _SAFE else ""
            raise HTTPException(303, headers={"Location": SIGN_IN + back})
        return session


def _with_role(session: Session, roles: tuple[Role, ...]) -> Session:
    if not session.staff.roles:
        raise Turned(403, NO_ROLE)
    if session.staff.roles.isdisjoint(roles):
        raise HTTPException(403)
    return session


def check_own_page(request: Request) -> None:
    """403 unless the browser says that one of our own pages sent this: by `Sec-Fetch-Site`, or else by `Origin`.

    Fetch Metadata is the browser's own word and holds behind any proxy; a browser without it sends `Origin` with every POST.
    """
    site = request.headers.getlist("sec-fetch-site")
    origin = request.headers.getlist("origin")
    own = site == ["same-origin"] if site else len(origin) == 1 and urlsplit(origin[0]).netloc == request.headers.get("host")
    if not own:
        raise Turned(403, EXPIRED)
