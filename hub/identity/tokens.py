"""Signing in of partner systems: OAuth 2.0 client credentials with `private_key_jwt`, NL GOV assurance profile 1.1.

The partner proves itself with a signed assertion (RFC 7523) that works once; it gets a signed access token (RFC 9068) of five
minutes, bound to its client certificate when it has one (RFC 8705). A partner that is deactivated gets no further token; one
that it holds already works until it expires, five minutes at most.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from hub.domain.terms import Micros, PartyId
from hub.errors import Misconfigured, Refused
from hub.identity.partners import ALGORITHMS, Partner, PublicKey
from hub.ports import Clock, Entropy

LIFETIME_S: Final = 300
SKEW_S: Final = 60
LONGEST: Final = 8192
"""Characters in an assertion or token; anything longer is refused unread."""

_REMEMBERED: Final = 4096
_JTI: Final = re.compile(r"[\x21-\x7e]{16,256}", re.ASCII)
_HEADERS: Final = frozenset({"alg", "kid", "typ", "x5c", "x5t", "x5t#S256"})
_ASSERTION_TYPES: Final = frozenset({"jwt", "client-authentication+jwt"})
_ATTESTATION_TYPES: Final = frozenset({"verklaring+jwt"})
_TOKEN_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})


class _Registry(jws.JWSRegistry):
    max_header_length = 6144


@dataclass(frozen=True, slots=True)
class Assertion:
    """A checked assertion: `jti` is still to be spent, and to be remembered until `expires_us`."""

    jti: str
    expires_us: Micros


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the party, through which client, and what it may do in this call."""

    party: PartyId
    client_id: str
    scopes: frozenset[str]


def _no(why: str) -> Refused:
    return Refused("The sign-in was refused.", why, "Sign in anew as the interface describes.")


def client_of(assertion: str) -> str:
    """The client id that an assertion claims to come from: unproven, good for finding its keys. Raises errors.Refused."""
    parts = _split(assertion)
    claims = _object(parts[1])
    client_id = claims.get("sub")
    if not isinstance(client_id, str) or len(client_id) > 128:
        raise _no("The assertion names no client.")
    return client_id


