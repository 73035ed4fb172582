"""`/functionaris/vergeten`: forgetting a person, asked by one and decided by another; and a hold on one person.

No request says whom it is about. The number is posted, used once, and kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request as Asked
from starlette.responses import Response

from hub.clock import legal_date
from hub.consent.explain import dutch_date
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.navigation import FORGETTERS
from hub.console.officer import words
from hub.console.page import go, render
from hub.console.table import Badge, Column, Link, Moment, Row, Table, asks_csv, csv_of, table_of
from hub.console.text import number
from hub.console.words import Tone
from hub.domain.staff import Role, Staff
from hub.errors import Malformed, Refused
from hub.retention.holds import OPENERS
from hub.retention.model import HoldKind
from hub.rights.erasure.model import Against, Ground, Obstacle, Preview, Request, State
from hub.rights.erasure.service import Forgetting

FORGETTING: Final = "/functionaris/vergeten"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"),)
_HELD: Final = MappingProxyType({HoldKind.breach: "Een datalek loopt", HoldKind.legal_hold: "Een geschil of onderzoek loopt"})
_STATES: Final[Mapping[State, Badge]] = MappingProxyType(
    {
        State.asked: Badge("Wacht op besluit", Tone.warning),
        State.ordered: Badge("Wordt vergeten", Tone.note),
        State.done: Badge("Vergeten", Tone.ok),
        State.declined: Badge("Afgewezen", Tone.note),
    }
)
_COLUMNS: Final = (
    Column("verzoek", "Verzoek"),
    Column("grond", "Grond"),
    Column("gevraagd", "Gevraagd op"),
    Column("door", "Door"),
    Column("stand", "Stand"),
    Column("besloten", "Besloten op"),
    Column("beslisser", "Door wie"),
)
_NOT_DONE: Final = "Uw rol mag dit niet, iemand anders moet besluiten, of er staat nog iets in de weg. Bekijk het verzoek."
_NOBODY: Final = "De hub kent niemand met dit nummer, of er wacht al een verzoek over deze persoon."


class ForgettingPages:
    """The list with its form, and one request with what stands against it."""

    def __init__(self, officer: OfficerDesk, desk: Forgetting, gate: Gate) -> None:
        self._officer, self._desk, self._gate = officer, desk, gate

    async def every(self, request: Asked) -> Response:
        """The requests, and the form for another."""
        session = await self._gate.admit(request, *FORGETTERS)
        return await self._page(request, session.staff)

    async def ask(self, request: Asked) -> Response:
        """Prepares a request, or opens a hold, about the person with the number in the form."""
        session, form = await self._gate.take(request, *FORGETTERS)
        digits, why = re.sub(r"[\s.]", "", form.one("nummer")), form.one("waarom")
        if form.one("doe") == "bewaarplicht":
            return await self._hold(request, session.staff, digits, why)
        if why not in list(Ground):
            wrong = [("waarom", "Kies waarom deze persoon wordt vergeten.")]
            return await self._page(request, session.staff, 400, wrong)
        try:
            found = await self._desk.ask(digits, Ground(why), session.staff)
        except Malformed:
            wrong = [("nummer", "Dit is geen geldig BSN of onderwijsnummer. Controleer het nummer en typ het opnieuw.")]
            return await self._page(request, session.staff, 400, wrong)
        except Refused:
            return await self._page(request, session.staff, 409, [("nummer", _NOBODY)])
        return go(f"{FORGETTING}/{found.erasure_id}", "vergeten-gevraagd")

    async def one(self, request: Asked) -> Response:
        """One request: what would go, and what stands against it now."""
        session = await self._gate.admit(request, *FORGETTERS)
        return await self._show(request, session.staff)

    async def decide(self, request: Asked) -> Response:
        """Orders or declines it; another than who asked, in their role, which the desk behind the page checks too."""
        session, form = await self._gate.take(request, *FORGETTERS)
        erasure_id = UUID(str(request.path_params["id"]))
        try:
            match form.one("besluit"):
                case "vergeten" if form.one("zeker") == "ja":
                    await self._desk.order(erasure_id, session.staff)
                    done = "vergeten"
                case "afwijzen":
                    await self._desk.decline(erasure_id, session.staff)
                    done = "vergeten-afgewezen"
                case _:
                    raise HTTPException(400)
        except Refused:
            return await self._show(request, session.staff, 409, _NOT_DONE)
        return go(f"{FORGETTING}/{erasure_id}", done)

    async def _hold(self, request: Asked, staff: Staff, digits: str, why: str) -> Response:
        if why not in list(HoldKind):
            raise HTTPException(400)
        try:
            await self._desk.hold(digits, HoldKind(why), staff)
        except Malformed:
            wrong = [("nummer", "Dit is geen geldig BSN of onderwijsnummer. Controleer het nummer en typ het opnieuw.")]
            return await self._page(request, staff, 400, wrong)
        except Refused:
            return await self._page(request, staff, 409, [("nummer", _NOBODY)])
        return go(FORGETTING, "bewaarplicht-vastgelegd")

    async def _page(
        self, request: Asked, staff: Staff, status: int = 200, wrong: list[tuple[str, str]] | None = None
    ) -> Response:
        table = self._table(request, await self._desk.requests(), await self._officer.names())
        if asks_csv(request, table.name):
            return csv_of(table, "verzoeken-om-te-vergeten.csv")
        return render(
            request,
            "officer/forgetting.html",
            status,
            crumbs=_CRUMBS,
            table=table,
            grounds=[("", "Kies een grond"), *((each.value, each.label) for each in Ground)],
            causes=[(each.value, label) for each, label in _HELD.items()],
            may_ask=Role.privacy_officer in staff.roles,
            may_hold=not staff.roles.isdisjoint(OPENERS),
            wrong=wrong or [],
            errors=dict(wrong or []),
            here=FORGETTING,
        )

    async def _show(self, request: Asked, staff: Staff, status: int = 200, wrong: str = "") -> Response:
        erasure_id = UUID(str(request.path_params["id"]))
        made = next((one for one in await self._desk.requests() if one.erasure_id == erasure_id), None)
        if made is None:
            raise HTTPException(404)
        found = await self._desk.preview(erasure_id) if made.state is State.asked else None
        names = await self._officer.names()
        mine = made.asked_by == str(staff.staff_id)
        return render(
            request,
            "officer/forgetting_request.html",
            status,
            crumbs=(*_CRUMBS, Link("Vergeten", FORGETTING)),
            made=made,
            state=_STATES[made.state],
            ground=made.ground.label,
            asked_by=words.named(made.asked_by, names) or "Bij de hub zelf",
            facts=None if found is None else _facts(found),
            nos=0 if found is None else found.nos,
            keys_given=0 if found is None else found.keys_given,
            against=[] if found is None else [self._against(one) for one in found.obstacles],
            may_decide=found is not None and not mine and not staff.roles.isdisjoint((Role.decision_maker, Role.fg)),
            mine=mine,
            entry=None if made.entry is None else f"/functionaris/logboek/{made.entry}",
            wrong=wrong,
            here=f"{FORGETTING}/{erasure_id}",
        )

    def _against(self, one: Obstacle) -> str:
        party = "" if one.recipient is None else words.party(self._officer.policy, one.recipient)
        match one.what:
            case Against.hold:
                return "Er loopt een datalek, of er staat een bewaarplicht. De FG of de beslisser heft die op."
            case Against.waiting:
                return f"{party} wacht nog op {number(one.count)} {_deliveries(one.count)}. Laat ze gaan, of laat ze vervallen."
            case Against.notice:
                return f"Er loopt een bericht aan {party} over deze persoon. Wacht op het antwoord, of sluit het af."
            case Against.held_by_recipient:
                until = "" if one.until_us is None else f", uiterlijk tot {dutch_date(legal_date(one.until_us))}"
                ask = "Laat de beheerder een bericht sturen om ze te wissen (hub rights notices raise)."
                return f"{party} mag de gegevens nog hebben{until}. {ask}"

    def _table(self, request: Asked, found: list[Request], names: Mapping[str, str]) -> Table:
        rows: list[Row] = [
            (
                Link(str(one.erasure_id)[-12:], f"{FORGETTING}/{one.erasure_id}"),
                one.ground.label,
                Moment(one.asked_us),
                words.named(one.asked_by, names) or "Bij de hub zelf",
                _STATES[one.state],
                "" if one.decided_us is None else Moment(one.decided_us),
                "" if one.decided_by is None else words.named(one.decided_by, names) or "Bij de hub zelf",
            )
            for one in found
        ]
        empty = "Er is nog niet gevraagd om iemand te vergeten."
        return table_of(
            request, "verzoeken", "Verzoeken om te vergeten", _COLUMNS, rows, empty=empty, sort="gevraagd", descending=True
        )


def _facts(found: Preview) -> list[tuple[str, int]]:
    return [
        ("Regels in het logboek die niet meer te herleiden zijn", found.entries),
        ("Beoordeelde gegevens die verdwijnen", found.records),
        ("Verklaringen die verdwijnen", found.statements),
    ]


def _deliveries(count: int) -> str:
    return "levering" if count == 1 else "leveringen"
