"""`/functionaris/te-doen` and `/beheer/te-doen`: what waits for whoever is signed in, since and until when, and the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hub.clock import legal_date
from hub.consent.model import PolicySet
from hub.console.gate import Gate
from hub.console.navigation import ADMINISTRATORS, ADMINISTRATORS_TASKS, DOERS, OFFICERS_TASKS, SEARCHERS
from hub.console.page import render
from hub.console.routes import Route
from hub.console.table import Badge, Cell, Column, Day, Link, Moment, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.staff import Role, Staff
from hub.ports import Clock
from hub.waiting.model import ALONE, OF_ADMINISTRATORS, Item, What
from hub.waiting.service import Waiting

_COLUMNS: Final = (
    Column("stand", "Stand", sort=False),
    Column("wat", "Wat u kunt doen"),
    Column("waarover", "Waarover"),
    Column("sinds", "Wacht sinds"),
    Column("uiterlijk", "Uiterlijk"),
)
_SOON: Final = 7
_TASKS: Final[Mapping[What, tuple[str, str]]] = MappingProxyType(
    {
        What.objection: ("Besluit over een bezwaar, of leg het besluit vast", "/functionaris/bezwaren/{key}"),
        What.forgetting: ("Besluit of een jongere wordt vergeten", "/functionaris/vergeten/{key}"),
        What.notice: ("Bel een ontvanger die niet antwoordt op een bericht", "/functionaris/intrekkingen/{key}"),
        What.refused_notice: ("Beoordeel waarom een ontvanger weigert", "/functionaris/intrekkingen/{key}"),
        What.informing: ("Vraag na of jongeren zijn geïnformeerd", "/functionaris/informeren"),
        What.advice: ("Adviseer over een voorstel", "/functionaris/afspraken/voorstel/{key}"),
        What.activation: ("Neem een voorstel in gebruik, of niet", "/functionaris/afspraken/voorstel/{key}"),
        What.signature: ("Onderteken een afspraak", "/functionaris/afspraken/afspraak/{key}"),
        What.ending: ("Vernieuw wat van een afspraak afloopt", "/functionaris/afspraken/afspraak/{key}"),
        What.pruning: ("Besluit over opschonen van het logboek", "/functionaris/bewaren"),
        What.review: ("Kijk de steekproef na en teken haar af", "/functionaris/steekproef/{key}"),
        What.setup: ("Bekijk een koppeling en zet haar aan, of niet", "/beheer/koppelingen/{key}/instelling"),
        What.unconfirmed: ("Laat bevestigen wat iemand alleen aanzette", "/functionaris/koppelingen/{key}"),
        What.mapping: ("Bekijk een leeswijze en neem haar in gebruik, of niet", "/beheer/koppelingen/{key}/mapping"),
        What.unconfirmed_mapping: (
            "Laat een leeswijze bevestigen die iemand alleen koos",
            "/functionaris/koppelingen/{key}",
        ),
        What.layout: ("Bekijk de andere vorm van een bestand", "/beheer/koppelingen/{key}"),
        What.credential: ("Vervang een sleutel of certificaat", "/beheer/koppelingen/{key}/instelling"),
        What.move: ("Bevestig dat leveringen overgaan (hub region confirm)", ""),
        What.unconfirmed_move: ("Bekijk een overgang die iemand alleen deed (hub region approve)", ""),
        What.move_unfinished: ("Maak de overgang van leveringen af (hub region finish)", ""),
        What.quarantine: ("Herstel rijen die niet te lezen zijn", "/beheer/quarantaine"),
        What.failed: ("Herstel leveringen die zijn mislukt", "/beheer/mislukt"),
    }
)
_CONFIRM: Final = MappingProxyType(
    {
        What.unconfirmed: ("Bevestig wat een collega alleen aanzette", "/beheer/koppelingen/{key}/instelling"),
        What.unconfirmed_mapping: (
            "Bevestig een leeswijze die een collega alleen koos",
            "/beheer/koppelingen/{key}/mapping",
        ),
    }
)
_PARTS: Final = MappingProxyType(
    {
        "agreements": "afspraken",
        "objections": "bezwaren",
        "notices": "berichten aan ontvangers",
        "informing": "informeren",
        "forgetting": "vergeten",
        "retention": "bewaren",
        "reviews": "de steekproef",
        "setups": "koppelingen",
        "mappings": "leeswijzen",
        "mended-alone": "leeswijzen die iemand alleen in gebruik nam",
        "layouts": "vormen van bestanden",
        "credentials": "sleutels",
        "moves": "overgangen",
        "stuck": "wat vastzit",
    }
)


def routes(waiting: Waiting, gate: Gate, clock: Clock) -> Iterator[Route]:
    """The page at both desks."""
    pages = TodoPages(waiting, gate, clock)
    yield Route("GET", OFFICERS_TASKS, pages.officers)
    yield Route("GET", ADMINISTRATORS_TASKS, pages.administrators)


class Counts:
    """How much waits for somebody, by the page that lists it: what the navigation of every page shows."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    async def counts(self, staff: Staff, /) -> Mapping[str, int]:
        """By the address of the page."""
        items = (await self._waiting.recent()).of(staff)
        return {page: sum(_belongs(one, page, staff) for one in items) for page in (OFFICERS_TASKS, ADMINISTRATORS_TASKS)}

    def forget(self) -> None:
        """Somebody acted."""
        self._waiting.forget()


