"""Transfer files (OSO) to rows: one pupil a file, of which no more is held than may be read and the mapping reads. Pure.

What a file says of its categories stands before what is in them, so it is known at every element whether it may be read. What
is forbidden, held back by the parents, not read by the mapping, or a document, is let go of while it is parsed, however large.
Of a category of which nothing is read a bare element stays, so that a row that was set aside is judged the same when it is read
again.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from xml.parsers import expat

from lxml import etree

from hub.connector import Layout
from hub.connectors.lvs_oso.profiles import UNKNOWN, Profile, Standard, standard
from hub.domain.stages import Row
from hub.domain.terms import ReasonCode
from hub.errors import Fault, Malformed
from hub.formats.header import refused
from hub.formats.packed import PackedFormat
from hub.formats.paths import DEEPEST, LARGEST_RECORD, Wanted
from hub.formats.xml import leaves
from hub.formats.xml_prolog import Prolog, unsafe

ENVELOPE: Final = "urn:hub:oso-levering:1"
"""The namespace of what stands around a file on its way: for whom it is, which the standard leaves to the transport."""
_ADDRESSED: Final = "ontvanger"
_WORDS: Final = "metadata.categorie_uitlevering"
_KIND, _TRANSFER, _AGREED = "overdrachtsoort", "metadata.overstap", "inzage.toestemming"
_METADATA: Final = "cat_metadata"
_NOBODYS: Final = "?"  # the path of what is never held: it is the beginning of no other
_STRUCTURE: Final = frozenset({"huidigeschool", "huidigeschool.leerling"})
_INDEX: Final = re.compile(r"\[(?:[0-9]+|#)\]", re.ASCII)


@dataclass(slots=True)
class _Open:
    """An element that is open: its path, and the element of the record that stands for it, if any; `held` with its text."""

    path: str
    element: Any
    held: bool


class Dossier:
    """One file while it is parsed. `record` is what is held of it: `ontvanger`, and what stands below the dossier's root."""

    def __init__(self, columns: frozenset[str], table: Standard) -> None:
        self._table = table
        self._leaves = {_INDEX.sub("", name) for name in columns} | {_KIND, _TRANSFER, _AGREED}
        self._wanted = {name.rsplit(".", cut)[0] for name in self._leaves for cut in range(name.count(".") + 1)} | {_WORDS}
        self._prolog = Prolog()
        self._parser: Any = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        self._parser.CharacterDataHandler, self._parser.StartDoctypeDeclHandler = self._text, self._doctype
        self._parser.buffer_text = True
        plain: Any = {None: table.namespace}
        self.record: Any = etree.Element(f"{{{table.namespace}}}dossier", nsmap=plain)
        self._known = frozenset(table.categories.values())
        self._open: list[_Open] = []
        self._inside = self._enveloped = self._decided = False
        self._characters = 0
        self._words: dict[str, str] = {}
        self._present: set[str] = set()
        self._elements: set[str] = set()
        self._profile: Profile | None = None
        self.dossiers = self.dropped = 0

    @property
    def encoding(self) -> str:
        """How the file is written."""
        return self._prolog.encoding

    def feed(self, block: bytes, *, last: bool = False) -> None:
        """Raises errors.Malformed where it is no transfer file of this form, or more than one."""
        text = self._prolog.feed(block, last=last)
        try:
            self._parser.Parse(text.encode(), last)
            return
        except expat.ExpatError as wrong:
            line = wrong.lineno
        raise refused(f"It is not XML, or not all of it: see line {line}.", Fault("bestand", "BESTAND_ONLEESBAAR"))

    def finish(self) -> None:
        """The end of the file. Raises errors.Malformed where there was no dossier."""
        self.feed(b"", last=True)
        if not self.dossiers:
            raise _elsewhere()

    @property
    def fault(self) -> ReasonCode | None:
        """Why the file is set aside, if it is."""
        if self._profile is None:
            return UNKNOWN
        return self._profile.fault(self._words, self._present, self._elements, self._said(_AGREED))

    @property
    def raw(self) -> bytes:
        """What is held of it, as a file of its own."""
        record = deepcopy(self.record)
        if not self._enveloped:
            return bytes(etree.tostring(record))
        plain: Any = {None: ENVELOPE}
        around = etree.Element(f"{{{ENVELOPE}}}levering", nsmap=plain)
        around.extend(record.findall(f"{{{ENVELOPE}}}{_ADDRESSED}"))
        around.append(record)
        return bytes(etree.tostring(around))

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(" ")
        if self._inside or self._open:
            self._element(space, name)
        elif (space, name) == (ENVELOPE, "levering") and not self._enveloped and not self.dossiers:
            self._enveloped = True
        elif (space, name) == (ENVELOPE, _ADDRESSED) and self._enveloped and not self.dossiers:
            self._open.append(_Open(_ADDRESSED, etree.SubElement(self.record, f"{{{space}}}{name}"), held=True))
        elif (space, name) == (self._table.namespace, "dossier"):
            self.dossiers, self._inside = self.dossiers + 1, True
            if self.dossiers > 1:
                raise refused("It has more than one pupil in it.", Fault("dossier", "VELD_DUBBEL"))
        else:
            raise _elsewhere()

    def _element(self, space: str, name: str) -> None:
        if len(self._open) >= DEEPEST:
            raise refused("It goes too deep.", Fault("rij", "WAARDE_ONGELDIG"))
        above = self._open[-1] if self._open else _Open("", self.record, held=True)
        ours = space == (self._table.namespace if self._inside else ENVELOPE) and name not in self._table.never
        path = f"{above.path}.{name}".removeprefix(".") if ours else _NOBODYS
        category = self._table.categories.get(path) if self._inside else None
        if category is not None:
            self._present.add(category)
            self._elements.add(path)
        if path in ("inzage", "huidigeschool") and self._inside and not self._decided:
            self._decided, self._profile = True, self._table.profile(self._said(_KIND), self._said(_TRANSFER))
        held = above.held and self._may_be_held(path, above.path, category)
        element = None
        if above.element is not None and (held or category is not None):
            element = self._add(above.element, f"{{{space}}}{name}", again=held)
        self.dropped += not held and above.held
        self._open.append(_Open(path, element, held))

    def _may_be_held(self, path: str, above: str, category: str | None) -> bool:
        if not self._inside:
            return path in self._wanted
        if path in _STRUCTURE or (above == _WORDS and path.rpartition(".")[2] in self._known):
            return True
        if path not in self._wanted or category == _METADATA:
            return path in self._wanted
        if category is None:  # nobody's, unless it is a part of what has one
            return above not in ("", *_STRUCTURE)
        return self._profile is not None and self._profile.holds(category, self._words) and path not in self._profile.forbidden

    def _add(self, above: Any, tag: str, *, again: bool) -> Any:
        """One more element; of those without text one is enough."""
        self._count(len(tag))
        found = None if again else above.find(tag)
        return etree.SubElement(above, tag) if found is None else found

    def _text(self, text: str) -> None:
        at = self._open[-1] if self._open else None
        if at is not None and at.held and (at.path in self._leaves or at.path.startswith(f"{_WORDS}.")):
            self._count(len(text))
            at.element.text = (at.element.text or "") + text

    def _end(self, _tag: str) -> None:
        if not self._open:
            self._inside = False
            return
        at = self._open.pop()
        if at.held and not self._decided and at.path.startswith(f"{_WORDS}."):
            category = at.path.removeprefix(f"{_WORDS}.")
            if category in self._words:
                raise refused("It says something of a category twice.", Fault("categorie_uitlevering", "VELD_DUBBEL"))
            self._words[category] = (at.element.text or "").strip()

    def _doctype(self, *_said: object) -> None:
        raise unsafe()

    def _count(self, characters: int) -> None:
        self._characters += characters
        if self._characters > LARGEST_RECORD:
            raise refused("What must be read of it is too long.", Fault("rij", "TE_LANG"))

    def _said(self, path: str) -> str:
        found = self.record.find("/".join(f"{{{self._table.namespace}}}{name}" for name in path.split(".")))
        return (found.text or "").strip() if found is not None else ""


