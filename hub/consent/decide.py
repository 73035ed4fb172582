"""Decides: may this record go to this recipient, which fields, in which form, until when? Pure; the law is in the table.

Eight gates, always told in this order: agreement, purpose, basis, recipient, subject, consent, fields, retention. All of a
clause are tried, so that a refusal names everything that is shut. A fact that nobody knows shuts the gate that asks for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date, timedelta
from typing import Final

from hub.consent import codes
from hub.consent.facts import birthday
from hub.consent.model import Requirement
from hub.consent.table import Answer, BasisRow, ClauseRow, Cut, DecisionTable, ForbidRow, Lane, Variant
from hub.domain.facts import StatementKind, SubjectFacts
from hub.domain.stages import Candidate, Canonical, Grant, Permitted, Refused, Verdict
from hub.domain.terms import PartyId, ReasonCode

_A_DAY: Final = timedelta(days=1)
_KEPT: Final = 20_000


def decide(
    table: DecisionTable,
    canonicals: Sequence[Canonical],
    facts: Sequence[SubjectFacts],
    candidates: Sequence[Sequence[Candidate]],
) -> list[list[Verdict]]:
    """One verdict per record and candidate, in their order.

    A candidate whose giver is an earlier candidate passes on what that one received, and never more.
    """
    answers: list[list[Verdict]] = []
    for canonical, known, recipients in zip(canonicals, facts, candidates, strict=True):
        said: list[_Said] = []
        verdicts: list[Verdict] = []
        for candidate in recipients:
            lane, answer, source = _ask(table, known, candidate, said)
            until = date.max
            if answer.grant is not None:
                until = _until(lane, answer.next_age, known.as_of, canonical, source)
                verdicts.append(Permitted(canonical, candidate, answer.grant, until))
            else:
                verdicts.append(
                    Refused(
                        canonical, candidate, answer.purpose, answer.agreement, answer.reasons, answer.personal, table.policy
                    )
                )
            said.append((candidate.recipient, answer, until))
        answers.append(verdicts)
    return answers


def reconsider(
    table: DecisionTable, facts: Sequence[SubjectFacts], candidates: Sequence[Sequence[Candidate]], recipient: PartyId
) -> list[Answer | None]:
    """What would be answered today towards `recipient`, from facts that were kept; None where it is no candidate any more.

    The same gates over the same chain of givers as `decide`, for what waits to be sent.
    """
    answers: list[Answer | None] = []
    for known, recipients in zip(facts, candidates, strict=True):
        said: list[_Said] = []
        for candidate in recipients:
            _, answer, _ = _ask(table, known, candidate, said)
            said.append((candidate.recipient, answer, date.max))
        answers.append(next((answer for party, answer, _ in said if party == recipient), None))
    return answers


_Said = tuple[PartyId, Answer, date]
"""What was answered to an earlier candidate of the same record, and until when it holds."""


def _ask(
    table: DecisionTable, facts: SubjectFacts, candidate: Candidate, earlier: Sequence[_Said]
) -> tuple[Lane, Answer, _Said | None]:
    lane = table.lane(candidate.provider, candidate.recipient, facts.as_of)
    said: _Said | None = None
    for one in earlier:
        if one[0] == candidate.provider:
            said = one
            break
    source = None if said is None else said[1]
    key = _known(lane, facts, source)
    answer = lane.answers.get(key)
    if answer is None:
        if len(lane.answers) >= _KEPT:
            lane.answers.clear()
        answer = lane.answers[key] = _answer(table, lane, facts, source)
    return lane, answer, said


def _known(lane: Lane, facts: SubjectFacts, source: Answer | None) -> tuple[Hashable, ...]:
    """All that an answer on this lane depends on. The source's grant stands by identity; the answer keeps it alive."""
    school = facts.onderwijssoort
    return (
        facts.age,
        facts.overleden,
        facts.startkwalificatie,
        facts.ingeschreven,
        facts.indicatie_geheim,
        school,
        facts.datum_diploma if school in lane.diploma_of else None,
        facts.gemeente,
        facts.has_bsn,
        facts.standing,
        None if source is None else 0 if source.grant is None else id(source.grant),
    )