def check_assertion(assertion: str, partner: Partner, audiences: Collection[str], now: Micros) -> Assertion:
    """An assertion by `partner` for one of `audiences`, valid at `now`. Raises errors.Refused for anything else."""
    claims = _verified(assertion, partner.keys.get, ALGORITHMS, _ASSERTION_TYPES, typ_required=False)
    if claims.get("iss") != partner.client_id or claims.get("sub") != partner.client_id:
        raise _no("Issuer and subject are not the client itself.")
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in audiences:
        raise _no("The assertion is meant for another server.")
    now_s = int(now) // 1_000_000
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    if not now_s < expires <= now_s + LIFETIME_S:
        raise _no("The assertion has expired, or lives longer than five minutes.")
    if not now_s - LIFETIME_S <= issued <= now_s + SKEW_S or issued >= expires:
        raise _no("The assertion was issued too long ago, or in the future.")
    if "nbf" in claims and _seconds(claims, "nbf") > now_s + SKEW_S:
        raise _no("The assertion is not valid yet.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not _JTI.fullmatch(jti):
        raise _no("The assertion has no id of its own.")
    return Assertion(jti, Micros(expires * 1_000_000))


def check_attestation(attestation: str, partner: Partner, says: Mapping[str, str]) -> None:
    """A statement by `partner` (a JWS of type `verklaring+jwt`) that says just this, and when. Raises errors.Refused."""
    claims = _verified(attestation, partner.keys.get, ALGORITHMS, _ATTESTATION_TYPES, typ_required=True)
    _seconds(claims, "iat")
    if {name: word for name, word in claims.items() if name != "iat"} != dict(says):
        raise _no("The statement says something else than the answer that it comes with.")


class Tokens:
    """Issues and checks the hub's access tokens.

    `key` signs (RSA: PS256, EC P-256: ES256); `former` keys still check what they signed. A checked token is remembered by
    its digest until it expires, so that a busy partner costs one signature check per token and not one per request.
    """

    def __init__(
        self, issuer: str, key: RSAKey | ECKey, clock: Clock, entropy: Entropy, *, former: Sequence[RSAKey | ECKey] = ()
    ) -> None:
        self.issuer = issuer
        self.audience = f"{issuer}/v1"
        self._key, self._clock, self._entropy = key, clock, entropy
        self._algorithm = _algorithm_of(key)
        if not key.is_private:
            raise Misconfigured("The token key cannot sign.", "It is a public key.", "Give the hub its private token key.")
        self._keys: dict[str, PublicKey] = {}
        for each in (key, *former):
            _algorithm_of(each)
            if not each.kid or each.kid in self._keys:
                raise Misconfigured("The token keys were refused.", "Each needs a key id of its own.", "Give each key a kid.")
            self._keys[each.kid] = each
        self._known: OrderedDict[bytes, tuple[int, Caller, str | None]] = OrderedDict()

    def jwks(self) -> dict[str, Any]:
        """The public keys, for who wants to check a token (RFC 7517)."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": _algorithm_of(key)}
                for kid, key in self._keys.items()
            ]
        }

    def issue(self, partner: Partner, scopes: Collection[str], thumbprint: str | None) -> str:
        """A token of five minutes; `thumbprint` (x5t#S256) binds it to the client certificate of this connection."""
        now_s = int(self._clock.now_us()) // 1_000_000
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": partner.client_id,
            "azp": partner.client_id,
            "client_id": partner.client_id,
            "aud": self.audience,
            "exp": now_s + LIFETIME_S,
            "iat": now_s,
            "jti": urlsafe_b64encode(self._entropy(18)).decode("ascii"),
            "scope": " ".join(sorted(scopes)),
            "party": str(partner.party),
        }
        if thumbprint is not None:
            claims["cnf"] = {"x5t#S256": thumbprint}
        header = {"alg": self._algorithm, "typ": "at+jwt", "kid": self._key.kid}
        return jws.serialize_compact(header, orjson.dumps(claims), self._key, registry=_Registry(algorithms=[self._algorithm]))

    def verify(self, token: str, thumbprint: str | None) -> Caller:
        """Who holds `token`, on a connection with the client certificate `thumbprint`. Raises errors.Refused."""
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._known.get(digest)
        now_s = int(self._clock.now_us()) // 1_000_000
        if known is None:
            known = self._check(token, now_s)
            self._known[digest] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(digest)
        expires, caller, bound_to = known
        if expires <= now_s:
            del self._known[digest]
            raise _no("The token has expired.")
        if bound_to is not None and (thumbprint is None or not compare_digest(bound_to, thumbprint)):
            raise _no("The token is bound to another client certificate.")
        return caller

    def _check(self, token: str, now_s: int) -> tuple[int, Caller, str | None]:
        claims = _verified(token, self._keys.get, ("PS256", "ES256"), _TOKEN_TYPES, typ_required=True)
        if claims.get("iss") != self.issuer or claims.get("aud") != self.audience:
            raise _no("The token is not this hub's, or not meant for it.")
        issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
        if expires <= now_s or issued > now_s + SKEW_S or not 0 < expires - issued <= LIFETIME_S:
            raise _no("The token has expired, or its times are wrong.")
        party, client_id, scope = claims.get("party"), claims.get("client_id"), claims.get("scope")
        if not (isinstance(party, str) and isinstance(client_id, str) and isinstance(scope, str)):
            raise _no("The token does not say who holds it.")
        confirmation = claims.get("cnf", {})
        bound_to = confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None
        if confirmation and not isinstance(bound_to, str):
            raise _no("The token is bound to something that the hub does not know.")
        try:
            return expires, Caller(PartyId(party), client_id, frozenset(scope.split())), bound_to
        except ValueError:
            raise _no("The token does not say who holds it.") from None


def _algorithm_of(key: RSAKey | ECKey) -> str:
    if isinstance(key, RSAKey) and key.raw_value.key_size >= 2048:
        return "PS256"
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return "ES256"
    raise Misconfigured("The token key was refused.", "It is neither RSA of 2048 bits or more nor EC P-256.", "Make a new key.")


def _split(text: str) -> list[str]:
    parts = text.split(".") if len(text) <= LONGEST and text.isascii() else []
    if len(parts) != 3 or not all(parts):
        raise _no("It is not a signed JWT.")
    return parts


def _object(part: str) -> dict[str, Any]:
    """A part of a JWT. orjson, because it bounds nesting and takes neither NaN nor broken UTF-8."""
    try:
        value = orjson.loads(urlsafe_b64decode(part.encode("ascii")))
    except ValueError:
        raise _no("It is not a signed JWT.") from None
    if not isinstance(value, dict):
        raise _no("It is not a signed JWT.")
    return value


def _verified(
    text: str,
    key_of: Callable[[str], PublicKey | None],
    algorithms: Sequence[str],
    types: Collection[str],
    *,
    typ_required: bool,
) -> dict[str, Any]:
    """The claims of a JWT signed by the key that its `kid` names. Raises errors.Refused."""
    parts = _split(text)
    header = _object(parts[0])
    kid, alg, typ = header.get("kid"), header.get("alg"), header.get("typ")
    if set(header) - _HEADERS or not isinstance(kid, str) or not isinstance(alg, str) or alg not in algorithms:
        raise _no("Its header asks for something that the hub does not do.")
    if (typ_required or typ is not None) and (not isinstance(typ, str) or typ.lower() not in types):
        raise _no("It is another kind of JWT.")
    key = key_of(kid)
    if key is None or (key.alg is not None and key.alg != alg):
        raise _no("It is signed with a key that is not registered.")
    try:
        jws.deserialize_compact(text, key, registry=_Registry(algorithms=list(algorithms)))
    except (JoseError, ValueError, TypeError):
        raise _no("Its signature is not right.") from None
    return _object(parts[1])


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    moment = claims.get(name)
    if not isinstance(moment, int) or isinstance(moment, bool) or not 0 <= moment < 2**40:
        raise _no("It lacks a time that it must have.")
    return moment
