"""What the gates of a decision know about a young person, three-valued: True, False, or None for unknown (which refuses)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from operator import attrgetter
from typing import Final, Self

from hub.domain.terms import ElementName, FactName, PartyId, PurposeId


class StatementKind(StrEnum):
    """What a young person, a representative or a school has stated; the first five are not the same thing."""

    instemming = "instemming"
    """A law asks that the young person agrees before a public task goes on; not a consent in the sense of GDPR 6(1)(a)."""
    toestemming = "toestemming"
    """Consent, GDPR 6(1)(a): to named recipients for named purposes."""
    bezwaar = "bezwaar"
    """Objection, GDPR 21; while it is being looked into the processing stops (GDPR 18(1)(d))."""
    beperking = "beperking"
    """Restriction, GDPR 18."""
    contactvoorkeur = "contactvoorkeur"
    """'Leave me alone, ask again later': about outreach alone, and no objection."""
    raadpleging_school = "raadpleging_school"
    """The school was consulted (WEB 9.2.5, fifth paragraph)."""


YES: Final = frozenset({StatementKind.instemming, StatementKind.toestemming, StatementKind.raadpleging_school})
"""The kinds of statement that open a gate; the others shut one."""


class StatementState(StrEnum):
    """How a statement stands; only `given` says what its kind says."""

    requested = "requested"
    given = "given"
    refused = "refused"
    withdrawn = "withdrawn"
    expired = "expired"
    invalidated = "invalidated"
    """A fact that it rested on fell away: the guardian lost authority, the notice was replaced, the agreement ended."""
    proxy_ended = "proxy_ended"
    """Someone else spoke for the young person, who now speaks for themselves and has not yet done so."""


class Voice(StrEnum):
    """Who spoke. A representative's authority is evidence of the statement, checked when it is recorded."""

    jongere = "jongere"
    ouder = "ouder"
    voogd = "voogd"
    curator = "curator"
    bewindvoerder = "bewindvoerder"
    mentor = "mentor"
    school = "school"


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement as the gates see it. None for a scope means that it was not limited: a no is then for everything, a
    consent or instemming for nothing.

    `parties` are the recipients that a yes names, or the controllers and recipients that a no is addressed to; `until` is the
    first day on which it no longer holds.
    """

    kind: StatementKind
    state: StatementState = StatementState.given
    voice: Voice = Voice.jongere
    purposes: frozenset[PurposeId] | None = None
    parties: frozenset[PartyId] | None = None
    elements: frozenset[ElementName] | None = None
    until: date | None = None

    def __repr__(self) -> str:
        return "Stated(<personal>)"


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """Facts about one record's young person on the legal date `as_of`; every field but the date is about a person.

    `age` in years (29 February turns a year older on 1 March); `standing` the statements that hold on `as_of`; `more` the
    further facts of the policy set that are known: yes or no, or a date.
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
    standing: frozenset[Stated] | None
    more: frozenset[tuple[FactName, bool | date]] = field(default=frozenset())

    def known(self, name: FactName) -> bool | date | None:
        """A further fact, or None where nobody knows it."""
        for fact, value in self.more:
            if fact == name:
                return value
        return None

    def but(self, **changes: object) -> Self:
        """The same facts with some of them changed."""
        return type(self)(**(dict(zip(self.__slots__, _every(self), strict=True)) | changes))  # by name

    def __repr__(self) -> str:
        return "SubjectFacts(<personal>)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self


_every: Final = attrgetter(*SubjectFacts.__slots__)


@dataclass(frozen=True, slots=True, repr=False)
class KeptFacts:
    """The facts of one record as they were kept with its decision, so that it can be decided anew on another day.

    What changes with the day alone (age, whether still enrolled) is kept as the dates that it follows from; `as_of` and
    `standing` are those of the decision, for replay; `more` are the further facts that it was decided by; `ingeschreven` counts
    where no date says it.
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
    as_of: date | None = None
    standing: frozenset[Stated] | None = None
    more: frozenset[tuple[FactName, bool | date]] = frozenset()
    ingeschreven: bool | None = None

    def __repr__(self) -> str:
        return "KeptFacts(<personal>)"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Self:
        return self


# Whatever dumps dataclasses by itself (asdict, pickle, JSON libraries, web frameworks) no longer takes these classes for one.
del SubjectFacts.__dataclass_fields__
del KeptFacts.__dataclass_fields__
del Stated.__dataclass_fields__
