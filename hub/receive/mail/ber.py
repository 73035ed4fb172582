"""Reading ASN.1 as it is sent: X.690 BER with definite and indefinite lengths, for mail programs write both.

Nothing is copied: what is found are places in what came. Sizes, depth and number are bounded.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from hub.errors import Malformed

SEQUENCE, SET, OCTETS, INTEGER, OID = 0x30, 0x31, 0x04, 0x02, 0x06
_MOST_DEPTH: Final = 24
_MOST_NODES: Final = 100_000
_CONSTRUCTED: Final = 0x20
_INDEFINITE: Final = 0x80


class Node(NamedTuple):
    """One element: its identifier octet, all of its bytes, its content, and the elements in it where it is constructed."""

    tag: int
    raw: memoryview
    body: memoryview
    parts: tuple[Node, ...]


def garbled() -> Malformed:
    """What came is not written as it must be."""
    return Malformed("The message cannot be read.", "It is not ASN.1 as CMS has it.", "Have it made anew.")


def parse(data: bytes) -> Node:
    """The one element that `data` is. Raises errors.Malformed."""
    reader = _Reader(memoryview(data).toreadonly())
    node, end = reader.read(0, len(data), 0)
    if data[end:].strip(b"\r\n\0"):
        raise garbled()
    return node


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data, self._left = data, _MOST_NODES

    def read(self, at: int, limit: int, depth: int) -> tuple[Node, int]:
        self._left -= 1
        if depth > _MOST_DEPTH or self._left < 0 or limit - at < 2:
            raise garbled()
        start, tag, first = at, self._data[at], self._data[at + 1]
        if tag & 0x1F == 0x1F:  # no such tag occurs in CMS
            raise garbled()
        at += 2
        if first == _INDEFINITE:
            return self._indefinite(tag, start, at, limit, depth)
        length = first
        if first > _INDEFINITE:
            count = first & 0x7F
            if count > 4 or limit - at < count:
                raise garbled()
            length = int.from_bytes(self._data[at : at + count])
            at += count
        if length > limit - at:
            raise garbled()
        end, parts = at + length, list[Node]()
        inside = at
        while tag & _CONSTRUCTED and inside < end:
            part, inside = self.read(inside, end, depth + 1)
            parts.append(part)
        return Node(tag, self._data[start:end], self._data[at:end], tuple(parts)), end

    def _indefinite(self, tag: int, start: int, at: int, limit: int, depth: int) -> tuple[Node, int]:
        if not tag & _CONSTRUCTED:
            raise garbled()
        inside, parts = at, list[Node]()
        while bytes(self._data[inside : min(inside + 2, limit)]) != b"\0\0":
            part, inside = self.read(inside, limit, depth + 1)
            parts.append(part)
        return Node(tag, self._data[start : inside + 2], self._data[at:inside], tuple(parts)), inside + 2


def expect(node: Node, tag: int, least: int = 0) -> tuple[Node, ...]:
    """The elements in a node of this tag, at least so many. Raises errors.Malformed."""
    if node.tag != tag or len(node.parts) < least:
        raise garbled()
    return node.parts


def oid(text: str) -> bytes:
    """An object identifier as it is written."""
    first, second, *rest = map(int, text.split("."))
    written = bytearray([40 * first + second])
    for number in rest:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7F)
        written += bytes(reversed(groups))
    return bytes(written)


def oid_of(node: Node) -> bytes:
    """The object identifier that a node is. Raises errors.Malformed."""
    if node.tag != OID:
        raise garbled()
    return bytes(node.body)


def integer_of(node: Node) -> int:
    """The integer that a node is. Raises errors.Malformed."""
    if node.tag != INTEGER or not 0 < len(node.body) <= 64:
        raise garbled()
    return int.from_bytes(node.body, signed=True)


def octets_of(node: Node, tag: int = OCTETS) -> bytes:
    """The octet string that a node is, whole or in pieces. Raises errors.Malformed."""
    if node.tag == tag:
        return bytes(node.body)
    if node.tag != tag | _CONSTRUCTED:
        raise garbled()
    return b"".join(octets_of(part) for part in node.parts)
