"""The log's signing key: an Ed25519 key in a file of its own, for its owner's eyes only.

The file holds the private key as PKCS #8 in PEM, without a password; it lies on no path that is backed up.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from hub.audit.checkpoint import VerifierKey
from hub.errors import Misconfigured

_LARGEST_FILE = 4096
_WHAT = "The log's signing key cannot be used."


class LogSigner:
    """Signs checkpoints as the log `origin`; satisfies `hub.ports.Signer`. `sign` gives the 64 bytes of RFC 8032.

    Raises errors.Misconfigured when `origin` cannot stand in a checkpoint.
    """

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        try:
            self._vkey = str(VerifierKey.of(origin, key.public_key().public_bytes_raw()))
        except ValueError as error:
            why = "The log's origin is empty, or holds a space, a plus sign or a control character."
            raise Misconfigured(_WHAT, why, "Give the log an origin such as hub.example/log.") from error
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


def create(path: Path) -> None:
    """Makes a new key in a new file that only its owner can read, durably. Raises errors.Misconfigured when it cannot."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
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
        raise Misconfigured("No signing key was made.", why, "Choose another path: a key in use is never replaced.") from error
    except OSError as error:
        why = "The file cannot be written."
        raise Misconfigured("No signing key was made.", why, "Check the directory and who may write in it.") from error


def load(path: Path, origin: str) -> LogSigner:
    """The signer whose key `create` wrote. Raises errors.Misconfigured when the file is missing, open to others, or no key."""
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
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(_WHAT, "Its file does not hold an Ed25519 key.", "Put back the key that the log began with.")
    return LogSigner(origin, key)
