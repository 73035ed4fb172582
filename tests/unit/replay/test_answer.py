"""What a replay says: how decisions turn, and that few people are not counted out loud."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.terms import PartyId, PolicyHash
from hub.replay.answer import Kind, Replayed, Told, Turn, people, turned

HASH = PolicyHash("0" * 64)
FIELDS: dict[str, Any] = {
    "permits": True,
    "agreement": "a/1",
    "clause": "a/1/b",
    "purpose": "doel",
    "bases": ("wet-1",),
    "attributes": ("naam", "adres:banded"),
    "withheld": {},
    "reasons": (),
}


def _told(**changes: Any) -> Told:
    return Told(**{**FIELDS, **changes})


DENIED = _told(permits=False, clause=None, bases=(), attributes=(), reasons=("TE_JONG",))


@pytest.mark.parametrize(
    ("then", "now", "turn"),
    [
        (_told(), _told(), Turn.same),
        (_told(), DENIED, Turn.permit_to_deny),
        (DENIED, _told(), Turn.deny_to_permit),
        (_told(), _told(attributes=("naam",)), Turn.fields),
        (_told(), _told(bases=("wet-2",)), Turn.other),
        (DENIED, _told(**{**FIELDS, "permits": False, "attributes": ()}), Turn.other),
    ],
)
def test_how_a_decision_turns(then: Told, now: Told, turn: Turn):
    assert turned(then, now) is turn


def test_a_kind_tells_what_passes_more_and_less_and_why_not():
    kind = Kind.of(PartyId("uwv"), _told(), _told(attributes=("naam", "adres")))
    assert (kind.gained, kind.lost) == (("adres",), ("adres:banded",))
    assert Kind.of(PartyId("uwv"), _told(), DENIED).reasons == ("TE_JONG",)


def test_fewer_than_five_people_are_not_counted_out_loud():
    assert [people(count) for count in (0, 1, 4, 5, 1000)] == [0, "<5", "<5", 5, 1000]


def test_a_replay_is_stale_when_the_log_grew_or_another_set_is_in_use():
    done = Replayed(HASH, HASH, 10)
    assert not done.stale(HASH, 10)
    assert done.stale(HASH, 11)
    assert done.stale(PolicyHash("1" * 64), 10)
