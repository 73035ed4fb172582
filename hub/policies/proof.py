"""What the log says of an act, and whether an act is the one that its entry speaks of. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from hub.consent.life import Act, ActKind, statement_of

OPERATIONS: Final[Mapping[ActKind, str]] = MappingProxyType(
    {
        ActKind.founded: "policy-found",
        ActKind.laid: "policy-lay",
        ActKind.proposed: "policy-propose",
        ActKind.advised: "policy-advise",
        ActKind.signed: "agreement-sign",
        ActKind.activated: "policy-activate",
        ActKind.suspended: "agreement-suspend",
        ActKind.resumed: "agreement-resume",
        ActKind.ended: "agreement-end",
    }
)
"""What the log calls what happens."""


def details_of(act: Act) -> dict[str, str | int]:
    """What the entry of an act says of it, but for who in the staff did it."""
    said = {
        "party": act.party,
        "agreement": act.agreement,
        "hash": act.digest,
        "follows": act.follows,
        "policy": act.policy,
        _word(act): act.word,
        "text": act.text,
        "method": act.method.value,
        "signature": None if act.proof is None else hashlib.sha256(act.proof.encode()).hexdigest(),
    }
    return {name: str(value) for name, value in said.items() if value is not None}


def signed_over(act: Act) -> bytes:
    """What whoever did it with a key of their own signed."""
    assert act.by is not None, "only somebody has a key"
    return statement_of(
        act.kind,
        act.by,
        act.us,
        party=act.party,
        agreement=act.agreement,
        digest=act.digest,
        follows=act.follows,
        policy=act.policy,
        word=act.word,
        text=act.text,
    )


def says(entry: Mapping[str, Any], act: Act) -> bool:
    """Whether the entry is about this very act.

    What a hub begins with is one entry for the set and all its agreements, which are numbered after it; no act can take such a
    number afterwards.
    """
    details: Mapping[str, Any] = entry.get("details", {})
    if entry.get("operation") != OPERATIONS[act.kind]:
        return False
    if act.kind in (ActKind.founded, ActKind.laid):
        if act.agreement is None:
            return act.number == 1 and details.get("policy") == act.policy
        return act.kind is ActKind.founded and 1 < act.number <= 1 + int(details.get("agreements", 0))
    said = {**details_of(act), **({} if act.by is None else {"staff": str(act.by)})}
    names = {"party", "agreement", "hash", "follows", "policy", _word(act), "text", "method", "signature", "staff"}
    return all(details.get(name) == said.get(name) for name in names)


def _word(act: Act) -> str:
    return "outcome" if act.kind is ActKind.advised else "reason"
