"""The guide to a new exchange: its YAML is a whole agreement, which loads beside the others and proves what it says."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from hub.consent.compile import compile_policy
from hub.consent.examples import run
from hub.consent.finding import Severity
from hub.consent.lint import lint
from hub.consent.model import Gate, PolicySet
from hub.consent.policy import load_policy
from hub.domain.terms import AgreementId, PartyId
from hub.domain.territory import PartyKind

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "gidsen" / "nieuwe-uitwisseling.md").read_text("utf-8")
WRITTEN, WITH_A_PARTY = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
NAME = "hulp-bij-schulden"


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> PolicySet:
    """The example set with the file of the guide put where the guide says."""
    directory = tmp_path_factory.mktemp("set") / "policy"
    shutil.copytree(ROOT / "schemas" / "policy", directory)
    assert f"`schemas/policy/agreements/{NAME}.v1.yaml`" in GUIDE
    text = WRITTEN.replace("brings:\n", WITH_A_PARTY, 1)
    (directory / "agreements" / f"{NAME}.v1.yaml").write_text(text, "utf-8")
    return load_policy(directory)


def test_its_tests_pass_and_see_each_gate_that_it_uses_shut(policy: PolicySet) -> None:
    agreement = next(each for each in policy.agreements if each.id == AgreementId(f"{NAME}/1"))
    ran = list(run(policy, compile_policy(policy), agreement))
    assert [one.faults for one in ran if one.faults] == []
    shut = {policy.reasons[code].gate for one in ran for code in one.example.reasons}
    assert shut >= {Gate.agreement, Gate.purpose, Gate.basis, Gate.subject, Gate.consent, Gate.retention}


def test_nothing_is_wrong_with_it(policy: PolicySet) -> None:
    found = [one for one in lint(policy, date(2026, 11, 2)) if NAME in str(one) and one.severity is Severity.error]
    assert found == []


def test_a_party_comes_with_it(policy: PolicySet) -> None:
    assert policy.parties[PartyId("opvang-lindemark")].kind is PartyKind.opvang


def test_it_brings_what_the_others_do_not_know() -> None:
    assert NAME not in load_policy(ROOT / "schemas" / "policy").purposes
