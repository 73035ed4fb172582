"""A ledger answers every rule, each with a reason, or does not load."""

from __future__ import annotations

from pathlib import Path

import pytest

import hub.connectors.duo_uitval
from hub.connector.quality import load_ledger
from hub.errors import Misconfigured

LEDGER = (Path(hub.connectors.duo_uitval.__file__).parent / "quality.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("[gold]", "[gold", "TOML"),
        ("[gold]", "[platinum]", "grades"),
        ("guide = {", "gids = {", "gids, guide"),
        ('contract_suite = { done = "tests/contract/test_connectors.py" }', "", "contract_suite"),
        ("contract_suite = { done", "contract_suite = { perhaps", "contract_suite"),
        ('{ done = "tests/contract/test_connectors.py" }', '{ done = "yes" }', "contract_suite"),
        ('{ done = "tests/contract/test_connectors.py" }', "true", "contract_suite"),
        ('{ done = "tests/contract/test_connectors.py" }', "{ done = 12345678901 }", "contract_suite"),
        (
            '{ done = "tests/contract/test_connectors.py" }',
            '{ done = "because of it", exempt = "not at all" }',
            "contract_suite",
        ),
    ],
)
def test_a_ledger_with_a_gap_is_none(tmp_path: Path, old: str, new: str, why: str) -> None:
    assert old in LEDGER
    path = tmp_path / "quality.toml"
    path.write_text(LEDGER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        load_ledger(path, "inbound")
    assert why in refused.value.why


def test_a_grade_that_is_no_table_is_none(tmp_path: Path) -> None:
    path = tmp_path / "quality.toml"
    path.write_text("gold = 1\n" + LEDGER.partition("[gold]")[0], encoding="utf-8")
    with pytest.raises(Misconfigured) as refused:
        load_ledger(path, "inbound")
    assert "gold" in refused.value.why


def test_a_grade_needs_those_below_it(tmp_path: Path) -> None:
    path = tmp_path / "quality.toml"
    whole = LEDGER.replace("{ exempt =", "{ done =")
    for text, grade in (
        (whole, "gold"),
        (whole.replace("drift = { done", "drift = { exempt"), "bronze"),
        (whole.replace("guide = { done", "guide = { exempt"), None),
    ):
        path.write_text(text, encoding="utf-8")
        assert load_ledger(path, "inbound").grade == grade


def test_a_ledger_that_is_not_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be used"):
        load_ledger(tmp_path / "quality.toml", "inbound")
