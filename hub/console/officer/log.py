"""`/functionaris/logboek`: the log, newest first, filtered and sorted; a selection of it handed out, which is logged first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.entry import EntryKind
from hub.audit.search import Line, Sort
from hub.console.desk import OfficerDesk
from hub.console.form import asked
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG, Chosen, chosen, options, worded
from hub.console.officer.viewing import Views, told
from hub.console.page import render
from hub.console.table import Column, Link, Moment, Row, csv_of, order_of, page_of, table_of
from hub.domain.staff import Staff
from hub.rights import evidence

_PAGE: Final = 50
_MOST_CSV: Final = 100_000
_COLUMNS: Final = (
    Column("moment", "Moment"),
    Column("soort", "Soort"),
    Column("bron", "Van"),
    Column("ontvanger", "Aan"),
    Column("doel", "Doel"),
    Column("uitkomst", "Uitkomst"),
)
_SORTS: Final = {
    "moment": Sort.seq,
    "soort": Sort.kind,
    "bron": Sort.source,
    "ontvanger": Sort.recipient,
    "doel": Sort.purpose,
    "uitkomst": Sort.outcome,
}
_FILE_COLUMNS: Final = (
    Column("plaats", "Plaats in het logboek", number=True),
    *_COLUMNS,
    Column("grondslag", "Grondslag"),
    Column("reden", "Redenen"),
    Column("handeling", "Handeling"),
    Column("medewerker", "Medewerker"),
    Column("kenmerk", "Kenmerk"),
)
JSON: Final = "application/json; charset=utf-8"


class LogPages:
    """The list, and what is handed out of it."""

    def __init__(self, officer: OfficerDesk, gate: Gate) -> None:
        self._officer = officer
        self._gate = gate
        self._views = Views(officer.notes)

    async def show(self, request: Request) -> Response:
        """One page of the selection that the address asks. That it is looked at, is in the log before it is seen."""
        session = await self._gate.admit(request, *READERS)
        return await self._page(request, session.staff, await self._found(chosen(asked(request))))

    async def _found(self, picked: Chosen) -> Chosen:
        return await worded(picked, self._officer.search, self._officer.policy)

    async def _page(self, request: Request, staff: Staff, picked: Chosen, status: int = 200, refused: bool = False) -> Response:
        search, policy = self._officer.search, self._officer.policy
        after = request.query_params.get("na")
        names = await self._officer.names()
        order = order_of(request, "logboek", _COLUMNS, sort="moment", descending=True)
        page = await search.page(
            picked.selection,
            sort=_SORTS[order.key],
            descending=order.descending,
            after=after,
            limit=_PAGE,
        )
        await self._views.log(staff, "read-log", "log", told(picked.selection), mark=after or "")
        table = page_of(
            request,
            "logboek",
            "Regels van het logboek",
            _COLUMNS,
            [self._row(line, names) for line in page.lines],
            empty="Geen regel past bij deze filters. Kies een ruimere periode of wis een filter.",
            order=order,
            following={"na": page.next} if page.next else None,
            export=False,
        )
        return render(
            request,
            "officer/log.html",
            status,
            table=table,
            page=page,
            picked=picked,
            matched=self._matched(picked),
            later=after is not None,
            options=options(policy, await search.choices(), picked.asked, names),
            refused=refused,
            most=evidence.MOST,
        )

    def _matched(self, picked: Chosen) -> list[str]:
        """The sentences in which the words that were typed were found."""
        policy = self._officer.policy
        return [
            words.reason(policy, word) if name == "reason" else words.operation(word)
            for name, word in picked.selection.any_of or ()
        ]

    def _row(self, line: Line, names: Mapping[str, str]) -> Row:
        policy = self._officer.policy
        return (
            Moment(line.us),
            Link(words.KINDS.get(line.kind, line.kind), f"{LOG}/{line.ref}"),
            self._from(line, names),
            words.party(policy, line.recipient),
            words.purpose(policy, line.purpose),
            words.outcome(line.outcome) or words.operation(line.operation),
        )

    def _from(self, line: Line, names: Mapping[str, str]) -> str:
        """Who gave; of what is no giving, who did it. An outcome entry says only how things stand."""
        if line.kind == EntryKind.outcome:
            return ""
        if line.staff:
            return words.named(f"Medewerker {line.staff}", names)
        return words.party(self._officer.policy, line.source or line.actor)

    async def hand_out(self, request: Request) -> Response:
        """The selection as a spreadsheet or as evidence. That it is handed out, and how much, is in the log first."""
        session, form = await self._gate.take(request, *READERS)
        picked, form_of = await self._found(chosen(form)), form.one("vorm")
        if form_of not in ("csv", "bewijs") or picked.wrong:
            raise HTTPException(400)
        most = _MOST_CSV if form_of == "csv" else evidence.MOST
        lines: list[Line] = []
        async for line in self._officer.search.select(picked.selection):
            lines.append(line)
            if len(lines) > most:
                break
        if not 0 < len(lines) <= most:
            return await self._page(request, session.staff, picked, 400, refused=True)
        if form_of == "csv":
            answer = self.csv(request, lines, "logboek.csv")
        else:
            body = await evidence.bundle(self._officer.log, [line.ref for line in lines])
            answer = download(body, "bewijs-logboek.json", JSON)
        said: dict[str, str | int] = {**told(picked.selection), "count": len(lines), "form": form_of}
        await self._officer.notes.write(EntryKind.export, "export", "selection", said, by=session.staff.staff_id)
        return answer

    def csv(self, request: Request, lines: Sequence[Line], filename: str) -> Response:
        """These lines as a spreadsheet; members of staff by their codes, as the log has them."""
        policy = self._officer.policy
        rows: list[Row] = [
            (
                line.seq,
                *self._row(line, {}),
                "; ".join(words.basis(policy, word) for word in line.bases),
                "; ".join(line.reasons),
                words.operation(line.operation),
                line.staff,
                str(line.ref),
            )
            for line in lines
        ]
        table = table_of(request, "logboek", "Logboek", _FILE_COLUMNS, rows, empty="", sort="plaats", export=False)
        return csv_of(table, filename)


def download(body: bytes, filename: str, media: str) -> Response:
    """A file that the browser saves and does not show."""
    return Response(body, headers={"Content-Disposition": f'attachment; filename="{filename}"'}, media_type=media)
