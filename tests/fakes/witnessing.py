"""Hubs that witness each other: a log with its witness, served on a loopback port, over a database of its own."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from hub.audit.highwater import HighWater
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.audit.signing import LogSigner, create
from hub.domain.terms import LogId
from hub.errors import HubError
from hub.receive.edge import Edge
from hub.receive.problem import of_error
from hub.receive.witness import ADD_PATH, LATEST_PATH, TAKE_PATH, TakingDoor, WitnessDoor
from hub.witness.cosigning import Cosigned
from hub.witness.model import submission
from hub.witness.service import Witnessing
from tests.fakes.log import signer
from tests.fakes.recorder import LOG, NOBODY, OPERATOR, Clock, item


@dataclass
class Chosen:
    """What an installation says about witnesses and time stamps."""

    state: Path
    log_origin: str = "hub.example/regio-a"
    log_mldsa_key: Path | None = None
    witness_name: str = "hub.example/witness"
    witness_key: Path | None = None
    witnesses: Path | None = None
    tsa_url: str | None = None
    tsa_certificates: Path | None = None

    def file(self, chosen: Path | None, name: str) -> Path:
        return chosen or self.state / name


@dataclass
class Town:
    """A hub as far as witnesses see it."""

    engine: AsyncEngine
    key: LogSigner
    clock: Clock
    committer: Committer
    log: Log
    notes: Notes
    chosen: Chosen
    url: str = ""
    asked: list[bytes] = field(default_factory=list)

    def witnessing(self, **other: Any) -> Witnessing:
        """As its settings say now."""
        for name, value in other.items():
            setattr(self.chosen, name, value)
        return Witnessing(self.engine, self.log, self.notes, self.chosen)

    async def grow(self, entries: int = 1) -> None:
        await self.committer.record(item(entries, receipts=False, rows=()))

    async def submission(self, old: int) -> bytes:
        """What this log would send a witness that is at `old`."""
        note = await self.log.checkpoint()
        size = int(note.split("\n")[1])
        return submission(old, await self.log.consistent(old, size) if 0 < old < size else (), note)


def _chosen(folder: Path) -> Chosen:
    folder.mkdir(exist_ok=True)
    create(folder / "witness.key")
    return Chosen(folder, witness_name=f"{folder.name}.example/witness")


@asynccontextmanager
async def open_town(
    engine: AsyncEngine, folder: Path, key: LogSigner | None = None, log_id: LogId = LOG
) -> AsyncIterator[Town]:
    """A hub over this database; its witness's key is made."""
    clock, key, chosen = Clock(), key or signer(), _chosen(folder)
    mark = HighWater(folder / "high-water")
    committer = Committer(engine, log_id, OPERATOR, key, clock, secrets.token_bytes, mark)
    await committer.start()
    try:
        notes = Notes(committer, log_id, OPERATOR, clock, secrets.token_bytes, NOBODY)
        yield Town(engine, key, clock, committer, Log(engine, log_id, key.vkey), notes, chosen)
    finally:
        await committer.stop()
        mark.close()


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The application on a loopback port; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, loop="none", lifespan="off", log_config=None, access_log=False))
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


def _no_signals() -> Any:
    from contextlib import nullcontext

    return nullcontext()


def door_of(witnessing: Witnessing) -> Starlette:
    """The witness's routes as the interface has them."""
    door, taking = WitnessDoor(witnessing.cosigning), TakingDoor(witnessing.taking)
    routes = [
        Route(ADD_PATH, door.add, methods=["POST"]),
        Route(LATEST_PATH, door.latest),
        Route(TAKE_PATH, taking.take, methods=["POST"]),
    ]

    async def told(request: Any, error: Exception) -> Any:
        return of_error(request, error)

    return Starlette(routes=routes, middleware=[Middleware(Edge)], exception_handlers={HubError: told})


def policy_of(witnesses: Sequence[tuple[str, str, str]], quorum: str = "none") -> str:
    """A trust file: name, key and address of each witness."""
    lines = [f"witness {name} {vkey} {url}" for name, vkey, url in witnesses]
    return "\n".join([*lines, f"quorum {quorum}", ""])


async def cosigned_by(witness: Witnessing, town: Town, old: int) -> str:
    """The line of a witness over the town's newest checkpoint; it must give one."""
    answer = await witness.cosigning.add(await town.submission(old))
    assert isinstance(answer, Cosigned), answer
    return answer.line
