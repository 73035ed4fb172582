"""The small types that everything else is made of."""

import dataclasses
import inspect
from datetime import date
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from hub.domain import stages
from hub.domain.element import Element, elements_of
from hub.domain.facts import SubjectFacts
from hub.domain.ids import new_ids
from hub.domain.personal import Personal
from hub.domain.terms import ElementName, Micros, PartyId, PolicyHash, ReasonCode, TraceId

# -- words


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (PartyId, "doorstroompunt-rijnmonde"),
        (PartyId, "duo-doorstroompunt/1/uitval"),
        (ReasonCode, "BSN_ONGELDIG"),
        (PolicyHash, "0a" * 32),
        (TraceId, "0a" * 16),
    ],
)
def test_a_word_of_its_kind_is_taken(kind, word):
    assert kind(word) == word
    assert type(TypeAdapter(kind).validate_python(word)) is kind


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (PartyId, ""),
        (PartyId, "123456789"),
        (PartyId, "Jansen"),
        (PartyId, "jan jansen"),
        (PartyId, "een--twee"),
        (PartyId, "een-"),
        (PartyId, "é"),
        (PartyId, "a" * 65),
        (PartyId, "een\n"),
        (ReasonCode, "bsn_ongeldig"),
        (PolicyHash, "0" * 63),
        (TraceId, "0" * 32),
    ],
)
def test_what_could_be_a_value_is_no_word(kind, word):
    with pytest.raises(ValueError, match=f"^not a {kind.__name__}$"):
        kind(word)
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(word)


# -- identifiers


@given(st.integers(0, 2**47 * 1000), st.integers(1, 50), st.data())
def test_identifiers_are_version_7_ordered_and_of_their_moment(now, count, data):
    ids = new_ids(count, Micros(now), data.draw(st.binary(min_size=8 * count, max_size=8 * count)))
    assert ids == sorted(ids)
    for one in ids:
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
        assert one.int >> 80 == now // 1000
    [later] = new_ids(1, Micros(now + 1), bytes(8))
    assert all(one.int >> 64 < later.int >> 64 for one in ids)


def test_too_little_entropy_makes_no_identifier():
    with pytest.raises(ValueError, match="entropy"):
        new_ids(2, Micros(0), bytes(15))


# -- data elements


def test_a_field_without_its_element_or_with_two_is_refused():
    class Unnamed(BaseModel):
        bsn: str

    class Two(BaseModel):
        bsn: Annotated[str, Element("bsn"), Element("naam")]

    class One(BaseModel):
        bsn: Annotated[str, Element("bsn")]

    for wrong in (Unnamed, Two):
        with pytest.raises(TypeError, match="exactly one thing"):
            elements_of(wrong)
    assert elements_of(One) == {"bsn": ElementName("bsn")}


# -- facts and stages


def test_facts_are_compared_and_changed_but_not_shown():
    facts = SubjectFacts(date(2026, 3, 1), 17, None, None, None, None, None, None, None, None, None)
    older = facts.but(age=18)
    assert (facts.age, older.age, older.as_of) == (17, 18, facts.as_of)
    assert older != facts
    assert older == facts.but(age=18)
    assert repr(facts) == "SubjectFacts(<personal>)"
    with pytest.raises(AttributeError):
        facts.age = 18
    with pytest.raises(TypeError):
        facts.but(weight=80)


def test_every_stage_is_frozen_and_has_no_room_for_more():
    found = [kind for _, kind in inspect.getmembers(stages, dataclasses.is_dataclass)]
    assert len(found) > 10
    for kind in found:
        assert kind.__dataclass_params__.frozen
        assert "__slots__" in vars(kind)


@pytest.mark.parametrize("change", [lambda it: setattr(it, "_value", 2), lambda it: delattr(it, "_value")])
def test_a_hidden_value_does_not_change(change):
    hidden = Personal(1)
    with pytest.raises(AttributeError, match="does not change"):
        change(hidden)
    assert hidden.reveal() == 1
