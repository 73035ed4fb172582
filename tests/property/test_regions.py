"""However gemeenten merge, on every day each living one has one home, and no road leads to a party that ended."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.borders import read_regions
from hub.domain.tenure import Homes, Task, ended, tenures
from hub.domain.terms import PartyId
from hub.domain.territory import Region
from hub.regions import Regions
from tests.unit.domain.test_tenure import home, parties, region

CODES = range(9101, 9106)
SOURCE = PartyId("werkbedrijf")
DAYS = [date(2021, 1, 1) + timedelta(days=180 * number) for number in range(8)]


@st.composite
def territories(draw: st.DrawFn) -> tuple[Region, ...]:
    """A region in which gemeenten merge into 9106 or into each other, in rows of the region with other desks and parts."""
    ends = draw(st.dictionaries(st.sampled_from(CODES), st.integers(1, 6), max_size=4))
    into = {}
    for code, day in ends.items():
        later = [other for other in (*CODES, 9106) if other != code and ends.get(other, 9) > day]
        into[code] = draw(st.sampled_from(later))
    cuts = draw(st.lists(st.sampled_from(DAYS), max_size=2, unique=True))
    borders = [date(2020, 1, 1), *sorted(cuts), None]
    rows = []
    for since, until in pairwise(borders):
        assert since is not None
        homes = []
        for code in CODES:
            end = DAYS[ends[code]] if code in ends else None
            if end is None or end > since:
                follows = f"valid_until: {end}, successor: '{into[code]}'" if end and (until is None or end <= until) else ""
                homes.append(home(code, follows))
        part = ""
        if draw(st.booleans()):
            first = draw(st.sampled_from(DAYS))
            alive = [code for code in CODES if any(f"'{code}'" in one[:25] for one in homes) and ends.get(code, 9) == 9]
            begins = max(first, since)
            if alive and (until is None or begins < until):
                part = (
                    f"    subregions:\n      - {{id: deel, name: Deel, valid_from: {begins}, gemeenten: ['{alive[0]}'], "
                    "doorstroompunt: desk-b}\n"
                )
        row = region("een", *homes, home(9106), contact=9106, desk=draw(st.sampled_from("ac")), more=part, since=str(since))
        rows.append(row if until is None else row.replace("    contact", f"    valid_until: {until}\n    contact", 1))
    return read_regions({"regions/r.yaml": "regions:\n" + "".join(rows)}, parties())


@settings(max_examples=60, deadline=None)
@given(territories())
def test_every_living_gemeente_has_one_home_and_no_road_leads_to_who_ended(found: tuple[Region, ...]) -> None:
    homes, regions, working = Homes(found), Regions(found, parties()), list(tenures(found))
    borders = {day for one in working for day in (one.days.since, one.days.until)} - {date.max}
    for day in borders | {border - timedelta(days=1) for border in borders} - {date(2019, 12, 31)}:
        gone = ended(found, day)
        for code in map(str, (*CODES, 9106)):
            here = [one for one in working if one.code == code and one.days.holds(day)]
            lives = homes.at(code, day) is not None
            assert sorted(one.task for one in here if one.task is not Task.wider) == (
                sorted((Task.desk, Task.college, Task.work)) if lives else []
            )
            led = regions.candidates(code, day, SOURCE)
            assert len(led) == 2  # whoever merged is led to whom it became
            assert not {candidate.recipient for candidate in led} & gone
            assert homes.at(homes.living(code, day), day) is not None
        for party in gone:
            follower = regions.follower(party, day)
            assert follower is None or not regions.ended(follower, day)
