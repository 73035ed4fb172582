"""The policy tools as someone at the keyboard meets them: tables, JSON, and exit status."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.cli import guarded
from hub.commands.policy_tools import policy_tool_commands

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
def hub(directory: Path) -> Any:
    app = typer.Typer()
    policy_tool_commands(app, guarded, lambda: directory, lambda: date(2026, 11, 22))

    def call(*words: str) -> Any:
        return CliRunner().invoke(app, list(words))

    return call


def test_lint_finds_nothing_wrong(hub: Any):
    told = hub("lint")
    assert told.exit_code == 0
    assert "FOUT" not in told.output
    found = json.loads(hub("lint", "--json").output)
    assert {one["severity"] for one in found} == {"note"}
    assert {"code", "severity", "what", "why", "fix", "agreement", "clause", "file", "line"} <= found[0].keys()


def test_lint_ends_with_one_on_an_error(hub: Any, directory: Path):
    assert hub("lint", "--on", "2027-11-01").exit_code == 1
    broken = ROOT / "tests" / "hostile" / "policy" / "cases" / "tab"
    told = hub("lint", str(broken))
    assert told.exit_code == 1
    assert "FOUT" in told.output
    assert directory.is_dir()


def test_tests_hold(hub: Any):
    assert "2 tests, 0 fout" in hub("test").output
    assert json.loads(hub("test", "--json").output)["failed"] == 0


def test_a_test_that_fails_ends_with_one(hub: Any, directory: Path, tmp_path: Path):
    shutil.copytree(directory, tmp_path / "set")
    file = tmp_path / "set" / "agreements" / "proef.yaml"
    file.write_text(file.read_text("utf-8").replace("passes: [geslachtsnaam]", "forms: {geboortedatum: banded}"), "utf-8")
    told = hub("test", str(tmp_path / "set"))
    assert told.exit_code == 1
    assert "geboortedatum does not pass as banded" in told.output


def test_who_can_and_what_can(hub: Any):
    assert "school-a -> punt-b" in hub("who-can", "geslachtsnaam").output
    assert "niemand kan bsn krijgen" in hub("who-can", "bsn").output
    (way,) = json.loads(hub("what-can", "punt-b", "--age", "19", "--gemeente", "9101", "--json").output)
    assert way["fields"] == {"geslachtsnaam": "raw", "geboortedatum": "raw"}
    assert "niets geven" in hub("what-can", "werk-b").output
    assert hub("who-can", "iets").exit_code == 5
    assert hub("what-can", "iets").exit_code == 5
    assert hub("who-can", "bsn", "--gemeente", "1234").exit_code == 5
    assert hub("who-can", "bsn", "--on", "morgen").exit_code == 5


ASKED = ("explain", "--record", "proefmelding", "--path", "school-a,punt-b", "--on", "2026-11-02")


def test_explain_from_options_and_from_a_file(hub: Any, tmp_path: Path):
    said = hub(*ASKED, "--given", "age=24", "--given", "gemeente='9101'").output
    assert said.startswith("Geweigerd: School A geeft niets aan Doorstroompunt B.")
    file = tmp_path / "vraag.yaml"
    file.write_text('record: proefmelding\npath: [school-a, punt-b]\nday: 2026-11-02\ngiven: {age: 24, gemeente: "9101"}\n')
    assert hub("explain", str(file)).output == said
    assert hub(*ASKED, "--given", "age=24", "--given", "gemeente=9101").output == said  # as a shell hands it over


@pytest.mark.parametrize("reader", ["fg", "medewerker", "jongere"])
def test_explain_for_each_reader(hub: Any, reader: str):
    told = hub(*ASKED, "--given", "gemeente='9101'", "--for", reader)
    assert told.exit_code == 0
    assert "geslachtsnaam" in told.output


def test_explain_as_data(hub: Any):
    told = json.loads(hub(*ASKED, "--given", "gemeente='9999'", "--json").output)
    assert told["outcome"] == "deny"
    assert [one["code"] for one in told["reasons"]] == ["ANDERE_REGIO"]
    assert told["change"][0]["who"] is None


@pytest.mark.parametrize(
    "words",
    [("explain",), ("explain", "/niet/hier.yaml"), (*ASKED, "--given", "leeftijd=19"), (*ASKED, "--purpose", "iets")],
)
def test_explain_refuses_what_it_cannot_read(hub: Any, words: tuple[str, ...]):
    assert hub(*words).exit_code == 5


def test_schemas_are_written(hub: Any, tmp_path: Path, directory: Path):
    assert hub("schema", str(tmp_path / "schemas"), "--ids", str(directory)).exit_code == 0
    assert "proefdoel" in (tmp_path / "schemas" / "agreement.json").read_text("utf-8")
    assert hub("schema", str(directory / "parties.yaml" / "x")).exit_code == 5
