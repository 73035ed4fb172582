"""Who was forgotten, in a file beside the databases, so that a backup of both forgets again when it is put back.

One line a person: the tag they had, and when. Without the key that the tag was made from, nobody can say whose it was.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.domain.terms import Micros
from hub.errors import Misconfigured, Tampered

_LINE: Final = re.compile(rb"([0-9a-f]{32}) ([0-9]{16})\n")
_BYTES: Final = 32 + 1 + 16 + 1


@dataclass(frozen=True, slots=True)
class Tombs:
    """The file at `path`; any number of processes of one machine may add to it, and nothing is ever taken out."""

    path: Path

    def read(self) -> dict[bytes, Micros]:
        """All of it. Raises Tampered for a line that cannot be read; the last may be torn by a power cut, and is redone."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError:
            raise _unusable() from None
        whole = content[: len(content) - len(content) % _BYTES]
        lines = [_LINE.fullmatch(whole[at : at + _BYTES]) for at in range(0, len(whole), _BYTES)]
        if any(line is None for line in lines):
            raise Tampered(
                "The file of who was forgotten cannot be read.",
                "It was damaged, or is another file.",
                "Put back its copy; see ops/runbooks/forgetting.md.",
            )
        return {bytes.fromhex(line[1].decode()): Micros(int(line[2])) for line in lines if line is not None}

    def add(self, forgotten: Mapping[bytes, Micros]) -> None:
        """Durable when this returns. Raises Misconfigured where the file cannot be written."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                known = self.read()
                content = b"".join(
                    b"%b %016d\n" % (tag.hex().encode(), us) for tag, us in forgotten.items() if tag not in known
                )
                size = os.fstat(handle).st_size
                if os.pwrite(handle, content, size - size % _BYTES) != len(content):  # the disk is full
                    raise OSError("the tombstones were written in part")
                os.fsync(handle)
            finally:
                os.close(handle)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            raise _unusable() from None


def _unusable() -> Misconfigured:
    return Misconfigured(
        "The file of who was forgotten cannot be used.",
        "It cannot be read or written.",
        "Check HUB_FORGOTTEN and its permissions; until then nobody is forgotten.",
    )
