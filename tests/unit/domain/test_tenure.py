"""Regions, parts of them and gemeenten, laid over each other day by day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest

from hub.domain.borders import read_regions
from hub.domain.tenure import Homes, Succession, Task, Why, ended, followed, successions, tenures
from hub.domain.terms import PartyId
from hub.domain.territory import Party, PartyKind, Region
from hub.errors import Misconfigured
from hub.regions import Regions

POLICY = Path(__file__).parents[3] / "schemas" / "policy"
DAY, A_DAY = date(2026, 7, 1), timedelta(days=1)
_HOME = "      - {{code: '{0}', name: G{0}, valid_from: {1}, college: college-{0}, werk_en_inkomen: wi-{0}{2}}}\n"


@cache
def parties() -> dict[PartyId, Party]:
    """A college and a Work & Income of each of six gemeenten, three desks and a werkbedrijf."""
    rows = [
        (f"{kind}-{code}", full)
        for code in range(9101, 9107)
        for kind, full in (("college", "college"), ("wi", "werk-en-inkomen"))
    ]
    rows += [(f"desk-{name}", "doorstroompunt") for name in ("a", "b", "c")] + [("werkbedrijf", "werkbedrijf")]
    return {
        PartyId(name): Party(
            id=PartyId(name),
            name=f"De {name}",
            kind=PartyKind(kind),
            oin=f"{place:020d}",
            is_authority=True,
            controller=PartyId(name),
        )
        for place, (name, kind) in enumerate(rows)
    }


def home(code: int, more: str = "", since: str = "2020-01-01") -> str:
    return _HOME.format(code, since, f", {more}" if more else "")


def region(name: str, *homes: str, contact: int = 9101, desk: str = "a", more: str = "", since: str = "2020-01-01") -> str:
    head = f"  - id: {name}\n    name: Regio {name}\n    valid_from: {since}\n    contactgemeente: '{contact}'\n"
    return f"{head}    doorstroompunt: desk-{desk}\n{more}    gemeenten:\n" + "".join(homes)


def read(*rows: str) -> tuple[Region, ...]:
    return read_regions({"regions/r.yaml": "regions:\n" + "".join(rows)}, parties())


def desks(found: tuple[Region, ...], code: int, day: date) -> list[str]:
    return [one.party for one in tenures(found) if one.task is Task.desk and one.code == str(code) and one.days.holds(day)]


def test_the_desk_of_a_sub_region_comes_before_the_regions_own_for_as_long_as_it_is_there():
    days = f"valid_from: {DAY}, valid_until: 2027-01-01"
    part = f"    subregions:\n      - {{id: oost, name: Oost, {days}, gemeenten: ['9102'], doorstroompunt: desk-b}}\n"
    found = read(region("een", home(9101), home(9102), more=part))
    assert [desks(found, 9102, day) for day in (DAY - A_DAY, DAY, date(2027, 1, 1))] == [["desk-a"], ["desk-b"], ["desk-a"]]
    assert desks(found, 9101, DAY) == ["desk-a"]
    assert [(one.day, one.old, one.new, one.why) for one in successions(found, parties())] == [
        (DAY, "desk-a", "desk-b", Why.contactgemeente),
        (date(2027, 1, 1), "desk-b", "desk-a", Why.contactgemeente),
    ]
    first, then = Regions(found, parties()).candidates("9102", DAY, PartyId("werkbedrijf"))
    assert (first.recipient, then.provider) == ("desk-b", "desk-b")


def test_who_works_for_an_arbeidsmarktregio_works_for_its_gemeenten_in_whatever_region():
    market = (
        "    labour_market_regions:\n      - {id: markt, name: De markt, centrumgemeente: '9101', works_here: [werkbedrijf]}\n"
    )
    one = region("een", home(9101, "labour_market_region: markt"), home(9102), more=market)
    other = region("twee", home(9103, "labour_market_region: markt"), contact=9103, desk="b", more=market)
    regions = Regions(read(one, other), parties())
    assert [PartyId("werkbedrijf") in regions.working_for(code, DAY) for code in ("9101", "9102", "9103")] == [
        True,
        False,
        True,
    ]
    with pytest.raises(Misconfigured, match="markt is another in"):
        read(one, other.replace("De markt", "Een andere"))


def test_several_become_one_and_that_one_becomes_another():
    found = read(
        region(
            "een",
            home(9101, f"valid_until: {DAY}, successor: '9103'"),
            home(9102, f"valid_until: {DAY}, successor: '9103'"),
            home(9103, "valid_until: 2027-01-01, successor: '9104'", since=str(DAY)),
            home(9104),
            contact=9104,
        )
    )
    homes = Homes(found)
    assert [homes.living("9101", day) for day in (DAY - A_DAY, DAY, date(2027, 1, 1))] == ["9101", "9103", "9104"]
    before = followed(successions(found, parties()))
    assert {old for _, old in before[PartyId("wi-9103")]} == {"wi-9101", "wi-9102"}
    assert {old: day for day, old in before[PartyId("wi-9104")]}[PartyId("wi-9101")] == date(2027, 1, 1)
    assert PartyId("wi-9102") in ended(found, DAY) - ended(found, DAY - A_DAY)


def test_of_a_gemeente_that_was_divided_the_postcode_decides_and_unknown_is_no_road():
    parts = "successors: [{code: '9102', postcodes: [7000-7049, '7100']}, {code: '9103', postcodes: [7050-7099]}]"
    regions = Regions(
        read(region("een", home(9101, f"valid_until: {DAY}, {parts}"), home(9102), home(9103), contact=9102)), parties()
    )
    said = {code: regions.living("9101", DAY, code) for code in ("7000AB", "7049ZZ", "7050AA", "7100AA", "7101AA")}
    assert list(said.values()) == ["9102", "9102", "9103", "9102", "9101"]
    assert regions.living("9101", DAY) == "9101"
    assert regions.candidates("9101", DAY, PartyId("werkbedrijf")) == ()
    assert regions.follower(PartyId("wi-9101"), DAY) is None


def test_another_contactgemeente_is_another_row_and_its_desk_follows():
    old = region("een", home(9101), home(9102)).replace("    contact", f"    valid_until: {DAY}\n    contact")
    found = read(old, region("een", home(9101), home(9102), contact=9102, desk="b", since=str(DAY)))
    assert successions(found, parties()) == tuple(
        Succession(DAY, PartyId("desk-a"), PartyId("desk-b"), Why.contactgemeente, code) for code in ("9101", "9102")
    )
    assert Regions(found, parties()).follower(PartyId("desk-a"), DAY) == "desk-b"


END, LATER = f"valid_until: {DAY}", "2027-01-01"


@pytest.mark.parametrize(("homes", "because"), [
    ((home(9101, f"{END}, successor: '9102'"), home(9102, f"valid_until: {LATER}, successor: '9101'"), home(9101, since=LATER)),
     "in the end by 9101"),
    ((home(9101, f"{END}, successor: '9103'"), home(9103, since=LATER)), "9103 does not exist on"),
    ((home(9101, END),), "not said once who follows"),
    ((home(9101, f"{END}, successor: '9104'"), home(9101, since=str(DAY))), "nobody follows it"),
    ((home(9101, f"{END}, successors: [{{code: '9104', postcodes: [7049-7000]}}]"),), "ends before it begins"),
    ((home(9101, f"{END}, successors: [{{code: '9104', postcodes: [7000-7049, '7020']}}]"),), "given out already"),
])  # fmt: skip
def test_what_cannot_be_is_refused(homes: tuple[str, ...], because: str):
    with pytest.raises(Misconfigured, match=because):
        read(region("een", home(9104), *homes, contact=9104))


def test_who_goes_beyond_the_set_says_so():
    found = read(
        region("een", home(9101), home(9102, f"valid_until: {DAY}, without_successor: Gaat over naar een andere hub."))
    )
    assert Homes(found).living("9102", DAY) == "9102"
