"""The shipped policy, loaded once, and records about invented young people."""

from pathlib import Path

import pytest

from hub.consent.compile import compile_policy
from hub.consent.model import PolicySet
from hub.consent.policy import load_policy
from hub.consent.table import DecisionTable

POLICY = Path(__file__).parents[3] / "schemas" / "policy"


@pytest.fixture(scope="session")
def policy() -> PolicySet:
    return load_policy(POLICY)


@pytest.fixture(scope="session")
def table(policy: PolicySet) -> DecisionTable:
    return compile_policy(policy)


@pytest.fixture
def files() -> dict[str, str]:
    """The shipped files by name, to be broken by a test."""
    return {file.relative_to(POLICY).as_posix(): file.read_text("utf-8") for file in POLICY.rglob("*.yaml")}
