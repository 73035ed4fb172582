"""A connector that was laid down a moment ago passes the suite of every connector."""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hub.commands.scaffolding import lay_down, scaffolding_commands
from hub.connector.manifest import FormatName, Protocol
from hub.domain.kinds import RECORDS
from hub.errors import Misconfigured
from hub.registry import load_connectors
from hub.setups.scaffold import Wish, files_of
from hub.setups.scaffold import test_line as line_of
from tests.contract.connector_suite import suite


@pytest.mark.parametrize(
    ("record", "form", "protocol"),
    [
        *((record, "csv", "sftp") for record in sorted(RECORDS)),
        ("uitvalmelding", "json", "rest"),
        ("verzuimmelding", "xml", "webhook"),
        ("plaatsing", "xlsx", "upload"),
    ],
)
def test_what_was_laid_down_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str, form: FormatName, protocol: Protocol
) -> None:
    name = f"lvs_nieuw_{record[:12]}_{form}"
    wish = Wish(name, "lvs", record, form, protocol, ("school",))
    lay_down(tmp_path, files_of(wish))
    package = f"laid_{record}_{form}"
    (tmp_path / "hub/connectors").rename(tmp_path / package)
    monkeypatch.syspath_prepend(tmp_path)
    found = load_connectors(tmp_path / package, package)
    bought = suite(name, found=found, wire=tmp_path / "schemas/wire")()
    proofs = [proof for title, proof in inspect.getmembers(bought, inspect.ismethod) if title.startswith("test_")]
    assert len(proofs) > 5
    for proof in proofs:
        if inspect.iscoroutinefunction(proof):
            asyncio.run(proof())
        else:
            proof()
    sys.modules.pop(package, None)


@pytest.mark.parametrize(
    "wrong",
    [{"id": "Lvs"}, {"record": "none"}, {"format": "own"}, {"parties": ("nobody",)}, {"parties": ()}, {"protocol": "soap"}],
)
def test_what_nobody_can_make_is_refused(wrong: dict[str, object]) -> None:
    given: dict[str, object] = {
        "id": "lvs_x", "family": "lvs", "record": "uitvalmelding", "format": "csv", "protocol": "sftp", "parties": ("school",)
    }  # fmt: skip
    with pytest.raises(Misconfigured, match="cannot be made"):
        files_of(Wish(**{**given, **wrong}))  # type: ignore[arg-type]


def test_the_command_lays_it_down_once_and_says_its_line(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command("other")(lambda: None)
    scaffolding_commands(app, lambda work: work())
    words = ["new", "lvs_nieuw", "--family", "lvs", "--record", "uitvalmelding", "--party-kind", "school"]
    done = CliRunner().invoke(app, [*words, "--into", str(tmp_path)])
    assert 'TestLvsNieuw = suite("lvs_nieuw")' in done.output
    assert line_of(Wish("a_b", "lvs", "uitvalmelding", "csv", "sftp", ())) == 'TestAB = suite("a_b")'
    assert (tmp_path / "hub/connectors/lvs_nieuw/mapping.yaml").is_file()
    again = CliRunner().invoke(app, [*words, "--into", str(tmp_path)])
    assert isinstance(again.exception, Misconfigured)
