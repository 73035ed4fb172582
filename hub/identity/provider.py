"""The organisation's identity provider as the hub reaches it: its description, its keys, and codes for ID tokens.

OpenID Connect Discovery 1.0; RFC 6749 with the hub proving itself by `private_key_jwt` (RFC 7523) or `client_secret_basic`.
Whatever a provider sends ends in an error that says what to do, and nothing that it sent is repeated in one.
"""

from __future__ import annotations

import asyncio
import ipaddress
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.errors import Misconfigured, Refused, Retry
from hub.identity.idtoken import ALGORITHMS, SigningKey, key_of, read_keys
from hub.ports import Clock, Entropy

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_JSON: Final = {"Accept": "application/json"}
_KEPT_S: Final = 3600
_AGAIN_S: Final = 60
_ASSERTION_S: Final = 60


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Outbound(Protocol):
    """The way out, of which `hub.http.Http` is the one there is; raises errors.Retry or errors.Misconfigured."""

    async def get(self, url: str, headers: Mapping[str, str], /) -> Answer: ...
    async def post(self, url: str, body: bytes, headers: Mapping[str, str], /) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Client:
    """The hub as the provider knows it, with a key (preferred) or a secret to prove itself with."""

    client_id: str
    key: RSAKey | ECKey | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)

    @property
    def method(self) -> str:
        """Its name in the register of RFC 8414."""
        return "client_secret_basic" if self.key is None else "private_key_jwt"


def read_client(client_id: str, *, key: bytes | None = None, secret: bytes | None = None) -> Client:
    """The hub as a client, from the content of its key file (a private JWK: EC P-256 or RSA) or of its secret file.

    Raises errors.Misconfigured where there is not exactly one of the two, or it cannot be used.
    """
    if (key is None) == (secret is None) or not client_id:
        raise Misconfigured(
            "The hub cannot prove itself to the identity provider.",
            "It needs a client id, and either a key or a secret.",
            "Set HUB_OIDC_CLIENT_ID and one of HUB_OIDC_KEY_FILE and HUB_OIDC_SECRET_FILE.",
        )
    if secret is not None:
        try:
            text = secret.decode("ascii").strip()
        except UnicodeDecodeError:
            text = ""
        if not text:
            raise Misconfigured("The OIDC secret cannot be used.", "It is empty or no ASCII.", "Put the secret in its file.")
        return Client(client_id, secret=text)
    return Client(client_id, key=_private_key(key or b""))


def _private_key(content: bytes) -> RSAKey | ECKey:
    try:
        jwk = orjson.loads(content)
        key: RSAKey | ECKey = RSAKey.import_key(jwk) if jwk.get("kty") == "RSA" else ECKey.import_key(jwk)
        if key.is_private and (isinstance(key, RSAKey) or key.curve_name == "P-256"):
            return key
    except (JoseError, ValueError, TypeError, AttributeError, KeyError):
        pass
    raise Misconfigured(
        "The OIDC key cannot be used.", "It is no private JWK, EC P-256 or RSA.", "Put such a key in HUB_OIDC_KEY_FILE."
    ) from None


@dataclass(frozen=True, slots=True)
class Description:
    """What the provider says of itself, as far as the hub needs it."""

    authorize: str
    token: str
    jwks: str
    end_session: str | None
    names_itself: bool
    """It puts its issuer into what it answers through the browser (RFC 9207)."""


