"""What would become of records that can be read, by the agreements in use: nothing is asked of a store, kept or disclosed.

Nobody looks up what a young person said, for that makes them known to the hub: decided is as if no statement stands. A reason
that tells something of a person is told as such and no further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.audit.entry import PERSONAL
from hub.consent.decide import decide
from hub.consent.facts import subject_facts
from hub.domain.stages import Candidate, Canonical, Permitted
from hub.domain.terms import PartyId, ReasonCode, RecordKind
from hub.errors import Fault
from hub.rules import Rules

MOST_NUMBERS: Final = 20
"""Rows that are named by their number, per recipient and reason."""


@dataclass(frozen=True, slots=True)
class Turned:
    """So many rows would be refused to `recipient` for this reason; `numbers` are the first, where the reason tells nothing of
    a person: where it does, its code is not told, and neither is which rows."""

    recipient: PartyId
    code: ReasonCode
    rows: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where records of `kind` from `source` would go today.

    `to` are those whom a clause in use lets them go to at all: with none, nothing of this connector goes anywhere. Of the rows
    that were read `going` would go to somebody, `nowhere` to nobody; those that would be set aside are among the faults.
    """

    source: PartyId
    kind: RecordKind
    to: tuple[PartyId, ...]
    going: int
    nowhere: int
    turned: tuple[Turned, ...]


class Forecast:
    """Looks at records from one party, part by part."""

    def __init__(self, rules: Rules, source: PartyId, kind: RecordKind, day: date) -> None:
        self._rules, self._source, self._kind, self._day = rules, source, kind, day
        self._table = rules.table.apart()
        self._turned: Counter[tuple[PartyId, ReasonCode]] = Counter()
        self._numbers: dict[tuple[PartyId, ReasonCode], list[int]] = {}
        self._going = self._nowhere = 0

    def look(self, canonicals: Sequence[Canonical]) -> dict[int, list[Fault]]:
        """Counts these, and gives by row number why some would be set aside: no mapping mends that."""
        rules, source, day = self._rules, self._source, self._day
        aside: dict[int, list[Fault]] = {}
        for canonical in canonicals:
            home = rules.home_of(canonical.record, day)
            routes = rules.routes(canonical.record, home, source, day)
            stopped = rules.stops(canonical.record, routes, source)
            if stopped is None:
                self._decide(canonical, home, routes)
            else:
                aside[canonical.row.number] = [Fault(*stopped)]
        return aside

    def _decide(self, canonical: Canonical, home: str | None, routes: Sequence[Candidate]) -> None:
        known = subject_facts(canonical.record, self._day, frozenset()).but(gemeente=home)
        (verdicts,) = decide(self._table, [canonical], [known], [routes])
        goes = False
        for verdict in verdicts:
            if isinstance(verdict, Permitted):
                goes = True
                continue
            for code in dict.fromkeys(PERSONAL if code in verdict.personal else code for code in verdict.reasons):
                key = (verdict.candidate.recipient, code)
                self._turned[key] += 1
                numbers = self._numbers.setdefault(key, [])
                if code != PERSONAL and len(numbers) < MOST_NUMBERS:
                    numbers.append(canonical.row.number)
        self._going += goes
        self._nowhere += not goes

    def told(self) -> Outlook:
        """What was seen so far."""
        turned = tuple(
            Turned(recipient, code, rows, tuple(self._numbers[recipient, code]))
            for (recipient, code), rows in self._turned.most_common()
        )
        to = self._rules.lets_go(self._kind, self._source, self._day)
        return Outlook(self._source, self._kind, to, self._going, self._nowhere, turned)


Forecasts = Callable[[PartyId, RecordKind], Forecast]
"""A forecast as of today for what a party gives."""


def forecasts(rules: Rules, today: Callable[[], date]) -> Forecasts:
    """Forecasts by the rules as they are when one is asked for."""
    return lambda source, kind: Forecast(rules, source, kind, today())
