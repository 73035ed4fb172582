"""Rules with something otherwise stay rules, and no stage is made so."""

import pytest
from pydantic import ValidationError

from hub.consent.model import PolicySet
from hub.consent.otherwise import otherwise, rewritten
from hub.domain.stages import Held
from hub.domain.terms import PolicyHash


def test_the_rest_stays_as_it_was(policy: PolicySet):
    other = otherwise(policy, hash=PolicyHash("0" * 64))
    assert other.hash != policy.hash
    assert other.agreements == policy.agreements


def test_a_row_is_checked_as_when_it_is_read(policy: PolicySet):
    agreement = policy.agreements[0]
    assert rewritten(agreement, title="Anders").title == "Anders"
    assert rewritten(agreement) == agreement
    with pytest.raises(ValidationError):
        rewritten(agreement, clauses=())
    with pytest.raises(ValidationError):
        rewritten(agreement, nieuw="iets")


def test_no_stage_is_made_so():
    with pytest.raises(TypeError):
        otherwise(object.__new__(Held))
