"""The canonical record: what it takes, what it refuses, and with which code."""

import json
from datetime import date

import pytest
from pydantic import ValidationError

from hub.domain.element import elements_of
from hub.domain.personal import Bsn, Onderwijsnummer, Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from tests.canary import BSN, ONDERWIJSNUMMER

BODY = {
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


def read(**change):
    body = {name: value for name, value in (BODY | change).items() if value is not ...}
    return Uitvalmelding.model_validate_json(json.dumps(body))


def codes(**change):
    with pytest.raises(ValidationError) as caught:
        read(**change)
    return {(".".join(map(str, error["loc"])), error["type"]) for error in caught.value.errors()}


def test_a_record_is_read_by_its_wire_names_into_hidden_values():
    record = read(voornamen="Fatima Maria", huisnummer=12)
    assert record.bsn == Bsn(BSN)
    assert record.geslachtsnaam == Personal("Ottevanger")
    assert record.geboortedatum.reveal() == date(2007, 2, 28)
    assert record.huisnummer.reveal() == 12
    assert record.onderwijsnummer is record.postcode is None


def test_python_values_and_values_that_are_hidden_already_are_taken():
    body = BODY | {"geboortedatum": date(2007, 2, 28), "datumUitschrijving": date(2026, 3, 1), "bsn": Bsn(BSN)}
    assert Uitvalmelding.model_validate(body) == read()
    assert Uitvalmelding(**body) == read()


def test_space_around_a_name_is_taken_off():
    assert read(geslachtsnaam="  Ottevanger ").geslachtsnaam.reveal() == "Ottevanger"


def test_the_number_is_whichever_of_the_two_there_is():
    assert read().pgn == Bsn(BSN)
    assert read(bsn=..., onderwijsnummer=ONDERWIJSNUMMER).pgn == Onderwijsnummer(ONDERWIJSNUMMER)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"bsn": ...}, {("", "pgn_one_of_two")}),
        ({"onderwijsnummer": ONDERWIJSNUMMER}, {("", "pgn_one_of_two")}),
        ({"bsn": ONDERWIJSNUMMER}, {("bsn", "bsn_invalid")}),
        ({"bsn": int(BSN)}, {("bsn", "string_type")}),
        ({"onderwijsnummer": BSN}, {("onderwijsnummer", "onderwijsnummer_invalid")}),
        ({"geslachtsnaam": ..., "brin": ...}, {("geslachtsnaam", "missing"), ("brin", "missing")}),
        ({"geslachtsnaam": "   "}, {("geslachtsnaam", "string_too_short")}),
        ({"geslachtsnaam": "Otte\nvanger"}, {("geslachtsnaam", "string_pattern_mismatch")}),
        ({"geboortedatum": 20070228}, {("geboortedatum", "date_type")}),
        ({"startkwalificatie": 0}, {("startkwalificatie", "bool_type")}),
        ({"huisnummer": True}, {("huisnummer", "int_type")}),
        ({"datumUitschrijving": "2007-02-27"}, {("", "dates_out_of_order")}),
        ({"datumInschrijving": "2026-03-02"}, {("", "dates_out_of_order")}),
        ({"onbekend": 1}, {("?", "extra_forbidden")}),
    ],
)
def test_what_is_wrong_is_told_by_place_and_code(change, expected):
    assert codes(**change) == expected


def test_a_date_on_which_things_happen_at_once_is_no_mistake():
    assert read(datumInschrijving="2026-03-01").datum_inschrijving == Personal(date(2026, 3, 1))


def test_a_record_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        read().gemeente = Personal("0363")


def test_every_field_names_its_own_data_element():
    elements = elements_of(Uitvalmelding)
    assert set(elements) == set(Uitvalmelding.model_fields)
    assert len(set(elements.values())) == len(elements)
