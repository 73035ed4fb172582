"""The linked-data export: every reference leads somewhere, every word is of a vocabulary, and it reads the same twice."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
import pytest

from hub.consent.export_dpv import CONTEXT, dpv_document
from hub.consent.model import Forbid, Permit, PolicySet
from tests.fakes.rulebook import World
from tests.fakes.shipped import shipped_policy

SHIPPED = shipped_policy()
KEYWORDS = {"@context", "@id", "@type", "@graph", "@value"}
# The words that are used, as DPV 2 and ODRL 2.2 publish them.
DPV = {
    *(
        "LegalEntity",
        "GovernmentalOrganisation",
        "Disclose",
        "Purpose",
        "LegalBasis",
        "PersonalData",
        "SpecialCategoryPersonalData",
    ),
    *("IdentifyingPersonalData", "StorageDuration", "hasIdentifier", "hasDataController", "hasProcessing"),
    *("hasImpactAssessment", "hasRecipient", "hasPurpose", "hasLegalBasis", "hasStorageCondition"),
}
ODRL = {
    *(
        "Party",
        "Asset",
        "Duty",
        "Agreement",
        "Permission",
        "Prohibition",
        "Constraint",
        "uid",
        "profile",
        "conflict",
        "prohibit",
    ),
    *("party", "permission", "prohibition", "duty", "action", "assigner", "assignee", "target", "constraint"),
    *("leftOperand", "rightOperand", "operator", "purpose", "gteq", "lteq", "eq", "isAnyOf"),
}


@pytest.fixture(scope="module", params=["shipped", "invented"])
def policy(request: pytest.FixtureRequest) -> PolicySet:
    return SHIPPED if request.param == "shipped" else World(Random(3)).policy(60)


@pytest.fixture(scope="module")
def document(policy: PolicySet) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(orjson.dumps(dpv_document(policy)))
    return found


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for name, value in node.items():
            if name != "@context":
                yield from _nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _nodes(value)


def test_every_reference_within_it_leads_somewhere(document: dict[str, Any]) -> None:
    named = {node["@id"] for node in _nodes(document) if len(node) > 1 and "@id" in node}
    used = {node["@id"] for node in _nodes(document) if "@id" in node and node["@id"].startswith("urn:hub:")}
    assert used <= named


def test_every_word_is_of_a_vocabulary_that_the_document_names(document: dict[str, Any]) -> None:
    words = set()
    for node in _nodes(document):
        words |= node.keys() - KEYWORDS
        types = node.get("@type", [])
        words |= set(types if isinstance(types, list) else [types])
        if len(node) == 1 and "@id" in node and not node["@id"].startswith(("urn:", "https:")):
            words.add(node["@id"])
    assert {word.split(":")[0] for word in words} <= CONTEXT.keys()
    assert {word.split(":")[1] for word in words if word.startswith("dpv:")} <= DPV
    assert {word.split(":")[1] for word in words if word.startswith("odrl:")} <= ODRL
    assert {word for word in words if word.startswith("eu-gdpr:")} <= {f"eu-gdpr:A6-1-{letter}" for letter in "ace"}


def test_every_clause_is_there_with_what_the_law_asks(policy: PolicySet, document: dict[str, Any]) -> None:
    clauses = {node["@id"]: node for node in _nodes(document) if node.get("@type") in ("odrl:Permission", "odrl:Prohibition")}
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            node = clauses[f"urn:hub:clause:{clause.id}"]
            assert node["@type"] == ("odrl:Permission" if isinstance(clause, Permit) else "odrl:Prohibition")
            if isinstance(clause, Permit):
                told = {target["@id"]: target["hub:form"] for target in node["odrl:target"]}
                assert told == {f"urn:hub:element:{name}": need.form.value for name, need in clause.fields.items()}
                assert [one["@id"] for one in node["dpv:hasLegalBasis"]] == [f"urn:hub:basis:{basis}" for basis in clause.bases]
                assert node["dpv:hasPurpose"]
                assert node["dpv:hasStorageCondition"]["dct:identifier"] == clause.retention.term
            else:
                assert isinstance(clause, Forbid)
                assert node["odrl:target"]


def test_it_names_its_hash_says_what_is_not_in_it_and_reads_the_same_twice(policy: PolicySet, document: dict[str, Any]) -> None:
    assert document["@id"].endswith(policy.hash)
    assert document["dct:identifier"] == policy.hash
    assert any("no binding rule" in line for line in document["dct:description"])
    assert orjson.dumps(dpv_document(policy)) == orjson.dumps(dpv_document(policy))
