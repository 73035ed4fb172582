"""Yearly figures of a doorstroompunt (WEB, BWBR0007625, article 9.2.10): what became of young people, and no person. Pure.

In goes an export of counts, or of lines that say nothing but kind of education, group of age and outcome. Columns and words are
closed lists: what holds anything else is refused, so that no name, number or date of birth comes in by mistake. Out goes a
table in which small cells are hidden, and as many more as it takes that no hidden one follows from the totals.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hub.errors import Fault, Malformed
from hub.insight.store import SMALL

SOORTEN: Final = ("vo", "pro", "vso", "entree", "mbo", "geen")
GROEPEN: Final = ("12-15", "16-17", "18-22", "23-26")
UITKOMSTEN: Final = ("terug naar school", "werk", "traject", "zorg", "niet bereikt", "verhuisd", "overig")
TOTAL: Final = "totaal"
HIDDEN: Final = "."
"""What stands in a cell that is hidden."""
_NEEDED: Final = ("ONDERWIJSSOORT", "LEEFTIJDSGROEP", "UITKOMST")
_COUNT: Final = "AANTAL"
_PERSONAL: Final = ("BSN", "NUMMER", "NAAM", "GEBOORTE", "ADRES", "STRAAT", "POSTCODE", "MAIL", "TELEFOON", "ZAAK")
_MOST: Final = 1_000_000
Line = tuple[str, str]
"""A kind of education and a group of age; `(totaal, totaal)` is all of them."""
_ALL: Final[Line] = (TOTAL, TOTAL)
Cell = tuple[Line, str]


@dataclass(frozen=True, slots=True)
class Effect:
    """A table with its totals: how many per line and outcome, None where that is hidden. `total` is what was counted in all."""

    region: str
    year: int
    cells: Mapping[Cell, int | None]

    @property
    def hidden(self) -> int:
        """How many cells are hidden."""
        return sum(count is None for count in self.cells.values())

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The table as it is written, its header first."""
        yield ("regio", "jaar", "onderwijssoort", "leeftijdsgroep", *UITKOMSTEN, TOTAL)
        for line in dict.fromkeys(line for line, _ in self.cells):
            counts = (self.cells[line, outcome] for outcome in (*UITKOMSTEN, TOTAL))
            yield (self.region, str(self.year), *line, *(HIDDEN if count is None else str(count) for count in counts))


def effect_of(content: bytes, region: str, year: int) -> Effect:
    """The figures of an export in CSV. Raises errors.Malformed where it is not as it must be, or does not add up."""
    counted = _with_totals(_counted(content))
    hidden = hide(counted)
    return Effect(region, year, MappingProxyType({cell: None if cell in hidden else n for cell, n in counted.items()}))


def hide(counted: Mapping[Cell, int]) -> frozenset[Cell]:
    """Which cells of a table with its totals are hidden.

    Those from one up to, not including, `SMALL`; then others with them, the smallest first, until in no line or column what is
    hidden adds up to less than `SMALL`, and no hidden cell can be worked out from the others. A table and its totals are a
    graph of lines and columns in which hidden cells are edges: what can be worked out is just what is a bridge.
    """
    hidden = {cell for cell, count in counted.items() if 0 < count < SMALL}
    while (weak := _weak(counted, hidden)) is not None:
        beside = [cell for cell in counted if cell not in hidden and (cell[0] == weak[0] or cell[1] == weak[1])]
        # A total is hidden last, and a zero before it only where nothing else is left; elsewhere only where all is hidden here.
        among = beside or [cell for cell in counted if cell not in hidden]
        hidden.add(min(among, key=lambda cell: (_is_total(cell), counted[cell] == 0, counted[cell], cell)))
    return frozenset(hidden)


def _weak(counted: Mapping[Cell, int], hidden: set[Cell]) -> Cell | None:
    """A hidden cell that is not yet hidden well, and beside which something else can be."""
    for cell in sorted(hidden):
        for place in (0, 1):
            together = [other for other in hidden if other[place] == cell[place]]
            if sum(counted[other] for other in together if not _is_total(other)) < SMALL and any(
                other not in hidden and other[place] == cell[place] and not _is_total(other) and counted[other]
                for other in counted
            ):
                return cell
        if _is_bridge(cell, hidden):
            return cell
    return None


