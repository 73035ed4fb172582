"""Every row comes out exactly once, and no fault repeats a value."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Received, Row
from hub.domain.terms import Interface, LogId, Micros, PartyId, ReasonCode
from hub.errors import Fault, Malformed
from hub.normalise import JsonMapping, normalise

GOOD = {
    "bsn": "999990019",
    "geslachtsnaam": "Voorbeeld",
    "geboortedatum": "2007-02-28",
    "gemeente": "9001",
    "indicatieGeheim": False,
    "brin": "99ZZ",
    "onderwijssoort": "mbo",
    "datumUitschrijving": "2026-03-01",
    "startkwalificatie": False,
}


def row(number: int, body: object, fault: str | None = None) -> Row:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Row(number, Personal(raw), Personal(raw), ReasonCode(fault) if fault else None)


def received(*rows: Row) -> Received:
    return Received(PartyId("duo"), LogId("regio"), Interface.rest, UUID(int=1), Micros(0), rows)


def faults(body: object) -> set[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        JsonMapping(Uitvalmelding).read(row(1, body))
    assert caught.value.__context__ is None
    return {(fault.where, fault.code) for fault in caught.value.faults}


def test_order_is_kept_and_nothing_is_lost() -> None:
    rows = (row(2, GOOD), row(3, b"{"), row(4, GOOD), row(5, GOOD, "RIJ_ONVOLLEDIG"), row(6, GOOD | {"brin": "1"}))
    records, rejected = normalise(received(*rows).rows, JsonMapping(Uitvalmelding))
    assert [each.row.number for each in records] == [2, 4]
    assert [(each.row.number, each.faults) for each in rejected] == [
        (3, (("rij", "RIJ_ONVOLLEDIG"),)),
        (5, (("rij", "RIJ_ONVOLLEDIG"),)),
        (6, (("brin", "WAARDE_ONGELDIG"),)),
    ]


def test_a_mapping_that_names_no_fault_still_gives_a_reason() -> None:
    class Silent:
        version = "silent"

        def read(self, row: Row, /) -> object:
            raise Malformed("The record cannot be read.")

    _, (rejected,) = normalise(received(row(1, GOOD)).rows, Silent())  # type: ignore[arg-type]
    assert rejected.faults == (("rij", "WAARDE_ONGELDIG"),)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"bsn": "999990018"}, {("bsn", "BSN_ONGELDIG")}),
        ({"bsn": None}, {("bsn", "PGN_EEN_VAN_TWEE")}),
        ({"bsn": None, "onderwijsnummer": "999990019"}, {("onderwijsnummer", "ONDERWIJSNUMMER_ONGELDIG")}),
        ({"geslachtsnaam": ""}, {("geslachtsnaam", "VERPLICHT_VELD_LEEG")}),
        ({"geslachtsnaam": "V" * 201}, {("geslachtsnaam", "TE_LANG")}),
        ({"geslachtsnaam": "Voor\u202ebeeld"}, {("geslachtsnaam", "TEKEN_ONGELDIG")}),
        ({"geslacht": "Q"}, {("geslacht", "CODE_ONBEKEND")}),
        ({"geboortedatum": "2007-02-31"}, {("geboortedatum", "DATUM_ONGELDIG")}),
        ({"datumUitschrijving": "2006-01-01"}, {("datumUitschrijving", "DATUM_VOLGORDE")}),
        ({"postcode": "0123ab"}, {("postcode", "WAARDE_ONGELDIG")}),
        ({"999990019 Voorbeeld": 1}, {("?", "VELD_ONBEKEND")}),
        ({"Voorbeeld": 1}, {("?", "VELD_ONBEKEND")}),
    ],
)
def test_faults_by_wire_name_and_code(change: dict[str, object], expected: set[tuple[str, str]]) -> None:
    assert faults(GOOD | change) == expected


def test_every_fault_is_told_at_once_and_none_repeats_a_value() -> None:
    body = {"bsn": "123456789", "geslachtsnaam": "Voorbeeldnaam\x00", "postcode": "GEHEIM", "Kenmerk Voorbeeldnaam": "GEHEIM"}
    with pytest.raises(Malformed) as caught:
        JsonMapping(Uitvalmelding).read(row(1, body))
    told = repr(caught.value.faults) + str(caught.value)
    assert not any(value in told for value in ("123456789", "Voorbeeldnaam", "GEHEIM"))
    assert Fault("datumUitschrijving", "VERPLICHT_VELD_LEEG") in caught.value.faults
    assert len(caught.value.faults) >= 8


def test_not_json_at_all() -> None:
    assert faults(b"\xff\xfe") == {("rij", "RIJ_ONVOLLEDIG")}
    assert faults([]) == {("rij", "WAARDE_ONGELDIG")}
