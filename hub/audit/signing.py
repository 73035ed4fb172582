"""Signing keys, each in a file of its own, for its owner's eyes only: the log's in Ed25519 and in ML-DSA-44, and a witness's.

A file holds the private key as PKCS #8 in PEM, without a password; it lies on no path that is backed up.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hub.audit.checkpoint import VerifierKey
from hub.audit.cosign import CosignerKey, Kind
from hub.errors import Misconfigured

_LARGEST_FILE = 4096
_WHAT = "The log's signing key cannot be used."
_NO_KEY = "No signing key was made."
_NAME_WHY = "The log's origin is empty, or holds a space, a plus sign or a control character."


class LogSigner:
    """Signs checkpoints as the log `origin`; satisfies `hub.ports.Signer`. `sign` gives the 64 bytes of RFC 8032.

    Raises errors.Misconfigured when `origin` cannot stand in a checkpoint.
    """

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        try:
            self._vkey = str(VerifierKey.of(origin, key.public_key().public_bytes_raw()))
        except ValueError as error:
            raise Misconfigured(_WHAT, _NAME_WHY, "Give the log an origin such as hub.example/log.") from error
        self._name = origin
        self._key = key

    @property
    def name(self) -> str:
        return self._name

    @property
    def vkey(self) -> str:
        return self._vkey

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class _CosignerOf:
    """What the cosigners share: a name, a key and its kind. Satisfies `hub.audit.cosign.Cosigner`."""

    def __init__(self, name: str, kind: Kind, key: Ed25519PrivateKey | MLDSA44PrivateKey) -> None:
        try:
            self._vkey = str(CosignerKey.of(name, kind, key.public_key().public_bytes_raw()))
        except ValueError as error:
            raise Misconfigured(_WHAT, _NAME_WHY, "Give it a name such as hub.example/witness.") from error
        self._name = name
        self._kind = kind
        self._key = key

    @property
    def name(self) -> str:
        return self._name

    @property
    def vkey(self) -> str:
        return self._vkey

    @property
    def kind(self) -> Kind:
        return self._kind

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class WitnessSigner(_CosignerOf):
    """Cosigns checkpoints of other logs in Ed25519, as the witness `name`; its key is never also a log's.

    Raises errors.Misconfigured when `name` cannot stand in a note.
    """

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        super().__init__(name, Kind.ed25519, key)


class PostQuantumSigner(_CosignerOf):
    """The log `origin` signing its own checkpoints in ML-DSA-44, beside its Ed25519 signature.

    Raises errors.Misconfigured when `origin` cannot stand in a note.
    """

    def __init__(self, origin: str, key: MLDSA44PrivateKey) -> None:
        super().__init__(origin, Kind.mldsa44, key)


def has_post_quantum() -> bool:
    """Whether the installed cryptography library has ML-DSA-44. Where it has not, a published checkpoint goes without."""
    try:
        MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    except UnsupportedAlgorithm:
        return False
    return True


def create(path: Path) -> None:
    """Makes a new Ed25519 key, for a log or a witness, in a new file that only its owner can read, durably.

    Raises errors.Misconfigured when it cannot.
    """
    _create(path, Ed25519PrivateKey.generate())


def create_mldsa(path: Path) -> None:
    """As `create`, an ML-DSA-44 key with which the log signs its published checkpoints once more."""
    try:
        key = MLDSA44PrivateKey.generate()
    except UnsupportedAlgorithm as error:
        why = "The installed cryptography library has no ML-DSA-44."
        raise Misconfigured(_NO_KEY, why, "Go without: checkpoints then carry the log's Ed25519 signature alone.") from error
    _create(path, key)


def _create(path: Path, key: Ed25519PrivateKey | MLDSA44PrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # O_EXCL: an existing key, or a link to one, is never written over; the mode holds from the first byte.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError as error:
        why = "There is a file in its place already."
        raise Misconfigured(_NO_KEY, why, "Choose another path: a key in use is never replaced.") from error
    except OSError as error:
        why = "The file cannot be written."
        raise Misconfigured(_NO_KEY, why, "Check the directory and who may write in it.") from error


def load(path: Path, origin: str) -> LogSigner:
    """The signer whose key `create` wrote. Raises errors.Misconfigured when the file is missing, open to others, or no key."""
    return LogSigner(origin, _ed25519(path, "Put back the key that the log began with."))


def load_witness(path: Path, name: str) -> WitnessSigner:
    """The witness whose key `create` wrote. Raises as `load`."""
    return WitnessSigner(name, _ed25519(path, "Put back the key that the witness began with."))


def load_mldsa(path: Path, origin: str) -> PostQuantumSigner:
    """The signer whose key `create_mldsa` wrote. Raises as `load`, and where the installed cryptography has no ML-DSA-44."""
    key = _load(path)
    if not isinstance(key, MLDSA44PrivateKey):
        raise Misconfigured(_WHAT, "Its file does not hold an ML-DSA-44 key.", "Put back the key that was made for this log.")
    return PostQuantumSigner(origin, key)


def _ed25519(path: Path, now: str) -> Ed25519PrivateKey:
    key = _load(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(_WHAT, "Its file does not hold an Ed25519 key.", now)
    return key


def _load(path: Path) -> object:
    """Whatever private key is in the file; None when there is none, or one that cannot be used here."""
    try:
        # O_NONBLOCK: opening a pipe in the key's place must not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            pem = file.read(_LARGEST_FILE) if stat.S_ISREG(found.st_mode) else b""
    except OSError as error:
        now = "Check the path of the key and who may read it, or make a key for a new log."
        raise Misconfigured(_WHAT, "Its file cannot be opened, or is a link.", now) from error
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise Misconfigured(_WHAT, "Others than its owner may read or write its file.", "Set its mode to 0600, and replace it.")
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
