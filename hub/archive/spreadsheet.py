"""The log as CSV and as an Excel file, for an officer's desk. Both hold a page of entries at a time, however long the log."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from hub.archive import words
from hub.archive.reading import Entry, Stretch
from hub.archive.rows import COLUMNS, TOTALS, Cell, Totals, row
from hub.consent.model import PolicySet

MOST_ROWS: Final = 1_048_576
"""Rows of one sheet, its heading included: more does not open in Excel."""
_WIDTHS: Final = (10, 32, 26, 30, 30, 34, 34, 34, 40, 20, 24, 50, 26, 22, 20, 50, 38, 38)


class Csv:
    """As Dutch spreadsheets open it well: UTF-8 with a mark, semicolons, moments in ISO 8601."""

    def __init__(self, policy: PolicySet, target: BinaryIO) -> None:
        self._policy, self._target = policy, target
        self._target.write("\ufeff".encode())
        self._write([COLUMNS])

    def add(self, entries: Sequence[Entry]) -> None:
        """Writes a page."""
        self._write(row(self._policy, entry) for entry in entries)

    def _write(self, rows: Iterable[Sequence[Cell]]) -> None:
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
        self._target.write(out.getvalue().encode())

    def finish(self) -> None:
        """Nothing follows the last row."""

    def close(self) -> None:
        """Nothing is held."""


class Xlsx:
    """Sheets `Logboek` (`Logboek 2` and so on where one is full), the totals, and how to check them.

    Rows go to files in a directory of its own, which `close` takes away; no cell is ever a formula or a link.
    """

    def __init__(self, policy: PolicySet, stretch: Stretch, target: BinaryIO, most_rows: int = MOST_ROWS) -> None:
        self._policy, self._stretch, self._most_rows = policy, stretch, most_rows
        self._scratch = TemporaryDirectory(prefix="hub-xlsx-")
        options = {
            "constant_memory": True,
            "tmpdir": self._scratch.name,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(target, options)
        self._book.use_zip64()
        self._book.set_properties({"title": "Logboek van de hub", "comments": "Zie het blad Toelichting."})
        self._bold = self._book.add_format({"bold": True, "bg_color": "#E8EEF7", "bottom": 1})
        self._wrap = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._totals = Totals()
        self._sheets = 0
        self._next_sheet()

    def _next_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._headed("Logboek" if self._sheets == 1 else f"Logboek {self._sheets}", COLUMNS, _WIDTHS)
        self._at = 1

    def _headed(self, name: str, headings: Sequence[str], widths: Sequence[int]) -> Worksheet:
        sheet: Worksheet = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        _put(sheet, 0, headings, self._bold)
        return sheet

    def add(self, entries: Sequence[Entry]) -> None:
        """Writes a page, on a further sheet where this one is full."""
        for entry in entries:
            if self._at == self._most_rows:
                self._next_sheet()
            _put(self._sheet, self._at, row(self._policy, entry))
            self._at += 1
            if entry.fields is not None:
                self._totals.add(entry.fields)

    def finish(self) -> None:
        """Writes the totals and the explanation, and the file itself."""
        sheet = self._headed("Totalen per ontvanger en doel", TOTALS, (40, 44, *(16,) * 7))
        for at, cells in enumerate(self._totals.rows(self._policy), 1):
            _put(sheet, at, cells)
        sheet = self._headed("Toelichting", ("Onderwerp", "Uitleg"), (28, 110))
        for at, cells in enumerate(explanation(self._stretch), 1):
            _put(sheet, at, cells, self._wrap)
        self._book.close()

    def close(self) -> None:
        """Takes away what was written beside the file, also where the book was given up."""
        for sheet in self._book.worksheets():
            if sheet.row_data_fh is not None:
                sheet.row_data_fh.close()
        self._scratch.cleanup()


def _put(sheet: Worksheet, at: int, cells: Sequence[Cell], form: Any = None) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, int):
            sheet.write_number(at, column, cell, form)
        elif cell:
            sheet.write_string(at, column, cell, form)


def period_text(stretch: Stretch) -> str:
    """`van 1 november 2026 tot en met 30 november 2026`, or what of it was asked."""
    start, end = stretch.period.from_us, stretch.period.until_us
    if start is None and end is None:
        return "het hele logboek"
    since = "" if start is None else f"van {words.day(start)}"
    until = "" if end is None else f"tot en met {words.day(end - 1)}"
    return f"{since} {until}".strip()


def explanation(stretch: Stretch) -> tuple[tuple[str, str], ...]:
    """What a spreadsheet of the log is, and how to check it: a heading and its text."""
    return (
        ("Wat is dit?", "Een afschrift van regels uit het logboek van de hub, zonder naam of nummer van een jongere."),
        ("Periode", period_text(stretch).capitalize() + "."),
        ("Regels", f"Plaats {stretch.low} tot en met {stretch.high - 1}." if stretch.high > stretch.low else "Geen."),
        ("Grootte van het logboek", f"{stretch.size} regels toen dit afschrift werd gemaakt."),
        (
            "Namen",
            "Namen van partijen, doelen en redenen zijn die van de afspraken die nu gelden. De code in de regel zelf telt.",
        ),
        (
            "Lege regels",
            f"'{words.EMPTIED}' staat bij een regel waarvan de inhoud is verwijderd. "
            "Een plaats die ontbreekt, is opgeschoond. Voor beide staat een besluit in het logboek.",
        ),
        (
            "Controleren",
            "Een spreadsheet bewijst niets: iedereen kan een cel veranderen. Vraag de beheerder om het archief van het logboek "
            "(hub audit export) en controleer dat met ops/verify/verify.py, op een computer buiten de hub. "
            "Vergelijk daarna de plaatsen en kenmerken met dit blad.",
        ),
        ("Logboek", stretch.log.log_id),
        ("Sleutel van het logboek", f"{stretch.log.vkey} (neem de sleutel om mee te controleren van elders over)"),
        ("Controlepunt", stretch.checkpoint),
    )
