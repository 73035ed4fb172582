"""What is unusual in the log, in sentences: about systems and about staff, never about a young person. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from hub.audit.entry import EntryKind, OutcomeKind
from hub.audit.search.lines import Names, Selection, Signal, SignalCode
from hub.domain.terms import Micros

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
AGAIN: Final = 5
"""Handed over this often without a receipt is unusual."""
MANY_SEARCHES: Final = 10
MANY_REVEALS: Final = 10
FEWEST_REFUSALS: Final = 20
_WEEK: Final = 7
_TIMES: Final = 3


class Many(NamedTuple):
    """Something happened so many `times` to `about`, between these moments."""

    about: str
    times: int
    since_us: int
    until_us: int


class Refusals(NamedTuple):
    """Refusals to one recipient in the last day and in the seven days before; `known` where it was considered before."""

    recipient: str
    last_day: int
    week_before: int
    known: bool


class Looked(NamedTuple):
    """A member of staff searched somebody: `person` tells persons apart and says nothing else."""

    staff: str
    us: int
    person: bytes


@dataclass(frozen=True, slots=True)
class Unusual:
    """What the index says that may be unusual; `silent` are hand-overs of the last day to recipients that confirmed none."""

    again: Sequence[Many] = ()
    silent: Sequence[Many] = ()
    refusals: Sequence[Refusals] = ()
    reveals: Sequence[Many] = ()
    searches: Sequence[Looked] = field(default=(), repr=False)


def signals_of(found: Unusual, now: Micros, names: Names) -> tuple[Signal, ...]:
    """The signals, in the order of their codes and of what they are about."""
    return (
        *_again(found.again, names),
        *_searches(found.searches),
        *_refusals(found.refusals, now, names),
        *_silent(found.silent, now, names),
        *_reveals(found.reveals),
    )


def _again(rows: Sequence[Many], names: Names) -> Iterator[Signal]:
    for row in sorted(rows):
        whom = names.get(row.about, row.about)
        yield Signal(
            code=SignalCode.handed_over_again,
            about=row.about,
            count=row.times,
            since_us=Micros(row.since_us),
            until_us=Micros(row.until_us),
            what=f"{_deliveries(row.times)} aan {whom} {_is(row.times)} {AGAIN} keer of vaker afgegeven zonder bevestiging.",
            why="De ontvanger krijgt steeds dezelfde gegevens, of krijgt ze juist niet. Vraag de beheerder om de koppeling"
            " na te kijken, en de ontvanger of de gegevens zijn aangekomen.",
            selection=Selection(
                kind=EntryKind.disclosure,
                recipient=row.about,
                outcome=OutcomeKind.handed_over,
                from_us=row.since_us,
                until_us=row.until_us + 1,
            ),
        )


def _searches(rows: Sequence[Looked]) -> Iterator[Signal]:
    for staff in sorted({row.staff for row in rows}):
        most = _busiest([row for row in rows if row.staff == staff])
        if most.times >= MANY_SEARCHES:
            yield Signal(
                code=SignalCode.many_searches,
                about=staff,
                count=most.times,
                since_us=Micros(most.since_us),
                until_us=Micros(most.until_us),
                what=f"Medewerker {staff} zocht binnen een uur {most.times} verschillende personen op.",
                why="Zoeken op persoon is bedoeld voor één vraag over één jongere. Ga na waarom dit er zoveel waren,"
                " en of de reden die erbij staat klopt.",
                selection=_by_staff(staff, "search-person", most),
            )


def _busiest(rows: Sequence[Looked]) -> Many:
    """The most different persons within an hour."""
    within: deque[Looked] = deque()
    persons: Counter[bytes] = Counter()
    best = Many("", 0, 0, 0)
    for row in sorted(rows, key=lambda each: each.us):
        within.append(row)
        persons[row.person] += 1
        while row.us - within[0].us >= HOUR:
            gone = within.popleft().person
            persons[gone] -= 1
            if not persons[gone]:
                del persons[gone]
        if len(persons) > best.times:
            best = Many(row.staff, len(persons), within[0].us, row.us)
    return best


def _refusals(rows: Sequence[Refusals], now: Micros, names: Names) -> Iterator[Signal]:
    for row in sorted(rows):
        if row.known and row.last_day >= FEWEST_REFUSALS and row.last_day * _WEEK > _TIMES * row.week_before:
            mean = f"{row.week_before / _WEEK:.1f}".replace(".", ",")
            yield Signal(
                code=SignalCode.more_refusals,
                about=row.recipient,
                count=row.last_day,
                since_us=Micros(now - DAY),
                until_us=now,
                what=f"In de laatste 24 uur zijn {row.last_day} verstrekkingen aan {names.get(row.recipient, row.recipient)}"
                f" geweigerd; in de week ervoor waren dat er gemiddeld {mean} per dag.",
                why="Er is waarschijnlijk iets veranderd: een regel, een afspraak die afliep, of wat de bron aanlevert."
                " Jongeren kunnen hierdoor hulp mislopen. Bekijk de redenen.",
                selection=Selection(kind=EntryKind.refusal, recipient=row.recipient, from_us=now - DAY, until_us=now + 1),
            )


def _silent(rows: Sequence[Many], now: Micros, names: Names) -> Iterator[Signal]:
    for row in sorted(rows):
        if now - row.since_us >= HOUR:
            yield Signal(
                code=SignalCode.none_acknowledged,
                about=row.about,
                count=row.times,
                since_us=Micros(row.since_us),
                until_us=Micros(row.until_us),
                what=f"{names.get(row.about, row.about)} bevestigde in de laatste 24 uur niets van wat is afgegeven"
                f" ({row.times} keer).",
                why="Niemand weet zeker of de gegevens zijn aangekomen en of iemand er iets mee doet. Vraag het de ontvanger.",
                selection=Selection(
                    kind=EntryKind.outcome,
                    recipient=row.about,
                    outcome=OutcomeKind.handed_over,
                    from_us=row.since_us,
                    until_us=row.until_us + 1,
                ),
            )


def _reveals(rows: Sequence[Many]) -> Iterator[Signal]:
    for row in sorted(rows):
        if row.times > MANY_REVEALS:
            yield Signal(
                code=SignalCode.many_reveals,
                about=row.about,
                count=row.times,
                since_us=Micros(row.since_us),
                until_us=Micros(row.until_us),
                what=f"Medewerker {row.about} maakte in 24 uur {row.times} rijen in quarantaine zichtbaar.",
                why="In zo'n rij staan persoonsgegevens. Meestal is één rij genoeg om te zien wat er mis is."
                " Ga na of dit nodig was.",
                selection=_by_staff(row.about, "reveal-row", row),
            )


def _by_staff(staff: str, operation: str, within: Many) -> Selection:
    return Selection(
        kind=EntryKind.access, operation=operation, staff=staff, from_us=within.since_us, until_us=within.until_us + 1
    )


def _deliveries(count: int) -> str:
    return "1 levering" if count == 1 else f"{count} leveringen"


def _is(count: int) -> str:
    return "is" if count == 1 else "zijn"