def _answer(table: DecisionTable, lane: Lane, facts: SubjectFacts, source: Answer | None) -> Answer:
    received = None if source is None else source.grant
    stopped, cuts = _prohibitions(lane.forbids, facts)
    shut: list[ReasonCode] = []
    nearest: ClauseRow | None = None
    for clause in lane.clauses:
        reasons, bases = _gates(clause, lane, facts, source)
        reasons |= stopped
        if not reasons:
            grant = _granted(clause, lane, facts, bases, cuts, received)
            if grant.fields:
                return Answer(grant, _next_age(lane, facts), clause.purpose, clause.agreement, (), frozenset(), received)
            reasons = {codes.GEEN_VELD}
        told = sorted(reasons, key=table.rank.__getitem__)
        if nearest is None or (table.rank[told[0]] // 1000, -len(told)) > (table.rank[shut[0]] // 1000, -len(shut)):
            nearest, shut = clause, told
    if nearest is None:
        shut = sorted({*lane.unknown, *stopped}, key=lambda code: table.rank.get(code, 0))
    return Answer(
        grant=None,
        next_age=None,
        purpose=None if nearest is None else nearest.purpose,
        agreement=None if nearest is None else nearest.agreement,
        reasons=tuple(shut),
        personal=table.personal.intersection(shut),
        received=received,
    )


def _prohibitions(forbids: Sequence[ForbidRow], facts: SubjectFacts) -> tuple[set[ReasonCode], tuple[Cut, ...]]:
    stopped: set[ReasonCode] = set()
    cuts: dict[str, Cut] = {}
    for row in forbids:
        if facts.age is not None and not row.youngest <= facts.age <= row.oldest:
            continue
        if row.onderwijssoort and facts.onderwijssoort is not None and facts.onderwijssoort not in row.onderwijssoort:
            continue
        if not row.elements:
            stopped.add(row.reason)
        for name in row.elements:
            cut = (name, row.reason)
            cuts[name] = min(cut, cuts.get(name, cut))
    return stopped, tuple(sorted(cuts.values()))


def _gates(clause: ClauseRow, lane: Lane, facts: SubjectFacts, source: Answer | None) -> tuple[set[ReasonCode], list[BasisRow]]:
    shut = set(clause.shut)
    _origin(clause, source, shut)
    bases = _bases(clause, lane, facts, shut)
    _place(clause, lane, facts, shut)
    _subject(clause, facts, shut)
    for required in clause.requires:
        _statement(required, facts, shut)
    return shut, bases


def _origin(clause: ClauseRow, source: Answer | None, shut: set[ReasonCode]) -> None:
    """What is passed on must have been received, for a purpose that this one follows, under a basis that allows it."""
    if source is None:
        if clause.reuse_of:
            shut.add(codes.HERKOMST_ONBEKEND)
    elif source.grant is None:
        shut.add(codes.GEVER_ONTVING_NIET)
    else:
        if source.grant.purpose not in clause.further_from:
            shut.add(codes.DOEL_ONVERENIGBAAR)
        if not clause.reuse_of:
            shut.add(codes.DOORGIFTE_NIET_GEREGELD)
        elif clause.reuse_of.isdisjoint(source.grant.bases):
            shut.add(codes.HERGEBRUIK_NIET_TOEGESTAAN)


def _bases(clause: ClauseRow, lane: Lane, facts: SubjectFacts, shut: set[ReasonCode]) -> list[BasisRow]:
    """The bases that carry it for this young person; when there is none, why each of them does not."""
    if facts.age is None:
        shut.add(codes.LEEFTIJD_ONBEKEND)
        return []
    objects = facts.standing is not None and StatementKind.bezwaar in facts.standing
    carrying: list[BasisRow] = []
    missed: set[ReasonCode] = set()
    for basis in clause.bases:
        if facts.age < basis.youngest:
            missed.add(basis.below)
        elif facts.age > basis.oldest:
            missed.add(basis.above)
        elif objects and basis.objection_possible:
            missed.add(codes.BEZWAAR)
        elif basis.same_college and facts.gemeente is None:
            missed.add(codes.GEMEENTE_ONBEKEND)
        elif basis.same_college and not (facts.gemeente in lane.giver_area and facts.gemeente in lane.recipient_area):
            missed.add(codes.ANDER_COLLEGE)
        else:
            carrying.append(basis)
    if not carrying:
        shut |= missed
    return carrying


def _place(clause: ClauseRow, lane: Lane, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    if not clause.home:
        return
    if facts.gemeente is None:
        shut.add(codes.GEMEENTE_ONBEKEND)
    elif facts.gemeente not in lane.recipient_area:
        shut.add(codes.ANDERE_REGIO)


def _subject(clause: ClauseRow, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    if facts.overleden is not False:
        shut.add(codes.OVERLIJDEN_ONBEKEND if facts.overleden is None else codes.OVERLEDEN)
    if facts.age is not None:
        if facts.age < clause.youngest:
            shut.add(clause.below)
        elif facts.age > clause.oldest:
            shut.add(clause.above)
        if facts.age >= clause.until_age:
            shut.add(clause.too_late)
    asked = clause.startkwalificatie
    if asked is not None and facts.startkwalificatie is not asked.value:
        shut.add(codes.STARTKWALIFICATIE_ONBEKEND if facts.startkwalificatie is None else asked.otherwise)
    asked = clause.ingeschreven
    if asked is not None and facts.ingeschreven is not asked.value:
        shut.add(codes.INSCHRIJVING_ONBEKEND if facts.ingeschreven is None else asked.otherwise)
    if facts.standing is None:
        shut.add(codes.VERKLARINGEN_ONBEKEND)
    elif StatementKind.beperking in facts.standing:
        shut.add(codes.BEPERKING)
    if clause.asks_secret and facts.indicatie_geheim is None:
        shut.add(codes.GEHEIM_ONBEKEND)
    if clause.asks_number and facts.has_bsn is None:
        shut.add(codes.NUMMER_ONBEKEND)


def _statement(required: Requirement, facts: SubjectFacts, shut: set[ReasonCode]) -> None:
    """A statement is asked always, or within years of a diploma; an unknown date of the diploma asks for it too."""
    if required.when:
        if facts.onderwijssoort is None:
            shut.add(codes.ONDERWIJSSOORT_ONBEKEND)
            return
        if not any(
            facts.onderwijssoort in window.onderwijssoort
            and (facts.datum_diploma is None or facts.as_of <= birthday(facts.datum_diploma, window.years_after_diploma))
            for window in required.when
        ):
            return
    if facts.standing is None or required.statement not in facts.standing:
        shut.add(required.reason)


def _granted(
    clause: ClauseRow,
    lane: Lane,
    facts: SubjectFacts,
    bases: Sequence[BasisRow],
    cuts: tuple[Cut, ...],
    received: Grant | None,
) -> Grant:
    """The shared grant of this variant; what the giver received is named by identity, and kept with it so that it stays one."""
    names = tuple(basis.id for basis in bases)
    has_bsn, secret = facts.has_bsn is not False, facts.indicatie_geheim is not False
    key = (clause.id, names, has_bsn, secret, cuts, id(received))
    found = lane.grants.get(key)
    if found is None:
        grant = clause.grant(Variant(names, has_bsn, secret, cuts, received))
        found = lane.grants[key] = (grant, received)
    return found[0]


def _next_age(lane: Lane, facts: SubjectFacts) -> int | None:
    return next((border for border in lane.borders if facts.age is not None and border > facts.age), None)


def _until(lane: Lane, next_age: int | None, as_of: date, canonical: Canonical, source: _Said | None) -> date:
    """The next day on which the answer can change: a border of the policy, a birthday, or that of what is passed on."""
    until = lane.until
    if source is not None and source[2] < until:
        until = source[2]
    if next_age is not None:
        turns = birthday(canonical.record.geboortedatum.reveal(), next_age)
        if turns < until:
            # Facts that contradict the date of birth are asked again tomorrow.
            until = max(turns, as_of + _A_DAY)
    return until
