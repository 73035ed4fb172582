"""Pseudonyms and tags: what a person is called where the BSN may not go.

A pseudonym is made in two keyed steps, HMAC(domain key, HMAC(chain key, type || number)), and holds within one domain:
recipient x purpose x agreement x epoch x scheme x identifier type. The printed form names scheme, domain tag and key version
and ends in a check symbol, so that a typing error is seen: `p1.s.4TQ0ZK7E.1.<26 symbols>.<check>`.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass

from hub.domain.personal import Pgn, Pseudonym
from hub.domain.terms import AgreementId, PartyId, PurposeId
from hub.errors import Malformed
from hub.protect.keys import KeyRing, KeyUse

SCHEME = "s"
_RFC4648 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS = bytes.maketrans(_RFC4648, _CROCKFORD)
_CHECKS = (_CROCKFORD + b"*~$=U").decode()


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
    """The key of one domain with the clear beginning of its pseudonyms."""

    key: bytes
    prefix: str


def _symbols(raw: bytes) -> str:
    return b32encode(raw).rstrip(b"=").translate(_SYMBOLS).decode()


class Pseudonymiser:
    """Derives tags, first steps and domain keys from the key ring; the derived values go into the pure steps as arguments."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._tag_key = ring.derive(KeyUse.subject_tag)
        self._chain_key = ring.derive(KeyUse.chain)

    def subject_tag(self, pgn: Pgn) -> bytes:
        """16 bytes by which a person's rows are found; keyed, so that nobody finds the person by trying all numbers."""
        return hmac.digest(self._tag_key, f"{pgn.kind}\x00{pgn.reveal()}".encode(), "sha256")[:16]

    def first_step(self, pgn: Pgn) -> bytes:
        """The first of the two steps: the same in all domains, therefore never stored and never given away."""
        return hmac.digest(self._chain_key, f"{pgn.kind}\x00{pgn.reveal()}".encode(), "sha256")

    def domain_key(self, domain: Domain) -> DomainKey:
        """The key for one domain's pseudonyms."""
        encoded = domain.encode()
        tag = _symbols(self._ring.derive(KeyUse.domain, b"tag" + encoded)[:5])
        return DomainKey(self._ring.derive(KeyUse.domain, b"key" + encoded), f"p1.{SCHEME}.{tag}.{self._ring.version}.")


class Digests:
    """Keyed digests of contents, files and keys; calling it satisfies `hub.ports.KeyedDigest`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def __call__(self, label: str, data: bytes, /) -> bytes:
        return hmac.digest(self._ring.derive(KeyUse.digest, label.encode()), data, "sha256")

    def streaming(self, label: str) -> hmac.HMAC:
        """The same digest for data that comes in blocks."""
        return hmac.new(self._ring.derive(KeyUse.digest, label.encode()), digestmod="sha256")


def pseudonyms(domain_key: DomainKey, first_steps: Sequence[bytes]) -> list[Pseudonym]:
    """One pseudonym per first step, in order. Pure: 128 bits of HMAC-SHA-256."""
    made: list[Pseudonym] = []
    for first in first_steps:
        raw = hmac.digest(domain_key.key, first, "sha256")[:16]
        made.append(Pseudonym(f"{domain_key.prefix}{_symbols(raw)}.{_CHECKS[int.from_bytes(raw) % 37]}"))
    return made


def check_pseudonym(text: str) -> Pseudonym:
    """Reads a pseudonym that somebody typed. Raises Malformed when the form or the check symbol is wrong."""
    wrong = Malformed(
        "This is no pseudonym of the hub.", "Its form or its check symbol is wrong.", "Copy it again from the source."
    )
    parts = text.split(".")
    if len(parts) != 6 or parts[0] != "p1" or parts[1] != SCHEME or not parts[3].isdecimal() or len(parts[4]) != 26:
        raise wrong
    number = 0
    for symbol in parts[4]:
        value = _CROCKFORD.find(symbol.encode()) if symbol.isascii() else -1
        if value < 0:
            raise wrong
        number = number * 32 + value
    # 26 symbols carry 130 bits; the last two are padding and must be nought.
    if number & 3 or _CHECKS[(number >> 2) % 37] != parts[5]:
        raise wrong
    return Pseudonym(text)