class TodoPages:
    """The page, by the roles of whoever looks."""

    def __init__(self, waiting: Waiting, gate: Gate, clock: Clock) -> None:
        self._waiting, self._gate, self._clock = waiting, gate, clock

    async def officers(self, request: Request) -> Response:
        """What waits at the officer's desk: for the officer, the FG, a decision-maker."""
        session = await self._gate.admit(request, *DOERS)
        return await self._page(request, session.staff, OFFICERS_TASKS)

    async def administrators(self, request: Request) -> Response:
        """What waits at the administrator's."""
        session = await self._gate.admit(request, *ADMINISTRATORS)
        return await self._page(request, session.staff, ADMINISTRATORS_TASKS)

    async def _page(self, request: Request, staff: Staff, here: str) -> Response:
        found, today = await self._waiting.list(), legal_date(self._clock.now_us())
        items = [one for one in found.of(staff) if _belongs(one, here, staff)]
        table = table_of(
            request,
            "te-doen",
            "Wat op u wacht",
            _COLUMNS,
            [_row(self._waiting.policy, one, here, today) for one in items],
            empty="Er wacht niets op u.",
            sort="uiterlijk",
        )
        if asks_csv(request):
            return csv_of(table, "te-doen.csv")
        unread = [_PARTS[each] for each in found.unread]
        desk = Link("Beheer", "/beheer") if here == ADMINISTRATORS_TASKS else Link("Functionaris", "/functionaris")
        late = sum(one.late(today) for one in items)
        return render(request, "todo.html", crumbs=(desk,), table=table, late=late, unread=unread)


def _belongs(one: Item, page: str, staff: Staff) -> bool:
    """What one person activated alone stands at both desks; the rest where it is done."""
    if one.what in ALONE:
        return not staff.roles.isdisjoint({Role.administrator} if page == ADMINISTRATORS_TASKS else SEARCHERS)
    return (one.what in OF_ADMINISTRATORS) == (page == ADMINISTRATORS_TASKS)


def _row(policy: PolicySet, one: Item, here: str, today: date) -> tuple[Cell, ...]:
    task, href = _CONFIRM[one.what] if one.what in ALONE and here == ADMINISTRATORS_TASKS else _TASKS[one.what]
    where = href.format(key=one.key).rstrip("/")
    return (
        _stand(one, today),
        Link(task, where) if where else task,
        _about(policy, one),
        None if one.since_us is None else Moment(one.since_us),
        None if one.until is None else Day(one.until),
    )


def _stand(one: Item, today: date) -> Badge:
    if one.until is None:
        return Badge("Wacht", Tone.note)
    left = (one.until - today).days
    if left < 0:
        return Badge("Te laat", Tone.error)
    if left == 0:
        return Badge("Vandaag", Tone.warning)
    return Badge(f"Nog {left} {'dag' if left == 1 else 'dagen'}", Tone.warning if left <= _SOON else Tone.note)


def _about(policy: PolicySet, one: Item) -> str:
    """Parties by their names, the rest as it is."""
    names = {str(party.id): party.name for party in policy.parties.values()}
    sides = [", ".join(names.get(name, name) for name in side.split(", ")) for side in _sides(one)]
    times = f" ({one.count})" if one.count > 1 else ""
    return (" gaat over naar ".join(sides) + times).strip()


def _sides(one: Item) -> list[str]:
    return one.about.split(" -> ") if one.what in (What.move, What.move_unfinished, What.unconfirmed_move) else [one.about]
