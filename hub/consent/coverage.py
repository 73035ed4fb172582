"""What the tests beside agreements have seen: each gate of each clause open and shut, and the changes they would notice. Pure.

A change that no question was found to tell from the rules as they stand is left out of the count; where one can tell, and no
test does, that question is the test to write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, product
from typing import Any, Final

from hub.consent.check import stands_on
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.examples import Ran, faults, question_of, run
from hub.consent.facts import months_after
from hub.consent.given import Example
from hub.consent.model import Agreement, Clause, Gate, Permit, PolicySet
from hub.consent.mutants import Mutant, mutants
from hub.consent.question import Decision, Question
from hub.consent.reach import Known, Step, Way, days, openings, required, steps, ways
from hub.consent.table import DecisionTable
from hub.domain.facts import Stated, StatementKind, SubjectFacts, Voice
from hub.domain.terms import AgreementId, ClauseId, ElementName, PartyId

_ALWAYS: Final = (Gate.agreement, Gate.purpose, Gate.basis, Gate.subject, Gate.retention)


@dataclass(frozen=True, slots=True)
class Row:
    """One clause: whether it was seen to permit, and by gate whether that was seen shut. A prohibition has no gates."""

    agreement: AgreementId
    clause: ClauseId
    opened: bool
    shut: Mapping[Gate, bool]

    def told(self) -> Iterator[tuple[str, str]]:
        """Each gate with what was seen of it."""
        for gate, seen in self.shut.items():
            yield gate.value, f"{'open' if self.opened else '-'}/{'dicht' if seen else '-'}"

    @property
    def complete(self) -> bool:
        """Whether everything was seen."""
        return self.opened and all(self.shut.values())


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no test notices, and a test that would."""

    clause: ClauseId
    what: str
    example: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What tests have seen. `unused` are elements that no test shows to pass, each with the clause that names it."""

    rows: tuple[Row, ...]
    unused: tuple[tuple[ElementName, ClauseId], ...]
    mutants: int
    survivors: tuple[Survivor, ...]

    @property
    def killed(self) -> int:
        """How many changes made a test fail."""
        return self.mutants - len(self.survivors)

    @property
    def score(self) -> float:
        """The part of all changes that were noticed, 0 to 1."""
        return 1.0 if not self.mutants else self.killed / self.mutants

    def plain(self) -> dict[str, Any]:
        """As data."""
        return {
            "clauses": [
                {
                    "agreement": row.agreement,
                    "clause": row.clause,
                    "opened": row.opened,
                    "shut": {gate.value: seen for gate, seen in row.shut.items()},
                }
                for row in self.rows
            ],
            "unused": [{"element": name, "clause": clause} for name, clause in self.unused],
            "mutants": self.mutants,
            "killed": self.killed,
            "score": round(self.score, 4),
            "survivors": [{"clause": one.clause, "what": one.what, "example": one.example} for one in self.survivors],
        }


def coverage(policy: PolicySet, only: AgreementId | None = None) -> Coverage:
    """Runs every test against the set and against every change of it, or of one agreement and the laws that it names.

    A test that fails as it is notices nothing.
    """
    table = compile_policy(policy)
    ran = [one for agreement in policy.agreements for one in run(policy, table, agreement)]
    told = [agreement for agreement in policy.agreements if only in (None, agreement.id)]
    rows = tuple(_row(policy, agreement, clause, ran) for agreement in told for clause in agreement.clauses)
    own = {row.clause for row in rows}
    survivors: list[Survivor] = []
    counted = 0
    sound = [one for one in ran if not one.faults]
    tests = [(one.agreement, one.example, question_of(policy, one.agreement, one.example)) for one in sound]
    for mutant in (one for one in mutants(policy) if not own.isdisjoint(one.clauses)):
        changed, hops = compile_policy(mutant.policy), _hops(policy, mutant)
        if _noticed(changed, (one for one in tests if not hops.isdisjoint(pairwise(one[1].path)))):
            counted += 1
        elif (example := _telling(policy, table, mutant, changed)) is not None:
            counted += 1
            survivors.append(Survivor(mutant.clause, mutant.what, example))
    return Coverage(rows, tuple(_unused(told, ran)), counted, tuple(survivors))


def _row(policy: PolicySet, agreement: Agreement, clause: Clause, ran: Sequence[Ran]) -> Row:
    if not isinstance(clause, Permit):
        told = [code for one in ran for code in (*one.decision.reasons, *(reason for _, reason in one.decision.refused))]
        return Row(agreement.id, clause.id, clause.reason in told, {})
    own = [one.decision for one in ran if one.decision.clause == clause.id]
    seen = {policy.reasons[code].gate for decision in own for code in decision.reasons}
    seen |= {policy.reasons[code].gate for decision in own for _, code in decision.refused}
    gates = [*_ALWAYS, *_own_gates(policy, clause)]
    opened = any(decision.grant is not None for decision in own)
    return Row(agreement.id, clause.id, opened, {gate: gate in seen for gate in sorted(gates, key=list(Gate).index)})


def _own_gates(policy: PolicySet, clause: Permit) -> Iterator[Gate]:
    """The gates that only some clauses have: not every one looks at a home, asks for a statement or holds back a field."""
    if any(True for _ in required(policy, clause)):
        yield Gate.consent
    asked = clause.subject
    told = {condition.otherwise for condition in asked.facts.values()}
    told |= {window.otherwise for window in asked.within.values()}
    told |= {policy.facts[name].unknown for name in (*asked.facts, *asked.within)}
    if (
        clause.recipient.home
        or any(policy.laws[basis].same_college for basis in clause.bases)
        or any(policy.reasons[code].gate is Gate.recipient for code in told)
    ):
        yield Gate.recipient
    kept_back = clause.geheim_adres == "withheld" and any(policy.elements[name].kind == "address" for name in clause.fields)
    if kept_back or clause.reuse_of or {*policy.records[clause.record].elements} - {*clause.fields}:
        yield Gate.fields


def _unused(agreements: Sequence[Agreement], ran: Sequence[Ran]) -> Iterator[tuple[ElementName, ClauseId]]:
    for agreement in agreements:
        for clause in agreement.clauses:
            if isinstance(clause, Permit):
                passed = {name for one in ran if one.decision.clause == clause.id for name, _ in one.decision.fields}
                yield from ((name, clause.id) for name in clause.fields if name not in passed)


_Hop = tuple[PartyId, PartyId]
_Asked = tuple[Agreement, Example, Question]


def _hops(policy: PolicySet, mutant: Mutant) -> set[_Hop]:
    """The steps between the parties of a changed clause, as it was and as it became."""
    hops: set[_Hop] = set()
    for agreement in (*policy.agreements, *mutant.policy.agreements):
        for clause in agreement.clauses:
            if clause.id in mutant.clauses:
                givers = [party.id for party in policy.parties.values() if stands_on(party, clause.giver)]
                takers = [party.id for party in policy.parties.values() if stands_on(party, clause.recipient)]
                hops |= set(product(givers, takers))
    return hops


def _noticed(table: DecisionTable, tests: Iterable[_Asked]) -> bool:
    """Whether a test fails under the changed rules."""
    return any(True for agreement, example, asked in tests for _ in faults(agreement, example, ask(table, [asked])[0]))


def _telling(policy: PolicySet, table: DecisionTable, mutant: Mutant, changed: DecisionTable) -> str | None:
    """A question that the changed rules answer otherwise, as the test to write; None where none was found."""
    for side, asked in ((mutant.policy, changed), (policy, table)):
        every = list(steps(side))
        own = [step for step in every if step.clause.id in mutant.clauses]
        near = own or [step for step in every if _beside(policy, mutant, step)]
        later = [step for step in every if step.clause.reuse_of and step.giver in {one.recipient for one in near}]
        for some in (near, later):
            found = [way for step in some for way in ways(side, step, every)]
            for way in (*found[:1], *found[1:][-1:]):
                for question in _questions(side, asked, way):
                    now, then = ask(table, [question])[0], ask(changed, [question])[0]
                    if _differs(now, then):
                        return _test(question, now)
    return None


def _beside(policy: PolicySet, mutant: Mutant, step: Step) -> bool:
    """Whether a step lies between the parties of a changed prohibition."""
    giver, recipient = policy.parties[step.giver], policy.parties[step.recipient]
    return any(
        clause.id in mutant.clauses and stands_on(giver, clause.giver) and stands_on(recipient, clause.recipient)
        for agreement in policy.agreements
        for clause in agreement.clauses
    )


def _differs(now: Decision, then: Decision) -> bool:
    if now.grant is None and then.grant is None:
        return set(now.reasons) != set(then.reasons)
    return now.agreement != then.agreement or now.fields != then.fields or {*now.refused} != {*then.refused}


def _questions(policy: PolicySet, table: DecisionTable, way: Way) -> Iterator[Question]:
    """What a way permits, by age and kind of school, and the same with one thing otherwise."""
    path = (way[0].giver, *(step.recipient for step in way))
    last = way[-1].clause
    for day in days(table, way)[:1] + days(table, way)[1:][-1:]:
        seen: set[tuple[object, ...]] = set()
        for facts, ages, _ in openings(policy, table, way, Known(day=day)):
            kind = (ages, facts.onderwijssoort)
            if kind not in seen:
                seen.add(kind)
                for one in _near(way, facts, ages):
                    yield Question(last.record, path, one, last.purposes[0])


def _near(way: Way, facts: SubjectFacts, ages: tuple[int, int]) -> Iterator[SubjectFacts]:
    yield facts
    yield from (facts.but(age=age) for age in (ages[0] - 1, ages[1], ages[1] + 1))
    yield facts.but(startkwalificatie=not facts.startkwalificatie)
    yield facts.but(ingeschreven=not facts.ingeschreven)
    yield facts.but(indicatie_geheim=True)
    yield facts.but(onderwijssoort="po" if facts.onderwijssoort != "po" else "mbo")
    yield facts.but(standing=frozenset())
    standing = facts.standing or frozenset()
    for kind in (StatementKind.bezwaar, StatementKind.beperking, StatementKind.contactvoorkeur):
        yield facts.but(standing=standing | {Stated(kind)})
    for name, value in facts.more:
        others = facts.more - {(name, value)}
        if isinstance(value, bool):
            yield facts.but(more=others | {(name, not value)})
        else:
            yield from (facts.but(more=others | {(name, day)}) for day in _around(way, facts.as_of, name))
    for step in way:
        for asked in step.clause.requires:
            for window in asked.when:
                for school in window.onderwijssoort:
                    for years in (window.years_after_diploma, window.years_after_diploma + 1):
                        day = facts.as_of - timedelta(days=365 * years - 30)
                        yield facts.but(standing=frozenset(), onderwijssoort=school, datum_diploma=day)
    for day in _edges(way):
        yield facts.but(as_of=day)


def _around(way: Way, day: date, name: str) -> Iterator[date]:
    for step in way:
        for fact, window in step.clause.subject.within.items():
            if fact == name:
                yield months_after(day, -window.months)
                yield months_after(day, -window.months) - timedelta(days=2)
                yield months_after(day, -window.months - 1)


def _edges(way: Way) -> Iterator[date]:
    for step in way:
        agreement = step.agreement
        for edge in (agreement.effective.start, agreement.effective.until, agreement.dpia.review_due):
            yield from (edge - timedelta(days=1), edge)


def _test(question: Question, now: Decision) -> str:
    """The test as it would stand in the file, in one line; the facts are invented ones."""
    facts = question.facts
    given: dict[str, Any] = {"gemeente": f'"{facts.gemeente}"', "age": facts.age, "onderwijssoort": facts.onderwijssoort}
    for name in ("startkwalificatie", "ingeschreven", "indicatie_geheim", "datum_diploma"):
        if getattr(facts, name):
            given[name] = getattr(facts, name)
    if facts.standing:
        given["standing"] = f"[{', '.join(sorted(map(_said, facts.standing)))}]"
    if facts.more:
        more = ", ".join(
            f"{name}: {str(value).lower() if isinstance(value, bool) else value}" for name, value in sorted(facts.more)
        )
        given["facts"] = f"{{{more}}}"
    told = ", ".join(f"{key}: {str(value).lower() if isinstance(value, bool) else value}" for key, value in given.items())
    expect = "expect: permit" if now.grant is not None else f"expect: deny, reasons: [{', '.join(now.reasons)}]"
    about = f"record: {question.record}, purpose: {question.purpose}"
    return f"{{day: {facts.as_of}, path: [{', '.join(question.path)}], {about}, given: {{{told}}}, {expect}}}"


def _said(one: Stated) -> str:
    """A statement as a test writes it: a word alone is the young person's own."""
    own = one.voice in (Voice.jongere, Voice.school)
    return one.kind.value if own else f"{{statement: {one.kind.value}, voice: {one.voice.value}}}"
