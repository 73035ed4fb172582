"""Schedules: one moment a day, never two, whatever the clocks on the wall do; and windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.errors import Misconfigured
from hub.schedule import Schedule, Window

ZONE = ZoneInfo("Europe/Amsterdam")
YEAR = st.integers(1_767_225_600, 1_830_297_600).map(lambda s: datetime.fromtimestamp(s, UTC))
TIMES = st.integers(0, 24 * 60 - 1).map(lambda n: f"{n // 60:02d}:{n % 60:02d}")
WORDS = st.one_of(
    st.sampled_from(["every 30s", "every 15m", "every 2h", "every 7m", "every 24h"]),
    TIMES.map("daily {}".format),
    st.tuples(st.sampled_from(["mon", "wed", "sun"]), TIMES).map(lambda at: "weekly {} {}".format(*at)),
    st.tuples(st.integers(1, 31), TIMES).map(lambda at: "monthly {} {}".format(*at)),
)


def us(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def local(moment: int) -> datetime:
    return datetime.fromtimestamp(moment / 1_000_000, ZONE)


def moments(words: str, begins: datetime, days: int, instance: str = "") -> list[int]:
    """Every moment of a time in which somebody is always there at it."""
    schedule, now, end = Schedule.parse(words), us(begins), us(begins + timedelta(days=days))
    found: list[int] = []
    last: int | None = None
    while (due := schedule.next_after(now, last, instance)) is not None and due <= end:
        found.append(due)
        now, last = max(now, due), due
    return found


@given(
    words=WORDS, now=YEAR, later=st.lists(st.integers(0, 3 * 86_400), max_size=12), instance=st.sampled_from(["", "duo-uitval"])
)
def test_a_moment_is_run_once_and_no_later_one_before_it(words: str, now: datetime, later: list[int], instance: str) -> None:
    schedule, at, last = Schedule.parse(words), us(now), None
    for seconds in [0, *later]:
        at += seconds * 1_000_000
        due = schedule.next_after(at, last, instance)
        assert due is not None
        assert last is None or due > last
        if due <= at:  # it is run
            nothing = schedule.next_after(at, due, instance)
            assert nothing is not None, "after a run"
            assert nothing > at, "what was missed is made up for once, not once for each time"
            last = due
        else:
            assert schedule.next_after(due - 1, last, instance) == due, "whoever looks sooner sees the same moment"


@given(at=TIMES, begins=st.sampled_from([datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)]))
@example(at="02:30", begins=datetime(2026, 3, 27, tzinfo=UTC))
@example(at="02:30", begins=datetime(2026, 10, 23, tzinfo=UTC))
@example(at="02:00", begins=datetime(2026, 10, 23, tzinfo=UTC))
@example(at="00:00", begins=datetime(2026, 10, 23, tzinfo=UTC))
def test_no_day_is_left_out_and_none_comes_twice(at: str, begins: datetime) -> None:
    days = [local(moment).date() for moment in moments(f"daily {at}", begins, 5)]
    assert [(second - first).days for first, second in pairwise(days)] == [1] * (len(days) - 1)
    assert len(days) >= 4


@pytest.mark.parametrize(
    ("words", "begins", "told"),
    [
        ("daily 02:30", datetime(2026, 3, 28, tzinfo=ZONE), ["03-28 02:30+0100", "03-29 03:30+0200", "03-30 02:30+0200"]),
        ("daily 02:30", datetime(2026, 10, 24, tzinfo=ZONE), ["10-24 02:30+0200", "10-25 02:30+0200", "10-26 02:30+0100"]),
        ("weekly sun 02:30", datetime(2026, 10, 20, tzinfo=ZONE), ["10-25 02:30+0200", "11-01 02:30+0100"]),
        ("monthly 31 06:00", datetime(2026, 1, 30, tzinfo=ZONE), ["01-31 06:00+0100", "02-28 06:00+0100", "03-31 06:00+0200"]),
    ],
)
def test_what_the_clock_on_the_wall_shows(words: str, begins: datetime, told: list[str]) -> None:
    found = moments(words, begins, 70)[: len(told)]
    assert [local(moment).strftime("%m-%d %H:%M%z") for moment in found] == told


def test_what_was_missed_is_made_up_for_once() -> None:
    daily, last = Schedule.parse("daily 06:30"), us(datetime(2026, 5, 1, 6, 30, tzinfo=ZONE))
    now = us(datetime(2026, 5, 9, 9, 0, tzinfo=ZONE))
    due = daily.next_after(now, last)
    assert due is not None
    assert local(due).strftime("%m-%d %H:%M") == "05-09 06:30"
    assert daily.next_after(now, due) == us(datetime(2026, 5, 10, 6, 30, tzinfo=ZONE))


def test_two_hundred_instances_do_not_go_at_once_and_each_keeps_its_moment() -> None:
    now = us(datetime(2026, 5, 1, 6, 0, tzinfo=ZONE))
    for words, width in (("every 30s", 30), ("daily 06:30", 60)):
        found = [Schedule.parse(words).next_after(now, now, f"bron-{n}") for n in range(200)]
        seconds = {int(due or 0) // 1_000_000 for due in found}
        assert len(seconds) > width * 0.8, words
        assert max(seconds) - min(seconds) <= width
        assert found == [Schedule.parse(words).next_after(now, now, f"bron-{n}") for n in range(200)]


def test_at_once_has_no_moment_of_its_own() -> None:
    schedule = Schedule.parse("at once")
    assert schedule.next_after(5, None) == 5
    assert schedule.next_after(5, 4) is None


@pytest.mark.parametrize(
    "text",
    """|every|every 0s|every 25h|every 1d|every 99999h|daily|daily 6:30|daily 24:00|daily 06:60|weekly 06:30|* * * * *
    weekly maandag 06:30|monthly 0 06:30|monthly 32 06:30|daily 06:30 extra""".replace("\n", "|").split("|"),
)
def test_what_is_not_understood_says_what_is(text: str) -> None:
    with pytest.raises(Misconfigured, match="every 30s"):
        Schedule.parse(text)


@pytest.mark.parametrize("text", ["mon", "mon-fri", "25:00-26:00", "06:00-06:00", "fri 06:00", "mon,tue 06:00-07:00", "6-7"])
def test_a_window_that_is_not_understood_says_what_is(text: str) -> None:
    with pytest.raises(Misconfigured, match="mon-fri 06:00-22:00"):
        Window.parse(text)


@pytest.mark.parametrize(
    ("text", "opens", "shut"),
    [
        ("mon-fri 06:00-22:00", ["2026-05-01 06:00", "2026-05-01 21:59"], ["2026-05-01 22:00", "2026-05-02 12:00"]),
        ("07:00-19:00", ["2026-05-02 07:00", "2026-05-03 18:59"], ["2026-05-02 06:59", "2026-05-02 19:00"]),
        ("fri 22:00-05:00", ["2026-05-01 23:00", "2026-05-02 04:59"], ["2026-05-02 05:00", "2026-05-02 22:30"]),
        ("sat-sun 00:00-24:00", ["2026-05-02 00:00", "2026-05-03 23:59"], ["2026-05-01 23:59", "2026-05-04 00:00"]),
        ("sun-mon 06:00-07:00", ["2026-05-03 06:00", "2026-05-04 06:30"], ["2026-05-05 06:30"]),
        ("", ["2026-05-01 03:00"], []),
    ],
)
def test_windows(text: str, opens: list[str], shut: list[str]) -> None:
    window = Window.parse(text)
    for moment in opens:
        assert window.is_open(us(datetime.fromisoformat(moment).replace(tzinfo=ZONE))), moment
    for moment in shut:
        assert not window.is_open(us(datetime.fromisoformat(moment).replace(tzinfo=ZONE))), moment


@given(text=st.sampled_from(["mon-fri 06:00-22:00", "fri 22:00-05:00", "sun 02:15-02:45", "03:00-02:30"]), now=YEAR)
def test_a_window_opens_some_day_and_not_before(text: str, now: datetime) -> None:
    window, at = Window.parse(text), us(now)
    opens = window.opens(at)
    assert opens >= at
    assert window.is_open(opens)
    assert opens == at or not window.is_open(opens - 1)
