"""The policy sets of the past, ready to decide by, as they stood at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.force import life_of
from hub.consent.life import Act, history_of
from hub.consent.model import Life, PolicySet
from hub.consent.policy import policy_of
from hub.consent.question import Decision
from hub.consent.store import kept_policy
from hub.consent.table import DecisionTable
from hub.domain.terms import LogId, Micros, PolicyHash
from hub.policies import store as acts_store
from hub.replay.answer import retold
from hub.replay.reading import Case

_KEPT: Final = 8
_SWAP: Final = 5_000_000
"""Within these microseconds every process decides by what was activated, suspended or ended."""


class Sets:
    """Decides cases by the set that their entry names, as it stood when it was recorded; a few tables are kept ready."""

    def __init__(self, engine: AsyncEngine, log_id: LogId) -> None:
        self._engine, self._log_id = engine, log_id
        self._acts: Sequence[Act] | None = None
        self._policies: dict[PolicyHash, PolicySet | None] = {}
        self._tables: dict[tuple[PolicyHash, int, bool], DecisionTable] = {}

    async def policy(self, name: PolicyHash) -> PolicySet | None:
        """The set of that hash, or None where it was not kept. Raises Tampered, Misconfigured (of another version)."""
        if name not in self._policies:
            body = await acts_store.kept_set(self._engine, self._log_id, name)
            body = body or await kept_policy(self._engine, self._log_id, name)
            self._policies[name] = None if body is None else policy_of(body)
        return self._policies[name]

    async def decide(self, policy: PolicySet, case: Case) -> Decision:
        """What was decided then, by the set of the case.

        Whoever decided may have heard of the last act a few seconds late, and that a recipient was silent stands in no act: the
        first of these that leads to the entry is taken.
        """
        assert case.question is not None
        decisions: list[Decision] = []
        for table in await self._then(policy, case):
            decisions += ask(table, [case.question])
            if retold(decisions[-1]) == case.told:
                return decisions[-1]
        return decisions[0]

    async def _then(self, policy: PolicySet, case: Case) -> Iterator[DecisionTable]:
        if self._acts is None:
            self._acts = await acts_store.acts(self._engine, self._log_id)
        moments = [sum(act.us <= moment for act in self._acts) for moment in (case.us, Micros(case.us - _SWAP))]
        choices = [(number, False) for number in dict.fromkeys(moments)]
        return (self._table(policy, case, *choice) for choice in [*choices, (moments[0], True)])

    def _table(self, policy: PolicySet, case: Case, acts: int, silent: bool) -> DecisionTable:
        key = (policy.hash, acts, silent)
        found = self._tables.get(key) if not silent else None
        if found is None:
            assert self._acts is not None
            life = life_of(policy, history_of(self._acts[:acts])) if acts else Life({}, frozenset())
            found = compile_policy(policy, replace(life, silent=frozenset({case.recipient})) if silent else life)
            if len(self._tables) >= _KEPT:
                self._tables.clear()
            if not silent:
                self._tables[key] = found
        return found
