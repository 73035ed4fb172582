"""The policy sets of the past, ready to decide by, as they stood at a moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.force import life_of
from hub.consent.life import Act, history_of
from hub.consent.model import Life, PolicySet
from hub.consent.otherwise import otherwise
from hub.consent.policy import policy_of
from hub.consent.question import Decision, Question
from hub.consent.store import kept_policy
from hub.consent.table import DecisionTable
from hub.domain.terms import Micros, PartyId, PolicyHash
from hub.policies import store as acts_store
from hub.policies.use import Acts
from hub.replay.answer import retold
from hub.replay.reading import Case

_KEPT: Final = 8
_SWAP: Final = 5_000_000
"""Within these microseconds every process decides by what was activated, suspended or ended."""


class Sets:
    """Decides cases by the set that their entry names, as it stood when it was recorded; a few tables are kept ready."""

    def __init__(self, acts: Acts) -> None:
        self._all, self._engine, self._log_id = acts, acts.engine, acts.log_id
        self._acts: Sequence[Act] | None = None
        self._policies: dict[PolicyHash, PolicySet | None] = {}
        self._moments: Sequence[Micros] = ()
        self._tables: dict[tuple[PolicyHash, int, PartyId | None], DecisionTable] = {}

    async def policy(self, name: PolicyHash) -> PolicySet | None:
        """The set of that hash, or None where it was not kept. Raises Tampered, Misconfigured (of another version)."""
        if name not in self._policies:
            body = await acts_store.kept_set(self._engine, self._log_id, name)
            body = body or await kept_policy(self._engine, self._log_id, name)
            self._policies[name] = None if body is None else policy_of(body)
        return self._policies[name]

    async def decide(self, cases: Sequence[Case]) -> list[Decision | None]:
        """What was decided then, each by the set of its case, all at once; None where the set was not kept.

        Whoever decided may have heard of the last act a few seconds late, and that a recipient was silent stands in no act: the
        first of these that leads to the entry is taken.
        """
        if self._acts is None:
            self._acts, _ = await self._all.all()
            self._moments = [act.us for act in self._acts]
        found: list[Decision | None] = [None] * len(cases)
        alike: dict[tuple[PolicyHash, int], list[int]] = {}
        for place, case in enumerate(cases):
            alike.setdefault((case.policy, bisect_right(self._moments, case.us)), []).append(place)
        for (name, acts), places in alike.items():
            policy = await self.policy(name)
            if policy is None:
                continue
            table = self._table(policy, acts)
            for place, decision in zip(places, ask(table, [_asked(cases[place]) for place in places]), strict=True):
                case = cases[place]
                same = retold(decision) == case.told
                found[place] = decision if same else self._otherwise(policy, case, acts) or decision
        return found

    def _otherwise(self, policy: PolicySet, case: Case, acts: int) -> Decision | None:
        """The decision of an earlier moment, or of a recipient that was silent, if that leads to the entry."""
        earlier = bisect_right(self._moments, case.us - _SWAP)
        tables = [self._table(policy, earlier)] if earlier != acts else []
        for table in (*tables, self._table(policy, acts, silent=case.recipient)):
            (decision,) = ask(table, [_asked(case)])
            if retold(decision) == case.told:
                return decision
        return None

    def _table(self, policy: PolicySet, acts: int, silent: PartyId | None = None) -> DecisionTable:
        key = (policy.hash, acts, silent)
        found = self._tables.get(key)
        if found is None:
            life = life_of(policy, history_of((self._acts or ())[:acts])) if acts else Life({}, frozenset())
            found = compile_policy(policy, life if silent is None else otherwise(life, silent=frozenset({silent})))
            if len(self._tables) >= _KEPT:
                self._tables.clear()
            self._tables[key] = found
        return found


def _asked(case: Case) -> Question:
    assert case.question is not None
    return case.question
