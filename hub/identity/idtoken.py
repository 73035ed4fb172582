"""Checking what an identity provider signs: its keys (RFC 7517) and its ID tokens (OpenID Connect Core 1.0, section 3.1.3.7).

Pure. A key counts for the one family of algorithms that it is made for, so that no token chooses how it is checked.
"""

from __future__ import annotations

import re
import warnings
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from hub.domain.terms import Micros
from hub.errors import Refused

ALGORITHMS: Final = ("ES256", "PS256", "RS256", "EdDSA", "Ed25519")
"""What an ID token may be signed with; `none` and the shared-secret algorithms are not among them."""

SKEW_S: Final = 60
OLDEST_S: Final = 600
LONGEST: Final = 16_384
"""Characters in an ID token; anything longer is refused unread."""

SigningKey = RSAKey | ECKey | OKPKey

_MOST_KEYS: Final = 100
_RSA_BITS: Final = range(2048, 8193)
_JWT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_SUBJECT: Final = re.compile(r"[\x20-\x7e]{1,255}", re.ASCII)
_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}


class _Registry(jws.JWSRegistry):
    max_header_length = LONGEST


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say to be the answer to this sign-in."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)


def _no(why: str) -> Refused:
    return Refused(
        "The sign-in was refused.",
        why,
        "Sign in once more; if it is refused again, tell whoever manages the identity provider.",
    )


def read_keys(document: Any) -> dict[str, SigningKey]:
    """The keys of a provider's JWK Set that the hub can check with, by key id ("" where a key has none).

    Others, and what cannot be read, are left out: a provider may publish keys for uses that are not ours.
    """
    members = document.get("keys") if isinstance(document, dict) else None
    keys: dict[str, SigningKey] = {}
    for member in members[:_MOST_KEYS] if isinstance(members, list) else ():
        if (key := _read_key(member)) is not None:
            keys.setdefault(member.get("kid", ""), key)
    return keys


def _read_key(member: Any) -> SigningKey | None:
    if not isinstance(member, dict) or not isinstance(member.get("kid", ""), str) or "d" in member:
        return None
    kind, alg = member.get("kty"), member.get("alg")
    wanted = _MEMBERS.get(kind) if isinstance(kind, str) else None
    if wanted is None or member.get("use", "sig") != "sig" or not (alg is None or isinstance(alg, str)):
        return None
    plain = {name: member[name] for name in ("kty", *wanted) if isinstance(member.get(name), str)}
    if alg is not None:
        plain["alg"] = alg
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # a weak key is left out below
            if kind == "RSA":
                rsa = RSAKey.import_key(plain)
                return rsa if rsa.raw_value.key_size in _RSA_BITS else None
            return ECKey.import_key(plain) if kind == "EC" else OKPKey.import_key(plain)
    except Exception:  # whatever the libraries make of foreign input, it is no key
        return None


def check_id_token(token: str, keys: Mapping[str, SigningKey], expected: Expected, now: Micros) -> dict[str, Any]:
    """The claims of an ID token that answers this sign-in, at `now`. Raises errors.Refused for anything else."""
    claims = _verified(token, keys)
    if claims.get("iss") != expected.issuer:
        raise _no("The ID token comes from another identity provider.")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise _no("The ID token is meant for another application.")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise _no("The ID token was issued to another application.")
    now_s = int(now) // 1_000_000
    if _seconds(claims, "exp") <= now_s:
        raise _no("The ID token has expired.")
    if not now_s - OLDEST_S <= _seconds(claims, "iat") <= now_s + SKEW_S:
        raise _no("The ID token was issued too long ago, or in the future.")
    if "nbf" in claims and _seconds(claims, "nbf") > now_s + SKEW_S:
        raise _no("The ID token is not valid yet.")
    nonce, subject = claims.get("nonce"), claims.get("sub")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        raise _no("The ID token belongs to another sign-in.")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise _no("The ID token does not say who signed in.")
    return claims


def key_id_of(token: str) -> str:
    """The key id that an ID token names, "" where it names none. Raises errors.Refused where it is no signed JWT of ours."""
    if len(token) > LONGEST or not _JWT.fullmatch(token):
        raise _no("The identity provider sent no signed ID token.")
    header = _object(token.split(".")[0])
    kid = header.get("kid", "")
    if header.get("alg") not in ALGORITHMS or "crit" in header or not isinstance(kid, str):
        raise _no("The ID token is signed in a way that the hub does not accept.")
    return kid


def key_of(kid: str, keys: Mapping[str, SigningKey]) -> SigningKey | None:
    """The key of that id; a token may name none where there is but one."""
    return keys.get(kid) if kid or len(keys) != 1 else next(iter(keys.values()))


def _verified(token: str, keys: Mapping[str, SigningKey]) -> dict[str, Any]:
    key = key_of(key_id_of(token), keys)
    header, payload, _ = token.split(".")
    alg = _object(header)["alg"]
    if key is None:
        raise _no("The ID token is signed with a key that the identity provider does not publish.")
    registry = _Registry(algorithms=[alg], strict_check_header=False)
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # the older name of Ed25519
            # It refuses a key of another kind or curve than the algorithm's, and one that is for another algorithm.
            jws.deserialize_compact(token, key, registry=registry)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _no("The signature of the ID token is not right.") from None
    return _object(payload)


def _object(part: str) -> dict[str, Any]:
    """A part of a JWT. orjson, because it bounds nesting and takes neither NaN nor broken UTF-8."""
    try:
        value = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _no("The identity provider sent no signed ID token.")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    moment = claims.get(name)
    if not isinstance(moment, int | float) or not 0 <= moment < 2**40:
        raise _no("The ID token lacks a time that it must have.")
    return moment
