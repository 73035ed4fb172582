"""A set as files: it loads back as it was, and one agreement of it can be changed."""

from __future__ import annotations

import pytest

from hub.consent.policy import load_policy, read_policy
from hub.errors import Misconfigured
from hub.policies.files import files_of, text_of, with_agreement
from tests.fakes.agreements import DUO_DESK, POLICY, agreement_of, changed, shipped


def test_the_whole_set_of_the_repository_loads_back_as_it_was() -> None:
    policy = load_policy(POLICY)
    assert read_policy(files_of(policy)).hash == policy.hash


def test_an_agreement_that_is_handed_in_as_it_is_changes_nothing() -> None:
    policy = shipped()
    assert with_agreement(policy, text_of(agreement_of(policy))).hash == policy.hash


def test_a_new_version_takes_the_place_of_every_other() -> None:
    policy = shipped()
    after = changed(changed(policy, version="2"), "duo-doorstroompunt/2", version="3")
    assert [each.id for each in after.agreements if each.id.startswith("duo-doorstroompunt/")] == ["duo-doorstroompunt/3"]
    assert len(after.agreements) == len(policy.agreements)
    assert with_agreement(after, text_of(agreement_of(policy))).hash == policy.hash


def test_rows_that_an_agreement_brings_come_and_go_with_it() -> None:
    reason = {
        "code": "NIEUWE_REDEN",
        "gate": "subject",
        "text_nl": "Een reden die deze afspraak meebrengt.",
        "remedy_nl": "Er is niets aan te doen.",
        "who": "privacy officer",
        "personal": False,
    }
    policy = shipped()
    after = changed(policy, brings={"reasons": [reason]})
    assert "NIEUWE_REDEN" in after.reasons
    assert read_policy(files_of(after)).hash == after.hash
    assert "NIEUWE_REDEN" not in with_agreement(after, text_of(agreement_of(policy))).reasons


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("title:", "titel:", "not known here"),
        ("id: duo\n", "id: niemand\n", "niemand"),
        ("raw", "'*'", "wildcard"),
        ("title:", "- title:", "not YAML"),
    ],
)
def test_what_does_not_load_is_refused_with_its_line(old: str, new: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=r"agreement(s/agreement)?\.yaml, line [0-9]+") as caught:
        with_agreement(shipped(), text_of(agreement_of(shipped(), DUO_DESK)).replace(old, new, 1))
    assert why in str(caught.value)
