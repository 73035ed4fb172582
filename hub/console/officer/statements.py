"""`/functionaris/verklaringen`: what somebody stated, recorded, taken back in two clicks, decided, and proved on paper.

The number is posted, used once and kept nowhere; a statement goes by an id that says nothing about anyone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import legal_date
from hub.consent.explain import dutch_date
from hub.consent.statement import Event, Hold
from hub.console.desk import OfficerDesk
from hub.console.form import Fields
from hub.console.gate import Gate
from hub.console.navigation import RECORDERS, SEARCHERS
from hub.console.officer import words
from hub.console.officer.statements_form import PLAIN, Wrong, options, read_said, read_spoken
from hub.console.page import go, render
from hub.console.table import Badge, Column, Link, Moment, Table, table_of
from hub.console.words import Tone
from hub.domain.facts import StatementState
from hub.domain.staff import Staff
from hub.domain.terms import Micros
from hub.errors import HubError, Malformed, Refused
from hub.statements.desk import Statements
from hub.statements.proof import HAPPENED, KINDS, VOICES, Slip, prove
from hub.statements.receipt import Receipts
from hub.statements.said import Told

HERE: Final = "/functionaris/verklaringen"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"), Link("Verklaringen", HERE))
_OVER: Final = frozenset(
    {StatementState.withdrawn, StatementState.expired, StatementState.invalidated, StatementState.proxy_ended}
)
_STATES: Final = {
    StatementState.requested: Badge("Gevraagd, geen antwoord", Tone.note),
    StatementState.given: Badge("Geldt", Tone.ok),
    StatementState.refused: Badge("Nee gezegd", Tone.warning),
    StatementState.withdrawn: Badge("Ingetrokken", Tone.warning),
    StatementState.expired: Badge("Verlopen", Tone.note),
    StatementState.invalidated: Badge("Vervallen", Tone.warning),
    StatementState.proxy_ended: Badge("Jongere beslist nu zelf", Tone.warning),
}
_NO_NUMBER: Final = "Dit is geen geldig BSN of onderwijsnummer. Controleer het nummer en typ het opnieuw."


class StatementPages:
    """The pages about statements."""

    def __init__(self, officer: OfficerDesk, statements: Statements, receipts: Receipts, gate: Gate) -> None:
        self._officer, self._statements, self._receipts, self._gate = officer, statements, receipts, gate

    async def ask(self, request: Request) -> Response:
        """The question whose statements."""
        session = await self._gate.admit(request, *SEARCHERS)
        return self._ask(request, session.staff)

    def _ask(self, request: Request, staff: Staff, error: str = "") -> Response:
        may = not staff.roles.isdisjoint(RECORDERS)
        return render(
            request, "officer/statements.html", 400 if error else 200, crumbs=_CRUMBS[:1], error=error, may_record=may
        )

    async def answer(self, request: Request) -> Response:
        """All statements about the person whose number was posted."""
        session, form = await self._gate.take(request, *SEARCHERS)
        try:
            found = await self._statements.history(_number(form), session.staff.staff_id)
        except Malformed:
            return self._ask(request, session.staff, _NO_NUMBER)
        return self._person(request, found, session.staff)

    async def show(self, request: Request) -> Response:
        """The same of the person whom a statement is about."""
        session = await self._gate.admit(request, *SEARCHERS)
        try:
            found = await self._statements.beside(_id(request), session.staff.staff_id)
        except Refused:
            raise HTTPException(404) from None
        return self._person(request, found, session.staff)

    def _person(
        self, request: Request, found: Sequence[Told], staff: Staff, wrong: Wrong | None = None, at: UUID | None = None
    ) -> Response:
        policy = self._officer.policy
        return render(
            request,
            "officer/statements_person.html",
            400 if wrong else 200,
            crumbs=_CRUMBS,
            found=[(one, _facts(self._officer, one), _badge(one), _timeline(request, self._officer, one)) for one in found],
            kinds=KINDS,
            choices=options(policy),
            wrong=wrong or [],
            wrong_at=at,
            may_record=not staff.roles.isdisjoint(RECORDERS),
            open_states=(StatementState.given, StatementState.requested, StatementState.refused),
        )

    async def form(self, request: Request) -> Response:
        """The form to record one."""
        await self._gate.admit(request, *RECORDERS)
        return self._form(request, [])

    def _form(self, request: Request, wrong: Wrong, form: Fields | None = None) -> Response:
        return render(
            request,
            "officer/statements_new.html",
            400 if wrong else 200,
            crumbs=_CRUMBS,
            wrong=wrong,
            errors=dict(wrong),
            choices=options(self._officer.policy),
            filled={name: form.one(name) if form else "" for name in PLAIN},  # nothing of a person is sent back
            ticked=(*form.all("doelen"), *form.all("partijen")) if form else (),
        )

    async def record(self, request: Request) -> Response:
        """Records what the form says."""
        session, form = await self._gate.take(request, *RECORDERS)
        by, wrong = session.staff.staff_id, Wrong()
        today = legal_date(self._statements.clock.now_us())
        said = read_said(self._officer.policy, form, by, today, wrong)
        if not form.one("nummer"):
            wrong.insert(0, ("nummer", "Vul een BSN of onderwijsnummer in."))
        if said is None or wrong:
            return self._form(request, wrong, form)
        try:
            done = await self._statements.record(_number(form), said, by)
        except (Malformed, Refused) as error:
            return self._form(request, [_told(error)], form)
        return go(f"{HERE}/{done.statements[0]}", "verklaring-vastgelegd")

    async def withdraw(self, request: Request) -> Response:
        """Takes a statement back: no reason is asked."""
        session, form = await self._gate.take(request, *RECORDERS)
        by, wrong, statement = session.staff.staff_id, Wrong(), _id(request)
        spoken = read_spoken(self._officer.policy, form, by, wrong)
        try:
            if spoken is not None:
                await self._statements.withdraw_one(statement, spoken, by)
                return go(f"{HERE}/{statement}", "verklaring-ingetrokken")
        except (Malformed, Refused) as error:
            wrong.append(_told(error))
        return await self._again(request, statement, session.staff, wrong)

    async def _again(self, request: Request, statement: UUID, staff: Staff, wrong: Wrong) -> Response:
        try:
            found = await self._statements.beside(statement, staff.staff_id)
        except Refused:
            raise HTTPException(404) from None
        return self._person(request, found, staff, wrong, statement)

    async def _proved(self, request: Request) -> tuple[Event, Slip]:
        session = await self._gate.admit(request, *SEARCHERS)
        try:
            event = await self._statements.event(_id(request), by=session.staff.staff_id)
        except Refused:
            raise HTTPException(404) from None
        return event, prove(self._receipts, self._officer.policy, event)

    async def slip(self, request: Request) -> Response:
        """The receipt of what happened last, to print and to hand over."""
        event, made = await self._proved(request)
        crumbs = (*_CRUMBS, Link("Persoon", f"{HERE}/{event.statement_id}"))
        return render(request, "officer/statements_slip.html", crumbs=crumbs, slip=made, statement=event.statement_id)

    async def signed(self, request: Request) -> Response:
        """The same receipt as a file that can be checked without the hub."""
        _, made = await self._proved(request)
        headers = {"Content-Disposition": 'attachment; filename="ontvangstbewijs.jws"'}
        return Response(made.receipt.signed, media_type="application/jose", headers=headers)


def _id(request: Request) -> UUID:
    found: UUID = request.path_params["id"]
    return found


def _number(form: Fields) -> str:
    return re.sub(r"[\s.]", "", form.one("nummer"))


def _told(error: HubError) -> tuple[str, str]:
    """A refusal in Dutch; the form checked what it could, so what is left is who speaks, or the statement itself."""
    if isinstance(error, Refused):
        return "stem", "Deze persoon kan dit niet zeggen, of niet meer. Voor een ja telt wie op deze leeftijd beslist."
    return "nummer", "Dit kan niet worden vastgelegd. Controleer het nummer, de datums, de doelen en de organisaties."


def _badge(one: Told) -> Badge:
    held = one.hold
    if held.pending:
        return Badge("Bezwaar: stopt, wacht op besluit", Tone.warning)
    if held.decided is not None:
        return Badge(f"Bezwaar {HAPPENED[held.decided]}", Tone.ok if held.state is StatementState.given else Tone.note)
    if not one.counts:
        return Badge("Telt niet: iemand zei nee", Tone.warning)
    return _STATES[held.state]


def _facts(officer: OfficerDesk, one: Told) -> list[tuple[str, str]]:
    held, policy = one.hold, officer.policy
    purposes = [words.purpose(policy, each) for each in sorted(held.scope.purposes or ())]
    parties = [words.party(policy, each) for each in sorted(held.scope.parties or ())]
    return [
        ("Wie sprak", VOICES[held.voice].capitalize()),
        ("Waarvoor", words.listed(purposes) or "Niet beperkt tot doelen"),
        ("Aan of bij wie", words.listed(parties) or "Niet beperkt tot organisaties"),
        ("Vastgelegd door", words.party(policy, held.party)),
        ("Gold" if held.state in _OVER else "Geldt", _period(held)),
    ]


def _period(held: Hold) -> str:
    begins = f"vanaf {dutch_date(held.begins)}"
    return begins if held.until is None else f"{begins} tot {dutch_date(held.until)}"


def _timeline(request: Request, officer: OfficerDesk, one: Told) -> Table:
    rows = [
        (
            Moment(Micros(event.recorded_us)),
            HAPPENED[event.what].capitalize(),
            VOICES[event.voice].capitalize() if event.evidence is not None else "",
            words.party(officer.policy, event.party),
            Moment(Micros(event.event_us)),
        )
        for event in one.events
    ]
    columns = tuple(
        Column(key, label, sort=False)
        for key, label in (
            ("vastgelegd", "Vastgelegd"),
            ("wat", "Wat gebeurde er"),
            ("wie", "Wie sprak"),
            ("bij", "Bij wie"),
            ("gebeurd", "Gebeurd op"),
        )
    )
    name = f"verloop-{one.hold.statement_id}"
    return table_of(request, name, "Verloop", columns, rows, empty="", sort="vastgelegd", export=False)
