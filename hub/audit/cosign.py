"""Cosignatures of checkpoints: C2SP tlog-cosignature v1.1, Ed25519 (type 0x04) and ML-DSA-44 (type 0x06). Pure.

A cosigner states that, at a moment, it had seen this log only grow, up to this checkpoint. The log itself signs in ML-DSA-44 in
the same form, so that its checkpoints hold against who can break Ed25519.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from hub.audit.checkpoint import (
    MOST_SIGNATURES,
    Signature,
    is_name,
    key_id_of,
    read_body,
    read_signature,
    split_key,
    split_note,
)
from hub.errors import Misconfigured, Tampered

_TIME_BYTES = 8
_LONGEST_NAME = 255


class Kind(Enum):
    """An algorithm: its byte in a key id, the bytes of its public keys and of its signatures."""

    ed25519 = (4, 32, 64)
    mldsa44 = (6, 1312, 2420)

    def __init__(self, byte: int, key_bytes: int, signature_bytes: int) -> None:
        self.byte = byte
        self.key_bytes = key_bytes
        self.signature_bytes = signature_bytes


class Cosigner(Protocol):
    """Who cosigns: `name` and `vkey` as in its signature lines; `sign` gives the bare signature of its `kind`."""

    @property
    def name(self) -> str: ...
    @property
    def vkey(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    def sign(self, message: bytes) -> bytes: ...


def _refuse(what: str, why: str) -> NoReturn:
    raise Tampered(what, why, "Do not rely on it; keep it, and ask its cosigner for the checkpoint that it saw.")


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A cosigner's public key and the name that it signs under."""

    name: str
    key_id: bytes
    kind: Kind
    public: bytes

    @classmethod
    def of(cls, name: str, kind: Kind, public: bytes) -> CosignerKey:
        """Raises ValueError when `name` cannot stand in a cosignature, or `public` is not as long as keys of its kind are."""
        if not is_name(name) or len(name.encode()) > _LONGEST_NAME or len(public) != kind.key_bytes:
            raise ValueError("a cosigner needs a name without spaces or plus signs, and a key of its kind's length")
        return cls(name, key_id_of(name, bytes([kind.byte]) + public), kind, public)

    @classmethod
    def parse(cls, vkey: str) -> CosignerKey:
        """Raises errors.Tampered when `vkey` is no canonical cosigner's key; that of a log (type 1) is none."""
        name, _, material = split_key(vkey)
        for kind in Kind:
            if material[0] == kind.byte and len(material) == 1 + kind.key_bytes and len(name.encode()) <= _LONGEST_NAME:
                return cls.of(name, kind, material[1:])
        _refuse("A cosigner's public key cannot be read.", "It is neither an Ed25519 nor an ML-DSA-44 key of a cosigner.")

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind.byte]) + self.public).decode()}"


def _message(kind: Kind, name: str, body: str, time_s: int) -> bytes:
    """What is signed: the text itself under a time, or for ML-DSA-44 the tree that the text speaks of."""
    origin, size, root = read_body(body)
    if kind is Kind.ed25519:
        return f"cosignature/v1\ntime {time_s}\n{body}".encode()
    parts = [b"subtree/v1\n\0", _short(name), time_s.to_bytes(_TIME_BYTES), _short(origin)]
    return b"".join([*parts, (0).to_bytes(8), size.to_bytes(8), root])


def _short(text: str) -> bytes:
    data = text.encode()
    if len(data) > _LONGEST_NAME:
        _refuse("A checkpoint cannot be cosigned.", "The name of the log is too long for it.")
    return bytes([len(data)]) + data


def cosign_line(signer: Cosigner, body: str, time_s: int) -> str:
    """The signature line over a checkpoint's text at `time_s` (seconds since 1970): `— name base64`, with its newline.

    Only who has verified that the log grew from what it cosigned before may call this. Raises errors.Tampered when `body` is no
    checkpoint's text.
    """
    if not 0 <= time_s < 1 << 63:
        raise ValueError("a cosignature's time lies between 1970 and the end of 63 bits")
    key = CosignerKey.parse(signer.vkey)
    signature = signer.sign(_message(key.kind, key.name, body, time_s))
    return Signature(key.name, key.key_id, time_s.to_bytes(_TIME_BYTES) + signature).line


def cosign(note: str, signer: Cosigner, time_s: int) -> str:
    """The note with that signer's line among its signatures. Raises errors.Tampered when it is no checkpoint."""
    body, _ = split_note(note)
    return with_signatures(note, [cosign_line(signer, body, time_s)])


def cosigned(note: str, key: CosignerKey) -> int | None:
    """When `key` cosigned this checkpoint, in seconds since 1970 (its newest, if it did so more than once); None if it did not.

    Raises errors.Tampered when the note is no checkpoint, or a signature in that name and id does not hold; Misconfigured where
    the installed cryptography cannot check signatures of the key's kind.
    """
    body, signatures = split_note(note)
    times = [_time_of(each.blob, body, key) for each in signatures if (each.name, each.key_id) == (key.name, key.key_id)]
    return max(times, default=None)


def _time_of(blob: bytes, body: str, key: CosignerKey) -> int:
    what = "A cosignature does not hold."
    time_s = int.from_bytes(blob[:_TIME_BYTES])
    if len(blob) != _TIME_BYTES + key.kind.signature_bytes or time_s >= 1 << 63:
        _refuse(what, "It is not a time and a signature of its cosigner's kind.")
    message = _message(key.kind, key.name, body, time_s)
    try:
        if key.kind is Kind.ed25519:
            Ed25519PublicKey.from_public_bytes(key.public).verify(blob[_TIME_BYTES:], message)
        else:
            MLDSA44PublicKey.from_public_bytes(key.public).verify(blob[_TIME_BYTES:], message)
    except (InvalidSignature, ValueError):
        _refuse(what, "It is not its cosigner's signature over this checkpoint and that time.")
    except UnsupportedAlgorithm as error:
        why = "The installed cryptography library has no ML-DSA-44."
        raise Misconfigured("A cosignature cannot be checked.", why, "Install a build that has it.") from error
    return time_s


def with_signatures(note: str, lines: Sequence[str]) -> str:
    """The note with these signature lines added: the log's own first, then one line of each cosigner, in order of arrival.

    A line of a key that signed before takes the place of its older one (so verify lines first, with `cosigned`); the log's own
    signatures are never replaced. Raises errors.Tampered when the note or a line is not well formed, or there would be more
    than a note may carry.
    """
    body, signatures = split_note(note)
    origin = body.partition("\n")[0]
    kept = {(each.name, each.key_id): each for each in signatures}
    for each in map(read_signature, lines):
        key = (each.name, each.key_id)
        if key not in kept or each.name != origin:
            kept[key] = each
    if len(kept) > MOST_SIGNATURES:
        _refuse("The checkpoint takes no more signatures.", "It would carry more than its readers accept.")
    ordered = sorted(kept.values(), key=lambda each: each.name != origin)
    return f"{body}\n{''.join(each.line for each in ordered)}"
