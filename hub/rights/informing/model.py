"""What has to be told and what was, as types. No person: deliveries by their ids, and counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from hub.clock import legal_date
from hub.consent.model import A_MONTH, Permit, PolicySet
from hub.domain.terms import AgreementId, ClauseId, Micros, PartyId, PolicyHash

MOST: Final = 500
"""Deliveries in one report."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A report that the young persons of these deliveries were told on `day`.

    `text` is the SHA-256 of the text they were told in; None says that it was the text of the agreement.
    """

    deliveries: tuple[UUID, ...]
    day: date
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report: the deliveries that stand as told of now, and those that are not the caller's to tell of."""

    stands: tuple[UUID, ...]
    unknown: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Informed:
    """That the young person of one delivery was told: when, by whom, in which text; `entry` says so in the log."""

    day: date
    by: PartyId
    entry: UUID
    text: bytes
    own_text: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """One delivery that its recipient has, with who tells the young person of it, and by when at the latest."""

    delivery_id: UUID
    recipient: PartyId
    teller: PartyId
    agreement: AgreementId
    clause: ClauseId
    policy: PolicyHash
    exempt: bool
    received_us: Micros
    due_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one recipient and clause: of how many deliveries the young person was told, or should have been.

    `late` are those not told of after their last day, which for the oldest was `since`. Of an exempt clause none is late.
    """

    recipient: PartyId
    teller: PartyId
    agreement: AgreementId
    clause: ClauseId
    policy: PolicyHash
    exempt: bool
    received: int
    told: int
    late: int
    since: date | None


def teller_of(policy: PolicySet, clause: Permit, source: PartyId, recipient: PartyId) -> PartyId:
    """Who tells: the giver where the clause names its kind, for it speaks with the young person before anything goes; else the
    recipient.
    """
    giver = policy.parties.get(source)
    return source if giver is not None and giver.kind is clause.duty_to_inform.who else recipient


def last_day(received_us: Micros, clause: Permit | None) -> date:
    """The last day on which the young person may be told; a month where the clause is not known any more."""
    return legal_date(received_us) + timedelta(days=A_MONTH if clause is None else clause.duty_to_inform.days)
