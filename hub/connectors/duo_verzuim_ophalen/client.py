"""DUO's service for what changed in reports of absence: each answer is a page, read as a file of XML.

From when to ask next is kept durably only after a page was dealt with. Where the hub breaks off between the two it asks for the
same again, and knows the answer again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from lxml import etree

from hub.connector import BLOCK, Endpoint, RemoteFile, SourceAway, SourceBarred, Trouble
from hub.formats.xml import SCHEMAS
from hub.transports.paging import Ask
from hub.transports.remembered import remembered
from hub.transports.soap import Soap
from hub.transports.web import NEXT_TIME, reaching, unusable
from hub.transports.wsdl import port_of

NAMESPACE: Final = "urn:hub:voorbeeld:duo-verzuim-soap:1"
OPERATION: Final = "AanvraagGewijzigdeMeldingRelatiefVerzuim"
_WSDL: Final = SCHEMAS / "duo_verzuim_ophalen/duo-verzuim-soap-1/verzuim.wsdl"
_AT: Final = ("Verzuimloket", "Verzuim")
_REFUSED: Final = "afgekeurd"
_FROM: Final = "vanaf"
_LONGEST: Final = 100
_MOST: Final = 500


async def connect(endpoint: Endpoint) -> ChangedReports:
    """Looks up how far the hub was; calls nobody yet. Raises SourceBarred or errors.Misconfigured."""
    cursor = endpoint.cursor
    return ChangedReports(endpoint, await cursor.load() if cursor is not None else None)


@dataclass(frozen=True, slots=True)
class _Page:
    file: RemoteFile
    begin: str
    body: bytes = field(repr=False)
    after: str
    last: bool


class ChangedReports:
    """What changed since the hub last asked; satisfies `hub.connector.PageSource`. At most one page is held, and one that was
    asked for again."""

    def __init__(self, endpoint: Endpoint, kept: str | None) -> None:
        self._cursor, self._state = endpoint.cursor, remembered(kept)
        self._begin = self._state.since or endpoint.option("since")
        self._who = endpoint.option("who")
        with reaching():
            self._soap, self._port = Soap(endpoint, _WSDL, *_AT), port_of(_WSDL, *_AT)
        self._now: _Page | None = None
        self._back: _Page | None = None
        self._waiting: dict[str, str] = {}
        self._moved: dict[str, RemoteFile] = {}
        self._done, self._asked = False, 0
        self.more = False

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        """The answer that is to be read now, none where nothing changed; or in `afgekeurd` those that could not be read."""
        self.more = False
        if folder == _REFUSED:
            begins = enumerate(dict(ask.parameters)[_FROM] for ask in self._state.refused)
            waiting = {f"{_REFUSED}/teruggehaald-{number:06}": begin for number, begin in begins}
            self._waiting |= waiting
            return [(await self._again(name)).file for name in waiting]
        if folder != ".":
            return []
        while self._now is None and not self._done:
            page = await self._ask(f"levering-{self._asked:06}", self._begin)
            if page.body:
                self._now = page
            else:
                self._pass(page)
                await self._save()
        return [self._now.file] if self._now is not None else []

    async def stat(self, name: str) -> RemoteFile:
        """The answer as the hub holds it. Raises SourceAway where it holds none of this name."""
        return self._moved[name] if name in self._moved else (await self._held(name)).file

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The answer from `offset` in blocks of `BLOCK` bytes, the last one shorter."""
        body = (await self._held(name)).body
        for start in range(offset, len(body), BLOCK):
            yield body[start : start + BLOCK]

    async def move(self, name: str, folder: str, _suffix: str, *, marked: bool = False) -> str:
        """To `verwerkt` or `afgekeurd`: goes on from where the answer ended, durably; with `.` it is read again."""
        page, last = await self._held(name), name.rpartition("/")[2]
        there = last if folder == "." else f"{folder}/{last}"
        ask = Ask("", ((_FROM, page.begin),))
        if folder == _REFUSED:
            self._state.refuse(ask)
        elif folder != "." and ask in self._state.refused:
            self._state.refused.remove(ask)
        if page is self._now and folder != ".":
            self._now = None
            self._pass(page)
        file = RemoteFile(there, len(page.body), 0)
        self._moved, self._back = {there: file}, None
        if folder == ".":
            self._moved, self._back, self._waiting[there] = {}, replace(page, file=file), page.begin
        await self._save()
        return there

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._soap.close()

    async def _ask(self, name: str, begin: str) -> _Page:
        self._asked += 1
        if self._asked > _MOST:
            raise unusable("It says that there is more, time and again.")
        asked = {"codeUitvoerderVSV": self._who, "beginSelectieperiode": begin}
        envelope = self._port.write(OPERATION, {what: text for what, text in asked.items() if text})
        with reaching():
            answer = await self._soap.exchange(OPERATION, envelope)
        document = _document_of(answer)
        after, last = document.get("beginVolgendeSelectieperiode", ""), document.get("volledig") in ("true", "1")
        if not 0 < len(after) <= _LONGEST or (not last and after == begin):
            raise unusable("It does not say from when to ask next.")
        body = etree.tostring(document, encoding="utf-8", xml_declaration=True, with_tail=False) if len(document) else b""
        return _Page(RemoteFile(name, len(body), 0), begin, body, after, last)

    async def _again(self, name: str) -> _Page:
        """An answer that could not be read, asked for anew: more may have changed by now, and what was read is known again."""
        self._back = await self._ask(name, self._waiting[name])
        return self._back

    def _pass(self, page: _Page) -> None:
        self._begin = self._state.since = page.after
        self._done, self.more = page.last, not page.last

    async def _save(self) -> None:
        if self._cursor is not None:
            await self._cursor.save(self._state.dump())

    async def _held(self, name: str) -> _Page:
        for page in (self._now, self._back):
            if page is not None and page.file.name == name:
                return page
        if name in self._waiting:
            return await self._again(name)
        raise SourceAway(Trouble.file_gone, "An answer is gone.", "The hub went on to the next one.", NEXT_TIME)


def _document_of(envelope: Any) -> Any:
    """The delivery in an answer. Raises SourceBarred where there is none: why DUO will not is its own."""
    space = etree.QName(envelope).namespace
    found = envelope.find(
        f"{{{space}}}Body/{{{NAMESPACE}}}{OPERATION}Response/{{{NAMESPACE}}}DC0011LeveringMeldingRelatiefVerzuim"
    )
    if found is not None:
        return found
    if envelope.find(f".//{{{NAMESPACE}}}DC0002Foutmelding") is not None:
        raise SourceBarred(
            Trouble.not_allowed,
            "DUO does not give what changed.",
            "It answered with a document of errors (DC0002).",
            "Compare the option who and the certificate with what was agreed.",
        )
    raise unusable("It answers with neither a delivery nor a document of errors.")
