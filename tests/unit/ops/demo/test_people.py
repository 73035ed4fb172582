"""The invented list is what it says it is, and the same for the same seed."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.personal import Bsn, Onderwijsnummer
from ops.demo.people import KINDS, generate, numbers
from tests.hostile.read import read

TODAY = date(2026, 9, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_what_it_says_is_in_it(encoding: str) -> None:
    made = generate(2000, 1, TODAY, encoding=encoding)
    found = read(made.csv)
    assert (len(found.rows), len(found.rejected)) == (2000, made.unreadable)
    assert sum(made.expected.values()) == made.rows == 2000
    assert set(made.expected) == {*KINDS, "plain"}
    records = [each.record for each in found.records]
    assert sum(record.indicatie_geheim.reveal() for record in records) == made.expected["geheim"]
    assert sum(record.overlijdensdatum is not None for record in records) == made.expected["overleden"]
    assert sum(record.onderwijsnummer is not None for record in records) == made.expected["onderwijsnummer"]
    assert sum(record.startkwalificatie.reveal() for record in records) == made.expected["startkwalificatie"]
    assert sum(record.opmerking is not None for record in records) == made.expected["opmerking"]
    born = [record.geboortedatum.reveal() for record in records]
    assert sum(day == date(1999, 9, 1) for day in born) == made.expected["zevenentwintig_vandaag"]
    assert sum((day.month, day.day) == (2, 29) for day in born) == made.expected["schrikkeldag"]
    assert sum(day > date(2008, 9, 1) for day in born) == made.expected["onder_18"]
    known = [record.pgn.reveal() for record in records]
    assert len(known) - len(set(known)) == made.expected["dubbel"] + made.expected["verhuisd"]


def test_the_same_seed_gives_the_same_people() -> None:
    assert generate(200, 7, TODAY).csv == generate(200, 7, TODAY).csv != generate(200, 8, TODAY).csv


def test_numbers_are_valid_and_nobodys() -> None:
    found = list(numbers(1))
    assert len(found) == len(set(found)) == 90_909
    assert all(Bsn.accepts(number) and number.startswith("999") for number in found)
    assert all(Onderwijsnummer.accepts(number) for number, _ in zip(numbers(1, 5), range(1000), strict=False))
