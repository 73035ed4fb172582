"""Lists of enrolments: CSV, of which a weekly list says why somebody is on it. Pure.

That reason is no field of our record, and one of it must not get lost: who is said to be dead, and has no date of death, would
go on as alive and be written to. Such a row is set aside, and so is one with a reason that nobody knows.
"""

from __future__ import annotations

from typing import Final

from hub.connector import Layout
from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.domain.terms import ReasonCode
from hub.formats.csv import FORMAT as CSV
from hub.formats.csv import CsvReader
from hub.formats.dialect import CsvInspector
from hub.formats.packed import PackedFormat

REASON: Final = "REDENMUTATIE"
_DIED: Final = "OVERLEDEN"
_DEATH: Final = "OVERLIJDENSDATUM"
REASONS: Final = frozenset({"", _DIED, "WERD4", "WERD23", "VERHUIZING", "INSCHRIJVING", "RESULTAAT", "STARTKWALIFICATIE"})
"""Why somebody is on a weekly list, as duo.nl tells it; the words are ours."""
_MISSING: Final = ReasonCode("VERPLICHT_VELD_LEEG")
_UNKNOWN: Final = ReasonCode("CODE_ONBEKEND")


class ReasonedReader:
    """Gives the rows without the reason for which they are there, each held to it."""

    def __init__(self, rows: CsvReader) -> None:
        self._rows = rows

    def feed(self, block: bytes, /) -> list[Row]:
        return [_held(row) for row in self._rows.feed(block)]

    def finish(self) -> list[Row]:
        return [_held(row) for row in self._rows.finish()]


def _held(row: Row) -> Row:
    cells = dict(row.content.reveal())
    reason = cells.pop(REASON, "").strip().upper()
    if row.fault is not None:
        return row
    fault = _UNKNOWN if reason not in REASONS else None
    if reason == _DIED and not cells.get(_DEATH, "").strip():
        fault = _MISSING
    return Row(row.number, Personal(cells), row.raw, fault)


class ReasonedFormat:
    """CSV with or without the column of reasons; satisfies `hub.connector.FileFormat`."""

    def inspect(self, columns: frozenset[str], required: frozenset[str], /) -> CsvInspector:
        return CSV.inspect(columns, required)

    def read(self, layout: Layout, columns: frozenset[str], /) -> ReasonedReader:
        return ReasonedReader(CSV.read(layout, columns | {REASON}))


FORMAT: Final = PackedFormat(ReasonedFormat(), table=True)
