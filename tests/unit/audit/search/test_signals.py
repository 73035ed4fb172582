"""What is unusual is told once, from the number on that makes it so, in a sentence, and never about a young person."""

from __future__ import annotations

import pytest

from hub.audit.search.lines import SignalCode
from hub.audit.search.signals import DAY, HOUR, Looked, Many, Refusals, Unusual, signals_of
from hub.domain.terms import Micros

NOW = Micros(1_793_620_800_000_000)
STAFF = "m-00000000000000aa"
NAMES = {"desk": "Doorstroompunt Lindemark"}


def told(**found: object) -> list[tuple[SignalCode, str, int]]:
    signals = signals_of(Unusual(**found), NOW, NAMES)  # type: ignore[arg-type]  # by name
    for one in signals:
        assert one.what.endswith(".")
        assert one.why.endswith(".")
    return [(one.code, one.about, one.count) for one in signals]


def looked(count: int, apart: int, persons: int | None = None) -> list[Looked]:
    return [Looked(STAFF, NOW + nth * apart, b"%d" % (nth % (persons or count))) for nth in range(count)]


@pytest.mark.parametrize(
    ("searches", "expected"),
    [
        (looked(9, 1), []),
        (looked(10, 1), [(SignalCode.many_searches, STAFF, 10)]),
        (looked(10, HOUR // 9), []),
        (looked(10, HOUR // 10), [(SignalCode.many_searches, STAFF, 10)]),
        (looked(36, 1, persons=9), []),
        (looked(100, HOUR // 12), [(SignalCode.many_searches, STAFF, 12)]),
    ],
)
def test_ten_persons_within_an_hour(searches: list[Looked], expected: list[tuple[SignalCode, str, int]]):
    assert told(searches=searches) == expected
    assert told(searches=searches[::-1]) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (Refusals("desk", 19, 0, True), False),
        (Refusals("desk", 20, 0, True), True),
        (Refusals("desk", 20, 0, False), False),
        (Refusals("desk", 30, 70, True), False),
        (Refusals("desk", 31, 70, True), True),
    ],
)
def test_three_times_the_refusals_of_the_week_before(row: Refusals, expected: bool):
    assert bool(told(refusals=[row])) is expected


def test_a_mean_is_written_the_dutch_way():
    (one,) = signals_of(Unusual(refusals=[Refusals("desk", 40, 10, True)]), NOW, NAMES)
    assert "Doorstroompunt Lindemark" in one.what
    assert "gemiddeld 1,4 per dag" in one.what
    assert (one.selection.kind, one.selection.recipient, one.selection.from_us) == ("refusal", "desk", NOW - DAY)


def test_silence_counts_from_an_hour_on():
    assert told(silent=[Many("desk", 3, NOW - HOUR + 1, NOW)]) == []
    assert told(silent=[Many("desk", 3, NOW - HOUR, NOW)]) == [(SignalCode.none_acknowledged, "desk", 3)]


def test_more_than_ten_reveals_in_a_day():
    assert told(reveals=[Many(STAFF, 10, NOW, NOW)]) == []
    assert told(reveals=[Many(STAFF, 11, NOW, NOW)]) == [(SignalCode.many_reveals, STAFF, 11)]


@pytest.mark.parametrize(("count", "words"), [(1, "1 levering aan"), (2, "2 leveringen aan")])
def test_one_and_many_are_told_apart(count: int, words: str):
    (one,) = signals_of(Unusual(again=[Many("desk", count, NOW - DAY, NOW)]), NOW, NAMES)
    assert one.what.startswith(words)
