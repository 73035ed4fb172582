"""`/functionaris/logboek/gegevens`: was a sort of data ever given to somebody, and may it be? The answer to it, a no included.

Of every data element that the policy set knows: how often the hub permitted it to a recipient, by the log, and which agreements
in force let it go there today. What never occurs is named as well: it is what a no is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.search import Selection
from hub.clock import legal_date
from hub.consent.model import Agreement, Life, Permit, PolicySet
from hub.console.desk import OfficerDesk
from hub.console.form import asked
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG, address
from hub.console.page import render
from hub.console.table import Badge, Column, Link, Row, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.terms import ElementName, PartyId
from hub.ports import Clock

ELEMENTS: Final = "/functionaris/logboek/gegevens"
_WORDS: Final = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,7}")
_LONGEST: Final = 80
_COLUMNS: Final = (
    Column("gegeven", "Gegeven"),
    Column("keer", "Toegestaan (regels)", number=True),
    Column("bekijk", "Bekijk", sort=False),
    Column("mag", "Mag het nu?"),
    Column("afspraak", "Onder welke afspraak", sort=False),
)


async def show(request: Request, officer: OfficerDesk, gate: Gate, clock: Clock) -> Response:
    """The elements whose names hold the words, for one recipient or for all together."""
    await gate.admit(request, *READERS)
    policy, form = officer.policy, asked(request)
    recipient, typed = form.one("ontvanger"), form.one("zoek").strip()
    if recipient and recipient not in policy.parties:
        raise HTTPException(400)
    wrong = bool(typed) and (len(typed) > _LONGEST or not _WORDS.fullmatch(typed))
    to = PartyId(recipient) if recipient else None
    occurs = {each for each in (await officer.search.choices()).elements if ":" not in each}
    known = {str(each.name): each.label_nl for each in policy.elements.values()}
    every = {name: known.get(name, name) for name in (*known, *sorted(occurs - known.keys()))}  # also of an earlier set
    elements = {} if wrong else {name: label for name, label in every.items() if _named(name, label, typed)}
    today, rows, times, allowed = legal_date(clock.now_us()), list[Row](), 0, 0
    for name, label in elements.items():
        selection = Selection(kind="disclosure", recipient=to, element=name)
        found = await officer.search.page(selection, limit=1) if name in occurs else None
        count = 0 if found is None else found.total
        under = sorted({each.title for each in _under(policy, officer.rules.life, ElementName(name), to, today)})
        times, allowed = times + bool(count), allowed + bool(under)
        rows.append(
            (
                label,
                count,
                Link("Regels", address(selection)) if count else None,
                Badge("Ja, onder voorwaarden", Tone.note) if under else Badge("Nee", Tone.ok),
                words.listed(under),
            )
        )
    table = table_of(
        request, "gegevens", "Per gegeven", _COLUMNS, rows, empty="Geen gegeven heeft deze woorden.", sort="gegeven"
    )
    if asks_csv(request):
        return csv_of(table, "gegevens.csv")
    newest = await officer.search.page(limit=1)
    parties = sorted(policy.parties.values(), key=lambda party: party.name)
    return render(
        request,
        "officer/elements.html",
        400 if wrong else 200,
        crumbs=(Link("Functionaris", "/functionaris"), Link("Logboek", LOG)),
        here=ELEMENTS,
        table=table,
        wrong=[("zoek", "Gebruik hoogstens acht woorden, met alleen letters.")] if wrong else [],
        typed="" if wrong else typed,
        recipient=recipient,
        who=words.party(policy, recipient),
        parties=[("", "Iedereen samen"), *((str(party.id), party.name) for party in parties)],
        size=newest.size,
        root=newest.root,
        times=times,
        allowed=allowed,
        count=len(elements),
    )


def _named(name: str, label: str, typed: str) -> bool:
    return typed.casefold() in f"{name.replace('_', ' ')} {label}".casefold()


def _under(policy: PolicySet, life: Life, element: ElementName, recipient: PartyId | None, today: date) -> Iterator[Agreement]:
    """The agreements in force in which a clause lets the element go to this recipient, or to anyone."""
    for agreement in policy.agreements:
        if agreement.id in life.shut or not agreement.effective.start <= today < agreement.effective.until:
            continue
        missing = life.unsigned.get(agreement.id, frozenset())
        there = [policy.parties[each.id] for each in agreement.parties if each.id in policy.parties and each.id not in missing]
        for clause in agreement.clauses:
            if isinstance(clause, Permit) and element in clause.fields:
                side = clause.recipient
                if any(
                    recipient in (None, one.id) and side.party in (None, one.id) and side.kind in (None, one.kind)
                    for one in there
                ):
                    yield agreement
