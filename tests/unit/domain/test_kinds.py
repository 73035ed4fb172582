"""What holds for every kind of record: one file, one element a field, a death that is known, no value in what it says."""

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from hub.consent.facts import subject_facts
from hub.domain.element import addressee_of, elements_of, facts_of
from hub.domain.kinds import RECORDS
from hub.domain.personal import Personal
from hub.domain.terms import RecordKind
from tests.fakes import kinds
from tests.fakes.granted import DAY

ALL = tuple(map(str, RECORDS))


def test_resources_are_the_kinds_own():
    assert len({model.RESOURCE for model in RECORDS.values()}) == len(RECORDS)
    assert all(model.KIND == model.__module__.rpartition(".")[2] == model.__name__.lower() for model in RECORDS.values())


@pytest.mark.parametrize("kind", ALL)
def test_every_field_is_personal_and_is_one_thing(kind: str):
    model = RECORDS[RecordKind(kind)]
    elements, facts = elements_of(model), facts_of(model)
    meant = addressee_of(model)
    assert {*elements, *facts, *([meant] if meant else [])} == set(model.model_fields)
    assert len(set(elements.values())) == len(elements)
    assert all(isinstance(value, Personal) for value in kinds.record(kind).__dict__.values() if value is not None)


@pytest.mark.parametrize("kind", ALL)
def test_a_death_is_known_and_everything_else_that_gates_ask_comes_along(kind: str):
    alive, dead = kinds.record(kind), kinds.record(kind, overlijdensdatum="2026-10-01")
    assert subject_facts(alive, DAY, frozenset()).overleden is False
    assert subject_facts(dead, DAY, frozenset()).overleden is True
    assert "overlijdensdatum" not in elements_of(type(alive)) or kind == "uitvalmelding"
    known = {name for name, _ in subject_facts(alive, DAY, frozenset()).more}
    own = {"overleden", "gemeente", "startkwalificatie", "ingeschreven", "onderwijssoort"}
    assert known == {str(fact) for fact in facts_of(type(alive)).values()} - own


@pytest.mark.parametrize("kind", ALL)
def test_where_an_address_is_the_secrecy_mark_must_be(kind: str):
    fields = RECORDS[RecordKind(kind)].model_fields
    assert ("straatnaam" in fields) == ("indicatie_geheim" in fields)
    assert "straatnaam" not in fields or fields["indicatie_geheim"].is_required()


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("inschrijving", {"datumUitschrijving": "2024-07-31"}),
        ("inschrijving", {"datumInschrijving": "2007-05-03", "datumUitschrijving": None}),
        ("uwvsignaal", {"melddeZichOp": "2007-05-03"}),
        ("overdracht", {"leerplichtAfgeslotenOp": "2007-05-03"}),
        ("terugmelding", {"datumUitkomst": "2007-05-03"}),
        ("vroegsignaal", {"verwachtEindeSchool": "2007-05-03"}),
        ("plaatsing", {"plaatsingTot": "2026-10-04"}),
        ("plaatsing", {"plaatsingSinds": "2007-05-03"}),
    ],
)
def test_dates_that_cannot_be_are_refused(kind: str, change: dict[str, Any]):
    with pytest.raises(ValidationError) as caught:
        kinds.record(kind, **change)
    assert [error["type"] for error in caught.value.errors()] == ["dates_out_of_order"]
    assert "2007" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("overstapdossier", {"ontvangerBrin": None}),
        ("overstapdossier", {"onderwijskundigRapport": "<html>"}),
        ("suwinetantwoord", {"vraagsteller": "Werk en Inkomen"}),
        ("suwinetantwoord", {"heeftInkomen": 1200}),
        ("portfolio", {"vaardigheden": []}),
        ("portfolio", {"vaardigheden": ["x"] * 26}),
    ],
)
def test_what_a_kind_may_not_hold_is_refused(kind: str, change: dict[str, Any]):
    with pytest.raises(ValidationError):
        kinds.record(kind, **change)


def test_what_no_sender_may_give_has_no_field():
    given = orjson.loads(kinds.body("uwvsignaal"))
    with pytest.raises(ValidationError) as caught:
        RECORDS[RecordKind("uwvsignaal")].model_validate_json(orjson.dumps({**given, "notitieUwv": "iets", "inkomen": 900}))
    assert {error["type"] for error in caught.value.errors()} == {"extra_forbidden"}
