"""Whether an entry of the log is about a person: what only their key can say. Pure."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

from hub.domain.terms import PartyId
from hub.protect.seal import commit, opening


def decoded(text: str) -> bytes:
    """A digest or nonce of an entry: base64url without padding (RFC 4648, section 5)."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def inner_of(key: bytes, said: Mapping[str, Any]) -> bytes:
    """What opens this entry and no other."""
    return opening(key, decoded(said["nonce"]))


def is_about(key: bytes, tag: bytes, said: Mapping[str, Any]) -> bool:
    """Whether a disclosure or refusal was committed to the person with this key and tag."""
    expected = commit(inner_of(key, said), tag, PartyId(said["recipient"]))
    return hmac.compare_digest(expected, decoded(said["commitment"]))
