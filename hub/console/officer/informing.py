"""`/functionaris/informeren`: of whose data young persons still have to be told, by whom, in which words (GDPR 13, 14).

No person is listed: counts per recipient and clause, and the late deliveries by their ids, which lead to the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hub.consent.explain import find_clause
from hub.consent.model import Permit
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG
from hub.console.officer.policy_parts import HERE as AGREEMENTS
from hub.console.page import render
from hub.console.table import Column, Link, Row, asks_csv, csv_of, table_of
from hub.rights.informing.model import Standing
from hub.rights.informing.service import Informing

INFORMING: Final = "/functionaris/informeren"
_SHOWN: Final = 20
_COLUMNS: Final = (
    Column("ontvanger", "Ontvanger"),
    Column("bepaling", "Bepaling"),
    Column("wie", "Wie vertelt het"),
    Column("ontvangen", "Ontvangen", number=True),
    Column("verteld", "Verteld", number=True),
    Column("telaat", "Te laat", number=True),
    Column("sinds", "Te laat sinds"),
)
_EMPTY: Final = (
    "Geen ontvanger heeft nog bevestigd dat hij gegevens kreeg. Zodra dat gebeurt, staat hier wie het de jongere vertelt."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One recipient and clause in full: what must be told, or why not, and the oldest deliveries that are late."""

    title: str
    who: str
    when: str
    text: str
    days: str
    exception: str
    late: int
    deliveries: Sequence[Link]


class InformingPages:
    """The page about the duty to inform."""

    def __init__(self, officer: OfficerDesk, desk: Informing, gate: Gate) -> None:
        self._officer, self._desk, self._gate = officer, desk, gate

    async def every(self, request: Request) -> Response:
        """How it stands per recipient and clause; what is late first."""
        await self._gate.admit(request, *READERS)
        found = sorted(await self._desk.standing(), key=lambda one: (-one.late, one.recipient, one.clause))
        caption = "Wie moet nog iets verteld worden, per ontvanger en bepaling"
        rows = [self._row(one) for one in found]
        table = table_of(request, "informeren", caption, _COLUMNS, rows, empty=_EMPTY, sort="telaat", descending=True)
        if asks_csv(request):
            return csv_of(table, "informeren.csv")
        return render(
            request,
            "officer/informing.html",
            crumbs=(Link("Functionaris", "/functionaris"),),
            table=table,
            late=sum(one.late for one in found),
            shown=[await self._shown(one) for one in found],
        )

    def _row(self, one: Standing) -> Row:
        return (
            words.party(self._officer.policy, one.recipient),
            Link(one.clause, f"{AGREEMENTS}/afspraak/{one.agreement}"),
            words.party(self._officer.policy, one.teller),
            one.received,
            one.told,
            one.late,
            "Niet nodig: uitzondering" if one.exempt else "" if one.since is None else one.since.isoformat(),
        )

    async def _shown(self, one: Standing) -> Shown:
        clause = await self._clause(one)
        informs = None if clause is None else clause.duty_to_inform
        late = await self._desk.late(one, _SHOWN) if one.late else ()
        return Shown(
            title=f"{words.party(self._officer.policy, one.recipient)}: {one.clause}",
            who=words.party(self._officer.policy, one.teller),
            when="" if informs is None else informs.when,
            text="" if informs is None else informs.text,
            days="" if informs is None else words.counted(informs.days, "dag", "dagen"),
            exception="" if informs is None else informs.exception or "",
            late=one.late,
            deliveries=[Link(str(each), f"{LOG}/{each}") for each in late],
        )

    async def _clause(self, one: Standing) -> Permit | None:
        """The clause as it is in use; one that is not any more, as it was."""
        today = find_clause(self._officer.policy, one.agreement, one.clause)
        return today or await self._desk.clause(one.policy, one.agreement, one.clause)
