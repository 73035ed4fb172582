"""C- and P-leveringen: the same record, and a reason that must not get lost."""

from __future__ import annotations

from datetime import date

import pytest

from hub.domain.record import PersonRecord
from tests.fakes.fates import WIRE, Fates, fates, table, values

C = WIRE / "duo_inschrijving/duo-c-1/sample.csv"
P = WIRE / "duo_inschrijving/duo-p-1/example.csv"


def weekly(number: int = 0, **cells: str) -> Fates:
    return fates("duo_inschrijving", table(P, number, **cells), "mapping.p.yaml")


def test_the_complete_list_and_the_weekly_one_give_the_same_records() -> None:
    complete = fates("duo_inschrijving", C.read_bytes())
    changed = fates("duo_inschrijving", P.read_bytes(), "mapping.p.yaml")
    for whole, part in zip(complete[:2], changed[:2], strict=True):
        assert values(whole) == values(part)


def test_who_died_keeps_the_day_and_without_one_is_set_aside() -> None:
    (dead,) = weekly(2)
    assert isinstance(dead, PersonRecord)
    assert dead.held("overlijdensdatum") == date(2026, 11, 15)
    (unsure,) = weekly(2, OVERLIJDENSDATUM=" ")
    assert [code for _, code in unsure] == ["VERPLICHT_VELD_LEEG"]  # type: ignore[union-attr]
    (lower,) = weekly(2, OVERLIJDENSDATUM="", REDENMUTATIE=" overleden ")
    assert not isinstance(lower, PersonRecord)


@pytest.mark.parametrize("reason", ["WERD4", "WERD23", "VERHUIZING", "INSCHRIJVING", "RESULTAAT", "STARTKWALIFICATIE", ""])
def test_other_reasons_need_no_rule_of_their_own(reason: str) -> None:
    (fate,) = weekly(REDENMUTATIE=reason)
    assert isinstance(fate, PersonRecord)


def test_a_reason_that_nobody_knows_sets_the_row_aside() -> None:
    (fate,) = weekly(REDENMUTATIE="GEEMIGREERD")
    assert [code for _, code in fate] == ["CODE_ONBEKEND"]  # type: ignore[union-attr]


@pytest.mark.parametrize("day", ["29-02-2007", "20070229", "2008-2-29", "29/02/2008", "39507"])
def test_days_that_are_none_or_are_written_otherwise(day: str) -> None:
    (fate,) = weekly(GEBOORTEDATUM=day)
    assert fate == (("GEBOORTEDATUM", "DATUM_ONGELDIG"),)
