"""Decides: may this record go to this recipient, which fields, in which form, until when? Pure; the law is in the table.

Eight gates, always told in this order: agreement, purpose, basis, recipient, subject, consent, fields, retention. All of a
clause are tried, so that a refusal names everything that is shut. A fact that nobody knows shuts the gate that asks for it.
One function answers single questions, lists and replays: `_ask`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Final

from hub.consent import codes
from hub.consent.facts import birthday, months_after
from hub.consent.gates import gates, granted, prohibitions
from hub.consent.model import Gate
from hub.consent.question import Decision, Outcome, Question
from hub.consent.table import Answer, ClauseRow, DecisionTable, Lane
from hub.domain.facts import SubjectFacts
from hub.domain.stages import Candidate, Canonical, Grant, Permitted, Refused, Verdict
from hub.domain.terms import ElementName, PartyId, PurposeId, ReasonCode, RecordKind

_A_DAY: Final = timedelta(days=1)
_KEPT: Final = 20_000
_NOTHING: Final = frozenset[ElementName]()
_AGREEMENT: Final = tuple(Gate).index(Gate.agreement)


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
            giver, recipient = candidate.provider, candidate.recipient
            lane, answer, source = _ask(table, canonical.record.KIND, None, known, giver, recipient, said)
            until = date.max
            if answer.grant is not None:
                until = _until(lane, answer, known, canonical.record.geboortedatum.reveal(), source)
                verdicts.append(Permitted(canonical, candidate, answer.grant, until))
            else:
                verdicts.append(
                    Refused(
                        canonical, candidate, answer.purpose, answer.agreement, answer.reasons, answer.personal, table.policy
                    )
                )
            said.append((recipient, answer, until))
        answers.append(verdicts)
    return answers


def reconsider(
    table: DecisionTable,
    kinds: Sequence[RecordKind],
    facts: Sequence[SubjectFacts],
    candidates: Sequence[Sequence[Candidate]],
    recipient: PartyId,
) -> list[Answer | None]:
    """What would be answered today towards `recipient`, from facts that were kept; None where it is no candidate any more.

    The same gates over the same chain of givers as `decide`, for what waits to be sent.
    """
    answers: list[Answer | None] = []
    for kind, known, recipients in zip(kinds, facts, candidates, strict=True):
        said: list[_Said] = []
        for candidate in recipients:
            _, answer, _ = _ask(table, kind, None, known, candidate.provider, candidate.recipient, said)
            said.append((candidate.recipient, answer, date.max))
        answers.append(next((answer for party, answer, _ in said if party == recipient), None))
    return answers


def ask(table: DecisionTable, questions: Sequence[Question]) -> list[Decision]:
    """One decision per question, in order."""
    return [_decision(table, question) for question in questions]


def answers(table: DecisionTable, questions: Sequence[Question]) -> list[Answer]:
    """What `ask` decides by, whatever elements were asked for and however long it holds: for comparing many questions."""
    found: list[Answer] = []
    for question in questions:
        said: list[_Said] = []
        last = len(question.path) - 2
        for number, (giver, recipient) in enumerate(pairwise(question.path)):
            purpose = question.purpose if number == last else None
            answer = _ask(table, question.record, purpose, question.facts, giver, recipient, said)[1]
            said.append((recipient, answer, date.max))
        found.append(said[-1][1])
    return found


def bulk(
    table: DecisionTable,
    record: RecordKind,
    giver: PartyId,
    recipient: PartyId,
    purpose: PurposeId | None,
    facts: Sequence[SubjectFacts],
) -> list[Answer]:
    """The answers for a whole list from one giver to one recipient, on each one's own day; the same as `ask`, one by one."""
    if not facts:
        return []
    answers: list[Answer] = []
    day = facts[0].as_of
    lane = table.lane(giver, recipient, record, purpose, day)
    kept, key_of = lane.answers, _key_of(lane)
    for known in facts:
        if known.as_of != day:
            day = known.as_of
            lane = table.lane(giver, recipient, record, purpose, day)
            kept, key_of = lane.answers, _key_of(lane)
        key = key_of(known)
        answers.append(kept.get(key) or _remember(table, lane, key, known, None))
    return answers


