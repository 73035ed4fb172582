"""What changes when one policy set takes the place of another: exactly, for every question that can be asked. Pure.

Two sets are compared way by way: who gives, to whom, and where data are passed on, through whom. Only ways whose rows differ
are looked at, and of those that have one shape (`hub.consent.shape`) only one. Their questions are cut into cells
(`hub.consent.cells`), both sides decide each cell by `hub.consent.decide`, and cells with the same change are put together
again. A way passes no party twice, and statements are those without a limit to elements: one that has it narrows a change to
the elements that it names.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Final

from hub.consent.cells import cells, merged
from hub.consent.decide import answers
from hub.consent.model import Element, PolicySet
from hub.consent.otherwise import otherwise
from hub.consent.question import Decision, Question
from hub.consent.scales import Mark, Scale, every
from hub.consent.shape import Renaming, Shape, shape_of
from hub.consent.sides import Edge, Numbers, Side
from hub.consent.space import Space, around
from hub.consent.table import Answer
from hub.domain.terms import BasisId, ElementName, Form, PartyId, PolicyHash, PurposeId, RecordKind

_FORMS: Final = tuple(Form)
Fields = tuple[tuple[ElementName, Form], ...]
Span = tuple[date, date]
Way = tuple[PartyId, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision lets happen: which fields pass in which form, on what ground, and what the recipient owes for it."""

    fields: Fields = ()
    purpose: PurposeId | None = None
    bases: tuple[BasisId, ...] = ()
    obligations: tuple[str, ...] = ()
    retention: str | None = None


NOTHING: Final = Effect()
"""What a refusal lets happen."""


def effect_of(decision: Decision | Answer) -> Effect:
    """What `decision` lets happen, for a question that asks for no elements of its own."""
    grant = decision.grant
    if grant is None:
        return NOTHING
    return Effect(tuple(sorted(grant.fields)), grant.purpose, grant.bases, tuple(sorted(grant.obligations)), grant.retention)


@dataclass(frozen=True, slots=True)
class Change:
    """A part of all questions that the two sets answer differently, everywhere in the same way.

    `way` is giver to recipient, with whom it passes in between; `purpose` is None for questions that name none. `days` are
    half-open. `where` are the marks on each scale that facts must have; what is not named may be anything. `special` are the
    elements gained that the law protects more than the rest.
    """

    way: Way
    record: RecordKind
    purpose: PurposeId | None
    any_purpose: bool
    days: tuple[Span, ...]
    where: tuple[tuple[Scale, frozenset[Mark]], ...]
    before: Effect
    after: Effect
    special: tuple[ElementName, ...]

    @property
    def gained(self) -> Fields:
        """The fields that pass now, or in a form that tells more, with that form."""
        return _more(self.before, self.after)

    @property
    def lost(self) -> Fields:
        """The fields that pass no more, or in a form that tells less, with the form that they had."""
        return _more(self.after, self.before)

    @property
    def released(self) -> tuple[str, ...]:
        """The obligations that a recipient who still receives no longer has."""
        return _fewer(self.before, self.after)

    @property
    def bound(self) -> tuple[str, ...]:
        """The obligations that are new for a recipient who received already."""
        return _fewer(self.after, self.before)

    @property
    def widens(self) -> bool:
        """Whether more passes, or less is owed for it."""
        return bool(self.gained or self.released)

    @property
    def narrows(self) -> bool:
        """Whether less passes, or more is owed for it."""
        return bool(self.lost or self.bound)

    def marks(self, fact: str) -> frozenset[Mark] | None:
        """The marks of a scale by what it reads; None where it may be anything."""
        return next((marks for scale, marks in self.where if scale.fact == fact), None)

    def holds(self, question: Question) -> bool:
        """Whether `question` is one of these."""
        facts = question.facts
        return (
            question.path == self.way
            and question.record == self.record
            and (question.purpose == self.purpose or (self.any_purpose and question.purpose is None))
            and any(start <= facts.as_of < end for start, end in self.days)
            and all(scale.mark(facts) in marks for scale, marks in self.where)
        )


