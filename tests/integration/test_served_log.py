"""The log as it is served: everything that is needed to check it, and to a partner its own entries alone."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind
from hub.audit.tiles import bundle_path, hashes_of, tile_path, tile_root
from hub.audit.tree import Frontier, leaf_hash, verify_consistency
from hub.identity.partners import LOGBOEK, SCOPES
from hub.witness.serve import entries_of
from tests.fakes.caller import is_problem
from tests.fakes.partner import ISSUER, SCHOOL, Desk, ec_key
from tests.fakes.recorder import bodies
from tests.fakes.witnessing import Town, open_town, serving

ENTRIES = 600


@pytest.fixture
async def town(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(engine, tmp_path / "aldermeer") as made:
        yield made


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[tuple[Desk, httpx2.AsyncClient]]:
    """The whole interface, with this log behind it."""
    desk, witnessing = Desk(), town.witnessing()
    desk.served, desk.cosigning, desk.taking = witnessing.served, witnessing.cosigning, witnessing.taking
    desk.__post_init__()
    async with desk.client() as client:
        yield desk, client
    await witnessing.close()


def bearer(desk: Desk, scopes: frozenset[str] = SCOPES) -> dict[str, str]:
    partner = desk.partners.add(SCHOOL, "roc-client", ec_key("roc-1"), scopes=scopes)
    return {"Authorization": f"Bearer {desk.token(partner)}"}


async def test_an_empty_log_serves_nothing(desk: tuple[Desk, httpx2.AsyncClient]) -> None:
    _, client = desk
    for path in ("checkpoint", "checkpoint/cosigned", "tile/0/000.p/1", "consistency?from=1&to=2"):
        is_problem(await client.get(f"/log/{path}"), 404)
    assert (await client.get("/log/openapi.json")).json()["servers"][0]["url"] == ISSUER


async def test_anyone_can_check_the_tree_from_what_is_served(town: Town, desk: tuple[Desk, httpx2.AsyncClient]) -> None:
    _, client = desk
    await town.grow(300)
    older = open_note((await client.get("/log/checkpoint")).text, town.key.vkey)
    await town.grow(ENTRIES - 300)
    newest = open_note((await client.get("/log/checkpoint")).text, town.key.vkey)
    assert newest.size == ENTRIES
    full = [await client.get(f"/log/{tile_path(0, nth)}") for nth in range(2)]
    part = await client.get(f"/log/{tile_path(0, 2, ENTRIES - 512)}")
    assert {answer.headers["cache-control"] for answer in full} == {"public, max-age=31536000, immutable"}
    assert part.headers.get_list("cache-control") == ["public, max-age=60"]
    leaves = [leaf for answer in (*full, part) for leaf in hashes_of(answer.content)]
    assert Frontier().extend(leaves).root == newest.root
    above = (await client.get(f"/log/{tile_path(1, 0, 2)}")).content
    assert hashes_of(above) == [tile_root(answer.content) for answer in full]
    proof = (await client.get(f"/log/consistency?from={older.size}&to={newest.size}")).text
    hashes = [b64decode(line) for line in proof.splitlines()]
    verify_consistency(older.size, older.root, newest.size, newest.root, hashes)
    for wrong in (
        tile_path(0, 2, 89),
        tile_path(0, 2),
        tile_path(0, 3, 1),
        tile_path(2, 0, 1),
        tile_path(9, 0),
        "tile/0/x000/001",
    ):
        is_problem(await client.get(f"/log/{wrong}"), 404)
    for wrong in ("from=0&to=5", "from=5&to=4", f"from=1&to={ENTRIES + 1}"):
        is_problem(await client.get(f"/log/consistency?{wrong}"), 404)
    for wrong in ("", "from=1", "from=01&to=2", "from=1&to=2&x=3", "to=2&from=1"):
        assert (await client.get(f"/log/consistency?{wrong}")).status_code == 400


async def test_entries_are_for_whom_they_concern(
    town: Town, engine: AsyncEngine, desk: tuple[Desk, httpx2.AsyncClient]
) -> None:
    made, client = desk
    await town.grow(3)
    path = f"/log/{bundle_path(0, 3)}"
    assert (await client.get(path)).status_code == 401
    assert (await client.get(path, headers=bearer(made, SCOPES - {LOGBOEK}))).status_code == 403
    nothing = await client.get(path, headers=bearer(made))
    assert (nothing.status_code, nothing.content, nothing.headers["cache-control"]) == (200, bytes(6), "private, no-store")
    assert len(await bodies(engine)) == 3  # nothing was shown, so nothing was read
    await town.notes.write(EntryKind.access, "read", "log", {}, actor=SCHOOL)
    own = await client.get(f"/log/{bundle_path(0, 4)}", headers=bearer(made))
    (*empty, mine) = entries_of(own.content)
    assert empty == [b"", b"", b""]
    assert orjson.loads(mine)["actor"] == SCHOOL
    said = orjson.loads((await bodies(engine))[-1])
    assert (said["operation"], said["actor"], said["details"]) == ("read-bundle", SCHOOL, {"first": 0, "after": 4, "count": 1})
    leaves = hashes_of((await client.get(f"/log/{tile_path(0, 0, 4)}")).content)
    assert leaves[3] == leaf_hash(mine)
    assert (await client.head(path, headers=bearer(made))).status_code == 405
    for far in (bundle_path(0, 200), bundle_path(10**18 - 1, 256)):
        is_problem(await client.get(f"/log/{far}", headers=bearer(made)), 404)


async def test_a_partners_own_client_keeps_watch_and_cosigns(town: Town, tmp_path: Path) -> None:
    """`keep.py`, in a process of its own over HTTP: it proves from our tiles that the log only grew, and brings its line."""
    await town.grow(300)
    keep = [sys.executable, str(Path(__file__).parents[2] / "ops" / "verify" / "keep.py")]

    async def run(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(*keep, *arguments, stdout=PIPE, stderr=STDOUT)
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0, said
        return said

    vkey = (await run("key", "school.example/keeper", str(tmp_path / "key"))).split()[-1]
    for name, text in (
        ("trust", f"log {town.key.vkey}\nquorum none\n"),
        ("witnesses", f"witness school {vkey}\nquorum school\n"),
    ):
        await asyncio.to_thread((tmp_path / name).write_text, text)
    witnessing, desk = town.witnessing(witnesses=tmp_path / "witnesses"), Desk()
    desk.served, desk.cosigning, desk.taking = witnessing.served, witnessing.cosigning, witnessing.taking
    desk.__post_init__()
    async with serving(desk.app) as url:
        watch = ("--log", f"{url}/log", "--trust", str(tmp_path / "trust"), "--state", str(tmp_path / "state"))
        await run("watch", *watch)
        await town.grow(400)
        signs = ("--key", str(tmp_path / "key"), "--name", "school.example/keeper", "--post", f"{url}/log/cosignature")
        await run("cosign", *watch, *signs)
    assert (await witnessing.standing()).quorum == 700
    await witnessing.close()
