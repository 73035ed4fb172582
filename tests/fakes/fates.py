"""Files of a partner as the reader of files has them: rows, and what becomes of each under one of a connector's mappings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hub.domain.record import PersonRecord
from hub.normalise import normalise
from hub.normalise.mapping import DeclarativeMapping, load_mapping
from hub.registry import load_connectors

WIRE = Path(__file__).parents[2] / "schemas/wire"
Fates = list[PersonRecord | tuple[tuple[str, str], ...]]


def fates(connector: str, content: bytes, mapping: str = "mapping.yaml") -> Fates:
    """Per row, in their order, the record or the faults. Raises errors.Malformed where the file is refused whole."""
    found = load_connectors()[connector]
    by = load_mapping(found.folder / mapping)
    form = found.format(by.reads)
    inspector = form.inspect(by.columns, by.required)
    inspector.feed(content)
    reader: Any = form.read(inspector.finish(), by.columns)
    rows = [*reader.feed(content), *reader.finish()]
    records, rejected = normalise(rows, by)
    told: dict[int, Any] = {each.row.number: each.record for each in records}
    told |= {each.row.number: tuple((str(where), str(code)) for where, code in each.faults) for each in rejected}
    return [told[row.number] for row in rows]


def table(sample: Path, number: int = 0, **cells: str) -> bytes:
    """The `number`th row of a CSV sample with some cells changed, under its header."""
    header, *lines = sample.read_text(encoding="utf-8").splitlines()
    names = header.split(";")
    row = dict(zip(names, lines[number].split(";"), strict=True)) | cells
    return "\r\n".join([header, ";".join(row[name] for name in names), ""]).encode()


def loaded(connector: str, mapping: str) -> DeclarativeMapping:
    """One of a connector's mappings."""
    return load_mapping(load_connectors()[connector].folder / mapping)


def values(fate: Any) -> dict[str, Any]:
    """Everything that a record holds."""
    assert isinstance(fate, PersonRecord), fate
    return {name: fate.held(name) for name in type(fate).model_fields}
