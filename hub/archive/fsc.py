"""Entries as records of FSC Logging 1.0 (Logius): one per disclosure and per hand-over. Pure.

The hub keeps its own log instead of a TransactionLog, under the same rule: what cannot be written does not leave. A disclosure
is a record of data that came in from its giver, a hand-over of data that went out to the recipient, whoever opened the
connection. `transaction_id` is the entry's ref, a UUIDv7. The hub has no FSC contracts: as `grant_hash` stands the clause that
permitted it, under the hash of its policy set. `trace_id` and `span_id` are those of the Logboek Dataverwerkingen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from hub.archive.ldv import span_id, trace_id
from hub.archive.reading import Entry, Fields
from hub.audit.entry import EntryKind, OutcomeKind
from hub.consent.model import PolicySet
from hub.domain.terms import PartyId
from hub.errors import Misconfigured

INCOMING: Final = "DIRECTION_INCOMING"
OUTGOING: Final = "DIRECTION_OUTGOING"

Peers = Mapping[str, str]
"""Peer ids (OIN) by party, for those that the policy set does not name, the hub's operator first of all."""


def record(policy: PolicySet, operator: PartyId, entry: Entry, peers: Peers) -> dict[str, Any] | None:
    """The record of an entry; None for one that is no disclosure or hand-over, or is emptied. Raises Misconfigured.

    A hand-over whose disclosure was emptied tells no clause or service any more, and is none either.
    """
    said = entry.fields
    if said is None:
        return None
    if said["kind"] == EntryKind.disclosure:
        return _record(policy, INCOMING, said, said, said["source"], operator, peers)
    handed = said["kind"] == EntryKind.outcome and said["outcome"] == OutcomeKind.handed_over
    if not handed or entry.disclosed is None:
        return None
    return _record(policy, OUTGOING, said, entry.disclosed, operator, said["recipient"], peers)


def _record(
    policy: PolicySet, direction: str, said: Fields, disclosed: Fields, source: str, destination: str, peers: Peers
) -> dict[str, Any]:
    return {
        "transaction_id": said["ref"],
        "direction": direction,
        "grant_hash": f"hub:{disclosed['policy']}:{disclosed['clause']}",
        "source": {"type": "SOURCE_TYPE_SOURCE", "outway_peer_id": _peer(policy, source, peers)},
        "destination": {"type": "DESTINATION_TYPE_DESTINATION", "service_peer_id": _peer(policy, destination, peers)},
        "service_name": disclosed["record"],
        "created_at": said["us"] // 1_000_000,
        "trace_id": trace_id(said).hex,
        "span_id": span_id(said["ref"]),
        "additional_data": {"purpose": said["purpose"], "agreement": disclosed["agreement"], "recipient": said["recipient"]},
    }


def _peer(policy: PolicySet, party: str, peers: Peers) -> str:
    known = policy.parties.get(PartyId(party))
    peer = peers.get(party) or (known.oin if known else "")
    if not 1 <= len(peer) <= 20:
        raise Misconfigured(
            "The FSC records were not written.",
            f"No OIN is known of {party}.",
            f"Say it with --peer {party}=OIN, or add the party to the policy set.",
        )
    return peer


def lines(policy: PolicySet, operator: PartyId, entries: Sequence[Entry], peers: Peers) -> bytes:
    """The records of these entries, a line of JSON each."""
    made = (record(policy, operator, entry, peers) for entry in entries)
    return b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in made if one is not None)