def _decision(table: DecisionTable, question: Question) -> Decision:
    said: list[_Said] = []
    facts, born = question.facts, question.born
    last = len(question.path) - 2
    if last < 0:
        raise ValueError("a question has a giver and a recipient")
    answer, until = None, date.max
    for number, (giver, recipient) in enumerate(pairwise(question.path)):
        purpose = question.purpose if number == last else None
        lane, answer, source = _ask(table, question.record, purpose, facts, giver, recipient, said)
        until = _until(lane, answer, facts, born, source)
        said.append((recipient, answer, until))
    assert answer is not None
    return _told(table, question, answer, until)


def _told(table: DecisionTable, question: Question, answer: Answer, until: date) -> Decision:
    grant, asked = answer.grant, question.elements
    fields = () if grant is None else grant.fields
    refused = () if grant is None else grant.withheld
    reasons, personal = answer.reasons, answer.personal
    if asked is not None and grant is not None:
        fields = tuple([field for field in fields if field[0] in asked])
        refused = tuple([each for each in refused if each[0] in asked])
        known = table.elements_of.get(question.record, _NOTHING)
        if not asked <= known:
            refused += tuple((name, codes.ELEMENT_ONBEKEND) for name in sorted(asked - known))
        if not fields:
            grant, reasons = None, (codes.GEEN_VELD,)
    if grant is not None:
        personal = grant.personal and grant.personal.intersection([code for _, code in refused])
    complete = asked is None or not refused
    return Decision(
        outcome=Outcome.deny if grant is None else Outcome.permit if complete else Outcome.partial,
        policy=table.policy,
        agreement=answer.agreement,
        clause=answer.clause,
        purpose=answer.purpose,
        fields=fields,
        refused=refused,
        reasons=reasons,
        personal=personal,
        grant=grant,
        valid_until=until,
    )


_Said = tuple[PartyId, Answer, date]
"""What was answered to an earlier candidate of the same record, and until when it holds."""


def _ask(
    table: DecisionTable,
    record: RecordKind,
    purpose: PurposeId | None,
    facts: SubjectFacts,
    giver: PartyId,
    recipient: PartyId,
    earlier: Sequence[_Said],
) -> tuple[Lane, Answer, _Said | None]:
    lane = table.lane(giver, recipient, record, purpose, facts.as_of)
    said: _Said | None = None
    for one in earlier:
        if one[0] == giver:
            said = one
            break
    source = None if said is None else said[1]
    key = _known(lane, facts, source)
    answer = lane.answers.get(key) or _remember(table, lane, key, facts, source)
    return lane, answer, said


def _remember(
    table: DecisionTable, lane: Lane, key: tuple[Hashable, ...], facts: SubjectFacts, source: Answer | None
) -> Answer:
    if len(lane.answers) >= _KEPT:
        lane.answers.clear()
    answer = lane.answers[key] = _answer(table, lane, facts, source)
    return answer


_USUAL: Final = (
    *("age", "overleden", "startkwalificatie", "ingeschreven", "indicatie_geheim"),
    *("onderwijssoort", "gemeente", "has_bsn", "standing"),
)
_usual: Final = attrgetter(*_USUAL)
_all: Final = attrgetter(*_USUAL, "datum_diploma", "more")


def _key_of(lane: Lane) -> Callable[[SubjectFacts], tuple[Hashable, ...]]:
    return _all if lane.asks or lane.diploma_of else _usual


def _known(lane: Lane, facts: SubjectFacts, source: Answer | None) -> tuple[Hashable, ...]:
    """All that an answer on this lane depends on. The source's grant stands by identity; the answer keeps it alive."""
    known = _key_of(lane)(facts)
    return known if source is None else (known, 0 if source.grant is None else id(source.grant))


