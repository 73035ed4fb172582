"""Reads a file with a format of the house, in blocks of any size: what it is seen to be, and its rows."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from hub.connector import FileFormat, Layout
from hub.domain.stages import Row

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Parsed:
    """What became of a file."""

    layout: Layout
    rows: list[Row]

    @property
    def cells(self) -> list[dict[str, str]]:
        return [row.content.reveal() for row in self.rows]

    @property
    def faults(self) -> dict[int, str]:
        return {row.number: row.fault for row in self.rows if row.fault is not None}


def parse(
    form: FileFormat, data: bytes, columns: frozenset[str], required: frozenset[str] = NOBODY, block: int = 1 << 20
) -> Parsed:
    """Raises errors.Malformed where the file as a whole is refused."""
    blocks = [data[start : start + block] for start in range(0, len(data), block)]
    inspector = form.inspect(columns, required)
    for each in blocks:
        inspector.feed(each)
    layout = inspector.finish()
    reader = form.read(layout, columns)
    rows = [row for each in blocks for row in reader.feed(each)] + reader.finish()
    numbers = [row.number for row in rows]
    assert numbers == sorted(set(numbers)), "numbers rise"
    assert not numbers or 1 <= numbers[0] <= numbers[-1] <= layout.lines, "and stay within the file"
    return Parsed(layout, rows)


def alone(form: FileFormat, row: Row, columns: frozenset[str], required: frozenset[str] = NOBODY) -> dict[str, str]:
    """The cells of a row that is read again from what it keeps of itself."""
    (again,) = parse(form, row.raw.reveal(), columns, required).rows
    assert again.fault is None
    cells: dict[str, str] = again.content.reveal()
    return cells


def zipped(*members: bytes | tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED, stream: bool = False) -> bytes:
    """A zip of these; as a `stream`, in which sizes stand behind each member."""
    out = io.BytesIO()
    with zipfile.ZipFile(_Pipe(out) if stream else out, "w", how) as packed:
        for number, member in enumerate(members):
            name, data = member if isinstance(member, tuple) else (f"deel{number}.csv", member)
            packed.writestr(name, data)
    return out.getvalue()


def workbook(sheets: Mapping[str, list[list[object]]]) -> bytes:
    """A workbook with these rows, as openpyxl writes it."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class _Pipe(io.RawIOBase):
    """Takes bytes, and cannot go back."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        return self._out.write(data)  # type: ignore[arg-type]
