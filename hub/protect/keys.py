"""The in-process key ring: one root secret per version, every key derived from it for one use (HKDF-Expand, RFC 5869).

For a laptop, the demo and the tests. It keeps the root where the records are handled, so a production hub refuses it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import stat
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from hub.errors import Misconfigured

_ROOT_BYTES = 32
_LARGEST_FILE = 64 * 1024


class KeyUse(StrEnum):
    """What a derived key is for; no key serves two uses."""

    subject_tag = "subject-tag"  # the blind index by which a person's rows are found
    vault = "vault"  # wraps the keys of persons
    quarantine = "quarantine"  # seals rows that could not be read
    chain = "pseudonym-chain"  # first step of a pseudonym
    domain = "pseudonym-domain"  # second step, one key per domain
    digest = "digest"  # keyed digests of contents, files and idempotency keys


def read_secret(path: Path, what: str) -> bytes:
    """The bytes of a key file that is its owner's alone. Raises Misconfigured where it is missing, a link or open to others."""
    try:
        # O_NONBLOCK: opening a pipe in the key's place must not wait for its other end.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Misconfigured(f"{what} is missing.", f"There is no file {path}.", "Run 'hub keys init'.") from None
    except OSError:
        raise Misconfigured(
            f"{what} cannot be opened.", "Its file is a link, or not the hub's to read.", "Put the file itself in this place."
        ) from None
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Misconfigured(f"{what} can be read by others.", "Its file mode is too wide.", "Run chmod 600 on it.")
        return file.read(_LARGEST_FILE) if stat.S_ISREG(mode) else b""


class KeyRing:
    """Keys of one version, by use. Raises Misconfigured when the file is missing, readable by others or malformed."""

    def __init__(self, root: bytes, version: int) -> None:
        if len(root) != _ROOT_BYTES:
            raise Misconfigured(
                "The key ring's root secret has the wrong length.", now="Restore the key file from its safe copy."
            )
        self._root = root
        self.version = version
        self.derive = lru_cache(maxsize=4096)(self._derive)

    def _derive(self, use: KeyUse, info: bytes = b"") -> bytes:
        context = b"hub/keys/1\x00" + use.value.encode() + b"\x00" + self.version.to_bytes(4) + info
        return HKDFExpand(SHA256(), 32, context).derive(self._root)

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Makes a new root secret in a file that only its owner can read; never overwrites one."""
        root = secrets.token_bytes(_ROOT_BYTES)
        content = json.dumps({"primary": 1, "roots": {"1": base64.b64encode(root).decode()}})
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise Misconfigured(
                "There is a key ring at this place already.",
                "Overwriting it would make everything sealed unreadable.",
                "Choose another path.",
            ) from None
        with os.fdopen(handle, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return cls(root, 1)

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Reads the primary version."""
        try:
            content = json.loads(read_secret(path, "The key ring"))
            version = int(content["primary"])
            return cls(base64.b64decode(content["roots"][str(version)], validate=True), version)
        except (ValueError, KeyError, TypeError):
            raise Misconfigured(
                "The key ring cannot be read.", "Its content is damaged.", "Restore it from its safe copy."
            ) from None
