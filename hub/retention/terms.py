"""Until when the log keeps an entry: the recipient's deletion date and a term, by the policy set in use. Pure.

A recipient's deletion date follows from the clause that the data were given under. Where an age ends it nobody's birthday is
asked, for no entry has one: the young person is taken to have turned the youngest age that the clause admits that very day, so
that the date is never too early.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from hub.audit.entry import EntryKind
from hub.clock import legal_date
from hub.consent.kept import LogTerm
from hub.consent.model import Permit, PolicySet
from hub.domain.terms import Micros

_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
FOREVER: Final = frozenset({EntryKind.prune, EntryKind.key_rotation})
"""Kinds that are never redacted: what explains what is missing, and by which keys the log is read."""


def years_after(moment: Micros, years: int) -> Micros:
    """The end of the legal day that lies `years` after that of `moment`; of 29 February, 1 March."""
    day = legal_date(moment)
    try:
        then = day.replace(year=day.year + years)
    except ValueError:
        then = date(day.year + years, 3, 1)
    return Micros(int(datetime.combine(then, time.max, _AMSTERDAM).timestamp() * 1_000_000))


def deletion_by(policy: PolicySet, clause: Permit, since: Micros) -> Micros:
    """The latest day on which a recipient that has had the data since that moment must have deleted them."""
    kept = clause.retention
    years = max(0, kept.until_age - clause.subject.age.min)
    row = policy.retentions.get(kept.row) if kept.row is not None else None
    if row is not None and row.years is not None:
        years = min(years, row.years)
    return years_after(since, years)


def term_of(policy: PolicySet, kind: str, purpose: str, day: date) -> LogTerm | None:
    """How long the log keeps that, on `day`: the row of the purpose, or that for all; of an outcome that of its disclosure.

    None where no row says so: then it is kept.
    """
    kind = EntryKind.disclosure if kind == EntryKind.outcome else kind
    rows = [row for row in policy.log_terms.values() if row.kind == kind and row.holds(day)]
    return next((row for wanted in (purpose, None) for row in rows if row.purpose == wanted), None)


def shortest(policy: PolicySet) -> int | None:
    """The fewest years that anything is kept; None where nothing has a term."""
    return min((row.years for row in policy.log_terms.values()), default=None)


def longest(policy: PolicySet) -> int | None:
    """The most years that anything is kept; None where nothing has a term."""
    return max((row.years for row in policy.log_terms.values()), default=None)
