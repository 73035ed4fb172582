"""Ways of one shape: the same is written between parties of other names, so what changes on one changes on all. Pure.

One of them is compared; the others follow by putting in their own parties and gemeenten. Two ways have one shape when on either
side every step is written alike, the same parties and controllers coincide, and the gemeenten lie alike in the areas of the
parties, since the same days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hub.consent.otherwise import otherwise
from hub.consent.scales import Mark, Named, No, Scale, Yes
from hub.consent.sides import Side
from hub.consent.table import Lane
from hub.domain.terms import PartyId, RecordKind

Where = tuple[tuple[Scale, frozenset[Mark]], ...]
Codes = frozenset[str]
_GEMEENTE = "gemeente"


@dataclass(frozen=True, slots=True)
class Shape:
    """`key` is equal where the shape is; `names` are parties, controllers and whom these follow, and `homes` gemeenten by how
    they lie."""

    key: Hashable
    names: tuple[PartyId, ...]
    homes: Mapping[Hashable, Codes]


def shape_of(sides: Sequence[Side], way: Sequence[PartyId], record: RecordKind) -> Shape:
    """The shape of a way for such records."""
    standing = [side.standing(party) for side in sides for party in way]
    before = [() if one is None else one.follows for one in standing]
    called = [*way, *(None if one is None else one.controller for one in standing), *(old for one in before for _, old in one)]
    names = list(dict.fromkeys(name for name in called if name is not None))
    lies: dict[str, list[tuple[int, frozenset[Hashable]]]] = defaultdict(list)
    for place, one in enumerate(standing):
        for code, when in () if one is None else one.homes.items():
            lies[code].append((place, when))
    homes: dict[Hashable, set[str]] = defaultdict(set)
    for code, how in lies.items():
        homes[tuple(how)].add(code)
    steps = tuple(side.form((*step, record)) for side in sides for step in pairwise(way))
    same = tuple(None if name is None else names.index(name) for name in called)
    since = tuple(tuple(day for day, _ in one) for one in before)
    key = (record, len(way), steps, same, since, frozenset(homes))
    return Shape(key, tuple(names), {how: frozenset(codes) for how, codes in homes.items()})


class Renaming:
    """Tells what was found on a way of one shape as of another way of that shape."""

    def __init__(self, found: Shape, told: Shape) -> None:
        self._names = dict(zip(found.names, told.names, strict=True))
        self._homes = [(codes, told.homes[how]) for how, codes in found.homes.items()]
        self._scales: dict[Scale, Scale] = {}
        self._lanes: dict[int, Lane] = {}

    def where(self, where: Where) -> Where:
        """The same part of all questions, about the other parties."""
        return tuple(
            (self._scale(scale), self._codes(marks) if isinstance(self._scale(scale), Named) else marks)
            for scale, marks in where
        )

    def _codes(self, marks: frozenset[Mark]) -> frozenset[Mark]:
        stay = marks.difference(*(codes for codes, _ in self._homes))
        return stay.union(*(instead for codes, instead in self._homes if codes <= marks))

    def _scale(self, scale: Scale) -> Scale:
        found = self._scales.get(scale)
        if found is None:
            found = self._scales[scale] = self._renamed(scale)
        return found

    def _renamed(self, scale: Scale) -> Scale:
        match scale:
            case Yes():
                return otherwise(scale, recipient=self._names[scale.recipient], lane=self._lane(scale.lane))
            case No():
                addressed = frozenset(self._names[name] for name in scale.addressed)
                return otherwise(scale, addressed=addressed, lane=self._lane(scale.lane))
            case Named(fact, names) if fact == _GEMEENTE:
                return Named(fact, frozenset(str(code) for code in self._codes(names)))
            case _:
                return scale

    def _lane(self, lane: Lane) -> Lane:
        """What says whom a statement is addressed to; nothing is decided by it."""
        found = self._lanes.get(id(lane))
        if found is None:
            addressed = frozenset(self._names[name] for name in lane.addressed)
            found = otherwise(lane, recipient=self._names[lane.recipient], addressed=addressed, answers={}, grants={})
            self._lanes[id(lane)] = found
        return found
