"""What became of a withdrawal, for the young person: who was told, who did what, who refused and why, who is silent. Pure.

GDPR 19: the young person is told of the recipients where they ask; here they are told at once. It holds no field value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.clock import rfc3339
from hub.domain.terms import AgreementId, ElementName, Micros, PartyId
from hub.notices.model import NO_NOTICE, Action, CauseKind, Event, Ground, Happened, Method, Notice, State
from hub.notices.wire import ACTIONS, METHODS, STATES


@dataclass(frozen=True, slots=True)
class RecipientOutcome:
    """One recipient: what it was asked for which elements of how many deliveries, and what came of it.

    `us` is the moment of its last word, None where it has said nothing. `via` is who passed the data on to it.
    """

    recipient: PartyId
    action: Action
    elements: tuple[ElementName, ...]
    deliveries: int
    agreement: AgreementId | None
    state: State
    done: Method | None
    ground: Ground | None
    digest: str | None
    us: Micros | None
    level: int
    silent: bool
    via: PartyId | None


@dataclass(frozen=True, slots=True)
class OutcomeReceipt:
    """The payload of a receipt of kind `revocation_outcome`, as it stood at `us`. Without `recipients` nobody was told."""

    cause_id: UUID
    cause: CauseKind
    since_us: Micros
    us: Micros
    recipients: tuple[RecipientOutcome, ...]

    @property
    def settled(self) -> bool:
        """Whether every recipient that was asked something has done it or refused on a ground."""
        asked = [one for one in self.recipients if one.action is not Action.none_other_basis]
        return all(one.done is not None or one.ground is not None for one in asked)


def outcome_of(
    cause_id: UUID,
    cause: CauseKind,
    since: Micros,
    now: Micros,
    notices: Iterable[Notice],
    events: Mapping[UUID, Sequence[Event]],
) -> OutcomeReceipt:
    """The outcome of one cause, recipients in order of their names."""
    told = {one.notice_id: one for one in notices}
    made = [_of(one, told, events.get(one.notice_id, ())) for one in told.values()]
    order = sorted(made, key=lambda one: (one.recipient, one.action, one.via or ""))
    return OutcomeReceipt(cause_id, cause, since, now, tuple(order))


def _of(notice: Notice, told: Mapping[UUID, Notice], events: Sequence[Event]) -> RecipientOutcome:
    last = next((one for one in reversed(events) if one.kind in (Happened.attested, Happened.refused)), None)
    said = [one for one in events if one.kind in (Happened.acknowledged, Happened.attested, Happened.refused)]
    return RecipientOutcome(
        recipient=notice.recipient,
        action=notice.action,
        elements=tuple(dict.fromkeys(name for names in notice.items.values() for name in names)),
        deliveries=len(notice.items),
        agreement=notice.agreement,
        state=notice.state,
        done=None if last is None else last.method,
        ground=None if last is None else last.ground,
        digest=None if last is None or last.digest is None else last.digest.hex(),
        us=said[-1].us if said else None,
        level=notice.level,
        silent=notice.late,
        via=None if notice.via == NO_NOTICE or notice.via not in told else told[notice.via].recipient,
    )


def payload_of(outcome: OutcomeReceipt) -> dict[str, Any]:
    """The outcome as the fields of a receipt (`hub.statements.receipt`), by the names of ISO/IEC TS 27560 where it has them."""
    return {
        "event": {"event_type": outcome.cause.value, "event_time": rfc3339(outcome.since_us), "settled": outcome.settled},
        "recipient_third_parties": [
            {
                "party_id": str(one.recipient),
                "asked": ACTIONS[one.action],
                "elements": list(map(str, one.elements)),
                "deliveries": one.deliveries,
                "event_state": STATES[one.state],
                "done": None if one.done is None else METHODS[one.done],
                "ground": None if one.ground is None else one.ground.value,
                "statement_sha256": one.digest,
                "silent": one.silent,
                "told_by": one.via,
            }
            for one in outcome.recipients
        ],
    }
