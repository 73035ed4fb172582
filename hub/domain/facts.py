"""What the gates of a decision know about a young person, three-valued: True, False, or None for unknown (which refuses)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self


class StatementKind(StrEnum):
    """What a young person, a representative or a school has stated; four of these are not the same thing."""

    instemming = "instemming"
    toestemming = "toestemming"
    bezwaar = "bezwaar"
    beperking = "beperking"
    contactvoorkeur = "contactvoorkeur"
    raadpleging_school = "raadpleging_school"


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """Facts about one record's young person on the legal date `as_of`; every field but the date is about a person.

    `age` in years (29 February turns a year older on 1 March); `standing` the statements in force on `as_of`.
    """

    as_of: date
    age: int | None
    overleden: bool | None
    startkwalificatie: bool | None
    ingeschreven: bool | None
    indicatie_geheim: bool | None
    onderwijssoort: str | None
    datum_diploma: date | None
    gemeente: str | None
    has_bsn: bool | None
    standing: frozenset[StatementKind] | None

    def but(self, **changes: object) -> Self:
        """The same facts with some of them changed."""
        return type(self)(**{name: changes.get(name, getattr(self, name)) for name in (*self.__slots__, *changes)})  # type: ignore[arg-type]  # by name

    def __repr__(self) -> str:
        return "SubjectFacts(<personal>)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self


@dataclass(frozen=True, slots=True, repr=False)
class KeptFacts:
    """The facts of one record as they were kept with its decision, so that it can be decided anew on another day.

    What changes with the day alone (age, whether still enrolled) is kept as the dates that it follows from.
    """

    geboortedatum: date | None
    datum_uitschrijving: date | None
    overleden: bool | None
    startkwalificatie: bool | None
    indicatie_geheim: bool | None
    onderwijssoort: str | None
    datum_diploma: date | None
    gemeente: str | None
    has_bsn: bool | None

    def __repr__(self) -> str:
        return "KeptFacts(<personal>)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self


# Whatever dumps dataclasses by itself (asdict, pickle, JSON libraries, web frameworks) no longer takes these classes for one.
del SubjectFacts.__dataclass_fields__
del KeptFacts.__dataclass_fields__
