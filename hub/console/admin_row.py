"""A row in quarantine: its shape, and what it holds, shown for a reason. The one page of the desk with a personal value."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, meanwhile, spoilt
from hub.console.admin_quarantine import QuarantinePages
from hub.console.page import render
from hub.console.table import Cell
from hub.errors import Refused, Tampered
from hub.mend.quarantine import REASONS, MaskedRow, RevealReason
from hub.mend.shape import HIDDEN
from hub.mend.store import FileRun
from hub.observe import report

_REASON: Final = "Kies waarom u deze rij moet zien."


class RowPages:
    """One row of a file in quarantine."""

    def __init__(self, admin: Admin, pages: QuarantinePages) -> None:
        self._admin, self._pages = admin, pages

    async def row(self, request: Request) -> Response:
        """One row by its shape, and the question why it must be seen."""
        await self._admin.admit(request)
        return await self._row(request)

    async def show(self, request: Request) -> Response:
        """The row as it came, once: asked again, it is logged again."""
        session, form = await self._admin.take(request)
        try:
            reason = RevealReason(form.one("reden"))
        except ValueError:
            return await self._row(request, 400, _REASON)
        run, one = await self._one(request)
        try:
            shown = await self._admin.mending.quarantine.reveal(one.quarantine_id, reason, session.staff)
        except Refused:
            raise meanwhile() from None
        except Tampered as error:
            report(error)
            raise spoilt() from None
        header, line = shown.header.reveal(), shown.line.reveal()
        return render(
            request,
            "admin/revealed.html",
            run=run,
            one=one,
            pairs=_pairs(header, line),
            header=header,
            line=line,
            reason=REASONS[reason],
            faults=self._pages.faults(one),
            crumbs=self._pages.crumbs(run),
        )

    async def _row(self, request: Request, status: int = 200, error: str = "") -> Response:
        run, one = await self._one(request)
        facts: list[tuple[str, Cell]] = [(cell.column, cell.shape) for cell in one.cells if cell.shape != HIDDEN]
        return render(
            request,
            "admin/row.html",
            status,
            run=run,
            one=one,
            facts=facts,
            faults=self._pages.faults(one),
            error=error,
            options=[("", "Kies een reden"), *((reason.value, words) for reason, words in REASONS.items())],
            crumbs=self._pages.crumbs(run),
        )

    async def _one(self, request: Request) -> tuple[FileRun, MaskedRow]:
        run = await self._pages.run(request)
        given = request.path_params["row"]
        if not (given.isascii() and given.isdecimal() and len(given) < 10) or not int(given):
            raise HTTPException(404)
        rows = await self._pages.rows(run.drop_id, int(given) - 1, 1)
        if not rows or rows[0].row_number != int(given):
            raise HTTPException(404)
        return run, rows[0]


def _pairs(header: str, line: str) -> list[tuple[str, str]]:
    """The cells of a row beside the names of their columns; empty where it does not come apart as its header does."""
    mark = max(";,\t|", key=header.count)
    names, cells = (next(_read(text, mark), []) for text in (header, line))
    return list(zip(names, cells, strict=True)) if len(names) == len(cells) > 1 else []


def _read(text: str, mark: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader([text.rstrip("\r\n")], delimiter=mark)
    except csv.Error:
        return
