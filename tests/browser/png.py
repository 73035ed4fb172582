"""Makes a picture of a page small: its few colours in a palette (PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from itertools import pairwise

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST = 256


def small(picture: bytes) -> bytes:
    """The same picture with at most 256 colours: the most frequent ones, and for every other the nearest of those."""
    width, height, channels, lines = _read(picture)
    pixels = [lines[at : at + 3] for at in range(0, len(lines), channels)]
    counted = Counter(pixels)
    palette = [colour for colour, _ in counted.most_common(_MOST)]
    places = {colour: place for place, colour in enumerate(palette)}
    for colour in counted.keys() - places.keys():
        places[colour] = min(range(len(palette)), key=lambda place: _distance(colour, palette[place]))
    indexed = bytes(places[pixel] for pixel in pixels)
    rows = b"".join(b"\x00" + indexed[start:end] for start, end in pairwise(range(0, width * height + 1, width)))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _read(picture: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, channels and the bytes of the pixels, as a browser writes them: eight bits each, not interlaced."""
    at, body, head = len(_SIGNATURE), b"", (0, 0, 8, 2, 0, 0, 0)
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at : at + 8])
        part = picture[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", part)
        elif kind == b"IDAT":
            body += part
        at += length + 12
    width, height, depth, colours, _, _, interlaced = head
    if depth != 8 or colours not in (2, 6) or interlaced:
        raise ValueError("a picture of another kind")
    channels = 3 if colours == 2 else 4
    return width, height, channels, _unfiltered(zlib.decompress(body), width * channels, channels)


def _unfiltered(raw: bytes, length: int, step: int) -> bytes:
    done, before = bytearray(), bytearray(length)
    for start in range(0, len(raw), length + 1):
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + length])
        match kind:
            case 1:
                for at in range(step, length):
                    line[at] = (line[at] + line[at - step]) & 255
            case 2:
                line = bytearray((a + b) & 255 for a, b in zip(line, before, strict=True))
            case 3:
                for at in range(length):
                    left = line[at - step] if at >= step else 0
                    line[at] = (line[at] + (left + before[at]) // 2) & 255
            case 4:
                for at in range(length):
                    left, corner = (line[at - step], before[at - step]) if at >= step else (0, 0)
                    line[at] = (line[at] + _paeth(left, before[at], corner)) & 255
        done += line
        before = line
    return bytes(done)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    to_left, to_above, to_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner
