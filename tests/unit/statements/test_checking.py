"""What is left of a statement when part of it is taken back."""

from __future__ import annotations

import pytest

from hub.consent.statement import Hold, Scope, What, hold
from hub.domain.facts import StatementKind
from hub.errors import Refused
from hub.statements.checking import left, named_in
from tests.fakes.statements import DAY, event, scope

YES, NO = StatementKind.toestemming, StatementKind.bezwaar
ALL = scope({"p", "q"}, {"a", "b"})


def held(about: Scope, kind: StatementKind = YES) -> Hold:
    found = hold([event(What.given, 1, kind=kind, scope=about)], DAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("gone", "remains"),
    [
        (Scope(), None),
        (scope({"p", "q"}), None),
        (scope(None, {"a", "b"}), None),
        (ALL, None),
        (scope({"p"}), scope({"q"}, {"a", "b"})),
        (scope(None, {"a"}), scope({"p", "q"}, {"b"})),
        (scope({"p", "q"}, {"a"}), scope({"p", "q"}, {"b"})),
        (scope({"p"}, {"a", "b"}), scope({"q"}, {"a", "b"})),
        (scope({"p"}, {"a"}), scope({"q"}, {"a", "b"})),
    ],
)
def test_what_is_left_of_a_yes_never_says_what_was_taken_back(gone: Scope, remains: Scope | None):
    assert left(held(ALL), gone) == remains


def test_a_yes_that_cannot_be_parted_goes_whole():
    assert left(held(Scope(), StatementKind.raadpleging_school), scope({"p"})) is None


def test_a_no_without_limits_is_taken_back_whole_or_not_at_all():
    assert left(held(Scope(), NO), Scope()) is None
    assert left(held(ALL, NO), scope({"p"})) == scope({"q"}, {"a", "b"})
    for gone in (scope({"p"}), scope(None, {"a"})):
        with pytest.raises(Refused, match="only a part was named"):
            left(held(Scope(), NO), gone)


def test_an_entry_names_each_statement_with_its_event():
    assert named_in({"statement": "s", "event": "e"}) == {("s", "e")}
    both = {"statement-1": "s", "event-1": "e", "statement-2": "t", "event-2": "f", "staff": "m-1"}
    assert named_in(both) == {("s", "e"), ("t", "f")}
    assert named_in({}) == set()
