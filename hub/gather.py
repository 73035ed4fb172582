"""What the pure steps need to be told: gathered for a whole batch before the decision, so that no step has to ask.

Each canonical record comes out with its facts, candidates, person and content digest; what has no route is rejected; what the
party gave before, or twice in this batch, is a duplicate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.facts import subject_facts
from hub.consent.store import standing
from hub.domain.facts import StatementKind, SubjectFacts
from hub.domain.stages import Candidate, Canonical, Received, Rejected
from hub.domain.terms import Micros, PartyId, ReasonCode
from hub.normalise import unroutable
from hub.ports import KeyedDigest
from hub.protect.minimise import content_of
from hub.protect.pseudonymise import Pseudonymiser
from hub.protect.seal import Person
from hub.protect.store import seen
from hub.protect.vault import Vault
from hub.regions import Regions
from hub.together import Together

GEEN_ROUTE = ReasonCode("GEEN_ROUTE")


@dataclass(frozen=True, slots=True)
class Identified:
    """A batch's routable records with what follows from themselves; computed without asking anyone."""

    canonicals: Sequence[Canonical]
    candidates: Sequence[Sequence[Candidate]]
    content_digests: Sequence[bytes]
    tags: Sequence[bytes]
    first_steps: Sequence[bytes]
    without_route: Sequence[Rejected]
    duplicates: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """The records to decide on, each with its facts, candidates, person and content digest, in one order."""

    canonicals: Sequence[Canonical]
    candidates: Sequence[Sequence[Candidate]]
    facts: Sequence[SubjectFacts]
    persons: Sequence[Person] = field(repr=False)
    content_digests: Sequence[bytes]
    duplicates: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the stores are asked about one record."""

    party: PartyId
    content_digest: bytes
    tag: bytes
    as_of: date
    us: Micros


_Found = tuple[bool, frozenset[StatementKind], bytes]


class Gatherer:
    """Asks regions, vault and stores once per batch, and for single messages that come at once together."""

    def __init__(
        self, engine: AsyncEngine, vault: Vault, pseudonymiser: Pseudonymiser, digest: KeyedDigest, regions: Regions
    ) -> None:
        self._engine = engine
        self._vault = vault
        self._pseudonymiser = pseudonymiser
        self._digest = digest
        self._regions = regions
        self._together = Together(self._find)

    def identify(self, received: Received, canonicals: Sequence[Canonical], as_of: date) -> Identified:
        """Routes by gemeente of residence on `as_of`, tags the persons, and leaves out what stands twice in the batch."""
        digests: dict[bytes, None] = {}
        kept: list[Canonical] = []
        candidates: list[Sequence[Candidate]] = []
        without_route: list[Rejected] = []
        duplicates = 0
        for canonical in canonicals:
            routes = self._regions.candidates(canonical.record.gemeente.reveal(), as_of, received.party)
            if not routes:
                without_route.append(unroutable(canonical, "gemeente", GEEN_ROUTE))
                continue
            digest = self._digest("record", received.party.encode() + b"\x00" + content_of(canonical.record))
            if digest in digests:
                duplicates += 1
                continue
            digests[digest] = None
            kept.append(canonical)
            candidates.append(routes)
        numbers = [canonical.record.pgn for canonical in kept]
        return Identified(
            canonicals=kept,
            candidates=candidates,
            content_digests=tuple(digests),
            tags=[self._pseudonymiser.subject_tag(number) for number in numbers],
            first_steps=[self._pseudonymiser.first_step(number) for number in numbers],
            without_route=without_route,
            duplicates=duplicates,
        )

    async def gather(self, received: Received, identified: Identified, as_of: date) -> Gathered:
        """Leaves out what this party gave before; finds the statements in force and the keys of the persons."""
        party = received.party
        records = [
            _Asked(party, digest, tag, as_of, received.received_us)
            for digest, tag in zip(identified.content_digests, identified.tags, strict=True)
        ]
        found = await self._together(records)
        fresh = [place for place, (before, _, _) in enumerate(found) if not before]
        canonicals = [identified.canonicals[place] for place in fresh]
        return Gathered(
            canonicals=canonicals,
            candidates=[identified.candidates[place] for place in fresh],
            facts=[
                subject_facts(canonical.record, as_of, found[place][1])
                for canonical, place in zip(canonicals, fresh, strict=True)
            ],
            persons=[Person(identified.tags[place], found[place][2], identified.first_steps[place]) for place in fresh],
            content_digests=[identified.content_digests[place] for place in fresh],
            duplicates=identified.duplicates + len(records) - len(fresh),
        )

    async def _find(self, asked: Sequence[_Asked]) -> list[_Found]:
        """Per record: whether its party gave it before, the statements in force, and the person's key."""
        before, said, keys = await asyncio.gather(
            seen(self._engine, [(one.party, one.content_digest) for one in asked]),
            standing(self._engine, [(one.tag, one.as_of) for one in asked]),
            self._keys(asked),
        )
        return [
            ((one.party, one.content_digest) in before, statements, keys[one.tag])
            for one, statements in zip(asked, said, strict=True)
        ]

    async def _keys(self, asked: Sequence[_Asked]) -> dict[bytes, bytes]:
        keys: dict[bytes, bytes] = {}
        for party in dict.fromkeys(one.party for one in asked):
            theirs = [one for one in asked if one.party == party]
            keys |= await self._vault.keys_for([one.tag for one in theirs], party, theirs[0].us)
        return keys
