"""Power cuts while a person is forgotten, bodies are redacted, a witness cosigns, or a log goes on under another name.

After each: what was decided is finished at the next start, once; nothing else is gone; and the log verifies without the hub.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx2
import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.app import Hub, open_hub
from hub.audit import signing
from hub.db import fetch
from hub.domain.personal import Bsn, Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.stages import Received, Row
from hub.domain.terms import Interface, Micros, PurposeId
from hub.errors import Conflict
from hub.normalise import JsonMapping
from hub.operations import export_log
from hub.postgres import Urls
from hub.receive.messages import MessageIntake
from hub.retention.model import Standing
from hub.retention.service import Retention
from hub.rights.answer import SearchReason
from hub.rights.erasure.model import Ground, State
from hub.rights.person import Persons
from hub.settings import Settings
from hub.witness.model import submission
from tests.e2e.rig import DUO, ROOT, Rig, a_rig, admit_partners, message, persons, until

OFFICER = Staff(StaffId("m-00000000000000aa"), "Verzonnen Functionaris", frozenset({Role.privacy_officer}))
DECIDER = Staff(StaffId("m-00000000000000bb"), "Verzonnen Beslisser", frozenset({Role.decision_maker}))
AHEAD_US = 60 * 366 * 24 * 3_600_000_000
TOMBS, KEY, ROWS = (
    "hub.rights.erasure.tombs:Tombs.add",
    "hub.protect.vault:Vault.forget",
    "hub.rights.erasure.store:forget",
)
SHORT = (f"{TOMBS}:before:1", f"{ROWS}:before:1")
LONG = (
    "hub.audit.notes:Notes.write:before:1",
    "hub.audit.notes:Notes.write:after:1",
    *(f"{step}:{when}:1" for step in (TOMBS, KEY, ROWS) for when in ("before", "after")),
)


def settings_of(folder: Path, urls: Urls, **more: str) -> Settings:
    return Settings(
        environment="test",
        state=folder / "state",
        database_url=SecretStr(urls.database),
        vault_url=SecretStr(urls.vault),
        **more,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def a_hub(folder: Path, urls: Urls, **more: str) -> AsyncIterator[Hub]:
    """A hub in this process, beside those that die."""
    async with open_hub(settings_of(folder, urls, **more)) as hub:
        await hub.put_policy_in_use()
        yield hub


async def give(hub: Hub, number: str) -> None:
    """A record that may go nowhere: the person died."""
    raw = Personal(orjson.dumps(message(number, overlijdensdatum="2026-10-01")))
    received = Received(
        DUO, hub.log_id, Interface.rest, uuid4(), hub.clock.now_us(), (Row(1, raw, raw),), None, uuid4().bytes * 2, bytes(32)
    )
    await hub.route.admit(received, JsonMapping(Uitvalmelding), MessageIntake())


async def dies(rig: Rig, moment: str, *command: str, **environment: str) -> None:
    """That command is killed at that moment."""
    done = await asyncio.to_thread(rig.run, *command, KILL_AT=moment, **environment)
    assert done.returncode == -signal.SIGKILL, (moment, done.stdout, done.stderr)


async def verdict(hub: Hub, folder: Path) -> str:
    """What the verifier says of an export of now."""
    export, trust = folder / f"export-{uuid4()}", folder / f"trust-{uuid4()}"
    await export_log(hub, export)
    trust.write_text(f"log {hub.log.vkey}\nquorum none\n")
    command = [sys.executable, "-I", str(ROOT / "ops/verify/verify.py"), str(export), "--trust", str(trust), "--json"]
    told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    return str(orjson.loads(told.stdout)["verdict"])


async def count(engine: AsyncEngine, query: str) -> int:
    return int((await fetch(engine, query))[0][0])


async def _forgotten_whenever(moments: tuple[str, ...], urls: Urls, engine: AsyncEngine, folder: Path) -> None:
    numbers = [number for number, _ in zip(persons(), range(len(moments) + 1), strict=False)]
    with a_rig(folder, urls) as rig:
        async with a_hub(folder, urls) as hub:
            for number in numbers:
                await give(hub, number)
            for moment, number in zip(moments, numbers, strict=False):
                asked = await hub.forgetting.ask(number, Ground.term, None)
                assert asked.obstacles == ()
                order = ("rights", "forget", "order", str(asked.erasure_id), "--yes")
                await dies(rig, moment, *order)
                decided = {one.erasure_id: one.state for one in await hub.forgetting.requests()}[asked.erasure_id]
                if decided is State.asked:  # it never came to be: it is decided anew
                    assert await hub.people.find(Bsn(number)) is not None
                    assert (await asyncio.to_thread(rig.run, *order)).returncode == 0
                await hub.forgetting.catch_up()
                assert await hub.people.find(Bsn(number)) is None
            assert {one.state for one in await hub.forgetting.requests()} == {State.done}
            assert await hub.forgetting.catch_up() == 0
            assert len(hub.forgetting.tombs.read()) == len(moments)
            assert await hub.people.find(Bsn(numbers[-1])) is not None
            assert await verdict(hub, folder) == "verified"
        assert await count(engine, "SELECT count(*) FROM consent_facts") == 1
        ordered = "SELECT count(*) FROM audit_entry WHERE convert_from(body, 'UTF8') LIKE '%\"erase-person\"%'"
        assert await count(engine, ordered) == len(moments)


@pytest.mark.timeout(120)
async def test_killed_while_somebody_is_forgotten(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await _forgotten_whenever(SHORT, database_urls, engine, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_at_every_step_of_forgetting(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await _forgotten_whenever(LONG, database_urls, engine, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_while_bodies_are_redacted(
    database_urls: Urls, engine: AsyncEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later:
        def __init__(self, hub: Hub) -> None:
            self._clock = hub.clock

        def now_us(self) -> Micros:
            return Micros(self._clock.now_us() + AHEAD_US)

    async def crash(*_: object) -> None:
        raise Conflict("power cut")

    with a_rig(tmp_path, database_urls) as rig:
        async with a_hub(tmp_path, database_urls) as hub:
            await give(hub, next(persons()))
            for _ in range(5):
                await Persons(hub.log, hub.search, hub.notes, hub.people).search(
                    next(persons()), SearchReason.controle, OFFICER
                )
            retention = replace(hub.retention, notes=replace(hub.notes, clock=Later(hub)))
            plan = await retention.plan()
            purpose = next(
                PurposeId(name) for (name, kind), told in plan.counts.items() if kind == "access" and told[Standing.due]
            )
            made = await retention.propose(purpose, OFFICER)
            with monkeypatch.context() as patch:
                patch.setattr(Retention, "_finish", crash)
                with pytest.raises(Conflict):
                    await retention.approve(made.proposal_id, DECIDER)
        finish = ("audit", "retention", "finish", "--json")
        ahead = {"AHEAD_US": str(AHEAD_US)}
        for moment in ("store:redact:before:1", "store:redact:after:1", "store:mark_done:before:1"):
            await dies(rig, f"hub.retention.{moment}", *finish, **ahead)
        done = await asyncio.to_thread(rig.run, *finish, **ahead)
        assert done.returncode == 0, done.stderr
        assert orjson.loads(done.stdout) == [{"proposal": str(made.proposal_id), "done": made.entries, "left": 0}]
        assert await count(engine, "SELECT count(*) FROM audit_entry WHERE body IS NULL") == made.entries
        assert await count(engine, "SELECT count(*) FROM retention_done") == 1
        async with a_hub(tmp_path, database_urls) as hub:
            assert await verdict(hub, tmp_path) == "verified", "redacted by authority"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_killed_while_a_witness_cosigns(database_urls: Urls, engine: AsyncEngine, tmp_path: Path) -> None:
    await admit_partners(database_urls, tmp_path)
    with a_rig(tmp_path, database_urls) as rig:
        async with a_hub(tmp_path, database_urls) as hub:
            await give(hub, next(persons()))
            vkey = hub.log.vkey
        for command in (("witness", "key"), ("witness", "allow", vkey)):
            done = await asyncio.to_thread(rig.run, *command)
            assert done.returncode == 0, done.stderr
        async with a_hub(tmp_path, database_urls) as hub:
            note = await hub.log.checkpoint()
        size = int(note.split("\n")[1])

        def ask(old: int) -> httpx2.Response:
            with httpx2.Client(timeout=10, trust_env=False) as client:
                url = f"http://127.0.0.1:{rig.ports['serve-1']}/log/witness/add-checkpoint"
                return client.post(url, content=submission(old, (), note))

        for moment, behind in (
            ("store:cosigned:before:1", 0),
            ("store:cosigned:after:1", 0),
            ("cosigning:Cosigning.add:after:1", size),
        ):
            process = rig.start("serve-1", "serve", kill_at=f"hub.witness.{moment}")
            await asyncio.to_thread(rig.await_servers)
            with pytest.raises(httpx2.HTTPError):
                await asyncio.to_thread(ask, 0)
            await asyncio.to_thread(until, "it dies", lambda process=process: process.poll() is not None)
            assert await count(engine, "SELECT size FROM witness_log") == behind, moment
        rig.start("serve-1", "serve")
        await asyncio.to_thread(rig.await_servers)
        late, again = await asyncio.to_thread(ask, 0), await asyncio.to_thread(ask, size)
        assert (late.status_code, late.text.strip()) == (409, str(size))
        assert again.status_code == 200, again.text
        async with a_hub(tmp_path, database_urls) as hub:
            assert await verdict(hub, tmp_path) == "verified"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "moment", ["go_on:before:1", "_keep:before:1", "_keep:after:1", "_put_in_place:before:1", "_put_in_place:after:1"]
)
async def test_killed_while_a_log_goes_on_under_another_name(
    database_urls: Urls, engine: AsyncEngine, tmp_path: Path, moment: str
) -> None:
    with a_rig(tmp_path, database_urls) as rig:
        async with a_hub(tmp_path, database_urls) as hub:
            await give(hub, next(persons()))
        trust = tmp_path / "old.trust"
        assert (await asyncio.to_thread(rig.run, "audit", "trust", str(trust))).returncode == 0
        signing.create(tmp_path / "new.key")
        new = {"HUB_LOG_ORIGIN": "hub.example/log-2", "HUB_LOG_KEY": str(tmp_path / "new.key")}
        go = (
            "audit",
            "recover",
            "--trust",
            str(trust),
            "--cause",
            "rotation",
            "--go",
            "--by",
            "beheerder",
            "--reason",
            "oefening",
        )
        await dies(rig, f"hub.audit.succession:{moment}", *go, **new)
        done = await asyncio.to_thread(rig.run, *go, **new)
        assert done.returncode == 0 or moment == "_put_in_place:after:1", done.stderr
        async with a_hub(tmp_path, database_urls, log_origin="hub.example/log-2", log_key=str(tmp_path / "new.key")) as hub:
            await give(hub, list(zip(persons(), range(2), strict=False))[1][0])
            assert await verdict(hub, tmp_path) == "verified"
        assert await count(engine, "SELECT count(*) FROM audit_origin") == 1