class Provider:
    """The identity provider `issuer`. Its description and keys are kept for an hour; a key that is not among them is looked
    for anew, once a minute at most, so that tokens with made-up key ids do not make the hub a nuisance.

    Raises errors.Misconfigured on construction where the issuer is neither https nor http on this machine.
    """

    def __init__(self, http: Outbound, client: Client, issuer: str, clock: Clock, entropy: Entropy) -> None:
        self.issuer, self._http, self._client, self._clock, self._entropy = issuer, http, client, clock, entropy
        self._loopback = _is_loopback(issuer)
        if not (self._allowed(issuer) and not urlsplit(issuer).query):
            raise Misconfigured(
                "The identity provider's address was refused.",
                "It is neither https nor http on this machine.",
                "Set HUB_OIDC_ISSUER to its issuer, as its own description writes it.",
            )
        self._description: Description | None = None
        self._described_us = self._keys_us = 0
        self._keys: dict[str, SigningKey] = {}
        self._one = asyncio.Lock()

    async def describe(self) -> Description:
        """What the provider says of itself. Raises errors.Retry where it is away, Misconfigured where it cannot be used."""
        async with self._one:
            now = int(self._clock.now_us())
            if self._description is None or now - self._described_us >= _KEPT_S * 1_000_000:
                address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._description = self._read(await self._fetch(address))
                self._described_us = now
            return self._description

    async def keys(self, kid: str) -> Mapping[str, SigningKey]:
        """The provider's keys, `kid` among them where it publishes it. Raises as `describe`."""
        jwks = (await self.describe()).jwks
        async with self._one:
            now = int(self._clock.now_us())
            age_s = (now - self._keys_us) / 1_000_000
            if age_s >= _KEPT_S or (key_of(kid, self._keys) is None and age_s >= _AGAIN_S):
                self._keys_us = now
                self._keys = read_keys(await self._fetch(jwks))
            return self._keys

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> str:
        """The ID token for a code. Raises errors.Refused where the provider does not take the code, else as `describe`."""
        address = (await self.describe()).token
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        headers = dict(_FORM)
        if self._client.key is None:
            pair = f"{quote_plus(self._client.client_id)}:{quote_plus(self._client.secret or '')}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        else:
            proof = {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": self._assertion(self._client.key, address)}
            fields |= {"client_id": self._client.client_id, **proof}
        answer = await self._http.post(address, urlencode(fields).encode(), headers)
        content = _object(answer.body)
        if answer.status == 200:
            token = content.get("id_token")
            if not isinstance(token, str):
                raise _unusable("It gave no ID token for a code.")
            return token
        if answer.status == 400 and content.get("error") == "invalid_grant":
            raise Refused(
                "The sign-in was refused.",
                "The identity provider does not take its code: it is old or was used.",
                "Sign in anew.",
            )
        raise _failed(answer.status, "It does not accept the hub as its client.")

    def _assertion(self, key: RSAKey | ECKey, audience: str) -> str:
        now_s = int(self._clock.now_us()) // 1_000_000
        client_id, jti = self._client.client_id, urlsafe_b64encode(self._entropy(18)).decode()
        claims = {"iss": client_id, "sub": client_id, "aud": audience, "iat": now_s, "exp": now_s + _ASSERTION_S, "jti": jti}
        header = {"alg": "PS256" if isinstance(key, RSAKey) else "ES256"} | ({"kid": key.kid} if key.kid else {})
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    async def _fetch(self, address: str) -> dict[str, Any]:
        answer = await self._http.get(address, _JSON)
        if answer.status != 200:
            raise _failed(answer.status, "It does not give its description or its keys.")
        content = _object(answer.body)
        if not content:
            raise _unusable("Its description or its keys are no JSON object.")
        return content

    def _read(self, content: Mapping[str, Any]) -> Description:
        if content.get("issuer") != self.issuer:
            raise _unusable("It describes itself as another issuer than HUB_OIDC_ISSUER.")
        addresses = [content.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        authorize, token, jwks = (address if self._allowed(address) else "" for address in addresses)
        if not (authorize and token and jwks):
            raise _unusable("It names no safe address for signing in, for tokens or for its keys.")
        for name, wanted, unsaid in (
            ("response_types_supported", {"code"}, True),
            ("code_challenge_methods_supported", {"S256"}, True),
            ("id_token_signing_alg_values_supported", set(ALGORITHMS), True),
            ("token_endpoint_auth_methods_supported", {self._client.method}, self._client.method == "client_secret_basic"),
        ):
            said = content.get(name)
            words = {word for word in said if isinstance(word, str)} if isinstance(said, list) else set()
            if (said is not None or not unsaid) and not words & wanted:
                raise _unusable(f"It does not offer what the hub needs: {name}.")
        end_session = content.get("end_session_endpoint")
        names_itself = content.get("authorization_response_iss_parameter_supported") is True
        return Description(authorize, token, jwks, end_session if self._allowed(end_session) else None, names_itself)

    def _allowed(self, address: Any) -> bool:
        """https; http where both the provider and this address of it are on this machine."""
        if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
            return False
        try:
            parts = urlsplit(address)
            usable = bool(parts.hostname) and not parts.fragment and parts.username is None and parts.port != 0
        except ValueError:
            return False
        return usable and (parts.scheme == "https" or (parts.scheme == "http" and self._loopback and _is_loopback(address)))


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _object(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer; empty for anything else."""
    try:
        value = orjson.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _unusable(why: str) -> Misconfigured:
    return Misconfigured(
        "Nobody can sign in: the identity provider cannot be used.",
        why,
        "Compare its settings and HUB_OIDC_... with each other.",
    )


def _failed(status: int, why: str) -> Misconfigured | Retry:
    if status in (408, 425, 429) or 500 <= status < 600:
        return Retry(
            "Nobody can sign in now.", "The identity provider reports a fault of its own.", "Try it again in a moment."
        )
    return _unusable(why)
