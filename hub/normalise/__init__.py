"""Step 2: what was received becomes our record, or is set aside with everything that is wrong with it.

Pure: no clock, no random, no IO. The mapping is an argument; `JsonMapping` is the one of the REST door, `hub.normalise.mapping`
loads the declarative ones of connectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from hub.domain.record import PersonRecord
from hub.domain.stages import Canonical, Rejected, Row
from hub.domain.terms import ReasonCode
from hub.errors import Malformed
from hub.normalise.faults import ROW, faults_of, refusal
from hub.ports import RecordMapping

__all__ = ["ROW", "JsonMapping", "faults_of", "normalise", "unroutable"]

_UNREADABLE: Final = ((ROW, ReasonCode("WAARDE_ONGELDIG")),)


def normalise(rows: Sequence[Row], mapping: RecordMapping) -> tuple[tuple[Canonical, ...], tuple[Rejected, ...]]:
    """Every row exactly once, in order: as a record of ours, or rejected with all its faults."""
    records: list[Canonical] = []
    rejected: list[Rejected] = []
    for row in rows:
        if row.fault is not None:
            rejected.append(Rejected(row, ((ROW, row.fault),)))
            continue
        try:
            records.append(Canonical(mapping.read(row), row))
        except Malformed as wrong:
            faults = tuple((fault.where, ReasonCode(fault.code)) for fault in wrong.faults)
            rejected.append(Rejected(row, faults or _UNREADABLE))
    return tuple(records), tuple(rejected)


class JsonMapping:
    """The mapping of a partner who already speaks our form: one record of `model` as JSON in `Row.raw`."""

    version: Final = "canonical"

    def __init__(self, model: type[PersonRecord]) -> None:
        self._model = model

    def read(self, row: Row, /) -> PersonRecord:
        """Raises errors.Malformed with every fault by field name and reason code."""
        try:
            return self._model.model_validate_json(row.raw.reveal())
        except ValidationError as wrong:
            faults = faults_of(wrong)
        raise refusal(faults)  # outside the except clause: the cause would carry the input


def unroutable(canonical: Canonical, where: str, code: ReasonCode) -> Rejected:
    """A record that is well formed and yet can go nowhere: set aside as the row it came from."""
    return Rejected(canonical.row, ((where, code),))
