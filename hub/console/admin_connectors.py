"""/beheer/koppelingen: what comes in and what goes out; one connector with its files, and a file read again."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import (
    Admin,
    broken,
    connector_of,
    counted,
    crumbs,
    flow_of,
    meanwhile,
    reach_of,
    state_of,
    sums,
    uuid_of,
)
from hub.console.page import go, render
from hub.console.setup_words import STATES, title_of
from hub.console.table import Cell, Column, Link, Moment, asks_csv, csv_of, table_of
from hub.domain.terms import ConnectorId
from hub.errors import Misconfigured, Refused
from hub.mend.deliveries import Waiting
from hub.mend.files import Standing
from hub.mend.store import FileRun

_IN: Final = (
    Column("koppeling", "Koppeling"),
    Column("staat", "Bereikbaar"),
    Column("hoe", "Hoe het gaat"),
    Column("bekeken", "Laatst bekeken"),
    Column("bestand", "Laatste bestand"),
    Column("ontvangen", "Ontvangen", number=True),
    Column("aanvaard", "Aanvaard", number=True),
    Column("apart", "Apart gezet", number=True),
    Column("dubbel", "Dubbel", number=True),
)
_OUT: Final = (
    Column("ontvanger", "Ontvanger"),
    Column("staat", "Staat"),
    Column("hoe", "Hoe het gaat"),
    Column("jongeren", "Jongeren die wachten", number=True),
    Column("gelukt", "Laatst gelukt"),
)
_SETUPS: Final = (
    Column("koppeling", "Koppeling"),
    Column("soort", "Waarvoor"),
    Column("partij", "Partij"),
    Column("stand", "Stand"),
    Column("wacht", "Wat wacht"),
)
_RUNS: Final = (
    Column("bestand", "Binnengekomen"),
    Column("staat", "Staat"),
    Column("waarom", "Waarom"),
    Column("ontvangen", "Ontvangen", number=True),
    Column("aanvaard", "Aanvaard", number=True),
    Column("apart", "Apart gezet", number=True),
    Column("dubbel", "Dubbel", number=True),
    Column("nummer", "Nummer"),
)


class ConnectorPages:
    """Connectors and their files."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def page(self, request: Request) -> Response:
        """What comes in, and what goes out."""
        await self._admin.admit(request)
        inbound = table_of(
            request,
            "in",
            "Wat de hub ophaalt",
            _IN,
            [self._inbound(one) for one in await self._admin.mending.files.connectors()],
            empty="Er zijn geen koppelingen ingesteld. De gids 'een koppeling aansluiten' zegt hoe dat gaat.",
            sort="koppeling",
        )
        outbound = table_of(
            request,
            "uit",
            "Naar wie de hub bezorgt",
            _OUT,
            [self._outbound(one) for one in await self._admin.deliveries.waiting()],
            empty="Er is nog niets te bezorgen. Zodra een gever iets aanlevert, staan de ontvangers hier.",
            sort="ontvanger",
        )
        set_up = table_of(
            request,
            "ingesteld",
            "Wat aan het scherm of op de opdrachtregel is ingesteld",
            _SETUPS,
            await self._set_up(),
            empty="Er is nog niets ingesteld. Kies hieronder wat u wilt aansluiten.",
            sort="koppeling",
        )
        for one in (inbound, outbound, set_up):
            if asks_csv(request, one.name):
                return csv_of(one, f"koppelingen-{one.name}.csv")
        return render(
            request,
            "admin/connectors.html",
            inbound=inbound,
            outbound=outbound,
            set_up=None if self._admin.setups is None else set_up,
            crumbs=crumbs(),
        )

    async def _set_up(self) -> list[tuple[Cell, ...]]:
        setups = self._admin.setups
        rows: list[tuple[Cell, ...]] = []
        for one in () if setups is None else await setups.all():
            assert setups is not None, "there is something set up"
            kind = setups.connectors.get((await setups.show(one.instance)).newest.connector)
            waits = (
                "een tweede beheerder" if one.proposed_by else "een vervolg" if one.newest != one.active or one.staged else ""
            )
            waits = "een bevestiging" if one.glass is not None else waits
            rows.append(
                (
                    Link(one.instance, f"/beheer/koppelingen/{one.instance}/instelling"),
                    "" if kind is None else title_of(kind.manifest.title),
                    self._admin.party(one.party),
                    STATES[one.state],
                    "" if one.ended else waits,
                )
            )
        return rows

    async def one(self, request: Request) -> Response:
        """One connector with its files."""
        await self._admin.admit(request)
        name = connector_of(request)
        standing = next((one for one in await self._admin.mending.files.connectors() if one.connector == name), None)
        if standing is None:
            raise HTTPException(404)
        files, change = self._admin.mending.files, await self._admin.mending.layouts.change(name)
        runs = table_of(
            request,
            "bestanden",
            "Bestanden, het nieuwste eerst",
            _RUNS,
            [self._run(one) for one in await files.runs(name)],
            empty="Er is van deze koppeling nog geen bestand gekomen.",
            sort="bestand",
            descending=True,
        )
        if asks_csv(request):
            return csv_of(runs, f"bestanden-{name}.csv")
        return render(
            request,
            "admin/connector.html",
            connector=str(name),
            one=standing,
            broken=broken(standing),
            facts=self._facts(standing, await self._version(name)),
            change=change,
            renamed=[f"{old} heet nu {new}" for old, new in change.drift.renamed] if change else [],
            refused=[(one, self._why(one)) for one in await files.refused(name) if one.state == "refused"],
            stuck=[(one, self._why(one)) for one in await files.stuck(name)],
            runs=runs,
            brings=await self._admin.brings(name),
            set_up=await self._is_set_up(name),
            crumbs=crumbs(("Koppelingen", "/beheer/koppelingen")),
        )

    async def _is_set_up(self, name: ConnectorId) -> bool:
        setups = self._admin.setups
        return setups is not None and any(one.instance == name for one in await setups.all())

    async def accept(self, request: Request) -> Response:
        """The layout of the files as it is now is agreed on; the next poll goes on with the same file."""
        session, _ = await self._admin.take(request)
        name = connector_of(request)
        if name not in self._admin.mending.sources:
            raise HTTPException(404)
        try:
            await self._admin.mending.layouts.accept(name, session.staff)
        except Refused:
            raise meanwhile() from None
        return go(f"/beheer/koppelingen/{name}", "vorm-aanvaard")

    async def again(self, request: Request) -> Response:
        """A refused file is read again at the next poll."""
        session, _ = await self._admin.take(request)
        drop, name = uuid_of(request, "drop"), connector_of(request)
        found = await self._admin.mending.files.find(drop)
        if found is None or found.connector != name:
            raise HTTPException(404)
        try:
            await self._admin.mending.files.again(drop, session.staff)
        except Refused:
            raise meanwhile() from None
        return go(f"/beheer/koppelingen/{name}", "opnieuw-inlezen")

    async def _version(self, name: ConnectorId) -> str:
        try:
            mapping = await self._admin.mending.mappings.in_use(name)
        except Misconfigured:
            return "niet te gebruiken: er komt niets binnen tot u haar herstelt"
        return mapping.version if mapping.verified else f"{mapping.version} (nog niet vergeleken met de echte levering)"

    def _why(self, run: FileRun) -> str:
        return self._admin.reason(run.reason) if run.reason else "Het bestand ging na het begin niet verder."

    def _facts(self, one: Standing, version: str) -> list[tuple[str, Cell]]:
        totals = one.totals
        return [
            ("Van", self._admin.party(one.party)),
            ("Bereikbaar", reach_of(one)),
            *([("Wat er is", one.words)] if broken(one) else []),
            ("Sinds", Moment(one.polled.since_us) if one.polled else None),
            ("Laatst bekeken", Moment(one.polled.polled_us) if one.polled else None),
            ("Bestanden", f"{totals.files}, waarvan {totals.refused} geweigerd en {totals.stuck} vast"),
            ("Rijen", sums(totals.accepted, totals.quarantined, totals.duplicate)),
            ("Mapping in gebruik", version),
        ]

    def _inbound(self, one: Standing) -> tuple[Cell, ...]:
        totals = one.totals
        return (
            Link(str(one.connector), f"/beheer/koppelingen/{one.connector}"),
            reach_of(one),
            one.words,
            Moment(one.polled.polled_us) if one.polled else None,
            Moment(one.last.seen_us) if one.last else None,
            totals.accepted + totals.quarantined + totals.duplicate,
            totals.accepted,
            totals.quarantined,
            totals.duplicate,
        )

    def _outbound(self, one: Waiting) -> tuple[Cell, ...]:
        words = "De hub brengt het." if one.pushed else "De ontvanger haalt het op."
        if one.down is not None:
            words = f"{self._admin.reason(one.down.cause)} {counted(one.down.failures, 'poging', 'pogingen')} op rij mislukt."
        return (
            Link(one.name, f"/beheer/bezorgingen/{one.recipient}"),
            flow_of(one),
            words,
            one.people,
            Moment(one.succeeded_us) if one.succeeded_us else None,
        )

    def _run(self, run: FileRun) -> tuple[Cell, ...]:
        return (
            Moment(run.seen_us),
            state_of(run),
            self._why(run) if run.reason or run.stuck else None,
            run.rows,
            run.accepted,
            Link(str(run.quarantined), f"/beheer/quarantaine/{run.drop_id}") if run.quarantined else 0,
            run.duplicate,
            str(run.drop_id)[-12:],
        )
