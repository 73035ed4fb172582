"""Minimise: what the grant lists, in the form it lists, and nothing else."""

from __future__ import annotations

import orjson
import pytest

from hub.domain.element import elements_of
from hub.domain.personal import Pseudonym
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.terms import Form
from hub.errors import Misconfigured
from hub.protect.minimise import content_of, minimise, pseudonymous_identifier
from tests.fakes.granted import full_record, grant

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
