"""One line per connector buys the whole suite."""

from __future__ import annotations

from hub.registry import load_connectors
from tests.contract.connector_suite import suite

TestBezorging = suite("bezorging")
TestDuoUitval = suite("duo_uitval")


def test_no_connector_is_left_out() -> None:
    assert set(load_connectors()) == {"bezorging", "duo_uitval"}
