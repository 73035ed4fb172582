"""What each way to a yes would take: per choice of clauses and bases, everything that stands in their way. Pure.

A plan lists too much rather than too little; `hub.consent.remedy` finds out which of it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise, product
from typing import Any, Final

from hub.consent import codes
from hub.consent.change import (
    AddField,
    Amend,
    Answer,
    Change,
    DropClause,
    FactIs,
    ForPurpose,
    FurtherFactIs,
    Lift,
    Obtain,
    OnDay,
    Revive,
    Situation,
    StatementsKnown,
    Through,
    apply,
    changed,
)
from hub.consent.check import check_agreement, stands_on
from hub.consent.compile import compile_policy
from hub.consent.facts import birthday
from hub.consent.hear import hear, says_no
from hub.consent.model import Forbid, LegalBasis, Permit, PolicySet
from hub.consent.reach import Step, steps, ways, yes
from hub.consent.table import Asked, ClauseRow, DecisionTable, Lane
from hub.domain.facts import StatementKind, SubjectFacts
from hub.domain.rulebook import Document
from hub.domain.terms import ElementName, Form, PartyId, ReasonCode
from hub.errors import Misconfigured

_FORMS: Final = tuple(Form)
_FACTS_OF: Final = ("startkwalificatie", "ingeschreven")
_UNKNOWN: Final[Mapping[str, ReasonCode]] = {
    "age": codes.LEEFTIJD_ONBEKEND,
    "overleden": codes.OVERLIJDEN_ONBEKEND,
    "startkwalificatie": codes.STARTKWALIFICATIE_ONBEKEND,
    "ingeschreven": codes.INSCHRIJVING_ONBEKEND,
    "indicatie_geheim": codes.GEHEIM_ONBEKEND,
    "onderwijssoort": codes.ONDERWIJSSOORT_ONBEKEND,
    "has_bsn": codes.NUMMER_ONBEKEND,
    "gemeente": codes.GEMEENTE_ONBEKEND,
}
_AMENDS: Final[Mapping[ReasonCode, tuple[Any, ...]]] = {
    codes.AFSPRAAK_NIET_GELDIG: ("effective",),
    codes.AFSPRAAK_ONVOLLEDIG: ("controllership", "processor_contract"),
    codes.DPIA_VERLOPEN: ("dpia",),
    codes.FG_ADVIES_VERLOPEN: ("fg_advice",),
}


@dataclass(slots=True)
class Plan:
    """Changes that may together permit, and further ones for when they do not. `why` has the reason that goes with each."""

    changes: tuple[Change, ...] = ()
    last_resort: tuple[Change, ...] = ()
    why: dict[Change, ReasonCode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Hop:
    step: Step
    basis: LegalBasis
    lane: Lane
    row: ClauseRow


def plans(start: Situation) -> Iterator[Plan]:
    """A plan for every choice of clause and basis on each step; clauses that already stand on the way first."""
    for first, way in _ways(start):
        for chosen in product(*([(step, basis) for basis in step.clause.bases] for step in way)):
            day = _day(start, chosen)
            plan = _Planner(start, first, chosen, day).plan()
            if plan is not None:
                yield plan


def _ways(start: Situation) -> Iterator[tuple[tuple[Change, ...], tuple[Step, ...]]]:
    """The clauses that could carry the question, with what must change about the question for it to be theirs."""
    policy, question = start.policy, start.question
    hops = [list(_between(policy, giver, taker, question.record)) for giver, taker in pairwise(question.path)]
    for way in product(*hops):
        if all(bool(step.clause.reuse_of) == (number > 0) for number, step in enumerate(way)):
            yield tuple(_purpose(start, way[-1])), way
    every = [step for step in steps(policy) if step.clause.record == question.record]
    for last in hops[-1]:
        for way in ways(policy, last, every):
            path = (way[0].giver, *(step.recipient for step in way))
            if path != question.path and len(set(path)) == len(path):
                yield (Through(path), *_purpose(start, last)), way


def _purpose(start: Situation, step: Step) -> Iterator[Change]:
    purpose = step.clause.purposes[0]
    if start.question.purpose != purpose:
        several = {other.clause.purposes for other in _between(start.policy, step.giver, step.recipient, step.clause.record)}
        if start.question.purpose is not None or len(several) > 1:
            yield ForPurpose(purpose)


def _between(policy: PolicySet, giver: PartyId, recipient: PartyId, record: str) -> Iterator[Step]:
    if giver not in policy.parties or recipient not in policy.parties:
        return
    one, other = policy.parties[giver], policy.parties[recipient]
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            between = stands_on(one, clause.giver) and stands_on(other, clause.recipient)
            if isinstance(clause, Permit) and clause.record == record and between:
                yield Step(agreement, clause, giver, recipient)


def _day(start: Situation, chosen: Sequence[tuple[Step, LegalBasis | str]]) -> date | None:
    """The first day, today or later, on which everything that begins has begun; None where something has ended for good."""
    policy, today = start.policy, start.question.facts.as_of
    begins, ends = [today], []
    for step, name in chosen:
        basis = policy.laws[name]  # type: ignore[index]  # a basis by its id
        party = {signed.id: signed for signed in step.agreement.parties}
        periods = [(step.agreement.effective.start, step.agreement.effective.until), (basis.valid_from, basis.valid_until)]
        purpose = policy.purposes[step.clause.purposes[0]]
        periods.append((purpose.valid_from, purpose.valid_until))
        for side in (step.giver, step.recipient):
            if side in party:
                periods.append((party[side].acceded, party[side].left))
        begins += [first for first, _ in periods]
        ends += [last for _, last in periods if last is not None]
    day = max(begins)
    return day if all(day < last for last in ends) else None


class _Planner:
    """Collects what stands in the way of one choice of clauses and bases."""

    def __init__(self, start: Situation, first: Sequence[Change], chosen: Sequence[tuple[Step, Any]], day: date | None) -> None:
        self.start = start
        self.first = first
        self.steps = [(step, start.policy.laws[basis]) for step, basis in chosen]
        self.made = Plan(why={})
        self.day = day
        self.table: DecisionTable = compile_policy(start.policy, start.life)

    def plan(self) -> Plan | None:
        """The plan, or None where two of its clauses want the opposite, or the law has no age or place for it."""
        facts = self.start.question.facts
        ages = self._ages()
        if not ages:
            return None
        for change in self.first:
            self._add(change, None)
        day = self._when(ages)
        if day != facts.as_of:
            self._add(OnDay(day), None)
        hops = self._hops(day)
        if hops is None or not self._facts(hops, ages, day):
            return None
        self._rules(hops)
        then = apply(Situation(self.start.policy, self.start.life, self.start.question), self.made.changes).question.facts
        self._statements(hops, then)
        self._fields(hops)
        return self.made

    def _add(self, change: Change, code: ReasonCode | None) -> None:
        if change not in self.made.changes:
            self.made.changes = (*self.made.changes, change)
            if code is not None:
                self.made.why[change] = code

    def _ages(self) -> list[int]:
        ages = set(range(121))
        for step, basis in self.steps:
            clause = step.clause
            ages &= set(range(clause.subject.age.min, min(clause.subject.age.max + 1, clause.retention.until_age)))
            ages &= set(range(basis.age.min, basis.age.max + 1))
        return sorted(ages)

    def _when(self, ages: Sequence[int]) -> date:
        """The day on which everything holds, or the birthday from which the young person is old enough, if that is later."""
        question = self.start.question
        day = self.day or question.facts.as_of
        if question.born is not None and question.facts.age is not None and question.facts.age < ages[0]:
            day = max(day, birthday(question.born, ages[0]))
        return day

    def _hops(self, day: date) -> list[_Hop] | None:
        hops: list[_Hop] = []
        for step, basis in self.steps:
            lane = self.table.lane(step.giver, step.recipient, step.clause.record, step.clause.purposes[0], day)
            row = next((row for row in lane.clauses if row.id == step.clause.id), None)
            if row is None:
                return None
            hops.append(_Hop(step, basis, lane, row))
        return hops

    def _facts(self, hops: Sequence[_Hop], ages: Sequence[int], day: date) -> bool:
        facts = self.start.question.facts
        self._age(hops, ages)
        if facts.overleden is not False:
            self._fact("overleden", False, codes.OVERLEDEN)
        for name in _FACTS_OF:
            asked = [one for hop in hops if (one := getattr(hop.row, name)) is not None]
            if len({one.value for one in asked}) > 1:
                return False
            if asked and getattr(facts, name) is not asked[0].value:
                self._fact(name, asked[0].value, asked[0].otherwise)
        return self._school(hops) and self._place(hops) and self._further(hops, day)

    def _age(self, hops: Sequence[_Hop], ages: Sequence[int]) -> None:
        age = self.start.question.facts.age
        if age in ages:
            return
        nearest = min(ages, key=lambda one: (abs(one - (19 if age is None else age)), one))
        row = hops[-1].row
        below, above = (row.below, row.above) if age is None or age < row.youngest or age > row.oldest else _of(hops[-1].basis)
        self._fact("age", nearest, below if age is not None and age < nearest else above)

    def _school(self, hops: Sequence[_Hop]) -> bool:
        facts = self.start.question.facts
        asked = [hop.row.onderwijssoort for hop in hops if hop.row.onderwijssoort is not None]
        allowed = set.intersection(*({*one.one_of} for one in asked)) if asked else None
        if allowed is not None and not allowed:
            return False
        if allowed is not None and facts.onderwijssoort not in allowed:
            self._fact("onderwijssoort", min(allowed), asked[-1].otherwise)
        windowed = any(required.when for hop in hops for required in hop.step.clause.requires) or any(
            hop.basis.requires is not None and hop.basis.requires.when for hop in hops
        )
        if windowed and facts.onderwijssoort is None:
            self._fact("onderwijssoort", min(allowed) if allowed else "mbo", codes.ONDERWIJSSOORT_ONBEKEND)
        return True

    def _place(self, hops: Sequence[_Hop]) -> bool:
        gemeente = self.start.question.facts.gemeente
        areas = [hop.lane.recipient_area for hop in hops if hop.row.home or hop.basis.same_college]
        areas += [hop.lane.giver_area for hop in hops if hop.basis.same_college]
        if not areas:
            return True
        allowed = frozenset.intersection(*areas)
        if not allowed:
            return False
        if gemeente not in allowed:
            other = any(hop.basis.same_college for hop in hops)
            self._fact("gemeente", min(allowed), codes.ANDER_COLLEGE if other else codes.ANDERE_REGIO)
        return True

    def _further(self, hops: Sequence[_Hop], day: date) -> bool:
        facts = self.start.question.facts
        wanted: dict[Any, bool] = {}
        for hop in hops:
            for row in hop.row.facts:
                if wanted.setdefault(row.name, row.asked.value) is not row.asked.value:
                    return False
                if (known := facts.known(row.name)) is not row.asked.value:
                    self._add(FurtherFactIs(row.name, row.asked.value), row.unknown if known is None else row.asked.otherwise)
            for window in hop.row.within:
                known = facts.known(window.name)
                self._add(FurtherFactIs(window.name, day), window.unknown if known is None else window.otherwise)
        for hop in hops:
            if hop.row.asks_secret and facts.indicatie_geheim is None:
                self._fact("indicatie_geheim", False, codes.GEHEIM_ONBEKEND)
            if hop.row.asks_number and facts.has_bsn is None:
                self._fact("has_bsn", True, codes.NUMMER_ONBEKEND)
        return True

    def _fact(self, name: Any, value: Any, otherwise: ReasonCode) -> None:
        unknown = getattr(self.start.question.facts, name) is None
        self._add(FactIs(name, value), _UNKNOWN[name] if unknown else otherwise)

    def _rules(self, hops: Sequence[_Hop]) -> None:
        for hop in hops:
            agreement = hop.step.agreement
            for code in hop.row.shut:
                for what in _AMENDS.get(code, ()):
                    if what not in ("controllership", "processor_contract") or getattr(agreement, what) is None:
                        self._add(Amend(agreement.id, what), code)
                if code == codes.PARTIJ_NIET_TOEGETREDEN:
                    for party in (hop.step.giver, hop.step.recipient):
                        self._add(Amend(agreement.id, "accession", party), code)
            if agreement.id in self.start.life.shut:
                self._add(Revive(agreement.id), self.start.life.shut[agreement.id])
            if hop.lane.silent:
                self._add(Answer(hop.step.recipient), codes.ONTVANGER_ZWIJGT)
            for forbid in _forbids(self.start.policy, hop.step):
                if not forbid.elements:
                    self._add(DropClause(forbid.id), forbid.reason)

    def _statements(self, hops: Sequence[_Hop], facts: SubjectFacts) -> None:
        if facts.standing is None:
            self._add(StatementsKnown(), codes.VERKLARINGEN_ONBEKEND)
            facts = facts.but(standing=frozenset())
        for hop in hops:
            asks = [*hop.row.requires, *(row.asks for row in hop.row.bases if row.id == hop.basis.id and row.asks is not None)]
            for asked in asks:
                reason = hear(asked, hop.row, hop.lane, facts)[0]
                if reason is not None:
                    self._add(self._yes(asked, hop, facts), reason)
            if hop.basis.objection_possible and says_no(StatementKind.bezwaar, hop.row, hop.lane, facts):
                self._add(Lift(StatementKind.bezwaar), codes.BEZWAAR)
            if says_no(StatementKind.beperking, hop.row, hop.lane, facts):
                self._add(Lift(StatementKind.beperking), codes.BEPERKING)
            if hop.row.outreach and says_no(StatementKind.contactvoorkeur, hop.row, hop.lane, facts):
                self._add(Lift(StatementKind.contactvoorkeur), codes.CONTACTVOORKEUR)

    def _yes(self, asked: Asked, hop: _Hop, facts: SubjectFacts) -> Obtain:
        return Obtain(yes(asked.required.statement, hop.step, facts.age, asked.self_from))

    def _fields(self, hops: Sequence[_Hop]) -> None:
        """For a question that names elements: what to do where none of them passes, however open the gates are."""
        wanted = self.start.question.elements
        last = hops[-1]
        more: list[Change] = []
        for asked in last.row.requires:
            more.append(self._yes(asked, last, self.start.question.facts))
            self.made.why.setdefault(more[-1], codes.BUITEN_VERKLARING)
        for forbid in _forbids(self.start.policy, last.step):
            if wanted is not None and not wanted.isdisjoint(forbid.elements):
                more.append(DropClause(forbid.id))
                self.made.why[more[-1]] = forbid.reason
        for bar in last.lane.bars:
            for name, value in sorted(bar.unless):
                if self.start.question.facts.known(name) is not value:
                    more.append(FurtherFactIs(name, value))
                    self.made.why[more[-1]] = bar.reason
        for element in sorted(wanted or ()):
            if (form := _addable(self.start.policy, last.step, element)) is not None:
                more.append(AddField(last.step.clause.id, element, form))
        self.made.last_resort = tuple(one for one in more if one not in self.made.changes)


def _of(basis: LegalBasis) -> tuple[ReasonCode, ReasonCode]:
    return basis.age.below, basis.age.above


def _forbids(policy: PolicySet, step: Step) -> Iterator[Forbid]:
    giver, recipient = policy.parties[step.giver], policy.parties[step.recipient]
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            between = stands_on(giver, clause.giver) and stands_on(recipient, clause.recipient)
            if isinstance(clause, Forbid) and clause.record == step.clause.record and between:
                yield clause


def _addable(policy: PolicySet, step: Step, element: ElementName) -> Form | None:
    """The form that tells least in which the loader would take the element into this clause; None where it never would."""
    known = policy.elements.get(element)
    if known is None or element in step.clause.fields:
        return None
    for form in sorted(known.forms, key=_FORMS.index, reverse=True):
        added = changed(step.agreement, AddField(step.clause.id, element, form), date.min)
        try:
            check_agreement(added, policy, Document("", None, {}))
        except Misconfigured:
            continue
        return form
    return None
