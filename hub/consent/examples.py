"""The tests that stand beside each agreement, as questions to the policy, and what came of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hub.consent.decide import ask
from hub.consent.facts import birthday
from hub.consent.given import Example, Given, GivenStatement
from hub.consent.model import Agreement, PolicySet
from hub.consent.question import Decision, Outcome, Question
from hub.consent.table import DecisionTable
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.terms import PartyId, RecordKind


@dataclass(frozen=True, slots=True)
class Ran:
    """An example and its decision; `faults` say how that differs from what the example expects."""

    agreement: Agreement
    example: Example
    decision: Decision
    faults: tuple[str, ...]


def run(policy: PolicySet, table: DecisionTable, agreement: Agreement) -> list[Ran]:
    """The examples of one agreement, in their order."""
    asked = [question_of(policy, agreement, example) for example in agreement.tests]
    return [
        Ran(agreement, example, decision, tuple(faults(agreement, example, decision)))
        for example, decision in zip(agreement.tests, ask(table, asked), strict=True)
    ]


def question_of(policy: PolicySet, agreement: Agreement, example: Example) -> Question:
    """What the example asks."""
    given = example.given
    born = None if given.age is None else birthday(example.day, -given.age)
    return Question(
        record=example.record or _only_record(agreement),
        path=example.path,
        facts=facts_of(policy, given, example.day, example.path),
        purpose=example.purpose,
        born=born,
    )


def facts_of(policy: PolicySet, given: Given, day: date, path: tuple[PartyId, ...]) -> SubjectFacts:
    """The facts of an example; a statement that is a word alone is for all the parties of the path and all purposes."""
    said = given.standing or ()
    return SubjectFacts(
        as_of=day,
        age=given.age,
        overleden=given.overleden,
        startkwalificatie=given.startkwalificatie,
        ingeschreven=given.ingeschreven,
        indicatie_geheim=given.indicatie_geheim,
        onderwijssoort=given.onderwijssoort,
        datum_diploma=given.datum_diploma,
        gemeente=given.gemeente,
        has_bsn=given.has_bsn,
        standing=None if given.standing_unknown else frozenset(_stated(policy, one, path) for one in said),
        more=frozenset((name, value) for name, value in given.facts.items() if value is not None),
    )


def _stated(policy: PolicySet, said: StatementKind | GivenStatement, path: tuple[PartyId, ...]) -> Stated:
    one = GivenStatement(statement=said) if isinstance(said, StatementKind) else said
    return Stated(
        one.statement,
        one.state,
        one.voice,
        frozenset(policy.purposes if one.purposes is None else one.purposes),
        frozenset(path if one.parties is None else one.parties),
    )


def _only_record(agreement: Agreement) -> RecordKind:
    return agreement.clauses[0].record


def faults(agreement: Agreement, example: Example, decision: Decision) -> Iterator[str]:
    """How the decision differs from what the example of `agreement` expects; nothing where it does not."""
    if (decision.outcome is Outcome.deny) != (example.expect == "deny"):
        yield f"the answer is {decision.outcome}: {', '.join(decision.reasons) or 'nothing is shut'}"
        return
    if example.expect == "deny":
        for code in sorted({*decision.reasons} - {*example.reasons}):
            yield f"{code} is given, and not expected"
        for code in sorted({*example.reasons} - {*decision.reasons}):
            yield f"{code} is expected, and not given"
        return
    if decision.agreement != agreement.id:
        yield f"it is permitted by {decision.agreement}"
    passed, withheld = dict(decision.fields), dict(decision.refused)
    for name in example.passes:
        if name not in passed:
            yield f"{name} stays behind: {withheld.get(name, 'it is not in the record')}"
    for name, form in example.forms.items():
        if passed.get(name) is not form:
            yield f"{name} does not pass as {form.value}: {passed.get(name) or withheld.get(name, 'it is not in the record')}"
    for name, reason in example.withheld.items():
        if withheld.get(name) != reason:
            held = "it passes" if name in passed else "it is not in this record, or another number passes in its place"
            yield f"{name} is not withheld for {reason}: {withheld.get(name, held)}"
