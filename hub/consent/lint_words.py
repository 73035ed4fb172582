"""The rules about what a policy says in words: necessity (L01), everything at once (L05), plain Dutch (L17). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from hub.consent.finding import Finding, Severity, of_clause, permits
from hub.consent.model import PolicySet
from hub.consent.otherwise import otherwise
from hub.domain.terms import ElementName

_LONGEST_SENTENCE: Final = 25
"""Words; longer sentences are hard to follow at level B1."""
_FOR_ALL: Final = 40.0
_FOR_OFFICERS: Final = 25.0
_VOWELS: Final = re.compile(r"[aeiouyàáâäèéêëìíîïòóôöùúûü]+", re.IGNORECASE)


def necessity(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L01: a sentence of necessity that says nothing of its own element."""
    for agreement, clause in permits(policy):
        by_need: dict[str, list[ElementName]] = {}
        for name, need in clause.fields.items():
            by_need.setdefault(need.need, []).append(name)
            if len(need.need.split()) < 4:
                yield of_clause(
                    "L01",
                    Severity.warning,
                    agreement,
                    clause.id,
                    f"De noodzaak van {name} is in {len(need.need.split())} woorden gezegd.",
                    "Dat de ontvanger niet zonder kan, moet te controleren zijn (AVG 5, eerste lid, c).",
                    "Schrijf in een zin waarvoor de ontvanger dit gegeven nodig heeft.",
                )
        for names in by_need.values():
            kinds = {policy.elements[name].kind for name in names}
            if len(kinds) > 1:
                yield of_clause(
                    "L01",
                    Severity.warning,
                    agreement,
                    clause.id,
                    f"Dezelfde noodzaak staat bij gegevens van verschillende soort: {', '.join(names)}.",
                    "Een zin die overal past, laat niet zien waarom juist dit gegeven nodig is.",
                    "Schrijf per soort gegeven waarvoor het nodig is.",
                )


def everything(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L05: the loader refuses a wildcard; naming every element of a record says the same."""
    for agreement, clause in permits(policy):
        possible = [name for name in policy.records[clause.record].elements if policy.elements[name].forms]
        raw = [name for name in possible if (need := clause.fields.get(name)) is not None and need.form == "raw"]
        if len(possible) > 5 and len(raw) == len(possible):
            yield of_clause(
                "L05",
                Severity.warning,
                agreement,
                clause.id,
                f"De bepaling geeft alles wat er in {clause.record} staat, zonder iets te verkleinen.",
                "Dat werkt als een jokerteken: een keuze per gegeven is er niet gemaakt.",
                "Laat weg wat de ontvanger kan missen, of geef het in een grovere vorm.",
            )


def plain_dutch(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L17: texts that young people and officers read, in sentences that they can follow."""
    for purpose in policy.purposes.values():
        if (hard := hardness(purpose.plain_nl, _FOR_ALL)) is not None:
            yield otherwise(_hard(f"De uitleg van doel {purpose.id}", hard), row=purpose.id)
    for agreement, clause in permits(policy):
        for label, text, least in (
            ("Het waarom", clause.why_nl, _FOR_OFFICERS),
            ("De tekst aan de jongere", clause.duty_to_inform.text, _FOR_ALL),
            ("De bewaartekst", clause.retention.text_nl, _FOR_OFFICERS),
        ):
            if (hard := hardness(text, least)) is not None:
                yield otherwise(_hard(label, hard), agreement=agreement.id, clause=clause.id)


def _hard(label: str, hard: str) -> Finding:
    return Finding(
        "L17",
        Severity.warning,
        f"{label} is moeilijk te lezen: {hard}.",
        "Wie de tekst niet kan volgen, is niet ingelicht (AVG 12, eerste lid).",
        "Maak korte zinnen met gewone woorden, op niveau B1.",
    )


def hardness(text: str, least: float) -> str | None:
    """Why a text is hard to read, or None where it is not: a long sentence, or a reading ease under `least`.

    The ease is Flesch's, as Douma fitted it to Dutch: 100 reads easily, 0 hardly at all.
    """
    sentences = [words for part in re.split(r"[.!?;:]+(?:\s|$)", text) if (words := re.findall(r"[^\W\d_]+", part))]
    if not sentences:
        return None
    longest = max(len(words) for words in sentences)
    if longest > _LONGEST_SENTENCE:
        return f"een zin heeft {longest} woorden"
    words = [word for sentence in sentences for word in sentence]
    syllables = sum(max(1, len(_VOWELS.findall(word))) for word in words)
    ease = 206.84 - 0.93 * len(words) / len(sentences) - 77 * syllables / len(words)
    return None if ease >= least else f"de leesbaarheid is {ease:.0f}, en {least:.0f} is het minste"


WORDS = (necessity, everything, plain_dutch)
