"""The exact diff of two policy sets: 500 clauses of the shipped shapes, few of them changed, all alike, or each otherwise.

Processor time, which is what is left of a wall clock on an idle machine, against a second. Each copy of the shipped agreements
has parties and gemeenten of its own, as regions have; changed alike, the ways of all regions have one shape and are compared
once, and changed each otherwise none are.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.world import Result, say
from hub.consent.diff import diff
from hub.consent.model import Permit, PolicySet
from hub.consent.policy import canonical_policy, load_policy, named_by_hash, policy_of

POLICY = Path(__file__).parents[1] / "schemas" / "policy"


def grown(policy: PolicySet, clauses: int) -> PolicySet:
    """The shipped set, its parties, regions and agreements repeated until it has so many clauses."""
    plain = json.loads(canonical_policy(policy))
    local = [party["id"] for party in plain["parties"] if party["kind"] not in ("minister", "duo", "uwv")]
    found: dict[str, list[Any]] = {"parties": [], "regions": [], "agreements": []}
    count = copy = 0
    while count < clauses:
        for part, rows in found.items():
            for row in plain[part]:
                if part == "agreements" and count >= clauses:
                    break
                named = json.loads(_renamed(json.dumps(row), local, plain["agreements"], copy))
                if part == "parties" and copy and named["id"] == row["id"]:
                    continue
                rows.append(named)
                count += len(named["clauses"]) if part == "agreements" else 0
        copy += 1
    return named_by_hash(policy_of(json.dumps({**plain, **found}).encode()))


def _renamed(text: str, local: list[str], agreements: list[Any], copy: int) -> str:
    if not copy:
        return text
    for party in local:
        text = text.replace(f'"{party}"', f'"{party}-{copy}"')
    for agreement in agreements:
        name, version = agreement["id"].rsplit("/", 1)
        text = text.replace(f'"{name}/{version}', f'"{name}-{copy}/{version}')
    for number in range(9):
        text = text.replace(f'"90{number:02d}"', f'"{90 - copy:02d}{number:02d}"')
    return text


def changed(policy: PolicySet, every: int, *, unlike: bool = False) -> PolicySet:
    """The same set with a year less and one field fewer in every so many clauses; `unlike`: as no other copy of it."""
    count = 0

    def other(clause: Any) -> Any:
        nonlocal count
        count += 1
        if not isinstance(clause, Permit) or count % every:
            return clause
        less, without = (1 + count % 11, count % 7) if unlike else (1, -1)
        ages, names = clause.subject.age, list(clause.fields)
        subject = clause.subject.model_copy(update={"age": ages.model_copy(update={"max": max(ages.min, ages.max - less)})})
        dropped = names[without % len(names)] if len(names) > 1 else None
        fields = {name: need for name, need in clause.fields.items() if name != dropped}
        return clause.model_copy(update={"subject": subject, "fields": fields})

    agreements = tuple(
        agreement.model_copy(update={"clauses": tuple(other(clause) for clause in agreement.clauses)})
        for agreement in policy.agreements
    )
    return named_by_hash(replace(policy, agreements=agreements))


async def run(rounds: int) -> list[Result]:
    """The best of a few rounds for each share of what is changed."""
    a = grown(load_policy(POLICY), 500)
    has = sum(len(agreement.clauses) for agreement in a.agreements)
    results: list[Result] = []
    for share, b in (
        ("none changed", a),
        ("one changed", changed(a, has * 2 // 3)),
        ("a tenth changed", changed(a, 10)),
        ("all changed alike", changed(a, 1)),
        ("all changed, each otherwise", changed(a, 1, unlike=True)),
    ):
        best, found = float("inf"), None
        for _ in range(rounds):
            began = time.process_time()
            found = diff(a, b)
            best = min(best, time.process_time() - began)
        assert found is not None
        say(f"diff, {share}: {found.cells} cells, {len(found.changes)} changes, {has / best:.0f} clauses/s")
        results.append(Result(f"diff of {has} clauses, {share}", best * 1e3, 1_000.0, best, "ms of processor time", "< 1 s"))
    return results
