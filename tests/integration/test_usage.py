"""Counting in a real log which clauses and fields of the rules are used, and by whom that was looked at."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.notes import Notes
from hub.clock import legal_date
from hub.commands.policy_coverage import policy_coverage_commands
from hub.domain.terms import Micros
from hub.errors import Misconfigured
from hub.replay.usage import Usages
from tests.fakes.house import POLICY, House, body, open_house
from tests.fakes.recorder import LOG, OPERATOR
from tests.fakes.shipped import shipped_policy

SHIPPED = shipped_policy()
CLAUSE = "duo-doorstroompunt/1/uitval"


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


def _usages(house: House) -> Usages:
    return Usages(house.engine, LOG, Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault))


def _today(house: House) -> date:
    return legal_date(Micros(house.clock.us))


async def test_counts_what_passed_and_stands_in_the_log_first(house: House):
    await house.send(body(0))
    await house.send(body(1))
    passed = [entry for entry in await house.entries() if entry["kind"] == "disclosure"]
    seen: list[tuple[int, int]] = []
    today = _today(house)
    found = await _usages(house).count(
        SHIPPED, today - timedelta(days=1), today + timedelta(days=1), None, lambda *at: seen.append(at)
    )
    expected = sum(entry["clause"] == CLAUSE for entry in passed)
    assert expected
    assert (found.disclosures, found.others) == (len(passed), 0)
    assert dict(found.clauses)[CLAUSE] == expected
    unused = {one.element for one in found.unneeded if one.clause == CLAUSE}
    gone = {name.partition(":")[0] for entry in passed if entry["clause"] == CLAUSE for name in entry["attributes"]}
    assert gone.isdisjoint(unused)
    assert None not in unused
    last = (await house.entries())[-1]
    assert (last["kind"], last["operation"], last["details"]) == ("access", "policy-usage", {"policy": SHIPPED.hash})
    assert seen[-1][0] == seen[-1][1]


async def test_days_before_and_after_do_not_count(house: House):
    await house.send(body(0))
    today = _today(house)
    before = await _usages(house).count(SHIPPED, today - timedelta(days=400), today, None, lambda *_: None)
    after = await _usages(house).count(SHIPPED, today + timedelta(days=1), today + timedelta(days=2), None, lambda *_: None)
    assert before.disclosures == after.disclosures == 0
    assert any(one.clause == CLAUSE and one.element is None for one in before.unneeded)


async def test_the_command_shows_a_table_or_json(house: House, capsys: pytest.CaptureFixture[str]):
    await house.send(body(0))
    works: list[Any] = []
    app = typer.Typer()
    policy_coverage_commands(app, works.append, lambda work: work(), lambda: POLICY)
    app.command("nothing")(lambda: None)  # a group with one command alone would take no name
    for words in (["--log"], ["--log", "--json", "--agreement", "duo-doorstroompunt/1"], ["--log", "--agreement", "geen/1"]):
        assert CliRunner().invoke(app, ["coverage", *words]).exit_code == 0
    usages = _usages(house)
    clock = SimpleNamespace(now_us=lambda: Micros(house.clock.us))
    hub = SimpleNamespace(engine=house.engine, log_id=LOG, notes=usages.notes, clock=clock, policy=SHIPPED)
    await works[0](hub)
    told = capsys.readouterr().out
    assert "NIET GEBRUIKT duo-doorstroompunt/1/uitval: onderwijsnummer" in told
    assert "keer ging er iets door" in told
    await works[1](hub)
    data = json.loads(capsys.readouterr().out)
    assert {one["agreement"] for one in data["unneeded"]} == {"duo-doorstroompunt/1"}
    assert [one["clause"] for one in data["clauses"]] == [CLAUSE]
    before = len(await house.entries())
    with pytest.raises(Misconfigured):
        await works[2](hub)
    assert len(await house.entries()) == before
