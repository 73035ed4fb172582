"""What is unusual is told once, from the number on that makes it so, in a sentence, and never about a young person."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from hub.audit.search.hours import AMSTERDAM, Hours, begins
from hub.audit.search.lines import SignalCode
from hub.audit.search.signals import DAY, HOUR, Day, Looked, Many, Read, Refusals, Unusual, signals_of
from hub.domain.terms import Micros
from hub.errors import Misconfigured

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


def test_a_connector_that_one_person_activated_alone_is_always_told():
    assert told(glass=[Many("duo-lijst", 1, NOW, NOW)]) == [(SignalCode.glass_broken, "duo-lijst", 1)]


@pytest.mark.parametrize(("count", "words"), [(1, "1 levering aan"), (2, "2 leveringen aan")])
def test_one_and_many_are_told_apart(count: int, words: str):
    (one,) = signals_of(Unusual(again=[Many("desk", count, NOW - DAY, NOW)]), NOW, NAMES)
    assert one.what.startswith(words)


def test_one_person_searched_often_is_told_by_whomever_and_nobody_is_named():
    many = [Looked(f"m-{nth % 2:016x}", NOW - nth * HOUR, b"somebody") for nth in range(5)]
    assert told(searches=many[:4]) == []
    (one,) = signals_of(Unusual(searches=many), NOW, NAMES)
    assert (one.code, one.about, one.count) == (SignalCode.one_person_often, "", 5)
    assert "2 medewerkers" in one.what
    assert (one.selection.operation, one.selection.staff) == ("search-person", None)
    assert "somebody" not in repr(one)


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("moment", "outside"),
    [
        ("2026-11-03T06:59:59", True),
        ("2026-11-03T07:00:00", False),
        ("2026-11-03T18:59:59", False),
        ("2026-11-03T19:00:00", True),
        ("2026-11-07T12:00:00", True),  # a Saturday
        ("2026-04-27T12:00:00", True),  # Koningsdag
        ("2025-04-26T12:00:00", True),  # Koningsdag, as the 27th was a Sunday
        ("2026-04-06T12:00:00", True),  # Easter Monday
        ("2026-05-14T12:00:00", True),  # Ascension Day
        ("2026-05-25T12:00:00", True),  # Whit Monday
        ("2026-05-26T12:00:00", False),
        ("2026-03-30T07:30:00", False),  # the first working day of summer time
    ],
)
def test_working_hours_are_those_of_amsterdam_without_weekends_and_holidays(moment: str, outside: bool):
    assert Hours().outside(_at(moment)) is outside


def test_hours_are_as_they_are_set():
    assert Hours.parse("0-24+weekend") == Hours(0, 24, weekend=True)
    assert not Hours.parse("0-24+weekend").outside(_at("2026-11-07T03:00:00"))
    assert Hours.parse("0-24+weekend").outside(_at("2026-12-25T12:00:00"))
    for wrong in ("", "19-7", "7-25", "7", "7-19+", "x"):
        with pytest.raises(Misconfigured):
            Hours.parse(wrong)


def test_reading_out_of_hours_is_told_per_member_of_staff():
    night, noon = _at("2026-11-03T03:10:00"), _at("2026-11-03T12:00:00")
    reads = [Read(STAFF, night, "read-log"), Read(STAFF, noon, "read-log"), Read("m-00000000000000bb", noon, "read-log")]
    (one,) = signals_of(Unusual(reads=reads), NOW, NAMES)
    assert (one.code, one.about, one.count, one.selection.from_us) == (SignalCode.out_of_hours, STAFF, 1, night)
    assert "op 3 november om 03:10 uur" in one.what


@pytest.mark.parametrize(
    ("party", "of", "told_of"),
    [
        ("west", ("duo", "desk"), True),
        ("desk", ("duo", "desk"), False),  # their own
        ("near", ("duo", "desk"), False),  # of the same region
        ("", ("duo", "desk"), False),  # whom they work for is not known
        ("duo", ("duo", "desk"), False),
        ("minister", ("school", "desk"), False),  # works anywhere
        ("west", ("duo",), False),  # concerns nobody of a region
        ("west", (), False),
    ],
)
def test_reading_of_another_region_is_told_where_both_are_known(party: str, of: tuple[str, ...], told_of: bool):
    regions = {"desk": {"oost"}, "near": {"oost"}, "west": {"west"}}
    read = Read(STAFF, _at("2026-11-03T12:00:00"), "read-entry", party, of)
    found = signals_of(Unusual(reads=[read]), NOW, NAMES, regions=regions)
    assert [one.code for one in found] == ([SignalCode.out_of_region] if told_of else [])


TODAY = date(2026, 11, 2)


def _days(today: int, usual: int, *, monthly: int = 0, weeks: int = 5, reason: str = "") -> list[Day]:
    rows = [Day(TODAY - timedelta(days=back), "desk", reason, usual) for back in range(1, 7 * weeks + 1)]
    if monthly:
        rows[20] = rows[20]._replace(times=monthly)
    return [*rows, Day(TODAY, "desk", reason, today)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (_days(49, 1), False),  # too few
        (_days(50, 16), True),
        (_days(50, 17), False),  # not three times as much
        (_days(500, 10, monthly=480), False),  # as the day of the list was
        (_days(800, 10, monthly=480), True),
        (_days(500, 10, weeks=1), False),  # not known for long enough
    ],
)
def test_a_recipient_whose_volume_jumps(days: list[Day], expected: bool):
    now = Micros(begins(TODAY) + 12 * HOUR)
    found = signals_of(Unusual(given=days), now, NAMES)
    assert [one.code for one in found] == ([SignalCode.volume_jumps] if expected else [])
    for one in found:
        assert "Op 2 november" in one.what
        assert (one.selection.from_us, one.selection.until_us) == (begins(TODAY), begins(TODAY + timedelta(days=1)))


def test_refusals_that_cluster_are_told_with_their_reason():
    now = Micros(begins(TODAY) + 12 * HOUR)
    (one,) = signals_of(Unusual(refused=_days(40, 2, reason="AFSPRAAK_VERLOPEN")), now, NAMES)
    assert (one.code, one.count, one.selection.reason) == (SignalCode.refusals_cluster, 40, "AFSPRAAK_VERLOPEN")
