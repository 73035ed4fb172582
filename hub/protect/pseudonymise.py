"""Pseudonyms and tags: what a person is called where the BSN may not go.

A pseudonym is made in two keyed steps, HMAC(domain key, HMAC(chain key, type || number)), and holds within one domain:
recipient x purpose x agreement x epoch x scheme x identifier type. The printed form names scheme, domain tag and key version
and ends in a check symbol over all three and the rest, so that a typing error is seen: `p1.s.4TQ0ZK7E.1.<26 symbols>.<check>`.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from hub.domain.personal import Pgn, Pseudonym
from hub.domain.terms import AgreementId, PartyId, PurposeId
from hub.errors import Malformed
from hub.protect.keys import KeyRing, KeyUse

SCHEME = "s"
_RFC4648 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS = bytes.maketrans(_RFC4648, _CROCKFORD)
_VALUES = str.maketrans(_CROCKFORD.decode(), "0123456789abcdefghijklmnopqrstuv")
_CHECKS = (_CROCKFORD + b"*~$=U").decode()
_FORM = re.compile(
    rf"p1\.{SCHEME}\.(SYMBOL{{8}})\.([1-9][0-9]{{0,8}})\.(SYMBOL{{26}})\.(.)".replace("SYMBOL", "[0-9A-HJKMNP-TV-Z]")
)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a pseudonym holds. `epoch` is the agreement's life for case work; another epoch gives unlinkable pseudonyms."""

    recipient: PartyId
    purpose: PurposeId
    agreement: AgreementId
    identifier: str
    epoch: str = "agreement"

    def encode(self) -> bytes:
        """Length-prefixed, so that no two domains have the same encoding."""
        parts = (SCHEME, self.recipient, self.purpose, self.agreement, self.epoch, self.identifier)
        return b"".join(len(raw := part.encode()).to_bytes(2) + raw for part in parts)


@dataclass(frozen=True, slots=True, repr=False)
class DomainKey:
    """The key of one domain with the clear beginning of its pseudonyms, and what that adds to their check symbols."""

    key: bytes
    prefix: str
    residue: int


def _symbols(raw: bytes) -> str:
    return b32encode(raw).rstrip(b"=").translate(_SYMBOLS).decode()


def _value(symbols: str) -> int:
    return int(symbols.translate(_VALUES), 32)


def _residue(version: int, tag: int) -> int:
    """What the clear beginning adds to the check. Modulo 37 no single wrong symbol or digit goes unseen."""
    return (version << 168 | tag << 128) % 37


def _check(residue: int, number: int) -> str:
    return _CHECKS[(residue + number) % 37]


class Pseudonymiser:
    """Derives tags, first steps and domain keys from the key ring; the derived values go into the pure steps as arguments."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._tagging = hmac.new(ring.derive(KeyUse.subject_tag), digestmod="sha256")
        self._chaining = hmac.new(ring.derive(KeyUse.chain), digestmod="sha256")

    def locator(self, pgn: Pgn) -> bytes:
        """16 bytes by which a person is found in the vault; keyed, so that nobody finds them by trying all numbers."""
        return _of_number(self._tagging, pgn)[:16]

    def first_step(self, pgn: Pgn) -> bytes:
        """The first of the two steps: the same in all domains, therefore never stored and never given away."""
        return _of_number(self._chaining, pgn)

    def domain_key(self, domain: Domain) -> DomainKey:
        """The key for one domain's pseudonyms."""
        encoded = domain.encode()
        tag, version = self._ring.derive(KeyUse.domain, b"tag" + encoded)[:5], self._ring.version
        return DomainKey(
            key=self._ring.derive(KeyUse.domain, b"key" + encoded),
            prefix=f"p1.{SCHEME}.{_symbols(tag)}.{version}.",
            residue=_residue(version, int.from_bytes(tag)),
        )


def _of_number(keyed: hmac.HMAC, pgn: Pgn) -> bytes:
    """HMAC of type and number; a copy of one that has its key is quicker than another."""
    once = keyed.copy()
    once.update(f"{pgn.kind}\x00{pgn.reveal()}".encode())
    return once.digest()


class Digests:
    """Keyed digests of contents, files and keys; calling it satisfies `hub.ports.KeyedDigest`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def __call__(self, label: str, data: bytes, /) -> bytes:
        return blake2b(data, key=self._ring.derive(KeyUse.digest, label.encode()), digest_size=32).digest()


def pseudonyms(domain_key: DomainKey, first_steps: Sequence[bytes]) -> list[Pseudonym]:
    """One pseudonym per first step, in order. Pure: 128 bits of HMAC-SHA-256."""
    made: list[Pseudonym] = []
    for first in first_steps:
        raw = hmac.digest(domain_key.key, first, "sha256")[:16]
        made.append(Pseudonym(f"{domain_key.prefix}{_symbols(raw)}.{_check(domain_key.residue, int.from_bytes(raw))}"))
    return made


def check_pseudonym(text: str) -> Pseudonym:
    """Reads a pseudonym that somebody typed. Raises Malformed when the form or the check symbol is wrong."""
    form = _FORM.fullmatch(text)
    if form is not None:
        tag, version, body, check = form.groups()
        number = _value(body)
        # 26 symbols carry 130 bits; the last two are padding and must be nought.
        if not number & 3 and check == _check(_residue(int(version), _value(tag)), number >> 2):
            return Pseudonym(text)
    raise Malformed(
        "This is no pseudonym of the hub.", "Its form or its check symbol is wrong.", "Copy it again from the source."
    )
