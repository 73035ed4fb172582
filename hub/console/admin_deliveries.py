"""/beheer/bezorgingen: who waits for whom, since when and until when; holding a recipient, and freeing it."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, crumbs, flow_of, hold_words, meanwhile, party_of, term
from hub.console.page import go, render
from hub.console.table import Cell, Column, Link, Moment, asks_csv, csv_of, table_of
from hub.errors import Refused
from hub.mend.deliveries import HOLD_REASONS, HoldReason, Waiting

_COLUMNS: Final = (
    Column("ontvanger", "Ontvanger"),
    Column("staat", "Staat"),
    Column("jongeren", "Jongeren die wachten", number=True),
    Column("telaat", "Van wie te laat", number=True),
    Column("bezorgingen", "Bezorgingen", number=True),
    Column("onderweg", "Nog niet bevestigd", number=True),
    Column("sinds", "Oudste sinds"),
    Column("uiterlijk", "Uiterlijk (wet of afspraak)"),
    Column("termijn", "Termijn", sort=False),
)
_REASON: Final = "Kies waarom u de bezorgingen ophoudt."


class DeliveryPages:
    """What waits for recipients."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def page(self, request: Request) -> Response:
        """Every recipient."""
        await self._admin.admit(request)
        queue = await self._admin.deliveries.queue()
        table = table_of(
            request,
            "bezorgingen",
            "Wat wacht, per ontvanger",
            _COLUMNS,
            [_row(one) for one in queue.recipients],
            empty="Er wacht niets en er is nog niets bezorgd. Zodra een gever iets aanlevert, staat het hier.",
            sort="telaat",
            descending=True,
        )
        if asks_csv(request):
            return csv_of(table, "bezorgingen.csv")
        quiet = [Link(party.name, f"/beheer/bezorgingen/{party.id}") for party in self._admin.deliveries.quiet(queue)]
        return render(request, "admin/deliveries.html", queue=queue, table=table, quiet=quiet, crumbs=crumbs())

    async def one(self, request: Request) -> Response:
        """One recipient."""
        await self._admin.admit(request)
        return await self._one(request)

    async def hold(self, request: Request) -> Response:
        """Nothing goes to the recipient, for a reason."""
        session, form = await self._admin.take(request)
        try:
            reason = HoldReason(form.one("reden"))
        except ValueError:
            return await self._one(request, 400, error=_REASON)
        try:
            await self._admin.deliveries.hold(party_of(request), reason, session.staff)
        except Refused:
            raise meanwhile() from None
        return go(f"/beheer/bezorgingen/{party_of(request)}", "opgehouden")

    async def free(self, request: Request) -> Response:
        """It goes on."""
        session, _ = await self._admin.take(request)
        try:
            await self._admin.deliveries.free(party_of(request), session.staff)
        except Refused:
            raise meanwhile() from None
        return go(f"/beheer/bezorgingen/{party_of(request)}", "vrijgegeven")

    async def try_now(self, request: Request) -> Response:
        """Its system is tried at once."""
        session, _ = await self._admin.take(request)
        try:
            await self._admin.deliveries.try_now(party_of(request), session.staff)
        except Refused:
            raise meanwhile() from None
        return go(f"/beheer/bezorgingen/{party_of(request)}", "geprobeerd")

    async def _one(self, request: Request, status: int = 200, error: str = "") -> Response:
        found = await self._admin.deliveries.find(party_of(request))
        if found is None:
            raise HTTPException(404)
        return render(
            request,
            "admin/recipient.html",
            status,
            one=found,
            facts=self._facts(found),
            failed=await self._admin.deliveries.failed(found.recipient),
            cause=self._admin.reason(found.down.cause) if found.down else "",
            remedy=self._admin.remedy(found.down.cause) if found.down else "",
            hold=hold_words(found.hold) if found.hold else "",
            options=[("", "Kies een reden"), *((reason.value, words) for reason, words in HOLD_REASONS.items())],
            error=error,
            crumbs=crumbs(("Bezorgingen", "/beheer/bezorgingen")),
        )

    def _facts(self, one: Waiting) -> list[tuple[str, Cell]]:
        return [
            ("Staat", flow_of(one)),
            ("Hoe het gaat", "De hub brengt het" if one.pushed else "De ontvanger haalt het op"),
            ("Jongeren die wachten", one.people),
            ("Van wie te laat", one.late),
            ("Bezorgingen die wachten", one.deliveries),
            ("Daarvan aangeboden, nog niet bevestigd", one.handed),
            ("Oudste wacht sinds", Moment(one.oldest_us) if one.oldest_us else None),
            ("Uiterlijk (wet of afspraak)", Moment(one.due.until_us) if one.due else None),
            ("Termijn", term(one.due)),
            ("Waar dat staat", f"{one.due.agreement}: {one.due.article}. {one.due.text_nl}" if one.due else None),
            ("Laatst gelukt", Moment(one.succeeded_us) if one.succeeded_us else None),
        ]


def _row(one: Waiting) -> tuple[Cell, ...]:
    return (
        Link(one.name, f"/beheer/bezorgingen/{one.recipient}"),
        flow_of(one),
        one.people,
        one.late,
        one.deliveries,
        one.handed,
        Moment(one.oldest_us) if one.oldest_us else None,
        Moment(one.due.until_us) if one.due else None,
        term(one.due),
    )
