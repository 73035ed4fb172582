"""A question as someone writes it in a file, to try what the policy answers. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated

from pydantic import Field

from hub.consent.examples import facts_of
from hub.consent.facts import birthday
from hub.consent.given import Given
from hub.consent.model import PolicySet
from hub.consent.question import Question
from hub.domain.rulebook import Document, Rule, parse
from hub.domain.rulefault import mend_name
from hub.domain.terms import ElementName, PartyId, PurposeId, RecordKind


class Asked(Rule):
    """What may go along `path` on `day`; the facts read as in the tests beside agreements.

    `born` makes the answer know of birthdays; without it the age is as given, and the next birthday a year away.
    """

    record: RecordKind
    path: Annotated[tuple[PartyId, ...], Field(min_length=2)]
    day: date
    purpose: PurposeId | None = None
    elements: tuple[ElementName, ...] = ()
    born: date | None = None
    given: Given


def read_question(file: str, text: str, policy: PolicySet) -> Question:
    """The question that a file holds. Raises errors.Misconfigured where it is wrong or names what the set does not know."""
    document = parse(file, text)
    asked = document.as_(Asked)
    _known(document, "record", (asked.record,), policy.records)
    _known(document, "path", asked.path, policy.parties)
    _known(document, "purpose", (asked.purpose,) if asked.purpose is not None else (), policy.purposes)
    _known(document, "elements", asked.elements, policy.elements)
    _known(document, "given", asked.given.facts, policy.facts)
    born = asked.born
    if born is None and asked.given.age is not None:
        born = birthday(asked.day, -asked.given.age)
    return Question(
        record=asked.record,
        path=asked.path,
        facts=facts_of(policy, asked.given, asked.day, asked.path),
        purpose=asked.purpose,
        elements=frozenset(asked.elements) or None,
        born=born,
    )


def _known(document: Document, key: str, names: Collection[str], table: Collection[str]) -> None:
    for name in names:
        if name not in table:
            now = mend_name(name, table, "Correct the name, or ask of the set that has it.")
            document.refuse(document.find((key,), name), f"{name} is not in this policy set.", now)
