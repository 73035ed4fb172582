"""What waits: for whom, in which order, and when it is late."""

from __future__ import annotations

from datetime import date

from hub.domain.staff import Role
from hub.domain.terms import Micros
from hub.waiting.model import Item, List, What, by_urgency
from tests.fakes.agreements import AT_DUO, FG, OFFICER, person

DAY = date(2026, 11, 20)


def item(what: What = What.advice, role: Role = Role.fg, **other: object) -> Item:
    return Item(what, "iets", frozenset({role}), **other)  # type: ignore[arg-type]  # by name


def test_it_waits_for_whoever_has_the_role_and_may():
    one = item(may=lambda by: by is not FG)
    assert [one.waits_for(who) for who in (FG, person(9, Role.fg), OFFICER)] == [False, True, False]
    every = List((one, item(role=Role.decision_maker)))
    assert every.of(AT_DUO) == every.items[1:]
    assert every.with_role(Role.fg) == every.items[:1]


def test_it_is_late_from_the_day_after():
    assert [item(until=DAY).late(day) for day in (DAY, date(2026, 11, 21))] == [False, True]
    assert not item().late(DAY)


def test_what_ends_first_comes_first_and_then_what_waits_longest():
    soon, later = item(until=DAY), item(until=date(2026, 12, 1))
    old, new = item(since_us=Micros(1)), item(since_us=Micros(2))
    assert by_urgency([new, later, old, soon]) == (soon, later, old, new)
