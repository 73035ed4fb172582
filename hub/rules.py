"""The rules in use: one policy set with its decision table, regions and life, swapped whole while the hub runs.

Steps read it on every use and keep no part of it, so that what was activated or suspended holds from the next batch on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from hub.consent.compile import compile_policy
from hub.consent.model import AS_WRITTEN, Life, PolicySet
from hub.consent.table import DecisionTable
from hub.domain.facts import Stated, StatementKind, StatementState
from hub.domain.records.uitvalmelding import KIND
from hub.domain.stages import Candidate
from hub.domain.terms import PartyId
from hub.regions import Regions

_OPENING: Final = frozenset({StatementKind.toestemming, StatementKind.instemming})


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

    def named(
        self, source: PartyId, standing: frozenset[Stated] | None, as_of: date, routes: Sequence[Candidate]
    ) -> tuple[Candidate, ...]:
        """Who comes into view beside `routes` because the young person says yes to them, and an agreement knows the way.

        They are given to by `source` itself. A yes that was refused or taken back brings nobody into view, or whoever gives
        would learn of it from the refusal.
        """
        if not standing:
            return ()
        known = {candidate.recipient for candidate in routes}
        said = (one for one in standing if one.kind in _OPENING and one.state is StatementState.given)
        parties = {party for one in said for party in one.parties or ()} - known
        return tuple(self.candidate(source, party) for party in sorted(parties) if self.meets(source, party, as_of))

    def meets(self, giver: PartyId, recipient: PartyId, as_of: date) -> bool:
        """Whether an agreement lets what the hub carries go between these two on the young person's word."""
        return any(
            asked.required.statement in _OPENING
            for clause in self._table.lane(giver, recipient, KIND, None, as_of).clauses
            for asked in (*clause.requires, *(basis.asks for basis in clause.bases if basis.asks is not None))
        )

    def candidate(self, giver: PartyId, recipient: PartyId) -> Candidate:
        """`recipient` as one that `giver` gives to, under the responsibility of both."""
        controllers = (self._policy.parties[party].controller for party in (giver, recipient))
        return Candidate(recipient, giver, tuple(dict.fromkeys(controllers)))

    @property
    def regions(self) -> Regions:
        """Its regions and parties, ready to route by."""
        return self._regions
