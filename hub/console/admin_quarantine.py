"""/beheer/quarantaine: rows that could not be read, by what is wrong with them; by their shape; set free."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.console.admin_parts import Admin, crumbs, spoilt, sums, uuid_of
from hub.console.form import asked
from hub.console.page import render
from hub.console.table import Cell, Column, Link, Moment, asks_csv, csv_of, order_of, page_of, table_of
from hub.domain.terms import ConnectorId
from hub.errors import Misconfigured, Refused, Tampered
from hub.mend.quarantine import MaskedRow
from hub.mend.shape import HIDDEN
from hub.mend.store import FileRun
from hub.observe import report

_PAGE: Final = 50
_GROUPS: Final = (
    Column("bestand", "Bestand"),
    Column("koppeling", "Koppeling"),
    Column("veld", "Veld"),
    Column("fout", "Wat is er mis"),
    Column("doen", "Wat u kunt doen"),
    Column("rijen", "Rijen", number=True),
    Column("oudste", "Oudste"),
)
_ROWS: Final = (
    Column("rij", "Rij", sort=False),
    Column("fouten", "Wat is er mis", sort=False),
    Column("vorm", "Hoe het foute veld eruitziet", sort=False),
    Column("overig", "Overige verplichte velden", sort=False),
)


class QuarantinePages:
    """Quarantine, without values but of a row that is shown for a reason."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def page(self, request: Request) -> Response:
        """By file and fault."""
        await self._admin.admit(request)
        wanted = asked(request).one("koppeling")
        sources = sorted(self._admin.mending.sources)
        chosen = ConnectorId(wanted) if wanted in sources else None
        table = table_of(
            request,
            "quarantaine",
            "Rijen die niet te lezen waren",
            _GROUPS,
            [
                (
                    Link(str(group.drop_id)[-12:], f"/beheer/quarantaine/{group.drop_id}"),
                    str(group.connector),
                    group.where,
                    self._admin.reason(group.code),
                    self._admin.remedy(group.code),
                    group.rows,
                    Moment(group.oldest_us),
                )
                for group in await self._admin.mending.quarantine.groups(chosen)
            ],
            empty="De quarantaine is leeg: elke rij die binnenkwam, is gelezen.",
            sort="rijen",
            descending=True,
        )
        if asks_csv(request):
            return csv_of(table, "quarantaine.csv")
        options = [("", "Alle koppelingen"), *((str(name), str(name)) for name in sources)]
        return render(request, "admin/quarantine.html", table=table, options=options, chosen=str(chosen or ""), crumbs=crumbs())

    async def file(self, request: Request) -> Response:
        """The rows of one file, by their shape."""
        await self._admin.admit(request)
        run = await self.run(request)
        given = asked(request).one("na")
        after = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0
        rows = await self.rows(run.drop_id, after, _PAGE + 1)
        here = f"/beheer/quarantaine/{run.drop_id}"
        table = page_of(
            request,
            "rijen",
            "Rijen in quarantaine (9 is een cijfer, a een letter)",
            _ROWS,
            [self._masked(one, here) for one in rows[:_PAGE]],
            empty="Van dit bestand staat er geen rij meer in quarantaine.",
            order=order_of(request, "rijen", _ROWS, sort="rij"),
            following={"na": str(rows[_PAGE - 1].row_number)} if len(rows) > _PAGE else None,
        )
        if asks_csv(request):
            return csv_of(table, "quarantaine-rijen.csv")
        return self._file(request, run, table=table)

    async def try_out(self, request: Request) -> Response:
        """How many rows the mapping in use could read now. That rows were looked at is in the log."""
        session, _ = await self._admin.take(request)
        run = await self.run(request)
        mappings = self._admin.mending.mappings
        try:
            text = await mappings.text(run.connector)
            preview = await mappings.preview(run.connector, text, session.staff, run.drop_id)
        except Misconfigured:
            return self._file(request, run, 400, broken=True)
        except Tampered as error:
            report(error)
            raise spoilt() from None
        return self._file(
            request, run, preview=preview, failing=[(one, self._admin.reason(one.code)) for one in preview.failing]
        )

    async def bounce(self, request: Request) -> Response:
        """What the sender must resupply of this file: numbers of rows and reasons, no values. It is in the log."""
        session = await self._admin.admit(request)
        run = await self.run(request)

        def say(code: str) -> str:
            return f"{self._admin.reason(code)} {self._admin.remedy(code)}"

        try:
            pages = await self._admin.mending.bounces.report(run.connector, run.drop_id, say, session.staff)
        except Refused:
            raise HTTPException(404) from None
        headers = {"Content-Disposition": 'attachment; filename="terugmelding.csv"'}
        return StreamingResponse(pages, headers=headers, media_type="text/csv; charset=utf-8")

    async def release(self, request: Request) -> Response:
        """Takes up the rows that can be read now, decided anew."""
        session, _ = await self._admin.take(request)
        run = await self.run(request)
        try:
            done = await self._admin.mending.replay.replay(run.connector, session.staff, drop_id=run.drop_id)
        except Misconfigured:
            return self._file(request, run, 400, broken=True)
        except Tampered as error:
            report(error)
            raise spoilt() from None
        numbers = f"opgepakt={done.accepted}&wacht={done.still}&dubbel={done.duplicate}"
        return Response(status_code=303, headers={"Location": f"/beheer/quarantaine/{run.drop_id}/uitkomst?{numbers}"})

    async def outcome(self, request: Request) -> Response:
        """What became of the rows."""
        await self._admin.admit(request)
        run, query = await self.run(request), asked(request)
        numbers = {}
        for name in ("opgepakt", "wacht", "dubbel"):
            given = query.one(name)
            if not (given.isascii() and given.isdecimal() and len(given) < 10):
                raise HTTPException(404)
            numbers[name] = int(given)
        return render(request, "admin/released.html", run=run, **numbers, crumbs=self.crumbs(run))

    async def rows(self, drop: UUID, after: int, limit: int) -> list[MaskedRow]:
        """Rows of a file by their shape, after that line."""
        try:
            return await self._admin.mending.quarantine.rows(drop, after=after, limit=limit)
        except Tampered as error:
            report(error)
            raise spoilt() from None

    async def run(self, request: Request) -> FileRun:
        """The file in the address; 404 where there is none."""
        run = await self._admin.mending.files.find(uuid_of(request, "drop"))
        if run is None or run.connector not in self._admin.mending.sources:
            raise HTTPException(404)
        return run

    def _file(self, request: Request, run: FileRun, status: int = 200, **values: object) -> Response:
        return render(
            request,
            "admin/quarantine_file.html",
            status,
            **{"table": None, "preview": None, "failing": (), "broken": False, "run": run, **values},
            party=self._admin.party(run.party),
            sum=sums(run.accepted, run.quarantined, run.duplicate),
            crumbs=crumbs(("Quarantaine", "/beheer/quarantaine")),
        )

    def crumbs(self, run: FileRun) -> list[Link]:
        """The way to what lies under a file."""
        return [*crumbs(("Quarantaine", "/beheer/quarantaine")), Link("Bestand", f"/beheer/quarantaine/{run.drop_id}")]

    def faults(self, one: MaskedRow) -> list[tuple[str, str, str]]:
        """Where a row is wrong, what that is, and what helps."""
        return [(fault.where, self._admin.reason(fault.code), self._admin.remedy(fault.code)) for fault in one.faults]

    def _masked(self, one: MaskedRow, here: str) -> tuple[Cell, ...]:
        faults = "; ".join(f"{where}: {what}" for where, what, _ in self.faults(one))
        wrong = "; ".join(f"{cell.column}: {cell.shape}" for cell in one.cells if cell.faults)
        other = "; ".join(f"{cell.column}: {cell.shape}" for cell in one.cells if not cell.faults and cell.shape != HIDDEN)
        return Link(str(one.row_number), f"{here}/{one.row_number}"), faults, wrong or None, other or None
