"""Scales: each reads one thing off a young person's facts, for comparing policy sets cell by cell. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, get_args

from hub.consent.facts import birthday, months_after
from hub.consent.given import Onderwijssoort
from hub.consent.hear import hear, says_no
from hub.consent.table import Asked, ClauseRow, Lane
from hub.domain.facts import Stated, StatementKind, SubjectFacts, Voice
from hub.domain.terms import FactName, PartyId, PurposeId

OTHER: Final = "other"
"""The mark of a gemeente or kind of school that the policies do not name."""
OLDEST: Final = 130
"""Whoever is older is told like someone of this age."""
Mark = Hashable
_DAY: Final = timedelta(days=1)
_VOICES: Final = (Voice.jongere, Voice.ouder, Voice.curator)
_SCHOOLS: Final = get_args(Onderwijssoort)
_YES_NO: Final = (True, False, None)


@dataclass(frozen=True, slots=True)
class Plain:
    """A fact that is its own mark; None where nobody knows it."""

    fact: str

    def mark(self, facts: SubjectFacts) -> Mark:
        """What `facts` say here."""
        value: Mark = getattr(facts, self.fact)
        return min(value, OLDEST) if self.fact == "age" and isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Named:
    """A gemeente or a kind of school: one of those that are named, `OTHER`, or None."""

    fact: str
    names: frozenset[str]

    def mark(self, facts: SubjectFacts) -> Mark:
        """What `facts` say here."""
        value = getattr(facts, self.fact)
        return value if value is None or value in self.names else OTHER


@dataclass(frozen=True, slots=True)
class Diploma:
    """After how many of these anniversaries of the diploma the day lies; None where the date is unknown."""

    years: tuple[int, ...]
    fact: str = "datum_diploma"

    def mark(self, facts: SubjectFacts) -> Mark:
        """What `facts` say here."""
        day = facts.datum_diploma
        return None if day is None else sum(birthday(day, years) < facts.as_of for years in self.years)


@dataclass(frozen=True, slots=True)
class Further:
    """A further fact: yes, no, or a date: -1 in the future, else how many of these numbers of months have passed since."""

    fact: FactName
    months: tuple[int, ...]

    def mark(self, facts: SubjectFacts) -> Mark:
        """What `facts` say here."""
        value = facts.known(self.fact)
        if value is None or isinstance(value, bool):
            return value
        if value > facts.as_of:
            return ("date", -1)
        return ("date", sum(months_after(value, months) < facts.as_of for months in self.months))


@dataclass(frozen=True, slots=True)
class Yes:
    """Whether a statement that opens a gate is there, for this purpose and recipient, from who may make it."""

    kind: StatementKind
    purpose: PurposeId
    recipient: PartyId
    self_from: int | None
    asked: Asked = field(compare=False, repr=False)
    clause: ClauseRow = field(compare=False, repr=False)
    lane: Lane = field(compare=False, repr=False)

    @property
    def fact(self) -> str:
        """What it reads."""
        return self.kind.value

    def mark(self, facts: SubjectFacts) -> Mark:
        """What `facts` say here."""
        return None if facts.standing is None else hear(self.asked, self.clause, self.lane, facts)[0] is None

    def candidates(self) -> Iterator[Stated]:
        """Statements that say yes here and nowhere else, in every voice that may be heard."""
        for voice in _VOICES:
            yield Stated(self.kind, voice=voice, purposes=frozenset({self.purpose}), parties=frozenset({self.recipient}))


@dataclass(frozen=True, slots=True)
class No:
    """Whether a statement that shuts a gate stands, for this purpose and addressed to one of these."""

    kind: StatementKind
    purpose: PurposeId
    addressed: frozenset[PartyId]
    clause: ClauseRow = field(compare=False, repr=False)
    lane: Lane = field(compare=False, repr=False)

    @property
    def fact(self) -> str:
        """What it reads."""
        return self.kind.value

    def mark(self, facts: SubjectFacts) -> Mark:
        """What `facts` say here."""
        return None if facts.standing is None else says_no(self.kind, self.clause, self.lane, facts)

    def candidates(self) -> Iterator[Stated]:
        """Statements that say no for this purpose to one of those addressed."""
        for party in sorted(self.addressed):
            yield Stated(self.kind, purposes=frozenset({self.purpose}), parties=frozenset({party}))


Scale = Plain | Named | Diploma | Further | Yes | No


def every(scale: Scale) -> frozenset[Mark]:
    """All that can be read on `scale`."""
    match scale:
        case Named(_, names):
            return frozenset({*names, OTHER, None})
        case Diploma(years, _):
            return frozenset({*range(len(years) + 1), None})
        case Plain("age"):
            return frozenset({*range(OLDEST + 1), None})
        case Further(_, months):
            dates = [("date", passed) for passed in range(-1, len(months) + 1)] if months else []
            return frozenset({*_YES_NO, *dates})
        case _:
            return frozenset(_YES_NO)
