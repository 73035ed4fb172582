"""Files that are parts of one."""

from __future__ import annotations

import pytest

from hub.formats.parts import Group, parts_of


def test_parts_belong_together_whatever_comes_between() -> None:
    names = ["b.csv", "a.deel2van3.csv", "A.DEEL1VAN3.csv", "x.part1of2.csv.gz", "a.deel3van3.csv"]
    assert parts_of(names) == (
        Group(("b.csv",)),
        Group(("A.DEEL1VAN3.csv", "a.deel2van3.csv", "a.deel3van3.csv")),
        Group(("x.part1of2.csv.gz",), (2,)),
    )
    assert [group.whole for group in parts_of(names)] == [True, True, False]


@pytest.mark.parametrize("name", ["a_deel_01_van_12.xml", "a.part1of12.csv", "a deel 1 van 12.csv"])
def test_ways_to_say_it(name: str) -> None:
    assert parts_of([name])[0].missing == tuple(range(2, 13))


@pytest.mark.parametrize(
    "names", [["a.deel1van2.csv", "a.deel01van2.csv"], ["a.deel3van2.csv"], ["a.deel0van2.csv"], ["a.deel1van0.csv"]]
)
def test_parts_that_cannot_be(names: list[str]) -> None:
    (group,) = parts_of(names)
    assert group.wrong
    assert not group.whole


def test_what_looks_like_a_part_and_is_none() -> None:
    assert all(group.whole for group in parts_of(["onderdeel1van3.csv", "deel van 3.csv", "a.deel1van3"]))


def test_no_name_is_shown() -> None:
    assert "jansen" not in repr(parts_of(["jansen.deel1van2.csv"]))
