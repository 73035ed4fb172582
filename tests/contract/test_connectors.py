"""One line per connector buys the whole suite."""

from __future__ import annotations

from hub.registry import load_connectors
from tests.contract.connector_suite import suite

TestBezorging = suite("bezorging")
TestDuoInschrijving = suite("duo_inschrijving")
TestDuoUitval = suite("duo_uitval")
TestDuoVerzuim = suite("duo_verzuim")
TestLvsCsv = suite("lvs_csv")
TestLvsCsvVerzuim = suite("lvs_csv_verzuim")
TestRmcTerugmelding = suite("rmc_terugmelding")
TestRmcZaak = suite("rmc_zaak")


def test_no_connector_is_left_out() -> None:
    assert set(load_connectors()) == {
        "bezorging",
        "duo_inschrijving",
        "duo_uitval",
        "duo_verzuim",
        "lvs_csv",
        "lvs_csv_verzuim",
        "rmc_terugmelding",
        "rmc_zaak",
    }
