"""`/functionaris/persoon`: who got data about this person, and why. The number is posted, used once, and kept nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.entry import EntryKind
from hub.audit.search.lines import Line
from hub.clock import legal_date
from hub.consent.explain import dutch_date
from hub.console.desk import OfficerDesk
from hub.console.form import Fields
from hub.console.gate import Gate
from hub.console.navigation import SEARCHERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG
from hub.console.officer.complete import COMPLETE
from hub.console.officer.log import JSON, LogPages, download
from hub.console.officer.telling import Teller, Told
from hub.console.page import render
from hub.console.table import Badge, Column, Link, Moment, Row, Table, table_of
from hub.console.text import number
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Malformed
from hub.rights import evidence
from hub.rights.answer import Found, PerRecipient, PersonAnswer, Proved, SearchReason

_SIZE: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_REFS: Final = re.compile(r"[0-9a-f-]{36}(?: [0-9a-f-]{36}){0,9999}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shown:
    """One disclosure or refusal as the page tells it."""

    href: str
    us: Micros
    giver: str
    outcome: Badge | None
    left: bool
    confirmed: bool
    told: Told
    informed: str = ""
    """That the young person was told of it, when and by whom; empty where nobody reported so."""
    informed_href: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What one recipient was given and refused."""

    name: str
    given: tuple[Shown, ...]
    refused: tuple[Shown, ...]


class PersonPages:
    """The question, the answer, and the evidence for it."""

    def __init__(self, officer: OfficerDesk, gate: Gate, teller: Teller) -> None:
        self._officer = officer
        self._gate = gate
        self._teller = teller
        self._log = LogPages(officer, gate)
        self._complete = "" if officer.person_keys is None else COMPLETE

    async def ask(self, request: Request) -> Response:
        """The form."""
        await self._gate.admit(request, *SEARCHERS)
        return self._form(request)

    async def answer(self, request: Request) -> Response:
        """The answer; what is wrong with the form is said without repeating what stood in it."""
        session, form = await self._gate.take(request, *SEARCHERS)
        reason = next((each for each in SearchReason if each.value == form.one("reden")), None)
        wrong = list(_wrong(form, reason))
        if wrong or reason is None:
            return self._form(request, reason, wrong)
        try:
            found = await self._officer.persons.search(re.sub(r"[\s.]", "", form.one("nummer")), reason, session.staff)
        except Malformed:
            sentence = "Dit is geen geldig BSN of onderwijsnummer. Controleer het nummer en typ het opnieuw."
            return self._form(request, reason, [("nummer", sentence)])
        return await self._show(request, found)

    def _form(
        self, request: Request, reason: SearchReason | None = None, wrong: list[tuple[str, str]] | None = None
    ) -> Response:
        return render(
            request,
            "officer/person.html",
            400 if wrong else 200,
            reasons=[("", "Kies een reden"), *((each.value, each.label) for each in SearchReason)],
            reason="" if reason is None else reason.value,
            wrong=wrong or [],
            errors=dict(wrong or []),
            complete=self._complete,
        )

    async def _show(self, request: Request, found: PersonAnswer) -> Response:
        groups = [
            Group(
                words.party(self._officer.policy, each.recipient),
                tuple([await self._shown(one) for one in each.given]),
                tuple([await self._shown(one) for one in each.refused]),
            )
            for each in sorted(found.recipients, key=_began)  # as it went: who passes data on comes before who got them
        ]
        events = [
            (Moment(one.us), Link((await self._teller.tell(one.fields)).explanation.headline, f"{LOG}/{one.ref}"))
            for one in found.events
        ]
        return render(
            request,
            "officer/person_answer.html",
            crumbs=(Link("Functionaris", "/functionaris"), Link("Persoon", "/functionaris/persoon")),
            found=found,
            search_href=f"{LOG}/{found.search.ref}",
            groups=groups,
            summary=list(_summary(groups)),
            statements=_statements(request, found),
            searches=_searches(request, found, await self._officer.names()),
            events=events,
            refs=" ".join(str(one.ref) for one in _all(found)),
            complete=self._complete,
        )

    async def _shown(self, one: Found) -> Shown:
        fields = one.entry.fields
        told = await self._teller.tell(fields, reasons=one.reasons, outcome=one.outcome)
        giver = words.party(self._officer.policy, PartyId(fields["source"]))
        left = any(step.fields["outcome"] in words.LEFT for step in one.steps)
        confirmed = any(step.fields["outcome"] == words.CONFIRMED for step in one.steps)
        informed, href = "", ""
        if one.informed is not None:
            informed = f"Op {dutch_date(one.informed.day)} verteld door {words.party(self._officer.policy, one.informed.by)}"
            href = f"{LOG}/{one.informed.entry}"
        outcome = words.outcome(one.outcome)
        return Shown(f"{LOG}/{one.entry.ref}", one.entry.us, giver, outcome, left, confirmed, told, informed, href)

    async def evidence(self, request: Request) -> Response:
        """The entries of an answer, with their proofs, as a spreadsheet, or as the list that the verifier holds the log
        against; named by their refs, so that no number need be typed again.
        """
        session, form = await self._gate.take(request, *SEARCHERS)
        text, form_of = form.one("regels"), form.one("vorm") or "bewijs"
        if not _REFS.fullmatch(text) or form_of not in ("bewijs", "csv", "lijst"):
            raise HTTPException(400)
        try:
            refs = [UUID(each) for each in text.split(" ")]
        except ValueError:
            raise HTTPException(400) from None
        await self._officer.search.catch_up()
        lines = [line for line in await self._officer.search.about(refs) if line.ref in set(refs)]
        if len(lines) < len(set(refs)):
            raise HTTPException(400)  # made up; an entry that was there and is gone would be another matter
        if form_of == "csv":
            answer = self._log.csv(request, lines, "persoon.csv")
        elif form_of == "lijst":
            answer = download(_list(self._officer.log.log_id, form.one("stand"), lines), "antwoord-persoon.json", JSON)
        else:
            answer = download(await evidence.bundle(self._officer.log, refs), "bewijs-persoon.json", JSON)
        said: dict[str, str | int] = {"count": len(refs), "form": form_of}
        await self._officer.notes.write(EntryKind.export, "export", "person", said, by=session.staff.staff_id)
        return answer


