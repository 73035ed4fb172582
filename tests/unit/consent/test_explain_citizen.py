"""Why not, as the young person reads it: plain, in u-form, and silent about others."""

from __future__ import annotations

from hub.consent.explain_citizen import to_citizen
from hub.consent.model import PolicySet
from hub.domain.terms import ReasonCode

SPOKEN = ("ouder", "voogd", "curator", "mentor", "bewindvoerder", "moeder", "vader", "school heeft", "gemeente heeft")
"""Words with which a sentence would tell what somebody else said or did."""
HARD = ("grondslag", "verwerking", "bepaling", "convenant", "AVG", "artikel", "DPIA", "jongere heeft", "de jongere is")


def test_the_reasons_that_are_given_most_have_a_sentence_of_their_own(policy: PolicySet):
    assert sum(reason.burger_nl is not None for reason in policy.reasons.values()) >= 20


def test_a_sentence_for_the_young_person_is_plain_and_tells_of_nobody_else(policy: PolicySet):
    for code, reason in policy.reasons.items():
        said = reason.burger_nl or ""
        assert not any(word.lower() in said.lower() for word in (*SPOKEN, *HARD)), code
        assert all(len(sentence.split()) <= 20 for sentence in said.split(".")), code


def test_what_is_personal_is_told_unsealed_alone(policy: PolicySet):
    objection = ReasonCode("BEZWAAR")
    assert "bezwaar" not in to_citizen(policy, objection)
    assert "bezwaar" in to_citizen(policy, objection, sealed=False)
    assert "overleden" not in to_citizen(policy, ReasonCode("OVERLEDEN"), sealed=False)


def test_every_code_can_be_told(policy: PolicySet):
    for code, reason in policy.reasons.items():
        for sealed in (True, False):
            said = to_citizen(policy, code, sealed=sealed)
            assert said.endswith(".")
            assert reason.text_nl != said
