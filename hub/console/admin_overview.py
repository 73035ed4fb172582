"""/beheer: everything that is stuck, whom it hurts and until when, what hurts most first; one link to mend each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_health import Checkup
from hub.console.admin_parts import Admin, broken, counted, hold_words, people, reach_of, term, waits
from hub.console.page import render
from hub.console.table import Badge, Cell, Column, Link, Moment, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.terms import ConnectorId
from hub.mend.deliveries import Due, Queue, Waiting
from hub.mend.files import Standing
from hub.mend.store import FileRun, Group

# In this order by alphabet too, so that the column sorts by urgency.
_URGENT: Final = Badge("Dringend", Tone.error)
_SOON: Final = Badge("Snel", Tone.warning)
_LATER: Final = Badge("Zodra het kan", Tone.note)
_ORDER: Final = (_URGENT, _SOON, _LATER)

_COLUMNS: Final = (
    Column("wat", "Wat staat vast"),
    Column("ernst", "Ernst"),
    Column("wie", "Wie heeft er last van"),
    Column("sinds", "Sinds"),
    Column("uiterlijk", "Uiterlijk (wet of afspraak)"),
    Column("termijn", "Termijn", sort=False),
    Column("herstel", "Wat u kunt doen", sort=False),
)
_CONNECTORS: Final = (
    Column("koppeling", "Koppeling"),
    Column("staat", "Bereikbaar"),
    Column("bekeken", "Laatst bekeken"),
    Column("bestand", "Laatste bestand"),
    Column("ontvangen", "Rijen ontvangen", number=True),
    Column("apart", "Apart gezet", number=True),
)
_NEW_RECORDS: Final = "Jongeren over wie nu een melding klaarligt; hoeveel, weet de hub nog niet"


class Stuck(NamedTuple):
    """One line of the list; `weight` sorts within one urgency."""

    what: str
    urgency: Badge
    whom: str
    since_us: int | None
    due: Due | None
    href: str
    weight: int = 0

    @property
    def cells(self) -> tuple[Cell, ...]:
        """As it stands in the table."""
        since = None if self.since_us is None else Moment(self.since_us)
        until = None if self.due is None else Moment(self.due.until_us)
        return self.what, self.urgency, self.whom, since, until, term(self.due), Link("Herstellen", self.href)


class Overview:
    """The first page of the desk."""

    def __init__(self, admin: Admin, checkup: Checkup) -> None:
        self._admin, self._checkup = admin, checkup

    async def page(self, request: Request) -> Response:
        """The list, the connectors, and the health of the hub in one line."""
        await self._admin.admit(request)
        queue = await self._admin.deliveries.queue()
        standing = await self._admin.mending.files.connectors()
        stuck = await self._stuck(queue, standing)
        table = table_of(
            request,
            "vast",
            "Wat staat vast",
            _COLUMNS,
            [one.cells for one in stuck],
            empty="Er staat niets vast. Elke koppeling is bereikbaar, elk bestand is gelezen en wat wacht is nog op tijd.",
            sort="ernst",
        )
        connectors = table_of(
            request,
            "koppelingen",
            "Koppelingen die de hub ophaalt",
            _CONNECTORS,
            [_connector(one) for one in standing],
            empty="Er zijn geen koppelingen ingesteld. De gids 'een koppeling aansluiten' zegt hoe dat gaat.",
            sort="koppeling",
        )
        for one in (table, connectors):
            if asks_csv(request, one.name):
                return csv_of(one, f"beheer-{one.name}.csv")
        return render(
            request,
            "admin/overview.html",
            stuck=table,
            urgent=sum(one.urgency is _URGENT for one in stuck),
            connectors=connectors,
            queue=queue,
            health=await self._checkup.recent(),
        )

    async def _stuck(self, queue: Queue, standing: Iterable[Standing]) -> list[Stuck]:
        files, admin = self._admin.mending.files, self._admin
        due = await admin.deliveries.failed_due()
        ended = [*await admin.deliveries.failed(), *await admin.deliveries.stopped()]
        refused = [one for one in await files.refused() if one.state == "refused"]
        found = [
            *(_recipient(one) for one in queue.recipients if one.late or one.hold or (one.down and one.people) or one.silent),
            *(
                Stuck(
                    f"Bezorgingen aan {admin.party(one.recipient)} zijn "
                    + ("mislukt. " if one.state == "failed" else "gestopt. ")
                    + admin.reason(one.cause),
                    _URGENT if one.state == "failed" else _LATER,
                    people(one.people) + (f"; daarachter {waits(one.behind)}" if one.behind else ""),
                    one.since_us,
                    due.get(one.recipient) if one.state == "failed" else None,
                    f"/beheer/mislukt/{one.recipient}/{one.cause}" if one.cause else "/beheer/mislukt",
                    one.people,
                )
                for one in ended
            ),
            *_connectors(standing),
            *_files(await files.stuck(), "staat halverwege stil", "staan halverwege stil"),
            *_files(refused, "is geweigerd", "zijn geweigerd"),
            *_quarantine(standing, await admin.mending.quarantine.groups()),
        ]
        return sorted(found, key=lambda one: (_ORDER.index(one.urgency), -one.weight))


def _recipient(one: Waiting) -> Stuck:
    since: int | None
    if one.hold is not None:
        what, since = f"is opgehouden. {hold_words(one.hold)}", one.hold.since_us
    elif one.down is not None:
        what, since = "lukt niet: wat de hub het laatst stuurde, is niet aangenomen.", one.down.since_us
    elif one.silent and not one.late:
        how = "zij halen op en bevestigen niets" if one.handed else "zij halen niets op"
        what, since = f"staat stil: {how}. Vraag hun na of hun systeem loopt.", one.oldest_us
    else:
        how = "is niet op tijd gelukt." if one.pushed else "is te laat: zij halen niet op of bevestigen niet."
        what, since = how, one.oldest_us
    whom = f"{people(one.people)} {'wacht' if one.people == 1 else 'wachten'}" if one.people else "Nu nog niemand"
    near = one.due is not None and one.due.left <= 1 and bool(one.people)
    return Stuck(
        f"Bezorgen aan {one.name} {what}",
        _URGENT if one.late or near else _SOON if one.people else _LATER,
        f"{whom}, van wie {one.late} te laat" if one.late else whom,
        since,
        one.due,
        f"/beheer/bezorgingen/{one.recipient}",
        one.people,
    )


def _connectors(standing: Iterable[Standing]) -> Iterator[Stuck]:
    for one in standing:
        if not (broken(one) or one.unwatched):
            continue
        words, since = "zij is nog niet in gebruik, of er draait geen werker", None
        if one.polled is not None:
            words, since = "er draait geen werker die haar bekijkt, of zij is stilgezet", one.polled.polled_us
        if one.polled is not None and broken(one):
            words, since = one.words, one.polled.since_us
        urgency = _URGENT if one.polled else _SOON  # what was never looked at may still be being set up
        href = f"/beheer/koppelingen/{one.connector}"
        yield Stuck(f"Koppeling {one.connector}: {words}.", urgency, _NEW_RECORDS, since, None, href)


def _files(found: Iterable[FileRun], one_is: str, many_are: str) -> Iterator[Stuck]:
    by: dict[ConnectorId, list[FileRun]] = {}
    for run in found:
        by.setdefault(run.connector, []).append(run)
    for connector, runs in by.items():
        what = (
            f"1 bestand van {connector} {one_is}." if len(runs) == 1 else f"{len(runs)} bestanden van {connector} {many_are}."
        )
        rows = sum((run.lines or run.rows) - run.rows for run in runs)
        if rows:
            whom = f"Hoogstens {people(rows)}: zoveel rijen zijn niet gelezen"
        else:
            whom = _NEW_RECORDS if any(run.lines is None or not run.rows for run in runs) else "Niemand: elke rij is gelezen"
        yield Stuck(what, _SOON, whom, min(run.seen_us for run in runs), None, f"/beheer/koppelingen/{connector}", rows)


def _quarantine(standing: Iterable[Standing], groups: Iterable[Group]) -> Iterator[Stuck]:
    oldest: dict[ConnectorId, int] = {}
    for group in groups:
        oldest[group.connector] = min(oldest.get(group.connector, group.oldest_us), group.oldest_us)
    rows: Mapping[ConnectorId, int] = {one.connector: one.totals.quarantined for one in standing}
    for connector, since in oldest.items():
        count = rows.get(connector, 0)
        yield Stuck(
            f"{counted(count, 'rij', 'rijen')} van {connector} {'staat' if count == 1 else 'staan'} in quarantaine.",
            _SOON,
            f"Hoogstens {people(count)}: over hen gaat niets door",
            since,
            None,
            f"/beheer/quarantaine?koppeling={connector}",
            count,
        )


def _connector(one: Standing) -> tuple[Cell, ...]:
    return (
        Link(str(one.connector), f"/beheer/koppelingen/{one.connector}"),
        reach_of(one),
        Moment(one.polled.polled_us) if one.polled else None,
        Moment(one.last.seen_us) if one.last else None,
        one.totals.accepted + one.totals.quarantined + one.totals.duplicate,
        one.totals.quarantined,
    )
