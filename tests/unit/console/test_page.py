"""What stands around a page, and how things read in Dutch."""

from __future__ import annotations

from datetime import date

import httpx2
import pytest

from hub.console.desk import Desk
from hub.console.navigation import PLACES, navigation
from hub.console.page import go
from hub.console.text import day, moment, number, since
from hub.console.words import DONE, TROUBLES
from hub.domain.staff import Role
from tests.fakes.console import NOW, staff

HOUR = 3_600_000_000


def test_moments_are_those_of_amsterdam_in_winter_and_summer() -> None:
    assert moment(NOW) == '<time datetime="2026-11-21T14:05:00+01:00">21 november 2026, 14:05</time>'
    summer = NOW - 150 * 24 * HOUR
    assert moment(summer) == '<time datetime="2026-06-24T15:05:00+02:00">24 juni 2026, 15:05</time>'
    assert moment(NOW + 1).startswith('<time datetime="2026-11-21T14:05:00.000001+01:00">')


def test_a_day_is_that_of_amsterdam() -> None:
    assert day(date(2026, 3, 1)) == '<time datetime="2026-03-01">1 maart 2026</time>'
    assert day(NOW + 10 * HOUR) == '<time datetime="2026-11-22">22 november 2026</time>'


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (999, "999"), (1234, "1.234"), (1_000_000, "1.000.000"), (-1234, "-1.234")]
)
def test_thousands_are_parted_by_a_point(value: int, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (0, "minder dan een minuut"),
        (59_000_000, "minder dan een minuut"),
        (60_000_000, "1 minuut"),
        (HOUR - 1, "59 minuten"),
        (HOUR, "1 uur"),
        (5 * HOUR, "5 uur"),
        (24 * HOUR, "1 dag"),
        (73 * HOUR, "3 dagen"),
        (-73 * HOUR, "3 dagen"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_whole_unit(ago: int, text: str) -> None:
    assert since(NOW - ago, NOW) == text


@pytest.mark.parametrize(
    ("roles", "path", "items"),
    [
        (
            (Role.privacy_officer,),
            "/functionaris",
            [
                "Overzicht",
                "Voor u te doen",
                "Logboek",
                "Persoon",
                "Verklaringen",
                "Bezwaren",
                "Weigeringen",
                "Intrekkingen",
                "Informeren",
                "Bewaren",
                "Vergeten",
                "Afspraken",
                "Koppelingen",
                "Controle",
                "Steekproef",
                "Uitvoer",
            ],
        ),
        (
            (Role.fg,),
            "/functionaris",
            [
                "Overzicht",
                "Voor u te doen",
                "Logboek",
                "Persoon",
                "Verklaringen",
                "Bezwaren",
                "Weigeringen",
                "Intrekkingen",
                "Informeren",
                "Bewaren",
                "Vergeten",
                "Afspraken",
                "Koppelingen",
                "Controle",
                "Steekproef",
                "Uitvoer",
            ],
        ),
        (
            (Role.auditor,),
            "/functionaris",
            [
                "Overzicht",
                "Logboek",
                "Bezwaren",
                "Weigeringen",
                "Intrekkingen",
                "Informeren",
                "Bewaren",
                "Afspraken",
                "Koppelingen",
                "Controle",
                "Steekproef",
                "Uitvoer",
            ],
        ),
        ((Role.decision_maker,), "/functionaris", ["Voor u te doen", "Bezwaren", "Bewaren", "Vergeten", "Afspraken"]),
        (
            (Role.administrator,),
            "/beheer",
            ["Overzicht", "Voor u te doen", "Koppelingen", "Quarantaine", "Bezorgingen", "Mislukt", "Gezondheid"],
        ),
        ((Role.administrator,), "/functionaris", []),
        ((), "/beheer", []),
    ],
)
def test_the_navigation_is_of_the_desk_and_the_roles(roles: tuple[Role, ...], path: str, items: list[str]) -> None:
    assert [item.text for item in navigation(path, staff(*roles)).items] == items


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/functionaris", [("Overzicht", "page")]),
        ("/functionaris/logboek", [("Logboek", "page")]),
        ("/functionaris/logboek/12", [("Logboek", "true")]),
        ("/functionaris/anders", [("Overzicht", "true")]),
        ("/functionarissen", []),
    ],
)
def test_the_page_one_is_on_is_marked(path: str, current: list[tuple[str, str]]) -> None:
    items = navigation(path, staff(Role.privacy_officer)).items
    assert [(item.text, item.current) for item in items if item.current] == current


def test_whoever_works_at_both_desks_sees_the_way_to_the_other() -> None:
    both = staff(Role.privacy_officer, Role.administrator)
    assert [place.name for place in navigation("/beheer/mislukt", both).others] == ["Functionaris"]
    assert navigation("/beheer", None).items == ()
    assert len({entry.href for place in PLACES for entry in place.entries}) == 23


def test_an_entry_says_how_much_waits_there() -> None:
    items = navigation("/beheer", staff(Role.administrator), {"/beheer/te-doen": 3}).items
    assert {item.text: item.count for item in items if item.count} == {"Voor u te doen": 3}


async def test_a_page_names_who_is_signed_in_and_offers_the_way_out(officer: httpx2.AsyncClient) -> None:
    text = (await officer.get("/functionaris")).text
    assert "Noor de Wit" in text
    assert 'action="/uitloggen"' in text
    assert '<a class="hub-nav__link" href="/functionaris" aria-current="page">Overzicht</a>' in text
    assert '<html lang="nl"' in text


async def test_what_was_done_is_told_in_our_words_alone(desk: Desk, stranger: httpx2.AsyncClient) -> None:
    assert "U bent uitgelogd." in (await stranger.get("/inloggen?gedaan=uitgelogd")).text
    other = (await stranger.get("/inloggen?gedaan=Bel+0900-1234")).text
    assert "0900-1234" not in other
    assert 'role="status"' not in other


def test_after_a_form_the_browser_is_led_on() -> None:
    answer = go("/beheer/mislukt?na=4", "uitgelogd")
    assert (answer.status_code, answer.headers["location"]) == (303, "/beheer/mislukt?na=4&gedaan=uitgelogd")
    with pytest.raises(KeyError):
        go("/beheer", "weg")


def test_every_sentence_is_one() -> None:
    for sentence in DONE.values():
        assert sentence.endswith(".")
    for trouble in TROUBLES.values():
        assert trouble.why.endswith(".")
        assert trouble.now.endswith((".", "?"))
