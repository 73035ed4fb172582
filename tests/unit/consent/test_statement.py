"""The life of a statement: what its events make of it on a day, as known at a moment; and that none can be changed unseen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import blake2b
from uuid import UUID

import orjson
import pytest

from hub.consent.chain import body_of, chained, digest_of, read_chain
from hub.consent.statement import Event, Hold, Scope, What, hold, standing_of
from hub.domain.facts import Stated, StatementKind, StatementState, Voice
from hub.errors import Tampered
from tests.fakes.statements import DAY, TAG, event, scope

LATER = DAY + timedelta(days=30)
AB, A, B = scope({"p"}, {"a", "b"}), scope({"p"}, {"a"}), scope({"p"}, {"b"})


def keyed(label: str, data: bytes) -> bytes:
    return blake2b(label.encode() + data, key=b"k", digest_size=32).digest()


def held(*events: Event, day: date = DAY, known: int | None = None) -> Hold:
    found = hold(events, day, known)
    assert found is not None
    return found


def told(*whats: What, kind: StatementKind = StatementKind.toestemming) -> StatementState:
    return held(*(event(what, us, us, kind=kind) for us, what in enumerate(whats, 1))).state


@pytest.mark.parametrize(
    ("whats", "state"),
    [
        ([What.requested], StatementState.requested),
        ([What.requested, What.given], StatementState.given),
        ([What.requested, What.refused], StatementState.refused),
        ([What.given, What.withdrawn], StatementState.withdrawn),
        ([What.given, What.withdrawn, What.withdrawn], StatementState.withdrawn),
        ([What.given, What.withdrawn, What.given], StatementState.given),
        ([What.given, What.withdrawn, What.given, What.withdrawn], StatementState.withdrawn),
        ([What.given, What.withdrawn, What.reaffirmed], StatementState.withdrawn),
        ([What.given, What.proxy_ended], StatementState.proxy_ended),
        ([What.given, What.proxy_ended, What.reaffirmed], StatementState.given),
        ([What.given, What.expired, What.reaffirmed], StatementState.given),
        ([What.given, What.invalidated, What.reaffirmed], StatementState.invalidated),
        ([What.given, What.withdrawn, What.expired], StatementState.withdrawn),
        ([What.refused, What.withdrawn], StatementState.withdrawn),
        ([What.refused, What.reaffirmed], StatementState.refused),
    ],
)
def test_the_state_follows_from_the_events(whats: list[What], state: StatementState):
    assert told(*whats) is state


@pytest.mark.parametrize("what", [What.reaffirmed, What.withdrawn, What.expired, What.scope_changed, What.upheld])
def test_nothing_begins_with_what_can_only_follow(what: What):
    assert hold([event(what, 1)], DAY) is None


def test_a_period_is_half_open():
    events = [event(What.given, 1, until=LATER)]
    assert hold(events, DAY - timedelta(days=1)) is None
    assert held(*events, day=LATER - timedelta(days=1)).state is StatementState.given
    assert held(*events, day=LATER).state is StatementState.expired


def test_a_representative_speaks_until_the_birthday():
    events = [event(What.given, 1, voice=Voice.ouder, proxy_until=LATER)]
    assert held(*events, day=LATER - timedelta(days=1)).state is StatementState.given
    assert held(*events, day=LATER).state is StatementState.proxy_ended
    own = event(What.reaffirmed, 2, 2, day=LATER)
    assert (held(*events, own, day=LATER).state, held(*events, own, day=LATER).voice) == (StatementState.given, Voice.jongere)


def test_what_was_recorded_late_changes_what_is_known_now_and_not_what_was_known_then():
    given = event(What.given, 10)
    late = event(What.withdrawn, 20, 2, recorded_us=1_000)
    assert held(given, late, known=999).state is StatementState.given
    assert held(given, late, known=1_000).state is StatementState.withdrawn


def test_a_yes_that_was_recorded_late_does_not_outlive_a_no_that_came_after_it():
    gone = event(What.withdrawn, 20, 2)
    late = event(What.given, 15, 3, recorded_us=30)
    assert held(event(What.given, 10), gone, late).state is StatementState.withdrawn


@pytest.mark.parametrize("order", [(What.given, What.withdrawn), (What.withdrawn, What.given)])
def test_of_two_at_one_moment_the_one_that_shuts_counts(order: tuple[What, What]):
    yes = [event(what, 5, seq) for seq, what in enumerate(order, 2)]
    assert held(event(What.given, 1), *yes).state is StatementState.withdrawn
    kind = StatementKind.bezwaar
    no = [event(what, 5, seq, kind=kind) for seq, what in enumerate(order, 2)]
    assert held(event(What.given, 1, kind=kind), *no).state is StatementState.given


def test_a_yes_can_only_be_narrowed():
    narrower = held(event(What.given, 1, scope=AB), event(What.scope_changed, 2, 2, scope=A))
    assert narrower.scope == A
    wider = held(event(What.given, 1, scope=A), event(What.scope_changed, 2, 2, scope=AB))
    assert wider.scope == Scope(purposes=frozenset())


def test_an_objection_waits_for_the_controller_and_stops_meanwhile():
    """GDPR 21(1) and 18(1)(d): the controller weighs it and not the hub; meanwhile nothing passes."""
    said = event(What.given, 1, kind=StatementKind.bezwaar)
    assert held(said).pending
    upheld = held(said, event(What.upheld, 2, 2, kind=StatementKind.bezwaar))
    assert (upheld.state, upheld.pending, upheld.decided) == (StatementState.given, False, What.upheld)
    rejected = held(said, event(What.rejected, 2, 2, kind=StatementKind.bezwaar))
    assert (rejected.state, rejected.decided) == (StatementState.refused, What.rejected)
    late = event(What.rejected, 3, 3, kind=StatementKind.bezwaar)
    assert held(said, event(What.upheld, 2, 2, kind=StatementKind.bezwaar), late).state is StatementState.given


def states(*histories: Sequence[Event]) -> set[tuple[StatementState, Voice]]:
    return {(one.state, one.voice) for one in standing_of(histories, DAY)}


def of(number: int, what: What, us: int, voice: Voice, about: Scope = AB) -> list[Event]:
    return [event(what, us, statement_id=UUID(int=number), voice=voice, scope=about)]


def test_two_guardians_who_disagree_have_agreed_to_nothing():
    """UAVG 5(1): where both have authority, the no of one of them counts."""
    for first, second in ((1, 2), (2, 1)):
        found = states(of(1, What.given, first, Voice.ouder), of(2, What.refused, second, Voice.voogd, B))
        assert (StatementState.given, Voice.ouder) not in found
        assert (StatementState.refused, Voice.voogd) in found


def test_a_guardian_who_takes_a_yes_back_takes_that_of_the_other_with_it():
    """They agreed together (GDPR 7(3), UAVG 5(1)). A no taken back takes nothing, and a yes that is said later stands."""
    given = (StatementState.given, Voice.ouder)
    one = of(1, What.given, 1, Voice.ouder)
    back = event(What.withdrawn, 3, 2, statement_id=UUID(int=2), voice=Voice.voogd)
    assert given not in states(one, [*of(2, What.given, 2, Voice.voogd, B), back])
    assert given in states(one, [*of(2, What.given, 2, Voice.voogd, scope({"q"}, {"b"})), back])
    assert given in states(one, [*of(2, What.refused, 2, Voice.voogd, B), back])
    assert given in states(of(1, What.given, 4, Voice.ouder), [*of(2, What.given, 2, Voice.voogd, B), back])
    assert (StatementState.given, Voice.jongere) in states(
        of(1, What.given, 1, Voice.jongere), [*of(2, What.given, 2, Voice.voogd, B), back]
    )


def test_a_refusal_of_something_else_takes_nothing():
    found = states(of(1, What.given, 1, Voice.ouder, A), of(2, What.refused, 2, Voice.voogd, B))
    assert (StatementState.given, Voice.ouder) in found


def test_a_childs_own_no_takes_the_yes_of_a_parent_until_the_child_takes_it_back():
    yes, no = of(1, What.given, 2, Voice.ouder), of(2, What.refused, 1, Voice.jongere)
    assert (StatementState.given, Voice.ouder) not in states(yes, no)
    back = event(What.withdrawn, 3, 2, statement_id=UUID(int=2))
    assert (StatementState.given, Voice.ouder) in states(yes, [*no, back])


def test_the_young_person_may_say_yes_after_a_no_and_not_before():
    yes, no = of(1, What.given, 2, Voice.jongere), of(2, What.refused, 1, Voice.jongere)
    assert states(yes, no) == {(StatementState.given, Voice.jongere)}
    assert (StatementState.given, Voice.jongere) not in states(
        of(1, What.given, 1, Voice.jongere), of(2, What.refused, 2, Voice.ouder)
    )


def test_the_gates_see_who_said_what_until_when():
    (one,) = standing_of([[event(What.given, 1, scope=A, until=LATER, proxy_until=DAY + timedelta(days=5))]], DAY)
    assert one == Stated(
        StatementKind.toestemming, StatementState.given, Voice.jongere, A.purposes, A.parties, None, DAY + timedelta(days=5)
    )


# -- the chain


def chain() -> list[tuple[bytes, bytes | None]]:
    first = event(What.given, 1, scope=AB)
    seq, prev = chained([first], digest_of(first, keyed))
    second = event(What.scope_changed, 2, seq, prev=prev, scope=A)
    seq, prev = chained([first, second], digest_of(second, keyed))
    third = event(What.withdrawn, 3, seq, prev=prev)
    return [(body_of(one), digest_of(one, keyed)) for one in (first, second, third)]


def test_a_chain_reads_as_it_was_written():
    events = read_chain(TAG, chain(), keyed)
    assert [one.what for one in events] == [What.given, What.scope_changed, What.withdrawn]
    assert [(body_of(one), digest_of(one, keyed)) for one in events] == chain()


def test_the_form_is_canonical():
    body = chain()[0][0]
    assert body == orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    assert body.isascii()
    assert orjson.loads(body)["scope"]["parties"] == ["a", "b"]


def _spoilt() -> dict[str, list[tuple[bytes, bytes | None]]]:
    rows = chain()
    edited = rows[0][0].replace(b'"toestemming"', b'"instemming"')
    return {
        "edited": [(edited, rows[0][1]), *rows[1:]],
        "edited with another digest": [(edited, bytes(32)), *rows[1:]],
        "dropped from the middle": [rows[0], rows[2]],
        "dropped from the front": rows[1:],
        "swapped": [rows[1], rows[0], rows[2]],
        "twice": [rows[0], rows[0]],
        "digests swapped": [(rows[0][0], rows[1][1]), (rows[1][0], rows[0][1])],
        "without digest": [rows[0], (rows[1][0], None)],
        "first without digest though it has evidence": [(rows[0][0], None)],
        "no event": [(b"{}", bytes(32))],
        "not canonical": [(rows[0][0].replace(b":", b": ", 1), rows[0][1])],
    }


@pytest.mark.parametrize("how", list(_spoilt()))
def test_what_was_changed_is_seen(how: str):
    with pytest.raises(Tampered):
        read_chain(TAG, _spoilt()[how], keyed)


def test_an_event_of_somebody_else_is_seen():
    with pytest.raises(Tampered):
        read_chain(bytes(16), chain(), keyed)


def test_what_was_recorded_before_the_chain_is_its_first_event():
    old = event(What.given, 1, evidence=None)
    after = event(What.withdrawn, 2, 2)
    assert len(read_chain(TAG, [(body_of(old), None), (body_of(after), digest_of(after, keyed))], keyed)) == 2


def test_an_event_and_a_state_say_nothing_of_a_person_by_accident():
    one = event(What.given, 1)
    for text in (repr(one), str(one), f"{one}", repr(held(one))):
        assert "toestemming" not in text
        assert TAG.hex() not in text
