"""How the hub shows a partner's service who it is: a token, a name and password, or OAuth 2.0 client credentials.

RFC 6749, section 4.4, with a secret or with `private_key_jwt` (RFC 7523). A token is kept until half a minute before its end,
for every run with the same endpoint and credentials, and of those that need a new one, one fetches it.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode
from weakref import WeakKeyDictionary

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.clock import SystemClock
from hub.connector import Credential, Endpoint, Option, SourceBarred, Trouble
from hub.http import Http
from hub.ports import Clock
from hub.transports.web import reaching, served, unsettled, unusable

OPTIONS: Final = (
    Option(name="username", title="User name, with a password", example="hub"),
    Option(name="client_id", title="OAuth 2.0: the hub's client id at the partner", example="hub"),
    Option(name="token_url", title="OAuth 2.0: address that gives tokens", example="https://idp.example.nl/token"),
    Option(name="scope", title="OAuth 2.0: scope to ask for", example="leerlingen.lezen"),
    Option(
        name="token_auth",
        title="OAuth 2.0: whether a secret goes in the header (basic) or the body (post) of the question for a token",
        default="basic",
        pattern="basic|post",
    ),
    Option(name="audience", title="OAuth 2.0: audience of the hub's assertion; without it the token address"),
)
CREDENTIALS: Final = (
    Credential(name="token", title="What to show as bearer token", kind="secret"),
    Credential(name="password", title="Password of the user name", kind="secret"),
    Credential(name="client_secret", title="OAuth 2.0: secret of the client", kind="secret"),
    Credential(name="client_key", title="OAuth 2.0: private key of the client (PEM)", kind="private_key"),
)
"""At most one of them: a service that knows the hub by its certificate alone needs none."""

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_S: Final = 60
_EARLY_US: Final = 30_000_000
_USUAL_LIFE_S: Final = 60
_LONGEST_LIFE_S: Final = 86_400
_MOST_KEPT: Final = 1000


@dataclass(slots=True)
class _Grant:
    """A token and until when to use it; `one` lets one at a time fetch a new one."""

    token: str = field(default="", repr=False)
    until_us: int = 0
    one: asyncio.Lock = field(default_factory=asyncio.Lock)


_GRANTS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bytes, _Grant]]] = WeakKeyDictionary()


class Access:
    """What the endpoint shows with every call. Raises SourceBarred where its options and credentials do not go together."""

    def __init__(self, endpoint: Endpoint, http: Http, clock: Clock | None = None) -> None:
        self._http, self._clock, self._option = http, clock or SystemClock(), endpoint.option
        held = [each.name for each in CREDENTIALS if each.name in endpoint.credentials]
        if len(held) > 1:
            raise unsettled(f"It has {' and '.join(held)}, and only one of them can be shown.")
        self._kind = held[0] if held else ""
        self._secret = "" if self._kind in ("", "client_key") else endpoint.secret(self._kind) or ""
        self._key = _signing_key(endpoint.credentials["client_key"]) if self._kind == "client_key" else None
        oauth = self._kind in ("client_secret", "client_key")
        if oauth and not (endpoint.option("client_id") and endpoint.option("token_url")):
            raise unsettled("OAuth 2.0 needs client_id and token_url.")
        if self._kind == "password" and not endpoint.option("username"):
            raise unsettled("A password needs a user name.")
        self._grant = _grant_of(endpoint) if oauth else None

    async def headers(self) -> dict[str, str]:
        """To send with a call. Raises SourceAway or SourceBarred where a token is needed and none is given."""
        if self._kind == "token":
            return {"Authorization": f"Bearer {self._secret}"}
        if self._kind == "password":
            pair = f"{self._option('username')}:{self._secret}"
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        if self._grant is None:
            return {}
        async with self._grant.one:
            if int(self._clock.now_us()) >= self._grant.until_us:
                await self._fetch(self._grant)
            return {"Authorization": f"Bearer {self._grant.token}"}

    def spent(self, headers: dict[str, str]) -> bool:
        """Forgets the token in `headers`, which was refused; gives whether asking for another one makes sense."""
        if self._grant is None:
            return False
        if headers.get("Authorization") == f"Bearer {self._grant.token}":
            self._grant.until_us = 0
        return True

    async def _fetch(self, grant: _Grant) -> None:
        client_id, address = self._option("client_id"), self._option("token_url")
        fields = {"grant_type": "client_credentials"} | ({"scope": self._option("scope")} if self._option("scope") else {})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        now_us = int(self._clock.now_us())
        if self._key is None and self._option("token_auth", "basic") == "post":
            fields |= {"client_id": client_id, "client_secret": self._secret}
        elif self._key is None:
            pair = f"{quote_plus(client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            assertion = self._assertion(self._key, client_id, self._option("audience") or address, now_us // 1_000_000)
            fields |= {"client_id": client_id, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}
        with reaching():
            answer = await self._http.post(address, urlencode(fields).encode(), headers)
        if answer.status in (400, 401, 403):
            raise SourceBarred(
                Trouble.login_refused,
                "The partner does not give the hub a token.",
                f"Its token address answered {answer.status}.",
                "Check client id, key or secret, scope and audience with its owner, and token_auth: header or body.",
            )
        try:
            content: Any = orjson.loads(served(answer).body)
            token, kind, life = content["access_token"], content.get("token_type", "bearer"), content.get("expires_in")
        except (ValueError, TypeError, KeyError, AttributeError):
            token, kind, life = None, "", None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or str(kind).lower() != "bearer":
            raise unusable("Its token address gave no bearer token.")
        life_s = life if isinstance(life, int) and not isinstance(life, bool) and life > 0 else _USUAL_LIFE_S
        grant.token = token
        grant.until_us = now_us + min(life_s, _LONGEST_LIFE_S) * 1_000_000 - _EARLY_US

    @staticmethod
    def _assertion(key: RSAKey | ECKey, client_id: str, audience: str, now_s: int) -> str:
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": now_s,
            "exp": now_s + _ASSERTION_S,
            "jti": secrets.token_urlsafe(18),
        }
        header = {"alg": "PS256" if isinstance(key, RSAKey) else "ES256", "kid": key.thumbprint()}
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def _grant_of(endpoint: Endpoint) -> _Grant:
    """The token's place, the same for all who would be given the same token."""
    marks = [endpoint.option(name).encode() for name in ("token_url", "client_id", "scope", "audience")]
    marks += [endpoint.credentials.get(name, b"") for name in ("client_secret", "client_key", "certificate")]
    mark = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in marks)).digest()
    kept = _GRANTS.setdefault(asyncio.get_running_loop(), {})
    if mark not in kept and len(kept) >= _MOST_KEPT:
        kept.pop(next(iter(kept)))
    return kept.setdefault(mark, _Grant())


def _signing_key(pem: bytes) -> RSAKey | ECKey:
    for kind in (RSAKey, ECKey):
        try:
            key: RSAKey | ECKey = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and (isinstance(key, RSAKey) or key.curve_name == "P-256"):
            return key
    raise unsettled("Its client_key is no private key in PEM, EC P-256 or RSA.")
