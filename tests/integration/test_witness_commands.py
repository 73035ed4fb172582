"""`hub witness` and what `hub doctor` finds: told plainly, from nobody at all to a witness that contradicts the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub import db
from hub.audit.trust import Policy
from hub.commands.witnessing import witness_commands
from hub.errors import Malformed, Misconfigured, Refused, Tampered
from hub.health import outside
from hub.health.findings import Finding, State
from hub.health.outside import Outside
from hub.witness import store
from hub.witness.model import AWAY, INVALID, REFUSED, contradiction_of
from hub.witness.service import key_file, load_signer, read_policy
from hub.witness.stamping import AUTHORITY
from tests.fakes.recorder import LOG, OPERATOR
from tests.fakes.witnessing import Town, door_of, open_town, policy_of, serving

MINUTE = 60_000_000


@pytest.fixture
async def town(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(engine, tmp_path / "aldermeer") as made:
        yield made


async def run(town: Town, *arguments: str) -> None:
    """A command of 'hub witness' over this hub, within the test's own loop."""
    waiting: list[Any] = []
    app = typer.Typer()
    witness_commands(app, waiting.append)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    witnessing = town.witnessing()
    hub = SimpleNamespace(engine=town.engine, log=town.log, settings=town.chosen, witnessing=witnessing)
    try:
        for work in waiting:
            await work(hub)
    finally:
        await witnessing.close()


async def test_a_log_without_witnesses_says_so(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    await town.grow(2)
    await run(town, "status")
    said = capsys.readouterr().out
    assert f"The log has 2 entries.\nIts key: {town.key.vkey}\nNobody outside witnesses this log." in said
    assert "No time-stamping authority" in said
    for command in ("ask", "stamp"):
        with pytest.raises(Refused):
            await run(town, command)


async def test_from_the_key_to_a_contradiction(town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key_file(town.chosen).unlink()
    for _ in range(2):
        await run(town, "key")
    first, second = capsys.readouterr().out.split()
    assert first == second == load_signer(town.chosen).vkey
    with pytest.raises(Malformed):
        await run(town, "allow", first)
    await run(town, "allow", town.key.vkey)
    await town.grow(2)
    async with serving(door_of(witness := town.witnessing())) as url:
        file = tmp_path / "witnesses"
        file.write_text(policy_of([("self", first, f"{url}/log/witness")], "self"))
        town.chosen.witnesses = file
        await run(town, "ask")
        await run(town, "status")
        said = capsys.readouterr().out
        assert "self                           cosigned 3 entries" in said
        assert "So the first 3 entries cannot be changed" in said
        assert "The quorum of HUB_WITNESSES is met up to 3 entries." in said
        await run(town, "list", "--json")
        assert f'"origin": "{town.key.name}"' in capsys.readouterr().out
        await db.fetch(town.engine, "UPDATE witness_log SET size = 900, root = decode(repeat('07', 32), 'hex')")
        with pytest.raises(Tampered, match="another history"):
            await run(town, "ask")
        assert "SAW ANOTHER HISTORY" in capsys.readouterr().out
        await run(town, "stop", town.key.name)
        await run(town, "list")
        assert "900 entries" in capsys.readouterr().out
    await witness.close()


async def found(town: Town, *, strict: bool = False, **other: Any) -> dict[str, Finding]:
    given = Outside(lambda: town.key.vkey, lambda: read_policy(town.chosen), lambda: key_file(town.chosen).is_file(), **other)
    now = town.clock.us
    every = [
        *await outside.witnesses(town.engine, LOG, given, now, strict=strict),
        *await outside.stamps(town.engine, LOG, given, now),
        *await outside.witnessed(town.engine, LOG, given),
    ]
    assert all(one.told(language).what for one in every for language in ("en", "nl"))
    return {one.code: one for one in every}


async def test_what_the_doctor_finds(town: Town, tmp_path: Path) -> None:
    assert await found(town) == {}
    assert (await found(town, strict=True))["witness-none"].state is State.attention
    vkey, file = load_signer(town.chosen).vkey, tmp_path / "witnesses"
    file.write_text(policy_of([("one", vkey, "https://one.example")]))
    town.chosen.witnesses = file
    assert (await found(town, stamp_lag_s=60.0))["witness-lag"].state is State.ok
    await town.grow()
    town.clock.us += 2 * MINUTE
    late = await found(town, witness_lag_s=60.0, stamp_lag_s=60.0)
    assert [late[code].state for code in ("witness-lag", "time-stamp")] == [State.attention] * 2
    assert late["witness-lag"].parameters == {"minutes": 2, "reason": "late"}
    assert (await found(town, stamp_lag_s=60.0, stamp_stop_s=90.0))["time-stamp"].state is State.wrong
    await store.keep_trouble(town.engine, LOG, OPERATOR, vkey, AWAY, town.clock.us)
    assert (await found(town))["witness-lag"].state is State.ok  # away, but not long yet
    await store.keep_trouble(town.engine, LOG, OPERATOR, AUTHORITY, INVALID, town.clock.us)
    assert (await found(town, stamp_lag_s=3600.0))["time-stamp"].parameters["reason"] == "invalid"
    await store.keep_trouble(town.engine, LOG, OPERATOR, vkey, REFUSED, town.clock.us)
    assert (await found(town))["witness-refused"].state is State.wrong
    town.chosen.witnesses = None
    assert await found(town) == {}
    await store.keep_trouble(town.engine, LOG, OPERATOR, contradiction_of(town.key.vkey), REFUSED, town.clock.us)
    assert (await found(town))["witness-refused"].state is State.wrong


async def test_what_the_doctor_finds_of_logs_that_rely_on_us(town: Town) -> None:
    witness = town.witnessing()
    await witness.cosigning.allow(town.key.vkey)
    assert (await found(town))["witness-key"].state is State.ok
    key_file(town.chosen).unlink()
    assert (await found(town))["witness-key"].state is State.attention
    await db.fetch(town.engine, "UPDATE witness_log SET forked = 'note'")
    assert (await found(town))["witness-forked"].about == town.key.name
    await witness.close()


@pytest.mark.parametrize(
    "url", ["http://other.example/w", "ftp://other.example", "https://", "https://a@b/w", "https://b/w?x=1"]
)
async def test_a_witness_without_a_safe_address_is_not_set_up(town: Town, tmp_path: Path, url: str) -> None:
    file = tmp_path / "witnesses"
    file.write_text(policy_of([("one", load_signer(town.chosen).vkey, url)]))
    assert Policy.parse(file.read_bytes()).witnesses
    with pytest.raises(Misconfigured):
        town.witnessing(witnesses=file)
