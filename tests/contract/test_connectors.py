"""One line per connector buys the whole suite."""

from __future__ import annotations

from hub.connector import Endpoint
from hub.registry import load_connectors
from tests.contract.connector_suite import suite

TestBezorging = suite("bezorging")
TestDuoInschrijving = suite("duo_inschrijving")
TestDuoUitval = suite("duo_uitval")
TestDuoVerzuim = suite("duo_verzuim")
TestLvsCsv = suite("lvs_csv")
TestLvsCsvVerzuim = suite("lvs_csv_verzuim")
TestLvsPortfolio = suite("lvs_portfolio")
TestLvsRestUitval = suite("lvs_rest_uitval")
TestLvsRestVerzuim = suite("lvs_rest_verzuim")
TestLvsVroegsignaal = suite("lvs_vroegsignaal")
TestRmcTerugmelding = suite("rmc_terugmelding")
TestRmcZaak = suite("rmc_zaak")
TestUwvBestand = suite("uwv_bestand")
TestUwvSuwinet = suite("uwv_suwinet", lambda address: Endpoint(address, {"services": "duo inkomen", "tasks": "pw"}))


def test_no_connector_is_left_out() -> None:
    assert set(load_connectors()) == {
        "bezorging",
        "duo_inschrijving",
        "duo_uitval",
        "duo_verzuim",
        "lvs_csv",
        "lvs_csv_verzuim",
        "lvs_portfolio",
        "lvs_rest_uitval",
        "lvs_rest_verzuim",
        "lvs_vroegsignaal",
        "rmc_terugmelding",
        "rmc_zaak",
        "uwv_bestand",
        "uwv_suwinet",
    }
