"""Properties of statements: the fold is total, deterministic and fails closed; a chain shows every change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import blake2b
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.consent.chain import body_of, chained, digest_of, read_chain
from hub.consent.statement import START, Event, What, hold, standing_of
from hub.domain.facts import YES, Stated, StatementKind, StatementState, Voice
from hub.errors import Tampered
from tests.fakes.statements import DAY, TAG, event, scope

KINDS = st.sampled_from(list(StatementKind))
VOICES = st.sampled_from(list(Voice))
SCOPES = st.builds(
    scope,
    st.none() | st.sets(st.sampled_from(["p", "q"]), min_size=1),
    st.none() | st.sets(st.sampled_from(["a", "b"]), min_size=1),
)
DAYS = st.integers(0, 40).map(lambda days: DAY + timedelta(days=days))


def keyed(label: str, data: bytes) -> bytes:
    return blake2b(label.encode() + data, key=b"k", digest_size=32).digest()


@st.composite
def histories(draw: st.DrawFn, kind: StatementKind | None = None, number: int = 7) -> list[Event]:
    """The events of one statement as they were recorded, chained; some of them late."""
    chosen = kind or draw(KINDS)
    events: list[Event] = []
    kept, recorded = START, 0
    for seq in range(1, draw(st.integers(1, 6)) + 1):
        recorded += draw(st.integers(1, 10))
        happened = draw(st.integers(0, recorded))
        made = event(
            draw(st.sampled_from(list(What))),
            happened,
            seq,
            recorded_us=recorded,
            kind=chosen,
            statement_id=UUID(int=number),
            day=draw(DAYS),
            until=draw(st.none() | DAYS),
            proxy_until=draw(st.none() | DAYS),
            voice=draw(VOICES),
            scope=draw(SCOPES),
            prev=kept,
        )
        events.append(made)
        kept = chained(events, digest_of(made, keyed))[1]
    return events


def rows(events: Sequence[Event]) -> list[tuple[bytes, bytes | None]]:
    return [(body_of(one), digest_of(one, keyed)) for one in events]


@given(histories(), DAYS)
def test_the_fold_depends_on_the_events_alone(events: list[Event], day: date):
    assert hold(events, day) == hold(list(reversed(events)), day)


@given(histories(), DAYS, st.integers(0, 60))
def test_what_was_known_then_stays_known_then(events: list[Event], day: date, moment: int):
    known = [one for one in events if one.recorded_us <= moment]
    assert hold(events, day, moment) == hold(known, day)


@given(histories(), DAYS)
def test_nothing_holds_after_its_end_nor_before_its_beginning(events: list[Event], day: date):
    held = hold(events, day)
    assume(held is not None)
    assert held is not None
    if held.state is StatementState.given:
        assert held.begins <= day
        assert held.until is None or day < held.until


@given(histories(StatementKind.toestemming), DAYS)
def test_a_yes_is_held_by_nothing_but_a_yes(events: list[Event], day: date):
    held = hold(events, day)
    if held is not None and held.state is StatementState.given:
        assert any(one.what in (What.given, What.reaffirmed) and one.day <= day for one in events)


@given(histories(), DAYS)
def test_to_withdraw_ends_it_and_twice_is_once(events: list[Event], day: date):
    end = 10_000
    gone = event(What.withdrawn, end, len(events) + 1, kind=events[0].kind, day=day)
    again = event(What.withdrawn, end + 1, len(events) + 2, kind=events[0].kind, day=day)
    once, twice = hold([*events, gone], day), hold([*events, gone, again], day)
    assert (once is None) == (twice is None)
    for held in (once, twice):
        assert held is None or held.state is StatementState.withdrawn
    more = hold([*events, gone, event(What.given, end + 2, len(events) + 3, kind=events[0].kind, day=day)], day)
    assert more is not None
    assert more.state is StatementState.given


@given(histories(), DAYS)
def test_what_comes_later_changes_no_earlier_day(events: list[Event], day: date):
    later = event(What.withdrawn, 10_000, len(events) + 1, kind=events[0].kind, day=day + timedelta(days=1))
    assert hold([*events, later], day) == hold(events, day)


def open_for(stated: frozenset[Stated], kind: StatementKind) -> set[tuple[str, str]]:
    """The purposes and parties that a yes of this kind opens, read naively."""
    yes = [one for one in stated if one.kind is kind and one.state is StatementState.given]
    return {(purpose, party) for one in yes for purpose in one.purposes or () for party in one.parties or ()}


@given(histories(StatementKind.toestemming, 1), histories(StatementKind.toestemming, 2), DAYS)
def test_another_statement_without_a_yes_never_opens_more(one: list[Event], two: list[Event], day: date):
    held = hold(two, day)
    assume(held is None or held.state is not StatementState.given)
    alone, both = standing_of([one], day), standing_of([one, two], day)
    assert open_for(both, StatementKind.toestemming) <= open_for(alone, StatementKind.toestemming)


@given(st.lists(histories(StatementKind.instemming, 1), min_size=1, max_size=1), SCOPES, DAYS)
def test_a_childs_no_that_comes_last_leaves_no_yes_that_it_meets(said: list[list[Event]], about: object, day: date):
    no = [event(What.refused, 10_000, kind=StatementKind.instemming, statement_id=UUID(int=9), scope=about, day=day)]
    told = standing_of([*said, no], day)
    yes = hold(said[0], day)
    if yes is not None and yes.scope.meets(no[0].scope):
        assert not any(one.state is StatementState.given and one.kind in YES for one in told)


@given(histories())
def test_a_chain_reads_back(events: list[Event]):
    assert list(read_chain(TAG, rows(events), keyed)) == events


@given(histories(), st.data())
def test_every_edit_drop_and_swap_is_seen(events: list[Event], data: st.DataObject):
    kept = rows(events)
    place = data.draw(st.integers(0, len(kept) - 1))
    how = data.draw(st.sampled_from(["edit", "drop", "swap", "digest"]))
    if how == "edit":
        body = bytearray(kept[place][0])
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] ^= data.draw(st.integers(1, 255))
        kept[place] = (bytes(body), kept[place][1])
    elif how == "digest":
        kept[place] = (kept[place][0], keyed("other", kept[place][0]))
    elif how == "drop":
        assume(place < len(kept) - 1)  # of the last the log tells
        del kept[place]
    else:
        other = data.draw(st.integers(0, len(kept) - 1))
        assume(other != place)
        kept[place], kept[other] = kept[other], kept[place]
    with pytest.raises(Tampered):
        read_chain(TAG, kept, keyed)
