"""What a credential is, as far as anyone may know: its kind, a fingerprint of its public part, its end. Pure.

A secret line has no fingerprint: a digest of a password tells the password to whoever guesses. Of keys and certificates the
public half is public; its SHA-256 is what both sides compare, written as `ssh-keygen -l` and browsers write it.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    SSHCertificate,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_identity,
)
from cryptography.x509 import Certificate, load_pem_x509_certificates

from hub.connector import Credential
from hub.errors import Fault, Malformed
from hub.setups.checks import refused

OPENS: Final = "passphrase"
"""The credential that opens a key, where a connector declares one."""
OPEN_IT: Final = "ssh-keygen -p -N '' -f <copy of the key>"
LONGEST: Final = 256 * 1024
"""Bytes of a credential: a bundle of authorities."""
_LONGEST_LINE: Final = 8192
_FOREVER: Final = (1 << 64) - 1
_OPENSSH: Final = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END")
_UNLOCKED: Final = b"openssh-key-v1\0\0\0\0\x04none"
_HOST_LINE: Final = re.compile(rb"(?:@(?:cert-authority|revoked)\s+)?\S+\s+([a-z0-9@.-]+\s+[A-Za-z0-9+/=]+)(?:\s.*)?")


@dataclass(frozen=True, slots=True)
class Known:
    """What may be shown of a credential: its fingerprint (empty of a secret line), and its end in µs where it has one."""

    fingerprint: str
    until_us: int | None = None


def read(credential: Credential, value: bytes, now_us: int) -> Known:
    """Looks at a credential that is given. Raises errors.Malformed where it is not of its kind; never with what it holds."""
    where = f"credentials.{credential.name}"
    if not value.strip() or len(value) > LONGEST:
        raise refused(
            "A credential is empty or far too long.", Fault(where, "TE_LANG" if value.strip() else "VERPLICHT_VELD_LEEG")
        )
    known: Known | None = None
    why, code = f"It is no {_WORDS[credential.kind]}.", "GEHEIM_ONGELDIG"
    try:
        known = _READ[credential.kind](value)
    except _Passphrase:
        why, code = f"Its key is locked. Give the passphrase with it, or open a copy: {OPEN_IT}.", "WACHTWOORDZIN"
    except (ValueError, TypeError, UnsupportedAlgorithm, NotBase64):
        pass
    if known is None:
        raise refused(why, Fault(where, code))
    if known.until_us is not None and known.until_us <= now_us:
        raise refused("It has expired.", Fault(where, "CERTIFICAAT_VERLOPEN"))
    return known


def opened(credential: Credential, value: bytes, passphrase: bytes) -> bytes:
    """The same credential without a lock: a key that a passphrase opens is sealed open, and the phrase is kept nowhere.

    What is no locked key, or comes without a phrase, stays as it is. Raises errors.Malformed where the phrase does not open it.
    """
    if not passphrase or credential.kind not in ("private_key", "ssh_key") or not is_locked(value):
        return value
    openssh = b"BEGIN OPENSSH" in value
    phrase = passphrase.removesuffix(b"\n").removesuffix(b"\r")
    why, code = "The passphrase does not open the key.", "WACHTWOORDZIN_ONJUIST"
    try:
        key = (load_ssh_private_key if openssh else load_pem_private_key)(value, phrase)
        form = PrivateFormat.OpenSSH if openssh else PrivateFormat.PKCS8
        return key.private_bytes(Encoding.PEM, form, NoEncryption())
    except UnsupportedAlgorithm:
        why, code = f"A key in OpenSSH's form is not opened here. Open a copy: {OPEN_IT}.", "WACHTWOORDZIN_VORM"
    except (ValueError, TypeError, NotBase64):
        pass
    raise refused(why, Fault(f"credentials.{credential.name}", code))


def is_locked(value: bytes) -> bool:
    """Whether this is a key that a passphrase opens: PKCS#8 (RFC 5958), OpenSSL's older form, or OpenSSH's own."""
    return b"BEGIN ENCRYPTED PRIVATE KEY" in value or b"Proc-Type: 4,ENCRYPTED" in value or _is_locked(value)


def partner_of(name: str, declared: Sequence[Credential]) -> str | None:
    """The private key that belongs to a certificate of this name; None where it has none: it says whom the hub trusts."""
    keys = {one.name for one in declared if one.kind == "private_key"}
    names = (name.replace("certificate", "key"), name.replace("certificate", "private_key"), f"{name}_key")
    return next((each for each in names if each in keys and each != name), None)


