"""The Zaken API, the other way: statuses that were set on cases of the hub, put together with whom each case is about.

A list of statuses names neither case nor person, so each that counts is looked up: the name of its type, its case, the role of
the young person. What is not of a case of ours is dropped before anything of the case is kept. A page of the result is a file.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import orjson

from hub.connector import BLOCK, Endpoint, RemoteFile
from hub.transports import rest
from hub.transports.rest import RestPages
from hub.transports.web import reaching
from hub.transports.zgw import SOURCE, Zgw, identity_of, probe, strange, token_of

__all__ = ["connect", "probe"]

_DONE: Final = "verwerkt"
_OUTCOMES: Final = "Aangekomen;Niet verschenen;Niet bereikt;Wil niet;Elders geholpen"
_PAGING: Final = MappingProxyType({"paging": "next", "next": "/next", "items": "/results"})


async def connect(endpoint: Endpoint) -> StatusPages:
    """Looks up how far the hub was; calls nobody yet. Raises SourceBarred where options and secret do not go together."""
    shown = {"token": token_of(endpoint).encode()}
    tls = {name: held for name, held in endpoint.credentials.items() if name in ("ca", "certificate", "key")}
    options = dict(_PAGING) | ({"most_pages": most} if (most := endpoint.option("most_pages")) else {})
    address = f"{endpoint.address.rstrip('/')}/statussen"
    inner = await rest.connect(replace(endpoint, address=address, options=options, credentials=shown | tls))
    with reaching():
        return StatusPages(endpoint, inner, Zgw(endpoint, endpoint.option("catalogi")))


class StatusPages:
    """The pages of one walk; satisfies `hub.connector.PageSource`. A page with nothing of ours is passed by."""

    def __init__(self, endpoint: Endpoint, inner: RestPages, zgw: Zgw) -> None:
        self._inner, self._zgw = inner, zgw
        self._zaaktype, self._roltype = endpoint.option("zaaktype"), endpoint.option("roltype")
        self._gemeente = endpoint.option("gemeente")
        self._outcomes = frozenset(endpoint.option("outcomes", _OUTCOMES).split(";"))
        self._names: dict[str, str] = {}
        self._bodies: dict[str, bytes] = {}

    @property
    def more(self) -> bool:
        """Whether something can be listed that was not before."""
        return self._inner.more

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        """The page that is to be read now, or those in a folder beside it, each put together."""
        self._bodies.clear()
        while files := await self._inner.list(folder):
            sized = [replace(file, size=len(await self._body(file.name))) for file in files]
            if folder != "." or self._bodies[files[0].name]:
                return sized
            await self._inner.move(files[0].name, _DONE, "")
        return []

    async def stat(self, name: str) -> RemoteFile:
        """The page as the hub holds it."""
        return replace(await self._inner.stat(name), size=len(await self._body(name)))

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The page from `offset` in blocks of `BLOCK` bytes, the last one shorter."""
        body = await self._body(name)
        for start in range(offset, len(body), BLOCK):
            yield body[start : start + BLOCK]

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """As the pages below are moved."""
        body = self._bodies.get(name)
        there = await self._inner.move(name, folder, suffix, marked=marked)
        if body is not None:
            self._bodies[there] = body
        return there

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._inner.close()
        await self._zgw.close()

    async def _body(self, name: str) -> bytes:
        if name not in self._bodies:
            raw = b"".join([block async for block in self._inner.read(name)])
            with reaching():
                self._bodies[name] = await self._put_together(raw)
        return self._bodies[name]

    async def _put_together(self, raw: bytes) -> bytes:
        """Empty where nothing on the page is an outcome of a case of ours."""
        found = []
        for status in _results(raw):
            name = await self._name(status.get("statustype"))
            if name in self._outcomes and (about := await self._about(status.get("zaak"))) is not None:
                said = {"statustype": name, "datumStatusGezet": status.get("datumStatusGezet"), "gemeente": self._gemeente}
                found.append(about | said)
        return orjson.dumps({"meldingen": found}) if found else b""

    async def _name(self, statustype: Any) -> str:
        """What the catalogue calls a type of status."""
        if not isinstance(statustype, str):
            raise strange()
        if statustype not in self._names:
            content = await self._zgw.get(statustype)
            named = content.get("omschrijving") if isinstance(content, dict) else None
            if not isinstance(named, str):
                raise strange()
            self._names[statustype] = named
        return self._names[statustype]

    async def _about(self, zaak: Any) -> dict[str, str] | None:
        """Which delivery a case is of and whom it is about, as far as the roles say; None for a case that is not ours."""
        content = await self._zgw.get(zaak)
        given = content.get("kenmerken", []) if isinstance(content, dict) else None
        if not isinstance(given, list):
            raise strange()
        marks = [one.get("kenmerk") for one in given if isinstance(one, dict) and one.get("bron") == SOURCE]
        if content.get("zaaktype") != self._zaaktype or content.get("identificatie") not in [*map(identity_of, marks)]:
            return None
        persons = [
            one.get("betrokkeneIdentificatie")
            for one in await self._zgw.results("rollen", {"zaak": zaak})
            if isinstance(one, dict) and one.get("zaak") == zaak and one.get("roltype") == self._roltype
        ]
        person = persons[0] if len(persons) == 1 and isinstance(persons[0], dict) else {}
        told = {"kenmerk": marks[0], "bsn": person.get("inpBsn"), "geboortedatum": person.get("geboortedatum")}
        return {name: value for name, value in told.items() if isinstance(value, str) and value}


def _results(raw: bytes) -> list[dict[str, Any]]:
    """The statuses on a page. Raises hub.http.Away where it is no page of them."""
    try:
        content = orjson.loads(raw)
    except ValueError:
        content = None
    found = content.get("results") if isinstance(content, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise strange()
    return found
