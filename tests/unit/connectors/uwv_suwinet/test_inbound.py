"""Answers reduced to yes, no and nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.connectors.uwv_suwinet.inbound import PERSON, SERVICES, reduced
from hub.http import Away, Barred
from ops.demo import uwv_answers as answers
from ops.demo.uwv_answers import Person

TODAY = date(2026, 11, 22)
BSN = "999909848"


def cells(word: str, person: Person, day: date = TODAY) -> dict[str, str]:
    service = SERVICES.get(word, PERSON)
    found = reduced(service, answers.answer(service.operation, BSN, person), BSN, day)
    assert found is not None
    return dict(found)


def test_of_a_person_birth_death_and_gemeente_remain() -> None:
    assert cells("brp", Person(born="20041231", gemeente="9002")) == {
        "GEBOORTEDATUM": "20041231",
        "OVERLIJDENSDATUM": "",
        "GEMEENTE": "9002",
    }
    assert cells("brp", Person(died="20261101"))["OVERLIJDENSDATUM"] == "20261101"


def test_who_died_on_an_unknown_day_is_not_alive() -> None:
    content = answers.answer(PERSON.operation, BSN, Person())
    etree.SubElement(content[0], "Overlijden")
    found = reduced(PERSON, content, BSN, TODAY)
    assert found is not None
    assert found["OVERLIJDENSDATUM"] == "00000000"  # no date: the mapping refuses it


@pytest.mark.parametrize(
    ("incomes", "works", "benefit"),
    [
        ([], "N", "N"),
        ([("20260101", "", "15")], "J", "N"),
        ([("20260101", "", "33")], "N", "J"),
        ([("20260101", "", "43")], "N", "N"),  # assistance is the gemeente's
        ([("20260101", "20261122", "15")], "J", "N"),  # the last day counts
        ([("20260101", "20261121", "15")], "N", "N"),
        ([("20261123", "", "15")], "N", "N"),
        ([("20260101", "99991231", "37")], "N", "J"),
        ([("20260101", "", "99")], "", ""),  # a kind that nobody knows
        ([("20260101", "", "99"), ("20260101", "", "15")], "J", ""),
        ([("20260101", "20260000", "15")], "", "N"),  # some day this year: perhaps over, perhaps not
        ([("20260101", "20250000", "15")], "N", "N"),
        ([("20260101", "00000000", "15")], "", "N"),
    ],
)
def test_income_is_yes_no_or_nothing(incomes: list[tuple[str, str, str]], works: str, benefit: str) -> None:
    assert cells("inkomen", Person(incomes=incomes)) == {"HEEFT_INKOMEN": works, "HEEFT_UITKERING": benefit}


def test_a_benefit_that_comes_with_the_wages_is_a_benefit() -> None:
    content = answers.answer("UWVPersoonsIkvInfo", BSN, Person(incomes=[("20260101", "", "15")]))
    etree.SubElement(content.find(".//Inkomstenperiode"), "IndLoonInclusiefWajongUitkering").text = "1"
    assert reduced(SERVICES["inkomen"], content, BSN, TODAY) == {"HEEFT_INKOMEN": "J", "HEEFT_UITKERING": "J"}


@pytest.mark.parametrize(("said", "cell"), [("1", "J"), ("2", "N"), ("", ""), ("9", "")])
def test_a_qualification_is_what_duo_says_and_nothing_else(said: str, cell: str) -> None:
    assert cells("duo", Person(qualified=said)) == {"VOLGT_ONDERWIJS": "N", "STARTKWALIFICATIE": cell}


def test_a_warning_makes_every_no_unknown_and_no_yes() -> None:
    person = Person(enrolments=[("20260901", "")], qualified="2")
    content = answers.answer("DUOPersoonsInfo", BSN, person)
    answers.message(content, "Waarschuwing", "X")
    assert reduced(SERVICES["duo"], content, BSN, TODAY) == {"VOLGT_ONDERWIJS": "J", "STARTKWALIFICATIE": ""}


def test_nobody_is_nobody() -> None:
    for service in (PERSON, *SERVICES.values()):
        assert reduced(service, answers.answer(service.operation, BSN, None), BSN, TODAY) is None


@pytest.mark.parametrize("number", ["999919696", ""])
def test_an_answer_about_somebody_else_is_none(number: str) -> None:
    with pytest.raises(Barred, match="somebody else") as wrong:
        reduced(SERVICES["duo"], answers.answer("DUOPersoonsInfo", number, Person()), BSN, TODAY)
    assert BSN not in str(wrong.value)
    two = answers.answer(PERSON.operation, BSN, Person())
    two.append(answers.answer(PERSON.operation, BSN, Person())[0])
    with pytest.raises(Barred):
        reduced(PERSON, two, BSN, TODAY)


@pytest.mark.parametrize(("code", "error"), [("Onbekend", Away), ("NietGerechtigd", Barred)])
@pytest.mark.parametrize("beside", [False, True])
def test_a_fault_is_no_answer_whatever_stands_beside_it(code: str, error: type[Exception], beside: bool) -> None:
    content = answers.answer("DUOPersoonsInfo", BSN, Person())
    if not beside:
        content[:] = []
    answers.message(content, "Fout", code)
    with pytest.raises(error):
        reduced(SERVICES["duo"], content, BSN, TODAY)


_DAYS = st.dates(date(2026, 11, 15), date(2026, 11, 30))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_DAYS, st.none() | _DAYS), max_size=4), _DAYS)
def test_whatever_the_periods_it_is_what_a_naive_count_says(periods: list[tuple[date, date | None]], day: date) -> None:
    given_: list[tuple[str, str]] = [(f"{a:%Y%m%d}", "" if b is None else f"{b:%Y%m%d}") for a, b in periods]
    runs = any(a <= day and (b is None or day <= b) for a, b in periods)
    wanted: Any = "J" if runs else "N"
    person = Person(enrolments=given_, benefits=given_)
    assert cells("duo", person, day)["VOLGT_ONDERWIJS"] == wanted
    assert cells("bijstand", person, day)["ONTVANGT_BIJSTAND"] == wanted
