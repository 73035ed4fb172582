"""`/functionaris/bezwaren`: the objections that wait for a ruling, by when, and what stops meanwhile; and the ruling itself.

Nobody is named: an objection goes by its id. Who may look up a person is led on to their statements, which is logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import legal_date
from hub.consent.explain import dutch_date
from hub.consent.model import PolicySet, Side
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.navigation import AGREEING, DECIDERS, READERS, SEARCHERS
from hub.console.officer import words
from hub.console.officer.policy_parts import HERE as AGREEMENTS
from hub.console.officer.statements import HERE as STATEMENTS
from hub.console.page import go, render
from hub.console.table import Badge, Cell, Column, Day, Link, Moment, Row, Table, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.staff import Staff
from hub.domain.terms import PartyId
from hub.errors import Malformed, Refused
from hub.policies.telling import KINDS
from hub.statements.objections import Effect, Objection, check_ruler, effects, waits_for
from hub.statements.rulings import Rulings

OBJECTIONS: Final = "/functionaris/bezwaren"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"), Link("Bezwaren", OBJECTIONS))
_SOON: Final = 7
_COLUMNS: Final = (
    Column("sinds", "Gemaakt op"),
    Column("bezwaar", "Bezwaar", sort=False),
    Column("tegen", "Waartegen"),
    Column("beslist", "Wie beslist"),
    Column("uiterlijk", "Uiterlijk"),
    Column("stand", "Stand", sort=False),
)
_EFFECTS: Final = (
    Column("gevolg", "Tot het besluit"),
    Column("bepaling", "Bepaling"),
    Column("van", "Van"),
    Column("aan", "Aan"),
    Column("doel", "Doel"),
    Column("waarom", "Waarom", sort=False),
)
_EMPTY: Final = "Geen bezwaar wacht op een besluit."
_UNNAMED: Final = (
    ". Het bezwaar noemt geen organisatie: dit is wie gegevens kreeg waar het over gaat. Kreeg niemand iets, dan wie het "
    "hoorde, en die geeft het door."
)
_NO_EFFECT: Final = "Geen afspraak die nu geldt, geeft gegevens waar dit bezwaar over gaat."
_WRONG: Final = "Kies het besluit, en een organisatie waarvoor u mag beslissen. Er is niets vastgelegd."
_NOT_DONE: Final = "Dit mag u niet, of iemand anders was u voor. Er is niets vastgelegd. Hieronder staat hoe het nu is."


class ObjectionPages:
    """The pages about objections that wait."""

    def __init__(self, officer: OfficerDesk, rulings: Rulings, gate: Gate) -> None:
        self._officer, self._rulings, self._gate = officer, rulings, gate

    def _today(self) -> date:
        return legal_date(self._rulings.statements.clock.now_us())

    async def every(self, request: Request) -> Response:
        """All that wait; a decision-maker sees those that are theirs to rule on."""
        session = await self._gate.admit(request, *AGREEING)
        staff, policy, today = session.staff, self._officer.policy, self._today()
        found = [one for one in await self._rulings.waiting() if _shown(policy, one, staff)]
        rows = [_row(policy, one, today) for one in found]
        caption = "Bezwaren die op een besluit wachten"
        table = table_of(request, "bezwaren", caption, _COLUMNS, rows, empty=_EMPTY, sort="uiterlijk")
        if asks_csv(request):
            return csv_of(table, "bezwaren.csv")
        late = sum(one.late(today) for one in found)
        return render(request, "officer/objections.html", crumbs=_CRUMBS[:1], table=table, late=late)

    async def one(self, request: Request) -> Response:
        """One of them: what stops, what goes on, and the form for the ruling."""
        session = await self._gate.admit(request, *AGREEING)
        return await self._one(request, session.staff)

    async def _one(self, request: Request, staff: Staff, wrong: str = "", status: int = 200) -> Response:
        policy, today = self._officer.policy, self._today()
        try:
            one = await self._rulings.find(_id(request))
        except Refused:
            return render(request, "officer/objection_none.html", 404, crumbs=_CRUMBS)
        if not _shown(policy, one, staff):
            raise HTTPException(403)
        controllers = [each for each in one.controllers if _may_rule(policy, each, staff)]
        return render(
            request,
            "officer/objection.html",
            status,
            crumbs=_CRUMBS,
            facts=_facts(policy, one),
            stand=_stand(one, today),
            late=one.late(today),
            effects=_table(request, policy, effects(policy, self._officer.rules.life, one.scope, today)),
            controllers=[("", "Kies een organisatie"), *((str(each), words.party(policy, each)) for each in controllers)],
            may_rule=bool(controllers),
            several=len(one.controllers) > 1,
            person="" if staff.roles.isdisjoint(SEARCHERS) else f"{STATEMENTS}/{one.statement_id}",
            here=f"{OBJECTIONS}/{one.statement_id}",
            wrong=[("besluit", wrong)] if wrong else [],
        )

    async def rule(self, request: Request) -> Response:
        """The ruling of the controller."""
        session, form = await self._gate.take(request, *DECIDERS)
        ruling, controller = form.one("besluit"), form.one("partij")
        if ruling not in ("toegewezen", "afgewezen") or controller not in self._officer.policy.parties:
            return await self._one(request, session.staff, _WRONG, 400)
        try:
            await self._rulings.rule(_id(request), ruling == "toegewezen", PartyId(controller), session.staff)
        except (Malformed, Refused):
            return await self._one(request, session.staff, _NOT_DONE, 409)
        return go(OBJECTIONS, "bezwaar-beslist")


def _id(request: Request) -> UUID:
    found: UUID = request.path_params["id"]
    return found


def _shown(policy: PolicySet, one: Objection, staff: Staff) -> bool:
    return not staff.roles.isdisjoint(READERS) or waits_for(policy, one, staff)


def _may_rule(policy: PolicySet, controller: PartyId, staff: Staff) -> bool:
    try:
        check_ruler(policy, controller, staff)
    except Refused:
        return False
    return True


def _row(policy: PolicySet, one: Objection, today: date) -> Row:
    return (
        Moment(one.said_us),
        Link(f"Bezwaar {str(one.statement_id)[-6:]}", f"{OBJECTIONS}/{one.statement_id}"),
        _against(policy, one),
        _parties(policy, one.controllers),
        Day(one.until),
        _stand(one, today),
    )


def _stand(one: Objection, today: date) -> Badge:
    left = (one.until - today).days
    if left < 0:
        return Badge(f"{words.counted(-left, 'dag', 'dagen')} te laat", Tone.error)
    if left == 0:
        return Badge("Vandaag de laatste dag", Tone.warning)
    return Badge(f"Nog {words.counted(left, 'dag', 'dagen')}", Tone.warning if left <= _SOON else Tone.note)


def _against(policy: PolicySet, one: Objection) -> str:
    if one.scope.purposes is None:
        return "Alle doelen"
    return words.listed([words.purpose(policy, each) for each in sorted(one.scope.purposes)])


def _parties(policy: PolicySet, parties: Sequence[PartyId]) -> str:
    return words.listed([words.party(policy, each) for each in parties])


def _facts(policy: PolicySet, one: Objection) -> list[tuple[str, Cell]]:
    return [
        ("Gemaakt op", Moment(one.said_us)),
        ("Vastgelegd door", words.party(policy, one.party)),
        ("Waartegen", _against(policy, one)),
        ("Bij wie", _parties(policy, one.asked) + ("" if one.scope.parties else _UNNAMED)),
        ("Wie beslist", f"{_parties(policy, one.controllers)}. Niet de hub."),
        ("Uiterlijk", f"{dutch_date(one.until)}: een maand (AVG, artikel 12, derde lid)"),
    ]


def _table(request: Request, policy: PolicySet, found: Sequence[Effect]) -> Table:
    rows: list[Row] = [
        (
            Badge("Stopt", Tone.warning) if one.stops else Badge("Gaat door", Tone.note),
            Link(one.clause, f"{AGREEMENTS}/afspraak/{one.agreement}"),
            _side(policy, one.giver),
            _side(policy, one.recipient),
            words.listed([words.purpose(policy, each) for each in one.purposes]),
            "Het rust op een taak (AVG, artikel 18, eerste lid, onder d)"
            if one.stops
            else words.listed([words.basis(policy, each) for each in one.despite]),
        )
        for one in found
    ]
    caption = "Wat dit bezwaar stopt, en wat doorgaat"
    return table_of(
        request, "gevolgen", caption, _EFFECTS, rows, empty=_NO_EFFECT, sort="gevolg", descending=True, export=False
    )


def _side(policy: PolicySet, side: Side) -> str:
    return words.party(policy, side.party) if side.party is not None else KINDS[side.kind] if side.kind is not None else ""
