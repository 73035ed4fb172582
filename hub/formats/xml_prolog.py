"""What stands before the root of an XML file: its encoding, and that there is no document type. Pure.

A document type can define entities that grow without end, read files of the machine or call others. No agreed form needs one,
so a file with one is refused before a parser sees any of it.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from hub.errors import Fault, Malformed
from hub.formats.header import refused

LONGEST: Final = 64 * 1024
"""Bytes before the root element."""
_MARKS: Final = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ENCODINGS: Final = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
}
_DECLARATION: Final = re.compile(r"<\?xml[ \t\r\n][^>]*?\?>")
_ENCODING: Final = re.compile(r"""encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z0-9._-]{1,40})["']""")
_SKIPPED: Final = re.compile(r"[ \t\r\n]++|<!--.*?-->|<\?.*?\?>", re.DOTALL)


class Prolog:
    """Bytes of a file in, its text out, once it is seen what stands before its root."""

    def __init__(self) -> None:
        self._held = b""
        self._text = ""
        self._at = 0
        self._decoder: codecs.IncrementalDecoder | None = None
        self._passed = False
        self.encoding = ""

    def feed(self, block: bytes, *, last: bool = False) -> str:
        """The text that may be parsed, without a declaration. Raises errors.Malformed."""
        if self._decoder is None:
            self._held += block
            if not self._begin(last):
                return ""
            block, self._held = self._held, b""
        text = self._decode(block, last)
        if self._passed:
            return text
        self._text += text
        return self._pass(last)

    def _begin(self, last: bool) -> bool:
        """Knows the encoding: of its first bytes, or of its declaration, which is in ASCII."""
        mark = next((mark for mark in _MARKS if self._held.startswith(mark)), b"")
        if mark:
            self.encoding = _MARKS[mark]
            self._held = self._held.removeprefix(mark)
        else:
            if len(self._held) < 5 and not last:
                return False
            end = self._held.find(b">")
            if self._held.startswith(b"<?xml") and end < 0 and len(self._held) < 1000 and not last:
                return False
            head = _DECLARATION.match(self._held[: end + 1].decode("latin-1"))
            said = _ENCODING.search(head[0]) if head else None
            found = _ENCODINGS.get(said[1].lower() if said else "utf-8")
            if found is None:
                raise refused("It is in an encoding that is not agreed.", Fault("bestand", "TEKEN_ONGELDIG"))
            self.encoding = found
        self._decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        return True

    def _decode(self, block: bytes, last: bool) -> str:
        assert self._decoder is not None
        try:
            return self._decoder.decode(block, last)
        except UnicodeDecodeError:
            pass
        raise refused("It is not in the encoding that it says.", Fault("bestand", "TEKEN_ONGELDIG"))

    def _pass(self, last: bool) -> str:
        while found := _SKIPPED.match(self._text, self._at):
            if found.end() == len(self._text) and not last:
                break
            self._at = found.end()
        rest = self._text[self._at : self._at + 10]
        if rest.startswith("<!") and not rest.startswith("<!--") and (len(rest) > 3 or last):
            raise unsafe()
        if len(rest) > 1 and rest[0] == "<" and rest[1] not in "!?":
            self._passed = True
        elif len(self._text) > LONGEST or (rest and rest[0] != "<" and not rest.isspace()) or last:
            raise refused("It is not XML.", Fault("bestand", "BESTAND_ONLEESBAAR" if self._text.strip() else "BESTAND_LEEG"))
        else:
            return ""
        lines = self._text.count("\n", 0, self._at)  # so that a fault names the line it has in the file
        text, self._text = "\n" * lines + self._text[self._at :], ""
        return text


def unsafe() -> Malformed:
    """The error for a file that could make a parser do what nobody asked."""
    return refused("It has a document type or entities.", Fault("bestand", "XML_ONVEILIG"))
