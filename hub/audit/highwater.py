"""The high-water mark: the largest tree this hub ever promised, kept outside the database and forced to disk.

A database restored from a backup has a head below its mark; signing on would fork the log, so the hub refuses to start. A log
is marked before its first entry, so that a file that was removed is missed; that the log is all there is then for a person to
say ('hub audit mark'). Put the file on another volume than the database. Two slots are written in turn, each with its own
checksum, so that a torn write costs at most the newest mark; a file of which nothing is whole is refused, never taken for new.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hub.errors import Misconfigured, Tampered

_SLOT = 512
_MARK = 8 + 32
_PATIENCE_S = 5.0
_STEP_S = 0.0005


@dataclass(frozen=True, slots=True)
class Mark:
    """A tree of `size` entries under `root`."""

    size: int
    root: bytes


class HighWater:
    """One log's mark. Several processes of one machine may raise it; it never falls."""

    def __init__(self, path: Path) -> None:
        self._unsure = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _keep_name(path.parent)
        except OSError:
            raise Misconfigured(
                "The high-water mark cannot be opened.",
                "Its file cannot be written.",
                "Check HUB_HIGH_WATER and its permissions.",
            ) from None

    def read(self) -> Mark | None:
        """The highest mark that is whole; None where there never was one. Raises Tampered where none is whole any more."""
        marks = [mark for slot in range(2) if (mark := self._slot(slot)) is not None]
        if not marks and any(os.pread(self._file, 2 * _SLOT, 0)):
            raise Tampered(
                "The high-water mark cannot be read.",
                "Its file was damaged, or is not one.",
                "Compare the log with the checkpoints that partners hold before you remove the file.",
            )
        return max(marks, key=lambda mark: mark.size, default=None)

    def raise_to(self, mark: Mark) -> None:
        """Durable when this returns. Lower marks, of a slower process, change nothing.

        Raises OSError where the disk does not take it, or another process holds the file for longer than can be waited.
        """
        self._lock()
        try:
            slots = [self._slot(0), self._slot(1)]
            held = [-1 if slot is None else slot.size for slot in slots]
            highest = max((slot for slot in slots if slot is not None), key=lambda slot: slot.size, default=mark)
            if highest.size < mark.size or self._unsure or slots == [None, None]:
                # After a write that failed nobody can say what is on disk: a mark that is read may be in memory alone.
                chosen = max(mark, highest, key=lambda each: each.size)
                content = chosen.size.to_bytes(8) + chosen.root
                self._unsure = True
                written = os.pwrite(self._file, content + sha256(content).digest(), _SLOT * held.index(min(held)))
                if written != _MARK + 32:  # a disk that is nearly full takes a part, and says nothing else
                    raise OSError("the mark was written in part")
            os.fdatasync(self._file)  # of what another process wrote, too: its own may have failed
            self._unsure = False
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _lock(self) -> None:
        """A process that is stopped while it holds the file must not hold up the others for ever."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(_STEP_S)
            else:
                return

    def _slot(self, number: int) -> Mark | None:
        content = os.pread(self._file, _MARK + 32, _SLOT * number)
        if len(content) != _MARK + 32 or sha256(content[:_MARK]).digest() != content[_MARK:]:
            return None
        return Mark(int.from_bytes(content[:8]), content[8:_MARK])

    def close(self) -> None:
        """Lets the file go."""
        os.close(self._file)


def _keep_name(folder: Path) -> None:
    """A new file outlasts a power cut only when its directory is on disk too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
