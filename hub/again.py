"""Deciding anew what waits, at the moment of sending: what was permitted when it came in may not be any more.

A statement may have been made since, a birthday passed, an agreement ended, the policy changed. What goes is what today's
answer still permits, for the same purpose and in the same forms; anything less and it stays.
"""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import PERSONAL, attributes, public_reasons
from hub.audit.log import Log
from hub.audit.store import Located
from hub.consent.decide import reconsider
from hub.consent.facts import facts_again
from hub.consent.store import standing
from hub.consent.table import Answer
from hub.domain.element import addressee_of
from hub.domain.facts import SubjectFacts
from hub.domain.kinds import RECORDS
from hub.domain.personal import Personal
from hub.domain.stages import Candidate, Held
from hub.domain.terms import PartyId, ReasonCode
from hub.errors import Tampered
from hub.ports import KeyedDigest
from hub.protect.protector import Opened, Protector
from hub.protect.store import SealedFacts, sealed_facts
from hub.rules import Rules

FEITEN_NIET_BEWAARD: Final = ReasonCode("FEITEN_NIET_BEWAARD")
GEEN_ONTVANGER_MEER: Final = ReasonCode("GEEN_ONTVANGER_MEER")
MINDER_TOEGESTAAN: Final = ReasonCode("MINDER_TOEGESTAAN")
ANDER_DOEL: Final = ReasonCode("ANDER_DOEL")


@dataclass(frozen=True, slots=True)
class Stopped:
    """A delivery that may not go any more, with the reasons as they may stand outside the person's seal."""

    held: Held
    reasons: tuple[ReasonCode, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A page as it stands today: what goes, in order, with payloads and log entries by delivery; and what does not."""

    going: Sequence[Held]
    payloads: Mapping[UUID, Personal[bytes]] = field(repr=False)
    located: Mapping[UUID, Located]
    stopped: Sequence[Stopped]


@dataclass(frozen=True, slots=True)
class Again:
    """Opens a page of what waits, and decides it anew."""

    engine: AsyncEngine
    protector: Protector
    log: Log
    rules: Rules
    digest: KeyedDigest

    async def look(self, recipient: PartyId, held: Sequence[Held], as_of: date) -> Leaving:
        """What of `held` may leave for `recipient` on `as_of`.

        Raises Tampered where a payload, entry, fact or statement is not what was recorded.
        """
        kept, said, located = await asyncio.gather(
            sealed_facts(self.engine, [one.record_id for one in held if one.record_id is not None]),
            standing(self.engine, [(one.subject_tag, as_of) for one in held], self.digest),
            self.log.disclosed(recipient, held),
        )
        opened = await self.protector.open(held, kept)
        said_of: dict[UUID, Mapping[str, Any]] = {ref: orjson.loads(entry.body) for ref, entry in located.items()}
        asked: list[tuple[Held, SubjectFacts, Sequence[Candidate]]] = []
        stopped: list[Stopped] = []
        for one, statements in zip(held, said, strict=True):
            if (found := opened.get(one.delivery_id)) is None:
                stopped.append(Stopped(one, (PERSONAL,)))  # erased: nobody can open it any more
            elif found.facts is None:
                stopped.append(Stopped(one, (FEITEN_NIET_BEWAARD,)))
            else:
                check_facts(found, said_of[one.delivery_id])
                known = self.rules.lives(facts_again(found.facts, as_of, statements))
                asked.append((one, known, self.candidates(recipient, one, known, kept)))
        kinds = [each[0].record_kind for each in asked]
        answers = reconsider(self.rules.table, kinds, [each[1] for each in asked], [each[2] for each in asked], recipient)
        going: list[Held] = []
        for (one, _, _), answer in zip(asked, answers, strict=True):
            if reasons := _against(answer, said_of[one.delivery_id]):
                stopped.append(Stopped(one, reasons))
            else:
                going.append(one)
        payloads = {one.delivery_id: opened[one.delivery_id].payload for one in going}
        return Leaving(going, payloads, located, stopped)

    def candidates(
        self, recipient: PartyId, one: Held, known: SubjectFacts, kept: Mapping[UUID, SealedFacts]
    ) -> Sequence[Candidate]:
        """The recipients by home; and this one, where the record is meant for it, or the young person said yes to it."""
        if one.record_id is None:
            return ()
        source = kept[one.record_id].source
        routes = self.rules.at_home(one.record_kind, known.gemeente, source, known.as_of)
        if any(candidate.recipient == recipient for candidate in routes) or source != one.source:
            return routes
        model = RECORDS.get(one.record_kind)
        addressed = model is not None and addressee_of(model) is not None
        if not addressed and not self.rules.meets(one.record_kind, source, recipient, known.as_of):
            return routes
        return (*routes, self.rules.candidate(source, recipient))


def check_facts(found: Opened, entry: Mapping[str, Any]) -> None:
    """Raises Tampered where the facts are not those that the entry was written for, but another record's of this person."""
    if urlsafe_b64encode(found.facts_digest).rstrip(b"=").decode() != entry["facts"]:
        raise Tampered(
            "A delivery is not decided by the facts that its log entry speaks of.",
            "It was made to point to another record, or the facts were changed.",
            "Keep both; call the privacy officer.",
        )


def _against(answer: Answer | None, entry: Mapping[str, Any]) -> tuple[ReasonCode, ...]:
    """Why it may not go as its entry says; empty where it may."""
    if answer is None:
        return (GEEN_ONTVANGER_MEER,)
    if answer.grant is None:
        return public_reasons(answer.reasons, answer.personal)
    if answer.grant.purpose != entry["purpose"]:
        return (ANDER_DOEL,)
    return () if set(entry["attributes"]) <= set(attributes(answer.grant)) else (MINDER_TOEGESTAAN,)
