"""One of two policy sets that are compared: its permits by who gives what to whom, and how they are written. Pure.

What decisions between two parties depend on is written down without any name, so that parties of one kind under agreements
that say the same are seen to be alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from hub.consent.check import stands_on
from hub.consent.compile import compile_policy
from hub.consent.model import Agreement, Forbid, Permit, PolicySet
from hub.consent.otherwise import otherwise
from hub.consent.table import DecisionTable, Lane, LaneKey
from hub.domain.rulebook import Rule
from hub.domain.tenure import followed, successions, tenures
from hub.domain.terms import ClauseId, PartyId, PurposeId, RecordKind

Edge = tuple[PartyId, PartyId, RecordKind]
Numbers = dict[Hashable, int]
"""A number for whatever was written, given once for both sides: equal numbers, equal writing."""
_WORDS: Final = {"why_nl": True, "article": True, "duty_to_inform": True, "deadline": True}
_NAMES: Final = {"id": True, "giver": True, "recipient": True, "joint_controllers": True}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a party is beside what is agreed: who answers for it, for which gemeenten it works, since when, and whom it and
    who answers for it follow, since when.
    """

    controller: PartyId
    homes: Mapping[str, frozenset[Hashable]]
    follows: tuple[tuple[date, PartyId], ...] = ()


class Side:
    """One of the two sets, ready to decide by."""

    def __init__(self, policy: PolicySet, numbers: Numbers) -> None:
        self.policy, self.table = policy, _open_alone(compile_policy(policy))
        self.permits: dict[Edge, list[tuple[Agreement, Permit]]] = defaultdict(list)
        self._numbers = numbers
        self._forbids: dict[RecordKind, list[tuple[Agreement, Forbid]]] = defaultdict(list)
        self._written: dict[int, str] = {}
        self._elements: dict[RecordKind, int] = {}
        self._forms: dict[Edge, int | None] = {}
        self._standing: dict[PartyId, Standing | None] = {}
        self._homes: dict[PartyId, dict[str, set[Hashable]]] = defaultdict(lambda: defaultdict(set))
        for agreement in policy.agreements:
            self._read(agreement)
        for found in self.permits.values():
            found.sort(key=lambda pair: pair[1].id)  # as a lane has them: where two permit the same, the first counts
        for one in tenures(policy.regions):
            self._homes[one.party][one.code].add((one.days.since, one.days.until))
        self._before = followed(successions(policy.regions, policy.parties))

    def _read(self, agreement: Agreement) -> None:
        parties = [self.policy.parties[one.id] for one in agreement.parties]
        for clause in agreement.clauses:
            if isinstance(clause, Forbid):
                self._forbids[clause.record].append((agreement, clause))
                continue
            takers = [party.id for party in parties if stands_on(party, clause.recipient)]
            for giver in (party.id for party in parties if stands_on(party, clause.giver)):
                for taker in takers:
                    self.permits[giver, taker, clause.record].append((agreement, clause))

    def purposes(self, edge: Edge) -> Iterator[PurposeId]:
        """The purposes for which something may pass here."""
        for _, clause in self.permits.get(edge, ()):
            yield from clause.purposes

    def form(self, edge: Edge) -> int | None:
        """The number of all that is agreed between these two, and forbidden; None where the set does not know them."""
        if edge not in self._forms:
            self._forms[edge] = self._form(edge)
        return self._forms[edge]

    def _form(self, edge: Edge) -> int | None:
        giver, recipient, record = edge
        one, other = self.policy.parties.get(giver), self.policy.parties.get(recipient)
        if one is None or other is None or record not in self.policy.records:
            return None
        forbids = [
            (self._text(clause), self._text(agreement.effective))
            for agreement, clause in self._forbids.get(record, ())
            if stands_on(one, clause.giver) and stands_on(other, clause.recipient)
        ]
        bars = [
            self._text(row)
            for row in self.policy.prohibitions.values()
            if (not row.from_kinds or one.kind in row.from_kinds) and (not row.to_kinds or other.kind in row.to_kinds)
        ]
        permits = tuple(self.permits_of(edge).values())
        return self._number((permits, tuple(sorted(forbids)), tuple(bars), self.elements(record)))

    def permits_of(self, edge: Edge) -> Mapping[ClauseId, int]:
        """The permits between these two in their order, each with the number of what is written."""
        return {clause.id: self._permit(agreement, clause, edge) for agreement, clause in self.permits.get(edge, ())}

    def _permit(self, agreement: Agreement, clause: Permit, edge: Edge) -> int:
        terms = [(party.acceded, party.left) for who in edge[:2] for party in agreement.parties if party.id == who]
        rests = (self._text(self.policy.laws[basis]) for basis in clause.bases)
        serves = (self._text(self.policy.purposes[purpose]) for purpose in clause.purposes)
        reviews = (agreement.fg_advice.review_due, agreement.dpia.review_due)
        signed = (agreement.controllership is None, agreement.processor_contract is None)
        life = (self._text(agreement.effective), *signed, *reviews, *terms)
        return self._number((self._text(clause), clause.recipient.home, life, *rests, *serves))

    def _text(self, row: Rule) -> str:
        text = self._written.get(id(row))
        if text is None:
            left_out = _WORDS | _NAMES if isinstance(row, Permit | Forbid) else _WORDS
            text = self._written[id(row)] = row.model_dump_json(exclude=left_out)
        return text

    def _number(self, written: Hashable) -> int:
        return self._numbers.setdefault(written, len(self._numbers))

    def standing(self, party: PartyId) -> Standing | None:
        """What the party is here beside what is agreed; None where the set does not know it."""
        if party not in self._standing:
            known = self.policy.parties.get(party)
            homes = {code: frozenset(when) for code, when in self._homes.get(party, {}).items()}
            before = () if known is None else (*self._before.get(party, ()), *self._before.get(known.controller, ()))
            self._standing[party] = None if known is None else Standing(known.controller, homes, before)
        return self._standing[party]

    def elements(self, record: RecordKind) -> int:
        """The number of what the elements of such a record are, as far as it decides how they pass."""
        if record not in self._elements:
            names = self.policy.records[record].elements if record in self.policy.records else ()
            rows = [(name, self.policy.elements[name]) for name in names]
            told = tuple((name, row.kind, row.category, row.inferable_health) for name, row in rows)
            self._elements[record] = self._number(("elements", told))
        return self._elements[record]

    def in_force(self, edge: Edge) -> Iterator[date]:
        """First and last day of the agreements with a permit here: on no other day anything passes."""
        for agreement, _ in self.permits.get(edge, ()):
            yield from (agreement.effective.start, agreement.effective.until)


def _open_alone(table: DecisionTable) -> DecisionTable:
    """The table without permits that no fact can open on their day: it lets the same pass, and asks less."""

    def opened(key: LaneKey) -> Lane:
        lane = table.open_lane(key)
        clauses = tuple(clause for clause in lane.clauses if not clause.shut)
        alone = len({clause.purpose for clause in clauses}) == 1
        return otherwise(lane, clauses=clauses, one_purpose=alone, answers={}, grants={})

    return otherwise(table, open_lane=opened, lanes={})
