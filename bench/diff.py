"""The exact diff of two policy sets: 50 and 500 clauses of the shipped shapes, a tenth of them changed, and all of them.

`python -m bench.diff` prints the time, how many cells were decided under both sets, and the clauses per second. Each copy of the
shipped agreements has parties and gemeenten of its own, as regions have.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from hub.consent.diff import diff
from hub.consent.model import Agreement, Permit, PolicySet
from hub.consent.policy import canonical_policy, load_policy, named_by_hash, policy_of
from hub.domain.terms import AgreementId, ClauseId

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


def changed(policy: PolicySet, every: int) -> PolicySet:
    """The same set with one year less, one field fewer and a longer retention in every so many clauses."""
    count = 0

    def other(clause: Any) -> Any:
        nonlocal count
        count += 1
        if not isinstance(clause, Permit) or count % every:
            return clause
        ages = clause.subject.age
        subject = clause.subject.model_copy(update={"age": ages.model_copy(update={"max": max(ages.min, ages.max - 1)})})
        fields = dict(list(clause.fields.items())[: max(1, len(clause.fields) - 1)])
        return clause.model_copy(update={"subject": subject, "fields": fields})

    agreements = tuple(
        agreement.model_copy(update={"clauses": tuple(other(clause) for clause in agreement.clauses)})
        for agreement in policy.agreements
    )
    return named_by_hash(replace(policy, agreements=agreements))


def run(rounds: int = 3) -> None:
    """Prints the best of a few rounds for each size and share."""
    shipped = load_policy(POLICY)
    for clauses in (50, 500):
        a = grown(shipped, clauses)
        has = sum(len(agreement.clauses) for agreement in a.agreements)
        for share, every in (("none", 10**9), ("one", has - 1), ("a tenth", 10), ("all", 1)):
            b = changed(a, every)
            best, found = float("inf"), None
            for _ in range(rounds):
                began = time.perf_counter()
                found = diff(a, b)
                best = min(best, time.perf_counter() - began)
            assert found is not None
            print(
                f"{has} clauses, {share} changed: {best * 1000:.0f} ms, {found.cells} cells,"
                f" {len(found.changes)} changes, {has / best:.0f} clauses/s",
                flush=True,
            )


if __name__ == "__main__":
    run()
