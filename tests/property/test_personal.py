"""Whatever the value, the type does not give it away, and a number is one kind or none."""

import io
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pseudonym
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.terms import Term
from hub.observe import Event, Level, _open, emit
from tests.canary import BSN, NAME, ONDERWIJSNUMMER, found_in, told_by
from tests.strategies import bodies, bsns, no_pgns, onderwijsnummers

KINDS = [Personal, Pseudonym]
# Nothing that stands in `<personal>` itself or in a number of digits that formatting may add.
values = st.text(st.characters(codec="utf-8", exclude_characters="<personal>"), min_size=6)


@given(values, st.sampled_from(KINDS), st.text(max_size=6))
def test_no_format_shows_the_value(value, kind, spec):
    hidden = kind(value)
    for shown in (str(hidden), repr(hidden), format(hidden, spec), f"{hidden!a}", json.dumps([hidden], default=str)):
        assert value not in shown


@given(st.text(), st.text())
def test_two_are_equal_when_their_kind_and_their_values_are(one, other):
    assert (Personal(one) == Personal(other)) == (one == other)
    assert Personal(one) != one
    assert Personal(one) != Pseudonym(one)
    if one == other:
        assert hash(Personal(one)) == hash(Personal(other))


@given(st.text())
def test_revealing_gives_the_value_back(value):
    assert Personal(value).reveal() == value


def elfproef(digits):
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11


@given(st.one_of(bsns(), onderwijsnummers(), no_pgns(), st.from_regex(r"[0-9]{9}", fullmatch=True)))
def test_nine_digits_are_a_bsn_an_onderwijsnummer_or_neither(digits):
    rest = elfproef(digits)
    nobody = digits == "000000000"
    assert Bsn.accepts(digits) == (rest == 0 and not nobody)
    assert Onderwijsnummer.accepts(digits) == (rest == 5 and not nobody)


@given(st.text())
def test_what_is_not_nine_ascii_digits_is_no_number(text):
    assume(not (len(text) == 9 and text.isascii() and text.isdigit()))
    assert not Bsn.accepts(text)
    assert not Onderwijsnummer.accepts(text)


@given(bsns())
def test_one_wrong_digit_or_two_swapped_are_noticed(digits):
    for at in range(9):
        for other in "0123456789":
            if other != digits[at]:
                assert not Bsn.accepts(digits[:at] + other + digits[at + 1 :])
        if at < 8 and digits[at] != digits[at + 1]:
            assert not Bsn.accepts(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])


canaries = st.sampled_from([BSN, NAME, ONDERWIJSNUMMER, f"{NAME}\n{BSN}", int(BSN)])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | canaries,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | canaries.map(str), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(sorted(info.alias for info in Uitvalmelding.model_fields.values())) | canaries.map(str)
changes = st.dictionaries(keys, anything, max_size=4)


@given(bodies(), changes)
def test_no_refusal_of_a_record_repeats_anything_of_it(body, change):
    changed = json.dumps(body | {"geslachtsnaam": NAME} | change)
    try:
        record = Uitvalmelding.model_validate_json(changed)
    except ValidationError as error:
        told = [repr(error.errors()), error.json(), *told_by(error)]
        assert not found_in(*told)
    else:
        assert not found_in(repr(record), str(record), repr(vars(record)))


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), anything))
def test_no_log_line_holds_anything_but_words_of_ours(fields):
    assume("event" not in fields)
    written = io.BytesIO()
    _open(Level.debug, written)
    try:
        emit(Event.failure, **fields)
    finally:
        _open(Level.info, None)
    assert written.getvalue().count(b"\n") == 1
    assert not found_in(written.getvalue())


@given(st.text())
def test_a_term_is_a_word_and_never_a_number(text):
    try:
        word = Term(text)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = "not a Term"
        assert word[0].isalpha()
        assert len(word) <= 64
    assert refusal == "not a Term"


@pytest.mark.parametrize("kind", [Bsn, Onderwijsnummer])
def test_nobody_has_the_number_nought(kind):
    assert not kind.accepts("000000000")
