"""Rows in quarantine: opened, and read again as the file's row they were. The one place here where a cell is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.connector import FileFormat
from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pgn
from hub.domain.record import PersonRecord
from hub.domain.stages import Row
from hub.domain.terms import ReasonCode
from hub.errors import Fault, Malformed
from hub.mend import shape
from hub.mend.store import Waiting
from hub.normalise import ROW
from hub.normalise.mapping import DeclarativeMapping

OpenRow = Callable[[bytes, bytes], bytes]
"""Opens a sealed row that is bound to its id; `hub.protect.vault.Vault.open_row` is the one there is."""

_TORN: Final = frozenset({"RIJ_ONVOLLEDIG", "TEKEN_ONGELDIG", "TE_LANG"})
_NUMBER: Final = re.compile(rb"(?<![0-9])[0-9]{9}(?![0-9])")
_INCOMPLETE: Final = ReasonCode("RIJ_ONVOLLEDIG")
_SHAPED: Final = frozenset({"brin", "vestigingscode", "opleidingscode"})
"""Fields written as text that are codes of an agreed form."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of a masked row: what it looks like, and the reason codes of what is wrong with it."""

    column: str
    shape: str
    faults: tuple[ReasonCode, ...]


def open_row(opens: OpenRow, one: Waiting) -> Personal[bytes]:
    """The header and the row, as they came. Raises errors.Tampered where the seal does not open."""
    return Personal(opens(one.sealed, one.quarantine_id.bytes))


def reread(form: FileFormat, mapping: DeclarativeMapping, one: Waiting, raw: Personal[bytes], number: int) -> Row:
    """The row as `mapping` meets it, under `number`.

    What the reader found torn stays so: of a line that was too long or never ended only a part was kept, and in which
    characters a line is written that the rest of its file denies would be a guess.
    """
    torn = next((fault.code for fault in one.faults if fault.where == ROW and fault.code in _TORN), None)
    if torn is not None:
        return Row(number, Personal({}), raw, ReasonCode(torn))
    inspector = form.inspect(mapping.columns, mapping.required)
    try:
        inspector.feed(raw.reveal())
        layout = inspector.finish()
    except Malformed as wrong:
        return Row(number, Personal({}), raw, ReasonCode(wrong.faults[0].code) if wrong.faults else _INCOMPLETE)
    reader = form.read(layout, mapping.columns)
    rows = [*reader.feed(raw.reveal()), *reader.finish()]
    if len(rows) != 1:
        return Row(number, Personal({}), raw, _INCOMPLETE)
    return Row(number, rows[0].content, raw, rows[0].fault)


def masked(mapping: DeclarativeMapping, row: Row, faults: Sequence[Fault]) -> tuple[Cell, ...]:
    """What the columns of a row look like: those at fault, and those that are always filled; none of a torn row."""
    if row.fault is not None:
        return ()
    cells: dict[str, str] = row.content.reveal()
    wrong = {column: tuple(ReasonCode(f.code) for f in faults if mapping.column_of(f.where) == column) for column in cells}
    return tuple(
        Cell(
            column,
            _shape(mapping, column, cell.strip()) if wrong[column] or column in mapping.required else shape.HIDDEN,
            wrong[column],
        )
        for column, cell in cells.items()
    )


def _shape(mapping: DeclarativeMapping, column: str, cell: str) -> str:
    if not cell:
        return shape.EMPTY
    if mapping.lists(column, cell):
        return shape.LISTED
    kind, field = mapping.kind_of(column)
    return shape.band(cell) if kind == "text" and field not in _SHAPED else shape.shape(cell)


def named_in(mapping: DeclarativeMapping, row: Row) -> Pgn | None:
    """Whom a row is about: as the mapping reads it, or else the first number in it that is somebody's.

    A torn row, and one that a mapping reads in another way, is still about someone who may ask who saw it.
    """
    if (pgn := mapping.pgn_of(row)) is not None:
        return pgn
    _, _, line = row.raw.reveal().partition(b"\n")
    for digits in _NUMBER.findall(line):
        for kind in (Bsn, Onderwijsnummer):
            if kind.accepts(number := digits.decode()):
                return kind(number)
    return None


def shapes_of(mapping: DeclarativeMapping, record: PersonRecord, into: dict[str, set[str]]) -> None:
    """Adds what the filled fields of a record look like."""
    for field, kind in mapping.fields.items():
        held = record.held(field)
        if held is not None:
            into.setdefault(field, set()).add(_outcome(kind, field, held))


def _outcome(kind: str, field: str, value: Any) -> str:
    if kind in ("code", "yes_no"):
        return shape.LISTED
    return shape.band(str(value)) if kind == "text" and field not in _SHAPED else shape.shape(str(value))


def header_and_line(raw: Personal[bytes]) -> tuple[Personal[str], Personal[str]]:
    """The file's header and the row, as text to read."""
    content = raw.reveal()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    header, _, line = text.partition("\n")
    return Personal(header), Personal(line)
