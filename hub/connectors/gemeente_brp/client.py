"""Haal Centraal BRP over REST: one POST per question."""

from __future__ import annotations

from typing import Final

import orjson

from hub.connector import Endpoint, Hat
from hub.connectors.gemeente_brp.answer import question, reduced
from hub.domain.personal import Bsn, Pgn
from hub.domain.stages import Row
from hub.http import UNSAFE, Answer, Barred
from hub.transports.access import Access
from hub.transports.web import http_of, reaching, served, spoken

_LARGEST_ANSWER: Final = 256 * 1024
_HEADERS: Final = {"doelbinding": "x-doelbinding", "verwerking": "x-verwerking", "origin_oin": "x-origin-oin"}
_PARAMETERS: Final = ("fields", "burgerservicenummer", "gemeenteVanInschrijving", "type")


def open_query(endpoint: Endpoint) -> BrpQuery:
    """Connects to nobody yet. Raises errors.Misconfigured where options and credentials do not go together."""
    return BrpQuery(endpoint)


async def probe(endpoint: Endpoint) -> None:
    """Asks nothing about nobody: who is let in is told that this is no question (400). Raises SourceBarred or SourceAway."""
    query = BrpQuery(endpoint)
    try:
        await query.reached()
    finally:
        await query.close()


class BrpQuery:
    """The BRP of one college; satisfies `hub.connector.Query`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._address, self._gemeente = endpoint.address.rstrip("/"), endpoint.option("gemeente")
        self._user_header, self._task_header = endpoint.option("user_header"), endpoint.option("task_header")
        self._headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
        self._headers |= {header: endpoint.option(name) for name, header in _HEADERS.items() if endpoint.option(name)}
        if (key := endpoint.secret("api_key")) is not None:
            self._headers["X-API-KEY"] = key
        with spoken():
            self._http = http_of(endpoint, _LARGEST_ANSWER)
            self._access = Access(endpoint, self._http)

    async def ask(self, pgn: Pgn, hat: Hat, /) -> Row | None:
        """What the BRP says of this person in the closed list of fields; None for who has no BSN, or is not in it.

        Raises hub.http.Away or hub.http.Barred.
        """
        if not isinstance(pgn, Bsn):
            return None
        content = question(pgn, self._gemeente)
        with spoken():
            shown = await self._access.headers()
            answer = await self._post(content, hat, shown)
            if answer.status == 401 and self._access.spent(shown):
                answer = await self._post(content, hat, await self._access.headers())
            if answer.status != 400:
                served(answer)
        if answer.status == 400:
            raise _refused(answer)
        return reduced(answer.body, pgn)

    async def reached(self) -> None:
        """Raises SourceBarred or SourceAway where the hub is not let in."""
        answer = await self._post(b"{}", Hat("", ""), await self._access.headers())
        if answer.status != 400:
            served(answer)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._http.close()

    async def _post(self, content: bytes, hat: Hat, shown: dict[str, str]) -> Answer:
        named = {name: said for name, said in ((self._user_header, hat.user), (self._task_header, hat.task)) if name and said}
        with reaching():
            return await self._http.post(f"{self._address}/personen", content, self._headers | shown | named)


def _refused(answer: Answer) -> Barred:
    """The error for a question that is not accepted: which parameter, where it says so, and none of its words."""
    try:
        content = orjson.loads(answer.body)
        named = {str(one["name"]).partition("[")[0] for one in content["invalidParams"]}
    except (ValueError, TypeError, KeyError):
        named = set()
    known = [name for name in _PARAMETERS if name in named]
    return Barred(
        UNSAFE,
        "The BRP does not accept the question.",
        f"It answered 400, about {' and '.join(known)}." if known else "It answered 400.",
        "Compare its version and the authorisation of this connection with what README.md of this connector asks for.",
    )
