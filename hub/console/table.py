"""Tables: sorted by a click on a column, turned over page by page, and given out as CSV (RFC 4180, with semicolons).

A table that fits in memory comes from `table_of`. Of a list without bound the caller reads one page in the order that
`order_of` tells, and hands it to `page_of` with what the next page is asked by.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hub.console.text import local
from hub.console.words import Tone


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in microseconds since 1970 UTC."""

    us: int


@dataclass(frozen=True, slots=True)
class Day:
    """A day without a time, such as the end of a term."""

    day: date


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with a tone, such as a state."""

    text: str
    tone: Tone = Tone.note


Cell = str | int | Moment | Day | Link | Badge | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key in addresses, its head, whether it holds numbers, and whether one may sort by it."""

    key: str
    label: str
    number: bool = False
    sort: bool = True


class Order(NamedTuple):
    """By which column a table is sorted, and which way."""

    key: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands on a page. `empty` says what it means that there are no rows, and what one can do about it."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    order: Order
    heads: Mapping[str, str]
    """Per column that one may sort by: the address that sorts by it, or the other way."""
    export: str | None
    """The address of the same as CSV; None where it is given out another way."""
    following: str | None = None
    """The address of the next page; None on the last."""


def table_of(
    request: Request,
    name: str,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    empty: str,
    sort: str,
    descending: bool = False,
    export: bool = True,
) -> Table:
    """All `rows`, sorted as the address asks (`?sorteer=<key>&richting=op|af`), else by `sort`; cells stand in column order."""
    order = order_of(request, name, columns, sort=sort, descending=descending)
    place = next(number for number, column in enumerate(columns) if column.key == order.key)
    filled = [row for row in rows if row[place] not in (None, "")]
    blank = [row for row in rows if row[place] in (None, "")]  # at the end, whichever way
    filled.sort(key=lambda row: _rank(row[place]), reverse=order.descending)
    return _table(request, name, caption, columns, [*filled, *blank], empty, order, export)


def page_of(
    request: Request,
    name: str,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    empty: str,
    order: Order,
    following: Mapping[str, str] | None,
    turned: Sequence[str] = ("na",),
    export: bool = True,
) -> Table:
    """One page of a list that the caller has read in `order`; `following` is what the next page is asked by (none: the last).

    Its query parameters, such as `{"na": "41"}`, replace those of the same name. `turned` names all that turn pages: a new
    order and the export begin at the first.
    """
    return _table(request, name, caption, columns, rows, empty, order, export, following, turned)


def order_of(request: Request, name: str, columns: Sequence[Column], *, sort: str, descending: bool = False) -> Order:
    """The order that the address asks for table `name`; where it asks none or an unknown one, by `sort`."""
    query = request.query_params
    asked = query.get("sorteer", "")
    if query.get("tabel", name) != name or not any(column.key == asked and column.sort for column in columns):
        return Order(sort, descending)
    return Order(asked, query.get("richting") == "af")


def asks_csv(request: Request, name: str | None = None) -> bool:
    """Whether the address asks for a table as CSV; with `name`, for that one."""
    query = request.query_params
    return query.get("formaat") == "csv" and (name is None or query.get("tabel", name) == name)


def csv_of(table: Table, filename: str) -> Response:
    """The rows of `table` as a file that Dutch spreadsheets open well: UTF-8 with a mark, semicolons, moments in ISO 8601."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([_plain(column.label) for column in table.columns])
    writer.writerows([[_plain(cell) for cell in row] for row in table.rows])
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response("\ufeff" + out.getvalue(), headers=headers, media_type="text/csv; charset=utf-8")


_CONTROLS: Final = ("sorteer", "richting", "tabel", "formaat", "gedaan")


def _table(
    request: Request,
    name: str,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    empty: str,
    order: Order,
    export: bool,
    following: Mapping[str, str] | None = None,
    turned: Sequence[str] = (),
) -> Table:
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"a row of table {name} has not as many cells as there are columns")
    asked = {"sorteer": order.key, "richting": "af" if order.descending else "op", "tabel": name}
    heads = {
        column.key: _address(
            request,
            {
                "sorteer": column.key,
                "richting": "af" if column.key == order.key and not order.descending else "op",
                "tabel": name,
            },
            turned,
        )
        for column in columns
        if column.sort
    }
    return Table(
        name,
        caption,
        tuple(columns),
        tuple(rows),
        empty,
        order,
        heads,
        _address(request, {**asked, "formaat": "csv"}, turned) if export else None,
        _address(request, {**asked, **following}) if following else None,
    )


def _address(request: Request, changes: Mapping[str, str], without: Sequence[str] = ()) -> str:
    """This page, asked another way; every parameter that is not the table's own stays."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in (*_CONTROLS, *without, *changes)]
    return f"?{urlencode([*kept, *changes.items()])}"


def _rank(cell: Cell) -> tuple[int, int, str]:
    match cell:
        case Moment():
            return 0, cell.us, ""
        case Day():
            return 0, cell.day.toordinal(), ""
        case int():
            return 0, cell, ""
        case Link() | Badge():
            return 1, 0, _folded(cell.text)
        case _:
            return 1, 0, _folded(cell or "")


def _folded(words: str) -> str:
    """As one looks a word up: without accents and capitals."""
    return "".join(mark for mark in unicodedata.normalize("NFKD", words.casefold()) if not unicodedata.combining(mark))


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Moment():
            return local(cell.us).isoformat()
        case Day():
            return cell.day.isoformat()
        case int():
            return str(cell)
        case Link() | Badge():
            return _defused(cell.text)
        case _:
            return _defused(cell)


def _defused(words: str) -> str:
    """Text that a spreadsheet would run as a formula is marked as text."""
    return f"'{words}" if words.lstrip(" ")[:1] in _FORMULA else words


_FORMULA: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
