"""Cases out of registration systems: what people typed there, as CSV and as JSON."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from hub.domain.record import PersonRecord
from tests.fakes.fates import WIRE, fates, table, values

CASES = WIRE / "rmc_zaak/rmc-zaak-1/sample.csv"
CASES_JSON = WIRE / "rmc_zaak/rmc-zaak-json-1/example.json"
OUTCOMES = WIRE / "rmc_terugmelding/rmc-terugmelding-1/sample.csv"
OUTCOMES_JSON = WIRE / "rmc_terugmelding/rmc-terugmelding-json-1/example.json"


def case(**cells: str) -> Any:
    (fate,) = fates("rmc_zaak", table(CASES, **cells))
    return fate


def held(fate: Any, *names: str) -> tuple[Any, ...]:
    assert isinstance(fate, PersonRecord), fate
    return tuple(fate.held(name) for name in names)


def test_a_case_reads_as_it_was_typed() -> None:
    first, second = fates("rmc_zaak", CASES.read_bytes())
    assert held(first, "geslachtsnaam", "voorvoegsel", "geboortedatum") == ("d'Hondt", None, date(2008, 2, 29))
    assert held(first, "huisnummer", "huisnummertoevoeging", "gemeente") == (12, "b", "9001")
    assert held(second, "geslachtsnaam", "voorvoegsel", "indicatie_geheim") == ("Veen", "in 't", True)


def test_json_says_the_same() -> None:
    (of_json,), (of_csv, _) = (
        fates("rmc_zaak", CASES_JSON.read_bytes(), "mapping.json.yaml"),
        fates("rmc_zaak", CASES.read_bytes()),
    )
    assert values(of_json) == values(of_csv)


@pytest.mark.parametrize(
    ("cells", "where", "code"),
    [
        ({"ACHTERNAAM": "Veen, mevrouw"}, "ACHTERNAAM", "WAARDE_ONGELDIG"),
        ({"HUISNUMMER": "t/o 12"}, "HUISNUMMER", "WAARDE_ONGELDIG"),
        ({"GEMEENTE": "Nergenshuizen"}, "GEMEENTE", "WAARDE_ONGELDIG"),
        ({"GEBOORTEDATUM": "02-30-2008"}, "GEBOORTEDATUM", "DATUM_ONGELDIG"),
        ({"ONDERWIJS": "HBO"}, "ONDERWIJS", "CODE_ONBEKEND"),
        ({"GEHEIM ADRES": ""}, "GEHEIM ADRES", "VERPLICHT_VELD_LEEG"),
    ],
)
def test_what_cannot_be_read_is_set_aside_for_its_own_reason(cells: dict[str, str], where: str, code: str) -> None:
    assert case(**cells) == ((where, code),)


def test_outcomes_are_of_a_closed_list() -> None:
    first, second = fates("rmc_terugmelding", OUTCOMES.read_bytes())
    assert held(first, "uitkomst_overdracht", "gemeente") == ("aangekomen", "9001")
    assert held(second, "uitkomst_overdracht", "datum_uitkomst") == ("niet_bereikt", date(2026, 10, 21))
    (wrong,) = fates("rmc_terugmelding", table(OUTCOMES, UITKOMST="Naar verslavingszorg"))
    assert wrong == (("UITKOMST", "CODE_ONBEKEND"),)
    message = json.loads(OUTCOMES_JSON.read_bytes())
    for word, ours in {"aangekomen": "aangekomen", "wilNiet": "wil_niet", "eldersGeholpen": "elders_geholpen"}.items():
        (fate,) = fates("rmc_terugmelding", json.dumps(message | {"uitkomst": word}).encode(), "mapping.json.yaml")
        assert held(fate, "uitkomst_overdracht") == (ours,)
