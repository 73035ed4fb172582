"""The ZGW APIs of gemeenten (VNG Realisatie): REST with a token of the hub's own making, and coordinates in a stated system.

Every call shows a JSON Web Token, signed with the secret that the case system's owner gave for a client id.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote, urlencode, urlsplit

import orjson
from joserfc import jwt
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

from hub.clock import SystemClock
from hub.connector import Endpoint
from hub.http import INVALID, Answer, Away, Http
from hub.ports import Clock
from hub.transports.web import http_of, reaching, served, spoken, unsettled

SOURCE: Final = "hub"
"""The source of the mark (`kenmerk`) by which a case of the hub is known again; the mark is the id of the delivery."""
_LEAST: Final = 16
_LARGEST_ANSWER: Final = 4 << 20
_HEADERS: Final = MappingProxyType(
    {
        "Accept": "application/json",
        "Accept-Crs": "EPSG:4326",
        "Content-Crs": "EPSG:4326",
        "Content-Type": "application/json",
    }
)
_REGISTRY: Final = JWSRegistry(algorithms=["HS256"], strict_check_header=False)


def token_of(endpoint: Endpoint, clock: Clock | None = None) -> str:
    """A token of this moment. Raises SourceBarred where client id or secret are missing or too short."""
    client_id, secret = endpoint.option("client_id"), endpoint.secret("secret") or ""
    if not client_id or len(secret) < _LEAST:
        raise unsettled(f"It needs client_id, and a secret of {_LEAST} characters or more.")
    claims = {
        "iss": client_id,
        "iat": int((clock or SystemClock()).now_us()) // 1_000_000,
        "client_id": client_id,
        "user_id": client_id,
        "user_representation": endpoint.option("representation", "Hub schoolverlaters"),
    }
    header = {"alg": "HS256", "typ": "JWT", "client_identifier": client_id}
    return jwt.encode(header, claims, OctKey.import_key(secret), registry=_REGISTRY)


class Zgw:
    """The APIs below the address of an endpoint, and below `more` addresses. Raises errors.Misconfigured as `token_of` does.

    Nobody else is shown a token: an address that a partner names is called only where it lies below one of these.
    """

    def __init__(self, endpoint: Endpoint, *more: str, clock: Clock | None = None) -> None:
        self._endpoint, self._clock = endpoint, clock
        self.root = endpoint.address.rstrip("/")
        self._roots = tuple(f"{each.rstrip('/')}/" for each in (self.root, *more) if each)
        with spoken():
            self._http: Http = http_of(endpoint, _LARGEST_ANSWER)

    async def get(self, address: str, query: Mapping[str, str] = MappingProxyType({})) -> Any:
        """What stands there, as JSON. Raises hub.http.Away, hub.http.Barred."""
        if not self.owns(address):
            raise strange()
        joined = f"{address}?{urlencode(query)}" if query else address
        with spoken(), reaching():
            answer = served(await self._http.get(joined, self._shown()))
        return parsed(answer)

    async def results(self, resource: str, query: Mapping[str, str]) -> list[Any]:
        """The first page of a list below the address. Raises as `get` does."""
        content = await self.get(f"{self.root}/{resource}", query)
        found = content.get("results") if isinstance(content, dict) else content
        if not isinstance(found, list):
            raise strange()
        return found

    async def post(self, resource: str, body: Mapping[str, Any]) -> Answer:
        """The answer, whatever its status. Raises hub.http.Away, hub.http.Barred."""
        with spoken(), reaching():
            return await self._http.post(f"{self.root}/{resource}", orjson.dumps(body), self._shown())

    def owns(self, address: object) -> bool:
        """Whether the hub may show its token at this address."""
        if not isinstance(address, str) or not address.startswith(self._roots) or not address.isprintable():
            return False
        return ".." not in unquote(urlsplit(address).path).split("/")

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._http.close()

    def _shown(self) -> dict[str, str]:
        return {**_HEADERS, "Authorization": f"Bearer {token_of(self._endpoint, self._clock)}"}


def identity_of(mark: object) -> str:
    """The number of the case with this mark: no other's, and with an id of 36 characters 40, the most there can be."""
    return f"HUB-{mark}"


async def probe(endpoint: Endpoint) -> None:
    """Looks for a case that is not there, with the hub's token. Raises SourceBarred or SourceAway."""
    with reaching():
        zgw = Zgw(endpoint)
        try:
            await zgw.results("zaken", {"identificatie": "HUB-proef"})
        finally:
            await zgw.close()


def parsed(answer: Answer) -> Any:
    """The body as JSON. Raises hub.http.Away where it is none."""
    try:
        return orjson.loads(answer.body)
    except ValueError:
        wrong = strange()
    raise wrong  # out here, for the library's error holds the body


def strange() -> Away:
    """The error for an answer that is not as the standard says."""
    return Away(INVALID, "A case system gives no proper answer.", "It is not as the ZGW APIs say.")
