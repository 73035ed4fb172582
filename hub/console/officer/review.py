"""`/functionaris/steekproef`: every month a sample of the log to look through, line by line, and to sign off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.audit.search.lines import Line
from hub.audit.search.review import Marked, Month, Verdict, Why
from hub.audit.search.review.service import Reviews
from hub.audit.search.review.store import Drawn
from hub.consent.explain import dutch_date
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.navigation import READERS, SEARCHERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG
from hub.console.officer.viewing import Views
from hub.console.page import render
from hub.console.table import Badge, Column, Link, Moment, Row, table_of
from hub.console.words import Tone
from hub.errors import Refused

REVIEW: Final = "/functionaris/steekproef"
_WHY: Final = {
    Why.clear: "In orde",
    Why.purpose: "Vraag: het doel is onduidelijk",
    Why.amount: "Vraag: er ging te veel mee",
    Why.recipient: "Vraag: deze ontvanger verwachtte ik niet",
    Why.reason: "Vraag: de reden klopt niet",
    Why.moment: "Vraag: het tijdstip is vreemd",
    Why.other: "Vraag: anders",
}


class ReviewPages:
    """The lists, one list, and what is said of it."""

    def __init__(self, officer: OfficerDesk, reviews: Reviews, gate: Gate) -> None:
        self._officer = officer
        self._reviews = reviews
        self._gate = gate
        self._views = Views(officer.notes)

    async def every(self, request: Request) -> Response:
        """The lists there are, and whether last month has one."""
        session = await self._gate.admit(request, *READERS)
        return await self._every(request, not session.staff.roles.isdisjoint(SEARCHERS))

    async def _every(self, request: Request, may: bool, wrong: str = "") -> Response:
        lists = await self._reviews.every()
        last = self._reviews.last_month()
        rows: list[Row] = [
            (Link(_name(one.month), f"{REVIEW}/{one.month}"), Moment(one.drawn_us), one.size - one.first, _state(one))
            for one in lists
        ]
        columns = (
            Column("maand", "Maand", sort=False),
            Column("getrokken", "Getrokken op", sort=False),
            Column("regels", "Regels in die maand", number=True, sort=False),
            Column("staat", "Stand", sort=False),
        )
        table = table_of(
            request, "lijsten", "Steekproeven", columns, rows, empty="Er is nog geen steekproef.", sort="maand", export=False
        )
        return render(
            request,
            "officer/review.html",
            409 if wrong else 200,
            wrong=wrong,
            table=table,
            draw=None if any(one.month == last for one in lists) else last,
            draw_name=_name(last),
            may=may,
        )

    async def one(self, request: Request) -> Response:
        """One list. That it is looked at, is in the log first."""
        session = await self._gate.admit(request, *READERS)
        month = _month(request)
        await self._views.log(session.staff, "read-log", "review", {"year": month.year, "month": month.month})
        return await self._page(request, not session.staff.roles.isdisjoint(SEARCHERS))

    async def _page(self, request: Request, may: bool, wrong: str = "") -> Response:
        try:
            drawn, items = await self._reviews.one(_month(request))
        except Refused:
            raise HTTPException(404) from None
        names = await self._officer.names()
        return render(
            request,
            "officer/review_list.html",
            400 if wrong else 200,
            crumbs=(Link("Functionaris", "/functionaris"), Link("Steekproef", REVIEW)),
            drawn=drawn,
            title=_name(drawn.month),
            here=f"{REVIEW}/{drawn.month}",
            root=drawn.root.hex(),
            digest=drawn.digest.hex() if drawn.digest else "",
            signed_by=words.named(drawn.signed_by, names),
            state=_state(drawn),
            lines=[self._line(names, item, line) for item, line in items],
            options=[("", "Nog niet nagekeken"), *((why.value, label) for why, label in _WHY.items())],
            left=sum(not item.verdict for item, _ in items),
            may=may and drawn.signed_us is None,
            wrong=wrong,
        )

    def _line(self, names: Mapping[str, str], item: Marked, line: Line | None) -> tuple[int, str, str, str, str]:
        """Its place, kind, who did what, where it is shown, and what was said of it."""
        if line is None:
            return item.seq, words.KINDS[item.kind], "Deze regel is opgeschoond", "", item.reason
        policy = self._officer.policy
        who = words.named(f"Medewerker {line.staff}", names) if line.staff else words.party(policy, line.source or line.actor)
        to = words.party(policy, line.recipient) or words.operation(line.operation)
        return item.seq, words.KINDS[item.kind], f"{who}: {to}", f"{LOG}/{line.ref}", item.reason

    async def draw(self, request: Request) -> Response:
        """Draws the list of last month."""
        session, _ = await self._gate.take(request, *SEARCHERS)
        month = self._reviews.last_month()
        try:
            await self._reviews.draw(month, session.staff.staff_id)
        except Refused:
            why = f"In {_name(month)} is niets vastgelegd, of iemand anders trok de steekproef net. Kijk in de lijst hieronder."
            return await self._every(request, True, why)
        return RedirectResponse(f"{REVIEW}/{month}", 303)

    async def mark(self, request: Request) -> Response:
        """Keeps what was said of lines; lines that were left open, or stand as they did, are passed over."""
        session, form = await self._gate.take(request, *SEARCHERS)
        month = _month(request)
        try:
            _, items = await self._reviews.one(month)
            said = {
                item.seq: _verdict(text)
                for item, _ in items
                if (text := form.one(f"oordeel-{item.seq}")) not in ("", item.reason)
            }
            if said:
                await self._reviews.mark(month, said, session.staff.staff_id)
        except Refused:
            return await self._page(request, True, "Deze lijst is al afgetekend.")
        return RedirectResponse(f"{REVIEW}/{month}", 303)

    async def sign(self, request: Request) -> Response:
        """Signs the list off."""
        session, _ = await self._gate.take(request, *SEARCHERS)
        month = _month(request)
        try:
            await self._reviews.sign(month, session.staff.staff_id)
        except Refused:
            return await self._page(request, True, "Kijk eerst alle regels na. Daarna kunt u de lijst aftekenen.")
        return RedirectResponse(f"{REVIEW}/{month}", 303)


def _verdict(text: str) -> tuple[Verdict, Why]:
    try:
        why = Why(text)
    except ValueError:
        raise HTTPException(400) from None
    return (Verdict.fine if why is Why.clear else Verdict.question), why


def _month(request: Request) -> Month:
    try:
        return Month.parse(request.path_params["month"])
    except ValueError:
        raise HTTPException(404) from None


def _name(month: Month) -> str:
    return dutch_date(date(month.year, month.month, 1)).partition(" ")[2]


def _state(drawn: Drawn) -> Badge:
    return Badge("Open", Tone.note) if drawn.signed_us is None else Badge("Afgetekend", Tone.ok)
