"""Who may knock: a partner system, the one party it speaks for, and the public keys it signs with.

One client id is one party: a body with two tasks has two client ids, so that the hat signs in and not the building.
Keys are registered as a JWK Set (RFC 7517) by value; the hub fetches none from an address.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.domain.kinds import RECORDS
from hub.domain.record import PersonRecord
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.terms import Micros, PartyId
from hub.errors import Fault, Malformed


def may_give(model: type[PersonRecord]) -> str:
    """The scope of whoever gives records of this kind."""
    return f"{model.RESOURCE}:aanleveren"


AANLEVEREN: Final = may_give(Uitvalmelding)
OPHALEN: Final = "bezorgingen:ophalen"
BESLISSINGEN: Final = "beslissingen"
BERICHTEN: Final = "berichten"
VERKLARINGEN: Final = "verklaringen"
MEDEDELINGEN: Final = "mededelingen"
LOGBOEK: Final = "logboek"
BEVRAGEN: Final = "bevragingen"
KOPPELINGEN: Final = "koppelingen:beheren"
INLEVEREN: Final = "koppelingen:aanleveren"
SCOPES: Final = frozenset(map(may_give, RECORDS.values())) | frozenset(
    {OPHALEN, BESLISSINGEN, BERICHTEN, VERKLARINGEN, MEDEDELINGEN, LOGBOEK, BEVRAGEN, KOPPELINGEN, INLEVEREN}
)

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""What a partner may sign with; `none` and the shared-secret algorithms are not among them."""

PublicKey = RSAKey | ECKey

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{1,126}[A-Za-z0-9])", re.ASCII)
_KID: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,2048}", re.ASCII)
_MOST_KEYS: Final = 10
_RSA_BITS: Final = range(2048, 4097)
_RSA_EXPONENTS: Final = range(65537, 2**32)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SHARED: Final = frozenset({"kty", "kid", "use", "alg", "key_ops", "x5c", "x5t", "x5t#S256"})
_OF_TYPE: Final[Mapping[str, frozenset[str]]] = {"RSA": frozenset({"n", "e"}), "EC": frozenset({"crv", "x", "y"})}
_FAMILY: Final[Mapping[str, str]] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}


@dataclass(frozen=True, slots=True)
class Partner:
    """An active partner system: `keys` by key id, `scopes` what it may ever ask for."""

    party: PartyId
    client_id: str
    keys: Mapping[str, PublicKey]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class PartnerMove:
    """That a client was registered with what `digest` is of, or closed (without one): its `seq`-th, by entry `ref`."""

    client_id: str
    party: PartyId
    seq: int
    digest: bytes
    ref: UUID

    @property
    def operation(self) -> str:
        """As the log calls it."""
        return "partner-add" if self.digest else "partner-close"

    @property
    def details(self) -> dict[str, str | int]:
        """What the log says of it; of a client id only a digest, for it may be anything."""
        client = sha256(self.client_id.encode()).hexdigest()
        said: dict[str, str | int] = {"party": str(self.party), "client": client, "seq": self.seq}
        return {**said, "hash": self.digest.hex()} if self.digest else said

    @staticmethod
    def says(entry: Mapping[str, Any], move: PartnerMove) -> bool:
        """Whether the entry is about this very registration or closing."""
        return bool(entry.get("operation") == move.operation and entry.get("details") == move.details)


class Held(Protocol):
    """Holds rows against the signed log; `hub.audit.ledger.Ledger` is the one there is."""

    async def proven(self, rows: Iterable[PartnerMove], /) -> Mapping[PartnerMove, object]:
        """Those that the log speaks of."""


def digest_of(party: PartyId, client_id: str, jwks: Any, scopes: Iterable[str]) -> bytes:
    """Of all that a registration says."""
    said = [str(party), client_id, jwks, sorted(scopes)]
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


class Partners(Protocol):
    """The register of partners, as signing in needs it."""

    async def find(self, client_id: str, /) -> Partner | None:
        """The active partner of that client id, or None. Raises errors.Retry when the register is away."""

    async def spend(self, partner: Partner, jti_digest: bytes, expires_us: Micros, /) -> None:
        """Use an assertion's id up. Raises errors.Refused when it was used before, errors.Retry when that cannot be known."""