def is_anchor(credential: Credential, declared: Sequence[Credential]) -> bool:
    """Whether it says whom the hub trusts, and not who the hub is: that takes two people to change."""
    return credential.kind == "known_hosts" or (
        credential.kind == "certificate" and partner_of(credential.name, declared) is None
    )


def check_whole(declared: Sequence[Credential], held: Mapping[str, bytes]) -> None:
    """Raises errors.Malformed unless what is needed is there, of each choice one, and keys belong to their certificates."""
    faults = [*_faults(declared, held)]
    if faults:
        raise Malformed(
            "The credentials are not complete.",
            "One is missing, or a key and a certificate do not belong together.",
            "Give what is named.",
            faults=tuple(faults),
        )


def _faults(declared: Sequence[Credential], held: Mapping[str, bytes]) -> Iterator[Fault]:
    groups: dict[str, list[str]] = {}
    for one in declared:
        if one.required and one.name not in held:
            yield Fault(f"credentials.{one.name}", "VERPLICHT_VELD_LEEG")
        if one.one_of:
            groups.setdefault(one.one_of, []).append(one.name)
        key = partner_of(one.name, declared) if one.kind == "certificate" else None
        if key is None or (one.name not in held and key not in held):
            continue
        if one.name not in held or key not in held:
            yield Fault(f"credentials.{one.name if key in held else key}", "VERPLICHT_VELD_LEEG")
        elif _public(load_pem_x509_certificates(held[one.name])[0]) != _public(load_pem_private_key(held[key], None)):
            yield Fault(f"credentials.{key}", "SLEUTELPAAR_ONGELDIG")
    for names in groups.values():
        if sum(name in held for name in names) != 1:
            yield Fault(f"credentials.{names[0]}", "VERPLICHT_VELD_LEEG")


class _Passphrase(Exception):
    """The key is locked."""


def _public(holder: object) -> bytes:
    public = holder.public_key()  # type: ignore[attr-defined]
    found: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _secret(value: bytes) -> Known:
    text = value.decode("utf-8").strip()
    if not text.isprintable() or len(text) > _LONGEST_LINE:
        raise ValueError
    return Known("")


def _private_key(value: bytes) -> Known:
    return Known(sha256(_public(_unlocked(value))).hexdigest())


def _unlocked(value: bytes) -> object:
    if _is_locked(value):
        raise _Passphrase
    try:
        return (load_ssh_private_key if b"BEGIN OPENSSH" in value else load_pem_private_key)(value, None)
    except (TypeError, ValueError) as wrong:
        if "password" in str(wrong).lower() or "encrypted" in str(wrong).lower():
            raise _Passphrase from None
        raise


def _is_locked(value: bytes) -> bool:
    """Whether an OpenSSH key names a cipher (PROTOCOL.key): what would open it is not asked of every machine."""
    found = _OPENSSH.search(value)
    return found is not None and not b64decode(found[1]).startswith(_UNLOCKED)


def _ssh_key(value: bytes) -> Known:
    key = _unlocked(value)
    line: bytes = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)  # type: ignore[attr-defined]
    return Known(_ssh_fingerprint(line.split()[1]))


def _ssh_fingerprint(blob: bytes) -> str:
    return "SHA256:" + b64encode(sha256(b64decode(blob, validate=True)).digest()).rstrip(b"=").decode()


def _certificate(value: bytes) -> Known:
    if b"PRIVATE KEY" in value:
        raise ValueError
    chain: list[Certificate] = load_pem_x509_certificates(value)
    end = min(one.not_valid_after_utc for one in chain)
    return Known(sha256(chain[0].public_bytes(Encoding.DER)).hexdigest(), _micros(end))


def _known_hosts(value: bytes) -> Known:
    lines = [line for line in value.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
    ends: list[int] = []
    prints: list[str] = []
    for line in lines:
        found = _HOST_LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError
        key = load_ssh_public_identity(found[1])
        prints.append(_ssh_fingerprint(found[1].split()[1]))
        if isinstance(key, SSHCertificate) and key.valid_before != _FOREVER:
            ends.append(key.valid_before * 1_000_000)
    if not prints:
        raise ValueError
    return Known(prints[0], min(ends, default=None))


def _micros(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp()) * 1_000_000


_READ: Final = {
    "secret": _secret,
    "private_key": _private_key,
    "certificate": _certificate,
    "known_hosts": _known_hosts,
    "ssh_key": _ssh_key,
}
_WORDS: Final = {
    "secret": "line of text",
    "private_key": "private key in PEM",
    "certificate": "certificate in PEM, alone",
    "known_hosts": "list of host keys in OpenSSH's form",
    "ssh_key": "private key for SSH",
}
