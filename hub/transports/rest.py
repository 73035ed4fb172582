"""Lists that a partner's service gives in pages over HTTP: each page is a file that the hub holds in memory while it is read.

A walk goes from the first page to the last. Which page is next is kept durably once the one before was dealt with, so that a
walk that breaks off goes on there; what was read up to a moment is not asked for again where the service can tell what changed.
A page that is the same as last time is not sent again (RFC 9110, section 13), but for the first time of every day: what a page
calls itself is the partner's word for it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from hub.clock import SystemClock, legal_date
from hub.connector import BLOCK, Endpoint, Option, RemoteFile, SourceAway, Transport, Trouble
from hub.errors import HubError
from hub.http import Answer, Http
from hub.transports import access, paging
from hub.transports.access import Access
from hub.transports.paging import HEADER, WHERE, Ask, found_in, paging_of, parsed
from hub.transports.remembered import Known, Remembered, remembered
from hub.transports.web import CREDENTIALS, NEXT_TIME, http_of, reaching, served, unsettled, unusable

LARGEST_PAGE: Final = 16 << 20
"""Bytes of one page; a service is asked for smaller ones."""
_MOST_PAGES: Final = 1000
_OVERLAP: Final = timedelta(minutes=1)
_DONE, _REFUSED = "verwerkt", "afgekeurd"
_VALIDATOR: Final = 300
_NO_PAGE: Final = frozenset((202, 205, 206, 226, 304))
_SIZED: Final = frozenset(("content-length", "transfer-encoding"))


async def connect(endpoint: Endpoint) -> RestPages:
    """Looks up how far the hub was; calls nobody yet. Raises SourceBarred where the options do not go together."""
    cursor = endpoint.cursor
    state = remembered(await cursor.load() if cursor is not None else None)
    today = legal_date(SystemClock().now_us()).isoformat()
    if state.day != today:
        state.day, state.pages = today, {}
    return RestPages(endpoint, state)


async def probe(endpoint: Endpoint) -> None:
    """Asks for the first page. Raises SourceBarred or SourceAway; that an address takes other calls only is no trouble."""
    service = _Service(endpoint)
    try:
        answer = await service.call(service.begin(""))
        if answer.status != 405:
            served(answer)
    finally:
        await service.close()


TRANSPORT: Final = Transport(
    options=(
        Option(name="method", title="How to ask: GET, or POST with a body", default="GET", pattern="GET|POST"),
        Option(name="body", title="With POST: the question, a JSON object", example='{"type":"ZoekMetPostcode"}'),
        Option(name="query", title="Parameters of every question, as in an address", example="status=actief"),
        Option(name="accept", title="Form in which to ask for pages", default="application/json", example="application/xml"),
        *paging.OPTIONS,
        Option(name="most_pages", title="Pages to read in one run", default=str(_MOST_PAGES), pattern="[1-9][0-9]{0,5}"),
        Option(name="since_parameter", title="Name of the parameter that asks for changes only", example="gewijzigdSinds"),
        Option(
            name="since_from",
            title="What it is given next: date (the moment of the walk), or where a mark is: JSON pointer or header:Name",
            default="date",
            example="/meta/peilmoment",
            pattern=f"date|{WHERE}",
        ),
        *access.OPTIONS,
    ),
    credentials=(*access.CREDENTIALS, *CREDENTIALS),
    probe=probe,
    connect=connect,
)


class _Service:
    """Calls one service with what its endpoint says."""

    def __init__(self, endpoint: Endpoint) -> None:
        try:
            parts = urlsplit(endpoint.address)
        except ValueError:
            parts = urlsplit("")
        if parts.query or parts.fragment or not parts.netloc:
            raise unsettled("Its address is no https URL without query; parameters are an option of their own.")
        self.origin, self._path = f"{parts.scheme}://{parts.netloc}", parts.path or "/"
        self.paging = paging_of(endpoint)
        self._query, self._since = endpoint.option("query"), endpoint.option("since_parameter")
        self._accept = endpoint.option("accept", "application/json")
        self._question = _question(endpoint)
        self._http: Http = http_of(endpoint, LARGEST_PAGE)
        self._access = Access(endpoint, self._http)

    def begin(self, since: str) -> Ask:
        """The first page of a walk, of changes only where the service can say what changed."""
        ask = self.paging.begin(self._path)
        for name, value in parse_qsl(self._query, keep_blank_values=True):
            ask = ask.to(name, value)
        return ask.to(self._since, since) if self._since and since else ask

    async def call(self, ask: Ask, known: Known | None = None) -> Answer:
        """The answer, whatever it is; a token that was refused is renewed once. Raises SourceAway or SourceBarred."""
        shown = await self._access.headers()
        answer = await self._send(ask, shown, known)
        if answer.status == 401 and self._access.spent(shown):
            answer = await self._send(ask, await self._access.headers(), known)
        return answer

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._http.close()

    async def _send(self, ask: Ask, shown: dict[str, str], known: Known | None) -> Answer:
        headers = {"Accept": self._accept} | shown
        with reaching():
            parameters = [(name, value) for name, value in ask.parameters if not name.startswith(HEADER)]
            headers |= {name.removeprefix(HEADER): value for name, value in ask.parameters if name.startswith(HEADER)}
            if self._question is not None:
                given = {name: int(value) if value.isascii() and value.isdigit() else value for name, value in parameters}
                headers["Content-Type"] = "application/json"
                return await self._http.post(self.origin + ask.target, orjson.dumps(self._question | given), headers)
            more = urlencode(parameters)
            joined = ("&" if "?" in ask.target else "?") + more if more else ""
            return await self._http.get(self.origin + ask.target + joined, headers | (known.condition if known else {}))


@dataclass(frozen=True, slots=True)
class _Page:
    file: RemoteFile
    ask: Ask
    body: bytes = field(repr=False)
    known: Known


class RestPages:
    """The pages of one walk; satisfies `hub.connector.PageSource`. At most one page is held, and one that was fetched back."""

    def __init__(self, endpoint: Endpoint, state: Remembered) -> None:
        self._service, self._cursor, self._state = _Service(endpoint), endpoint.cursor, state
        self._most = _most_pages(endpoint)
        self._since_from = endpoint.option("since_from", "date") if endpoint.option("since_parameter") else ""
        self._resumed = state.at is not None
        self._ask: Ask | None = state.at or self._service.begin(state.since)
        self._page: _Page | None = None
        self._back: _Page | None = None
        self._waiting: dict[str, Ask] = {}
        self._moved: dict[str, RemoteFile] = {}
        self._asked: set[Ask] = set()
        self._last = b""
        self._fetched = 0
        self.more = False

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        """The page that is to be read now, none after the last; or in `afgekeurd` those that could not be read before."""
        if folder == _REFUSED:
            return await self._refused()
        if folder != ".":
            return []
        self.more = False
        if self._page is None:
            self._page = await self._next()
        return [self._page.file] if self._page is not None else []

    async def stat(self, name: str) -> RemoteFile:
        """The page as the hub holds it. Raises SourceAway where it holds none of this name."""
        return self._moved[name] if name in self._moved else (await self._held(name)).file

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The page from `offset` in blocks of `BLOCK` bytes, the last one shorter."""
        body = (await self._held(name)).body
        for start in range(offset, len(body), BLOCK):
            yield body[start : start + BLOCK]

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """To `verwerkt` or `afgekeurd`: goes on to the next page, and keeps that durably; with `.` a page is read again."""
        page, there = await self._held(name), name.rpartition("/")[2]
        if folder == ".":
            self._waiting[there] = page.ask
        else:
            if folder == _REFUSED:
                self._state.refuse(page.ask)
            elif page.ask in self._state.refused:
                self._state.refused.remove(page.ask)
            if page is self._page:
                await self._go_on(page)
            there = f"{folder}/{there}"
            await self._save()
        self._moved = {there: RemoteFile(there, page.file.size, page.file.mtime)}
        if folder == ".":
            self._moved = {}
            self._back = _Page(RemoteFile(there, page.file.size, 0), page.ask, page.body, page.known)
        return there

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._service.close()

    async def _next(self) -> _Page | None:
        """The next page with anything in it that is new; None at the end of the walk, or where a run has read enough."""
        while self._ask is not None and self._fetched < self._most:
            ask = self._ask
            if ask in self._asked:
                raise unusable("Its pages lead back to a page that was already read.")
            self._asked.add(ask)
            self._fetched += 1
            known = self._state.pages.get(ask) if ask not in self._state.refused else None
            answer = await self._service.call(ask, known)
            if self._resumed and answer.status in (400, 404, 410):
                self._resumed, self._ask = False, self._service.begin(self._state.since)  # the place is no longer known there
                self._state.anew()
                self._asked.clear()
                continue
            self._resumed = False
            if answer.status == 304 and known is not None:
                self._pass(known.after)
            elif answer.status == 404 and self._service.paging.style in ("page", "offset") and len(self._asked) > 1:
                self._state.torn = True  # an end that may be none: the next walk asks for the same changes again
                self._pass(None)
            elif (page := self._read(ask, _page_in(answer))) is not None:
                return page
        await self._save()
        return None

    def _read(self, ask: Ask, answer: Answer) -> _Page | None:
        """The page, or None where there is nothing on it: then it is passed."""
        steps = self._service.paging
        looks = (steps.style in ("next", "cursor") and steps.pointer[:1] == "/") or steps.items or self._since_from[:1] == "/"
        content = parsed(answer.body) if looks else None
        if answer.status != 204 and content is None and not (answer.body and _SIZED & answer.headers.keys()):
            self._state.torn = True  # nothing at all, or what ended with its connection, is not known to be a whole page
        self._mark(answer, content)
        after = steps.after(ask, self._service.origin, answer, content)
        etag, modified = (answer.headers.get(name, "") for name in ("etag", "last-modified"))
        known = Known(etag if len(etag) <= _VALIDATOR else "", modified if len(modified) <= _VALIDATOR else "", after)
        if answer.status == 204 or not answer.body or steps.listed(content) == []:
            self._pass(after)
            return None
        digest = hashlib.sha256(answer.body).digest()
        if steps.style in ("page", "offset") and digest == self._last:
            raise unusable("It gives the same page again under the next number.")
        self._last = digest
        return _Page(RemoteFile(f"pagina-{self._fetched:06}", len(answer.body), 0), ask, answer.body, known)

    def _mark(self, answer: Answer, content: Any) -> None:
        """What to ask for next time, once this walk is at its end: what its first mark says, for what changed meanwhile may
        stand on a page that was read before."""
        if self._state.high:
            return
        if self._since_from.startswith(("/", HEADER)):
            found = found_in(answer, content, self._since_from)
            if isinstance(found, str | int) and not isinstance(found, bool) and 0 < len(str(found)) <= _VALIDATOR:
                self._state.high = str(found)
        elif self._since_from == "date":
            try:
                moment = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC) - _OVERLAP
            except (ValueError, TypeError, OverflowError):
                moment = None
            if moment is None:
                raise unusable("It does not say what time it is, which the option since_from needs.")
            # One whose clock is far ahead would keep everything until then from the hub.
            now = datetime.fromtimestamp(int(SystemClock().now_us()) / 1_000_000, UTC)
            self._state.high = min(moment, now).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _pass(self, after: Ask | None) -> None:
        self._ask = self._state.at = after
        if after is None:
            self._state.finished()
            self._state.pages = {ask: known for ask, known in self._state.pages.items() if ask in self._asked}

    async def _go_on(self, page: _Page) -> None:
        # The links of the last page stand outside what its tag is about: it may be the same, and not the last any more.
        if page.known.condition and (self._service.paging.style != "link" or page.known.after is not None):
            self._state.pages[page.ask] = page.known
        self._page = None
        self._pass(page.known.after)
        self.more = self._ask is not None and self._fetched < self._most

    async def _save(self) -> None:
        if self._cursor is not None:
            await self._cursor.save(self._state.dump())

    async def _refused(self) -> Sequence[RemoteFile]:
        files = deque[RemoteFile]()
        for number, ask in enumerate(self._state.refused):
            name = f"{_REFUSED}/teruggehaald-{number:06}"
            self._waiting[name] = ask
            try:
                files.append((await self._held(name)).file)
            except HubError as wrong:
                if getattr(wrong, "trouble", None) is not Trouble.no_folder:
                    raise
        return files

    async def _held(self, name: str) -> _Page:
        for page in (self._page, self._back):
            if page is not None and page.file.name == name:
                return page
        ask = self._waiting.get(name)
        if ask is None:
            raise SourceAway(Trouble.file_gone, "A page is gone.", "The hub went on to the next one.", NEXT_TIME)
        answer = _page_in(await self._service.call(ask))
        self._back = _Page(RemoteFile(name, len(answer.body), 0), ask, answer.body, Known("", "", None))
        return self._back


def _page_in(answer: Answer) -> Answer:
    """The answer, where it is a page and all of it. Raises SourceAway or SourceBarred."""
    if answer.status in _NO_PAGE:
        raise SourceAway(
            Trouble.no_answer,
            "The partner's service does not give a page whole.",
            f"It answered {answer.status}, which the hub did not ask for.",
            NEXT_TIME,
        )
    return served(answer)


def _question(endpoint: Endpoint) -> dict[str, Any] | None:
    if endpoint.option("method", "GET") != "POST":
        return None
    try:
        question = orjson.loads(endpoint.option("body", "{}"))
    except ValueError:
        question = None
    if not isinstance(question, dict):
        raise unsettled("The option body is no JSON object.")
    return question


def _most_pages(endpoint: Endpoint) -> int:
    try:
        return int(endpoint.option("most_pages", str(_MOST_PAGES)))
    except ValueError:
        raise unsettled("most_pages is a number.") from None