def _list(log_id: LogId, size: str, lines: Sequence[Line]) -> bytes:
    """What `verify.py --expect` takes: which disclosures and refusals the answer named, of a log of which size."""
    if not _SIZE.fullmatch(size):
        raise HTTPException(400)
    about = [str(line.ref) for line in lines if line.kind in (EntryKind.disclosure, EntryKind.refusal)]
    return orjson.dumps({"log": log_id, "size": int(size), "entries": about}, option=orjson.OPT_INDENT_2)


def _wrong(form: Fields, reason: SearchReason | None) -> Iterator[tuple[str, str]]:
    if not form.one("nummer"):
        yield "nummer", "Vul een BSN of onderwijsnummer in."
    if reason is None:
        yield "reden", "Kies waarom u deze persoon opzoekt."


def _all(found: PersonAnswer) -> Iterator[Proved]:
    yield from (found.search, *found.events, *(one.entry for one in found.searches))
    for each in found.recipients:
        for one in (*each.given, *each.refused):
            yield from (one.entry, *one.steps)


def _began(one: PerRecipient) -> int:
    return min(each.entry.seq for each in (*one.given, *one.refused))


def _summary(groups: list[Group]) -> Iterator[str]:
    """Sentences that one could read to the young person over the telephone."""
    for group in groups:
        if given := [one for one in group.given if one.confirmed]:
            purposes = dict.fromkeys(text.label for one in given if (text := one.told.explanation.purpose))
            why = f", voor: {words.listed([label[:1].lower() + label[1:] for label in purposes])}" if purposes else ""
            yield f"{group.name} kreeg {_times(len(given))} gegevens over deze persoon, het laatst op {_day(given[0].us)}{why}."
    if not any(one.left for group in groups for one in group.given):
        yield "Er zijn nog geen gegevens over deze persoon naar een ontvanger gegaan."
    if unsure := [group.name for group in groups if any(one.left and not one.confirmed for one in group.given)]:
        yield f"Aan {words.listed(unsure)} zijn gegevens aangeboden. De ontvangst is niet bevestigd; ze kunnen zijn aangekomen."
    if pending := [group.name for group in groups if any(not one.left for one in group.given)]:
        yield f"Voor {words.listed(pending)} liggen er gegevens die niet zijn vertrokken."
    for group in groups:
        if group.refused:
            texts = dict.fromkeys(reason.text for one in group.refused for reason in one.told.explanation.reasons)
            yield f"Aan {group.name} is {_times(len(group.refused))} niets gegeven. {' '.join(texts)}"


def _times(count: int) -> str:
    return f"{number(count)} keer"


def _day(us: Micros) -> str:
    return dutch_date(legal_date(us))


def _statements(request: Request, found: PersonAnswer) -> Table:
    rows: list[Row] = [
        (
            words.STATEMENTS.get(each.kind, each.kind),
            dutch_date(each.valid_from),
            "Tot nader bericht" if each.valid_until is None else dutch_date(each.valid_until),
            Moment(each.recorded_us),
        )
        for each in found.statements
    ]
    columns = (
        Column("soort", "Verklaring", sort=False),
        Column("van", "Geldt vanaf", sort=False),
        Column("tot", "Geldt tot", sort=False),
        Column("vastgelegd", "Vastgelegd", sort=False),
    )
    empty = "Er is geen instemming, bezwaar of andere verklaring van of over deze persoon vastgelegd."
    return table_of(
        request, "verklaringen", "Verklaringen", columns, rows, empty=empty, sort="vastgelegd", descending=True, export=False
    )


def _searches(request: Request, found: PersonAnswer, names: Mapping[str, str]) -> Table:
    labels = {each.value: each.label for each in SearchReason}
    rows: list[Row] = [
        (
            Moment(each.entry.us),
            words.named(f"Medewerker {each.staff}", names),
            Link(labels.get(each.reason, each.reason), f"{LOG}/{each.entry.ref}"),
        )
        for each in found.searches
    ]
    columns = (
        Column("moment", "Moment", sort=False),
        Column("wie", "Wie", sort=False),
        Column("reden", "Reden", sort=False),
    )
    empty = "Niemand heeft deze persoon eerder opgezocht."
    return table_of(
        request,
        "zoekers",
        "Wie zocht deze persoon eerder op?",
        columns,
        rows,
        empty=empty,
        sort="moment",
        descending=True,
        export=False,
    )