def check_client_id(text: str) -> str:
    """`text` where it may be a client id: 3 to 128 letters, digits, `.`, `_`, `:`, `-`. Raises errors.Malformed."""
    if not _CLIENT_ID.fullmatch(text):
        raise Malformed(
            "The client id was refused.", "It is not 3 to 128 letters, digits or . _ : -", "Choose another client id."
        )
    return text


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes, where the hub knows each of them and there is at least one. Raises errors.Malformed."""
    asked = frozenset(scopes)
    if not asked or asked - SCOPES:
        raise Malformed(
            "The scopes were refused.", "None is given, or one is unknown.", f"Choose from {', '.join(sorted(SCOPES))}."
        )
    return asked


def read_jwks(document: Any) -> dict[str, PublicKey]:
    """The keys of a JWK Set by key id.

    Strict, for it is read once and trusted for years: 1 to 10 public signing keys, RSA of 2048 to 4096 bits or EC P-256, each
    with a key id of its own and no member that the hub does not know. Raises errors.Malformed with every fault; a private key
    is refused with its own code, for its owner must then replace it.
    """
    if not isinstance(document, dict) or set(document) != {"keys"} or not isinstance(document["keys"], list):
        raise _refused([Fault("keys", "NOT_A_JWK_SET")])
    members = document["keys"]
    if not 1 <= len(members) <= _MOST_KEYS:
        raise _refused([Fault("keys", "NUMBER_OF_KEYS")])
    faults: list[Fault] = []
    keys: dict[str, PublicKey] = {}
    for index, member in enumerate(members):
        found = [Fault(f"keys[{index}].{where}" if where else f"keys[{index}]", code) for where, code in _faults_of(member)]
        if not found and member["kid"] in keys:
            found = [Fault(f"keys[{index}].kid", "KID_TWICE")]
        if not found:
            try:
                keys[member["kid"]] = _import(member)
            except (JoseError, ValueError, TypeError):
                found = [Fault(f"keys[{index}]", "NOT_A_KEY")]
        faults += found
    if faults:
        raise _refused(faults)
    return keys


def _refused(faults: list[Fault]) -> Malformed:
    return Malformed(
        "The JWK Set was refused.",
        "It is not a set of public signing keys that the hub accepts.",
        "Mend the faults named; a private key that was sent must be replaced.",
        faults=tuple(faults),
    )


def _faults_of(jwk: Any) -> list[tuple[str, str]]:
    """What is wrong with one member, as (member name, code)."""
    if not isinstance(jwk, dict):
        return [("", "NOT_A_KEY")]
    if _PRIVATE & set(jwk):
        return [("", "PRIVATE_KEY")]
    own = _OF_TYPE.get(jwk["kty"]) if isinstance(jwk.get("kty"), str) else None
    if own is None:
        return [("kty", "KEY_TYPE")]
    faults: list[tuple[str, str]] = []
    if set(jwk) - _SHARED - own:
        faults.append(("", "UNKNOWN_MEMBER"))
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        faults.append(("kid", "KID"))
    if jwk.get("use", "sig") != "sig":
        faults.append(("use", "NOT_FOR_SIGNING"))
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        faults.append(("key_ops", "NOT_FOR_SIGNING"))
    alg = jwk.get("alg", "")
    if alg and (not isinstance(alg, str) or _FAMILY.get(alg) != jwk["kty"]):
        faults.append(("alg", "ALGORITHM"))
    return faults + (_rsa_faults(jwk) if jwk["kty"] == "RSA" else _ec_faults(jwk))


def _rsa_faults(jwk: Mapping[str, Any]) -> list[tuple[str, str]]:
    modulus, exponent = _integer(jwk.get("n")), _integer(jwk.get("e"))
    faults = []
    if modulus.bit_length() not in _RSA_BITS or modulus % 2 == 0:
        faults.append(("n", "KEY_SIZE"))
    if exponent not in _RSA_EXPONENTS or exponent % 2 == 0:
        faults.append(("e", "KEY_EXPONENT"))
    return faults


def _ec_faults(jwk: Mapping[str, Any]) -> list[tuple[str, str]]:
    faults = [("crv", "CURVE")] if jwk.get("crv") != "P-256" else []
    return faults + [(axis, "KEY_SIZE") for axis in ("x", "y") if not _integer(jwk.get(axis))]


def _integer(text: Any) -> int:
    """A base64url integer, or 0 for anything else."""
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        return 0
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _import(jwk: Mapping[str, Any]) -> PublicKey:
    """The key itself; certificates beside it are not looked at, the register is what makes it trusted."""
    plain = {name: value for name, value in jwk.items() if not name.startswith("x5")}
    return RSAKey.import_key(plain) if jwk["kty"] == "RSA" else ECKey.import_key(plain)
