"""What administrators set up is fetched and sent to while the worker runs, as soon as it changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from hub.app import Hub, make_keys, open_hub
from hub.connector import Endpoint, RemoteFile, Setup
from hub.db import fetch
from hub.domain.kinds import RECORDS
from hub.fetching import Fetching
from hub.postgres import Urls
from hub.registry import load_connectors
from hub.running import store
from hub.running.runner import Runner
from hub.running.store import RunStore
from hub.sending import Targets
from hub.settings import Settings
from hub.setups.active import Active
from tests.hostile.read import file, line


@dataclass
class Brought:
    """What was brought to an instance: files that are at rest, the oldest first."""

    files: dict[str, bytes]
    more: bool = False

    async def list(self, folder: str = ".") -> list[RemoteFile]:
        return [RemoteFile(name, len(data), 1) for name, data in self.files.items() if folder == "."]

    async def stat(self, name: str) -> RemoteFile:
        return RemoteFile(name, len(self.files[name.rpartition("/")[2]]), 1)

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        yield self.files[name][offset:]

    async def move(self, name: str, folder: str, _suffix: str, *, marked: bool = False) -> str:
        return f"{folder}/{name}"

    async def close(self) -> None: ...


@pytest.fixture
async def hub(database_urls: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    for name, url in (
        ("DATABASE", database_urls.database),
        ("VAULT", database_urls.vault),
        ("MIGRATION", database_urls.migration),
        ("VAULT_MIGRATION", database_urls.vault_migration),
    ):
        monkeypatch.setenv(f"HUB_{name}_URL", url)
    monkeypatch.setenv("HUB_ENVIRONMENT", "test")
    settings = Settings(state=tmp_path / "state")
    make_keys(settings)
    async with open_hub(settings) as opened:
        await opened.put_policy_in_use()
        yield opened


def instance(name: str = "duo-lijst", **other: Any) -> Active:
    connector = load_connectors()["duo_uitval"]
    told: dict[str, Any] = {"id": name, "connector": "duo_uitval", "party": "duo", "protocol": "upload", "schedule": "every 1s"}
    return Active(Setup(**{**told, **other}), Endpoint(""), 1, 1, connector)


async def test_what_is_set_up_runs_and_is_in_the_history_with_its_counts(hub: Hub) -> None:
    inbox = Brought({"een": file(line(1), line(2), line(1, GEBOORTEDATUM="00000000"), line(1))})
    given: list[Active] = []

    async def actives() -> Sequence[Active]:
        return given

    fetching, stopping = Fetching(hub, actives, lambda _name, _party: cast("Any", inbox)), asyncio.Event()
    assert await fetching() == []
    runner = Runner(RunStore(hub.engine, hub.log_id), hub.clock, os.urandom)
    running = asyncio.create_task(runner.run(fetching, stopping))
    given.append(instance())
    async with asyncio.timeout(20):
        while not [run for run in await store.history(hub.engine, hub.log_id) if run.files]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stopping.set()
    with suppress(asyncio.CancelledError):
        await running
    run = (await store.history(hub.engine, hub.log_id))[-1]
    assert (run.files, run.rows, run.accepted, run.quarantined, run.duplicate) == (1, 4, 2, 1, 1)
    (row,) = await fetch(hub.engine, "SELECT accepted, quarantined, duplicate FROM receive_drop")
    assert tuple(row) == (2, 1, 1)


async def test_a_job_stays_the_same_until_something_of_it_changes(hub: Hub) -> None:
    one = instance()
    given: list[Active] = [one, instance("kapot", window="altijd"), instance("ook-kapot", schedule="soms")]

    async def actives() -> Sequence[Active]:
        return given

    fetching = Fetching(hub, actives, lambda _name, _party: cast("Any", Brought({})))
    (first,) = await fetching()
    assert [job is first for job in await fetching()] == [True], "what is wrong holds up nobody else"
    for other in (
        replace(one, version=2),
        replace(one, endpoint=Endpoint("", credentials={"token": b"ander"})),
        replace(one, setup=one.setup.model_copy(update={"schedule": "every 2s"})),
    ):
        given[0] = other
        (changed,) = await fetching()
        assert changed.version != first.version


def test_the_hubs_own_form_is_of_every_record() -> None:
    assert load_connectors()["bezorging"].manifest.kinds == RECORDS.keys()


async def test_whom_is_sent_to_follows_what_is_set_up(hub: Hub) -> None:
    connector = load_connectors()["bezorging"]
    setup = Setup(
        id="desk",
        connector="bezorging",
        party="doorstroompunt-lindemark",
        protocol="rest",
        address="https://ontvanger.example",
        window="mon-fri 06:00-22:00",
        per_minute=30,
    )
    given: list[Active] = []

    async def actives() -> Sequence[Active]:
        return given

    targets = Targets(hub, actives, [])
    await targets.renew()
    assert (targets.now, await targets.look()) == ([], False)
    given.append(Active(setup, Endpoint(setup.address, credentials={"token": b"geheim"}), 1, 1, connector))
    assert await targets.look()
    await targets.renew()
    (target,) = targets.now
    assert (target.recipient, target.per_minute, target.window.always) == ("doorstroompunt-lindemark", 30, False)
    assert not await targets.look()
    other = {"id": "desk-lijst", "connector": "rmc_lijst", "protocol": "sftp", "address": "sftp://127.0.0.1"}
    folder = Endpoint(other["address"], {"username": "hub"})
    given.append(Active(setup.model_copy(update=other), folder, 1, 1, load_connectors()["rmc_lijst"]))
    await targets.renew()
    assert {(one.part.name, one.part.others) for one in targets.now} == {("desk-lijst", False), ("", True)}
    assert target not in targets.now, "its part is another one"
    given.clear()
    assert await targets.look()
    await targets.renew()
    assert targets.now == []
