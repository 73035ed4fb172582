"""A filter becomes a selection, a selection an address; nothing in either is about a person."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.audit.search import Choices, Selection
from hub.consent.policy import load_policy
from hub.console.form import Fields, asked
from hub.console.officer.choosing import address, chosen, options
from tests import canary
from tests.fakes.house import POLICY


def fields(query: str) -> Fields:
    return asked(Request({"type": "http", "query_string": query.encode()}))


def test_days_are_those_of_amsterdam_and_both_included() -> None:
    # 29 March 2026 is 23 hours long in Amsterdam.
    selection = chosen(fields("van=2026-03-29&tot=2026-03-29")).selection
    assert (selection.from_us, selection.until_us) == (1_774_738_800_000_000, 1_774_738_800_000_000 + 23 * 3_600_000_000)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "soort=refusal&reden=LEEFTIJD_TE_HOOG",
        "ontvanger=duo&van=2026-01-01&tot=2026-02-28",
        "medewerker=m-0123456789abcdef",
    ],
)
def test_an_address_of_a_selection_asks_for_that_selection(query: str) -> None:
    selection = chosen(fields(query)).selection
    assert chosen(fields(address(selection).partition("?")[2])).selection == selection


@pytest.mark.parametrize("day", ["morgen", "2026-02-30", "26-01-01", "1970-01-01", "9999-12-31", "20260101", "2026-W01-1"])
def test_what_is_no_day_is_told_and_not_used(day: str) -> None:
    found = chosen(fields(f"van={day}"))
    assert [name for name, _ in found.wrong] == ["van"]
    assert found.selection == Selection()


def test_days_that_run_back_are_told() -> None:
    assert [name for name, _ in chosen(fields("van=2026-02-02&tot=2026-02-01")).wrong] == ["tot"]


@pytest.mark.parametrize("word", [next(canary.numbers()), "<b>", "a b", "a--b", "Ab", "-x", "a" * 129, "é"])
def test_what_cannot_be_a_word_of_the_log_is_refused(word: str) -> None:
    for name in ("soort", "ontvanger", "medewerker"):
        with pytest.raises(HTTPException):
            chosen(Fields({name: [word]}))


def test_what_can_be_chosen_is_named_and_keeps_what_was_asked() -> None:
    policy = load_policy(POLICY)
    choices = Choices(("disclosure",), ("admit",), ("duo",), ("duo",), (), (), (), ("LEEFTIJD_TE_HOOG",))
    found = options(policy, choices, chosen(fields("ontvanger=nieuw")).asked, {})
    assert found["ontvanger"] == [("", "Alle"), ("duo", "Dienst Uitvoering Onderwijs"), ("nieuw", "nieuw")]
    assert ("refusal", "Weigering") in found["soort"]
    assert ("waiting", "Wacht op de ontvanger") in found["uitkomst"]
