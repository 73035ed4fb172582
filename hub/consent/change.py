"""What could be otherwise about a question that was refused, and the same question after it. Pure types, and `apply`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from hub.consent.facts import age_on
from hub.consent.model import Accession, Agreement, Life, Need, Permit, PolicySet, Reference
from hub.consent.otherwise import otherwise, rewritten
from hub.consent.question import Question
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.terms import AgreementId, ClauseId, ElementName, FactName, Form, PartyId, PurposeId

Fact = Literal[
    "age",
    "overleden",
    "startkwalificatie",
    "ingeschreven",
    "indicatie_geheim",
    "onderwijssoort",
    "datum_diploma",
    "gemeente",
    "has_bsn",
]


@dataclass(frozen=True, slots=True)
class OnDay:
    """The question is asked on a later day: something begins to hold, or the young person has had a birthday."""

    day: date


@dataclass(frozen=True, slots=True)
class Through:
    """The data come along this way to the one who gives them."""

    path: tuple[PartyId, ...]


@dataclass(frozen=True, slots=True)
class ForPurpose:
    """The question names this purpose."""

    purpose: PurposeId


@dataclass(frozen=True, slots=True, repr=False)
class FactIs:
    """A fact about the young person is this."""

    fact: Fact
    value: bool | int | str | date


@dataclass(frozen=True, slots=True, repr=False)
class FurtherFactIs:
    """A further fact about the young person is this."""

    fact: FactName
    value: bool | date


@dataclass(frozen=True, slots=True)
class StatementsKnown:
    """It is known what the young person has stated; nothing, as far as this question goes."""


@dataclass(frozen=True, slots=True, repr=False)
class Obtain:
    """A yes is given, in place of what was said before about the same."""

    stated: Stated


@dataclass(frozen=True, slots=True, repr=False)
class Lift:
    """A no of this kind no longer stands."""

    kind: StatementKind


@dataclass(frozen=True, slots=True)
class Amend:
    """An agreement is put in order: what it lacked, or what had lapsed."""

    agreement: AgreementId
    what: Literal["effective", "controllership", "processor_contract", "dpia", "fg_advice", "accession"]
    party: PartyId | None = None


@dataclass(frozen=True, slots=True)
class AddField:
    """A clause names an element more, in the form that tells least."""

    clause: ClauseId
    element: ElementName
    form: Form


@dataclass(frozen=True, slots=True)
class DropClause:
    """The parties take back a prohibition of their own."""

    clause: ClauseId


@dataclass(frozen=True, slots=True)
class Revive:
    """An agreement is signed by all, or no longer suspended."""

    agreement: AgreementId


@dataclass(frozen=True, slots=True)
class Answer:
    """A recipient answers the notice that it left lying."""

    party: PartyId


Change = (
    OnDay
    | Through
    | ForPurpose
    | FactIs
    | FurtherFactIs
    | StatementsKnown
    | Obtain
    | Lift
    | Amend
    | AddField
    | DropClause
    | Revive
    | Answer
)
_OF_POLICY: Final = (Amend, AddField, DropClause, Revive, Answer)
_NEED: Final = "Wat de ontvanger hiermee doet, moeten de partijen nog opschrijven."


@dataclass(frozen=True, slots=True)
class Situation:
    """A question with the rules that it is asked of."""

    policy: PolicySet
    life: Life
    question: Question


def of_policy(change: Change) -> bool:
    """Whether the rules change by it, and not the question."""
    return isinstance(change, _OF_POLICY)


def apply(situation: Situation, changes: Iterable[Change]) -> Situation:
    """The same question when all of that is otherwise. The day comes first: with it comes the age."""
    for change in sorted(changes, key=lambda one: not isinstance(one, OnDay)):
        situation = _policy(situation, change) if of_policy(change) else _question(situation, change)
    return situation


def _question(situation: Situation, change: Change) -> Situation:
    question, facts = situation.question, situation.question.facts
    if isinstance(change, OnDay):
        age = facts.age if question.born is None else age_on(question.born, change.day)
        facts = facts.but(as_of=change.day, age=age)
    elif isinstance(change, Through):
        question = otherwise(question, path=change.path)
    elif isinstance(change, ForPurpose):
        question = otherwise(question, purpose=change.purpose)
    elif isinstance(change, FactIs):
        facts = facts.but(**{change.fact: change.value})
    elif isinstance(change, FurtherFactIs):
        others = frozenset(each for each in facts.more if each[0] != change.fact)
        facts = facts.but(more=others | {(change.fact, change.value)})
    else:
        facts = facts.but(standing=_standing(facts, change))
    return otherwise(situation, question=otherwise(question, facts=facts))


def _standing(facts: SubjectFacts, change: Change) -> frozenset[Stated]:
    standing = facts.standing or frozenset()
    if isinstance(change, Lift):
        return frozenset(one for one in standing if one.kind is not change.kind)
    if isinstance(change, Obtain):
        said = change.stated
        return frozenset(one for one in standing if one.kind is not said.kind or not _same(one, said)) | {said}
    return standing


def _same(one: Stated, other: Stated) -> bool:
    """Whether two statements speak of one purpose and recipient, so that the later takes the place of the earlier."""
    return not _apart(one.purposes, other.purposes) and not _apart(one.parties, other.parties)


def _apart(some: frozenset[Any] | None, others: frozenset[Any] | None) -> bool:
    return some is not None and others is not None and some.isdisjoint(others)


def _policy(situation: Situation, change: Change) -> Situation:
    policy, life = situation.policy, situation.life
    if isinstance(change, Revive):
        shut = MappingProxyType({name: why for name, why in life.shut.items() if name != change.agreement})
        return otherwise(situation, life=otherwise(life, shut=shut))
    if isinstance(change, Answer):
        return otherwise(situation, life=otherwise(life, silent=life.silent - {change.party}))
    day = situation.question.facts.as_of
    agreements = tuple(changed(each, change, day) for each in policy.agreements if not _emptied(each, change))
    return otherwise(situation, policy=otherwise(policy, agreements=agreements))


def _emptied(agreement: Agreement, change: Change) -> bool:
    """Whether nothing is left of an agreement."""
    return isinstance(change, DropClause) and {clause.id for clause in agreement.clauses} == {change.clause}


def changed(agreement: Agreement, change: Change, day: date) -> Agreement:
    """An agreement after a change of the rules; one that it is not about stays as it is."""
    if isinstance(change, Amend):
        return _amended(agreement, change, day) if agreement.id == change.agreement else agreement
    clauses: Sequence[Any] = agreement.clauses
    if isinstance(change, DropClause):
        clauses = [clause for clause in clauses if clause.id != change.clause]
    elif isinstance(change, AddField):
        clauses = [_with_field(clause, change) if clause.id == change.clause else clause for clause in clauses]
    return rewritten(agreement, clauses=tuple(clauses))


def _with_field(clause: Permit, change: AddField) -> Permit:
    need = Need(form=change.form, need=_NEED)
    return rewritten(clause, fields={**clause.fields, change.element: need})


def _amended(agreement: Agreement, change: Amend, day: date) -> Agreement:
    ends = max(agreement.effective.until, _later(day))
    if change.what == "effective":
        starts = min(agreement.effective.start, day)
        return rewritten(agreement, effective=rewritten(agreement.effective, start=starts, until=ends))
    if change.what == "controllership":
        return rewritten(agreement, controllership=_NEED)
    if change.what == "processor_contract":
        return rewritten(agreement, processor_contract=Reference(ref="nog op te stellen", date=day))
    if change.what == "accession":
        assert change.party is not None
        others = [party for party in agreement.parties if party.id != change.party]
        return rewritten(agreement, parties=(*others, Accession(id=change.party, acceded=day)))
    dated = agreement.dpia if change.what == "dpia" else agreement.fg_advice
    return rewritten(agreement, **{change.what: rewritten(dated, review_due=_later(day))})


def _later(day: date) -> date:
    return day.replace(year=day.year + 1, day=min(day.day, 28))
