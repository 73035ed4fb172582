"""Who can get what, from whom, by which clause: every way that a policy set opens, found and not sampled. Pure.

The gates of a clause ask each fact by itself, save age, place and kind of school, which several of them ask at once. So those
are tried in every combination that the rules can tell apart, on one day of every stretch in which nothing changes, and all
other facts stand as the clauses of the way want them: what is not permitted then is never permitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise, product

from hub.consent.check import stands_on
from hub.consent.decide import ask
from hub.consent.model import Agreement, LegalBasis, Permit, PolicySet, Requirement
from hub.consent.question import Decision, Question
from hub.consent.table import DecisionTable, Lane
from hub.domain.facts import Stated, StatementKind, SubjectFacts, Voice
from hub.domain.terms import ClauseId, ElementName, FactName, Form, PartyId

_SCHOOLS = ("po", "vo", "pro", "vso", "entree", "mbo")
_LONGEST = 4
_NUMBER = ElementName("onderwijsnummer")  # whose young people have no bsn: one of the two passes


@dataclass(frozen=True, slots=True)
class Step:
    """A clause between two parties that signed its agreement."""

    agreement: Agreement
    clause: Permit
    giver: PartyId
    recipient: PartyId

    @property
    def key(self) -> tuple[ClauseId, PartyId, PartyId]:
        """What names the step."""
        return self.clause.id, self.giver, self.recipient


Way = tuple[Step, ...]
"""Steps that follow on each other; the last is the one that is asked about."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the young person or the day; what is None may be anything."""

    age: int | None = None
    gemeente: str | None = None
    onderwijssoort: str | None = None
    day: date | None = None


ANYONE = Known()


@dataclass(slots=True)
class Reach:
    """What passes along a way: the form of each element, the ages, and the first day of every stretch in which it passes."""

    way: Way
    fields: dict[ElementName, Form] = field(default_factory=dict)
    ages: list[tuple[int, int]] = field(default_factory=list)
    days: list[date] = field(default_factory=list)

    @property
    def step(self) -> Step:
        """The last step."""
        return self.way[-1]

    @property
    def path(self) -> tuple[PartyId, ...]:
        """All parties, in the order in which the data reach them."""
        return (self.way[0].giver, *(step.recipient for step in self.way))


def steps(policy: PolicySet) -> Iterator[Step]:
    """Every permit between every two parties that it is for."""
    for agreement in policy.agreements:
        signed = [policy.parties[party.id] for party in agreement.parties]
        for clause in agreement.clauses:
            if isinstance(clause, Permit):
                givers = [party.id for party in signed if stands_on(party, clause.giver)]
                takers = [party.id for party in signed if stands_on(party, clause.recipient)]
                for giver, recipient in product(givers, takers):
                    if giver != recipient:
                        yield Step(agreement, clause, giver, recipient)


def ways(policy: PolicySet, step: Step, all_steps: Sequence[Step]) -> Iterator[Way]:
    """How what `step` passes on may have come to its giver; what is not passed on is a way by itself."""
    if not step.clause.reuse_of:
        yield (step,)
        return
    for way in _sources(policy, step, all_steps):
        yield (*way, step)


def _sources(policy: PolicySet, step: Step, all_steps: Sequence[Step], depth: int = 1) -> Iterator[Way]:
    allowed = {step.clause.purposes[0], *policy.purposes[step.clause.purposes[0]].further_from}
    for source in all_steps:
        clause = source.clause
        if source.recipient != step.giver or clause.record != step.clause.record:
            continue
        if allowed.isdisjoint(clause.purposes) or set(step.clause.reuse_of).isdisjoint(clause.bases):
            continue
        if not clause.reuse_of:
            yield (source,)
        elif depth < _LONGEST:
            for way in _sources(policy, source, all_steps, depth + 1):
                yield (*way, source)


def reach(policy: PolicySet, table: DecisionTable, way: Way, known: Known = ANYONE) -> Reach:
    """Everything that passes along `way`."""
    found = Reach(way)
    for facts, ages, decision in openings(policy, table, way, known):
        for name, form in decision.fields:
            found.fields.setdefault(name, form)
        found.ages.append(ages)
        found.days.append(facts.as_of)
    found.ages = joined(found.ages)
    found.days = sorted(set(found.days))
    return found


