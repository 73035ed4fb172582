"""Reads a file as the hub does, in blocks of any size, up to the records and the faults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import hub.connectors.duo_uitval
from hub.domain.stages import Canonical, Received, Rejected, Row
from hub.domain.terms import Interface, LogId, Micros, PartyId
from hub.formats.csv import FORMAT
from hub.normalise import normalise
from hub.normalise.mapping import load_mapping

MAPPING = load_mapping(Path(hub.connectors.duo_uitval.__file__).parent / "mapping.yaml")
NAMES = ["PERSOONSGEBONDENNUMMER", "GESLACHTSNAAM", "GEBOORTEDATUM", "GEMEENTECODE", "INDICATIEGEHEIM", "INSTELLINGSCODE"]
NAMES += ["ONDERWIJSSOORT", "DATUMUITSCHRIJVING", "STARTKWALIFICATIE", "OPMERKING"]
HEADER = ";".join(NAMES).encode()
BSNS = ["999990007", "999990019", "999990020", "999990032", "999990044", "999990056", "999990068", "999990081", "999990093"]


def line(number: int = 1, **other: str) -> bytes:
    """A good row about the `number`th invented person, but for the cells that are given; in UTF-8."""
    cells = [BSNS[number], "Voorbeeld", "20070201", "9001", "N", "99ZZ", "MBO", "20260301", "N", ""]
    return ";".join((dict(zip(NAMES, cells, strict=True)) | other).values()).encode()


def file(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    """A file of these lines under the header."""
    return end.join([HEADER, *lines, b""])


@dataclass(frozen=True)
class Read:
    """What became of a file."""

    rows: list[Row]
    records: tuple[Canonical, ...]
    rejected: tuple[Rejected, ...]
    encoding: str
    ignored: int
    lines: int

    @property
    def good(self) -> list[int]:
        return [each.row.number for each in self.records]

    @property
    def bad(self) -> dict[int, set[tuple[str, str]]]:
        return {each.row.number: set(each.faults) for each in self.rejected}


def read(data: bytes, block: int = 1 << 20) -> Read:
    """Raises errors.Malformed where the file as a whole is refused."""
    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    inspector = FORMAT.inspect(MAPPING.columns, MAPPING.required)
    for each in blocks:
        inspector.feed(each)
    layout = inspector.finish()
    reader = FORMAT.read(layout, MAPPING.columns)
    rows = [row for each in blocks for row in reader.feed(each)] + reader.finish()
    assert [row.number for row in rows] == sorted({row.number for row in rows}), "every row has a line of its own"
    received = Received(PartyId("duo"), LogId("regio"), Interface.file, UUID(int=1), Micros(0), tuple(rows))
    records, rejected = normalise(received.rows, MAPPING)
    assert len(records) + len(rejected) == len(rows)
    return Read(rows, records, rejected, layout.encoding, layout.ignored, layout.lines)
