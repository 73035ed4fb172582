"""The Cedar export decides as the hub does: another engine, written by others, as the second oracle of the decision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.cedar_request import cedar_requests
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.examples import question_of
from hub.consent.export_cedar import cedar_entities, cedar_policies, cedar_schema
from hub.consent.model import Agreement, Permit, PolicySet
from hub.consent.question import Outcome, Question
from hub.consent.table import DecisionTable
from hub.domain.stages import Grant
from hub.domain.terms import ElementName, PurposeId
from tests.fakes.rulebook import World
from tests.fakes.shipped import shipped_policy

SHIPPED = shipped_policy()
SEEDS = st.integers(0, 2**32)


class Cedar:
    """A policy set in the other engine, with its schema."""

    def __init__(self, policy: PolicySet) -> None:
        self._policy = policy
        text = cedar_schema(policy)
        self._policies = cedarpy.PolicySet.from_str(cedar_policies(policy))
        self._schema = cedarpy.Schema.from_str(text)
        self._entities = cedarpy.Entities.from_json_str(json.dumps(cedar_entities(policy)), schema=text)

    def allowed(self, question: Question, purpose: PurposeId, received: Grant | None) -> set[ElementName]:
        """The elements that may pass."""
        requests = cedar_requests(
            self._policy,
            question.record,
            question.path[-2],
            question.path[-1],
            purpose,
            question.facts,
            received,
            passed_on=len(question.path) > 2,
        )
        return self.of(requests)

    def of(self, requests: Mapping[ElementName, dict[str, Any]]) -> set[ElementName]:
        """The elements whose request is allowed; none may be skipped for an error."""
        results = cedarpy.is_authorized_batch(list(requests.values()), self._policies, self._entities, schema=self._schema)
        for result in results:
            assert result.decision is not cedarpy.Decision.NoDecision
            assert not result.diagnostics.errors
        return {name for name, result in zip(requests, results, strict=True) if result.allowed}


def _received(table: DecisionTable, question: Question) -> Grant | None:
    if len(question.path) == 2:
        return None
    return ask(table, [replace(question, path=question.path[:-1], purpose=None, elements=None)])[0].grant


def _compare(table: DecisionTable, cedar: Cedar, question: Question) -> Outcome:
    decision = ask(table, [replace(question, elements=None)])[0]
    assert question.purpose is not None
    allowed = cedar.allowed(question, question.purpose, _received(table, question))
    assert allowed == {name for name, _ in decision.fields}, (decision.clause, decision.reasons)
    return decision.outcome


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 120))
def test_the_other_engine_decides_alike_per_element(seed: int, clauses: int) -> None:
    world = World(Random(seed))
    policy = world.policy(max(clauses, 2))
    if not any(isinstance(one, Permit) for agreement in policy.agreements for one in agreement.clauses):
        return
    table, cedar = compile_policy(policy), Cedar(policy)
    for number in range(12):
        _compare(table, cedar, world.question(policy, steps=1 + number % 2))


def test_both_answers_are_seen_along_one_step_and_along_two() -> None:
    seen = set()
    for seed in range(6):
        world = World(Random(seed))
        policy = world.policy(100)
        table, cedar = compile_policy(policy), Cedar(policy)
        for number in range(30):
            question = world.question(policy, steps=1 + number % 2)
            seen.add((len(question.path), _compare(table, cedar, question)))
    assert {(steps, outcome) for steps in (2, 3) for outcome in (Outcome.permit, Outcome.deny)} <= seen


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_every_policy_validates_against_its_schema_and_reads_the_same_twice(seed: int) -> None:
    policy, again = World(Random(seed)).policy(30), World(Random(seed)).policy(30)
    checked = cedarpy.validate_policies(cedar_policies(policy), cedar_schema(policy))
    assert checked.validation_passed, [str(error) for error in checked.errors]
    assert cedar_policies(policy) == cedar_policies(again)
    assert cedar_schema(policy) == cedar_schema(again)
    assert cedar_entities(policy) == cedar_entities(again)


@pytest.fixture(scope="module")
def shipped() -> tuple[DecisionTable, Cedar]:
    return compile_policy(SHIPPED), Cedar(SHIPPED)


@pytest.mark.parametrize("agreement", SHIPPED.agreements, ids=lambda agreement: agreement.id)
def test_the_shipped_examples_decide_alike(agreement: Agreement, shipped: tuple[DecisionTable, Cedar]) -> None:
    table, cedar = shipped
    for example in agreement.tests:
        question = question_of(SHIPPED, agreement, example)
        known = all(party in SHIPPED.parties for party in question.path)
        purpose = question.purpose or ask(table, [question])[0].purpose
        if known and purpose is not None:
            _compare(table, cedar, replace(question, purpose=purpose))


def test_the_shipped_set_validates_and_names_its_hash_and_what_is_not_in_it() -> None:
    text = cedar_policies(SHIPPED)
    assert cedarpy.validate_policies(text, cedar_schema(SHIPPED)).validation_passed
    assert text.startswith(f"// Policy set {SHIPPED.hash}\n// What this export does not carry over")
    assert cedar_schema(SHIPPED).startswith(f"// Policy set {SHIPPED.hash}\n")
    for agreement in SHIPPED.agreements:
        for clause in agreement.clauses:
            assert text.count(f'@id("{clause.id}")\n@agreement("{agreement.id}")\n@article(') == 1


def test_a_fact_that_nobody_knows_never_opens_anything() -> None:
    """With the schema nothing is skipped on error: whatever optional fact is left out, no element more passes."""
    seen = 0
    for seed in range(4):
        world = World(Random(seed))
        policy = world.policy(40)
        cedar = Cedar(policy)
        for _ in range(6):
            question = world.question(policy, ease=1.0)
            assert question.purpose is not None
            requests = cedar_requests(policy, question.record, *question.path, question.purpose, question.facts)
            whole = cedar.of(requests)
            for fact in next(iter(requests.values()))["context"].keys() - {"giver", "day"}:
                less = {
                    name: {**one, "context": {key: value for key, value in one["context"].items() if key != fact}}
                    for name, one in requests.items()
                }
                assert cedar.of(less) <= whole, fact
                seen += len(whole)
    assert seen