def _more(before: Effect, after: Effect) -> Fields:
    had = dict(before.fields)
    return tuple((name, form) for name, form in after.fields if name not in had or _FORMS.index(form) < _FORMS.index(had[name]))


def _fewer(before: Effect, after: Effect) -> tuple[str, ...]:
    return tuple(each for each in before.obligations if each not in after.obligations) if after.fields else ()


@dataclass(frozen=True)
class Diff:
    """All that changes from the set `before` to the set `after`; `cells` says how many parts were decided under both."""

    before: PolicyHash
    after: PolicyHash
    changes: tuple[Change, ...]
    cells: int

    @cached_property
    def wider(self) -> tuple[Change, ...]:
        """Where more passes, or less is owed for it; such a change may also narrow."""
        return tuple(change for change in self.changes if change.widens)

    @cached_property
    def narrower(self) -> tuple[Change, ...]:
        """Where less passes, or more is owed for it."""
        return tuple(change for change in self.changes if change.narrows)

    @cached_property
    def changed(self) -> tuple[Change, ...]:
        """Where the same passes for the same obligations, on another ground or for another term or purpose."""
        return tuple(change for change in self.changes if not change.widens and not change.narrows)

    @cached_property
    def special(self) -> tuple[ElementName, ...]:
        """The elements gained somewhere that the law protects more than the rest."""
        return tuple(sorted({name for change in self.changes for name in change.special}))


@dataclass(frozen=True, slots=True)
class Summary:
    """A diff in figures, bound to both sets: what a decision-maker signs for."""

    before: PolicyHash
    after: PolicyHash
    wider: int
    narrower: int
    changed: int
    special: int


def summary(found: Diff) -> Summary:
    """`found` in figures; `special` counts elements."""
    counts = (len(found.wider), len(found.narrower), len(found.changed), len(found.special))
    return Summary(found.before, found.after, *counts)


def diff(a: PolicySet, b: PolicySet) -> Diff:
    """All that changes from `a` to `b`, both with every agreement in force as its text says."""
    with _uncollected():
        return _diff(a, b)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: what a diff makes it keeps, and to look through both sets again and again doubles it."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _diff(a: PolicySet, b: PolicySet) -> Diff:
    numbers: Numbers = {}
    sides = (Side(a, numbers), Side(b, numbers))
    changes: list[Change] = []
    compared: dict[Hashable, tuple[Shape, list[Change]]] = {}
    decided = 0
    for way, record in _ways(sides):
        shape = shape_of(sides, way, record)
        if shape.key not in compared:
            found, count = _compared(sides, way, record)
            compared[shape.key] = shape, found
            changes += found
            decided += count
            continue
        like, found = compared[shape.key]
        renaming = Renaming(like, shape)
        changes += (otherwise(change, way=way, where=renaming.where(change.where)) for change in found)
    return Diff(a.hash, b.hash, tuple(changes), decided)


_Step = tuple[PartyId, PartyId, RecordKind, PurposeId | None]


def _ways(sides: Sequence[Side]) -> Iterator[tuple[Way, RecordKind]]:
    """The ways on which something may pass under either set, and on which some step is not written alike in both."""
    edges = sorted({edge for side in sides for edge in side.permits})
    differs = {edge: _stands(sides[0], edge) != _stands(sides[1], edge) for edge in edges}
    onward: dict[tuple[PartyId, RecordKind], list[Edge]] = defaultdict(list)
    for edge in edges:
        if any(clause.reuse_of for side in sides for _, clause in side.permits.get(edge, ())):
            onward[edge[0], edge[2]].append(edge)

    started = [edge for edge in edges if any(not clause.reuse_of for side in sides for _, clause in side.permits.get(edge, ()))]
    ahead: list[tuple[Way, Edge, bool]] = [(edge[:2], edge, differs[edge]) for edge in reversed(started)]
    while ahead:
        way, last, changed = ahead.pop()
        if changed:
            yield way, last[2]
        for step in reversed(onward[last[1], last[2]]):
            if step[1] not in way and any(_passed_on(side, last, step) for side in sides):
                ahead.append(((*way, step[1]), step, changed or differs[step]))


