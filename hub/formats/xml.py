"""XML files to rows, with everything off that XML can do beyond holding data. Pure.

No document type, no entities, no network, bounded depth, attributes, text and records. Records are cut from the stream one by
one and let go of, so that a file of any size takes no more memory than a record. A file is held to its schema (XSD 1.0), as a
whole, before a row of it is read. What a fault names is a line and an element, never a value.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

from hub.connector import Layout
from hub.domain.stages import Row
from hub.errors import Fault, Malformed, Misconfigured
from hub.formats.header import refused, telling
from hub.formats.paths import BAD_VALUE, DEEPEST, LARGEST_RECORD, TOO_LONG, TWICE, Leaf, Seen, Torn, Wanted
from hub.formats.xml_kept import MOST_KEPT, around, hardened, shallow
from hub.formats.xml_prolog import Prolog, unsafe

SCHEMAS: Final = Path(__file__).parents[2] / "schemas" / "wire"
"""Where the schemas of partners' forms are."""
_PIECE: Final = 16 * 1024
_FIRST: Final = 64 * 1024  # characters in which a root must have begun
_LONGEST: Final = 16 << 20  # characters of a record while it is read; what is torn for its length is held for a moment
_MOST_ATTRIBUTES: Final = 100
_INSTANCE: Final = "{http://www.w3.org/2001/XMLSchema-instance"
_NAMED: Final = re.compile(r"[Ee]lement '(?:\{[^}]*\})?([^']+)'")
_ROOT: Final = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_STEP: Final = re.compile(r"(?:([a-z][a-z0-9_]*):)?([A-Za-z_][A-Za-z0-9_.-]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Schemed(Layout):
    """The layout of a file that has a schema; `head` and `tail` stand around its records and are kept with each of them."""

    head: bytes
    tail: bytes


class _Cutter:
    """Bytes in, record elements out. Whoever asks for the next one is done with the one before."""

    def __init__(self, path: tuple[str, ...], schema: etree.XMLSchema | None) -> None:
        self._path = path
        self._parser: Any = etree.XMLPullParser(
            events=("start", "end"),
            tag=sorted(set(path)),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            schema=schema,
        )
        self._prolog = Prolog()
        self._root: Any = None
        self._open: Any = None  # the record that is being read
        self._parent: Any = None  # where the last record was found
        self._since = 0
        self._found = False
        self._schemed = schema is not None
        self._line = 1
        self.head = self.tail = ""
        """The first and last characters of the file."""

    @property
    def encoding(self) -> str:
        """How the file is written."""
        return self._prolog.encoding

    def feed(self, block: bytes, *, last: bool = False) -> Iterator[Any]:
        """Raises errors.Malformed where the file is no XML, unsafe, not as its schema says, or has no place for records."""
        text = self._prolog.feed(block, last=last)
        for piece in self._pieces(text):
            self.head += piece[: MOST_KEPT - len(self.head)]
            self.tail = (self.tail + piece)[-MOST_KEPT:]
            self._parse(piece)
            self._since += len(piece)
            self._line += piece.count("\n")
            yield from self._records()
        if last:
            self._parse(None)
            yield from self._records()
            if not self._found:
                raise self._elsewhere()

    def _pieces(self, text: str) -> Iterator[str]:
        """With a schema a line at a time, so that it is known on which one the file departs from it."""
        lines = text.splitlines(keepends=True) if self._schemed else (text,)
        for line in lines:
            for start in range(0, len(line), _PIECE):
                yield line[start : start + _PIECE]

    def _parse(self, piece: str | None) -> None:
        """One piece, or the end. Raises errors.Malformed at the first thing that is wrong with the file."""
        line = 0
        etree.clear_error_log()
        try:
            self._parser.close() if piece is None else self._parser.feed(piece)
        except etree.XMLSyntaxError as wrong:
            line = wrong.lineno or self._line
        if self._schemed:
            # A parser that is fed says at the end that a file is not valid; what is wrong is in the log at once.
            logged: Any = etree.LxmlError("").error_log
            for entry in logged:
                if entry.domain == etree.ErrorDomains.SCHEMASV:
                    raise self._not_valid(entry.message)
        if line:
            raise refused(f"It is not XML, or not all of it: see line {line}.", Fault("bestand", "BESTAND_ONLEESBAAR"))

    def _not_valid(self, message: str) -> Malformed:
        """Of what libxml2 says only the element is told, for the rest of it repeats values."""
        named = _NAMED.search(message)
        name = named[1] if named and telling(named[1]) else ""
        where = f"line {self._line}" + (f", element {name}" if name else "")
        return refused(f"It is not as its schema says: see {where}.", Fault(name or "bestand", "XSD_ONGELDIG"))

    def _records(self) -> Iterator[Any]:
        for event, element in self._parser.read_events():
            if self._open is None:
                if event == "start" and self._begins(element):
                    self._open, self._since = element, 0
            elif event == "end" and element is self._open:
                yield element
                self._open = None
        self._let_go()
        if self._root is None and self._since > _FIRST:
            raise self._elsewhere()
        if self._since > _LONGEST and self._open is not None:
            raise refused("A record in it is too long.", Fault("rij", "TE_LANG"))

    def _begins(self, element: Any) -> bool:
        """Whether a record begins here."""
        parent = element.getparent()
        if parent is not None and parent is self._parent:
            return bool(element.tag == self._path[-1])
        above = (*reversed([each.tag for each in element.iterancestors()]), element.tag)
        if parent is None:
            if element.getroottree().docinfo.internalDTD is not None:
                raise unsafe()
            self._root = element
        if above == self._path[:-1]:
            self._found = True
        elif above == self._path:
            self._parent, self._found = parent, True
            return True
        return False

    def _elsewhere(self) -> Malformed:
        why, root = "It has no place where its records must be.", _ROOT.search(self.head)
        if self._root is None and root is not None and root[1] == etree.QName(self._path[0]).localname:
            why = "Its elements are in another namespace than 'records' says: name it under 'namespaces', and write its prefix."
        return refused(why, Fault("kop", "KOP_ONBEKEND"))

    def _let_go(self) -> None:
        """Lets go of what is closed: of every element that may still be open, all children but the last, which the parser may
        still add to."""
        element = self._root
        while element is not None and element is not self._open and len(element):
            if len(element) > 1:
                del element[:-1]
            element = element[-1]


class XmlInspector:
    """Reads the whole document, and remembers which paths its records have."""

    def __init__(self, cutter: _Cutter, path: tuple[str, ...] | None, seen: Seen) -> None:
        self._cutter = cutter
        self._schemed = path
        self._seen = seen
        self._wrong: Malformed | None = None

    @property
    def header(self) -> tuple[str, ...]:
        """The paths that occur."""
        return self._seen.names

    def feed(self, block: bytes, /) -> None:
        self._take(block, last=False)

    def finish(self) -> Layout:
        """Raises errors.Malformed where it is no XML, unsafe, not as its schema says, or no record has what is required."""
        self._take(b"", last=True)
        if self._wrong is not None:
            raise self._wrong
        layout = self._seen.layout(self._cutter.encoding)
        kept = around(self._cutter.head, self._cutter.tail, self._schemed) if self._schemed else None
        return layout if kept is None else _Schemed(layout.encoding, "", layout.lines, layout.ignored, *kept)

    def _take(self, block: bytes, *, last: bool) -> None:
        if self._wrong is not None:
            return
        try:
            for element in self._cutter.feed(block, last=last):
                self._seen.add(leaves(element))
        except Malformed as wrong:
            self._wrong = wrong


class XmlReader:
    """Gives the records as rows, numbered from 1 on. What a row keeps is a document of its own, in UTF-8."""

    def __init__(self, cutter: _Cutter, layout: Layout, wanted: Wanted) -> None:
        self._cutter, self._wanted = cutter, wanted
        self._around = (layout.head, layout.tail) if isinstance(layout, _Schemed) else None
        self._shallow: tuple[bytes, bytes] = (b"", b"")
        self._parent: Any = self
        self._number = 0

    def feed(self, block: bytes, /) -> list[Row]:
        return [self._row(element) for element in self._cutter.feed(block)]

    def finish(self) -> list[Row]:
        return [self._row(element) for element in self._cutter.feed(b"", last=True)]

    def _row(self, element: Any) -> Row:
        self._number += 1
        parent = element.getparent()
        if parent is not self._parent and self._around is None:
            self._parent, self._shallow = parent, shallow(parent)
        head, tail = self._around or self._shallow
        record = etree.tostring(element, encoding="utf-8", xml_declaration=False, with_tail=False)
        if len(record) > LARGEST_RECORD:
            return self._wanted.torn(self._number, head + record[:LARGEST_RECORD] + tail, TOO_LONG)
        return self._wanted.row(self._number, leaves(element), head + record + tail)


class XmlFormat:
    """XML; satisfies `hub.connector.FileFormat`.

    `records` is the path to a record from the root on (`/levering/melding`), with the prefixes of `namespaces`; `xsd` a schema
    below `schemas`. Raises errors.Misconfigured where these cannot be used.
    """

    def __init__(
        self, records: str, namespaces: Mapping[str, str] | None = None, xsd: str | None = None, schemas: Path = SCHEMAS
    ) -> None:
        self._path = _steps(records, namespaces or {})
        self._schema = schema_at(schemas, xsd) if xsd else None

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> XmlInspector:
        seen = Seen(columns, required, first_is_one=True)
        return XmlInspector(_Cutter(self._path, self._schema), self._path if self._schema else None, seen)

    def read(self, layout: Layout, columns: frozenset[str], /) -> XmlReader:
        return XmlReader(_Cutter(self._path, None), layout, Wanted(columns, first_is_one=True))


@cache
def schema_at(schemas: Path, name: str) -> etree.XMLSchema:
    """The schema of that name, compiled once. Raises errors.Misconfigured where there is none that can be used."""
    path = (schemas / name).resolve()
    try:
        if path.is_relative_to(schemas.resolve()):
            return etree.XMLSchema(etree.parse(path, hardened()))
        why = "It lies elsewhere."
    except OSError:
        why = "It cannot be read."
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError):
        why = "It is no XML Schema 1.0."
    raise Misconfigured(f"The schema {name} cannot be used.", why, "Correct the manifest or the schema.")