def openings(
    policy: PolicySet, table: DecisionTable, way: Way, known: Known = ANYONE
) -> Iterator[tuple[SubjectFacts, tuple[int, int], Decision]]:
    """The facts of every cell in which the last clause of `way` permits, with the ages that they stand for."""
    path = (way[0].giver, *(step.recipient for step in way))
    last = way[-1].clause
    for facts, ages in cells(policy, table, way, known):
        decision = ask(table, [Question(last.record, path, facts, last.purposes[0])])[0]
        if decision.grant is not None and decision.clause == last.id:
            yield facts, ages, decision


def is_open(policy: PolicySet, table: DecisionTable, way: Way) -> bool:
    """Whether anything ever passes along `way`."""
    return next(openings(policy, table, way), None) is not None


def cells(
    policy: PolicySet, table: DecisionTable, way: Way, known: Known = ANYONE
) -> Iterator[tuple[SubjectFacts, tuple[int, int]]]:
    """All that the rules can tell apart along `way`, everything else as its clauses want it."""
    for day in days(table, way) if known.day is None else [known.day]:
        lanes = _lanes(table, way, day)
        borders = sorted({0, 121, *(border for lane in lanes for border in lane.borders)})
        for first, beyond in pairwise(borders):
            if known.age is None or first <= known.age < beyond:
                age = first if known.age is None else known.age
                for school, gemeente in product(_schools(way, lanes, known), _places(policy, lanes, known)):
                    for facts in _facts(policy, way, lanes, day, age, school, gemeente):
                        yield facts, (first, beyond - 1)


def days(table: DecisionTable, way: Way) -> list[date]:
    """The first day of every stretch in which no rule of `way` changes, as long as all its agreements run."""
    found: list[date] = []
    day = max(step.agreement.effective.start for step in way)
    until = min(step.agreement.effective.until for step in way)
    while day < until:
        found.append(day)
        day = min(lane.until for lane in _lanes(table, way, day))
    return found


def _lanes(table: DecisionTable, way: Way, day: date) -> list[Lane]:
    last = len(way) - 1
    return [
        table.lane(step.giver, step.recipient, step.clause.record, step.clause.purposes[0] if nth == last else None, day)
        for nth, step in enumerate(way)
    ]


def _schools(way: Way, lanes: Sequence[Lane], known: Known) -> Sequence[str]:
    if known.onderwijssoort is not None:
        return (known.onderwijssoort,)
    named: set[str] = {school for step in way if (asked := step.clause.subject.onderwijssoort) for school in asked.one_of}
    named |= {school for lane in lanes for row in lane.forbids for school in row.onderwijssoort}
    named |= {school for lane in lanes for school in lane.diploma_of}
    others = [school for school in _SCHOOLS if school not in named]
    return (*sorted(named), *others[-1:])


def _places(policy: PolicySet, lanes: Sequence[Lane], known: Known) -> Sequence[str]:
    """One gemeente of each kind that the working areas of the parties can tell apart."""
    if known.gemeente is not None:
        return (known.gemeente,)
    areas = [area for lane in lanes for area in (lane.giver_area, lane.recipient_area)]
    kinds: dict[tuple[bool, ...], str] = {}
    for region in policy.regions:
        for home in region.gemeenten:
            kinds.setdefault(tuple(home.code in area for area in areas), home.code)
    return tuple(kinds.values())


def _facts(
    policy: PolicySet, way: Way, lanes: Sequence[Lane], day: date, age: int, school: str, gemeente: str
) -> Iterator[SubjectFacts]:
    wanted = [step.clause.subject for step in way]
    diplomas = {asked.startkwalificatie.value for asked in wanted if asked.startkwalificatie}
    enrolled = {asked.ingeschreven.value for asked in wanted if asked.ingeschreven}
    asked_facts: dict[FactName, set[bool]] = {}
    for subject in wanted:
        for name, condition in subject.facts.items():
            asked_facts.setdefault(name, set()).add(condition.value)
    if any(len(values) > 1 for values in (diplomas, enrolled, *asked_facts.values())):
        return  # two clauses of the way want the opposite
    dates = {(name, day) for subject in wanted for name in subject.within}
    lifting: dict[FactName, set[bool]] = {}
    for lane in lanes:
        for bar in lane.bars:
            for name, value in bar.unless:
                if name not in asked_facts:
                    lifting.setdefault(name, set()).add(value)
    free: Mapping[FactName, set[bool]] = {**asked_facts, **lifting}
    standing = frozenset(stated for step in way for stated in statements(policy, step, age))
    numbers = (True, False) if any(_NUMBER in step.clause.fields for step in way) else (True,)
    for has_bsn, *values in product(numbers, *(sorted(each) for each in free.values())):
        yield SubjectFacts(
            as_of=day,
            age=age,
            overleden=False,
            startkwalificatie=next(iter(diplomas), False),
            ingeschreven=next(iter(enrolled), False),
            indicatie_geheim=False,
            onderwijssoort=school,
            datum_diploma=None,
            gemeente=gemeente,
            has_bsn=has_bsn,
            standing=standing,
            more=frozenset({*zip(free, values, strict=True), *dates}),
        )