def _answer(table: DecisionTable, lane: Lane, facts: SubjectFacts, source: Answer | None) -> Answer:
    received = None if source is None else source.grant
    stopped, cuts = prohibitions(lane.forbids, facts)
    shut: list[ReasonCode] = []
    nearest: ClauseRow | None = None
    permitted: Answer | None = None
    for clause in lane.clauses:
        reasons, bases, stated = gates(clause, lane, facts, source)
        reasons |= stopped
        if not reasons:
            grant = granted(clause, lane, facts, bases, cuts, stated, received)
            if grant.fields:
                found = Answer(
                    grant, _next_age(lane, facts), clause.id, clause.purpose, clause.agreement, (), frozenset(), received
                )
                if lane.one_purpose:
                    return found
                if permitted is not None and permitted.purpose != found.purpose:
                    return _refusal(table, None, [codes.DOEL_NIET_GENOEMD], lane, facts, received)
                permitted = permitted or found
                continue
            reasons = {codes.GEEN_VELD}
        told = sorted(reasons, key=table.rank.__getitem__)
        if nearest is None or _nearness(table, clause, facts, told) > _nearness(table, nearest, facts, shut):
            nearest, shut = clause, told
    if permitted is not None:
        return permitted
    if nearest is None:
        shut = sorted({*lane.unknown, *stopped}, key=lambda code: table.rank.get(code, 0))
    return _refusal(table, nearest, shut, lane, facts, received)


def _nearness(
    table: DecisionTable, clause: ClauseRow, facts: SubjectFacts, shut: Sequence[ReasonCode]
) -> tuple[bool, bool, int, int]:
    """How near a clause came: of an agreement in force first, then about this age, then how late and how few gates shut."""
    gate = table.rank[shut[0]] // 1000
    meant = facts.age is None or clause.youngest <= facts.age <= clause.oldest
    return gate > _AGREEMENT, meant, gate, -len(shut)


def _refusal(
    table: DecisionTable,
    nearest: ClauseRow | None,
    shut: Sequence[ReasonCode],
    lane: Lane,
    facts: SubjectFacts,
    received: Grant | None,
) -> Answer:
    return Answer(
        grant=None,
        next_age=_next_age(lane, facts),
        clause=None if nearest is None else nearest.id,
        purpose=None if nearest is None else nearest.purpose,
        agreement=None if nearest is None else nearest.agreement,
        reasons=tuple(shut),
        personal=table.personal.intersection(shut),
        received=received,
    )


def _next_age(lane: Lane, facts: SubjectFacts) -> int | None:
    return next((border for border in lane.borders if facts.age is not None and border > facts.age), None)


def _until(lane: Lane, answer: Answer, facts: SubjectFacts, born: date | None, source: _Said | None) -> date:
    """The next day on which the answer can change: a border of the policy, of a statement or a fact, a birthday, or that of
    what is passed on."""
    until = lane.until
    if source is not None and source[2] < until:
        until = source[2]
    if answer.next_age is not None and born is not None:
        turns = birthday(born, answer.next_age)
        if turns < until:
            # Facts that contradict the date of birth are asked again tomorrow.
            until = max(turns, facts.as_of + _A_DAY)
    for stated in facts.standing or ():
        if stated.until is not None and facts.as_of < stated.until < until:
            until = stated.until
    if lane.asks or lane.diploma_of:
        until = min((day for day in _moments(lane, facts) if facts.as_of < day < until), default=until)
    return until


def _moments(lane: Lane, facts: SubjectFacts) -> Iterator[date]:
    """The days on which a term that the policy counts has run out for this young person."""
    for clause in lane.clauses:
        for window in clause.within:
            if isinstance(day := facts.known(window.name), date):
                yield from (day, months_after(day, window.months) + _A_DAY)
        for asked in (*clause.requires, *(basis.asks for basis in clause.bases if basis.asks is not None)):
            for term in asked.required.when:
                if facts.datum_diploma is not None:
                    yield birthday(facts.datum_diploma, term.years_after_diploma) + _A_DAY
