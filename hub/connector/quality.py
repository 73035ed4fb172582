"""How good a connector is: closed rules in three grades, each answered `done` with what proves it, or `exempt` with why.

A ledger that leaves a rule out, answers one that there is not, or gives no reason does not load: there is no list of old sins.
What a test can prove, `tests/contract/connector_suite.py` proves, for whoever writes `done` beside it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from hub.connector.manifest import unusable

Grade = Literal["bronze", "silver", "gold"]
Direction = Literal["inbound", "outbound", "query"]
_LEAST: Final = 10

_ALWAYS: Final[Mapping[Grade, Mapping[str, str]]] = {
    "bronze": {
        "manifest": "Zegt wat de koppeling doet, voor wie en met welke gegevens.",
        "wire_layout": "De vorm aan de andere kant staat in schemas/wire, met de bron, of is als eigen vorm herkenbaar.",
        "contract_suite": "Doorstaat de proeven die voor elke koppeling gelden.",
        "no_echo": "Herhaalt in geen fout of regel iets uit een bericht.",
        "guide": "Legt uit hoe u haar aansluit, en wat er met een bericht gebeurt.",
    },
    "silver": {
        "failures_classified": "Elke fout zegt of herhalen helpt, en wie iets moet doen.",
        "timeouts": "Wacht nergens zonder einde.",
        "verified_peer": "Weet zeker met wie zij spreekt.",
        "simulator": "Er is een nagebouwd systeem waarmee een partner kan oefenen.",
    },
    "gold": {
        "property_tests": "Is beproefd met willekeurige invoer.",
        "memory": "Gebruikt niet meer geheugen bij een groter bestand.",
    },
}
_OF_DIRECTION: Final[Mapping[Direction, Mapping[Grade, Mapping[str, str]]]] = MappingProxyType(
    {
        "inbound": {
            "bronze": {
                "mapping": "Vertaalt elke kolom volgens een afspraak met een versie.",
                "hostile_corpus": "Is beproefd met bestanden die haar willen misleiden.",
            },
            "silver": {
                "crash_safe": "Gaat na een storing verder waar zij was, zonder iets te verliezen of te verdubbelen.",
                "drift": "Stopt als de vorm van de bestanden verandert.",
            },
            "gold": {"version_replay": "Wat met een oude versie is gelezen, is nog zo te lezen."},
        },
        "outbound": {
            "bronze": {"hostile_answers": "Is beproefd met antwoorden die haar willen misleiden."},
            "silver": {"safe_repetition": "Wat twee keer aankomt, heeft een keer gevolg."},
            "gold": {},
        },
        "query": {
            "bronze": {
                "mapping": "Vertaalt elk antwoord volgens een afspraak met een versie.",
                "hostile_answers": "Is beproefd met antwoorden die haar willen misleiden.",
            },
            "silver": {"reduced_at_once": "Houdt van een antwoord niets vast dan wat de afspraak toestaat."},
            "gold": {},
        },
    }
)


def rules_of(direction: Direction) -> Mapping[Grade, Mapping[str, str]]:
    """The rules of each grade for connectors of this direction, each with what it asks, in the words of the desk."""
    own = _OF_DIRECTION[direction]
    return MappingProxyType({grade: {**rules, **own[grade]} for grade, rules in _ALWAYS.items()})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a ledger says of a rule: that it is `done`, and what proves it, or not, and why not."""

    done: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The answers of a connector, by grade and rule."""

    answers: Mapping[Grade, Mapping[str, Answer]]

    @property
    def grade(self) -> Grade | None:
        """The highest grade of which, and of those below which, every rule is done; None where bronze is not reached."""
        reached: Grade | None = None
        for grade, answers in self.answers.items():
            if not all(answer.done for answer in answers.values()):
                break
            reached = grade
        return reached


def load_ledger(path: Path, direction: Direction) -> Ledger:
    """Raises errors.Misconfigured where a rule is left out, unknown, or answered without a reason."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise unusable(path, "The ledger cannot be read as TOML.") from None
    rules = rules_of(direction)
    if given.keys() != rules.keys():
        raise unusable(path, f"Its grades are not {', '.join(rules)}.")
    answers: dict[Grade, Mapping[str, Answer]] = {}
    for grade, asked in rules.items():
        if not isinstance(given[grade], dict) or given[grade].keys() != asked.keys():
            strange = sorted({*given[grade]} ^ {*asked}) if isinstance(given[grade], dict) else [grade]
            raise unusable(path, f"In {grade} these rules are missing or not known: {', '.join(map(str, strange))}.")
        answers[grade] = {rule: _answer(path, rule, said) for rule, said in given[grade].items()}
    return Ledger(MappingProxyType(answers))


def _answer(path: Path, rule: str, said: object) -> Answer:
    if isinstance(said, dict) and len(said) == 1:
        ((word, reason),) = said.items()
        if word in ("done", "exempt") and isinstance(reason, str) and len(reason) >= _LEAST:
            return Answer(word == "done", reason)
    raise unusable(path, f"The rule {rule} is answered with done and what proves it, or with exempt and why.")
