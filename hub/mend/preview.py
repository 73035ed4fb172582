"""What a mapping would do: with rows in quarantine, or with a sample of the sender's file. Shapes, never values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.connector import FileFormat
from hub.domain.stages import Canonical, Rejected, Row
from hub.domain.terms import ReasonCode
from hub.errors import Fault, Malformed
from hub.mend.outlook import Forecast, Outlook
from hub.mend.rows import shapes_of
from hub.normalise import normalise
from hub.normalise.mapping import DeclarativeMapping

LARGEST_SAMPLE: Final = 8 << 20
"""Bytes of a sample."""
MOST_ROWS: Final = 100
"""Rows that are told one by one."""
_PIECE: Final = 64 * 1024
_LACKS, _STRANGE = "KOP_ONBEKEND", "KOLOM_ONBEKEND"


@dataclass(frozen=True, slots=True)
class Changes:
    """Columns that differ from the mapping in use; a constant reads `=field`."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failing:
    """Rows that would still fail for this fault; a row with several faults counts for each."""

    where: str
    code: ReasonCode
    rows: int


@dataclass(frozen=True, slots=True)
class FieldShapes:
    """What comes out of a field looks like these; neither values nor how often."""

    field: str
    shapes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailingRow:
    """One row of a sample that cannot be read, by its number in the file, and why."""

    row: int
    faults: tuple[tuple[str, ReasonCode], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mapping would do: `sampled` of `waiting` rows were read, `readable` of these could be.

    Of a sample `rows` tells the first that could not be; one that cannot be read as a whole says why in `refused`, with the
    columns that it lacks and those that nobody knows. `outlook` says where what can be read would go.
    """

    version: str
    verified: bool
    waiting: int
    sampled: int
    readable: int
    failing: tuple[Failing, ...]
    fields: tuple[FieldShapes, ...]
    changes: Changes
    rows: tuple[FailingRow, ...] = ()
    refused: ReasonCode | None = None
    why: str = ""
    missing: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    outlook: Outlook | None = None


class Tallied:
    """Counts what comes of rows; with a forecast also what would become of those that can be read."""

    def __init__(self, mapping: DeclarativeMapping, forecast: Forecast | None = None) -> None:
        self._mapping, self._forecast = mapping, forecast
        self._shapes: dict[str, set[str]] = {}
        self._failing: Counter[Fault] = Counter()
        self._rows: list[FailingRow] = []
        self.sampled = self.readable = 0

    def add(self, records: Sequence[Canonical], rejected: Sequence[Rejected], still: Mapping[int, Sequence[Fault]]) -> None:
        """Counts these; `still` are faults that no mapping mends, by the number of the row."""
        self.sampled += len(records) + len(rejected)
        aside = {} if self._forecast is None else self._forecast.look(records)
        for canonical in records:
            number = canonical.row.number
            left = aside.get(number) or still.get(number, ())
            self._failing.update(left)
            self.readable += not left
            if left and len(self._rows) < MOST_ROWS:
                self._rows.append(FailingRow(number, tuple((fault.where, ReasonCode(fault.code)) for fault in left)))
            shapes_of(self._mapping, canonical.record, self._shapes)
        for one in rejected:
            self._failing.update({Fault(where, code) for where, code in one.faults})
            if len(self._rows) < MOST_ROWS:
                self._rows.append(FailingRow(one.row.number, one.faults))

    def read(self, rows: Sequence[Row]) -> None:
        """Counts what the mapping makes of these."""
        self.add(*normalise(rows, self._mapping), {})

    def refused(self, wrong: Malformed, changes: Changes) -> Preview:
        """Of a file that cannot be read as a whole: why, what it lacks, and what nobody knows."""
        mapping = self._mapping
        return Preview(
            *(mapping.version, mapping.verified, 0, 0, 0, (), (), changes),
            refused=ReasonCode(wrong.faults[0].code if wrong.faults else "WAARDE_ONGELDIG"),
            why=wrong.why,
            missing=tuple(one.where for one in wrong.faults if one.code == _LACKS and one.where in mapping.columns),
            strange=tuple(one.where for one in wrong.faults if one.code == _STRANGE),
            outlook=self._outlook(),
        )

    def told(self, waiting: int, changes: Changes, *, rows: bool = False) -> Preview:
        """What was counted."""
        mapping = self._mapping
        return Preview(
            mapping.version,
            mapping.verified,
            waiting,
            self.sampled,
            self.readable,
            tuple(Failing(fault.where, ReasonCode(fault.code), count) for fault, count in self._failing.most_common()),
            tuple(FieldShapes(field, tuple(sorted(found))) for field, found in sorted(self._shapes.items())),
            changes,
            tuple(sorted(self._rows, key=lambda one: one.row)) if rows else (),
            outlook=self._outlook(),
        )

    def _outlook(self) -> Outlook | None:
        return None if self._forecast is None else self._forecast.told()


def preview_sample(
    data: bytes, form: FileFormat, mapping: DeclarativeMapping, changes: Changes, forecast: Forecast | None = None
) -> Preview:
    """Reads a file as the next poll would, and keeps nothing of it."""
    tallied = Tallied(mapping, forecast)
    inspector = form.inspect(mapping.columns, mapping.required)
    try:
        for start in range(0, len(data), _PIECE):
            inspector.feed(data[start : start + _PIECE])
        layout = inspector.finish()
    except Malformed as wrong:
        return tallied.refused(wrong, changes)
    reader = form.read(layout, mapping.columns)
    for start in range(0, len(data), _PIECE):
        tallied.read(reader.feed(data[start : start + _PIECE]))
    tallied.read(reader.finish())
    return tallied.told(tallied.sampled, changes, rows=True)


def differences(old: DeclarativeMapping, new: DeclarativeMapping) -> Changes:
    """What `new` does otherwise than `old`, by column."""
    before, after = old.rules, new.rules
    return Changes(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
    )
