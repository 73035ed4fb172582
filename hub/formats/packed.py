"""A format around another: the same files, but packed with gzip or zip, or as several members of one zip. Pure.

Members of a zip are read as one file, in the order in which they lie in it; each must be written as the others are. What is
not packed goes through as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from hub.connector import Inspector, Layout, RowReader
from hub.domain.stages import Row
from hub.errors import Fault, Malformed
from hub.formats.header import refused
from hub.formats.unpack import EMPTY_ZIP, GZIP, ZIP, Gunzip, Next, Unzip

_LONGEST_MARK: Final = 64
_OF_A_WORKBOOK: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"customXml/", b"mimetype")


class HeadedInspector(Inspector, Protocol):
    """An inspector of the house, which also tells the names of the columns, where its format has a header."""

    @property
    def header(self) -> tuple[str, ...]: ...


class HeadedFormat(Protocol):
    """A format of the house."""

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> HeadedInspector: ...
    def read(self, layout: Layout, columns: frozenset[str], /) -> RowReader: ...


@dataclass(frozen=True, slots=True)
class Several(Layout):
    """The layouts of the members of a packed file."""

    members: tuple[Layout, ...]


class _Plain:
    """What is not packed."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, block: bytes, /) -> Iterator[bytes | Next]:
        if not self._begun:
            self._begun = True
            yield Next()
        yield block

    def finish(self) -> Iterator[bytes | Next]:
        return iter(())


class _Opened:
    """Bytes of a file to the bytes of its members, by what its first bytes say it is."""

    def __init__(self, workbook: bool) -> None:
        self._workbook = workbook
        self._held = b""
        self._inner: Gunzip | Unzip | _Plain | None = None

    def feed(self, block: bytes, /) -> Iterator[bytes | Next]:
        """Raises errors.Malformed."""
        if self._inner is None:
            self._held += block
            if len(self._held) < _LONGEST_MARK:
                return
            block = self._begin()
        assert self._inner is not None
        yield from self._inner.feed(block)

    def finish(self) -> Iterator[bytes | Next]:
        """Raises errors.Malformed."""
        if self._inner is None:
            block = self._begin()
            assert self._inner is not None
            yield from self._inner.feed(block)
        yield from self._inner.finish()

    def _begin(self) -> bytes:
        held, self._held = self._held, b""
        own = ZIP if self._workbook else b""
        zipped = held.startswith((ZIP, EMPTY_ZIP))
        if zipped and not self._workbook and held[30:].startswith(_OF_A_WORKBOOK):
            raise refused("It is a workbook, and another form is agreed.", Fault("bestand", "BESTAND_ONLEESBAAR"))
        if held.startswith(GZIP):
            self._inner = Gunzip(own)
        elif zipped and not (self._workbook and held[30:].startswith(_OF_A_WORKBOOK)):
            self._inner = Unzip(own)
        else:
            self._inner = _Plain()
        return held


class PackedInspector:
    """Inspects every member, and that they are alike."""

    def __init__(self, opened: _Opened, inspector: Callable[[], HeadedInspector], table: bool) -> None:
        self._opened, self._inspector, self._table = opened, inspector, table
        self._open: HeadedInspector | None = None
        self._layouts: list[Layout] = []
        self.header: tuple[str, ...] = ()
        """The names of columns, or paths that occur, of all members."""
        self._wrong: Malformed | None = None

    def feed(self, block: bytes, /) -> None:
        if self._wrong is None:
            try:
                self._take(self._opened.feed(block))
            except Malformed as wrong:
                self._wrong = wrong

    def finish(self) -> Layout:
        """Raises errors.Malformed where it cannot be unpacked, or a member is not as it must be."""
        if self._wrong is not None:
            raise self._wrong
        self._take(self._opened.finish())
        self._close()
        first = self._layouts[0]
        if len(self._layouts) == 1:
            return first
        lines, ignored = sum(each.lines for each in self._layouts), max(each.ignored for each in self._layouts)
        return Several(first.encoding, first.delimiter, lines, ignored, tuple(self._layouts))

    def _take(self, pieces: Iterator[bytes | Next]) -> None:
        for piece in pieces:
            if isinstance(piece, Next):
                self._close()
                self._open = self._inspector()
            elif self._open is not None:
                self._open.feed(piece)

    def _close(self) -> None:
        if self._open is None:
            return
        opened, self._open = self._open, None
        try:
            layout = opened.finish()
        finally:
            before, self.header = self.header, tuple(dict.fromkeys((*self.header, *opened.header)))
        if self._table and self._layouts and set(opened.header) != set(before):
            raise refused("The files in it do not have the same columns.", Fault("kop", "KOP_ONBEKEND"))
        self._layouts.append(layout)


class PackedReader:
    """Gives the rows of every member; their numbers go on from one to the next."""

    def __init__(self, opened: _Opened, layout: Layout, reader: Callable[[Layout], RowReader]) -> None:
        self._opened, self._reader = opened, reader
        self._layouts = iter(layout.members if isinstance(layout, Several) else (layout,))
        self._open: RowReader | None = None
        self._before = self._lines = 0

    def feed(self, block: bytes, /) -> list[Row]:
        return list(self._take(self._opened.feed(block)))

    def finish(self) -> list[Row]:
        return [*self._take(self._opened.finish()), *self._close()]

    def _take(self, pieces: Iterator[bytes | Next]) -> Iterator[Row]:
        for piece in pieces:
            if isinstance(piece, Next):
                yield from self._close()
                layout = next(self._layouts, None)
                if layout is None:
                    raise refused("It has more in it than when it was looked at.", Fault("bestand", "BESTAND_GEWIJZIGD"))
                self._before, self._lines = self._before + self._lines, layout.lines
                self._open = self._reader(layout)
            elif self._open is not None:
                yield from self._numbered(self._open.feed(piece))

    def _close(self) -> list[Row]:
        if self._open is None:
            return []
        rows, self._open = self._open.finish(), None
        return self._numbered(rows)

    def _numbered(self, rows: list[Row]) -> list[Row]:
        return [Row(row.number + self._before, row.content, row.raw, row.fault) for row in rows] if self._before else rows


class PackedFormat:
    """A format of which files may be packed; satisfies `hub.connector.FileFormat`.

    Members of a `table` have one header; a `workbook` is a zip itself.
    """

    def __init__(self, inner: HeadedFormat, *, table: bool = False, workbook: bool = False) -> None:
        self._inner, self._table, self._workbook = inner, table, workbook

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> PackedInspector:
        return PackedInspector(_Opened(self._workbook), lambda: self._inner.inspect(columns, required), self._table)

    def read(self, layout: Layout, columns: frozenset[str], /) -> PackedReader:
        return PackedReader(_Opened(self._workbook), layout, lambda one: self._inner.read(one, columns))
