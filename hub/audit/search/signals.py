"""What is unusual in the log, in sentences: about systems and about staff, never about a young person. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Final, NamedTuple

from hub.audit.entry import EntryKind, OutcomeKind
from hub.audit.search.hours import Hours, begins, local
from hub.audit.search.lines import Names, Regions, Selection, Signal, SignalCode
from hub.audit.search.reading import AGAIN
from hub.domain.terms import Micros

HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
MANY_SEARCHES: Final = 10
MANY_REVEALS: Final = 10
FEWEST_REFUSALS: Final = 20
ONE_PERSON: Final = 5
"""Searches of one person within a week, by whomever."""
FEWEST_GIVEN: Final = 50
HISTORY_DAYS: Final = 35
"""A day is compared with the same weekdays of these days before it, and with the busiest of them: the day of a list."""
_KNOWN_DAYS: Final = 14
_BUSIER: Final = 1.5
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


class Read(NamedTuple):
    """A member of staff of `party` (empty where that is not known) read something; `of` are the parties that it concerns."""

    staff: str
    us: int
    operation: str
    party: str = ""
    of: tuple[str, ...] = ()


class Day(NamedTuple):
    """How often on one day something was given to `recipient` (no `reason`), or refused to it for `reason`."""

    day: date
    recipient: str
    reason: str
    times: int


@dataclass(frozen=True, slots=True)
class Unusual:
    """What the log says that may be unusual; `silent` are hand-overs of the last day to recipients that confirmed none.

    `glass` are connectors that one person activated alone in the last week, `searches` and `reads` are those of that week,
    `given` and `refused` of the last weeks per day.
    """

    again: Sequence[Many] = ()
    silent: Sequence[Many] = ()
    refusals: Sequence[Refusals] = ()
    reveals: Sequence[Many] = ()
    glass: Sequence[Many] = ()
    searches: Sequence[Looked] = field(default=(), repr=False)
    reads: Sequence[Read] = ()
    given: Sequence[Day] = ()
    refused: Sequence[Day] = ()


def signals_of(
    found: Unusual, now: Micros, names: Names, hours: Hours | None = None, regions: Regions | None = None
) -> tuple[Signal, ...]:
    """The signals, in the order of their codes and of what they are about."""
    today = local(now).date()
    return (
        *_again(found.again, names),
        *_searches([one for one in found.searches if now - one.us < DAY]),
        *_one_person(found.searches),
        *_out_of_hours(found.reads, hours or Hours()),
        *_out_of_region(found.reads, regions or {}, names),
        *_refusals(found.refusals, now, names),
        *_clusters(found.refused, today, names),
        *_volumes(found.given, today, names),
        *_silent(found.silent, now, names),
        *_reveals(found.reveals),
        *_glass(found.glass),
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


def _one_person(rows: Sequence[Looked]) -> Iterator[Signal]:
    """Whom it is about is nowhere said: the lines lead to who searched, and why."""
    of: defaultdict[bytes, list[Looked]] = defaultdict(list)
    for row in rows:
        of[row.person].append(row)
    for found in sorted(of.values(), key=lambda each: min(row.us for row in each)):
        if len(found) < ONE_PERSON:
            continue
        staff = sorted({row.staff for row in found})
        by = f"medewerker {staff[0]}" if len(staff) == 1 else f"{len(staff)} medewerkers"
        since, until = min(row.us for row in found), max(row.us for row in found)
        yield Signal(
            code=SignalCode.one_person_often,
            about=staff[0] if len(staff) == 1 else "",
            count=len(found),
            since_us=Micros(since),
            until_us=Micros(until),
            what=f"Eén persoon is binnen een week {len(found)} keer opgezocht, door {by}.",
            why="Zo vaak dezelfde persoon opzoeken is zelden nodig. Ga bij elke regel na welke reden erbij staat,"
            " en vraag de medewerkers of er één vraag achter zit.",
            selection=Selection(
                kind=EntryKind.access,
                operation="search-person",
                staff=staff[0] if len(staff) == 1 else None,
                from_us=since,
                until_us=until + 1,
            ),
        )


def _out_of_hours(rows: Sequence[Read], hours: Hours) -> Iterator[Signal]:
    for staff, found in _by_member(row for row in rows if hours.outside(row.us)):
        yield Signal(
            code=SignalCode.out_of_hours,
            about=staff,
            count=len(found),
            since_us=Micros(found[0].us),
            until_us=Micros(found[-1].us),
            what=f"Medewerker {staff} bekeek de afgelopen week {_times(len(found))} iets buiten werktijd,"
            f" het laatst {_at(found[-1].us)}.",
            why=f"Werktijd is van {hours.first} tot {hours.last} uur{'' if hours.weekend else ', niet in het weekend'} en niet"
            " op feestdagen. Vraag de medewerker waarom dit toen nodig was. Herkent die het niet, laat de toegang dan sluiten.",
            selection=Selection(kind=EntryKind.access, staff=staff, from_us=found[0].us, until_us=found[-1].us + 1),
        )


def _out_of_region(rows: Sequence[Read], regions: Regions, names: Names) -> Iterator[Signal]:
    def outside(row: Read) -> bool:
        own = set(regions.get(row.party, ()))
        theirs = [regions[party] for party in row.of if party in regions]
        return bool(own and theirs) and row.party not in row.of and all(own.isdisjoint(each) for each in theirs)

    for staff, found in _by_member(row for row in rows if outside(row)):
        whom = names.get(found[-1].party, found[-1].party)
        yield Signal(
            code=SignalCode.out_of_region,
            about=staff,
            count=len(found),
            since_us=Micros(found[0].us),
            until_us=Micros(found[-1].us),
            what=f"Medewerker {staff} van {whom} bekeek de afgelopen week {_times(len(found))} een regel van een andere regio.",
            why="Deze regels gaan niet over de eigen organisatie of regio. Ga na welke vraag erachter zat,"
            " en of deze medewerker die regels mag zien.",
            selection=Selection(kind=EntryKind.access, staff=staff, from_us=found[0].us, until_us=found[-1].us + 1),
        )


def _by_member(rows: Iterator[Read]) -> Iterator[tuple[str, list[Read]]]:
    of: defaultdict[str, list[Read]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each.us):
        of[row.staff].append(row)
    yield from sorted(of.items())


class _Jump(NamedTuple):
    recipient: str
    reason: str
    day: date
    times: int
    usual: int


def _jumps(rows: Sequence[Day], today: date, fewest: int) -> Iterator[_Jump]:
    """Yesterday or today far above the same weekdays before, and above the busiest day before it.

    The median of the same weekdays makes a Monday no jump, and the busiest day keeps the day of a monthly list from being one.
    Who is known for less than two weeks has no usual number yet.
    """
    of: defaultdict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for row in rows:
        of[row.recipient, row.reason][row.day] = row.times
    first: dict[str, date] = {}
    for row in rows:
        first[row.recipient] = min(row.day, first.get(row.recipient, row.day))
    for (recipient, reason), counts in sorted(of.items()):
        for day in (today, today - timedelta(days=1)):
            times = counts.get(day, 0)
            earlier = [day - timedelta(days=back) for back in range(1, HISTORY_DAYS + 1)]
            usual = median(counts.get(one, 0) for one in earlier if one.weekday() == day.weekday())
            busiest = max(counts.get(one, 0) for one in earlier if one != today - timedelta(days=1) or day != today)
            known = (day - first[recipient]).days >= _KNOWN_DAYS
            if known and times >= fewest and times > _TIMES * usual and times > _BUSIER * busiest:
                yield _Jump(recipient, reason, day, times, round(usual))
                break


def _volumes(rows: Sequence[Day], today: date, names: Names) -> Iterator[Signal]:
    for jump in _jumps(rows, today, FEWEST_GIVEN):
        yield _of_day(
            jump,
            SignalCode.volume_jumps,
            what=f"Op {_day(jump.day)} is {jump.times} keer toegestaan om gegevens te geven aan"
            f" {names.get(jump.recipient, jump.recipient)}; op zo'n weekdag is dat meestal {jump.usual} keer.",
            why="Ineens veel meer kan een nieuwe lijst zijn, een verkeerde selectie bij de gever, of een lek."
            " Vraag de gever of dit zo bedoeld was. Zo niet, laat de beheerder de ontvanger stilzetten.",
            kind=EntryKind.disclosure,
        )


def _clusters(rows: Sequence[Day], today: date, names: Names) -> Iterator[Signal]:
    for jump in _jumps(rows, today, FEWEST_REFUSALS):
        yield _of_day(
            jump,
            SignalCode.refusals_cluster,
            what=f"Op {_day(jump.day)} is {jump.times} keer om dezelfde reden geweigerd om gegevens te geven aan"
            f" {names.get(jump.recipient, jump.recipient)}; op zo'n weekdag is dat meestal {jump.usual} keer.",
            why="Veel weigeringen om één reden wijzen op één oorzaak, zoals een afspraak die afliep of een veld dat ontbreekt."
            " Bekijk de reden, en wie er iets aan kan doen.",
            kind=EntryKind.refusal,
        )


def _of_day(jump: _Jump, code: SignalCode, what: str, why: str, kind: EntryKind) -> Signal:
    since, until = begins(jump.day), begins(jump.day + timedelta(days=1))
    return Signal(
        code=code,
        about=jump.recipient,
        count=jump.times,
        since_us=Micros(since),
        until_us=Micros(until - 1),
        what=what,
        why=why,
        selection=Selection(kind=kind, recipient=jump.recipient, reason=jump.reason or None, from_us=since, until_us=until),
    )


_MONTHS: Final = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _at(us: int) -> str:
    there = local(us)
    return f"op {_day(there.date())} om {there:%H:%M} uur"


def _times(count: int) -> str:
    return f"{count} keer"


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


def _glass(rows: Sequence[Many]) -> Iterator[Signal]:
    for row in sorted(rows):
        yield Signal(
            code=SignalCode.glass_broken,
            about=row.about,
            count=row.times,
            since_us=Micros(row.since_us),
            until_us=Micros(row.until_us),
            what=f"De koppeling {row.about} is de afgelopen week {_times(row.times)} door één persoon alleen geactiveerd.",
            why="Een koppeling gaat door twee paar handen. Alleen kan het met een reden; een ander bevestigt dat binnen drie"
            " dagen. Ga na of de reden klopt, en of er is bevestigd.",
            selection=Selection(
                kind=EntryKind.configuration,
                operation="connector-break-glass",
                from_us=row.since_us,
                until_us=row.until_us + 1,
            ),
        )


def _by_staff(staff: str, operation: str, within: Many) -> Selection:
    return Selection(
        kind=EntryKind.access, operation=operation, staff=staff, from_us=within.since_us, until_us=within.until_us + 1
    )


def _deliveries(count: int) -> str:
    return "1 levering" if count == 1 else f"{count} leveringen"


def _is(count: int) -> str:
    return "is" if count == 1 else "zijn"
