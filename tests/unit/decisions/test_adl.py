"""Records of the Authorization Decision Log: the fields of the standard, each payload in one place, a no that is no error."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from hub.decisions.adl import EVALUATE, of_call, of_verdict, unkept

REF = "01936d2e-7c00-7abc-8def-0123456789ab"
ENTRY: dict[str, Any] = {
    "v": 1,
    "kind": "access",
    "log": "region",
    "us": 1_795_000_000_123_456,
    "ref": REF,
    "actor": "duo",
    "operation": EVALUATE,
    "purpose": "doel-1",
    "about": "decision",
    "details": {"form": "evaluation", "policy": "a" * 64, "content": "b" * 64, "questions": 1, "permitted": 0},
}
CONTENT: dict[str, Any] = {
    "request": {"subject": {"type": "partij", "id": "uwv-1"}},
    "response": {"decision": False, "context": {}},
    "traceparent": "00-28dbeec32e77635cc19bc3204ec56c41-dec5220770f8f4f4-01",
    "fsc": None,
    "life": {"not_in_force": {}, "silent": []},
    "hub": "1.2.3",
}
VERDICT: dict[str, Any] = {
    **{name: ENTRY[name] for name in ("v", "log", "us", "ref", "actor", "purpose")},
    "kind": "refusal",
    "operation": "admit",
    "source": "duo",
    "recipient": "uwv-1",
    "decision": "refuse",
    "reasons": ["PERSOONLIJK"],
    "attributes": ["bsn", "leeftijd:banded"],
    "withheld": {"telefoonnummer": "NIET_NODIG"},
    "agreement": "a/1",
    "clause": None,
    "basis": [],
    "policy": "a" * 64,
    "record": "uitvalmelding",
    "facts": "c" * 43,
}
ALL = [of_call(ENTRY, CONTENT, "hub-regio"), of_verdict(VERDICT, "hub-regio"), unkept(ENTRY, "hub-regio")]


@pytest.mark.parametrize("record", ALL, ids=["call", "verdict", "unkept"])
def test_what_the_standard_asks_of_every_record(record: dict[str, Any]) -> None:
    assert len(record["trace_id"]) == 32
    assert len(record["span_id"]) == 16
    assert int(record["trace_id"], 16)
    assert int(record["span_id"], 16)
    assert record["event_name"] == "adl.access_evaluation"
    assert record["timestamp"] == 1_795_000_000_123
    assert record["status"] == "Unset"  # a no is an answer
    assert record["resource"]["hub.operator"] == "hub-regio"
    places = [*record["attributes"], *record.get("body", {})]
    for name in ("adl.core.request", "adl.core.response", "adl.core.policies"):
        assert places.count(name) == 1


def test_a_call_keeps_to_the_trace_of_its_caller() -> None:
    record = of_call(ENTRY, CONTENT, "hub-regio")
    assert record["trace_id"] == "28dbeec32e77635cc19bc3204ec56c41"
    assert record["parent_span_id"] == "dec5220770f8f4f4"
    alone = of_call(ENTRY, {**CONTENT, "traceparent": None}, "hub-regio")
    assert alone["trace_id"] == UUID(REF).hex
    assert "parent_span_id" not in alone
    assert of_call(ENTRY, {**CONTENT, "traceparent": "what is this"}, "hub-regio")["trace_id"] == UUID(REF).hex


def test_a_call_can_be_replayed_from_its_record() -> None:
    body = of_call(ENTRY, CONTENT, "hub-regio")["body"]
    assert body["adl.core.request"] == CONTENT["request"]
    assert body["adl.core.response"] == CONTENT["response"]
    assert body["adl.core.information"] == {"agreements": CONTENT["life"]}
    assert body["adl.core.configuration"] == {"hub": "1.2.3"}


def test_many_questions_and_a_transaction_are_told() -> None:
    record = of_call(ENTRY, {**CONTENT, "response": {"evaluations": []}, "fsc": REF}, "hub-regio")
    assert record["event_name"] == "adl.access_evaluations"
    assert record["attributes"]["adl.fsc.transaction_id"] == REF


def test_a_verdict_names_its_facts_and_tells_none_of_them() -> None:
    record = of_verdict(VERDICT, "hub-regio")
    facts = {"facts": {"log": "region", "ref": REF, "digest": "c" * 43}}
    assert record["attributes"]["adl.core.information"] == facts
    response = record["body"]["adl.core.response"]
    assert response["decision"] is False
    assert response["context"]["fields"] == {"bsn": "raw", "leeftijd": "banded"}
    assert response["context"]["reasons"] == ["PERSOONLIJK"]
    assert record["body"]["adl.core.request"]["context"] == {"pad": ["duo", "uwv-1"]}
