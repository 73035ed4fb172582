"""One line per connector buys the whole suite."""

from __future__ import annotations

from hub.connector import load_connectors
from tests.contract.connector_suite import suite

TestBezorging = suite("bezorging")
TestDuo = suite("duo")


def test_no_connector_is_left_out() -> None:
    assert set(load_connectors()) == {"bezorging", "duo"}
