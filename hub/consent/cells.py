"""The questions that two policies may answer differently, cut into finitely many cells. Pure.

A scale reads one thing off a young person's facts and gives a mark; facts with the same marks on all scales of a space are
answered alike, by either policy. What a clause reads is known from its row (`hub.consent.table`), so only what some clause of
the way asks becomes a scale, and marks that shut every clause on both sides are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, product
from typing import Final

from hub.consent.axes import Axis, Picked, ages, apart, asked_of, statements, with_values
from hub.consent.hear import hear
from hub.consent.scales import Mark, Scale, Yes
from hub.consent.space import Row, Space, columns
from hub.consent.table import Asked, ClauseRow, ForbidRow
from hub.domain.facts import StatementKind, SubjectFacts

_WINDOWS: Final = ("onderwijssoort", "datum_diploma")


@dataclass(frozen=True, slots=True)
class _Open:
    """The permits that no fact shuts on a day; the bits of each step of either side; those that stand on both sides alike."""

    rows: Sequence[Row]
    steps: Sequence[Sequence[int]]
    twins: int

    @classmethod
    def of(cls, space: Space) -> _Open:
        """Of what is passed on, only permits that say so; of a giver's own data, only those that do not."""
        rows: list[Row] = []
        steps: list[list[int]] = []
        twins: dict[Hashable, list[int]] = {}
        for side, lanes in enumerate(space.sides):
            bits: list[int] = []
            for number, lane in enumerate(lanes):
                mask = 0
                for clause in lane.clauses:
                    if not clause.shut and bool(clause.reuse_of) == bool(number):
                        rows.append(Row(1 << len(rows), lane, clause))
                        mask |= rows[-1].bit
                        key = (number, columns(clause), space.written(side, number, clause))
                        twins.setdefault(key, []).append(rows[-1].bit)
                bits.append(mask)
            steps.append(bits)
        both = sum(sum(bits) for bits in twins.values() if len(bits) == 2) if space.alike else 0
        return cls(rows, steps, both)

    def left(self, open_: int) -> int:
        """What of `open_` is left to decide: nothing where both sides do alike or neither gets through, else no dead side."""
        if not open_ & ~self.twins:
            return 0
        return sum(open_ & sum(bits) for bits in self.steps if all(mask & open_ for mask in bits))


