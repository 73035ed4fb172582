"""A signature over an act with a key of one's own: a JWS (RFC 7515) with Ed25519 or ES256, which anyone can check offline.

A key is known by its thumbprint (RFC 7638), here as 64 hexadecimal digits. Pure.
"""

from __future__ import annotations

import re
import warnings
from typing import Any, Final, NoReturn

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey
from joserfc.util import urlsafe_b64decode

from hub.errors import Malformed, Misconfigured, Refused

Key = OKPKey | ECKey

_LARGEST: Final = 8192
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_MEMBERS: Final = {"OKP": ("kty", "crv", "x"), "EC": ("kty", "crv", "x", "y")}
_ALGORITHMS: Final = {"OKP": "Ed25519", "EC": "ES256"}
_CURVES: Final = {"OKP": "Ed25519", "EC": "P-256"}


def read_key(content: bytes, *, private: bool) -> Key:
    """The key in a file: a JWK, or PEM; Ed25519 or P-256. Raises Misconfigured for any other, and without what is asked."""
    key: Key | None = None
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):
            key = _of_jwk(orjson.loads(content)) if content.lstrip()[:1] == b"{" else _of_pem(content)
    except (JoseError, ValueError, TypeError, AttributeError, KeyError):
        key = None
    if key is None or key.curve_name != _CURVES[key.key_type] or len(content) > _LARGEST:
        raise Misconfigured("This is no key to sign with.", "It is no Ed25519 or P-256 key.", "Give a JWK or a PEM file.")
    if private and not key.is_private:
        raise Misconfigured("This key cannot sign.", "It is the public key.", "Give the file of the private key.")
    return key


def _of_jwk(document: dict[str, Any]) -> Key:
    return OKPKey.import_key(document) if document["kty"] == "OKP" else ECKey.import_key(document)


def _of_pem(content: bytes) -> Key:
    try:
        return OKPKey.import_key(content)
    except (JoseError, ValueError, TypeError, AttributeError):
        return ECKey.import_key(content)


def public_of(key: Key) -> str:
    """The public key as a JWK with nothing but what makes it one."""
    whole = key.as_dict(private=False)
    return orjson.dumps({name: whole[name] for name in sorted(_MEMBERS[key.key_type])}).decode()


def thumbprint_of(key: Key) -> str:
    """How a key is known."""
    return urlsafe_b64decode(key.thumbprint().encode()).hex()


def sign(key: Key, statement: bytes) -> str:
    """The signature of `key` over `statement`, which stands in it."""
    algorithm = _ALGORITHMS[key.key_type]
    return jws.serialize_compact({"alg": algorithm, "kid": key.thumbprint()}, statement, key, algorithms=[algorithm])


def key_of(proof: str) -> str:
    """The thumbprint of the key that a signature says it was made with. Raises Refused where it says none."""
    try:
        header = orjson.loads(urlsafe_b64decode(proof.partition(".")[0].encode()))
        return urlsafe_b64decode(header["kid"].encode()).hex()
    except (ValueError, TypeError, KeyError, AttributeError):
        _no("It names no key.")


def check(proof: str, jwk: str, statement: bytes) -> None:
    """Raises Refused unless `proof` is the signature of that public key over exactly this statement."""
    key = read_key(jwk.encode(), private=False)
    if len(proof) > _LARGEST or not _COMPACT.fullmatch(proof):
        _no("It is no signature.")
    try:
        signed = jws.deserialize_compact(proof, key, algorithms=[_ALGORITHMS[key.key_type]])
    except (JoseError, ValueError, TypeError, RecursionError):
        _no("It was not made with the key that is registered.")
    if signed.payload != statement:
        _no("It is over something else.")


def check_text(text: str) -> str:
    """What someone wrote with an advice or a decision, as it is kept. Raises Malformed where it is empty or too long."""
    plain = text.strip()
    if not 12 <= len(plain) <= 20_000:
        raise Malformed("The text was refused.", "It has fewer than 12 or more than 20,000 characters.", "Write it in full.")
    return plain


def _no(why: str) -> NoReturn:
    raise Refused("The signature was refused.", why, "Sign it anew with the key that is registered for you.")
