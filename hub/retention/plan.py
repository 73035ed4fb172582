"""How it stands with each entry: whether its term has passed, and what stands against its removal. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.audit.entry import EntryKind
from hub.clock import legal_date
from hub.consent.explain import find_clause
from hub.consent.model import PolicySet
from hub.domain.terms import Micros, PolicyHash
from hub.retention.model import GONE, UNREADABLE, Disclosed, Entry, Hold, Scope, Standing
from hub.retention.terms import FOREVER, deletion_by, longest, term_of, years_after


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges entries at `now`, by the terms of the set in use and the agreements of the sets that they were given under.

    `persons` are the entries of those whom holds are about, `relied` those that rows are held against: without them what they
    say would not count any more.
    """

    now: Micros
    policy: PolicySet
    sets: Mapping[PolicyHash, PolicySet | None]
    holds: Sequence[Hold]
    persons: Collection[UUID] = frozenset()
    relied: Collection[UUID] = frozenset()

    def standing(self, entry: Entry) -> Standing:
        """How it stands with one entry; what stands against its removal goes before what its term says of it."""
        if self._held(entry):
            return Standing.hold
        if entry.kind == GONE:
            return Standing.gone
        if entry.ref in self.relied:
            return Standing.in_use
        if entry.kind in FOREVER:
            return Standing.forever
        if entry.kind == UNREADABLE:
            return Standing.unknown
        term = term_of(self.policy, entry.kind, entry.purpose, legal_date(self.now))
        if term is None:
            return Standing.no_term
        if entry.of is not None:
            return self._given(entry.of, term.years)
        if entry.kind in (EntryKind.disclosure, EntryKind.outcome) and not entry.orphan:
            return Standing.unknown
        return Standing.due if years_after(entry.us, term.years) < self.now else Standing.young

    def may_be_pruned(self, entry: Entry) -> bool:
        """Whether an entry may go with all before it. One that explains what went before goes after the longest term of all."""
        standing = self.standing(entry)
        years = longest(self.policy)
        if standing is Standing.forever and entry.kind == EntryKind.prune and years is not None:
            return years_after(entry.us, years) < self.now
        return standing in (Standing.due, Standing.gone)

    def _given(self, given: Disclosed, years: int) -> Standing:
        if given.unfinished:
            return Standing.unfinished
        kept = self.sets.get(given.policy)
        clause = None if kept is None else find_clause(kept, given.agreement, given.clause)
        if kept is None or clause is None:
            return Standing.unknown
        until = deletion_by(kept, clause, given.last_us)
        if given.erased_us is not None:
            until = min(until, given.erased_us)
        if until >= self.now:
            return Standing.held_by_recipient
        return Standing.due if years_after(until, years) < self.now else Standing.young

    def _held(self, entry: Entry) -> bool:
        return any(self._meets(hold, entry) for hold in self.holds)

    def _meets(self, hold: Hold, entry: Entry) -> bool:
        parties = entry.parties if entry.of is None else entry.parties | entry.of.parties
        match hold.scope:
            case Scope.all:
                return True
            case Scope.party:
                return hold.word in parties
            case Scope.purpose:
                return hold.word == entry.purpose or (entry.of is not None and hold.word == entry.of.purpose)
            case Scope.person:
                return entry.ref in self.persons or entry.delivery in self.persons
