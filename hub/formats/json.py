"""JSON files to rows: a list at some place in a document, a document that is a list, or a record a line (NDJSON). Pure.

Records are cut from the stream one by one, so that a file of any size takes no more memory than a record. Numbers come out as
they are written, true and false as these words; null is absent. A name twice in a record sets it aside: which value was meant
is anybody's guess (RFC 8259, section 4).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from hub.connector import Layout
from hub.domain.stages import Row
from hub.errors import Fault, Malformed
from hub.formats.header import refused
from hub.formats.json_outer import Outer
from hub.formats.paths import BAD_VALUE, DEEPEST, INCOMPLETE, LARGEST_RECORD, TOO_LONG, TWICE, Leaf, Seen, Torn, Wanted

_MARKS: Final = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_SPACE: Final = " \t\r\n"
_GAP: Final = re.compile(r"[ \t\r\n]*")


class _Twice:
    """Stands for an object that has a name twice."""


class _Nan:
    """Stands for what is no number."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Twice:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice()


_DECODE: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=lambda _: _Nan(), strict=False
).raw_decode

Cut = tuple[str, Any]
"""A record as it is written and as it reads; a `Torn` in place of what cannot be read."""


class _Cutter:
    """Bytes in, records out."""

    def __init__(self, pointer: tuple[str, ...]) -> None:
        self._pointer = pointer
        self._start: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self.encoding = "utf-8"
        self._text = ""
        self._outer: Outer | None = None
        self._by_line = False
        self._skipping = False
        self._chosen = False

    def feed(self, block: bytes, *, last: bool = False) -> Iterator[Cut]:
        """Raises errors.Malformed where the document is none, or has no list of records."""
        if self._start is not None:
            self._start += block
            if len(self._start) < 3 and not last:
                return
            block, self._start = self._begin(self._start), None
        assert self._decoder is not None
        text = self._decoded_of(self._decoder, block, last)
        self._text += text
        if not self._chosen and not self._choose(last):
            return
        if self._outer is not None:
            yield from self._from_list(self._outer, last, "}" in text or "]" in text)
        elif self._by_line:
            yield from self._from_lines(last)
        else:
            yield from self._one_by_one(last, "}" in text)

    def _decoded_of(self, decoder: codecs.IncrementalDecoder, block: bytes, last: bool) -> str:
        try:
            return decoder.decode(block, last)
        except UnicodeDecodeError:
            pass
        raise refused("It ends within a letter.", Fault("bestand", "TEKEN_ONGELDIG"))

    def bytes_of(self, text: str) -> bytes:
        """A piece of the document as it was, in UTF-8."""
        return text.encode("utf-8", "surrogateescape" if self.encoding == "utf-8" else "surrogatepass")

    def _begin(self, start: bytes) -> bytes:
        mark = next((mark for mark in _MARKS if start.startswith(mark)), b"")
        self.encoding = _MARKS.get(mark, "utf-8")
        errors = "surrogateescape" if self.encoding == "utf-8" else "surrogatepass"
        self._decoder = codecs.getincrementaldecoder(self.encoding)(errors)
        return start.removeprefix(mark)

    def _choose(self, last: bool) -> bool:
        """Whether it is a document around a list, records one a line, or one after another."""
        self._text = self._text.lstrip(_SPACE)
        if not self._text:
            if last:
                raise refused("It is empty.", Fault("bestand", "BESTAND_LEEG"))
            return False
        if self._pointer or self._text[0] != "{":
            self._outer = Outer(self._pointer)
        else:
            line, end, _ = self._text.partition("\n")
            if not end and not last and len(line) <= LARGEST_RECORD:
                return False
            self._by_line = bool(end) and _decoded(line, 0) is not None
        self._chosen = True
        return True

    def _from_list(self, outer: Outer, last: bool, worth: bool) -> Iterator[Cut]:
        at = 0
        while True:
            if not outer.in_records:
                at = outer.skip(self._text, at, last)
                if not outer.in_records:
                    break
            at = _gap(self._text, at)
            if at == len(self._text):
                break
            if not outer.wants_value(self._text[at]):
                at = outer.step(self._text[at], at)
                continue
            found = self._whole(at, last, worth)
            if found is None:
                break
            yield self._text[at : found[1]], found[0]
            at = found[1]
            outer.had_value()
        self._text = self._text[at:]
        if last:
            outer.end()

    def _from_lines(self, last: bool) -> Iterator[Cut]:
        """A line is read by itself, so that one that is torn takes no other with it."""
        *lines, rest = self._text.split("\n")
        if last or (len(rest) > LARGEST_RECORD and not self._skipping):
            lines.append(rest)
        for line in lines:
            if self._skipping:
                self._skipping = False
                continue
            at = _gap(line, 0)
            while at < len(line):
                found = _decoded(line, at) if len(line) <= LARGEST_RECORD else None
                if found is None:
                    yield line[at : at + LARGEST_RECORD], Torn(INCOMPLETE if len(line) <= LARGEST_RECORD else TOO_LONG)
                    break
                yield line[at : found[1]], found[0]
                at = _gap(line, found[1])
        if not last and len(rest) > LARGEST_RECORD:
            self._skipping, rest = True, ""
        self._text = rest

    def _one_by_one(self, last: bool, worth: bool) -> Iterator[Cut]:
        at = 0
        while (at := _gap(self._text, at)) < len(self._text):
            found = self._whole(at, last, worth)
            if found is None:
                break
            yield self._text[at : found[1]], found[0]
            at = found[1]
        self._text = self._text[at:]

    def _whole(self, at: int, last: bool, worth: bool) -> tuple[Any, int] | None:
        """The record at `at`; none where more must come first. Nothing tells half a record from one that is wrong, but that
        it goes on for too long, or that the file ends."""
        found = _decoded(self._text, at) if worth or last else None
        if found is not None and (last or found[1] < len(self._text) or self._text[at] in '{["'):
            return found
        if len(self._text) - at > LARGEST_RECORD:
            raise refused("A record in it is too long.", Fault("rij", "TE_LANG"))
        if last:
            raise _unreadable()
        return None


