"""Files and their rows: where files lie, and how they are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

from hub.domain.stages import Row

BLOCK: Final = 1 << 20
"""Bytes in which a file is read and checked."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a partner's machine. Its name may hold a person's data: it is never stored or logged. `mtime` in seconds."""

    name: str = field(repr=False)
    size: int
    mtime: int


class FileSource(Protocol):
    """A folder on a partner's machine.

    Raises `SourceAway` when it cannot serve us now, `SourceBarred` when it does not let us in.
    """

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        """The plain files in it, or in a folder beside them, oldest first; none where there is no such folder."""
        ...

    async def stat(self, name: str) -> RemoteFile:
        """The file as it is now. Raises errors.Retry when it is gone."""
        ...

    def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The file from `offset` in blocks of `BLOCK` bytes, the last one shorter."""
        ...

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """Into a folder beside it, or with `.` out of one. Returns where it is now.

        `suffix` comes before its extension where it is to be `marked` or its name is taken there, and otherwise goes off it.
        """
        ...

    async def close(self) -> None:
        """Lets go of the connection."""
        ...


@runtime_checkable
class PageSource(FileSource, Protocol):
    """Files that are the hub's own copies, of which one move may bring up the next: pages of a service.

    They are at rest as soon as they are listed. After a move, `more` says whether something can be listed that was not before.
    """

    @property
    def more(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written, decided over the whole of it; `lines` are physical, `ignored` counts unwanted columns."""

    encoding: str
    delimiter: str
    lines: int
    ignored: int


class Inspector(Protocol):
    """The first look at a file, block by block."""

    def feed(self, block: bytes, /) -> None: ...
    def finish(self) -> Layout:
        """Raises errors.Malformed when the file as a whole cannot be read."""
        ...


class RowReader(Protocol):
    """The second look: bytes in, rows out, none lost and none swallowed by its neighbour."""

    def feed(self, block: bytes, /) -> list[Row]: ...
    def finish(self) -> list[Row]: ...


class FileFormat(Protocol):
    """What an inbound module offers for files; `columns` are the mapping's, `required` those a file must have."""

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> Inspector: ...
    def read(self, layout: Layout, columns: frozenset[str], /) -> RowReader: ...
