"""An entry in plain Dutch, by the policy set that it was decided by, which is kept under its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.consent.explain_entry import explain_entry
from hub.consent.explanation import Explanation
from hub.consent.model import PolicySet
from hub.consent.policy import policy_of
from hub.consent.store import kept_policy
from hub.console.desk import OfficerDesk
from hub.domain.terms import PolicyHash, ReasonCode

_MOST_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Told:
    """An explanation, and the set it was made by: `earlier` where that is not the one in use, `lost` where it is not kept."""

    explanation: Explanation
    policy: PolicySet
    earlier: bool = False
    lost: bool = False


class Teller:
    """Tells entries of one log; keeps the few earlier sets that it read."""

    def __init__(self, officer: OfficerDesk) -> None:
        self._log = officer.log
        self._officer = officer
        self._kept: dict[str, PolicySet] = {}

    async def tell(
        self,
        fields: Mapping[str, Any],
        *,
        reasons: Sequence[ReasonCode] | None = None,
        outcome: str | None = None,
    ) -> Told:
        """The entry in sentences; `reasons` and `outcome` as `explain_entry` takes them. Raises Tampered, Misconfigured."""
        decided_by = fields.get("policy") if fields["kind"] in ("disclosure", "refusal") else None
        policy = await self._set(decided_by) if decided_by else self._officer.policy
        if policy is None:
            headline = (
                "De afspraken waarmee dit is beslist, zijn niet bewaard. Hieronder staan alleen de codes uit de regel zelf."
            )
            return Told(Explanation(headline), self._officer.policy, earlier=True, lost=True)
        told = explain_entry(policy, fields, reasons=reasons, outcome=outcome)
        return Told(told, policy, earlier=policy.hash != self._officer.policy.hash)

    async def _set(self, wanted: str) -> PolicySet | None:
        if wanted == self._officer.policy.hash:
            return self._officer.policy
        if wanted not in self._kept:
            body = await kept_policy(self._log.engine, self._log.log_id, PolicyHash(wanted))
            if body is None:
                return None
            if len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[wanted] = policy_of(body)
        return self._kept[wanted]
