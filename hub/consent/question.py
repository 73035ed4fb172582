"""A question to the policy, and the decision on it: what every door asks, single or in bulk, today or in replay. Pure types."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hub.domain.facts import SubjectFacts
from hub.domain.stages import Grant
from hub.domain.terms import AgreementId, ClauseId, ElementName, Form, PartyId, PolicyHash, PurposeId, ReasonCode, RecordKind


@dataclass(frozen=True, slots=True)
class Question:
    """May this record about this young person go along `path`, each party giving to the next; the last step is judged.

    `purpose` and `elements` are what is asked for: without them, whatever the agreements give. `born` makes `valid_until` know
    of birthdays.
    """

    record: RecordKind
    path: tuple[PartyId, ...]
    facts: SubjectFacts
    purpose: PurposeId | None = None
    elements: frozenset[ElementName] | None = None
    born: date | None = field(default=None, repr=False)


class Outcome(StrEnum):
    """All that was asked for, some of it, or nothing."""

    permit = "permit"
    partial = "partial"
    deny = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer in full. Of a refusal `agreement`, `clause` and `purpose` are those that came nearest, if any did.

    `fields` pass, each in its form; `refused` do not, each with its reason; `reasons` shut the whole. `personal` are the codes
    among both that say something about the young person. It holds until `valid_until`, and not on that day.
    """

    outcome: Outcome
    policy: PolicyHash
    agreement: AgreementId | None
    clause: ClauseId | None
    purpose: PurposeId | None
    fields: tuple[tuple[ElementName, Form], ...]
    refused: tuple[tuple[ElementName, ReasonCode], ...]
    reasons: tuple[ReasonCode, ...]
    personal: frozenset[ReasonCode]
    grant: Grant | None
    valid_until: date
