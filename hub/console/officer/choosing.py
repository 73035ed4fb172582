"""Which lines of the log someone asks for: an address or a form becomes a selection, and a selection an address. Pure.

Days are those of Europe/Amsterdam, both included. Nothing in such an address is about a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from hub.audit.search import Choices, Search, Selection
from hub.audit.search.lines import REFUSED, WAITING
from hub.consent.model import PolicySet, Reason
from hub.console.form import Fields
from hub.console.officer import words
from hub.console.text import AMSTERDAM, local

LOG: Final = "/functionaris/logboek"
_NAMES: Final = {
    "soort": "kind",
    "ontvanger": "recipient",
    "bron": "source",
    "doel": "purpose",
    "grondslag": "basis",
    "uitkomst": "outcome",
    "reden": "reason",
    "handeling": "operation",
    "medewerker": "staff",
    "gegeven": "element",
    "systeem": "actor",
    "spoor": "trace",
}
_WORD: Final = re.compile(r"(?=.{1,128}\Z)(?:[a-z][a-z0-9]*(?:[-./:_][a-z0-9]+)*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)", re.ASCII)
"""A word or code as entries hold them; it begins with a letter, so that no number of a person can stand in an address."""
_TRACE: Final = re.compile(r"(?!0{32})[0-9a-f]{32}", re.ASCII)
_TEXT: Final = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,7}")
_LONGEST_TEXT: Final = 80
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FIRST_YEAR: Final = 2001
Options = list[tuple[str, str]]


_RARE: Final = ("grondslag", "handeling", "medewerker", "reden", "gegeven", "systeem", "spoor")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked: the selection, the words as they stood in the form, and what is wrong (field, sentence).

    `text` are words to look for in the sentences of reasons; they become words of the selection once they were looked for.
    `unseen` are then the reasons that hold them and that no line names.
    """

    selection: Selection
    asked: dict[str, str]
    wrong: tuple[tuple[str, str], ...]
    text: tuple[str, ...] = ()
    unseen: tuple[Reason, ...] = ()

    @property
    def rarely(self) -> bool:
        """Whether one of the filters is used that are folded away."""
        return any(self.asked[name] for name in _RARE)


def chosen(fields: Fields) -> Chosen:
    """400 on anything that could not be a word of the log."""
    asked = {name: fields.one(name) for name in (*_NAMES, "van", "tot", "zoek")}
    if any(asked[name] and not (_TRACE if name == "spoor" else _WORD).fullmatch(asked[name]) for name in _NAMES):
        raise HTTPException(400)
    wrong: list[tuple[str, str]] = []
    if re.search(r"\d", asked["zoek"]):  # the number of a person, perhaps: nothing of it comes back
        raise HTTPException(400)
    if asked["zoek"] and (len(asked["zoek"]) > _LONGEST_TEXT or not _TEXT.fullmatch(asked["zoek"])):
        wrong.append(("zoek", "Gebruik hoogstens acht woorden, met alleen letters."))
        asked["zoek"] = ""
    days = {name: _day(name, asked[name], wrong) for name in ("van", "tot")}
    if days["van"] and days["tot"] and days["tot"] < days["van"]:
        wrong.append(("tot", "De laatste dag ligt voor de eerste. Draai ze om."))
    until = days["tot"] + timedelta(days=1) if days["tot"] else None
    named: dict[str, Any] = {field: asked[name] or None for name, field in _NAMES.items()}
    selection = Selection(**named, from_us=_start(days["van"]), until_us=_start(until))
    return Chosen(selection, asked, tuple(wrong), tuple(asked["zoek"].replace("-", " ").split()))


def address(selection: Selection) -> str:
    """The page of the log with this selection, in whole days."""
    asked = {name: getattr(selection, field) for name, field in _NAMES.items()}
    asked["van"] = None if selection.from_us is None else local(selection.from_us).date().isoformat()
    asked["tot"] = None if selection.until_us is None else local(selection.until_us - 1).date().isoformat()
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{LOG}?{query}" if query else LOG


def _day(name: str, text: str, wrong: list[tuple[str, str]]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR < day.year < 2200:
        wrong.append((name, "Dit is geen datum. Schrijf hem als 2026-11-21."))
        return None
    return day


def _start(day: date | None) -> int | None:
    return None if day is None else int(datetime.combine(day, time(), AMSTERDAM).timestamp()) * 1_000_000


def sentences(policy: PolicySet, choices: Choices) -> list[tuple[str, str, str]]:
    """What words are looked for in, as (field of a selection, word, text): reasons with what helps, and operations."""
    return [
        *(("reason", word, f"{words.reason(policy, word)} {words.remedy(policy, word)}") for word in choices.reasons),
        *(("operation", word, words.operation(word)) for word in choices.operations),
    ]


def unseen(policy: PolicySet, choices: Choices) -> list[Reason]:
    """The reasons that no line of the log names: those that did not occur, and the personal ones, which are sealed."""
    return [one for code, one in policy.reasons.items() if code not in choices.reasons]


async def worded(picked: Chosen, search: Search, policy: PolicySet) -> Chosen:
    """With the words that were typed as the reasons and operations whose sentences hold them."""
    if not picked.text:
        return picked
    choices = await search.choices()
    rows, others = sentences(policy, choices), unseen(policy, choices)
    texts = [*(text for _, _, text in rows), *(f"{one.text_nl} {one.remedy_nl}" for one in others)]
    found = await search.matching(texts, picked.text)
    any_of = tuple(rows[nth][:2] for nth in found if nth < len(rows))
    missed = tuple(others[nth - len(rows)] for nth in found if nth >= len(rows))
    return replace(picked, selection=replace(picked.selection, any_of=any_of), unseen=missed)


def options(policy: PolicySet, choices: Choices, asked: dict[str, str], names: Mapping[str, str]) -> dict[str, Options]:
    """Per filter what can be chosen: what occurs in the log, by name, the code behind it where it has another.

    `names` are those of the members of staff who ever signed in, by their codes.
    """

    def party(word: str) -> str:
        return words.party(policy, word)

    outcomes = dict.fromkeys((WAITING, REFUSED, *choices.outcomes))
    made: dict[str, tuple[Iterable[str], Callable[[str], str]]] = {
        "soort": (dict.fromkeys(("disclosure", "refusal", *choices.kinds)), lambda word: words.KINDS.get(word, word)),
        "ontvanger": (choices.recipients, party),
        "bron": (choices.sources, party),
        "doel": (choices.purposes, lambda word: words.purpose(policy, word)),
        "grondslag": (choices.bases, lambda word: words.basis(policy, word)),
        "uitkomst": (outcomes, lambda word: words.OUTCOMES[word].text if word in words.OUTCOMES else word),
        "reden": (choices.reasons, lambda word: words.reason(policy, word)),
        "handeling": (choices.operations, words.operation),
        "gegeven": (choices.elements, lambda word: words.element(policy, word)),
        "systeem": (choices.actors, party),
        "medewerker": (names, lambda word: words.named(word, names)),
    }

    def rows(name: str) -> Iterator[tuple[str, str]]:
        known, label = made[name]
        yield from sorted(
            ((word, label(word)) for word in dict.fromkeys((*known, *filter(None, (asked[name],))))),
            key=lambda row: row[1].casefold(),
        )

    return {name: [("", "Alle"), *rows(name)] for name in made}
