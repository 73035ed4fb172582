"""/beheer/mislukt: what recipients would not have and what may not go any more, by cause; taking it up or giving it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, cause_of, crumbs, meanwhile, party_of
from hub.console.form import Fields, asked
from hub.console.page import go, render
from hub.console.table import Cell, Column, Link, Moment, asks_csv, csv_of, order_of, page_of, table_of
from hub.deliver.overview.store import Ended
from hub.domain.terms import PartyId, ReasonCode
from hub.errors import Refused
from hub.mend.deliveries import DROP_REASONS, DropReason

_PAGE: Final = 100
_COLUMNS: Final = (
    Column("ontvanger", "Ontvanger"),
    Column("oorzaak", "Oorzaak"),
    Column("doen", "Wat u kunt doen"),
    Column("jongeren", "Jongeren", number=True),
    Column("bezorgingen", "Bezorgingen", number=True),
    Column("sinds", "Sinds"),
    Column("achter", "Wachten erachter", number=True),
)
_ONES: Final = (
    Column("bezorging", "Bezorging", sort=False),
    Column("bron", "Van", sort=False),
    Column("binnen", "Binnengekomen", sort=False),
    Column("sinds", "Mislukt of gestopt", sort=False),
    Column("pogingen", "Pogingen", number=True, sort=False),
)
_REASON: Final = "Kies waarom de bezorgingen niet meer hoeven."
_SURE: Final = "Vink aan dat u het zeker weet: dit kan niet terug."


class FailedPages:
    """Dead letters, and what was stopped."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def page(self, request: Request) -> Response:
        """By recipient and cause."""
        await self._admin.admit(request)
        tables = [
            table_of(
                request,
                name,
                caption,
                _COLUMNS,
                [self._row(one) for one in rows],
                empty=empty,
                sort="jongeren",
                descending=True,
            )
            for name, caption, rows, empty in (
                (
                    "mislukt",
                    "Mislukt: de ontvanger nam het niet aan",
                    await self._admin.deliveries.failed(),
                    "Er is niets mislukt. Wat een ontvanger niet aanneemt, komt hier te staan.",
                ),
                (
                    "gestopt",
                    "Gestopt: het mocht niet meer",
                    await self._admin.deliveries.stopped(),
                    "Er is niets gestopt. Wat bij het versturen niet meer mag, komt hier te staan.",
                ),
            )
        ]
        for one in tables:
            if asks_csv(request, one.name):
                return csv_of(one, f"bezorgingen-{one.name}.csv")
        return render(request, "admin/failed.html", failed=tables[0], stopped=tables[1], crumbs=crumbs())

    async def one(self, request: Request) -> Response:
        """One cause at one recipient, with the single deliveries."""
        await self._admin.admit(request)
        party, cause = party_of(request), cause_of(request)
        groups = await self._groups(party, cause)
        after = _uuid(asked(request).one("na"))
        ones = await self._admin.deliveries.ones(party, cause, after=after, limit=_PAGE + 1)
        here = f"/beheer/mislukt/{party}/{cause}"
        table = page_of(
            request,
            "bezorgingen",
            "De bezorgingen",
            _ONES,
            [
                (
                    Link(str(one.delivery_id), f"{here}/{one.delivery_id}"),
                    self._admin.party(one.source),
                    Moment(one.held_us),
                    Moment(one.since_us),
                    one.attempts,
                )
                for one in ones[:_PAGE]
            ],
            empty="Er staat niets meer open met deze oorzaak.",
            order=order_of(request, "bezorgingen", _ONES, sort="bezorging"),
            following={"na": str(ones[_PAGE - 1].delivery_id)} if len(ones) > _PAGE else None,
        )
        if asks_csv(request):
            return csv_of(table, "mislukte-bezorgingen.csv")
        return render(
            request,
            "admin/failed_cause.html",
            **self._about(party, cause),
            groups=groups,
            table=table,
            here=here,
            crumbs=crumbs(("Mislukt", "/beheer/mislukt")),
        )

    async def single(self, request: Request) -> Response:
        """One delivery."""
        await self._admin.admit(request)
        party, cause, wanted = party_of(request), cause_of(request), _uuid(request.path_params["delivery"])
        if wanted is None:
            raise HTTPException(404)
        found = next((one for one in await self._admin.deliveries.ones(party, cause, after=_before(wanted), limit=1)), None)
        if found is None or found.delivery_id != wanted:
            raise HTTPException(404)
        facts: list[tuple[str, Cell]] = [
            ("Bezorging", str(found.delivery_id)),
            ("Van", self._admin.party(found.source)),
            ("Aan", self._admin.party(party)),
            ("Binnengekomen", Moment(found.held_us)),
            ("Mislukt" if found.state == "failed" else "Gestopt", Moment(found.since_us)),
            ("Pogingen", found.attempts),
            ("Oorzaak", self._admin.reason(cause)),
            ("Code", str(cause)),
        ]
        here = f"/beheer/mislukt/{party}/{cause}"
        return render(
            request,
            "admin/failed_one.html",
            **self._about(party, cause),
            delivery=str(wanted),
            facts=facts,
            here=here,
            crumbs=crumbs(("Mislukt", "/beheer/mislukt"), (self._admin.party(party), here)),
        )

    async def resume(self, request: Request) -> Response:
        """They wait again."""
        session, form = await self._admin.take(request)
        party, cause = party_of(request), cause_of(request)
        try:
            await self._admin.deliveries.resume(party, _chosen(form, cause), session.staff)
        except Refused:
            raise meanwhile() from None
        return go("/beheer/mislukt", "opnieuw-klaargezet")

    async def ask(self, request: Request) -> Response:
        """Whether to give them up for good."""
        await self._admin.admit(request)
        return await self._ask(request, asked(request))

    async def drop(self, request: Request) -> Response:
        """They go no more."""
        session, form = await self._admin.take(request)
        party, cause = party_of(request), cause_of(request)
        try:
            reason: DropReason | None = DropReason(form.one("reden"))
        except ValueError:
            reason = None
        sure = form.one("zeker") == "ja"
        if reason is None or not sure:
            mistakes = [
                *([("reden", _REASON)] if reason is None else []),
                *([] if sure else [("zeker-ja", _SURE)]),
            ]
            return await self._ask(request, form, 400, mistakes, reason)
        try:
            await self._admin.deliveries.drop(party, _chosen(form, cause), reason, session.staff)
        except Refused:
            raise meanwhile() from None
        return go("/beheer/mislukt", "opgegeven")

    async def _ask(
        self,
        request: Request,
        fields: Fields,
        status: int = 200,
        mistakes: Sequence[tuple[str, str]] = (),
        reason: DropReason | None = None,
    ) -> Response:
        party, cause = party_of(request), cause_of(request)
        count, people = await self._admin.deliveries.count(party, _chosen(fields, cause))
        if not count:
            raise HTTPException(404)
        here = f"/beheer/mislukt/{party}/{cause}"
        return render(
            request,
            "admin/give_up.html",
            status,
            **self._about(party, cause),
            here=here,
            delivery=fields.one("bezorging"),
            count=count,
            people=people,
            mistakes=mistakes,
            chosen=reason.value if reason else "",
            options=[("", "Kies een reden"), *((one.value, words) for one, words in DROP_REASONS.items())],
            crumbs=crumbs(("Mislukt", "/beheer/mislukt"), (self._admin.party(party), here)),
        )

    async def _groups(self, party: PartyId, cause: ReasonCode) -> list[Ended]:
        failed = await self._admin.deliveries.failed(party, cause)
        return failed + await self._admin.deliveries.stopped(party, cause)

    def _about(self, party: PartyId, cause: ReasonCode) -> dict[str, Any]:
        admin = self._admin
        return {
            "recipient": admin.party(party),
            "reason": admin.reason(cause),
            "remedy": admin.remedy(cause),
            "party": str(party),
            "code": str(cause),
        }

    def _row(self, one: Ended) -> tuple[Cell, ...]:
        name = self._admin.party(one.recipient)
        return (
            Link(name, f"/beheer/mislukt/{one.recipient}/{one.cause}") if one.cause else name,
            self._admin.reason(one.cause),
            self._admin.remedy(one.cause),
            one.people,
            one.deliveries,
            Moment(one.since_us),
            one.behind,
        )


def _chosen(fields: Fields, cause: ReasonCode) -> Sequence[UUID] | ReasonCode:
    """One delivery, or all with this cause. 404 for what is no delivery."""
    if not (given := fields.one("bezorging")):
        return cause
    found = _uuid(given)
    if found is None:
        raise HTTPException(404)
    return [found]


def _before(wanted: UUID) -> UUID:
    return UUID(int=max(wanted.int - 1, 0))


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError:
        return None
