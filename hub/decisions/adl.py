"""Records of the Authorization Decision Log (Logius): one per decision call, and one per verdict of the log. Pure.

Names and shape are those of its section Interface: the record's own fields, `attributes` for references, `body` for what is in
full, each `adl.core.*` in one of the two. Nothing is sampled, and a no is an answer like a yes, never `status` `Error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from hub.decisions.request import NAMELESS, PARTY_TYPE, TRACEPARENT

EVALUATE: Final = "evaluate"
"""The operation of a log entry about a decision call."""


def of_call(entry: Mapping[str, Any], content: Mapping[str, Any], operator: str) -> dict[str, Any]:
    """The record of one call, from its log entry and what was kept of it; replay level: all that decided is in it or named.

    A caller's trace is kept to; without one the entry's own random id is the trace.
    """
    ref, parent = UUID(entry["ref"]), content.get("traceparent")
    upstream = parent.split("-") if parent is not None and TRACEPARENT.fullmatch(parent) else None
    record = {
        "trace_id": ref.hex if upstream is None else upstream[1],
        "span_id": _span(ref),
        **({} if upstream is None else {"parent_span_id": upstream[2]}),
        "event_name": "adl.access_evaluations" if "evaluations" in content["response"] else "adl.access_evaluation",
        "timestamp": entry["us"] // 1000,
        "status": "Unset",
        "resource": _producer(entry, operator),
        "attributes": {"adl.core.policies": {"hub": entry["details"]["policy"]}, **_named(entry)},
        "body": {
            "adl.core.request": content["request"],
            "adl.core.response": content["response"],
            "adl.core.information": {"agreements": content["life"]},
            "adl.core.configuration": {"hub": content["hub"]},
        },
    }
    if content.get("fsc") is not None:
        record["attributes"]["adl.fsc.transaction_id"] = content["fsc"]
    return record


def of_verdict(entry: Mapping[str, Any], operator: str) -> dict[str, Any]:
    """The record of a disclosure or refusal: its facts stay under the young person's key, named by entry and keyed digest."""
    permits = entry["decision"] == "permit"
    ref = UUID(entry["ref"])
    told = dict(_field(name) for name in entry["attributes"])
    context = {
        "reasons": entry["reasons"],
        "fields": told,
        "refused_fields": entry["withheld"],
        "agreement": entry["agreement"],
        "clause": entry["clause"],
        "bases": entry["basis"],
        "policy": entry["policy"],
    }
    return {
        "trace_id": ref.hex,
        "span_id": _span(ref),
        "event_name": "adl.access_evaluation",
        "timestamp": entry["us"] // 1000,
        "status": "Unset",
        "resource": _producer(entry, operator),
        "attributes": {
            "adl.core.policies": {"hub": entry["policy"]},
            "adl.core.information": {"facts": {"log": entry["log"], "ref": entry["ref"], "digest": entry["facts"]}},
            **_named(entry),
        },
        "body": {
            "adl.core.request": {
                "subject": {"type": PARTY_TYPE, "id": entry["recipient"]},
                "action": {"name": entry["purpose"]},
                "resource": {"type": entry["record"], "id": NAMELESS},
                "context": {"pad": [entry["source"], entry["recipient"]]},
            },
            "adl.core.response": {"decision": permits, "context": context},
        },
    }


def unkept(entry: Mapping[str, Any], operator: str) -> dict[str, Any]:
    """The record of a call whose content was kept no longer: request and response by their keyed digest alone."""
    details = entry["details"]
    ref, digest = UUID(entry["ref"]), {"log": entry["log"], "ref": entry["ref"], "digest": details["content"]}
    return {
        "trace_id": ref.hex,
        "span_id": _span(ref),
        "event_name": "adl.access_evaluations" if details["form"] == "evaluations" else "adl.access_evaluation",
        "timestamp": entry["us"] // 1000,
        "status": "Unset",
        "resource": _producer(entry, operator),
        "attributes": {
            "adl.core.policies": {"hub": details["policy"]},
            "adl.core.request": digest,
            "adl.core.response": digest,
            **_named(entry),
        },
    }


def _span(ref: UUID) -> str:
    """The random half of a log entry's id."""
    return ref.bytes[8:].hex()


def _field(name: str) -> tuple[str, str]:
    """An element of an entry with its form, which is told unless it is raw."""
    element, _, form = name.partition(":")
    return element, form or "raw"


def _producer(entry: Mapping[str, Any], operator: str) -> dict[str, str]:
    return {"service.name": "hub", "hub.log": entry["log"], "hub.operator": operator}


def _named(entry: Mapping[str, Any]) -> dict[str, str]:
    """Where the record is proven: the entry of the hub's own log."""
    return {"hub.log.ref": entry["ref"], "hub.log.actor": entry["actor"], "hub.log.operation": entry["operation"]}
