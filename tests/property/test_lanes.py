"""A table that has answered much answers as one that was just made: what lanes keep and share over days changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.compile import compile_policy
from hub.consent.decide import ask, bulk
from hub.consent.model import Permit
from tests.fakes.rulebook import RECORD, START, World


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(12, 60))
def test_a_table_that_was_used_answers_as_a_new_one(seed: int, clauses: int) -> None:
    rnd = Random(seed)
    world = World(rnd)
    policy = world.policy(clauses)
    if not any(isinstance(one, Permit) for agreement in policy.agreements for one in agreement.clauses):
        return
    used = compile_policy(policy)
    for number in range(4):
        question = world.question(policy, elements=20 if number % 2 else None, steps=1 + number % 2)
        for _ in range(6):
            day = START + timedelta(days=rnd.randint(-5, 1500))
            asked = replace(question, facts=question.facts.but(as_of=day), born=day - timedelta(days=365 * 19))
            assert ask(used, [asked]) == ask(compile_policy(policy), [asked])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_a_list_is_decided_as_each_of_it_alone(seed: int) -> None:
    world = World(Random(seed))
    policy = world.policy(30)
    question = world.question(policy)
    people = [world.facts_of() if number % 2 else world.ordinary() for number in range(20)]
    table, giver, recipient = compile_policy(policy), *question.path
    listed = bulk(table, RECORD, giver, recipient, question.purpose, people)
    alone = ask(compile_policy(policy), [replace(question, facts=one) for one in people])
    assert [(one.grant, one.reasons, one.clause) for one in listed] == [(one.grant, one.reasons, one.clause) for one in alone]
    assert bulk(table, RECORD, giver, recipient, question.purpose, []) == []
