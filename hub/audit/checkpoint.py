"""Checkpoints and receipts: C2SP signed-note v1 (Ed25519, type 0x01), tlog-checkpoint and tlog-proof. Pure.

A note is text with signature lines under it. A checkpoint is a note that says how large the log is and what its root is. A
receipt is the proof that one entry stands under one checkpoint. Reading is strict: there is one way to write each of them.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.audit import tree
from hub.errors import Tampered
from hub.ports import Signer

ED25519 = b"\x01"
RECEIPT_HEADER = "c2sp.org/tlog-proof@v1"
MOST_SIGNATURES = 64

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f\ud800-\udfff]+")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")


def _refuse(what: str, why: str) -> NoReturn:
    raise Tampered(what, why, "Do not use it; keep it, and fetch it again from the log.")


def _unbase64(text: str, what: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or b64encode(data).decode() != text:
        _refuse(what, "A part of it is not canonical base64.")
    return data


def key_id_of(name: str, material: bytes) -> bytes:
    """The four bytes that tell a key by; `material` is the signature type's byte and the public key."""
    return sha256(name.encode() + b"\n" + material).digest()[:4]


def is_name(text: str) -> bool:
    """Whether a key, a log or a cosigner can be called so: no spaces, no plus sign, no control characters, valid UTF-8."""
    return _NAME.fullmatch(text) is not None


def split_key(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, key id and material of a verifier key of any type: `name+hash+key`, its hash checked. Raises errors.Tampered."""
    what = "A public key cannot be read."
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not is_name(parts[0]):
        _refuse(what, "It is not written as name, hash and key with plus signs between.")
    material = _unbase64(parts[2], what)
    key_id = key_id_of(parts[0], material)
    if key_id.hex() != parts[1]:
        _refuse(what, "Its hash does not belong to its name and key.")
    return parts[0], key_id, material


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name that it signs under, as signed-note writes it: `name+hash+key`."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def of(cls, name: str, public: bytes) -> VerifierKey:
        """Raises ValueError when `name` cannot stand in a note or `public` is not 32 bytes."""
        if not is_name(name) or len(public) != 32:
            raise ValueError("a key needs a name without spaces or plus signs, and 32 bytes")
        return cls(name, key_id_of(name, ED25519 + public), public)

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Raises errors.Tampered when `vkey` is not a canonical Ed25519 verifier key."""
        name, key_id, material = split_key(vkey)
        if len(material) != 33 or material[:1] != ED25519:
            _refuse("The log's public key cannot be read.", "It is not an Ed25519 key of 32 bytes.")
        return cls(name, key_id, material[1:])

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public).decode()}"


_parse_cached = lru_cache(maxsize=64)(VerifierKey.parse)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """That the log `origin` has `size` entries under `root`; `note` is the signed text it was read from, verbatim."""

    origin: str
    size: int
    root: bytes
    note: str


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The text that is signed. Raises ValueError on what no log can be."""
    if not is_name(origin) or not 0 <= size < 1 << 63 or len(root) != tree.HASH_BYTES:
        raise ValueError("not a checkpoint's origin, size and root")
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def make_checkpoint(signer: Signer, size: int, root: bytes) -> str:
    """The signed checkpoint; its origin is the signer's name, as tlog-checkpoint asks. `signer.sign` gives 64 bytes."""
    text = checkpoint_text(signer.name, size, root)
    return sign_note(text, signer)


def sign_note(text: str, signer: Signer) -> str:
    """`text` with one signature line."""
    key = _parse_cached(signer.vkey)
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("a note ends in a newline and holds no other control characters")
    signature = b64encode(key.key_id + signer.sign(text.encode())).decode()
    return f"{text}\n— {key.name} {signature}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line of a note: who is said to have signed with which key, and the signature itself; nothing is verified."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.blob).decode()}\n"


def split_note(note: str) -> tuple[str, list[Signature]]:
    """The text of a note and the signatures under it, none of them verified.

    Raises errors.Tampered when the note is not well formed.
    """
    what = "The signed note does not hold."
    if not note.endswith("\n") or _CONTROL.search(note):
        _refuse(what, "It does not end in a newline, or holds control characters.")
    text, blank, block = note.rpartition("\n\n")
    lines = block[:-1].split("\n")
    if not text or not blank or len(lines) > MOST_SIGNATURES:
        _refuse(what, "It has no text, no signatures, or too many.")
    try:
        note.encode()
    except UnicodeEncodeError:
        _refuse(what, "It is not valid UTF-8.")
    return text + "\n", [read_signature(line + "\n") for line in lines]


