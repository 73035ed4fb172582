"""What was found, as a code with numbers and names of ours; the sentences for it stand in `findings.toml`, in two languages.

Pure. A parameter is a count, a date, a setting's or a party's name: never anything about a person, and never a secret.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

Language = Literal["en", "nl"]


class State(StrEnum):
    """How it stands, from well to worst."""

    ok = "ok"
    unknown = "unknown"
    """It could not be examined, so nobody can say that it is well."""
    attention = "attention"
    """The hub works; someone should look at it soon."""
    wrong = "wrong"
    """The hub does not work, may lose something, or shows something to someone: act now."""


EXIT: Final[Mapping[State, int]] = {State.ok: 0, State.unknown: 1, State.attention: 1, State.wrong: 5}
"""The exit status of 'hub doctor' for the worst that it found."""

_CATALOGUE: Final[Mapping[str, Any]] = tomllib.loads(Path(__file__).with_name("findings.toml").read_text("utf-8"))
CODES: Final = frozenset(_CATALOGUE) - {"well", "unexamined"}
"""Everything that can be found."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in words: its `name`, `what` is so, `why`, and what to do `now`."""

    name: str
    what: str
    why: str
    now: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined: `code` (see `CODES`), its state, and what its sentences are filled with.

    `about` says which of several it is: a database, a file, a recipient. Raises ValueError for a code without sentences.
    """

    code: str
    state: State
    parameters: Mapping[str, str | int] = field(default_factory=dict)
    about: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"nothing is found under the code {self.code}")

    def told(self, language: Language = "en") -> Told:
        """The sentences; what is well or could not be examined is told in the same words whatever it is."""
        entry = _CATALOGUE[self.code]
        name, *own = entry[language]
        if self.state is State.ok:
            own = _CATALOGUE["well"][language]
        elif self.state is State.unknown and "cause" in self.parameters:
            own = _CATALOGUE["unexamined"][language]
        name = f"{name} ({self.about})" if self.about else name
        filled = {"about": self.about, **self.parameters}
        if "reason" in filled:
            filled["reason"] = entry["reasons"][filled["reason"]][language]
        if "cause" in filled:
            causes = _CATALOGUE["unexamined"]["causes"]
            filled["cause"] = causes.get(filled["cause"], causes["other"])[language]
        what, why, now = (sentence.format(**filled) for sentence in own)
        return Told(name, what, why, now)


def ok(code: str, about: str = "", **parameters: str | int) -> Finding:
    """It is as it should be."""
    return Finding(code, State.ok, parameters, about)


def attention(code: str, about: str = "", **parameters: str | int) -> Finding:
    """Someone should look at it soon."""
    return Finding(code, State.attention, parameters, about)


def wrong(code: str, about: str = "", **parameters: str | int) -> Finding:
    """Someone must act now."""
    return Finding(code, State.wrong, parameters, about)


def unknown(code: str, about: str = "", *, cause: str) -> Finding:
    """It could not be examined, because of `cause`: a word of ours such as timeout or denied."""
    return Finding(code, State.unknown, {"cause": cause}, about)


def worst(findings: Iterable[Finding]) -> State:
    """The state of the whole."""
    order = list(State)
    return max((finding.state for finding in findings), key=order.index, default=State.unknown)


def by_urgency(findings: Iterable[Finding]) -> list[Finding]:
    """What is worst first; within one state in the order in which it was examined."""
    order = list(State)
    return sorted(findings, key=lambda finding: -order.index(finding.state))
