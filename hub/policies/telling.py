"""Agreements and what changes between two sets of them, in Dutch sentences for whoever must decide. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from hub.consent.diff import Change, Diff, Fields, Span
from hub.consent.explain import FORMS, dutch_date, name_of
from hub.consent.model import Clause as AnyClause
from hub.consent.model import Permit, PolicySet, Side
from hub.domain.terms import BasisId, ElementName, PartyId, PurposeId, Term
from hub.domain.territory import PartyKind

KINDS: Final = MappingProxyType(
    {
        PartyKind.duo: "DUO",
        PartyKind.school: "een school",
        PartyKind.samenwerkingsverband: "een samenwerkingsverband",
        PartyKind.doorstroompunt: "een doorstroompunt",
        PartyKind.leerplicht: "leerplicht",
        PartyKind.werk_en_inkomen: "Werk en Inkomen van een gemeente",
        PartyKind.wmo: "de Wmo-afdeling van een gemeente",
        PartyKind.schuldhulp: "schuldhulpverlening",
        PartyKind.werkbedrijf: "een werkbedrijf",
        PartyKind.werkgeversservicepunt: "een werkgeversservicepunt",
        PartyKind.re_integratiebedrijf: "een re-integratiebedrijf",
        PartyKind.leerbedrijf: "een leerbedrijf",
        PartyKind.zorgaanbieder: "een zorgaanbieder",
        PartyKind.opvang: "een aanbieder van opvang of begeleid wonen",
        PartyKind.jeugdgezondheidszorg: "de jeugdgezondheidszorg",
        PartyKind.gecertificeerde_instelling: "een gecertificeerde instelling voor jeugdbescherming",
        PartyKind.reclassering: "de reclassering",
        PartyKind.halt: "Halt",
        PartyKind.openbaar_ministerie: "het Openbaar Ministerie",
        PartyKind.onderzoek: "een instelling voor onderzoek",
        PartyKind.uwv: "UWV",
        PartyKind.regionaal_bureau: "een regionaal bureau",
        PartyKind.college: "een college van burgemeester en wethouders",
        PartyKind.minister: "de minister",
    }
)
_FACTS: Final = MappingProxyType(
    {
        "age": "leeftijd",
        "overleden": "overleden",
        "startkwalificatie": "startkwalificatie",
        "ingeschreven": "ingeschreven bij een school",
        "indicatie_geheim": "geheim adres",
        "onderwijssoort": "soort onderwijs",
        "datum_diploma": "datum van het diploma",
        "gemeente": "woongemeente",
        "has_bsn": "BSN bekend",
    }
)
_MARKS: Final[Mapping[Hashable, str]] = MappingProxyType({True: "ja", False: "nee", None: "onbekend", "other": "een andere"})


@dataclass(frozen=True, slots=True)
class ClauseText:
    """One clause as sentences: what it does, on which ground, which fields pass and why, and what the recipient owes."""

    id: str
    article: str
    permits: bool
    what: str
    why: str
    purposes: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    withheld: tuple[str, ...] = ()
    keeps: str = ""
    obligations: tuple[str, ...] = ()
    informs: str = ""


def clause_text(policy: PolicySet, clause: AnyClause) -> ClauseText:
    """The clause, told by the set that it is in."""
    record = policy.records[clause.record].label_nl
    who, whom = _capital(_side(policy, clause.giver)), _side(policy, clause.recipient)
    if not isinstance(clause, Permit):
        names = tuple(_label(policy, name) for name in clause.elements)
        what = f"{who} geeft dit niet aan {whom}: {record}" + ("." if not names else ", de hieronder genoemde gegevens.")
        return ClauseText(clause.id, clause.article, permits=False, what=what, why=clause.why_nl, withheld=names)
    home = " Alleen over jongeren die in het werkgebied van de ontvanger wonen." if clause.recipient.home else ""
    age, informs = clause.subject.age, clause.duty_to_inform
    return ClauseText(
        clause.id,
        clause.article,
        permits=True,
        what=f"{who} geeft aan {whom}: {record}, over jongeren van {age.min} tot en met {age.max} jaar.{home}",
        why=clause.why_nl,
        purposes=tuple(_purpose(policy, purpose) for purpose in clause.purposes),
        bases=tuple(_basis(policy, basis) for basis in clause.bases),
        fields=tuple((_label(policy, name) + FORMS[need.form], need.need) for name, need in clause.fields.items()),
        keeps=clause.retention.text_nl,
        obligations=tuple(policy.obligations[Term(duty)].text_nl for duty in clause.obligations),
        informs=" ".join(filter(None, (f"{_capital(KINDS[informs.who])} doet dit. {informs.when}", informs.exception))),
    )


@dataclass(frozen=True, slots=True)
class ChangeText:
    """A change that is the same on all of `ways`: what passes more or less; `about` and `days` bound for whom and when.

    The bounds are the widest of its parts: nobody beyond them is touched. Exact is `hub.consent.diff` alone.
    """

    ways: tuple[str, ...]
    record: str
    purpose: str
    more: tuple[str, ...]
    less: tuple[str, ...]
    special: tuple[str, ...]
    about: tuple[str, ...]
    days: tuple[str, ...]

    @property
    def widens(self) -> bool:
        """Whether anything passes that did not, or something owed is no longer so."""
        return bool(self.more)


def change_texts(found: Diff, before: PolicySet, after: PolicySet) -> tuple[ChangeText, ...]:
    """All that changes, what widens first; what passes more and less alike is told once, with every way along which it does."""
    alike: dict[Hashable, list[Change]] = {}
    for change in found.changes:
        said = (change.gained, change.lost, change.released, change.bound)
        alike.setdefault((change.record, change.purpose, said), []).append(change)
    texts = [_change_text(changes, before, after) for changes in alike.values()]
    return tuple(sorted(texts, key=lambda text: (not text.widens, text.record, text.purpose, text.ways)))


def _change_text(changes: list[Change], before: PolicySet, after: PolicySet) -> ChangeText:
    one = changes[0]
    more = [*_fields(after, one.gained), *(f"vervalt als plicht: {_duty(before, duty)}" for duty in one.released)]
    less = [*_fields(before, one.lost), *(f"komt erbij als plicht: {_duty(after, duty)}" for duty in one.bound)]
    return ChangeText(
        tuple(sorted({_way(after, before, change.way) for change in changes})),
        next(policy.records[one.record].label_nl for policy in (after, before) if one.record in policy.records),
        "zonder genoemd doel" if one.purpose is None else _purpose(after, one.purpose, before),
        tuple(more),
        tuple(less),
        tuple(sorted({_label(after, name) for change in changes for name in change.special})),
        tuple(_about(changes)),
        tuple(_span(span) for span in _together(span for change in changes for span in change.days)),
    )


def _about(changes: list[Change]) -> Iterator[str]:
    """Per fact that every change asks about, all that it may be."""
    for fact in dict.fromkeys(scale.fact for scale, _ in changes[0].where):
        asked = [change.marks(fact) for change in changes]
        marks = frozenset[Hashable]().union(*(each for each in asked if each is not None))
        if None not in asked and not marks >= {True, False}:
            yield f"{_FACTS.get(fact, fact)}: {_marks(marks)}"


def _together(spans: Iterable[Span]) -> list[Span]:
    """The same days in as few spans as they fit in."""
    found: list[Span] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((begins, ends))
    return found


def _marks(marks: Iterable[Hashable]) -> str:
    numbers = sorted(mark for mark in marks if isinstance(mark, int) and not isinstance(mark, bool))
    others = sorted(_mark(mark) for mark in marks if not isinstance(mark, int) or isinstance(mark, bool))
    return ", ".join([*_runs(numbers), *others])


def _mark(mark: Hashable) -> str:
    return "een datum" if isinstance(mark, tuple) else _MARKS.get(mark, str(mark))


def _runs(numbers: list[int]) -> Iterator[str]:
    """`18 tot en met 23`, of whole numbers in order."""
    while numbers:
        end = 0
        while end + 1 < len(numbers) and numbers[end + 1] == numbers[end] + 1:
            end += 1
        yield str(numbers[0]) if end == 0 else f"{numbers[0]} tot en met {numbers[end]}"
        numbers = numbers[end + 1 :]


def _span(span: Span) -> str:
    begins, ends = span
    since = "" if begins == date.min else f"vanaf {dutch_date(begins)}"
    until = "" if ends == date.max else f"tot {dutch_date(ends)}"
    return " ".join(filter(None, (since, until))) or "altijd"


def _fields(policy: PolicySet, fields: Fields) -> Iterator[str]:
    return (_label(policy, name) + FORMS[form] for name, form in fields)


def _way(policy: PolicySet, other: PolicySet, way: tuple[PartyId, ...]) -> str:
    return " → ".join(name_of(policy if party in policy.parties else other, party) for party in way)


def _duty(policy: PolicySet, duty: str) -> str:
    known = policy.obligations.get(Term(duty))
    return duty if known is None else known.text_nl


def _side(policy: PolicySet, side: Side) -> str:
    if side.party is not None:
        return name_of(policy, side.party)
    return KINDS[side.kind] if side.kind is not None else ""


def _label(policy: PolicySet, name: ElementName) -> str:
    known = policy.elements.get(name)
    return name if known is None else known.label_nl


def _purpose(policy: PolicySet, purpose: PurposeId, other: PolicySet | None = None) -> str:
    for known in (policy, other):
        if known is not None and purpose in known.purposes:
            return known.purposes[purpose].label_nl
    return purpose


def _basis(policy: PolicySet, basis: BasisId) -> str:
    row = policy.laws[basis]
    doubt = " Een jurist moet deze lezing nog bevestigen." if row.review == "needed" else ""
    return f"{row.law.name}, {row.article}: {row.text_nl}{doubt}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
