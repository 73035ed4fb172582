"""The axes of a space: what may be known of a young person, one thing at a time, as far as some permit asks for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, get_args

from hub.consent.facts import months_after
from hub.consent.given import Onderwijssoort
from hub.consent.hear import hear, says_no
from hub.consent.model import Condition
from hub.consent.scales import OLDEST, OTHER, Diploma, Further, Mark, Named, No, Plain, Scale, Yes, every
from hub.consent.space import Row, Space
from hub.consent.table import Asked
from hub.domain.facts import YES, Stated, StatementKind, SubjectFacts
from hub.domain.terms import FactName

_SCHOOLS: Final = get_args(Onderwijssoort)
_YES_NO: Final = (True, False, None)


@dataclass(frozen=True, slots=True)
class Value:
    """Some marks on some scales that are answered alike; `facts` say so, and `open` are the permits that they do not shut."""

    marks: tuple[frozenset[Mark], ...]
    says: Any
    open: int


@dataclass(frozen=True, slots=True)
class Axis:
    """Scales that one fact is read on, the permits that ask for each, and the values that the fact may have."""

    scales: tuple[Scale, ...]
    asked_by: tuple[int, ...]
    values: tuple[Value, ...]

    def told_apart(self, open_: int) -> Iterator[Value]:
        """The values as far as the permits in `open_` tell them apart; on a scale that none of them asks, anything will do."""
        matters = tuple(bool(asked & open_) for asked in self.asked_by)
        if all(matters):
            yield from self.values
            return
        seen: set[Hashable] = set()
        for value in self.values:
            key = tuple(marks for marks, asked in zip(value.marks, matters, strict=True) if asked)
            if key not in seen:
                seen.add(key)
                told = zip(self.scales, value.marks, matters, strict=True)
                yield Value(tuple(marks if asked else every(scale) for scale, marks, asked in told), value.says, value.open)


Picked = tuple[Axis, Value]


def with_values(facts: SubjectFacts, picked: Iterable[Picked]) -> SubjectFacts:
    """`facts` with these values."""
    changes: dict[str, Any] = {}
    standing = facts.standing or frozenset()
    for axis, value in picked:
        match axis.scales[0]:
            case Yes() | No():
                standing = standing.union(value.says)
            case Further(fact, _):
                if value.says is not None:
                    changes["more"] = changes.get("more", facts.more) | {(fact, value.says)}
            case scale:
                changes[scale.fact] = value.says
    return facts.but(standing=standing, **changes)


_Fits = Callable[[Row, SubjectFacts], bool]
_Alike = Callable[[SubjectFacts], Hashable]


def _asks(_row: Row) -> bool:
    return True


def _axis(
    scale: Scale,
    saying: Iterable[tuple[Any, SubjectFacts]],
    rows: Sequence[Row],
    asks: Callable[[Row], object],
    fits: _Fits,
    alike: _Alike,
) -> Axis:
    """The axis of one scale: what can be said there, put together where the same permits fit and `alike` says that it is."""
    found: dict[tuple[int, Hashable], tuple[set[Mark], Any]] = {}
    for says, facts in saying:
        open_ = sum(row.bit for row in rows if fits(row, facts))
        found.setdefault((open_, alike(facts)), (set(), says))[0].add(scale.mark(facts))
    values = (Value((frozenset(marks),), says, open_) for (open_, _), (marks, says) in found.items())
    return Axis((scale,), (sum(row.bit for row in rows if asks(row)),), tuple(values))


def ages(space: Space, rows: Sequence[Row], nobody: SubjectFacts) -> Axis:
    """The spans of ages that some permit or prohibition tells apart."""
    borders = sorted({0} | {age for lane in space.lanes() for age in lane.borders if 0 < age <= OLDEST})
    scale = Plain("age")

    def fits(row: Row, facts: SubjectFacts) -> bool:
        age, clause = facts.age, row.clause
        return (
            age is not None
            and clause.youngest <= age <= clause.oldest
            and age < clause.until_age
            and any(basis.youngest <= age <= basis.oldest for basis in clause.bases)
        )

    saying = [(first, nobody.but(age=first)) for first in borders]
    axis = _axis(scale, saying, rows, lambda _: True, fits, lambda facts: facts.age)
    ends = dict(zip(borders, (*borders[1:], OLDEST + 1), strict=True))
    spans = (Value((frozenset(range(value.says, ends[value.says])),), value.says, value.open) for value in axis.values)
    return Axis((scale,), axis.asked_by, tuple(spans))


def apart(space: Space, rows: Sequence[Row], nobody: SubjectFacts) -> Iterator[Axis]:
    """The axes that do not depend on the age."""

    def plain(fact: str, asks: Callable[[Row], object], fits: _Fits, alike: _Alike = lambda _: None) -> Iterator[Axis]:
        if any(asks(row) for row in rows):
            said = [(value, nobody.but(**{fact: value})) for value in _YES_NO]
            yield _axis(Plain(fact), said, rows, asks, fits, alike)

    yield from plain("overleden", _asks, lambda _, facts: facts.overleden is False)
    yield from plain(
        "startkwalificatie",
        lambda row: row.clause.startkwalificatie,
        lambda row, facts: _is(row.clause.startkwalificatie, facts.startkwalificatie),
    )
    yield from plain(
        "ingeschreven",
        lambda row: row.clause.ingeschreven,
        lambda row, facts: _is(row.clause.ingeschreven, facts.ingeschreven),
    )
    yield from _homes(space, rows, nobody)
    yield from _further(space, rows, nobody)
    yield from _schools(space, rows, nobody)
    yield from plain(
        "indicatie_geheim",
        lambda row: row.clause.asks_secret,
        lambda row, facts: facts.indicatie_geheim is not None or not row.clause.asks_secret,
        lambda facts: facts.indicatie_geheim is not False,
    )
    yield from plain(
        "has_bsn",
        lambda row: row.clause.asks_number,
        lambda row, facts: facts.has_bsn is not None or not row.clause.asks_number,
        lambda facts: facts.has_bsn is not False,
    )


def _is(asked: Condition | None, known: bool | None) -> bool:
    return asked is None or known is asked.value


def _homes(space: Space, rows: Sequence[Row], nobody: SubjectFacts) -> Iterator[Axis]:
    def asks(row: Row) -> bool:
        return row.clause.home or any(basis.same_college for basis in row.clause.bases)

    if not any(asks(row) for row in rows):
        return
    lanes = list(space.lanes())
    codes = frozenset[str]().union(*(area for lane in lanes for area in (lane.giver_area, lane.recipient_area)))

    def fits(row: Row, facts: SubjectFacts) -> bool:
        there = facts.gemeente in row.lane.recipient_area
        both = there and facts.gemeente in row.lane.giver_area
        return (there or not row.clause.home) and any(both or not basis.same_college for basis in row.clause.bases)

    def alike(facts: SubjectFacts) -> Hashable:
        return tuple((facts.gemeente in lane.giver_area, facts.gemeente in lane.recipient_area) for lane in lanes)

    saying = [(code, nobody.but(gemeente=code)) for code in (*sorted(codes), OTHER, None)]
    yield _axis(Named("gemeente", codes), saying, rows, asks, fits, alike)


def _schools(space: Space, rows: Sequence[Row], nobody: SubjectFacts) -> Iterator[Axis]:
    """The kind of school, and the anniversaries of a diploma, where a statement is asked for some years after it."""
    windows = [window for row in rows for asked in asked_of(row) for window in asked.required.when]
    forbids = [forbid for lane in space.lanes() for forbid in lane.forbids if forbid.onderwijssoort]
    if windows or forbids or any(row.clause.onderwijssoort for row in rows):

        def asks(row: Row) -> object:
            return forbids or row.clause.onderwijssoort or any(asked.required.when for asked in asked_of(row))

        def alike(facts: SubjectFacts) -> Hashable:
            school = facts.onderwijssoort
            told = (school in forbid.onderwijssoort or school is None for forbid in forbids)
            return (school is None and bool(windows), *(school in window.onderwijssoort for window in windows), *told)

        def fits(row: Row, facts: SubjectFacts) -> bool:
            schools = row.clause.onderwijssoort
            return schools is None or facts.onderwijssoort in schools.one_of

        saying = [(school, nobody.but(onderwijssoort=school)) for school in (*_SCHOOLS, OTHER, None)]
        yield _axis(Named("onderwijssoort", frozenset(_SCHOOLS)), saying, rows, asks, fits, alike)
    if windows:
        scale = Diploma(tuple(sorted({window.years_after_diploma for window in windows})))
        days = (_back(nobody.as_of, 12 * years) for years in (0, *scale.years))
        dates = [None, *(day for around in days for day in around)]
        said = [(day, nobody.but(datum_diploma=day)) for day in dates]

        def windowed(row: Row) -> bool:
            return any(asked.required.when for asked in asked_of(row))

        yield _axis(scale, said, rows, windowed, lambda _row, _facts: True, scale.mark)


def _back(day: date, months: int) -> Iterator[date]:
    """Days on either side of the one from which so many months have passed on `day`."""
    years, month = divmod(day.month - 1 - months, 12)
    first = date(day.year + years, month + 1, 1)
    around = first + timedelta(days=day.day - 1)
    yield from (around + timedelta(days=apart) for apart in range(-4, 5))


def _further(space: Space, rows: Sequence[Row], nobody: SubjectFacts) -> Iterator[Axis]:
    names = {fact.name for row in rows for fact in row.clause.facts} | {fact.name for row in rows for fact in row.clause.within}
    bars = [bar for lane in space.lanes() for bar in lane.bars]
    for name in sorted(names | {fact for bar in bars for fact, _ in bar.unless}):
        months = sorted({fact.months for row in rows for fact in row.clause.within if fact.name == name})
        scale = Further(name, tuple(months))
        days = [day for ago in (0, *months) for day in _back(nobody.as_of, ago)] if months else []
        values: list[bool | date | None] = [*_YES_NO, *days]

        def fits(row: Row, facts: SubjectFacts, name: FactName = name) -> bool:
            known = facts.known(name)
            return all(known is fact.asked.value for fact in row.clause.facts if fact.name == name) and all(
                isinstance(known, date) and known <= facts.as_of <= months_after(known, fact.months)
                for fact in row.clause.within
                if fact.name == name
            )

        barred = any(fact == name for bar in bars for fact, _ in bar.unless)

        def asks(row: Row, name: FactName = name, barred: bool = barred) -> bool:  # bound at once
            names = [fact.name for fact in row.clause.facts] + [fact.name for fact in row.clause.within]
            return barred or name in names

        saying = [(value, nobody if value is None else nobody.but(more=frozenset({(name, value)}))) for value in values]
        yield _axis(scale, saying, rows, asks, fits, scale.mark)


def asked_of(row: Row) -> Iterator[Asked]:
    """The statements that a permit may hang on."""
    yield from row.clause.requires
    yield from (basis.asks for basis in row.clause.bases if basis.asks is not None)


def statements(rows: Sequence[Row], someone: SubjectFacts) -> Iterator[Axis]:
    """The axes of statements, about someone of a known age: who may speak depends on it."""
    found: dict[StatementKind, dict[No | Yes, int]] = {}
    for row in rows:
        for scale in _scales(row):
            bits = found.setdefault(scale.kind, {})
            bits[scale] = bits.get(scale, 0) | row.bit
    for asked_by in found.values():
        yield _said(asked_by, rows, someone)


def _scales(row: Row) -> Iterator[No | Yes]:
    """The statements that a permit asks for, or that shut it."""
    clause, lane = row.clause, row.lane
    yield No(StatementKind.beperking, clause.purpose, lane.addressed, clause, lane)
    if any(basis.objection_possible for basis in clause.bases):
        yield No(StatementKind.bezwaar, clause.purpose, lane.addressed, clause, lane)
    if clause.outreach:
        yield No(StatementKind.contactvoorkeur, clause.purpose, lane.addressed, clause, lane)
    for asked in asked_of(row):
        always = replace(asked, required=asked.required.model_copy(update={"when": ()}))
        yield Yes(asked.required.statement, clause.purpose, lane.recipient, asked.self_from, always, clause, lane)


def _said(asked_by: Mapping[No | Yes, int], rows: Sequence[Row], someone: SubjectFacts) -> Axis:
    """What statements of one kind may come to, on all scales of that kind at once: none, and whatever can be added to it."""
    scales = tuple(asked_by)

    def marks(said: tuple[Stated, ...]) -> tuple[Mark, ...]:
        facts = someone.but(standing=frozenset(said))
        return tuple(scale.mark(facts) for scale in scales)

    candidates = list(dict.fromkeys(one for scale in scales for one in scale.candidates()))
    found: dict[tuple[Mark, ...], tuple[Stated, ...]] = {marks(()): ()}
    reached: list[tuple[Stated, ...]] = [()]
    while reached:
        said = reached.pop()
        for one in candidates:
            more = (*said, one)
            if (told := marks(more)) not in found:
                found[told] = more
                reached.append(more)
    values = []
    for told, said in found.items():
        facts = someone.but(standing=frozenset(said))
        open_ = sum(row.bit for row in rows if _heard(scales[0].kind, row, facts))
        values.append(Value(tuple(frozenset({mark}) for mark in told), said, open_))
    return Axis(scales, tuple(asked_by.values()), tuple(values))


def _heard(kind: StatementKind, row: Row, facts: SubjectFacts) -> bool:
    """Whether a permit may stand with these statements of one kind; what hangs on other facts too is left to the decision."""
    clause, lane = row.clause, row.lane
    if kind in YES:
        return all(
            asked.required.statement is not kind or asked.required.when or hear(asked, clause, lane, facts)[0] is None
            for asked in clause.requires
        )
    if not says_no(kind, clause, lane, facts):
        return True
    if kind is StatementKind.beperking:
        return clause.despite_restriction is not None
    if kind is StatementKind.bezwaar:
        return any(not basis.objection_possible for basis in clause.bases)
    return not clause.outreach
