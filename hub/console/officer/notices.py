"""`/functionaris/intrekkingen`: what recipients must do with what they received, what they say of it, and who stays silent.

An answer that came by letter is entered here. What became of a withdrawal can be printed for the young person, and signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.desk import OfficerDesk
from hub.console.form import Fields, asked
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer import notices_words as told
from hub.console.officer import words
from hub.console.officer.choosing import LOG
from hub.console.page import go, render
from hub.console.table import Cell, Column, Link, Moment, Row, Table, asks_csv, csv_of, order_of, page_of, table_of
from hub.domain.staff import Role, Staff
from hub.domain.terms import PartyId
from hub.errors import Malformed, Refused
from hub.notices.desk import NoticeDesk
from hub.notices.model import NO_NOTICE, Action, Answer, Channel, Event, Ground, Happened, Method, Notice, State
from hub.notices.outcome import OutcomeReceipt, RecipientOutcome, payload_of
from hub.notices.plan import ENOUGH
from hub.notices.service import OFFICERS
from hub.statements.receipt import ReceiptKind

NOTICES: Final = "/functionaris/intrekkingen"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"), Link("Intrekkingen", NOTICES))
_KINDS: Final = {
    "ontvangen": Happened.acknowledged,
    "uitgevoerd": Happened.attested,
    "geweigerd": Happened.refused,
}
_SAID: Final = {
    "ontvangen": "De ontvanger heeft het bericht",
    "uitgevoerd": "De ontvanger heeft gedaan wat is gevraagd",
    "geweigerd": "De ontvanger weigert, met een grond",
}
_COLUMNS: Final = (
    Column("ontvanger", "Ontvanger"),
    Column("gevraagd", "Wat is gevraagd"),
    Column("aanleiding", "Aanleiding"),
    Column("stand", "Stand"),
    Column("stap", "Te laat"),
    Column("uiterlijk", "Uiterlijk"),
)
_FAULTS: Final = {
    "wijze": "Kies wat de ontvanger deed; het moet genoeg zijn voor wat is gevraagd.",
    "ondertekening": "Neem de tekst van de ondertekende brief over, of een kenmerk waarmee u hem terugvindt.",
    "grond": "Kies de grond waarop de ontvanger weigert.",
    "toelichting": "De toelichting is te lang.",
    "antwoord": "Dit antwoord past niet bij wat het bericht vraagt.",
}


class NoticePages:
    """The pages about notices."""

    def __init__(self, officer: OfficerDesk, desk: NoticeDesk, gate: Gate) -> None:
        self._officer, self._desk, self._gate = officer, desk, gate

    async def every(self, request: Request) -> Response:
        """The notices that run, what hurts most first; with `?alles=ja` all of them."""
        await self._gate.admit(request, *READERS)
        closed = asked(request).one("alles") == "ja"
        notices = await self._desk.list(closed=closed)
        rows = [self._row(one) for one in notices]
        caption = "Alle berichten aan ontvangers" if closed else "Berichten die nog lopen"
        empty = "Er lopen geen berichten. Trekt iemand een toestemming in, dan staat hier welke ontvanger wat moet doen."
        table = _in_order(request, "berichten", caption, _COLUMNS, rows, empty)
        if asks_csv(request):
            return csv_of(table, "intrekkingen.csv")
        silent = sorted({words.party(self._officer.policy, one.recipient) for one in notices if one.late})
        return render(request, "officer/notices.html", crumbs=_CRUMBS[:1], table=table, silent=silent, closed=closed)

    def _row(self, one: Notice) -> Row:
        return (
            Link(words.party(self._officer.policy, one.recipient), f"{NOTICES}/{one.notice_id}"),
            told.ACTIONS[one.action],
            told.CAUSES[one.cause],
            told.STATES[one.state],
            told.level(one),
            Moment(one.due_us),
        )

    async def one(self, request: Request) -> Response:
        """One notice with all that happened to it."""
        session = await self._gate.admit(request, *READERS)
        return await self._one(request, session.staff)

    async def _one(
        self, request: Request, staff: Staff, form: Fields | None = None, wrong: Sequence[tuple[str, str]] = ()
    ) -> Response:
        notice, events = await self._found(request)
        officer = not staff.roles.isdisjoint(OFFICERS)
        names = await self._officer.names()
        party = self._officer.policy.parties.get(notice.recipient)
        own_words = [(one, await self._desk.explanation(notice, one.event_id)) for one in events if one.explained and officer]
        return render(
            request,
            "officer/notice.html",
            400 if wrong else 200,
            crumbs=_CRUMBS,
            notice=notice,
            recipient=words.party(self._officer.policy, notice.recipient),
            facts=self._facts(notice),
            contact=None if party is None else party.privacy_contact,
            level=told.LEVELS[notice.level],
            timeline=self._timeline(request, events, names),
            items=self._items(request, notice),
            own_words=[(Moment(one.us), text or "De jongere is gewist, en deze toelichting ook.") for one, text in own_words],
            may_answer=officer and notice.state in (State.open, State.acknowledged),
            may_close=officer and notice.state is State.refused,
            choices=self._choices(notice),
            chosen={name: "" if form is None else form.one(name) for name in ("antwoord", "wijze", "grond")},
            here=f"{NOTICES}/{notice.notice_id}",
            wrong=wrong,
            errors=dict(wrong),
        )

    def _facts(self, notice: Notice) -> list[tuple[str, Cell]]:
        facts: list[tuple[str, Cell]] = [
            ("Aanleiding", told.CAUSES[notice.cause]),
            ("Wat is gevraagd", told.ACTIONS[notice.action]),
            ("Grondslag", notice.legal),
            ("Opgesteld", Moment(notice.opened_us)),
            ("Uiterlijk gedaan", Moment(notice.due_us)),
            ("Stand", told.STATES[notice.state]),
            ("Hoe vaak afgegeven", notice.handed),
        ]
        if notice.agreement is not None:
            facts.append(("Afspraak", notice.agreement))
        if notice.via != NO_NOTICE:
            facts.append(("Volgt uit", Link("Het bericht aan wie het doorgaf", f"{NOTICES}/{notice.via}")))
        return facts

    def _timeline(self, request: Request, events: Sequence[Event], names: Any) -> Table:
        rows: list[Row] = [
            (Moment(one.us), told.HAPPENED[one.kind], self._about(one, names), Link("Regel", f"{LOG}/{one.event_id}"))
            for one in events
        ]
        columns = (
            Column("moment", "Moment", sort=False),
            Column("wat", "Wat er gebeurde", sort=False),
            Column("hoe", "Bijzonderheden", sort=False),
            Column("regel", "In het logboek", sort=False),
        )
        return _in_order(request, "verloop", "Verloop", columns, rows, "Er gebeurde nog niets.")

    def _about(self, one: Event, names: Any) -> str:
        parts = list(self._parts(one))
        if one.staff:
            parts.append(words.named(f"ingevoerd door {one.staff}", names))
        return "; ".join(parts)

    def _parts(self, one: Event) -> Iterator[str]:
        if one.kind is Happened.escalated:
            yield f"stap {one.level}: {told.LEVELS[one.level]}"
        if one.method is not None:
            yield told.METHODS[one.method]
        if one.ground is not None:
            yield told.GROUNDS[one.ground]
        if one.onward is not None:
            yield words.party(self._officer.policy, one.onward)
        if one.channel is Channel.letter:
            yield "per brief"

    def _items(self, request: Request, notice: Notice) -> Table:
        labels = self._officer.policy.elements
        rows: list[Row] = [
            (
                Link(str(delivery), f"{LOG}/{delivery}"),
                ", ".join(labels[name].label_nl if name in labels else str(name) for name in names),
            )
            for delivery, names in notice.items.items()
        ]
        columns = (Column("verstrekking", "Verstrekking", sort=False), Column("gegevens", "Gegevens", sort=False))
        empty = "Het gaat om alles wat langs de afspraak kwam."
        return _in_order(request, "gegevens", "Om welke gegevens het gaat", columns, rows, empty)

    def _choices(self, notice: Notice) -> dict[str, list[tuple[str, str]]]:
        said = [
            (word, text) for word, text in _SAID.items() if word == "ontvangen" or notice.action is not Action.none_other_basis
        ]
        return {
            "antwoord": [("", "Kies"), *said],
            "wijze": [("", "Niet van toepassing"), *((one.value, told.METHODS[one]) for one in sorted(ENOUGH[notice.action]))],
            "grond": [("", "Niet van toepassing"), *((one.value, text) for one, text in told.GROUNDS.items())],
        }

    async def answer(self, request: Request) -> Response:
        """Enters an answer that came by letter; what is wrong is said without repeating what was typed."""
        session, form = await self._gate.take(request, Role.privacy_officer)
        notice, _ = await self._found(request)
        kind = _KINDS.get(form.one("antwoord"))
        if kind is None:
            return await self._one(request, session.staff, form, [("antwoord", "Kies wat de ontvanger meldt.")])
        try:
            await self._desk.answer(notice.notice_id, self._answer(kind, form), by=session.staff)
        except Malformed as refused:
            wrong = [_wrong(fault.where) for fault in refused.faults]
            return await self._one(request, session.staff, form, wrong)
        except Refused:
            sentence = "De ontvanger antwoordde al iets anders. Dat blijft staan."
            return await self._one(request, session.staff, form, [("antwoord", sentence)])
        return go(f"{NOTICES}/{notice.notice_id}", "antwoord-vastgelegd")

    def _answer(self, kind: Happened, form: Fields) -> Answer:
        letter = form.text("brief").strip()
        method, ground = form.one("wijze"), form.one("grond")
        done, declined = kind is Happened.attested, kind is Happened.refused
        return Answer(
            kind=kind,
            channel=Channel.letter,
            method=Method(method) if done and method in list(Method) else None,
            ground=Ground(ground) if declined and ground in list(Ground) else None,
            digest=sha256(letter.encode()).digest() if done and letter else None,
            text=letter if kind is not Happened.acknowledged else "",
            onward=tuple(_parties(form.one("doorgegeven"))),
        )

    async def close(self, request: Request) -> Response:
        """The refusal was judged."""
        session, _ = await self._gate.take(request, Role.privacy_officer)
        notice, _ = await self._found(request)
        try:
            await self._desk.close(notice.notice_id, session.staff)
        except Refused:
            raise HTTPException(400) from None
        return go(f"{NOTICES}/{notice.notice_id}", "bericht-afgesloten")

    async def outcome(self, request: Request) -> Response:
        """What became of it, to print for the young person."""
        await self._gate.admit(request, *READERS)
        notice, _ = await self._found(request)
        found = await self._desk.outcome(notice.cause_id)
        return render(
            request,
            "officer/notice_outcome.html",
            crumbs=(*_CRUMBS, Link("Bericht", f"{NOTICES}/{notice.notice_id}")),
            cause=told.CAUSES[found.cause],
            found=found,
            sentences=[self._sentence(one) for one in found.recipients],
            here=f"{NOTICES}/{notice.notice_id}/gevolg",
            may_sign=self._officer.receipts is not None,
        )

    def _sentence(self, one: RecipientOutcome) -> str:
        name = words.party(self._officer.policy, one.recipient)
        labels = self._officer.policy.elements
        what = words.listed([labels[each].label_nl.lower() if each in labels else str(each) for each in one.elements])
        about = f" ({what})" if what else ""
        via = "" if one.via is None else f" {words.party(self._officer.policy, one.via)} had ze doorgegeven."
        if one.action is Action.none_other_basis:
            return f"{name} mag de gegevens{about} houden: toen ze werden gegeven, was er nog een andere grondslag.{via}"
        asked_for = f"{name} is gevraagd: {told.ACTIONS[one.action].lower()}{about}.{via}"
        if one.done is not None:
            return f"{asked_for} De ontvanger bevestigde: {told.METHODS[one.done]}."
        if one.ground is not None:
            return f"{asked_for} De ontvanger weigerde. De reden: {told.GROUNDS[one.ground].lower()}."
        if one.silent:
            return f"{asked_for} De ontvanger antwoordde niet op tijd. Hij krijgt niets meer dat op een verklaring rust."
        return f"{asked_for} De ontvanger heeft nog tijd om te antwoorden."

    async def signed(self, request: Request) -> Response:
        """The same, signed: a file that anyone can check without the hub."""
        await self._gate.admit(request, *READERS)
        notice, _ = await self._found(request)
        if self._officer.receipts is None:
            raise HTTPException(404)
        found: OutcomeReceipt = await self._desk.outcome(notice.cause_id)
        tag = await self._desk.whose(notice.cause_id)
        made = self._officer.receipts.receipt(ReceiptKind.outcome, found.cause_id, tag, found.us, payload_of(found))
        headers = {"Content-Disposition": 'attachment; filename="gevolg.jws"'}
        return Response(made.signed, media_type="application/jose", headers=headers)

    async def _found(self, request: Request) -> tuple[Notice, Sequence[Event]]:
        wanted: UUID = request.path_params["id"]
        try:
            return await self._desk.show(wanted)
        except Refused:
            raise HTTPException(404) from None


def _in_order(request: Request, name: str, caption: str, columns: Sequence[Column], rows: Sequence[Row], empty: str) -> Table:
    """The rows as they come, until somebody sorts them by a column."""
    order = order_of(request, name, columns, sort="")
    if order.key:
        return table_of(request, name, caption, columns, rows, empty=empty, sort=order.key)
    export = any(column.sort for column in columns)
    return page_of(request, name, caption, columns, rows, empty=empty, order=order, following=None, export=export)


def _wrong(where: str) -> tuple[str, str]:
    if where.startswith("doorgegevenAan"):
        return "doorgegeven", "Deze partij kent de hub niet. Neem de naam over uit de lijst met partijen."
    return {"ondertekening": "brief", "toelichting": "brief"}.get(where, where), _FAULTS.get(where, _FAULTS["antwoord"])


def _parties(text: str) -> Iterator[PartyId]:
    for word in text.replace(",", " ").split():
        try:
            yield PartyId(word)
        except ValueError:
            yield PartyId("onbekend")
