"""The shipped policy, loaded once, and records about invented young people."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from hub.consent import policy as reading
from hub.consent.compile import compile_policy
from hub.consent.model import PolicySet
from hub.consent.table import DecisionTable
from hub.domain.rulebook import parse
from tests.fakes.shipped import shipped_policy

POLICY = Path(__file__).parents[3] / "schemas" / "policy"

_parsed = cache(parse)


@pytest.fixture(autouse=True, scope="module")
def _what_did_not_change_is_parsed_once() -> Iterator[None]:
    """Tests change one file of some eighty, and what a text says depends on nothing but the text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "parse", _parsed)
        yield


@pytest.fixture(scope="session")
def policy() -> PolicySet:
    return shipped_policy()


@pytest.fixture(scope="session")
def table(policy: PolicySet) -> DecisionTable:
    return compile_policy(policy)


@pytest.fixture
def files() -> dict[str, str]:
    """The shipped files by name, to be broken by a test."""
    return {file.relative_to(POLICY).as_posix(): file.read_text("utf-8") for file in POLICY.rglob("*.yaml")}
