"""`hub policy coverage` as someone at the keyboard meets it: what the tests notice, the bar, and the log of an open hub."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.cli import guarded
from hub.commands.policy_coverage import policy_coverage_commands

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "schemas" / "policy"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set of its own, with the reasons and the hub's own record as shipped."""
    made = tmp_path_factory.mktemp("set")
    shutil.copytree(ROOT / "tests" / "hostile" / "policy" / "set", made, dirs_exist_ok=True)
    shutil.copytree(SHIPPED / "reasons", made / "reasons")
    for name in ("elements", "records"):
        shutil.copy(SHIPPED / name / "uitvalmelding.yaml", made / name)
    return made


@pytest.fixture
def opened() -> list[Any]:
    """The works that were given to an open hub."""
    return []


@pytest.fixture
def hub(directory: Path, opened: list[Any]) -> Any:
    app = typer.Typer()
    policy_coverage_commands(app, opened.append, guarded, lambda: directory)
    app.command("nothing")(lambda: None)  # a group with one command alone would take no name

    def call(*words: str) -> Any:
        return CliRunner().invoke(app, ["coverage", *words])

    return call


def test_survivors_are_named_and_the_bar_is_nine_in_ten(hub: Any):
    told = hub()
    assert told.exit_code == 1
    assert "NIET GEMERKT proef/1/melding: leeftijd 15 tot en met 22" in told.output
    assert "0 van 1 bepalingen volledig gezien" in told.output
    seen = json.loads(hub("--agreement", "proef/1", "--json").output)
    assert seen["killed"] + len(seen["survivors"]) == seen["mutants"]
    assert seen["score"] < 0.9


def test_a_lower_bar_is_met_and_survivors_are_still_named(hub: Any):
    score = json.loads(hub("--json", "--at-least", "0").output)["score"]
    assert hub("--at-least", str(int(score * 100))).exit_code == 0
    assert hub("--at-least", str(int(score * 100) + 1)).exit_code == 1
    assert "NIET GEMERKT" in hub("--at-least", "0").output


def test_an_agreement_that_is_not_there(hub: Any):
    assert hub("--agreement", "proef").exit_code == 5
    assert hub("--agreement", "proef/9").exit_code == 5


def test_the_log_is_read_from_an_open_hub_alone(hub: Any, opened: list[Any]):
    assert hub("--log").exit_code == 0
    assert len(opened) == 1
    assert hub("--log", "--months", "0").exit_code == 2