def _stands(side: Side, edge: Edge) -> Hashable:
    """Everything that decisions between these two depend on; what is equal is decided alike."""
    return side.form(edge), side.standing(edge[0]), side.standing(edge[1])


def _passed_on(side: Side, came: Edge, goes: Edge) -> bool:
    """Whether something that came in along the one step may go on along the other."""
    bases = {basis for _, clause in side.permits.get(came, ()) for basis in clause.bases}
    return any(not bases.isdisjoint(clause.reuse_of) for _, clause in side.permits.get(goes, ()))


def _compared(sides: Sequence[Side], way: Way, record: RecordKind) -> tuple[list[Change], int]:
    """What changes on one way, and in how many cells that was decided."""
    purposes = sorted({name for side in sides for name in side.purposes((way[-2], way[-1], record))})
    changes: list[Change] = []
    decided = 0
    for purpose in [*purposes, None] if len(purposes) > 1 else purposes:
        found, count = _for(sides, way, record, purpose, any_purpose=len(purposes) == 1)
        changes += found
        decided += count
    return changes, decided


def _for(
    sides: Sequence[Side], way: Way, record: RecordKind, purpose: PurposeId | None, *, any_purpose: bool
) -> tuple[list[Change], int]:
    """What changes on one way for one purpose, and in how many cells that was decided."""
    found: dict[_Region, list[Span]] = defaultdict(list)
    seen: dict[Hashable, list[_Region]] = {}
    decided = 0
    edges = [(*step, record) for step in pairwise(way)]
    steps: list[_Step] = [(*edge, None) for edge in edges]
    steps[-1] = (*steps[-1][:3], purpose)
    written = [[side.permits_of(step) for step in edges] for side in sides]
    plain = sides[0].elements(record) == sides[1].elements(record)
    terms = [day for side in sides for day in side.in_force(edges[-1])]
    day, end = min(terms), max(terms)
    while day < end:
        one, other = (tuple(side.table.lane(*step, day) for step in steps) for side in sides)
        beside = plain and list(map(around, one)) == list(map(around, other))
        space = Space(day, (one, other), lambda side, step, clause: written[side][step][clause.id], beside)
        until = min(lane.until for lane in space.lanes())
        key = tuple((around(lane), *map(id, lane.clauses)) for lane in space.lanes())  # a permit that is the same has one row
        if key not in seen:
            seen[key], count = _regions(sides, space, way, record, purpose)
            decided += count
        for region in seen[key]:
            spans = found[region]
            if spans and spans[-1][1] == day:
                spans[-1] = (spans[-1][0], until)
            else:
                spans.append((day, until))
        day = until
    changes = []
    for (where, before, after), spans in found.items():
        special = tuple(name for name, _ in _more(before, after) if _is_special(sides[1].policy.elements[name]))
        changes.append(Change(way, record, purpose, any_purpose, tuple(spans), where, before, after, special))
    return changes, decided


def _is_special(element: Element) -> bool:
    return element.kind == "special" or element.category is not None or element.inferable_health


_Region = tuple[tuple[tuple[Scale, frozenset[Mark]], ...], Effect, Effect]


def _regions(
    sides: Sequence[Side], space: Space, way: Way, record: RecordKind, purpose: PurposeId | None
) -> tuple[list[_Region], int]:
    """What changes on one day, and in how many cells it was decided."""
    found = list(cells(space))
    questions = [Question(record, way, cell.facts, purpose) for cell in found]
    before, after = (map(effect_of, answers(side.table, questions)) for side in sides)
    alike: dict[tuple[tuple[Scale, ...], Effect, Effect], list[tuple[frozenset[Mark], ...]]] = defaultdict(list)
    for cell, was, becomes in zip(found, before, after, strict=True):
        if was != becomes:
            alike[cell.scales, was, becomes] += cell.boxes
    regions: list[_Region] = []
    for (scales, was, becomes), boxes in alike.items():
        for box in merged(boxes):
            where = tuple((scale, marks) for scale, marks in zip(scales, box, strict=True) if marks != every(scale))
            regions.append((where, was, becomes))
    return regions, len(found)
