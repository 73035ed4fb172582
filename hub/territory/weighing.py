"""What waits for a party that ended, decided anew for the one that follows it: what may go on, and what may not.

The young person's facts and statements of today decide, under today's policy; a payload can only become smaller. A consent
names whom it is given to, so that it opens nothing for who follows; an objection or restriction goes on holding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from hub.again import FEITEN_NIET_BEWAARD, Again, check_facts
from hub.audit.entry import attributes, public_reasons
from hub.audit.store import Located
from hub.consent.decide import reconsider
from hub.consent.facts import facts_again
from hub.consent.store import standing
from hub.consent.table import Answer
from hub.domain.facts import SubjectFacts
from hub.domain.personal import Personal
from hub.domain.stages import Candidate, Grant
from hub.domain.terms import Form, PartyId, ReasonCode
from hub.protect.store import SealedFacts, sealed_facts
from hub.territory.model import CLOSED, Became
from hub.territory.store import Waits


@dataclass(frozen=True, slots=True)
class Weighed:
    """One delivery with what is to become of it; `grant` and `candidate` where it goes on, and the facts `known` by then."""

    waits: Waits
    became: Became
    reason: ReasonCode | None = None
    candidate: Candidate | None = None
    grant: Grant | None = None
    known: SubjectFacts | None = None


@dataclass(frozen=True, slots=True)
class Scales:
    """A page of them, with what it takes to carry it out."""

    weighed: Sequence[Weighed]
    located: Mapping[UUID, Located]
    facts: Mapping[UUID, SealedFacts] = field(repr=False)
    payloads: Mapping[UUID, Personal[bytes]] = field(repr=False)


async def weigh(again: Again, old: PartyId, new: PartyId, page: Sequence[Waits], day: date) -> Scales:
    """What becomes of each of `page` on `day`. Raises Tampered where something is not what was recorded."""
    held = [one.held for one in page]
    kept, said, located = await asyncio.gather(
        sealed_facts(again.engine, [one.record_id for one in held if one.record_id is not None]),
        standing(again.engine, [(one.subject_tag, day) for one in held], again.digest),
        again.log.disclosed(old, held),
    )
    opened = await again.protector.open(held, kept)
    entries: dict[UUID, Mapping[str, Any]] = {ref: orjson.loads(entry.body) for ref, entry in located.items()}
    found: list[Weighed] = []
    asked: list[tuple[Waits, SubjectFacts, Sequence[Candidate]]] = []
    for one, statements in zip(page, said, strict=True):
        content = opened.get(one.held.delivery_id)
        if content is None:
            found.append(Weighed(one, Became.stays))  # erased: nobody can open it any more, and it goes by itself
        elif content.facts is None:
            found.append(Weighed(one, Became.resupply, FEITEN_NIET_BEWAARD))
        else:
            check_facts(content, entries[one.held.delivery_id])
            known = again.rules.lives(facts_again(content.facts, day, statements))
            candidates = again.candidates(new, one.held, known, kept)
            if _stays(again, candidates, old, new, day):
                found.append(Weighed(one, Became.stays))
            else:
                asked.append((one, known, candidates))
    kinds = [one.held.record_kind for one, _, _ in asked]
    answers = reconsider(again.rules.table, kinds, [each[1] for each in asked], [each[2] for each in asked], new)
    for (one, known, candidates), answer in zip(asked, answers, strict=True):
        found.append(_judged(one, known, candidates, answer, new, entries[one.held.delivery_id]))
    payloads = {ref: content.payload for ref, content in opened.items()}
    return Scales(sorted(found, key=lambda each: each.waits.held.delivery_id), located, kept, payloads)


def _stays(again: Again, candidates: Sequence[Candidate], old: PartyId, new: PartyId, day: date) -> bool:
    """Whether the old recipient still works for this young person, or another than `new` follows it for them."""
    names = {candidate.recipient for candidate in candidates}
    if old in names and not again.rules.regions.ended(old, day):
        return True
    others = {one.new for one in again.rules.regions.successions if one.old == old and one.day <= day} - {new}
    return new not in names and not others.isdisjoint(names)


def _judged(
    one: Waits,
    known: SubjectFacts,
    candidates: Sequence[Candidate],
    answer: Answer | None,
    new: PartyId,
    entry: Mapping[str, Any],
) -> Weighed:
    if answer is None:
        return Weighed(one, Became.resupply, CLOSED)
    if answer.grant is None:
        return Weighed(one, Became.refused, public_reasons(answer.reasons, answer.personal)[0])
    grant = answer.grant
    whole = set(attributes(grant)) <= set(entry["attributes"])
    named = any(form is Form.pseudonym for _, form in grant.fields)
    if not whole or named or grant.purpose != entry["purpose"]:
        return Weighed(one, Became.resupply, CLOSED)
    candidate = next(each for each in candidates if each.recipient == new)
    return Weighed(one, Became.moved, None, candidate, grant, known)
