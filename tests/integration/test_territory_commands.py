"""`hub region ...` as an administrator types it, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import typer
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.commands.territory import territory_commands
from hub.domain.staff import Role
from hub.errors import HubError
from hub.policies import signature
from hub.policies.hands import Signatories
from hub.policies.use import Acts
from tests.fakes.house import body, open_house
from tests.fakes.recorder import LOG
from tests.integration.test_territory import DAY_US, NEW, OLD, Region, over, rules


@pytest.fixture
async def region(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Region]:
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=rules()) as house:
        yield Region(house, over(house))


async def typed(region: Region, *words: object) -> tuple[int, str]:
    """What the command answers, in the loop that the house lives in."""
    house, loop = region.house, asyncio.get_running_loop()

    async def nothing() -> None: ...

    hub: Any = SimpleNamespace(
        put_policy_in_use=nothing,
        policy=house.route.rules.policy,
        rules=house.route.rules,
        notes=region.moves.notes,
        route=house.route,
        endings=house.route.endings,
        engine=house.engine,
        clock=house.clock,
        digests=house.digests,
        settings=SimpleNamespace(connectors=None, environment="test"),
        log_id=LOG,
        log=house.log,
        acts=Acts(house.log),
        vault=house.vault,
    )

    def with_hub(work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(work(hub), loop).result()
        except HubError as error:
            typer.echo(f"{error.what} {error.why}")
            raise typer.Exit(1) from None

    main = typer.Typer()
    main.callback()(lambda: None)
    territory_commands(main, with_hub)
    result = await asyncio.to_thread(CliRunner().invoke, main, ["region", *map(str, words)])
    return result.exit_code, result.output


async def key_of(region: Region, name: str, to: Path) -> Path:
    """The key of somebody who signs."""
    key, file = OKPKey.generate_key("Ed25519"), to / f"{name}.pem"
    file.write_bytes(key.as_pem(private=True))
    public = signature.read_key(key.as_pem(private=False), private=False)
    await Signatories(Acts(region.house.log), region.moves.notes, region.house.digests).add(
        public, name, Role.privacy_officer, None
    )
    return file


async def test_from_the_first_look_to_the_list_for_the_source(region: Region, tmp_path: Path) -> None:
    await region.house.drop([body(number, gemeente="9002") for number in range(2)])
    code, shown = await typed(region, "show", "--day", "2026-11-09")
    assert (code, "9002" in shown, "9001  Aldermeer" in shown) == (0, False, True)
    code, told = await typed(region, "changes", "--until", "2026-12-01")
    assert code == 0
    assert f"{NEW} follows {OLD} (merger)" in told
    assert "deliveries: held 2 (people 2)" in told
    assert (await typed(region, "changes", "--from", "2030-01-01")) == (0, "nothing changes\n")
    found = orjson.loads((await typed(region, "move", OLD, NEW, "--dry-run", "--json"))[1])
    assert (found["became"], found["hanging"]["unsigned"]) == ({"moved": 2}, [])
    region.house.clock.us += 8 * DAY_US
    one, other = await key_of(region, "een", tmp_path), await key_of(region, "twee", tmp_path)
    assert "not known who orders" in (await typed(region, "move", OLD, NEW))[1]
    code, said = await typed(region, "move", OLD, NEW, "--key", one)
    assert code == 0, said
    move = said.split()[0]
    assert (await typed(region, "confirm", move, "--key", one))[0] == 1
    code, said = await typed(region, "confirm", move, "--key", other)
    assert (code, "done" in said, "moved 2" in said) == (0, True, True)
    assert await region.states(NEW) == {"held": 2}
    assert (await typed(region, "finish", move))[0] == 0
    assert (await typed(region, "resupply", move)) == (0, "none\n")
    assert move in (await typed(region, "moves"))[1]
    assert (await typed(region, "withdraw", move, "--key", one))[0] == 1


async def test_what_is_no_day_or_no_party_is_said(region: Region) -> None:
    for words in (("show", "--day", "gisteren"), ("move", "Iemand", NEW, "--dry-run"), ("move", NEW, OLD, "--dry-run")):
        code, said = await typed(region, *words)
        assert (code, bool(said)) == (1, True)