_Box = tuple[frozenset[Mark], ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    """Values that are answered alike, as one of them says it: the marks they have come to `boxes`."""

    picked: tuple[Picked, ...]
    boxes: Sequence[_Box]
    open: int


class _Group:
    """One axis, or several whose values shut and limit permits only together."""

    def __init__(self, axes: Sequence[Axis], told: Callable[[int], Sequence[_Choice]] | None = None) -> None:
        self.scales = tuple(scale for axis in axes for scale in axis.scales)
        self._axes, self._told = axes, told
        self._kept: dict[int, Sequence[_Choice]] = {}

    def choices(self, open_: int) -> Sequence[_Choice]:
        """What there is to choose from, as far as the permits in `open_` tell it apart."""
        found = self._kept.get(open_)
        if found is None:
            (axis, *more) = self._axes
            if more or self._told:
                assert self._told is not None
                found = self._told(open_)
            else:
                found = [_Choice(((axis, value),), (value.marks,), value.open) for value in axis.told_apart(open_)]
            self._kept[open_] = found
        return found


@dataclass(frozen=True, slots=True)
class Cell:
    """Marks per scale, in the order of `scales`, that are answered alike, and facts that have some of them."""

    scales: tuple[Scale, ...]
    boxes: tuple[tuple[frozenset[Mark], ...], ...]
    facts: SubjectFacts


def cells(space: Space) -> Iterator[Cell]:
    """Every cell of the space in which at least one side may permit, and the two may differ."""
    open_ = _Open.of(space)
    nobody = SubjectFacts(space.day, *(None,) * 9, standing=frozenset())
    if not open_.left(sum(row.bit for row in open_.rows)):
        return
    years = ages(space, open_.rows, nobody)
    others = list(apart(space, open_.rows, nobody))
    speak = sorted({asked.self_from for row in open_.rows for asked in asked_of(row) if asked.self_from is not None})
    kept: dict[int, list[_Group]] = {}
    for age in years.values:
        left = open_.left(age.open)
        if left:
            someone = with_values(nobody, [(years, age)])
            told = sum(first <= age.says for first in speak)  # of the age statements ask no more than who may speak
            if told not in kept:
                kept[told] = _groups(space, open_.rows, (*statements(open_.rows, someone), *others), someone)
            groups = kept[told]
            scales = (*years.scales, *(scale for group in groups for scale in group.scales))
            for chosen in _walk(groups, left, open_, ()):
                boxes = (sum(parts, age.marks) for parts in product(*(choice.boxes for choice in chosen)))
                yield Cell(scales, tuple(boxes), with_values(someone, chain.from_iterable(choice.picked for choice in chosen)))


def _walk(groups: Sequence[_Group], left: int, open_: _Open, chosen: tuple[_Choice, ...]) -> Iterator[tuple[_Choice, ...]]:
    if len(chosen) == len(groups):
        yield chosen
        return
    for choice in groups[len(chosen)].choices(left):
        still = open_.left(left & choice.open)
        if still:
            yield from _walk(groups, still, open_, (*chosen, choice))


def _groups(space: Space, rows: Sequence[Row], axes: Sequence[Axis], someone: SubjectFacts) -> list[_Group]:
    """Each axis by itself, but those together that a statement hangs on which is asked some years after a diploma."""
    windowed = {asked.required.statement for row in rows for asked in asked_of(row) if asked.required.when}

    def joins(axis: Axis) -> bool:
        scale = axis.scales[0]
        return (isinstance(scale, Yes) and scale.kind in windowed) or scale.fact in _WINDOWS

    if not windowed:
        return [_Group([axis]) for axis in axes]
    joint = [axis for axis in axes if joins(axis)]
    told = partial(_jointly, joint, rows, windowed, [forbid for lane in space.lanes() for forbid in lane.forbids], someone)
    return [_Group(joint, told), *(_Group([axis]) for axis in axes if not joins(axis))]


def _jointly(
    axes: Sequence[Axis],
    rows: Sequence[Row],
    kinds: Collection[StatementKind],
    forbids: Sequence[ForbidRow],
    someone: SubjectFacts,
    open_: int,
) -> Sequence[_Choice]:
    """What can be said on these axes at once, put together where every statement that is asked for is there or not there."""
    asking = [row for row in rows if row.bit & open_]
    found: dict[Hashable, tuple[tuple[Picked, ...], list[_Box], int]] = {}
    for values in product(*(tuple(axis.told_apart(open_)) for axis in axes)):
        picked = tuple(zip(axes, values, strict=True))
        facts = with_values(someone, picked)
        there: list[bool] = []
        left = open_
        for value in values:
            left &= value.open
        for row in asking:
            heard = {asked: hear(asked, row.clause, row.lane, facts)[0] is None for asked in asked_of(row)}
            there += (is_there for asked, is_there in heard.items() if asked.required.statement in kinds)
            if not _opens(row.clause, heard, kinds):
                left &= ~row.bit
        school = facts.onderwijssoort
        told = tuple(school is None or school in forbid.onderwijssoort for forbid in forbids if forbid.onderwijssoort)
        box = tuple(marks for value in values for marks in value.marks)
        found.setdefault((left, tuple(there), told), (picked, [], left))[1].append(box)
    return [_Choice(picked, merged(boxes), left) for picked, boxes, left in found.values()]


def _opens(clause: ClauseRow, heard: Mapping[Asked, bool], kinds: Collection[StatementKind]) -> bool:
    """Whether these statements leave a permit open: all that it requires are there, and all that some basis asks for."""
    return all(heard[asked] for asked in clause.requires if asked.required.statement in kinds) and any(
        basis.asks is None or basis.asks.required.statement not in kinds or heard[basis.asks] for basis in clause.bases
    )


def merged(boxes: Iterable[tuple[frozenset[Mark], ...]]) -> list[tuple[frozenset[Mark], ...]]:
    """The same boxes with those put together that differ on one axis alone, until none do; boxes that do not meet stay so."""
    now = list(boxes)
    while len(now) > 1:
        count = len(now)
        for axis in range(len(now[0])):
            rows: dict[Hashable, tuple[_Box, _Box, set[Mark]]] = {}
            for box in now:
                before, after = box[:axis], box[axis + 1 :]
                rows.setdefault((before, after), (before, after, set()))[2].update(box[axis])
            if len(rows) < len(now):
                now = [(*before, frozenset(marks), *after) for before, after, marks in rows.values()]
        if len(now) == count:
            break
    return now
