"""Entries as records of the Logboek Dataverwerkingen (Logius), one per person, in OTLP and in the form of its read extension.

Pure. A trace is one disclosure or refusal with all that became of it: its id is that entry's ref, which is 16 bytes. A span is
one entry: its id is the last 8 bytes of its own ref, which are random. So the same entry is the same record wherever it is sent
and however often, and an outcome's parent is its disclosure. The log knows the moment of an entry and no duration.

`dpl.core.data_subject_id` is the entry's commitment: keyed per person and per entry, so that who has not the person's key can
neither tell whose it is nor that two are of one person; it dies with the key. Attributes are the standard's own and no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from hub.archive import words
from hub.archive.reading import Entry, Fields
from hub.audit.entry import EntryKind, OutcomeKind
from hub.consent.model import PolicySet
from hub.domain.terms import PurposeId

SUBJECT_TYPE: Final = "hub-verbintenis"
"""`dpl.core.data_subject_id_type`: a commitment of the hub's log; what that is, docs/gidsen/functionaris.md says."""
ACTIVITY: Final = "dpl.core.processing_activity_id"
SUBJECT: Final = "dpl.core.data_subject_id"
SUBJECT_TYPE_NAME: Final = "dpl.core.data_subject_id_type"
RECORDED: Final = frozenset(
    {
        EntryKind.disclosure,
        EntryKind.refusal,
        EntryKind.outcome,
        EntryKind.access,
        EntryKind.statement,
        EntryKind.erasure,
        EntryKind.re_identification,
    }
)
"""Kinds that are processing of data about persons. The others are about the hub itself, and exports about the log."""
_OTHERWISE: Final = "urn:hub:doel:"
_STATUS: Final = {"Unset": 0, "Ok": 1, "Error": 2}


def is_recorded(said: Fields | None) -> bool:
    """Whether an entry is a record of the Logboek Dataverwerkingen; an emptied one is none any more."""
    return said is not None and said["kind"] in RECORDED


def trace_id(said: Fields) -> UUID:
    """The processing that an entry belongs to."""
    return UUID(said.get("delivery") or said["ref"])


def span_id(ref: str) -> str:
    """The action that the entry with this ref is, as 16 hexadecimal digits."""
    return UUID(ref).bytes[8:].hex()


def status(said: Fields) -> str:
    """`Error` for what failed on the technical side; a refusal is an answer like another."""
    return "Error" if said.get("outcome") == OutcomeKind.failed else "Unset"


def attributes(policy: PolicySet, entry: Entry) -> dict[str, str]:
    """The standard's attributes of an entry. Of an outcome, the person is that of its disclosure, while that can be read."""
    said = entry.fields
    assert said is not None, "an emptied entry is no record"
    purpose = policy.purposes.get(PurposeId(said["purpose"]))
    found = {ACTIVITY: purpose.processing_activity if purpose else f"{_OTHERWISE}{said['purpose']}"}
    subject = (entry.disclosed or said).get("commitment")
    return found if subject is None else {**found, SUBJECT: subject, SUBJECT_TYPE_NAME: SUBJECT_TYPE}


def name(said: Fields) -> str:
    """What was done, for people."""
    became = words.OUTCOMES.get(said.get("outcome", ""))
    return f"{words.KINDS[said['kind']]}: {became.lower()}" if became else words.KINDS[said["kind"]]


def otlp(policy: PolicySet, log_id: str, version: str, entries: Sequence[Entry]) -> dict[str, Any]:
    """An ExportTraceServiceRequest in OTLP's JSON (ids hexadecimal, 64-bit numbers as text) of those that are records."""
    spans = [_span(policy, entry) for entry in entries if is_recorded(entry.fields)]
    resource = _attributes({"service.name": "hub", "service.instance.id": log_id, "service.version": version})
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": resource},
                "scopeSpans": [{"scope": {"name": "hub.archive.ldv", "version": version}, "spans": spans}],
            }
        ]
    }


def spans_in(request: Mapping[str, Any]) -> int:
    """How many records a request holds."""
    return sum(len(scope["spans"]) for resource in request["resourceSpans"] for scope in resource["scopeSpans"])


def line(request: Mapping[str, Any]) -> bytes:
    """A request as one line of a file."""
    return orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)


def _span(policy: PolicySet, entry: Entry) -> dict[str, Any]:
    said = entry.fields
    assert said is not None, "an emptied entry is no record"
    at = str(said["us"] * 1000)
    parent = {"parentSpanId": span_id(said["delivery"])} if "delivery" in said else {}
    return {
        "traceId": trace_id(said).hex,
        "spanId": span_id(said["ref"]),
        **parent,
        "name": name(said),
        "kind": 1,
        "startTimeUnixNano": at,
        "endTimeUnixNano": at,
        "attributes": _attributes(attributes(policy, entry)),
        "status": {"code": _STATUS[status(said)]},
    }


def _attributes(pairs: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]


def activity(policy: PolicySet, entry: Entry, rfc3339: str) -> dict[str, Any]:
    """A ProcessingActivity of the read extension 1.1; `rfc3339` is the entry's moment."""
    said = entry.fields
    assert said is not None, "an emptied entry is no record"
    parent = {"parentSpanId": span_id(said["delivery"])} if "delivery" in said else {}
    return {
        "traceId": str(trace_id(said)),
        "spanId": span_id(said["ref"]),
        **parent,
        "status": status(said),
        "name": name(said),
        "startTime": rfc3339,
        "endTime": rfc3339,
        "resource": {"attributes": {"service.name": "hub", "service.instance.id": said["log"]}},
        "attributes": attributes(policy, entry),
    }