def required(policy: PolicySet, clause: Permit) -> Iterator[tuple[Requirement, int | None]]:
    """The statements that a clause and its bases ask for, each with the age from which the young person makes it."""
    rows: list[LegalBasis] = [policy.laws[basis] for basis in clause.bases]
    voices = [row.voice.self_from for row in rows if row.voice is not None]
    for asked in clause.requires:
        yield asked, max(voices, default=None)
    for row in rows:
        if row.requires is not None:
            yield row.requires, None if row.voice is None else row.voice.self_from


def statements(policy: PolicySet, step: Step, age: int | None) -> Iterator[Stated]:
    """Every yes that a step may ask for, as someone of that age, or who speaks for them, would give it."""
    for asked, self_from in required(policy, step.clause):
        yield yes(asked.statement, step, age, self_from)


def yes(kind: StatementKind, step: Step, age: int | None, self_from: int | None) -> Stated:
    """A statement for exactly this clause's purpose and recipient, by who may make it."""
    voice = Voice.ouder if self_from is not None and age is not None and age < self_from else Voice.jongere
    if kind is StatementKind.raadpleging_school:
        voice = Voice.school
    return Stated(kind, voice=voice, purposes=frozenset(step.clause.purposes), parties=frozenset({step.recipient}))


def joined(ages: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of years, those that touch made one."""
    told: list[tuple[int, int]] = []
    for first, last in sorted(set(ages)):
        if told and first <= told[-1][1] + 1:
            told[-1] = (told[-1][0], max(told[-1][1], last))
        else:
            told.append((first, last))
    return told


def conditions(policy: PolicySet, reached: Reach) -> Iterator[str]:
    """What must be so for anything to pass along a way, in Dutch, for all its steps together."""
    spans = " en ".join(str(first) if first == last else f"{first} tot en met {last}" for first, last in reached.ages)
    yield f"leeftijd: {spans} jaar"
    told: dict[str, None] = {}
    for step in reached.way:
        for sentence in _asks(policy, step):
            told.setdefault(sentence)
    yield from told


def _asks(policy: PolicySet, step: Step) -> Iterator[str]:
    clause = step.clause
    for label, asked in (
        ("startkwalificatie", clause.subject.startkwalificatie),
        ("ingeschreven", clause.subject.ingeschreven),
    ):
        if asked is not None:
            yield f"{label}: {'ja' if asked.value else 'nee'}"
    if clause.subject.onderwijssoort is not None:
        yield f"soort school: {', '.join(clause.subject.onderwijssoort.one_of)}"
    for name, condition in clause.subject.facts.items():
        yield f"{policy.facts[name].label_nl}: {'ja' if condition.value else 'nee'}"
    for name, window in clause.subject.within.items():
        yield f"{policy.facts[name].label_nl}: hooguit {window.months} maanden geleden"
    if clause.recipient.home:
        yield f"de jongere woont waar {policy.parties[step.recipient].name} voor werkt"
    if all(policy.laws[basis].same_college for basis in clause.bases):
        yield "gever en ontvanger werken voor dezelfde gemeente"
    for needed, _ in required(policy, clause):
        sometimes = " (kort na een diploma)" if needed.when else ""
        yield f"verklaring: {needed.statement.value}{sometimes}"
    if any(policy.laws[basis].objection_possible for basis in clause.bases):
        yield "geen bezwaar"


def who_can(policy: PolicySet, table: DecisionTable, element: ElementName, known: Known = ANYONE) -> list[Reach]:
    """Every way along which `element` reaches someone."""
    found: list[Reach] = []
    every = list(steps(policy))
    for step in every:
        if element in step.clause.fields:
            for way in ways(policy, step, every):
                reached = reach(policy, table, way, known)
                if element in reached.fields:
                    found.append(reached)
    return found


def what_can(policy: PolicySet, table: DecisionTable, party: PartyId, known: Known = ANYONE) -> list[Reach]:
    """Every way along which `party` gives or receives something at the last step."""
    every = list(steps(policy))
    of_party = [step for step in every if party in (step.giver, step.recipient)]
    reached = [reach(policy, table, way, known) for step in of_party for way in ways(policy, step, every)]
    return [one for one in reached if one.fields]
