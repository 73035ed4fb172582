"""The decision: 2,000 distinct questions for 20 of 40 elements over 50 rules, 20,000 young people in one list; again at 500.

All engines answer alike before anything is timed: our table, the plain evaluator of the tests, Cedar (one request an element,
policies parsed beforehand) and casbin (permit or not, the gates of a clause as a function). Baselines: Cedar and casbin on the
same questions. Every number is a rate per second of one core's time; rounds are interleaved, the median counts.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import casbin
import cedarpy
from casbin.model import FastModel

from bench.world import Result, say
from hub.consent.cedar_request import cedar_requests
from hub.consent.compile import compile_policy
from hub.consent.decide import ask, bulk
from hub.consent.export_cedar import cedar_entities, cedar_policies, cedar_schema
from hub.consent.model import Permit, PolicySet
from hub.consent.question import Outcome, Question
from hub.domain.facts import SubjectFacts
from tests.fakes.rulebook import RECORD, World
from tests.property.naive_decide import naive

QUESTIONS = 2_000
SUBJECTS = 20_000
ELEMENTS = 20
TODAY = date(2027, 3, 1)
_SLOW = 100
"""Questions in a round of an engine that is a hundred times slower."""

_MODEL = """
[request_definition]
r = giver, recipient, purpose, question
[policy_definition]
p = giver, recipient, purpose, clause, eft
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.giver == p.giver && r.recipient == p.recipient && r.purpose == p.purpose && holds(p.clause, r.question)
"""


class _Case:
    """One policy set with its questions, and every engine made ready for them."""

    def __init__(self, rules: int) -> None:
        world = World(Random(7), purposes=max(8, rules // 16))  # a way and purpose for each clause
        self.policy = world.policy(rules)
        asked = [world.question(self.policy, ELEMENTS, ease=0.6) for _ in range(QUESTIONS)]
        # A hub decides about today, and about the days of a replay: ten of them here.
        self.questions = [
            replace(one, facts=one.facts.but(as_of=date(2027, 3, 1 + number % 10))) for number, one in enumerate(asked)
        ]
        self.table = compile_policy(self.policy)
        # In a list almost nobody has made a statement; one in twenty is out of the ordinary.
        silent = [replace(one, facts=one.facts.but(as_of=TODAY, standing=frozenset())) for one in self.questions]
        decided = zip(silent, ask(self.table, silent), strict=True)
        self.bound = next(one for one, said in decided if said.outcome is not Outcome.deny)
        people = [
            world.facts_of() if number % 20 == 0 else world.ordinary().but(standing=frozenset()) for number in range(SUBJECTS)
        ]
        self.subjects: list[SubjectFacts] = [one.but(as_of=TODAY) for one in people]
        self._ready_cedar()
        self._ready_casbin()

    def _ready_cedar(self) -> None:
        text = cedar_schema(self.policy)
        self._policies = cedarpy.PolicySet.from_str(cedar_policies(self.policy))
        self._schema = cedarpy.Schema.from_str(text)
        self._entities = cedarpy.Entities.from_json_str(json.dumps(cedar_entities(self.policy)), schema=text)

    def _ready_casbin(self) -> None:
        model = FastModel([1, 2])  # looks up by recipient and purpose
        model.load_model_from_text(_MODEL)
        self._casbin = casbin.FastEnforcer(model, None, cache_key_order=[1, 2])
        clauses = [clause for agreement in self.policy.agreements for clause in agreement.clauses]
        self._alone = {clause.id: _only(self.policy, clause.id) for clause in clauses if isinstance(clause, Permit)}
        for clause in clauses:
            if isinstance(clause, Permit):
                row = (clause.giver.kind, clause.recipient.kind, clause.purposes[0], clause.id, "allow")
                self._casbin.add_policy(*(str(part) for part in row))
        self._casbin.add_function("holds", self._holds)

    def _holds(self, clause: str, number: int) -> bool:
        question = self.questions[number]
        return _plain(self._alone[clause], question)

    def by_casbin(self, number: int) -> bool:
        """Whether anything passes."""
        question, parties = self.questions[number], self.policy.parties
        giver, recipient = parties[question.path[0]].kind, parties[question.path[1]].kind
        return bool(self._casbin.enforce(str(giver), str(recipient), str(question.purpose), number))

    def requests(self, question: Question) -> dict[Any, dict[str, Any]]:
        """The question in Cedar, one request an element."""
        assert question.purpose is not None
        elements = sorted(question.elements or ())
        return cedar_requests(self.policy, RECORD, *question.path, question.purpose, question.facts, elements=elements)

    def by_cedar(self, requests: dict[Any, dict[str, Any]]) -> set[str]:
        """The elements that pass."""
        answers = cedarpy.is_authorized_batch(list(requests.values()), self._policies, self._entities, schema=self._schema)
        return {name for name, answer in zip(requests, answers, strict=True) if answer.allowed}


def _only(policy: PolicySet, clause: str) -> PolicySet:
    """The set with this permit alone, and every prohibition."""
    kept = [
        agreement.model_copy(
            update={"clauses": tuple(one for one in agreement.clauses if one.id == clause or one.effect == "forbid")}
        )
        for agreement in policy.agreements
    ]
    return replace(policy, agreements=tuple(agreement for agreement in kept if agreement.clauses))


def _plain(policy: PolicySet, question: Question) -> bool:
    return naive(policy, question.facts, [question.path], RECORD, question.purpose)[-1].permitted


def _agree(case: _Case, sample: int) -> None:
    """Every engine says the same of the questions, or nothing is timed."""
    decisions = ask(case.table, case.questions)
    single = bulk(case.table, RECORD, *case.bound.path, case.bound.purpose, case.subjects[:sample])
    bound = ask(case.table, [replace(case.bound, elements=None, facts=one) for one in case.subjects[:sample]])
    if [one.grant for one in single] != [one.grant for one in bound]:
        raise SystemExit("the list is not decided as single questions are")
    for number in range(0, QUESTIONS, QUESTIONS // sample):
        question, decision = case.questions[number], decisions[number]
        oracle = naive(case.policy, question.facts, [question.path], RECORD, question.purpose)[-1]
        fields = {name for name, _ in oracle.fields} & (question.elements or set())
        ours = {name for name, _ in decision.fields}
        if not ours == fields == case.by_cedar(case.requests(question)) or oracle.permitted != case.by_casbin(number):
            raise SystemExit("two engines decide differently: nothing is timed")
    seen = [sum(one.outcome is outcome for one in decisions) for outcome in Outcome]
    say(f"  decide, {sample} questions agreed by four engines; permit, partial and deny of all {QUESTIONS}: {seen}")


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


def _measure(case: _Case, rounds: int) -> dict[str, float]:
    few = case.questions[:_SLOW]
    asked = [case.requests(question) for question in few]
    one = [dict([next(iter(requests.items()))]) for requests in asked]
    path, purpose = case.bound.path, case.bound.purpose

    def forget() -> None:
        for lane in case.table.lanes.values():
            lane.answers.clear()

    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        cold = compile_policy(case.policy)
        found = {"cold": _rate(QUESTIONS, lambda cold=cold: ask(cold, case.questions))}  # type: ignore[misc]  # bound now
        forget()
        found["unseen"] = _rate(QUESTIONS, lambda: ask(case.table, case.questions))
        found["single"] = _rate(QUESTIONS, lambda: [ask(case.table, [question]) for question in case.questions])
        forget()
        found["list, unseen"] = _rate(SUBJECTS, lambda: bulk(case.table, RECORD, *path, purpose, case.subjects))
        found["list"] = _rate(SUBJECTS, lambda: bulk(case.table, RECORD, *path, purpose, case.subjects))
        found["cedar"] = _rate(_SLOW, lambda: [case.by_cedar(requests) for requests in asked])
        found["cedar, one element"] = _rate(_SLOW, lambda: [case.by_cedar(requests) for requests in one])
        found["casbin"] = _rate(_SLOW, lambda: [case.by_casbin(number) for number in range(_SLOW)])
        for name, rate in found.items():
            rates.setdefault(name, []).append(rate)
    return {name: statistics.median(found) for name, found in rates.items()}


async def run(_folder: Path, rounds: int) -> list[Result]:
    """Both sizes, every engine in turn."""
    gc.freeze()  # as the hub does when it opens
    told: list[Result] = []
    for rules, sample in ((50, 200), (500, 50)):
        case = _Case(rules)
        _agree(case, sample)
        found = _measure(case, rounds)
        say("  decide, " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.items()))
        name, cedar = f"decide, {rules} rules", found["cedar"]
        told += [
            Result(
                f"{name}: full, single (beside Cedar)",
                found["single"],
                cedar,
                found["single"] / cedar,
                "decisions/s",
                "100,000/s",
            ),
            Result(
                f"{name}: full, facts not seen before",
                found["unseen"],
                cedar,
                found["unseen"] / cedar,
                "decisions/s",
                "reported",
            ),
            Result(f"{name}: full, table just made", found["cold"], cedar, found["cold"] / cedar, "decisions/s", "reported"),
            Result(
                f"{name}: full, single (beside casbin, which says yes or no)",
                *(found["single"], found["casbin"], found["single"] / found["casbin"], "decisions/s", "reported"),
            ),
            Result(
                f"{name}: bound list of {SUBJECTS:,} (beside Cedar, one element)",
                *(found["list"], found["cedar, one element"], found["list"] / found["cedar, one element"]),
                *("decisions/s", "1,000,000/s"),
            ),
            Result(f"{name}: bound list, facts not seen before", found["list, unseen"], 0.0, 0.0, "decisions/s", "reported"),
        ]
    gc.unfreeze()
    return told
