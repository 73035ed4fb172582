"""The policy set that the hub is shipped with, read once however many tests ask for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hub.consent.model import PolicySet
from hub.consent.policy import load_policy

POLICY = Path(__file__).parents[2] / "schemas" / "policy"


@cache
def shipped_policy() -> PolicySet:
    """The set; it does not change."""
    return load_policy(POLICY)
