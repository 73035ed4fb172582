"""Minimise: what the grant lists, in the form it lists, and nothing else."""

from __future__ import annotations

import orjson
import pytest

from hub.consent.model import Permit
from hub.domain.element import elements_of
from hub.domain.kinds import RECORDS
from hub.domain.personal import Pseudonym
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.terms import Form
from hub.errors import Misconfigured
from hub.protect.minimise import content_of, minimise, pseudonymous_identifier
from tests.fakes import kinds
from tests.fakes.granted import full_record, grant
from tests.fakes.house import shipped

RECORD = full_record()
PSEUDONYM = Pseudonym("p1.s.invented")


def test_an_empty_grant_passes_nothing() -> None:
    assert minimise(RECORD, grant({}), None) == {}


def test_what_passes_raw_has_its_published_name_and_its_value() -> None:
    fields = dict.fromkeys(("bsn", "datum_uitschrijving", "huisnummer", "indicatie_geheim", "opmerking"), Form.raw)
    assert minimise(RECORD, grant(fields), None) == {
        "bsn": RECORD.bsn and RECORD.bsn.reveal(),
        "datumUitschrijving": RECORD.datum_uitschrijving.reveal(),
        "huisnummer": 12,
        "indicatieGeheim": False,
        "opmerking": "Vrije tekst.",
    }


def test_all_raw_is_the_record_again() -> None:
    """What the hub passes on whole can be read as a record again: names and forms are those of the published schema."""
    everything = minimise(RECORD, grant(dict.fromkeys(elements_of(Uitvalmelding), Form.raw)), None)
    assert Uitvalmelding.model_validate_json(orjson.dumps(everything)) == RECORD


@pytest.mark.parametrize(
    ("element", "wire", "value"),
    [
        ("geboortedatum", "geboortejaar", "2007"),
        ("datum_inschrijving", "jaarInschrijving", "2024"),
        ("datum_uitschrijving", "jaarUitschrijving", "2026"),
        ("postcode", "postcodecijfers", "1234"),
    ],
)
def test_a_band_tells_the_band_alone(element: str, wire: str, value: str) -> None:
    assert minimise(RECORD, grant({element: Form.banded}), None) == {wire: value}


@pytest.mark.parametrize(
    ("kind", "element", "passed"),
    [
        ("uwvsignaal", "meldde_zich_op", {"weekMelding": "2026-W42"}),
        ("vroegsignaal", "verwacht_einde_school", {"maandEindeSchool": "2027-07"}),
        ("verzuimmelding", "melddatumtijd", {"melddag": "2026-10-30"}),
        ("portfolio", "stages", {"aantalStages": 1}),
        ("overstapdossier", "leerresultaten", {"niveauPerVak": [{"vak": "Rekenen", "niveau": "onvoldoende"}]}),
        ("plaatsing", "plaatsing_tot", {"maandEindePlaatsing": "2027-04"}),
    ],
)
def test_a_band_of_another_kind(kind: str, element: str, passed: dict[str, object]) -> None:
    assert minimise(kinds.record(kind), grant({element: Form.banded}), None) == passed


def test_a_week_belongs_to_the_year_of_its_thursday() -> None:
    signal = kinds.record("uwvsignaal", melddeZichOp="2027-01-01")
    assert minimise(signal, grant({"meldde_zich_op": Form.banded}), None) == {"weekMelding": "2026-W53"}


def test_every_band_that_a_clause_asks_of_a_kind_of_ours_is_known() -> None:
    for agreement in shipped().policy.agreements:
        for clause in agreement.clauses:
            if isinstance(clause, Permit) and clause.record in RECORDS:
                asked = {str(name): need.form for name, need in clause.fields.items() if need.form is not Form.pseudonym}
                minimise(kinds.record(clause.record), grant(asked), None)


@pytest.mark.parametrize("kind", RECORDS)
def test_what_has_parts_passes_as_our_schema_writes_it(kind: str) -> None:
    whole = minimise(kinds.record(kind), grant(dict.fromkeys(elements_of(RECORDS[kind]), Form.raw)), None)
    decides = {name: value for name, value in orjson.loads(kinds.body(kind)).items() if name not in whole}
    assert RECORDS[kind].model_validate_json(orjson.dumps({**whole, **decides})) == kinds.record(kind)
    assert content_of(kinds.record(kind)) == content_of(kinds.record(kind))


def test_another_lesson_hour_is_other_content() -> None:
    hours = [{"datum": "2026-10-02", "heleDag": False, "lesuren": [1]}]
    assert content_of(kinds.record("verzuimmelding")) != content_of(kinds.record("verzuimmelding", verzuimdagen=hours))


def test_an_element_without_bands_refuses_the_clause() -> None:
    with pytest.raises(Misconfigured, match="geslachtsnaam"):
        minimise(RECORD, grant({"geslachtsnaam": Form.banded}), None)


def test_yes_or_no_tells_that_there_is_one() -> None:
    assert minimise(RECORD, grant({"telefoonnummer": Form.yes_no}), None) == {"heeftTelefoonnummer": True}
    assert minimise(full_record(telefoonnummer=None), grant({"telefoonnummer": Form.yes_no}), None) == {}


def test_what_is_absent_leaves_no_trace() -> None:
    sparse = full_record(**dict.fromkeys(("postcode", "telefoonnummer", "datum_inschrijving", "opmerking")))
    forms = {"postcode": Form.banded, "telefoonnummer": Form.raw, "datum_inschrijving": Form.banded, "opmerking": Form.raw}
    assert minimise(sparse, grant(forms), None) == {}


def test_an_identifier_as_pseudonym_never_passes_itself() -> None:
    as_pseudonym = grant({"bsn": Form.pseudonym, "geslachtsnaam": Form.raw})
    assert minimise(RECORD, as_pseudonym, PSEUDONYM) == {"pseudoniem": "p1.s.invented", "geslachtsnaam": "Verzonnen"}
    assert minimise(RECORD, as_pseudonym, None) == {"geslachtsnaam": "Verzonnen"}


def test_a_grant_says_per_identifier_whether_it_is_pseudonymous() -> None:
    mixed = grant({"bsn": Form.raw, "onderwijsnummer": Form.pseudonym})
    assert not pseudonymous_identifier(mixed, "bsn")
    assert pseudonymous_identifier(mixed, "onderwijsnummer")
    assert not pseudonymous_identifier(grant({}), "bsn")


def test_fields_come_in_the_order_of_the_grant() -> None:
    forward = {"geslachtsnaam": Form.raw, "bsn": Form.raw, "gemeente": Form.raw}
    assert list(minimise(RECORD, grant(forward), None)) == ["geslachtsnaam", "bsn", "gemeente"]


def test_content_tells_every_difference_and_nothing_else() -> None:
    same, others = full_record(), [full_record(geslachtsnaam="Anders"), full_record(opmerking=None), full_record(huisnummer=13)]
    assert content_of(RECORD) == content_of(same)
    assert len({content_of(other) for other in (RECORD, *others)}) == 4


def test_content_does_not_let_one_field_pass_for_another() -> None:
    assert content_of(full_record(voornamen="Bo", voorvoegsel=None)) != content_of(
        full_record(voornamen=None, voorvoegsel="Bo")
    )