def _is_bridge(cell: Cell, hidden: set[Cell]) -> bool:
    """Whether without it no way leads from its line to its column over other hidden cells."""
    lines, outcomes, before = {cell[0]}, set[str](), 0
    while len(lines) + len(outcomes) > before:
        before = len(lines) + len(outcomes)
        outcomes |= {outcome for line, outcome in hidden - {cell} if line in lines}
        lines |= {line for line, outcome in hidden - {cell} if outcome in outcomes}
    return cell[1] not in outcomes


def _is_total(cell: Cell) -> bool:
    return cell[0] == _ALL or cell[1] == TOTAL


def _with_totals(counted: Mapping[Cell, int]) -> dict[Cell, int]:
    lines = [line for line in ((s, g) for s in SOORTEN for g in GROEPEN) if any((line, each) in counted for each in UITKOMSTEN)]
    table = {(line, each): counted.get((line, each), 0) for line in lines for each in UITKOMSTEN}
    table |= {(_ALL, each): sum(table[line, each] for line in lines) for each in UITKOMSTEN}
    for line in (*lines, _ALL):
        table[line, TOTAL] = sum(table[line, each] for each in UITKOMSTEN)
        said = counted.get((line, TOTAL))
        if said is not None and said != table[line, TOTAL]:
            raise _refused("A total in it is another than what its lines add up to.", Fault(_COUNT, "TELLING_KLOPT_NIET"))
    return table


def _counted(content: bytes) -> dict[Cell, int]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("It is not UTF-8.", Fault("bestand", "TEKEN_ONGELDIG")) from None
    header, _, _ = text.partition("\n")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",")
    names = [name.strip().upper() for name in next(rows, [])]
    _check_columns(names)
    counted: dict[Cell, int] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        number = rows.line_num
        if len(row) != len(names):
            raise _refused(f"Line {number} has more or fewer cells than the header.", Fault("rij", "RIJ_ONVOLLEDIG"))
        cells = {name: cell.strip().lower() for name, cell in zip(names, row, strict=True)}
        line, outcome = (cells["ONDERWIJSSOORT"], cells["LEEFTIJDSGROEP"]), cells["UITKOMST"]
        known = line == _ALL or (line[0] in SOORTEN and line[1] in GROEPEN)
        if not known or outcome not in (*UITKOMSTEN, TOTAL) or (line == _ALL and outcome != TOTAL):
            raise _refused(f"Line {number} has a word that is not of the lists.", Fault("rij", "CODE_ONBEKEND"))
        counted[line, outcome] = counted.get((line, outcome), 0) + _number(cells, number)
    if not counted:
        raise _refused("There is nothing in it.", Fault("bestand", "BESTAND_LEEG"))
    return counted


def _check_columns(names: list[str]) -> None:
    if any(part in name for name in names for part in _PERSONAL):
        raise _refused("It has a column that looks like something about a person.", Fault("kop", "KOLOM_ONBEKEND"))
    if set(names) - {*_NEEDED, _COUNT} or set(_NEEDED) - set(names) or len(set(names)) < len(names):
        asked = f"{', '.join(_NEEDED)}, and {_COUNT} where lines are counts"
        raise _refused(f"Its columns are not those that are asked for: {asked}.", Fault("kop", "KOP_ONBEKEND"))


def _number(cells: Mapping[str, str], number: int) -> int:
    said = cells.get(_COUNT, "1")
    if not (said.isascii() and said.isdigit()) or len(said) > 7 or int(said) > _MOST:
        raise _refused(f"Line {number} has no count.", Fault(_COUNT, "WAARDE_ONGELDIG"))
    return int(said)


def _refused(why: str, fault: Fault) -> Malformed:
    return Malformed(
        "The figures cannot be made of this export.", why, "Have it exported anew, without persons.", faults=(fault,)
    )
