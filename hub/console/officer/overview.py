"""`/functionaris`: the three questions of a privacy officer, what is unusual, and what was refused most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hub.audit.search import Search, Selection
from hub.audit.search.signals import DAY
from hub.clock import legal_date
from hub.consent import mandate
from hub.consent.force import expiring
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.navigation import OFFICERS_TASKS, READERS, SEARCHERS
from hub.console.officer import policy_words, words
from hub.console.officer.choosing import address
from hub.console.officer.policy_parts import HERE as AGREEMENTS
from hub.console.page import render
from hub.console.table import Column, Link, asks_csv, csv_of, table_of
from hub.policies.service import Look
from hub.ports import Clock
from hub.regions import where

_TOP = 5


@dataclass(frozen=True, slots=True)
class Count:
    """How many lines a selection has; `more` when there are more than were counted."""

    number: int
    more: bool
    href: str


async def count(search: Search, selection: Selection) -> Count:
    """The lines of `selection`."""
    page = await search.page(selection, limit=1)
    return Count(page.total, page.more, address(selection))


async def show(request: Request, officer: OfficerDesk, gate: Gate, clock: Clock) -> Response:
    """The overview."""
    session = await gate.admit(request, *READERS)
    now = clock.now_us()
    week = Selection(from_us=now - 7 * DAY)
    newest = await officer.search.page(limit=1)
    given = await count(officer.search, Selection(kind="disclosure", from_us=week.from_us))
    refused = await count(officer.search, Selection(kind="refusal", from_us=week.from_us))
    names = {str(party.id): party.name for party in officer.policy.parties.values()}
    members = await officer.names()
    signals = [
        (words.named(each.what, members), each.why, address(each.selection))
        for each in await officer.search.signals(now, names, where(officer.policy.regions, legal_date(now)))
    ]
    reasons: Counter[str] = Counter()
    for _, reason, number in await officer.search.refused(week):
        reasons[reason] += number
    table = table_of(
        request,
        "redenen",
        "Meest genoemde redenen om te weigeren, laatste 7 dagen",
        (Column("reden", "Reden"), Column("wie", "Wie er iets aan kan doen"), Column("aantal", "Weigeringen", number=True)),
        [
            (
                Link(words.reason(officer.policy, code), address(Selection(kind="refusal", reason=code, from_us=week.from_us))),
                words.who(officer.policy, code),
                number,
            )
            for code, number in reasons.most_common(_TOP)
        ],
        empty="In de laatste 7 dagen is niets geweigerd.",
        sort="aantal",
        descending=True,
    )
    if asks_csv(request, "redenen"):
        return csv_of(table, "redenen-van-weigering.csv")
    look = None if officer.policies is None else await officer.policies.look()
    ends = [] if look is None else list(_ends(look))
    return render(
        request,
        "officer/overview.html",
        ends=ends,
        waits=request.scope.get("hub.waiting", {}).get(OFFICERS_TASKS, 0),
        todo=OFFICERS_TASKS,
        unproven=look is not None and bool(look.history.doubted),
        unread_since=officer.rules.unread_since,
        may_search=not session.staff.roles.isdisjoint(SEARCHERS),
        given=given,
        refused=refused,
        size=newest.size + newest.behind,
        last_us=newest.lines[0].us if newest.lines else None,
        signals=signals,
        reasons=table,
    )


def _ends(look: Look) -> Iterator[tuple[Link, str]]:
    """What of the agreements in use ends soon."""
    for each in expiring(look.policy, look.today):
        title = mandate.agreement_in(look.policy, each.agreement).title
        yield Link(title, f"{AGREEMENTS}/afspraak/{each.agreement}"), policy_words.ends(look.policy, each)
