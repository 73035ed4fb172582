"""The rules in use: one policy set with its decision table, regions and life, swapped whole while the hub runs.

Steps read it on every use and keep no part of it, so that what was activated or suspended holds from the next batch on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from hub.consent.check import stands_on
from hub.consent.compile import compile_policy
from hub.consent.model import AS_WRITTEN, Life, Permit, PolicySet
from hub.consent.table import DecisionTable
from hub.domain.element import addressee_of
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts
from hub.domain.kinds import RECORDS
from hub.domain.record import PersonRecord
from hub.domain.records import uitvalmelding
from hub.domain.stages import Candidate
from hub.domain.terms import Micros, PartyId, ReasonCode, RecordKind
from hub.regions import Regions

GEEN_ROUTE: Final = ReasonCode("GEEN_ROUTE")
ANDERE_SCHOOL: Final = ReasonCode("ANDERE_SCHOOL")
_KEPT: Final = 100_000
_OPENING: Final = frozenset({StatementKind.toestemming, StatementKind.instemming})


class Rules:
    """What decisions are taken by now. `put` replaces it; a step that has begun ends under what it began with."""

    def __init__(self, policy: PolicySet, life: Life = AS_WRITTEN) -> None:
        self.unread_since: Micros | None = None
        """Since when others are in use that cannot be read; these go on for a while, without what was suspended or ended."""
        self.put(policy, life)

    def put(self, policy: PolicySet, life: Life) -> None:
        """From now on decisions are taken by `policy` as it stands in `life`."""
        self._policy, self._life = policy, life
        self._table = compile_policy(policy, life)
        self._regions = Regions(policy.regions, policy.parties)
        self._known: dict[tuple[RecordKind, str | None, date, PartyId], tuple[Candidate, ...]] = {}

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

    def routes(self, record: PersonRecord, home: str | None, source: PartyId, as_of: date) -> Sequence[Candidate]:
        """Who comes into view for a record: for whom it is meant where it says so, else who works where the person lives:
        in `home`, which `home_of` gives."""
        field = addressee_of(type(record))
        if field is not None:
            return self._addressed(str(record.held(field)), source, as_of)
        return self.at_home(record.KIND, home, source, as_of)

    def stops(self, record: PersonRecord, routes: Sequence[Candidate], source: PartyId) -> tuple[str, ReasonCode] | None:
        """Why a record that is well formed is set aside all the same, and the field that says so: nobody comes into view for
        it, or it tells of another's pupil. None where it goes on."""
        if not routes:
            return addressee_of(type(record)) or "gemeente", GEEN_ROUTE
        brin = record.held("brin")
        return None if brin is None or self._regions.speaks_for(source, brin) else ("brin", ANDERE_SCHOOL)

    def lets_go(self, kind: RecordKind, giver: PartyId, day: date) -> tuple[PartyId, ...]:
        """To whom a clause that is in use on `day` lets records of this kind go from `giver` at all; () where none does."""
        known = self._policy.parties
        return tuple(party for party in sorted(known) if party != giver and self._leads(kind, giver, party, day))

    def lets_have(self, kind: RecordKind, recipient: PartyId, day: date) -> tuple[PartyId, ...]:
        """The same the other way: from whom records of this kind may come to `recipient`."""
        known = self._policy.parties
        return tuple(party for party in sorted(known) if party != recipient and self._leads(kind, party, recipient, day))

    def _leads(self, kind: RecordKind, giver: PartyId, recipient: PartyId, day: date) -> bool:
        ended = self._regions.ended(giver, day) or self._regions.ended(recipient, day)
        lane = None if ended else self._table.lane(giver, recipient, kind, None, day)
        return lane is not None and any(not clause.shut for clause in lane.clauses)

    def home_of(self, record: PersonRecord, as_of: date) -> str | None:
        """The gemeente where the person lives as it is called on `as_of`: what a gemeente that merged or was divided became."""
        said = record.held("gemeente")
        return None if said is None else self._regions.living(said, as_of, record.held("postcode"))

    def lives(self, known: SubjectFacts) -> SubjectFacts:
        """The same facts, with the gemeente as it is called on their day; of one that was divided since nobody knows which."""
        said = known.gemeente
        here = None if said is None else self._regions.living(said, known.as_of)
        return known if here == said else known.but(gemeente=here)

    def at_home(self, kind: RecordKind, gemeente: str | None, source: PartyId, as_of: date) -> Sequence[Candidate]:
        """Who comes into view for records of a kind about someone who lives there; () where no agreement knows a way.

        What tells of leaving school goes to the doorstroompunt, and on to Work & Income; what else there is goes where a
        clause about such records leads from `source`.
        """
        if gemeente is not None and kind == uitvalmelding.KIND:
            return self._regions.candidates(gemeente, as_of, source)
        key = (kind, gemeente, as_of, source)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[key] = tuple(self._led(kind, gemeente, source, as_of))
        return known

    def _led(self, kind: RecordKind, gemeente: str | None, source: PartyId, as_of: date) -> Iterator[Candidate]:
        giver, parties = self._policy.parties.get(source), self._policy.parties
        if giver is None:
            return
        here = frozenset[PartyId]() if gemeente is None else self._regions.working_for(gemeente, as_of)
        clauses = [clause for agreement in self._policy.agreements for clause in agreement.clauses if clause.record == kind]
        to = [clause.recipient for clause in clauses if isinstance(clause, Permit) and stands_on(giver, clause.giver)]
        for party in sorted(parties):
            if self._regions.ended(party, as_of):
                continue
            near = [side for side in to if side.party is not None or (side.home and party in here)]
            if party != source and any(stands_on(parties[party], side) for side in near):
                yield self.candidate(source, party)

    def _addressed(self, name: str, source: PartyId, as_of: date) -> Sequence[Candidate]:
        """The party of that id, or who follows it, or the school of that BRIN; () where there is none."""
        parties = self._policy.parties
        found = [each for each, party in parties.items() if name in (each, party.brin) and each != source]
        here = self._regions.follower(found[0], as_of) if len(found) == 1 else None
        return () if here is None or here == source or source not in parties else (self.candidate(source, here),)

    def named(
        self, kind: RecordKind, source: PartyId, standing: frozenset[Stated] | None, as_of: date, routes: Sequence[Candidate]
    ) -> tuple[Candidate, ...]:
        """Who comes into view beside `routes` because the young person says yes to them, and an agreement knows the way.

        They are given to by `source` itself. A yes that was refused or taken back brings nobody into view, or whoever gives
        would learn of it from the refusal. What is meant for one party goes to that one, whoever else may have it too.
        """
        model = RECORDS.get(kind)
        if not standing or (model is not None and addressee_of(model) is not None):
            return ()
        known = {candidate.recipient for candidate in routes}
        said = (one for one in standing if one.kind in _OPENING and one.state is StatementState.given)
        parties = {party for one in said for party in one.parties or ()} - known
        # A yes names whom it is said to: it does not pass to who follows one that ended.
        there = [party for party in sorted(parties) if not self._regions.ended(party, as_of)]
        return tuple(self.candidate(source, party) for party in there if self.meets(kind, source, party, as_of))

    def meets(self, kind: RecordKind, giver: PartyId, recipient: PartyId, as_of: date) -> bool:
        """Whether an agreement lets records of this kind go between these two on the young person's word."""
        return any(
            asked.required.statement in _OPENING
            for clause in self._table.lane(giver, recipient, kind, None, as_of).clauses
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
