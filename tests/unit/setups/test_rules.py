"""What cannot be done with an instance as it stands, each for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from hub.errors import Conflict, Refused
from hub.setups import rules
from hub.setups.standing import Act, Move, Standing, standing_of

_WORDS = {Act.break_glass: "STORING", Act.credential: "token"}


def lived(*acts: Act) -> Standing:
    return standing_of(
        [
            Move("duo", "x", seq, act, 1, "a", _WORDS.get(act, ""), b"", UUID(int=seq), seq)
            for seq, act in enumerate((Act.create, *acts), 1)
        ]
    )


RUNS = lived(Act.propose, Act.activate)


@pytest.mark.parametrize(
    ("check", "one", "why"),
    [
        (rules.check_propose, RUNS, "All of it is active"),
        (rules.check_propose, lived(Act.propose), "A second person activates it"),
        (rules.check_propose, lived(Act.end), "does not begin again"),
        (rules.check_break_glass, RUNS, "All of it is active"),
        (rules.check_break_glass, lived(Act.break_glass, Act.credential), "not confirmed yet"),
        (lambda one: rules.check_newest(one, 2), lived(), "first"),
        (lambda _: rules.check_known(False), lived(), "no second person"),
        (lambda one: rules.check_activate(one, "b"), lived(), "proposes it first"),
        (lambda one: rules.check_confirm(one, "b"), RUNS, "Nobody activated this alone"),
        (lambda one: rules.check_confirm(one, "a"), lived(Act.break_glass), "You activated it alone"),
        (rules.check_pause, lived(), "It is"),
        (rules.check_resume, RUNS, "It is"),
        (rules.check_open, lived(Act.end), "does not begin again"),
    ],
)
def test_what_cannot_be_done_is_refused(check: Callable[[Standing], None], one: Standing, why: str) -> None:
    with pytest.raises((Refused, Conflict)) as refused:
        check(one)
    assert why in refused.value.why


def test_what_can_be_done_is_not() -> None:
    waits = lived(Act.propose, Act.activate, Act.credential)
    for one in (lived(), waits):
        rules.check_propose(one)
        rules.check_break_glass(one)
    rules.check_confirm(lived(Act.break_glass), "b")
    rules.check_pause(RUNS)
    rules.check_resume(lived(Act.propose, Act.activate, Act.pause))
