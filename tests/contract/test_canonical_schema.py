"""The published schema says what the model says, and stands in the repository as the code would write it today."""

import json
import re
from datetime import date

import jsonschema_rs
import pytest
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from hub.domain.element import addressee_of, elements_of, facts_of
from hub.domain.export import RECORDS, json_schema
from hub.domain.personal import Bsn
from hub.domain.records.uitvalmelding import KIND, Uitvalmelding
from ops.docs import generated

BSN = next(number for number in map(str, range(999_990_000, 999_999_999)) if Bsn.accepts(number))
GOOD = {
    "bsn": BSN,
    "geslachtsnaam": "Ottevanger",
    "geboortedatum": "2007-02-28",
    "gemeente": "0599",
    "indicatieGeheim": False,
    "brin": "99XX",
    "onderwijssoort": "mbo",
    "datumUitschrijving": "2026-03-01",
    "startkwalificatie": False,
}


@pytest.mark.parametrize("path", generated(), ids=lambda path: path.name)
def test_generated_files_are_as_the_code_would_write_them(path):
    assert path.read_text(encoding="utf-8") == generated()[path], "run: make docs"


@pytest.mark.parametrize("kind", RECORDS)
def test_schema_is_valid_and_complete(kind):
    schema = json_schema(kind)
    assert jsonschema_rs.meta.is_valid(schema)
    elements = {str(element) for element in elements_of(RECORDS[kind]).values()}
    said = schema["properties"].values()
    assert {field["x-element"] for field in said if "x-element" in field} == elements
    assert {field["x-fact"] for field in said if "x-fact" in field} == {*map(str, facts_of(RECORDS[kind]).values())}
    assert all(len({"x-element", "x-fact", "x-addressee"} & field.keys()) == 1 for field in said)
    meant = addressee_of(RECORDS[kind])
    assert [name for name, field in schema["properties"].items() if "x-addressee" in field] == (
        [to_camel(meant)] if meant else []
    )
    assert all(field["title"] and field["description"].endswith(".") for field in schema["properties"].values())


@pytest.mark.parametrize("kind", RECORDS)
def test_patterns_are_portable(kind):
    patterns = [field["pattern"] for field in json_schema(kind)["properties"].values() if "pattern" in field]
    assert patterns
    for pattern in patterns:
        # anchored, and free of what ECMA 262 lacks or reads otherwise: \A \Z \d \w \s, named groups, inline flags, possessives
        assert pattern.startswith("^")
        assert pattern.endswith("$")
        assert not re.search(r"\\[AZzdws]|\(\?|[*+?}]\+", pattern)


CASES = {
    "good": {},
    "a date that is none": {"geboortedatum": "2007-02-30"},
    "a moment for a date": {"geboortedatum": "2007-02-28T00:00:00Z"},
    "a number for a text": {"gemeente": 599},
    "a text for a number": {"huisnummer": "12"},
    "a number for a boolean": {"startkwalificatie": 0},
    "an optional field that is null": {"huisnummer": None, "redenUitval": None},
    "a mandatory field that is null": {"geslachtsnaam": None},
    "too long": {"voorvoegsel": "x" * 11},
    "empty": {"geslachtsnaam": ""},
    "a line break": {"geslachtsnaam": "Otte\nvanger"},
    "a line break at the end": {"gemeente": "0599\n"},
    "a bidirectional override": {"geslachtsnaam": "Otte\u202evanger"},
    "diacritics": {"geslachtsnaam": "Ötteväñger-Şahin"},
    "full-width digits": {"gemeente": "０５９９"},
    "a code that is not on the list": {"onderwijssoort": "hbo"},
    "a field that we do not know": {"lengte": 180},
    "two numbers": {"onderwijsnummer": BSN},
    "no number": {"bsn": None},
    "a number out of range": {"huisnummer": 0},
    "a telephone number": {"telefoonnummer": "+31600000000"},
}


@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_schema_and_model_agree(change):
    record = GOOD | change
    by_schema = jsonschema_rs.validator_for(json_schema(KIND), validate_formats=True).is_valid(record)
    try:
        Uitvalmelding.model_validate_json(json.dumps(record))
    except ValidationError:
        assert not by_schema
    else:
        assert by_schema


def test_what_a_schema_cannot_say_the_model_refuses_all_the_same():
    schema = jsonschema_rs.validator_for(json_schema(KIND), validate_formats=True)
    wrong_number = GOOD | {"bsn": str(int(BSN) + 1)}
    wrong_order = GOOD | {"datumUitschrijving": date(2001, 1, 1).isoformat()}
    for record in (wrong_number, wrong_order):
        assert schema.is_valid(record)
        with pytest.raises(ValidationError):
            Uitvalmelding.model_validate_json(json.dumps(record))