def read_signature(line: str) -> Signature:
    """One signature line with its newline. Raises errors.Tampered when it is not well formed."""
    what = "A signature cannot be read."
    match = _SIGNATURE_LINE.fullmatch(line.removesuffix("\n"))
    if match is None or not line.endswith("\n"):
        _refuse(what, "Its line is not well formed.")
    data = _unbase64(match[2], what)
    if len(data) < 5:
        _refuse(what, "It is too short.")
    return Signature(match[1], data[:4], data[4:])


def open_signed(note: str, vkey: str) -> str:
    """The text of a note, once the signature of `vkey` under it is verified; signatures of unknown keys are passed over.

    Raises errors.Tampered when the note is not well formed, or is not signed by that key, or any signature in its name and
    key id fails.
    """
    what = "The signed note does not hold."
    key = _parse_cached(vkey)
    text, signatures = split_note(note)
    own = [each.blob for each in signatures if (each.name, each.key_id) == (key.name, key.key_id)]
    if not own:
        _refuse(what, "The log's key has not signed it.")
    if len(own) > 1:
        _refuse(what, "It is signed twice by the same key.")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(own[0], text.encode())
    except (InvalidSignature, ValueError):
        _refuse(what, "The log's signature is not over this text.")
    return text


def read_body(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint's text; extension lines are refused. Raises errors.Tampered."""
    what = "The checkpoint does not hold."
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not is_name(lines[0]):
        _refuse(what, "It is not three lines: origin, size and root.")
    origin, digits, encoded, _ = lines
    root = _unbase64(encoded, what)
    if not _DECIMAL.fullmatch(digits) or int(digits) >= 1 << 63 or len(root) != tree.HASH_BYTES:
        _refuse(what, "Its size is not a plain number, or its root not 32 bytes.")
    if digits == "0" and root != tree.EMPTY_ROOT:
        _refuse(what, "It gives an empty log a root that is not that of an empty tree.")
    return origin, int(digits), root


def open_note(note: str, vkey: str) -> Checkpoint:
    """The checkpoint in a note that `vkey` signed and whose origin is the key's name; extension lines are refused.

    Raises errors.Tampered.
    """
    origin, size, root = read_body(open_signed(note, vkey))
    if origin != _parse_cached(vkey).name:
        _refuse("The checkpoint does not hold.", "It is of another log than the key's.")
    return Checkpoint(origin, size, root, note)


@dataclass(frozen=True, slots=True)
class Receipt:
    """That the entry at `index` is in the log under `checkpoint` (a signed note)."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str


def make_receipt(index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """The receipt as tlog-proof text."""
    hashes = "".join(binascii.b2a_base64(part).decode() for part in proof)
    return f"{RECEIPT_HEADER}\nindex {index}\n{hashes}\n{checkpoint}"


def parse_receipt(text: str) -> Receipt:
    """Reads tlog-proof text; an `extra` line, which nobody signed, is passed over. Raises errors.Tampered."""
    what = "The receipt cannot be read."
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != RECEIPT_HEADER:
        _refuse(what, "It does not begin as a tlog-proof does.")
    if len(lines) > 1 and lines[1].startswith("extra "):
        _unbase64(lines.pop(1).removeprefix("extra "), what)
    if len(lines) < 2 or not lines[1].startswith("index "):
        _refuse(what, "It names no index.")
    digits = lines[1].removeprefix("index ")
    proof = tuple(_unbase64(line, what) for line in lines[2:])
    if not _DECIMAL.fullmatch(digits) or len(proof) > 63 or any(len(part) != tree.HASH_BYTES for part in proof):
        _refuse(what, "Its index or its hashes are not well formed.")
    return Receipt(int(digits), proof, note)


def check_receipt(receipt: str, body: bytes, vkey: str) -> Checkpoint:
    """Gives the checkpoint under which the entry `body` is in the log of `vkey`. Raises errors.Tampered when it is not."""
    parsed = parse_receipt(receipt)
    checkpoint = open_note(parsed.checkpoint, vkey)
    tree.verify_inclusion(tree.leaf_hash(body), parsed.index, checkpoint.size, parsed.proof, checkpoint.root)
    return checkpoint