class JsonInspector:
    """Reads the whole document, and remembers which paths its records have."""

    def __init__(self, pointer: tuple[str, ...], columns: frozenset[str], required: frozenset[str]) -> None:
        self._cutter = _Cutter(pointer)
        self._seen = Seen(columns, required, first_is_one=False)
        self._wrong: Malformed | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The paths that occur."""
        return self._seen.names

    def feed(self, block: bytes, /) -> None:
        self._take(block, last=False)

    def finish(self) -> Layout:
        """Raises errors.Malformed where it is no JSON, has no list where one must be, or no record has what is required."""
        self._take(b"", last=True)
        if self._wrong is not None:
            raise self._wrong
        return self._seen.layout(self._cutter.encoding)

    def _take(self, block: bytes, *, last: bool) -> None:
        if self._wrong is not None:
            return
        try:
            for _, record in self._cutter.feed(block, last=last):
                self._seen.add(leaves(record))
        except Malformed as wrong:
            self._wrong = wrong


class JsonReader:
    """Gives the records as rows, numbered from 1 on. What a row keeps is a document of its own, in UTF-8."""

    def __init__(self, pointer: tuple[str, ...], columns: frozenset[str]) -> None:
        self._pointer = pointer
        self._cutter = _Cutter(pointer)
        self._wanted = Wanted(columns, first_is_one=False)
        self._number = 0
        around = "".join("{" + json.dumps(name) + ":" for name in pointer)
        self._before = (around + "[\n").encode()
        self._after = ("]" + "}" * len(pointer)).encode()

    def feed(self, block: bytes, /) -> list[Row]:
        return [self._row(text, record) for text, record in self._cutter.feed(block)]

    def finish(self) -> list[Row]:
        return [self._row(text, record) for text, record in self._cutter.feed(b"", last=True)]

    def _row(self, text: str, record: Any) -> Row:
        self._number += 1
        raw = self._before + self._cutter.bytes_of(text[:LARGEST_RECORD]) + self._after
        if len(text) > LARGEST_RECORD:
            return self._wanted.torn(self._number, raw, TOO_LONG)
        return self._wanted.row(self._number, leaves(record), raw)


class JsonFormat:
    """JSON; satisfies `hub.connector.FileFormat`. `records` names the list, with dots between names; none: the document."""

    def __init__(self, records: str = "") -> None:
        self._pointer = tuple(records.split(".")) if records else ()

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> JsonInspector:
        return JsonInspector(self._pointer, columns, required)

    def read(self, _layout: Layout, columns: frozenset[str], /) -> JsonReader:
        return JsonReader(self._pointer, columns)


def leaves(record: Any) -> Iterator[Leaf]:
    """Every value of a record with its path. Raises `Torn` where it is none."""
    if isinstance(record, Torn):
        raise record
    if not isinstance(record, dict):
        raise Torn(TWICE if isinstance(record, _Twice) else INCOMPLETE)
    yield from _leaves(record, "", 0)


def _leaves(value: dict[str, Any] | list[Any], path: str, depth: int) -> Iterator[Leaf]:
    if depth > DEEPEST:
        raise Torn(BAD_VALUE)
    named = isinstance(value, dict)
    for key, held in value.items() if isinstance(value, dict) else enumerate(value):
        place = f"{path}[{key}]" if not named else f"{path}.{key}" if path else str(key)
        if type(held) is str:
            yield place, held
        elif isinstance(held, bool):
            yield place, "true" if held else "false"
        elif isinstance(held, dict | list):
            yield from _leaves(held, place, depth + 1)
        elif held is not None:
            raise Torn(TWICE if isinstance(held, _Twice) else BAD_VALUE)


def _decoded(text: str, at: int) -> tuple[Any, int] | None:
    try:
        return _DECODE(text, at)
    except (ValueError, RecursionError):
        return None


def _gap(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    assert found is not None, "it matches nothing too"
    return found.end()


def _unreadable() -> Malformed:
    return refused("It is not JSON.", Fault("bestand", "BESTAND_ONLEESBAAR"))
