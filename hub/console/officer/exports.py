"""`/functionaris/uitvoer`: the log as a file, and the letter to one person. That it is handed out is in the log first.

A file is made whole before it leaves, in a file without a name that is gone when it was sent; the letter in memory alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.archive.reading import Period
from hub.archive.service import Exports, Form
from hub.console.desk import OfficerDesk
from hub.console.form import Fields
from hub.console.gate import Gate
from hub.console.navigation import READERS, SEARCHERS
from hub.console.officer.choosing import chosen
from hub.console.officer.log import download
from hub.console.officer.telling import Teller
from hub.console.page import render
from hub.errors import Malformed
from hub.rights.answer import SearchReason

EXPORTS: Final = "/functionaris/uitvoer"
_CHUNK: Final = 1 << 18
ARCHIVE: Final = "archief"
COSIGNED: Final = "archief-getuige"
FORMS: Final = {
    Form.xlsx: ("Excel: elke regel, totalen en toelichting", "logboek.xlsx"),
    Form.csv: ("CSV: elke regel, voor elk rekenblad", "logboek.csv"),
    Form.pdf: ("Verslag om te printen (PDF)", "verslag-logboek.pdf"),
    Form.ldv: ("Logboek Dataverwerkingen (OTLP, JSON)", "dataverwerkingen.jsonl"),
    Form.fsc: ("Transacties volgens FSC Logging (JSON)", "fsc-transacties.jsonl"),
}
_MEDIA: Final = {
    Form.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.csv: "text/csv; charset=utf-8",
    Form.pdf: "application/pdf",
    Form.ldv: "application/x-ndjson",
    Form.fsc: "application/x-ndjson",
}


class ExportPages:
    """The page, and what is downloaded from it."""

    def __init__(self, officer: OfficerDesk, exports: Exports, gate: Gate, teller: Teller) -> None:
        self._officer, self._exports, self._gate, self._teller = officer, exports, gate, teller

    async def show(self, request: Request) -> Response:
        """What can be handed out."""
        session = await self._gate.admit(request, *READERS)
        return await self._page(request, may_search=not session.staff.roles.isdisjoint(SEARCHERS))

    async def _page(
        self,
        request: Request,
        *,
        may_search: bool,
        asked: dict[str, str] | None = None,
        wrong: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        ask = self._exports.witnessed
        return render(
            request,
            "officer/exports.html",
            400 if wrong else 200,
            witnessed=ask is not None and await ask() is not None,
            forms=[(each.value, label) for each, (label, _) in FORMS.items()],
            asked={"van": "", "tot": "", "vorm": Form.xlsx.value, "reden": ""} | (asked or {}),
            wrong=wrong,
            errors=dict(wrong),
            reasons=[("", "Kies een reden"), *((each.value, each.label) for each in SearchReason)],
            may_search=may_search,
        )

    async def write(self, request: Request) -> Response:
        """A period of the log in the form that was asked for, or the whole log as the archive."""
        session, form = await self._gate.take(request, *READERS)
        by = session.staff.staff_id
        if (archive := form.one("vorm")) in (ARCHIVE, COSIGNED):
            seen = archive == COSIGNED

            async def whole(target: BinaryIO) -> None:
                await self._exports.archive(target, by=by, cosigned=seen)

            return await _file("logboek.zip", "application/zip", whole)
        wanted = next((each for each in Form if each.value == form.one("vorm")), None)
        if wanted is None:
            raise HTTPException(400)
        picked = chosen(form)
        if picked.wrong:
            may_search = not session.staff.roles.isdisjoint(SEARCHERS)
            asked = {"van": picked.asked["van"], "tot": picked.asked["tot"], "vorm": wanted.value}
            return await self._page(request, may_search=may_search, asked=asked, wrong=picked.wrong)
        period = Period(picked.selection.from_us, picked.selection.until_us)
        return await _file(FORMS[wanted][1], _MEDIA[wanted], lambda target: self._exports.write(wanted, period, target, by=by))

    async def letter(self, request: Request) -> Response:
        """The letter to one person, searched with a reason as on the person's page; it is stored nowhere."""
        session, form = await self._gate.take(request, *SEARCHERS)
        reason = next((each for each in SearchReason if each.value == form.one("reden")), None)
        wrong = tuple(_wrong(form, reason))
        if wrong or reason is None:
            return await self._page(request, may_search=True, asked={"reden": reason.value if reason else ""}, wrong=wrong)
        try:
            found = await self._officer.persons.search(re.sub(r"[\s.]", "", form.one("nummer")), reason, session.staff)
        except Malformed:
            sentence = "Dit is geen geldig BSN of onderwijsnummer. Controleer het nummer en typ het opnieuw."
            return await self._page(request, may_search=True, asked={"reden": reason.value}, wrong=(("nummer", sentence),))
        body = await self._exports.letter(found, self._teller, by=session.staff.staff_id)
        return download(body, "overzicht-voor-persoon.pdf", "application/pdf")


def _wrong(form: Fields, reason: SearchReason | None) -> list[tuple[str, str]]:
    empty = [] if form.one("nummer") else [("nummer", "Vul een BSN of onderwijsnummer in.")]
    return empty + ([] if reason else [("reden", "Kies waarom u dit overzicht maakt.")])


async def _file(name: str, media: str, write: Callable[[BinaryIO], Awaitable[object]]) -> Response:
    """What `write` writes, once it is whole: whatever fails, the browser gets a page that says so and not half a file."""
    spool = TemporaryFile()  # noqa: SIM115  # closed when it was sent
    try:
        await write(spool)
        size = spool.tell()
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
    return StreamingResponse(_read(spool), headers=headers, media_type=media)


async def _read(spool: BinaryIO) -> AsyncIterator[bytes]:
    with spool:
        while part := await asyncio.to_thread(spool.read, _CHUNK):
            yield part
