"""Hypothesis strategies for what the hub knows, in one place. Numbers lie in 999000000 to 999999999, which nobody is issued."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from hypothesis import strategies as st

from hub.domain.records.uitvalmelding import Uitvalmelding

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)


def number_with_remainder(first_eight: int, remainder: int) -> str | None:
    """The nine digits that begin so and have this remainder modulo 11, if any digit gives it."""
    digits = f"{first_eight:08d}"
    last = (sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) - remainder) % 11
    return None if last == 10 else f"{digits}{last}"


def _numbers(remainder: int) -> st.SearchStrategy[str]:
    found = st.integers(99_900_000, 99_999_999).map(lambda start: number_with_remainder(start, remainder))
    return found.filter(lambda number: number is not None).map(str)


def bsns() -> st.SearchStrategy[str]:
    """Digits of invented BSNs that pass the elfproef."""
    return _numbers(0)


def onderwijsnummers() -> st.SearchStrategy[str]:
    """Digits of invented onderwijsnummers."""
    return _numbers(5)


def no_pgns() -> st.SearchStrategy[str]:
    """Nine digits that are neither of the two."""
    wrong = st.sampled_from([remainder for remainder in range(11) if remainder not in (0, 5)])
    return wrong.flatmap(_numbers)


_NAME = st.text(st.characters(categories=("Lu", "Ll"), include_characters=" '-"), min_size=1, max_size=40).filter(str.strip)
_DATE = st.dates(date(1998, 1, 1), date(2010, 12, 31))


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A valid uitvalmelding as a partner's JSON, by wire name."""
    born = draw(_DATE)
    left = draw(st.dates(date(2020, 1, 1), date(2026, 12, 31)))
    if born > left:
        born, left = left, born
    number = draw(st.one_of(bsns().map(lambda n: {"bsn": n}), onderwijsnummers().map(lambda n: {"onderwijsnummer": n})))
    maybe = {
        "voornamen": _NAME,
        "voorvoegsel": st.sampled_from(["van", "de", "van der", "el"]),
        "geslacht": st.sampled_from("MVXO"),
        "straatnaam": _NAME,
        "huisnummer": st.integers(1, 99_999),
        "postcode": st.from_regex(r"[1-9][0-9]{3}[A-Z]{2}", fullmatch=True),
        "telefoonnummer": st.from_regex(r"06[0-9]{8}", fullmatch=True),
        "opleidingscode": st.from_regex(r"[0-9]{5}", fullmatch=True),
        "redenUitval": st.sampled_from("123456789"),
        "opmerking": _NAME,
    }
    return {
        **number,
        "geslachtsnaam": draw(_NAME),
        "geboortedatum": born.isoformat(),
        "gemeente": draw(st.integers(9001, 9008).map(str)),
        "indicatieGeheim": draw(st.booleans()),
        "brin": draw(st.from_regex(r"99[A-Z]{2}", fullmatch=True)),
        "onderwijssoort": draw(st.sampled_from(["vo", "pro", "vso", "entree", "mbo"])),
        "datumUitschrijving": left.isoformat(),
        "startkwalificatie": draw(st.booleans()),
        **draw(st.fixed_dictionaries({}, optional=maybe)),
    }


def uitvalmeldingen() -> st.SearchStrategy[Uitvalmelding]:
    """Valid records."""
    return bodies().map(lambda body: Uitvalmelding.model_validate_json(orjson.dumps(body)))
