"""Bytes of a packed file to the bytes of what is in it, as they come by. Pure: a stream, within limits, never on disk.

Gzip (RFC 1952) and zip with deflated members (PKWARE's APPNOTE). A zip is read from its front, member after member, and held
to its table of contents at the end. Names in it are compared and never used. What grows beyond measure while it is unpacked, is
packed twice or is encrypted is refused.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hub.errors import Fault, Malformed
from hub.formats.header import refused

MOST_UNPACKED: Final = 2 << 30
"""Bytes that may come out of one file."""
RATIO: Final = 200
"""Bytes that may come out for each that went in, after the first `FREE`. Rows of text pack to a tenth or so."""
FREE: Final = 10 << 20
MOST_MEMBERS: Final = 500

PIECE: Final = 64 * 1024
GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
EMPTY_ZIP: Final = b"PK\x05\x06"
_ENCRYPTED, _AES, _FULL = 0x2041, 99, 0xFFFFFFFF
_WIDE_END: Final = b"PK\x06\x06"
_LOCATOR: Final = 20  # bytes between it and the end
_CENTRAL, _DESCRIPTOR = b"PK\x01\x02", b"PK\x07\x08"
_OTHERS: Final = (GZIP, ZIP, b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd")
_LONGEST_NAME: Final = 1024
_MOST_CONTENTS: Final = MOST_MEMBERS * 8 * 1024


class Next:
    """Among the pieces: what follows is another member."""


NEXT: Final = Next()


class _Measure:
    """Holds what comes out against what went in."""

    def __init__(self) -> None:
        self.taken = self.given = 0

    def give(self, size: int) -> None:
        self.given += size
        if self.given > MOST_UNPACKED or (self.given > FREE and self.given > RATIO * self.taken):
            raise invalid("Unpacked it is far larger than a file of rows is.")


class Gunzip:
    """A gzip file, of one part or several after one another."""

    def __init__(self, own: bytes = b"") -> None:
        self._measure = _Measure()
        self._inflate = zlib.decompressobj(wbits=31)
        self._begun = False
        self._rest = b""
        self._start = _Start(own)

    def feed(self, block: bytes, /) -> Iterator[bytes | Next]:
        """Raises errors.Malformed."""
        if not self._begun:
            self._begun = True
            yield NEXT
        self._measure.taken += len(block)
        data, self._rest = self._rest + block, b""
        while data:
            if self._inflate.eof:
                if not data.strip(b"\0"):
                    return
                if len(data) < 2:
                    self._rest = data
                    return
                self._inflate = zlib.decompressobj(wbits=31)
            piece = _inflated(self._inflate, data)
            data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if piece:
                self._measure.give(len(piece))
                self._start.look(piece)
                yield piece

    def finish(self) -> Iterator[bytes | Next]:
        """Raises errors.Malformed where it is not whole."""
        while not self._inflate.eof and (piece := _inflated(self._inflate, b"")):
            self._measure.give(len(piece))
            yield piece
        if not self._inflate.eof or self._rest.strip(b"\0"):
            raise invalid("It is not whole.")


class _Start:
    """The first bytes of a member: what is packed twice is refused, but for a format that is packed itself."""

    def __init__(self, own: bytes) -> None:
        self._own, self._held = own, b""

    def look(self, piece: bytes) -> None:
        if len(self._held) < 6:
            self._held += piece[:6]
            if self._held.startswith(_OTHERS) and not (self._own and self._held.startswith(self._own)):
                raise invalid("What is in it is packed again.")


@dataclass(slots=True)
class _Member:
    """One part of a zip: what its own header says, and what came out. `after` where a record behind it says how large it is."""

    name: bytes
    packed: int
    size: int
    crc: int
    after: bool
    plain: bool
    used: bool
    came_in: int = 0
    came_out: int = 0
    sum: int = 0


class Unzip:
    """A zip file: its members after one another, without folders and what an operating system adds."""

    def __init__(self, own: bytes = b"") -> None:
        self._own = own
        self._measure = _Measure()
        self._data = b""
        self._member: _Member | None = None
        self._inflate = zlib.decompressobj(wbits=-15)
        self._start = _Start(own)
        self._done: list[_Member] = []
        self._contents = False

    def feed(self, block: bytes, /) -> Iterator[bytes | Next]:
        """Raises errors.Malformed."""
        self._measure.taken += len(block)
        self._data += block
        while not self._contents:
            member = self._member
            if member is None:
                if not self._begin():
                    return
                if self._member is not None and self._member.used:
                    yield NEXT
            elif not (member.came_in >= member.packed if member.plain else self._inflate.eof):
                piece = self._piece(member)
                if not piece:
                    if not self._inflate.eof:
                        return
                    continue
                self._measure.give(len(piece))
                member.came_out += len(piece)
                member.sum = zlib.crc32(piece, member.sum)
                if member.used:
                    self._start.look(piece)
                    yield piece
            elif not self._end(member):
                return
        if len(self._data) > _MOST_CONTENTS:
            raise invalid("Its table of contents is too long.")

    def finish(self) -> Iterator[bytes | Next]:
        """Raises errors.Malformed where it is not whole, or its table of contents tells of other members."""
        came = sorted((each.name, each.sum, each.came_out) for each in self._done)
        if not self._contents or sorted(self._told()) != came:
            raise invalid("It is not whole, or its table of contents tells otherwise.")
        if not any(each.used for each in self._done):
            raise refused("There is no file in it.", Fault("bestand", "BESTAND_LEEG"))
        return iter(())

    def _begin(self) -> bool:
        """The header of a member, or the table of contents; false where more must come first."""
        data = self._data
        if data.startswith((_CENTRAL, EMPTY_ZIP)):
            self._contents = True
            return True
        if len(data) >= 4 and not data.startswith(ZIP):
            raise invalid("It is no zip.")
        if len(data) < 30:
            return False
        flags, method, _, crc, packed, size, of_name, of_extra = struct.unpack_from("<HHIIIIHH", data, 6)
        if flags & _ENCRYPTED or method == _AES:
            raise refused("It is encrypted.", Fault("bestand", "BESTAND_VERSLEUTELD"))
        after = bool(flags & 8)
        if method not in (0, 8) or (method == 0 and after) or of_name > _LONGEST_NAME or len(self._done) >= MOST_MEMBERS:
            raise invalid("It is packed in a way that is not agreed, or has too many members.")
        if len(data) < 30 + of_name + of_extra:
            return False
        name = data[30 : 30 + of_name]
        size, packed = _wide(size, packed, data[30 + of_name : 30 + of_name + of_extra])
        base = name.replace(b"\\", b"/").rpartition(b"/")[2]
        used = bool(base) and not base.startswith(b".") and not name.startswith(b"__MACOSX/")
        self._member = _Member(name, packed, size, crc, after, method == 0, used)
        self._inflate, self._start = zlib.decompressobj(wbits=-15), _Start(self._own)
        self._data = data[30 + of_name + of_extra :]
        return True

    def _piece(self, member: _Member) -> bytes:
        """What comes out next; nothing where more must come first."""
        before = len(self._data)
        if member.plain:
            piece = self._data[: min(PIECE, member.packed - member.came_in)]
            self._data = self._data[len(piece) :]
        else:
            piece = _inflated(self._inflate, self._data)
            self._data = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
        member.came_in += before - len(self._data)
        return piece

    def _end(self, member: _Member) -> bool:
        """Holds a member to what is said of it; false where more must come first."""
        if member.after:
            if len(self._data) < 24:
                return False
            at = 4 if self._data.startswith(_DESCRIPTOR) else 0
            said = (member.sum, member.came_in, member.came_out)
            if struct.unpack_from("<IQQ", self._data, at) == said:
                at += 20
            elif struct.unpack_from("<III", self._data, at) == said:
                at += 12
            else:
                raise invalid("It is damaged.")
            self._data = self._data[at:]
        elif (member.crc, member.packed, member.size) != (member.sum, member.came_in, member.came_out):
            raise invalid("It is damaged.")
        self._done.append(member)
        self._member = None
        return True

    def _told(self) -> Iterator[tuple[bytes, int, int]]:
        """Name, sum and size of every member, as the table of contents has them."""
        at = 0
        while self._data.startswith(_CENTRAL, at) and len(self._data) >= at + 46:
            crc, packed, size, of_name, of_extra, of_comment = struct.unpack_from("<IIIHHH", self._data, at + 16)
            name_at, at = at + 46, at + 46 + of_name + of_extra + of_comment
            size, _ = _wide(size, packed, self._data[name_at + of_name : name_at + of_name + of_extra])
            yield self._data[name_at : name_at + of_name], crc, size
        if self._data.startswith(_WIDE_END, at) and len(self._data) >= at + 12:
            at += 12 + struct.unpack_from("<Q", self._data, at + 4)[0] + _LOCATOR
        end = self._data[at:]
        if not end.startswith(EMPTY_ZIP) or len(end) < 22 or len(end) != 22 + struct.unpack_from("<H", end, 20)[0]:
            raise invalid("It is not whole, or goes on after its end.")


def _wide(size: int, packed: int, extra: bytes) -> tuple[int, int]:
    """Sizes that do not fit in four bytes stand in an extra field (zip64)."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + length]
        if kind == 1:
            if size == _FULL and len(body) >= 8:
                (size,), body = struct.unpack_from("<Q", body), body[8:]
            if packed == _FULL and len(body) >= 8:
                (packed,) = struct.unpack_from("<Q", body)
            break
        at += 4 + length
    return size, packed


def _inflated(inflate: zlib._Decompress, data: bytes) -> bytes:
    try:
        return inflate.decompress(data, PIECE)
    except zlib.error:
        pass
    raise invalid("It is damaged.")


def invalid(why: str) -> Malformed:
    """The error for what is packed in a way that the hub does not unpack."""
    return refused(why, Fault("bestand", "BESTAND_VERPAKT_ONGELDIG"))
