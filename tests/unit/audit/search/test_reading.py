"""The index reads every entry that the log can hold, and is stopped by none that it cannot."""

from __future__ import annotations

from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.search.lines import UNREADABLE
from hub.audit.search.reading import Indexed, moves, read, settled
from tests.fakes.log import RECIPIENT, SOURCE, START, sample_bodies

REF = UUID(int=7)


def test_what_the_log_holds_is_read():
    disclosure, _, outcome, access = (read(seq, REF, body, 0) for seq, body in enumerate(sample_bodies(4)))
    assert (disclosure.kind, disclosure.source, disclosure.recipient, disclosure.outcome, disclosure.us) == (
        "disclosure",
        SOURCE,
        RECIPIENT,
        "waiting",
        START,
    )
    assert (outcome.became, outcome.outcome, outcome.attempt) == ("handed-over", "", 1)
    assert (access.operation, access.staff) == ("search", "")


@given(
    st.binary(max_size=64)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "kind",
                        "us",
                        "operation",
                        "actor",
                        "purpose",
                        "basis",
                        "details",
                        "delivery",
                        "outcome",
                        "attempt",
                        "staff",
                    ]
                )
                | st.text(max_size=3),
                inner,
                max_size=11,
            )
        ),
        max_leaves=12,
    ).map(lambda value: orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS) if _fits(value) else b"{")
)
def test_nothing_stops_it(body: bytes):
    row = read(5, REF, body, START)
    assert (row.seq, row.ref) == (5, REF)
    assert row.kind != UNREADABLE or row.us == START
    assert all("\x00" not in word for word in (row.kind, row.operation, row.actor, *row.bases, *row.reasons))


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "unreadable"},
        {"kind": "x\x00"},
        {"us": "1"},
        {"us": True},
        {"us": -1},
        {"us": 1 << 60},
        {"actor": "x" * 129},
        {"actor": "é"},
    ],
)
def test_what_cannot_be_a_row_is_unreadable(change: dict[str, object]):
    good = orjson.loads(sample_bodies(1)[0])
    assert read(1, REF, orjson.dumps(good), 9).kind == "disclosure"
    row = read(1, REF, orjson.dumps({**good, **change}), 9)
    assert (row.kind, row.us) == (UNREADABLE, 9)


def _outcome(seq: int, delivery: UUID, became: str, attempt: int = 1) -> Indexed:
    return Indexed(seq, seq, uuid4(), "outcome", "", "", "", "", "", "", (), (), "", became, attempt, delivery)


def _disclosure(seq: int, ref: UUID) -> Indexed:
    return Indexed(seq, seq, ref, "disclosure", "", "", "", "", "", "", (), (), "waiting", "", 0, None)


def test_the_newest_outcome_counts_and_hand_overs_are_counted():
    ref, before = uuid4(), uuid4()
    rows = [
        _disclosure(0, ref),
        _outcome(1, ref, "handed-over", 1),
        _outcome(2, ref, "handed-over", 2),
        _outcome(3, ref, "acknowledged", 2),
        _outcome(4, before, "failed", 9),
        _outcome(5, before, "resumed", 9),
    ]
    done, moved = settled(rows)
    assert (done[0].outcome, done[0].attempt) == ("acknowledged", 2)
    assert [(one.delivery, one.outcome, one.attempt) for one in moved] == [(before, "waiting", 0)]
    assert set(moves(rows)) == {ref, before}
