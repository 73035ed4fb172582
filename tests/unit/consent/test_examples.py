"""The tests that stand beside each agreement, run as they are written there."""

from datetime import date
from pathlib import Path

import pytest

from hub.consent.compile import compile_policy
from hub.consent.decide import decide
from hub.consent.facts import birthday
from hub.consent.model import Agreement, Example, Gate, Given, PolicySet
from hub.consent.policy import load_policy
from hub.consent.table import DecisionTable
from hub.domain.facts import SubjectFacts
from hub.domain.personal import Bsn, Onderwijsnummer, Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Candidate, Canonical, Permitted, Refused, Row, Verdict
from tests.strategies import number_with_remainder

POLICY_SET = load_policy(Path(__file__).parents[3] / "schemas" / "policy")
EXAMPLES = [
    pytest.param(agreement, example, id=f"{agreement.id}: {example.name}")
    for agreement in POLICY_SET.agreements
    for example in agreement.tests
]


def _record(born: date, has_bsn: bool) -> Uitvalmelding:
    number = number_with_remainder(99_999_001, 5)
    assert number is not None
    return Uitvalmelding(
        bsn=Bsn("999990019") if has_bsn else None,
        onderwijsnummer=None if has_bsn else Onderwijsnummer(number),
        geslachtsnaam=Personal("Verzonnen"),
        geboortedatum=Personal(born),
        gemeente=Personal("9001"),
        indicatie_geheim=Personal(False),
        brin=Personal("98ZZ"),
        onderwijssoort=Personal("mbo"),
        datum_uitschrijving=Personal(date(2050, 1, 1)),
        startkwalificatie=Personal(False),
    )


def _facts(given: Given, day: date) -> SubjectFacts:
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
        standing=None if given.standing_unknown else frozenset(given.standing or ()),
    )


def answer(table: DecisionTable, example: Example) -> Verdict:
    """What the last step of the example's path answers."""
    born = birthday(example.day, -(19 if example.given.age is None else example.given.age))
    canonical = Canonical(_record(born, example.given.has_bsn is not False), Row(1, Personal({}), Personal(b"")))
    steps = [Candidate(to, giver, (giver,)) for giver, to in zip(example.path, example.path[1:], strict=False)]
    return decide(table, [canonical], [_facts(example.given, example.day)], [steps])[0][-1]


@pytest.mark.parametrize(("agreement", "example"), EXAMPLES)
def test_example(agreement: Agreement, example: Example, table: DecisionTable):
    verdict = answer(table, example)
    if example.expect == "deny":
        assert isinstance(verdict, Refused)
        assert set(verdict.reasons) == set(example.reasons)
        return
    assert isinstance(verdict, Permitted), verdict.reasons
    assert verdict.grant.agreement == agreement.id
    assert set(example.passes) <= {name for name, _ in verdict.grant.fields}
    withheld = dict(verdict.grant.withheld)
    assert {name: withheld.get(name) for name in example.withheld} == example.withheld


@pytest.mark.parametrize("agreement", POLICY_SET.agreements, ids=lambda agreement: agreement.id)
def test_every_gate_that_an_agreement_uses_has_been_seen_shut_and_open(agreement: Agreement):
    gates = {POLICY_SET.reasons[code].gate for example in agreement.tests for code in example.reasons}
    gates |= {POLICY_SET.reasons[code].gate for example in agreement.tests for code in example.withheld.values()}
    used = set(Gate) - {Gate.invoer, Gate.bezorging, Gate.consent}
    if any(getattr(clause, "requires", ()) for clause in agreement.clauses):
        used.add(Gate.consent)
    assert used <= gates
    assert any(example.expect == "permit" for example in agreement.tests)


def test_the_examples_are_not_all_about_the_same_answer(policy: PolicySet):
    table = compile_policy(policy)
    assert {type(answer(table, example)) for a in policy.agreements for example in a.tests} == {Permitted, Refused}
