"""The drafts of what the way records, with their templates kept: verdicts, hand-overs, acknowledgements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from uuid import UUID

from hub.audit.entry import Drafter, OutcomeKind, OutcomeTemplate, ending, public_reasons
from hub.audit.log import purpose_of
from hub.audit.store import Located
from hub.domain.ids import new_ids
from hub.domain.stages import Held, Permitted, ProtectedRecord, Standing
from hub.domain.terms import LogId, Micros, PartyId, PolicyHash, PurposeId, ReasonCode, RecordKind
from hub.ports import Draft, Entropy, Outcome


class EntryWriter:
    """Writes drafts for one log; keeps a drafter per sender and record kind, a template per recipient, purpose and outcome."""

    def __init__(self, log_id: LogId, operator: PartyId, entropy: Entropy) -> None:
        self._log_id = log_id
        self._operator = operator
        self._entropy = entropy
        self._drafter = lru_cache(maxsize=1024)(self._make_drafter)
        self._template = lru_cache(maxsize=4096)(self._make_template)

    def _make_drafter(self, actor: PartyId, kind: RecordKind) -> Drafter:
        return Drafter(self._log_id, actor, kind)

    def _make_template(
        self, actor: PartyId, recipient: PartyId, purpose: PurposeId, outcome: OutcomeKind, operation: str
    ) -> OutcomeTemplate:
        return OutcomeTemplate(self._log_id, actor, recipient, purpose, outcome, operation)

    def of_verdicts(self, actor: PartyId, records: Sequence[ProtectedRecord]) -> list[Draft]:
        """One entry per record and recipient, permitted or refused."""
        return [
            self._drafter(actor, protected.verdict.canonical.record.KIND).draft(protected)
            for record in records
            for protected in record.verdicts
        ]

    def of_hand_over(
        self, recipient: PartyId, held: Sequence[Held], located: Mapping[UUID, Located], now: Micros
    ) -> list[Draft]:
        """That these deliveries are handed over, each for the purpose of its disclosure."""
        attempts = {one.delivery_id: one.attempts + 1 for one in held}
        return self._outcomes(self._operator, recipient, OutcomeKind.handed_over, "release", attempts, located, now)

    def of_acknowledgement(
        self, recipient: PartyId, own: Sequence[Standing], located: Mapping[UUID, Located], now: Micros
    ) -> list[Draft]:
        """That the recipient says it has these."""
        attempts = {one.delivery_id: max(1, one.attempts) for one in own if one.delivery_id in located}
        return self._outcomes(recipient, recipient, OutcomeKind.acknowledged, "acknowledge", attempts, located, now)

    def of_endings(
        self,
        outcome: OutcomeKind,
        operation: str,
        recipient: PartyId,
        ended: Sequence[tuple[UUID, int, Sequence[ReasonCode]]],
        located: Mapping[UUID, Located],
        policy: PolicyHash,
        now: Micros,
    ) -> list[Draft]:
        """That these deliveries, each with its attempts and reasons, failed or were stopped, resumed or dropped."""
        refs = new_ids(len(ended), now, self._entropy(8 * len(ended)))
        return [
            ending(
                self._log_id,
                ref,
                self._operator,
                recipient,
                purpose_of(located[delivery]),
                outcome,
                operation,
                delivery,
                max(1, attempts),
                reasons,
                policy,
            )
            for ref, (delivery, attempts, reasons) in zip(refs, ended, strict=True)
        ]

    def _outcomes(
        self,
        actor: PartyId,
        recipient: PartyId,
        outcome: OutcomeKind,
        operation: str,
        attempts: Mapping[UUID, int],
        located: Mapping[UUID, Located],
        now: Micros,
    ) -> list[Draft]:
        refs = new_ids(len(attempts), now, self._entropy(8 * len(attempts)))
        return [
            self._template(actor, recipient, purpose_of(located[delivery]), outcome, operation).draft(ref, delivery, attempt)
            for ref, (delivery, attempt) in zip(refs, attempts.items(), strict=True)
        ]


def own_refs(records: Sequence[ProtectedRecord], giver: PartyId) -> list[UUID]:
    """The entries about what `giver` itself gives: those that it is given the proof of."""
    return [
        protected.ref for record in records for protected in record.verdicts if protected.verdict.candidate.provider == giver
    ]


def outcomes_of(records: Sequence[ProtectedRecord], giver: PartyId) -> tuple[Outcome, ...]:
    """What was decided on what `giver` itself gives, as it may be told outside the person's seal.

    What a recipient may pass on is between that recipient and the next: the first giver is told nothing of it.
    """
    return tuple(
        Outcome(
            ref=protected.ref,
            recipient=protected.verdict.candidate.recipient,
            permitted=isinstance(protected.verdict, Permitted),
            reasons=()
            if isinstance(protected.verdict, Permitted)
            else public_reasons(protected.verdict.reasons, protected.verdict.personal),
        )
        for record in records
        for protected in record.verdicts
        if protected.verdict.candidate.provider == giver
    )
