"""A file is whole or not there: written under another name beside its place, made durable, and only then given its name."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from hub.errors import HubError, Misconfigured, Retry

_WHAT = "The file was not written."


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """Where to write what must stand at `target`, for its owner's eyes; whatever goes wrong, nothing is left behind.

    Raises Misconfigured where `target` exists or its directory cannot be written in, Retry where the disk fails or is full.
    """
    if target.exists() or target.is_symlink():
        raise Misconfigured(_WHAT, "There is a file in its place already.", "Name a new one: nothing is written over.")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError:
        raise Misconfigured(
            _WHAT, "Its directory is missing, or not yours to write in.", "Name a place where you may write."
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.rename(target)
        _sync(target.parent)
    except BaseException as wrong:
        with suppress(OSError):
            beside.unlink()
        if isinstance(wrong, OSError) and not isinstance(wrong, HubError):
            why = "The disk is full, or cannot be written now."
            raise Retry(_WHAT, why, "Make room, and ask for it again; nothing of it was left behind.") from None
        raise


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
