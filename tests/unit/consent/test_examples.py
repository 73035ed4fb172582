"""The tests that stand beside each agreement, run as they are written there."""

import pytest

from hub.consent.compile import compile_policy
from hub.consent.examples import run
from hub.consent.model import Agreement, Gate
from tests.fakes.shipped import shipped_policy

POLICY_SET = shipped_policy()
TABLE = compile_policy(POLICY_SET)
EXAMPLES = [
    pytest.param(ran, id=f"{agreement.id}: {ran.example.name}")
    for agreement in POLICY_SET.agreements
    for ran in run(POLICY_SET, TABLE, agreement)
]


@pytest.mark.parametrize("ran", EXAMPLES)
def test_example(ran):
    assert ran.faults == ()


@pytest.mark.parametrize("agreement", POLICY_SET.agreements, ids=lambda agreement: agreement.id)
def test_every_gate_that_an_agreement_uses_has_been_seen_shut_and_open(agreement: Agreement):
    gates = {POLICY_SET.reasons[code].gate for example in agreement.tests for code in example.reasons}
    gates |= {POLICY_SET.reasons[code].gate for example in agreement.tests for code in example.withheld.values()}
    used = set(Gate) - {Gate.invoer, Gate.bezorging, Gate.consent, Gate.recipient}
    if any(clause.recipient.home for clause in agreement.clauses):
        used.add(Gate.recipient)
    bases = [POLICY_SET.laws[basis] for clause in agreement.clauses for basis in getattr(clause, "bases", ())]
    if any(getattr(clause, "requires", ()) for clause in agreement.clauses) or any(basis.requires for basis in bases):
        used.add(Gate.consent)
    assert used <= gates
    assert any(example.expect == "permit" for example in agreement.tests)


def test_the_examples_are_not_all_about_the_same_answer():
    answers = {ran.values[0].decision.outcome.value == "deny" for ran in EXAMPLES}
    assert answers == {True, False}


def test_an_example_that_expects_otherwise_says_how_it_differs():
    agreement = POLICY_SET.agreements[0]
    permitted = next(example for example in agreement.tests if example.expect == "permit")
    refused = next(example for example in agreement.tests if example.expect == "deny")
    wrong = [
        permitted.model_copy(update={"expect": "deny"}),
        permitted.model_copy(update={"withheld": {permitted.passes[0]: "NIET_NODIG"}}),
        refused.model_copy(update={"reasons": ("GEEN_AFSPRAAK",)}),
    ]
    assert all(ran.faults for ran in run(POLICY_SET, TABLE, agreement.model_copy(update={"tests": tuple(wrong)})))


def test_a_number_that_another_stands_in_for_is_not_said_to_pass():
    agreement = next(one for one in POLICY_SET.agreements if one.id == "duo-doorstroompunt/1")
    permitted = next(example for example in agreement.tests if "bsn" in example.passes)
    wrong = permitted.model_copy(update={"withheld": {"onderwijsnummer": "NIET_NODIG", "bsn": "NIET_NODIG"}})
    (ran,) = run(POLICY_SET, TABLE, agreement.model_copy(update={"tests": (wrong,)}))
    assert [fault.partition(": ")[2] for fault in ran.faults] == [
        "it is not in this record, or another number passes in its place",
        "it passes",
    ]
