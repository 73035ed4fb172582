"""The two desks and the pages on them, and which of these someone's roles let them see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hub.domain.staff import Role, Staff

READERS: Final = (Role.privacy_officer, Role.fg, Role.auditor)
"""Who reads the officer's desk."""
SEARCHERS: Final = (Role.privacy_officer, Role.fg)
"""Who may look up one person, with a reason. An auditor searches nobody."""
AGREEING: Final = (*READERS, Role.decision_maker)
"""Who reads the agreements, and what was proposed."""
RECORDERS: Final = (Role.privacy_officer,)
"""Who records what somebody states."""
DECIDERS: Final = (Role.privacy_officer, Role.decision_maker)
"""Who records what a controller decided on an objection."""
FORGETTERS: Final = (*SEARCHERS, Role.decision_maker)
"""Who asks that a person is forgotten, or decides on it."""
DOERS: Final = (*SEARCHERS, Role.decision_maker)
"""For whom something waits at the officer's desk; an auditor reads."""
ADMINISTRATORS: Final = (Role.administrator,)
OFFICERS_TASKS: Final = "/functionaris/te-doen"
ADMINISTRATORS_TASKS: Final = "/beheer/te-doen"
TASKS: Final = "Voor u te doen"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation."""

    text: str
    href: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A desk: its name, where it begins, what it is for, and its pages."""

    name: str
    href: str
    purpose: str
    entries: tuple[Entry, ...]

    def begins(self, staff: Staff) -> str:
        """The first page of the desk that someone may see."""
        return next((entry.href for entry in self.entries if _visible(entry, staff)), self.href)


PLACES: Final = (
    Place(
        "Functionaris",
        "/functionaris",
        "Nagaan wie welke gegevens kreeg en waarom, een vraag van een jongere beantwoorden, en het logboek controleren.",
        (
            Entry("Overzicht", "/functionaris", READERS),
            Entry(TASKS, OFFICERS_TASKS, DOERS),
            Entry("Logboek", "/functionaris/logboek", READERS),
            Entry("Persoon", "/functionaris/persoon", SEARCHERS),
            Entry("Verklaringen", "/functionaris/verklaringen", SEARCHERS),
            Entry("Bezwaren", "/functionaris/bezwaren", AGREEING),
            Entry("Weigeringen", "/functionaris/weigeringen", READERS),
            Entry("Intrekkingen", "/functionaris/intrekkingen", READERS),
            Entry("Informeren", "/functionaris/informeren", READERS),
            Entry("Bewaren", "/functionaris/bewaren", AGREEING),
            Entry("Vergeten", "/functionaris/vergeten", FORGETTERS),
            Entry("Afspraken", "/functionaris/afspraken", AGREEING),
            Entry("Koppelingen", "/functionaris/koppelingen", READERS),
            Entry("Controle", "/functionaris/controle", READERS),
            Entry("Steekproef", "/functionaris/steekproef", READERS),
            Entry("Uitvoer", "/functionaris/uitvoer", READERS),
        ),
    ),
    Place(
        "Beheer",
        "/beheer",
        "Koppelingen bewaken, herstellen wat vastloopt, en zien hoe het met de hub gaat.",
        (
            Entry("Overzicht", "/beheer", ADMINISTRATORS),
            Entry(TASKS, ADMINISTRATORS_TASKS, ADMINISTRATORS),
            Entry("Koppelingen", "/beheer/koppelingen", ADMINISTRATORS),
            Entry("Quarantaine", "/beheer/quarantaine", ADMINISTRATORS),
            Entry("Bezorgingen", "/beheer/bezorgingen", ADMINISTRATORS),
            Entry("Mislukt", "/beheer/mislukt", ADMINISTRATORS),
            Entry("Gezondheid", "/beheer/gezondheid", ADMINISTRATORS),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as it stands on one page. `current`: `page` for the page itself, `true` for what lies under it, else empty.

    `count` is how much waits there; nought where nothing does, or nothing is counted.
    """

    text: str
    href: str
    current: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Navigation:
    """What a page shows of the desks: the one it belongs to with its items, and the others someone may go to."""

    place: Place | None
    items: tuple[Item, ...]
    others: tuple[Place, ...]


def places_of(staff: Staff) -> tuple[Place, ...]:
    """The desks with at least one page for the roles of `staff`."""
    return tuple(place for place in PLACES if any(_visible(entry, staff) for entry in place.entries))


def navigation(path: str, staff: Staff | None, counts: Mapping[str, int] = MappingProxyType({})) -> Navigation:
    """The navigation of the page at `path` for `staff`, with how much waits at each entry; empty where nobody is signed in."""
    if staff is None:
        return Navigation(None, (), ())
    mine = places_of(staff)
    place = next((place for place in mine if _under(path, place.href)), None)
    entries = [entry for entry in place.entries if _visible(entry, staff)] if place else []
    nearest = max((entry.href for entry in entries if _under(path, entry.href)), key=len, default="")
    items = tuple(
        Item(
            entry.text,
            entry.href,
            ("page" if path == nearest else "true") if entry.href == nearest else "",
            counts.get(entry.href, 0),
        )
        for entry in entries
    )
    return Navigation(place, items, tuple(other for other in mine if other is not place))


def _visible(entry: Entry, staff: Staff) -> bool:
    return not staff.roles.isdisjoint(entry.roles)


def _under(path: str, href: str) -> bool:
    return path == href or path.startswith(href + "/")
