"""`hub policy export`: files that name the set, nothing overwritten, days read strictly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cedarpy
import pytest
import typer
from typer.testing import CliRunner

from hub.commands.policy_export import policy_export_commands
from hub.errors import HubError, Malformed, Refused
from tests.fakes.partner import shipped_rules


def _with_hub(work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work(SimpleNamespace(rules=shipped_rules())))


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    policy_export_commands(made, _with_hub)
    return made


def _raised(app: typer.Typer, *arguments: str) -> BaseException | None:
    return CliRunner().invoke(app, ["export", *arguments]).exception


def test_cedar_writes_a_set_that_the_other_engine_takes(app: typer.Typer, tmp_path: Path) -> None:
    assert _raised(app, "cedar", str(tmp_path / "cedar")) is None
    schema = (tmp_path / "cedar" / "schema.cedarschema").read_text()
    policies = (tmp_path / "cedar" / "policies.cedar").read_text()
    assert cedarpy.validate_policies(policies, schema).validation_passed
    assert cedarpy.Entities.from_json_str((tmp_path / "cedar" / "entities.json").read_text(), schema=schema)
    assert shipped_rules().policy.hash in policies
    assert shipped_rules().policy.hash in schema


def test_dpv_writes_one_document_that_names_the_set(app: typer.Typer, tmp_path: Path) -> None:
    assert _raised(app, "dpv", str(tmp_path / "dpv")) is None
    document = json.loads((tmp_path / "dpv" / "policy.jsonld").read_text())
    assert document["dct:identifier"] == shipped_rules().policy.hash


@pytest.mark.parametrize("form", ["cedar", "dpv"])
def test_nothing_is_overwritten(app: typer.Typer, tmp_path: Path, form: str) -> None:
    (tmp_path / "mine").write_text("mine")
    assert isinstance(_raised(app, form, str(tmp_path)), Refused)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("start", "end"), [("gisteren", "2026-01-01"), ("2026-01-01", "20260102T"), ("2026-02-30", "2026-03-01")]
)
def test_days_are_read_strictly(app: typer.Typer, tmp_path: Path, start: str, end: str) -> None:
    raised = _raised(app, "adl", "--from", start, "--to", end, str(tmp_path / "adl.jsonl"))
    assert isinstance(raised, Malformed)
    assert isinstance(raised, HubError)
    assert not (tmp_path / "adl.jsonl").exists()
