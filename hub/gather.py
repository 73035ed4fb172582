"""What the pure steps need to be told: gathered for a whole batch before the decision, so that no step has to ask.

Each canonical record comes out with its facts, candidates, person and content digest; what has no route is rejected; what the
party gave before, or twice in this batch, is a duplicate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.facts import subject_facts
from hub.consent.store import standing
from hub.domain.facts import Stated, SubjectFacts
from hub.domain.record import PersonRecord
from hub.domain.stages import Candidate, Canonical, Received, Rejected
from hub.domain.terms import Micros, PartyId, RecordKind
from hub.normalise import unroutable
from hub.ports import KeyedDigest
from hub.protect.minimise import content_of
from hub.protect.pseudonymise import Pseudonymiser
from hub.protect.seal import Person, content_digest
from hub.protect.store import seen
from hub.protect.vault import Subject, Vault
from hub.rules import Rules
from hub.together import Together


@dataclass(slots=True)
class Identified:
    """A batch's records with what follows from themselves, filled part by part without asking anyone.

    `rejected` are the rows that could not be read or routed; `duplicates` counts what stood twice in the batch.
    """

    canonicals: list[Canonical] = field(default_factory=list)
    candidates: list[Sequence[Candidate]] = field(default_factory=list)
    homes: list[str | None] = field(default_factory=list, repr=False)
    content_digests: dict[bytes, None] = field(default_factory=dict)
    locators: list[bytes] = field(default_factory=list, repr=False)
    rejected: list[Rejected] = field(default_factory=list)
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class Gathered:
    """The records to decide on, each with its facts, candidates, person and content digest, in one order."""

    canonicals: Sequence[Canonical]
    candidates: Sequence[Sequence[Candidate]]
    facts: Sequence[SubjectFacts]
    persons: Sequence[Person] = field(repr=False)
    content_digests: Sequence[bytes]
    duplicates: int

    def parts(self, most: int) -> Iterator[Gathered]:
        """The same records, at most `most` at a time."""
        for start in range(0, len(self.canonicals), most):
            part = slice(start, start + most)
            yield Gathered(
                self.canonicals[part],
                self.candidates[part],
                self.facts[part],
                self.persons[part],
                self.content_digests[part],
                self.duplicates,
            )


class _Asked(NamedTuple):
    """What the stores are asked about one record; `digest` is of its contents, under the key ring alone."""

    party: PartyId
    digest: bytes
    locator: bytes
    as_of: date
    us: Micros


_Found = tuple[bool, frozenset[Stated], Subject, bytes]


class Gatherer:
    """Asks regions, vault and stores once per batch, and for single messages that come at once together."""

    def __init__(
        self, engine: AsyncEngine, vault: Vault, pseudonymiser: Pseudonymiser, digest: KeyedDigest, rules: Rules
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._pseudonymiser = pseudonymiser
        self._digest = digest
        self._rules = rules
        self._together = Together(self._find)

    def identify(
        self,
        into: Identified,
        party: PartyId,
        canonicals: Sequence[Canonical],
        rejected: Sequence[Rejected],
        as_of: date,
        asked: bytes = b"",
    ) -> None:
        """Adds a part: routed by gemeente of residence on `as_of`, and without what stands twice in the batch.

        `asked` names the question that a record answers: the same answer to another question is no duplicate.
        """
        into.rejected += rejected
        for canonical in canonicals:
            record = canonical.record
            home = self._rules.home_of(record, as_of)
            routes = self._rules.routes(record, home, party, as_of)
            stopped = self._rules.stops(record, routes, party)
            if stopped is not None:
                into.rejected.append(unroutable(canonical, *stopped))
                continue
            digest = self._digest("record", party.encode() + b"\x00" + asked + content_of(record))
            if digest in into.content_digests:
                into.duplicates += 1
                continue
            into.content_digests[digest] = None
            into.canonicals.append(canonical)
            into.candidates.append(routes)
            into.homes.append(home)
            into.locators.append(self._pseudonymiser.locator(record.pgn))

    async def gather(self, received: Received, identified: Identified, as_of: date) -> Gathered:
        """Leaves out what this party gave before; finds the statements in force and the keys of the persons."""
        party = received.party
        records = [
            _Asked(party, digest, locator, as_of, received.received_us)
            for digest, locator in zip(identified.content_digests, identified.locators, strict=True)
        ]
        found = await self._together(records)
        fresh = [place for place, (before, *_) in enumerate(found) if not before]
        canonicals = [identified.canonicals[place] for place in fresh]
        return Gathered(
            canonicals=canonicals,
            candidates=[
                self._with_named(
                    identified.canonicals[place].record.KIND, party, identified.candidates[place], found[place][1], as_of
                )
                for place in fresh
            ],
            facts=[
                _facts(canonical.record, identified.homes[place], as_of, found[place][1])
                for canonical, place in zip(canonicals, fresh, strict=True)
            ],
            persons=[Person(*found[place][2]) for place in fresh],
            content_digests=[found[place][3] for place in fresh],
            duplicates=identified.duplicates + len(records) - len(fresh),
        )

    def _with_named(
        self,
        kind: RecordKind,
        party: PartyId,
        routes: Sequence[Candidate],
        standing: frozenset[Stated],
        as_of: date,
    ) -> Sequence[Candidate]:
        return (*routes, *self._rules.named(kind, party, standing, as_of, routes)) if standing else routes

    async def _find(self, asked: Sequence[_Asked]) -> list[_Found]:
        """Per record: whether its party gave it before, the statements in force, the person, and its content digest."""
        subjects = await self._persons(asked)
        digests = [content_digest(subject.key, one.digest) for one, subject in zip(asked, subjects, strict=True)]
        persons = [(subject.tag, one.as_of) for subject, one in zip(subjects, asked, strict=True)]
        before, said = await asyncio.gather(
            seen(self._engine, [(one.party, digest) for one, digest in zip(asked, digests, strict=True)]),
            standing(self._engine, persons, self._digest),
        )
        return [
            ((one.party, digest) in before, statements, subject, digest)
            for one, digest, subject, statements in zip(asked, digests, subjects, said, strict=True)
        ]

    async def _persons(self, asked: Sequence[_Asked]) -> list[Subject]:
        found: dict[bytes, Subject] = {}
        for party in dict.fromkeys(one.party for one in asked):
            theirs = [one for one in asked if one.party == party]
            found |= await self._vault.subjects([one.locator for one in theirs], party, theirs[0].us)
        return [found[one.locator] for one in asked]


def _facts(record: PersonRecord, home: str | None, as_of: date, standing: frozenset[Stated]) -> SubjectFacts:
    """What is known, with the gemeente as it is called on that day: a source may still name one that merged."""
    known = subject_facts(record, as_of, standing)
    return known if home == known.gemeente else known.but(gemeente=home)
