"""A shape helps, and tells nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mend import shape


@pytest.mark.parametrize(
    ("cell", "looks"),
    [
        ("01/02/2007", "99/99/9999"),
        ("20070201", "99999999"),
        ("1 mei 2007", "9 aaa 9999"),
        ("1 september 2007", "9 aaa 9999"),
        ("1234 AB", "9999 aa"),
        ("M", "a"),
        ("99ZZ", "99aa"),
        ("+31 6-12", "+99 9-99"),
        ("O'Brién", "a?aaa"),
        ("٣", "9"),
        ("a\tb\x00", "a?a?"),
        ("9" * 50, "9" * 40 + "…"),
    ],
)
def test_a_shape(cell: str, looks: str) -> None:
    assert shape.shape(cell) == looks


@pytest.mark.parametrize(
    ("length", "words"), [(1, "1-5"), (5, "1-5"), (6, "6-10"), (11, "11-20"), (40, "21-40"), (41, "meer dan 40")]
)
def test_a_text_shows_a_band(length: int, words: str) -> None:
    assert shape.band("é" * length) == f"tekst, {words} tekens"


@given(st.text(max_size=60))
def test_nothing_of_a_cell_is_in_its_shape(cell: str) -> None:
    assert set(shape.shape(cell)) <= set("a9-./:+ ?…")
    assert len(shape.shape(cell)) <= shape.LONGEST + 1


@given(st.from_regex(r"[a-zA-Z]{3,30}", fullmatch=True))
def test_words_of_letters_look_alike(word: str) -> None:
    assert shape.shape(word) == "aaa"
