"""`/functionaris/weigeringen`: why data were not given, what helps, and who can do that."""

from __future__ import annotations

from collections import Counter
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hub.audit.entry import PERSONAL
from hub.audit.search import Selection
from hub.audit.search.signals import DAY
from hub.console.desk import OfficerDesk
from hub.console.form import asked
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer import words
from hub.console.officer.choosing import address
from hub.console.page import render
from hub.console.table import Column, Link, Row, Table, asks_csv, csv_of, table_of
from hub.domain.terms import ReasonCode
from hub.insight.store import SMALL
from hub.ports import Clock

_PERIODS: Final = {"1": "Laatste 24 uur", "7": "Laatste 7 dagen", "30": "Laatste 30 dagen", "365": "Laatste jaar", "": "Alles"}
_USUAL: Final = "7"


async def show(request: Request, officer: OfficerDesk, gate: Gate, clock: Clock) -> Response:
    """Refusals by reason and by recipient."""
    await gate.admit(request, *READERS)
    query = asked(request)
    days = query.one("dagen") if "dagen" in query else _USUAL
    if days not in _PERIODS:
        days = _USUAL
    since = Selection(kind="refusal", from_us=clock.now_us() - int(days) * DAY if days else None)
    counts = await _counts(officer, since)
    total = await officer.search.page(since, limit=1)
    reasons, recipients = _by_reason(request, officer, since, counts), _by_recipient(request, officer, since, counts)
    for table in (reasons, recipients):
        if asks_csv(request, table.name):
            return csv_of(table, f"weigeringen-per-{table.name}.csv")
    return render(
        request,
        "officer/refusals.html",
        periods=list(_PERIODS.items()),
        days=days,
        period=_PERIODS[days],
        total=total,
        reasons=reasons,
        recipients=recipients,
    )


async def _counts(officer: OfficerDesk, since: Selection) -> Counter[tuple[str, str]]:
    """Per recipient and reason. Reasons that say something about a person, seen few times, are told together."""
    rows = await officer.search.refused(since)
    per_reason: Counter[str] = Counter()
    for _, reason, count in rows:
        per_reason[reason] += count
    personal = officer.policy.personal
    few = {reason for reason, count in per_reason.items() if reason in personal and count < SMALL}
    counted: Counter[tuple[str, str]] = Counter()
    for recipient, reason, count in rows:
        counted[recipient, PERSONAL if reason in few else reason] += count
    return counted


def _by_reason(request: Request, officer: OfficerDesk, since: Selection, counts: Counter[tuple[str, str]]) -> Table:
    summed: Counter[str] = Counter()
    for (_, reason), count in counts.items():
        summed[reason] += count
    policy = officer.policy
    rows: list[Row] = []
    for code, count in summed.items():
        known = policy.reasons.get(ReasonCode(code))
        link = Link(words.reason(policy, code), address(Selection(kind="refusal", reason=code, from_us=since.from_us)))
        rows.append((link, known.remedy_nl if known else "", known.who if known else "", count))
    columns = (
        Column("reden", "Reden"),
        Column("helpt", "Wat helpt"),
        Column("wie", "Wie er iets aan kan doen"),
        Column("aantal", "Weigeringen", number=True),
    )
    empty = "In deze periode is niets geweigerd. Kies een ruimere periode om verder terug te kijken."
    return table_of(request, "reden", "Per reden", columns, rows, empty=empty, sort="aantal", descending=True)


def _by_recipient(request: Request, officer: OfficerDesk, since: Selection, counts: Counter[tuple[str, str]]) -> Table:
    policy = officer.policy
    rows: list[Row] = []
    for (recipient, code), count in counts.items():
        selection = Selection(kind="refusal", recipient=recipient, reason=code, from_us=since.from_us)
        rows.append((words.party(policy, recipient), Link(words.reason(policy, code), address(selection)), count))
    columns = (Column("ontvanger", "Ontvanger"), Column("reden", "Reden"), Column("aantal", "Weigeringen", number=True))
    empty = "In deze periode is aan geen enkele ontvanger iets geweigerd."
    return table_of(request, "ontvanger", "Per ontvanger", columns, rows, empty=empty, sort="aantal", descending=True)
