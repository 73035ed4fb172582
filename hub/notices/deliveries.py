"""What was handed over about one person, as the log has it: each entry checked against their key, with its policy set."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from hub.audit.entry import EntryKind, OutcomeKind, parse
from hub.audit.log import Log
from hub.audit.search import Search
from hub.consent.explain import find_clause
from hub.consent.model import PolicySet
from hub.consent.policy import policy_of
from hub.consent.store import kept_policy
from hub.domain.facts import KeptFacts
from hub.domain.terms import AgreementId, BasisId, ClauseId, ElementName, PartyId, PolicyHash, PurposeId
from hub.errors import Tampered
from hub.notices.model import Given
from hub.protect.committed import decoded, inner_of, is_about
from hub.protect.seal import facts_digest, read_facts, unseal
from hub.protect.store import facts_about
from hub.protect.vault import Vault

_MOST_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Reads what was delivered from one log."""

    log: Log
    search: Search
    vault: Vault
    _sets: dict[PolicyHash, PolicySet] = field(default_factory=dict, repr=False)

    async def about(self, tag: bytes) -> list[Given]:
        """What was handed over about this person; whether it arrived, the recipient alone knows.

        Of someone without a key (never seen, or erased) nothing can be shown to be theirs. Raises Tampered where the policy
        set of an entry is not kept, or is not what its hash says.
        """
        key = (await self.vault.existing([tag])).get(tag)
        if key is None:
            return []
        entries = await self._disclosures(tag, key)
        left = await self._left(entries)
        plain = [
            unseal(key, sealed.sealed, record.bytes)
            for record, sealed in (await facts_about(self.log.engine, self.log.log_id, tag)).items()
        ]
        return [await self._given(ref, said, _facts(key, said, plain)) for ref, said in entries.items() if ref in left]

    async def _disclosures(self, tag: bytes, key: bytes) -> dict[UUID, Mapping[str, Any]]:
        located = await self.log.found(await self.vault.refs_of(tag, self.log.log_id))
        said = {ref: parse(entry.kept) for ref, entry in sorted(located.items()) if entry.kept is not None}
        return {ref: one for ref, one in said.items() if one["kind"] == EntryKind.disclosure and is_about(key, tag, one)}

    async def _left(self, entries: Mapping[UUID, Mapping[str, Any]]) -> set[UUID]:
        while await self.search.catch_up():
            pass
        lines = await self.search.about(entries)
        return {line.delivery for line in lines if line.delivery is not None and line.outcome == OutcomeKind.handed_over}

    async def _given(self, ref: UUID, said: Mapping[str, Any], facts: KeptFacts | None) -> Given:
        policy = await self._policy(PolicyHash(said["policy"]))
        clause = find_clause(policy, AgreementId(said["agreement"]), ClauseId(said["clause"]))
        if clause is None:
            raise _lost()
        return Given(
            delivery_id=ref,
            recipient=PartyId(said["recipient"]),
            source=PartyId(said["source"]),
            controllers=tuple(map(PartyId, said["controllers"])),
            purpose=PurposeId(said["purpose"]),
            agreement=AgreementId(said["agreement"]),
            clause=clause,
            bases=tuple(map(BasisId, said["basis"])),
            elements=tuple(ElementName(word.partition(":")[0]) for word in said["attributes"]),
            policy=policy,
            facts=facts,
        )

    async def _policy(self, wanted: PolicyHash) -> PolicySet:
        if wanted not in self._sets:
            body = await kept_policy(self.log.engine, self.log.log_id, wanted)
            if body is None:
                raise _lost()
            if len(self._sets) >= _MOST_KEPT:
                self._sets.pop(next(iter(self._sets)))
            self._sets[wanted] = policy_of(body)
        return self._sets[wanted]


def _facts(key: bytes, said: Mapping[str, Any], plain: list[bytes]) -> KeptFacts | None:
    """The facts that this entry was written for, among those that are kept."""
    inner, digest = inner_of(key, said), decoded(said["facts"])
    return next((read_facts(one) for one in plain if hmac.compare_digest(facts_digest(inner, one), digest)), None)


def _lost() -> Tampered:
    return Tampered(
        "What a delivery rested on cannot be read.",
        "The policy set that its log entry names is not kept, or does not hold its clause.",
        "Put the set back from the version control of the policy; until then no notice goes out for this person.",
    )
