"""A partner with `keep.py` against what the hub serves: it holds the log to its promises, and its word comes back to others."""

from __future__ import annotations

import asyncio
import contextlib
import io
from pathlib import Path
from typing import cast

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Route

from hub.receive.request import Gate
from hub.receive.tiles import CHECKPOINT_PATH, COSIGNED_PATH, TILE_PATH, Tiles
from hub.receive.witness import TAKE_PATH, TakingDoor
from hub.witness.serve import Served
from ops.verify import keep
from tests.fakes.witnessing import Town, open_town, serving


def doors(town: Town) -> Starlette:
    """What partners reach without a token."""
    tiles = Tiles(Served(town.engine, town.log, town.notes), cast(Gate, None))
    witnessing = town.witnessing()
    routes = [
        Route(CHECKPOINT_PATH, tiles.checkpoint),
        Route(COSIGNED_PATH, tiles.cosigned),
        Route(TILE_PATH, tiles.tile),
        Route(TAKE_PATH, TakingDoor(witnessing.taking).take, methods=["POST"]),
    ]
    return Starlette(routes=routes)


async def test_a_partner_watches_and_witnesses(engine: AsyncEngine, tmp_path: Path) -> None:
    def call(*words: str) -> tuple[int, str]:
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            status = keep.main(list(words))
        return status, cast(io.BytesIO, out.buffer).getvalue().decode()

    key, name = str(tmp_path / "partner.key"), "partner.example/witness"
    _, vkey = call("key", name, key)
    async with open_town(engine, tmp_path / "aldermeer") as town:
        await town.grow(300)
        policy = f"log {town.key.vkey}\nwitness partner {vkey.strip()}\nquorum "
        trusting, strict = tmp_path / "trust", tmp_path / "strict"
        trusting.write_text(f"{policy}none\n")
        strict.write_text(f"{policy}partner\n")
        town.chosen.witnesses = strict
        async with serving(doors(town)) as url:
            at = ("--log", f"{url}/log", "--state")
            mine, theirs = str(tmp_path / "mine"), str(tmp_path / "theirs")
            cosign = (
                "cosign",
                *at,
                mine,
                "--trust",
                str(trusting),
                "--key",
                key,
                "--name",
                name,
                "--post",
                f"{url}{TAKE_PATH}",
            )
            assert "300 entries" in (await asyncio.to_thread(call, *cosign))[1]
            for step in (1, 211, 30, 256):
                await town.grow(step)
                status, told = await asyncio.to_thread(call, "watch", *at, mine, "--trust", str(trusting))
                assert (status, "only grew" in told) == (0, True), told
            watch = ("watch", *at, theirs, "--trust", str(strict))
            assert (await asyncio.to_thread(call, *watch))[0] == 1
            status, told = await asyncio.to_thread(call, *watch, "--at", "checkpoint/cosigned")
            assert (status, "300 entries" in told) == (0, True), told
            assert (await asyncio.to_thread(call, *cosign))[0] == 0
            assert "798 entries" in (await asyncio.to_thread(call, *watch))[1]
