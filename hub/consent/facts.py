"""The facts that the gates ask for, read off one record on one day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from hub.domain.element import facts_of
from hub.domain.facts import KeptFacts, Stated, SubjectFacts
from hub.domain.record import PersonRecord
from hub.domain.terms import FactName

LAST: Final = date(9999, 1, 1)
"""What is later is not told apart: a day or a year can still be added to nothing beyond it."""
_OWN: Final = frozenset(SubjectFacts.__slots__)
_NO_MORE: Final = frozenset[tuple[FactName, bool | date]]()


def birthday(born: date, age: int) -> date:
    """The day on which someone turns `age`; born on 29 February, that is 1 March in a common year.

    Of a date so late that the calendar ends it is LAST: such a date comes from outside, and must stop nobody else's.
    """
    if born.year + age >= LAST.year:
        return LAST
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def age_on(born: date, day: date) -> int:
    """Age in whole years on `day`; negative before birth."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def months_after(day: date, months: int) -> date:
    """The same day so many months on, or the first of the month after where that month is shorter; as far as days go."""
    if day.year + months // 12 + 1 >= LAST.year:
        return LAST
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return date(day.year + years, month + 1, day.day)
    except ValueError:
        years, month = divmod(day.month + months, 12)
        return date(day.year + years, month + 1, 1)


def subject_facts(record: PersonRecord, as_of: date, standing: frozenset[Stated] | None) -> SubjectFacts:
    """What is known on `as_of` about the young person of `record`; `standing` is None when statements could not be read.

    A date of death counts whatever it says, and someone born after `as_of` has no known age: both close gates, never open them.
    """
    held = record.__dict__
    born, left = held["geboortedatum"].reveal(), _of(held, "datum_uitschrijving")
    return SubjectFacts(
        as_of=as_of,
        age=age_on(born, as_of) if born <= as_of else None,
        overleden=held["overlijdensdatum"] is not None if "overlijdensdatum" in held else None,
        startkwalificatie=_of(held, "startkwalificatie"),
        ingeschreven=_of(held, "ingeschreven") if left is None else left > as_of,
        indicatie_geheim=_of(held, "indicatie_geheim"),
        onderwijssoort=_of(held, "onderwijssoort"),
        datum_diploma=_of(held, "datum_diploma"),
        gemeente=_of(held, "gemeente"),
        has_bsn=held["bsn"] is not None,
        standing=standing,
        more=_further(type(record), held),
    )


def _of(held: Mapping[str, Any], field: str) -> Any:
    """What a field says; None where it is empty or the record has no such field: unknown."""
    value = held.get(field)
    return None if value is None else value.reveal()


def _further(kind: type[PersonRecord], held: Mapping[str, Any]) -> frozenset[tuple[FactName, bool | date]]:
    """The further facts that the record itself tells."""
    fields = _telling(kind)
    if not fields:
        return _NO_MORE
    told = ((fact, held[field]) for field, fact in fields)
    return frozenset((fact, value.reveal()) for fact, value in told if value is not None)


@cache
def _telling(kind: type[PersonRecord]) -> tuple[tuple[str, FactName], ...]:
    """The fields of such a record that tell a further fact, each with its name."""
    return tuple((field, fact) for field, fact in facts_of(kind).items() if fact not in _OWN)


def facts_again(kept: KeptFacts, as_of: date, standing: frozenset[Stated] | None) -> SubjectFacts:
    """What the facts kept with an earlier decision say on `as_of`, with the statements in force now. Unknown stays unknown."""
    born, left = kept.geboortedatum, kept.datum_uitschrijving
    return SubjectFacts(
        as_of=as_of,
        age=age_on(born, as_of) if born is not None and born <= as_of else None,
        overleden=kept.overleden,
        startkwalificatie=kept.startkwalificatie,
        ingeschreven=kept.ingeschreven if left is None else left > as_of,
        indicatie_geheim=kept.indicatie_geheim,
        onderwijssoort=kept.onderwijssoort,
        datum_diploma=kept.datum_diploma,
        gemeente=kept.gemeente,
        has_bsn=kept.has_bsn,
        standing=standing,
        more=kept.more,
    )
