"""One line per connector buys the whole suite."""

from __future__ import annotations

from hub.connector import Endpoint
from hub.registry import load_connectors
from tests.contract.connector_suite import suite

REPORT = (
    b'{"bsn":"999909848","geslachtsnaam":"geheim123","geboortedatum":"2008-02-29","brin":"98ZZ",'
    b'"verzuimBegindatum":"2026-10-01","verzuimsoort":"luxe","statusMelding":"geregistreerd"}'
)


def folder(address: str) -> Endpoint:
    """A folder to put files in, on a server whose key nobody has."""
    key = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqjYhyRP1MbTLCVKmKkq3x3Hu7RnU3TvJxQk8H3m3kM"
    held = {"known_hosts": b"[127.0.0.1]:1 " + key, "password": b"geheim"}
    return Endpoint(address, {"username": "hub", "folder": "in", "who": "R0004"}, held, 5.0)


def case_system(address: str) -> Endpoint:
    """A case system of the ZGW standard, with types that it would have."""
    types = {name: f"{address}/catalogi/api/v1/{name}n/1" for name in ("zaaktype", "roltype", "statustype")}
    options = {"client_id": "hub", "bronorganisatie": "002220647", "gemeente": "9001", **types}
    return Endpoint(address, options, {"secret": b"een-geheim-van-lengte"}, 5.0)


def stuf_system(address: str) -> Endpoint:
    """A case system that still has StUF."""
    options = {"addressing": "no", "gemeente": "9001", "zaaktype_code": "JL-001", "to_application": "ZS"}
    return Endpoint(address, options, {}, 5.0)


TestBezorging = suite("bezorging")
TestDuoInschrijving = suite("duo_inschrijving")
TestDuoKoppelbestand = suite("duo_koppelbestand", folder)
TestDuoUitval = suite("duo_uitval")
TestDuoVerzuim = suite("duo_verzuim")
TestGemeenteBestand = suite("gemeente_bestand")
TestGemeenteBrp = suite("gemeente_brp")
TestGemeenteStuf = suite("gemeente_stuf", stuf_system)
TestGemeenteTerugmelding = suite("gemeente_terugmelding")
TestGemeenteZaak = suite("gemeente_zaak")
TestGemeenteZgw = suite("gemeente_zgw", case_system)
TestDuoVerzuimMelden = suite("duo_verzuim_melden", payload=REPORT)
TestDuoVerzuimOphalen = suite("duo_verzuim_ophalen")
TestGemeenteZgwStatus = suite("gemeente_zgw_status")
TestLvsCsv = suite("lvs_csv")
TestLvsCsvVerzuim = suite("lvs_csv_verzuim")
TestLvsOso = suite("lvs_oso")
TestLvsPortfolio = suite("lvs_portfolio")
TestLvsRestUitval = suite("lvs_rest_uitval")
TestLvsRestVerzuim = suite("lvs_rest_verzuim")
TestLvsVroegsignaal = suite("lvs_vroegsignaal")
TestRmcLijst = suite("rmc_lijst", folder)
TestRmcTerugmelding = suite("rmc_terugmelding")
TestRmcZaak = suite("rmc_zaak")
TestUwvBestand = suite("uwv_bestand")
TestUwvSuwinet = suite("uwv_suwinet", lambda address: Endpoint(address, {"services": "duo inkomen", "tasks": "pw"}))


def test_no_connector_is_left_out() -> None:
    assert set(load_connectors()) == {
        "bezorging",
        "duo_inschrijving",
        "duo_koppelbestand",
        "duo_uitval",
        "duo_verzuim",
        "duo_verzuim_melden",
        "duo_verzuim_ophalen",
        "gemeente_bestand",
        "gemeente_brp",
        "gemeente_stuf",
        "gemeente_terugmelding",
        "gemeente_zaak",
        "gemeente_zgw",
        "gemeente_zgw_status",
        "lvs_csv",
        "lvs_csv_verzuim",
        "lvs_oso",
        "lvs_portfolio",
        "lvs_rest_uitval",
        "lvs_rest_verzuim",
        "lvs_vroegsignaal",
        "rmc_lijst",
        "rmc_terugmelding",
        "rmc_zaak",
        "uwv_bestand",
        "uwv_suwinet",
    }
