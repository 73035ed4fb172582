"""`/functionaris/logboek`: the log, newest first, filtered and sorted; a selection of it handed out, which is logged first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
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
from hub.console.officer.choosing import LOG, Chosen, chosen, options
from hub.console.page import render
from hub.console.table import Column, Link, Moment, Row, csv_of, order_of, page_of, table_of
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

    async def show(self, request: Request) -> Response:
        """One page of the selection that the address asks."""
        await self._gate.admit(request, *READERS)
        return await self._page(request, chosen(asked(request)))

    async def _page(self, request: Request, picked: Chosen, status: int = 200, refused: bool = False) -> Response:
        search, policy = self._officer.search, self._officer.policy
        names = await self._officer.names()
        order = order_of(request, "logboek", _COLUMNS, sort="moment", descending=True)
        page = await search.page(
            picked.selection,
            sort=_SORTS[order.key],
            descending=order.descending,
            after=request.query_params.get("na"),
            limit=_PAGE,
        )
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
            options=options(policy, await search.choices(), picked.asked),
            refused=refused,
            most=evidence.MOST,
        )

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
        picked, form_of = chosen(form), form.one("vorm")
        if form_of not in ("csv", "bewijs") or picked.wrong:
            raise HTTPException(400)
        most = _MOST_CSV if form_of == "csv" else evidence.MOST
        lines: list[Line] = []
        async for line in self._officer.search.select(picked.selection):
            lines.append(line)
            if len(lines) > most:
                break
        if not 0 < len(lines) <= most:
            return await self._page(request, picked, 400, refused=True)
        if form_of == "csv":
            answer = self.csv(request, lines, "logboek.csv")
        else:
            body = await evidence.bundle(self._officer.log, [line.ref for line in lines])
            answer = download(body, "bewijs-logboek.json", JSON)
        said: dict[str, str | int] = {**_said(picked), "count": len(lines), "form": form_of}
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


def _said(picked: Chosen) -> dict[str, str | int]:
    """The selection as it stands in the log: words that the log itself holds, and moments."""
    chosen_words = {_SAID.get(name, name): value for name, value in asdict(picked.selection).items()}
    return {name: value for name, value in chosen_words.items() if value is not None}


_SAID: Final = {"staff": "selected-staff", "from_us": "from", "until_us": "until"}
"""Names in the log that are not those of the selection: `staff` there is who handed it out."""
