"""The rules in use: one policy set with its decision table, regions and life, swapped whole while the hub runs.

Steps read it on every use and keep no part of it, so that what was activated or suspended holds from the next batch on.
"""

from __future__ import annotations

from hub.consent.compile import compile_policy
from hub.consent.model import AS_WRITTEN, Life, PolicySet
from hub.consent.table import DecisionTable
from hub.regions import Regions


class Rules:
    """What decisions are taken by now. `put` replaces it; a step that has begun ends under what it began with."""

    def __init__(self, policy: PolicySet, life: Life = AS_WRITTEN) -> None:
        self.put(policy, life)

    def put(self, policy: PolicySet, life: Life) -> None:
        """From now on decisions are taken by `policy` as it stands in `life`."""
        self._policy, self._life = policy, life
        self._table = compile_policy(policy, life)
        self._regions = Regions(policy.regions, policy.parties)

    @property
    def policy(self) -> PolicySet:
        """The set."""
        return self._policy

    @property
    def life(self) -> Life:
        """Which of its agreements are not in force, and who does not answer."""
        return self._life

    @property
    def table(self) -> DecisionTable:
        """The set, ready to decide by."""
        return self._table

    @property
    def regions(self) -> Regions:
        """Its regions and parties, ready to route by."""
        return self._regions
