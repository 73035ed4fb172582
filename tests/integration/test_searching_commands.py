"""`hub audit search`, `signals` and `review` over a real log: what they answer, and that asking is logged first."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.checkpoint import check_receipt
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.search.review import Month
from hub.audit.search.review.service import Reviews
from hub.commands.searching import searching_commands
from hub.errors import Malformed, Misconfigured, Refused
from tests.fakes.house import DESK, LOG, OPERATOR, House, body, open_house
from tests.fakes.recorder import NOBODY

Run = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def run(house: House, capsys: pytest.CaptureFixture[str]) -> Run:
    search = Search(house.engine, LOG, OPERATOR, NOBODY.tags_of)
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, NOBODY)
    hub: Any = SimpleNamespace(
        engine=house.engine,
        log=house.log,
        clock=house.clock,
        rules=house.route.rules,
        search=search,
        notes=notes,
        reviews=Reviews(house.engine, search, notes),
    )
    asked: list[Coroutine[Any, Any, None]] = []
    audit = typer.Typer()
    searching_commands(audit, lambda work: asked.append(work(hub)))

    async def said(*args: str) -> str:
        found = CliRunner().invoke(audit, list(args))
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        capsys.readouterr()
        await asked.pop()
        return capsys.readouterr().out

    return said


async def test_a_search_is_answered_with_proofs_and_logged_first(house: House, run: Run) -> None:
    await house.drop([body(number) for number in range(3)])
    root = (await house.log.checkpoint()).split("\n")[2]
    told = await run("search", "--recipient", str(DESK), "--kind", "disclosure", "--from", "2026-11-01")
    assert f"3 entries, as of the checkpoint over 6 with root {root}" in told
    last = (await house.entries())[-1]
    assert (last["kind"], last["operation"], last["details"]["recipient"]) == ("access", "read-log", DESK)
    answer = orjson.loads(await run("search", "--element", "bsn", "--limit", "2", "--json", "--proofs"))
    assert len(answer["lines"]) == 2
    for one in answer["evidence"]["entries"]:
        check_receipt(one["receipt"], one["entry"].encode(), house.log.vkey)
    assert (await house.entries())[-1]["kind"] == "export"
    following = orjson.loads(await run("search", "--element", "bsn", "--after", answer["next"], "--json"))
    assert (following["size"], following["checkpoint"]) == (answer["size"], answer["checkpoint"])
    assert "0 entries" in await run("search", "--words", "fietsenstalling")
    for wrong, error in (
        (("search", "--proofs"), Misconfigured),
        (("search", "--trace", "x"), Misconfigured),
        (("search", "--words", "a1"), Misconfigured),
        (("search", "--recipient", "123456782"), Misconfigured),
        (("search", "--element", "adres"), Misconfigured),
        (("search", "--from", "2026-11-02", "--until", "2026-11-01"), Misconfigured),
        (("search", "--after", "x"), Malformed),
        (("review", "show", "2026"), Misconfigured),
        (("review", "show", "2026-01"), Refused),
    ):
        with pytest.raises(error):
            await run(*wrong)


async def test_signals_and_lists_are_told(house: House, run: Run) -> None:
    assert await run("signals") == "none\n"
    await house.drop([body(number) for number in range(3)])
    for _ in range(5):
        await house.route.release(DESK, 10)
    assert "5 keer of vaker afgegeven" in await run("signals")
    assert orjson.loads(await run("signals", "--json"))[0]["code"] == "handed-over-again"
    assert await run("review", "list") == "none\n"
    house.clock.us = Month(2026, 11).span_us[1]
    assert "the list of 2026-11 is drawn" in await run("review", "draw", "2026-11")
    assert "disclosure" in await run("review", "show", "2026-11")
    assert orjson.loads(await run("review", "list", "--json"))[0]["month"] == "2026-11"
    assert "the one that the rule draws" in await run("review", "check", "2026-11")