def leaves(record: Any) -> Iterator[Leaf]:
    """Every attribute and text of a record with its path. Raises `Torn` where it goes too deep or too wide."""
    yield from _leaves(record, "", 0)


def _leaves(element: Any, path: str, depth: int) -> Iterator[Leaf]:
    if element.attrib:
        yield from _attributes(element, f"{path}.@" if path else "@")
    if not len(element):
        yield path or ".", element.text or ""
        return
    if depth >= DEEPEST:
        raise Torn(BAD_VALUE)
    if element.text and not element.text.isspace():
        if any(child.tail and not child.tail.isspace() for child in element):
            raise Torn(BAD_VALUE)  # text goes on behind an element: half of it would be read as all of it
        yield path or ".", element.text
    before = f"{path}." if path else ""
    names = [child.tag.rpartition("}")[2] for child in element]
    if len(set(names)) == len(names):
        for name, child in zip(names, element, strict=True):
            yield from _leaves(child, before + name, depth + 1)
        return
    counts = Counter(names)
    places: Counter[str] = Counter()
    for name, child in zip(names, element, strict=True):
        place = f"{before}{name}[{places[name]}]" if counts[name] > 1 else before + name
        places[name] += 1
        yield from _leaves(child, place, depth + 1)


def _attributes(element: Any, before: str) -> Iterator[Leaf]:
    if len(element.attrib) > _MOST_ATTRIBUTES:
        raise Torn(BAD_VALUE)
    names: set[str] = set()
    for key, text in element.attrib.items():
        space, _, name = key.rpartition("}")
        if space == _INSTANCE:
            continue
        if name in names:
            raise Torn(TWICE)
        names.add(name)
        yield before + name, text


def _steps(records: str, namespaces: Mapping[str, str]) -> tuple[str, ...]:
    found = [_STEP.fullmatch(step) for step in records.removeprefix("/").split("/")]
    if not records.startswith("/") or not all(found) or any(step and step[1] and step[1] not in namespaces for step in found):
        raise Misconfigured(
            "The path to the records cannot be used.",
            "It is not /root/record with the prefixes that are declared.",
            "Correct 'records' and 'namespaces' of the form.",
        )
    return tuple(f"{{{namespaces[step[1]]}}}{step[2]}" if step[1] else step[2] for step in found if step)
