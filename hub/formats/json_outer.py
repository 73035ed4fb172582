"""What of a JSON document lies around its list of records: walked over sign by sign, and kept nowhere. Pure."""

from __future__ import annotations

import json
import re
from typing import Final

from hub.errors import Fault, Malformed
from hub.formats.header import refused
from hub.formats.paths import DEEPEST, LARGEST_RECORD

_TOKEN: Final = re.compile(r'[ \t\r\n]++|[{}\[\]:,]|"(?:[^"\\\x00-\x1f]++|\\.)*+"|[^ \t\r\n{}\[\]:,"]++')
_ATOM: Final = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)


class Outer:
    """Where in a document one is. `in_records` while the next value is a record."""

    def __init__(self, pointer: tuple[str, ...]) -> None:
        self._pointer = pointer
        self._open: list[str] = []  # "{" or "["
        self._names: list[str] = []  # the name that is being read, for every open object
        self._expects = "value"  # value, first value, name, first name, colon, comma, nothing
        self._found = False
        self._records = -1  # how many are open around the records, once they are found
        self.in_records = False

    def skip(self, text: str, at: int, last: bool) -> int:
        """Goes on until the records begin, or nothing whole is left; gives where. Raises errors.Malformed."""
        while not self.in_records:
            sign = _TOKEN.match(text, at)
            if sign is None or (sign.end() == len(text) and not last and sign[0] not in "{}[]:,"):
                if last and at < len(text):
                    raise _wrong()
                if len(text) - at > LARGEST_RECORD:
                    raise refused("A value in it is too long.", Fault("bestand", "TE_LANG"))
                return at
            at = self.step(sign[0], at)
        return at

    def wants_value(self, sign: str) -> bool:
        """Whether a record begins here."""
        return self._expects == "value" or (self._expects == "first value" and sign != "]")

    def had_value(self) -> None:
        """A record was read."""
        self._expects = "comma"

    def end(self) -> None:
        """Raises errors.Malformed where the document is not whole, or had no list where its records are."""
        if self._expects != "nothing":
            raise _wrong()
        if not self._found:
            raise refused("It has no list where its records must be.", Fault("kop", "KOP_ONBEKEND"))

    def step(self, sign: str, at: int) -> int:
        """Takes one sign that stands at `at`; gives where the next one does."""
        expects = self._expects
        if sign[0] in " \t\r\n":
            pass
        elif sign in "}]":
            self._close(sign, expects)
        elif sign == "," and expects == "comma" and self._open:
            self._expects = "name" if self._open[-1] == "{" else "value"
        elif sign == ":" and expects == "colon":
            self._expects = "value"
        elif sign[0] == '"' and expects in ("name", "first name"):
            self._names[-1] = self._text(sign)
            self._expects = "colon"
        elif expects in ("value", "first value"):
            self._value(sign)
        else:
            raise _wrong()
        return at + len(sign)

    def _value(self, sign: str) -> None:
        here = self._here()
        if here and self._found:
            raise refused("It names the list of its records twice.", Fault("kop", "VELD_DUBBEL"))
        if sign in "{[":
            if len(self._open) >= DEEPEST:
                raise _wrong()
            self._open.append(sign)
            self._names.append("")
            self._expects = "first name" if sign == "{" else "first value"
            if here and sign == "[":
                self._found = self.in_records = True
                self._records = len(self._open)
        elif sign[0] == '"' or _ATOM.fullmatch(sign):
            self._expects = "comma" if self._open else "nothing"
        else:
            raise _wrong()

    def _close(self, sign: str, expects: str) -> None:
        opened = "{" if sign == "}" else "["
        empty = "first name" if sign == "}" else "first value"
        if not self._open or self._open[-1] != opened or expects not in ("comma", empty):
            raise _wrong()
        if len(self._open) == self._records:
            self.in_records, self._records = False, -1
        self._open.pop()
        self._names.pop()
        self._expects = "comma" if self._open else "nothing"

    def _here(self) -> bool:
        return len(self._open) == len(self._pointer) and "[" not in self._open and tuple(self._names) == self._pointer

    def _text(self, sign: str) -> str:
        try:
            found = json.loads(sign, strict=False)
        except ValueError:
            raise _wrong() from None
        return found if isinstance(found, str) else ""


def _wrong() -> Malformed:
    return refused("It is not JSON.", Fault("bestand", "BESTAND_ONLEESBAAR"))
