"""An identity provider in memory that can be told to misbehave, and the registers of staff, in memory too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from hub.domain.terms import Micros
from hub.identity.staff import Kept
from tests.fakes.partner import StillClock, ec_key, jwks, signed

PROVIDER = "https://inloggen.example.nl/organisatie"
CLIENT_ID = "hub"
BACK = "https://hub.example.nl/inloggen/terug"


@dataclass
class Answer:
    """What came back."""

    status: int
    body: bytes


@dataclass
class FakeProvider:
    """Answers as a conforming provider does; `description`, `claims`, `header` and the rest say what is otherwise.

    A value of None drops a member. `instead` answers an address in its place, with an answer or an error.
    """

    clock: StillClock = field(default_factory=StillClock)
    description: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: ec_key("idp-1"))
    published: Any = None
    make: Callable[[dict[str, Any], dict[str, Any]], Any] | None = None
    token: dict[str, Any] = field(default_factory=dict)
    instead: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Mapping[str, str]]] = field(default_factory=list)
    nonce: str = ""

    def visit(self, url: str) -> dict[str, str]:
        """Someone signs in at `url`: what the hub asked for."""
        query = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        self.nonce = query["nonce"]
        return query

    async def get(self, url: str, headers: Mapping[str, str], /) -> Answer:
        return self._answer(url, {}, headers)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], /) -> Answer:
        return self._answer(url, dict(parse_qsl(body.decode(), strict_parsing=True)), headers)

    def _answer(self, url: str, form: dict[str, str], headers: Mapping[str, str]) -> Answer:
        self.asked.append((url, form, headers))
        path = url.removeprefix(PROVIDER)
        if path in self.instead:
            instead = self.instead[path]
            if isinstance(instead, Exception):
                raise instead
            return instead if isinstance(instead, Answer) else Answer(200, orjson.dumps(instead))
        if path == "/.well-known/openid-configuration":
            return self._json(
                self.description,
                issuer=PROVIDER,
                authorization_endpoint=PROVIDER + "/authorize",
                token_endpoint=PROVIDER + "/token",
                jwks_uri=PROVIDER + "/jwks",
                token_endpoint_auth_methods_supported=["private_key_jwt", "client_secret_basic"],
            )
        if path == "/jwks":
            return Answer(200, orjson.dumps(jwks(self.key) if self.published is None else self.published))
        if path == "/token":
            return self._json(self.token, access_token="x", token_type="Bearer", id_token=self.id_token())
        raise AssertionError(f"the hub asked for {path}")

    def _json(self, other: Mapping[str, Any], **usual: Any) -> Answer:
        content = {name: value for name, value in {**usual, **other}.items() if value is not None}
        return Answer(200, orjson.dumps(content))

    def id_token(self) -> Any:
        """The ID token of who signs in."""
        now = self.clock.now_s
        usual = {"iss": PROVIDER, "sub": "u-1042", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": self.nonce}
        usual |= {"name": "Noor Demirci", "roles": ["privacy-officer"]}
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        header = {"alg": "ES256", "kid": self.key.kid, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        return self.make(header, claims) if self.make else signed(header, claims, self.key)


@dataclass
class FakeStaff:
    """Satisfies `SignIns` and `Register` of `hub.identity.staff`."""

    signins: dict[bytes, tuple[str, Micros]] = field(default_factory=dict)
    sessions: dict[bytes, Kept] = field(default_factory=dict)
    touched: int = 0

    async def open_signin(self, state_digest: bytes, back_to: str, expires_us: Micros, now: Micros, /) -> None:
        self.signins[state_digest] = (back_to, expires_us)

    async def take_signin(self, state_digest: bytes, /) -> tuple[str, Micros] | None:
        return self.signins.pop(state_digest, None)

    async def add_session(self, session_digest: bytes, kept: Kept, /) -> None:
        self.sessions[session_digest] = kept

    async def find_session(self, session_digest: bytes, /) -> Kept | None:
        return self.sessions.get(session_digest)

    async def touch_session(self, session_digest: bytes, now: Micros, /) -> None:
        self.touched += 1
        kept = self.sessions[session_digest]
        self.sessions[session_digest] = Kept(kept.staff, now, kept.expires_us)

    async def drop_session(self, session_digest: bytes, /) -> None:
        self.sessions.pop(session_digest, None)