class OsoInspector:
    """Reads the whole file. Its names are those of a form with a version: another form is another namespace, and refused."""

    header: tuple[str, ...] = ()

    def __init__(self, dossier: Dossier) -> None:
        self._dossier = dossier
        self._wrong: Malformed | None = None

    def feed(self, block: bytes, /) -> None:
        if self._wrong is None:
            try:
                self._dossier.feed(block)
            except Malformed as wrong:
                self._wrong = wrong

    def finish(self) -> Layout:
        """Raises errors.Malformed where it is no transfer file of this form, unsafe, or about more than one pupil."""
        if self._wrong is not None:
            raise self._wrong
        self._dossier.finish()
        return Layout(self._dossier.encoding, "", 1, self._dossier.dropped)


class OsoReader:
    """Gives the one row of a file."""

    def __init__(self, dossier: Dossier, wanted: Wanted) -> None:
        self._dossier, self._wanted = dossier, wanted

    def feed(self, block: bytes, /) -> list[Row]:
        self._dossier.feed(block)
        return []

    def finish(self) -> list[Row]:
        self._dossier.finish()
        fault, raw = self._dossier.fault, self._dossier.raw
        return [self._wanted.torn(1, raw, fault) if fault else self._wanted.row(1, leaves(self._dossier.record), raw)]


class OsoFormat:
    """Transfer files of one version; satisfies `hub.connector.FileFormat`."""

    def inspect(self, columns: frozenset[str], _required: frozenset[str], /) -> OsoInspector:
        return OsoInspector(Dossier(columns, standard()))

    def read(self, _layout: Layout, columns: frozenset[str], /) -> OsoReader:
        return OsoReader(Dossier(columns, standard()), Wanted(columns, first_is_one=True))


FORMAT: Final = PackedFormat(OsoFormat())


def _elsewhere() -> Malformed:
    return refused("It is no transfer file in the form of 2019.", Fault("kop", "KOP_ONBEKEND"))
