"""DUO and a registration system as they are met: their servers in processes of their own, the way over real databases."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Connect, Endpoint
from hub.domain.terms import ConnectorId, PartyId
from hub.normalise.mapping import load_mapping
from hub.push.worker import Target
from hub.receive.drop import Drops, Instance
from hub.receive.drop.store import DropStore
from hub.registry import load_connectors
from hub.running.store import SourceCursor
from tests.fakes.fates import WIRE
from tests.fakes.house import DESK, DUO, WORK, House, open_house
from tests.fakes.pushing import pusher
from tests.fakes.recorder import LOG

ROOT = Path(__file__).resolve().parents[2]
LEERPLICHT = PartyId("leerplicht-aldermeer")


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[dict[str, Any]]:
    """A simulator in a process of its own, and where it says that it is."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
    finally:
        process.terminate()
        await process.wait()


async def put(where: dict[str, Any], path: str, **body: Any) -> Any:
    async with httpx2.AsyncClient(base_url=where["control"], trust_env=False) as client:
        answer = await client.put(path, json=body)
        assert answer.status_code == 200
        return answer.json()


def folder(where: dict[str, Any], **options: str) -> Endpoint:
    home = Path(where["home"])
    held = {"known_hosts": (home / "known_hosts").read_bytes(), "private_key": (home / "client_key").read_bytes()}
    return Endpoint(f"sftp://127.0.0.1:{where['port']}", {"username": "hub", "folder": "/uit"} | options, held, 10)


def drops(house: House, connector: str, endpoint: Endpoint, protocol: Any, pattern: str = "*", breaks: Any = None) -> Drops:
    found = load_connectors()[connector]
    connect: Connect = found.connect(protocol)
    mapping, name = load_mapping(found.mapping), ConnectorId(connector.replace("_", "-"))

    async def in_use() -> Any:
        return mapping

    async def opened() -> Any:
        cursor = SourceCursor(house.engine, LOG, DUO, name)
        source = await connect(Endpoint(endpoint.address, endpoint.options, endpoint.credentials, endpoint.timeout_s, cursor))
        if breaks is not None:
            source.move = breaks  # type: ignore[method-assign]
        return source

    store, instance = DropStore(house.engine, LOG, DUO, name), Instance(name, DUO, LOG, pattern, 0)
    form = found.format(mapping.reads)
    return Drops(instance, opened, form, in_use, house.route, store, house.digests, house.clock, secrets.token_bytes)


async def polled(source: Drops) -> list[Any]:
    return [each for _ in range(2) for each in (await source.poll_once()).files]


async def held(house: House, recipient: PartyId) -> list[dict[str, Any]]:
    found = (await house.route.release(recipient, 100)).deliveries
    await house.route.acknowledge(recipient, [one.delivery_id for one in found])
    return [orjson.loads(one.payload.reveal()) for one in found]


async def test_absence_goes_to_leerplicht_below_eighteen_and_else_to_the_doorstroompunt(house: House, tmp_path: Path) -> None:
    async with running("ops.demo.duo", "files", str(tmp_path / "duo")) as where:
        asked = {"what": "verzuim", "rows": 6, "gemeenten": ["9001"]}
        await put(where, "/give", **asked)
        source = drops(house, "duo_verzuim", folder(where), "sftp", "????????[rg]????*.csv")
        (file,) = await polled(source)
        assert (file.accepted, file.quarantined) == (6, 0)
        await put(where, "/dial", mode="duplicate")
        await put(where, "/give", **asked)
        again = await polled(drops(house, "duo_verzuim", folder(where), "sftp"))
        assert sum(each.accepted for each in again) == 0
    young, older = await held(house, LEERPLICHT), await held(house, DESK)
    assert (len(young), len(older)) == (3, 3)
    assert {each["verzuimreden"] for each in (*young, *older)} == {"Verzonnen reden"}
    assert await held(house, WORK) == []
    assert {(entry["recipient"], entry["decision"]) for entry in await house.entries() if "decision" in entry} >= {
        (str(LEERPLICHT), "permit"),
        (str(DESK), "permit"),
    }


async def test_what_is_for_the_doorstroompunt_lies_in_its_folder_as_one_list(house: House, tmp_path: Path) -> None:
    sample = (WIRE / "duo_verzuim/duo-verzuim-1/sample.csv").read_bytes()
    async with running("ops.demo.rmc", str(tmp_path / "rmc")) as where:
        box = tmp_path / "rmc/data/uit"
        (box / "20261102R0004.csv").write_bytes(sample)  # the one server serves both ways here
        assert [each.accepted for each in await polled(drops(house, "duo_verzuim", folder(where), "sftp"))] == [3]
        sink = load_connectors()["rmc_lijst"].open_sink(folder(where, prefix="rmc-", form="csv"))
        target = Target(DESK, sink, batch=50, concurrency=1, timeout_s=10)
        assert await pusher(house).drain(target) == 1
        await sink.close()
        (file,) = box.glob("rmc-*.csv")
        assert "d'Hondt" in file.read_text(encoding="utf-8-sig")
        assert "Yılmaz" not in file.read_text(encoding="utf-8-sig")


async def test_what_changed_is_taken_once_though_the_hub_breaks_off_between_answer_and_cursor(
    house: House, tmp_path: Path
) -> None:
    sample = (WIRE / "duo_verzuim_ophalen/duo-verzuim-soap-1/sample.xml").read_text(encoding="utf-8")
    cases = sample[sample.index("<verzuimgeval>") : sample.rindex("</DC0011")]
    async with running("ops.demo.duo", "soap", str(tmp_path / "duo")) as where:
        await put(where, "/changed", begin="nul", cases=cases, after="een")
        home = tmp_path / "duo"
        files = {"ca": "ca.pem", "certificate": "hub.pem", "key": "hub-key.pem"}
        keys = {name: (home / file).read_bytes() for name, file in files.items()}
        endpoint = Endpoint(where["url"], {"since": "nul"}, keys, 10)

        async def dies(*_: Any, **__: Any) -> str:
            raise RuntimeError("died")

        with pytest.raises(RuntimeError):
            await polled(drops(house, "duo_verzuim_ophalen", endpoint, "soap", breaks=dies))
        taken = len(await house.entries())
        again = await polled(drops(house, "duo_verzuim_ophalen", endpoint, "soap"))
        assert sum(each.accepted for each in again) == 0
        assert len(await house.entries()) == taken > 0
        assert await polled(drops(house, "duo_verzuim_ophalen", endpoint, "soap")) == []
    assert (len(await held(house, LEERPLICHT)), len(await held(house, DESK))) == (1, 1)
