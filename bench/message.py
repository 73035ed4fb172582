"""One message at a time over HTTP, from 32 connections: validated, decided, protected, logged with proof, answered.

Baseline: the same application with the same token check and validation, doing one INSERT and COMMIT instead of the way. Both
are processes of their own, called by the same client; windows of one and the other take turns. p99 is at half of our own rate.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from bench import list as list_bench
from bench.world import Result, message, numbers, plain, rows, say, world
from hub.app import Hub
from hub.domain.terms import PartyId
from hub.operations import register_partner
from hub.postgres import PrivatePostgres

CONNECTIONS = 32
_TABLE = """
CREATE TABLE bench_message (id bigserial PRIMARY KEY, party_id text, body bytea);
GRANT ALL ON bench_message, bench_message_id_seq TO hub_app
"""


class Client:
    """One keep-alive connection that speaks just enough HTTP/1.1 for this."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        """Connects."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """One request and its answer: status and body."""
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(head[9:12]), await self._reader.readexactly(length)


class Load:
    """Posts messages about ever new persons, signed in as DUO."""

    def __init__(self, port: int, key: ECKey, bsns: Iterator[str]) -> None:
        self._port, self._key, self._bsns = port, key, bsns
        self._clients = [Client(port) for _ in range(CONNECTIONS)]
        self._year = datetime.now(UTC).year
        self._count = 0

    async def sign_in(self) -> None:
        """Opens the connections and gets a token."""
        for client in self._clients:
            await client.open()
        issuer, now = f"http://127.0.0.1:{self._port}", int(time.time())
        claims = {"iss": "bench", "sub": "bench", "aud": f"{issuer}/oauth/token", "iat": now, "exp": now + 240}
        assertion = jwt.encode({"alg": "ES256", "kid": "bench"}, claims | {"jti": secrets.token_urlsafe(24)}, self._key)
        form = (
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            f"&client_assertion={assertion}"
        )
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, body = await self._clients[0].post("/oauth/token", form.encode(), kind)
        if status != 200:
            raise SystemExit(f"no token: {status} {body[:200]!r}")
        self._token = orjson.loads(body)["access_token"]

    async def _one(self, client: Client) -> None:
        self._count += 1
        body = message(next(self._bsns), self._count, self._year)
        status, answer = await client.post(
            "/v1/uitvalmeldingen",
            body,
            {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Idempotency-Key": secrets.token_hex(16),
            },
        )
        if status != 201:
            raise SystemExit(f"{status}: {answer[:300]!r}")

    async def flat_out(self, seconds: float) -> float:
        """Messages per second, as fast as the answers come."""
        until, before = time.perf_counter() + seconds, self._count

        async def caller(client: Client) -> None:
            while time.perf_counter() < until:
                await self._one(client)

        began = time.perf_counter()
        await asyncio.gather(*(caller(client) for client in self._clients))
        return (self._count - before) / (time.perf_counter() - began)

    async def steady(self, rate: float, seconds: float) -> list[float]:
        """Latencies at a steady rate, counted from when each message should have gone."""
        free: asyncio.Queue[Client] = asyncio.Queue()
        for client in self._clients:
            free.put_nowait(client)
        latencies: list[float] = []

        async def send(due: float) -> None:
            client = await free.get()
            await self._one(client)
            free.put_nowait(client)
            latencies.append(time.perf_counter() - due)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for nth in range(int(rate * seconds)):
                due = began + nth / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(send(due))
        return sorted(latencies)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _server(command: list[str], port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, env={**os.environ, "HUB_PORT": str(port)}, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            await asyncio.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)


async def run(folder: Path, seconds: float, rounds: int) -> list[Result]:
    """Windows of ours and baseline in turn, then half load, then half load beside a list."""
    key = ECKey.generate_key("P-256", {"kid": "bench"}, private=True)
    bsns = numbers(930_000_000)
    async with world(folder) as (hub, postgres, _):
        jwks = {"keys": [key.as_dict(private=False) | {"kid": "bench", "use": "sig", "alg": "ES256"}]}
        await register_partner(hub, PartyId("duo"), "bench", jwks, ["uitvalmeldingen:aanleveren"])
        owner = await asyncpg.connect(plain(postgres.url("hub_owner", "hub")))
        await owner.execute(_TABLE)
        await owner.close()
        ports = (_port(), _port())
        async with _server(["bench.serve", "hub"], ports[0]), _server(["bench.serve", "baseline"], ports[1]):
            ours, base = Load(ports[0], key, bsns), Load(ports[1], key, bsns)
            await ours.sign_in()
            await base.sign_in()
            await ours.flat_out(1)
            await base.flat_out(1)
            rates: list[tuple[float, float]] = []
            for nth in range(rounds):
                rates.append((await ours.flat_out(seconds), await base.flat_out(seconds)))
                say(f"  message, round {nth + 1}: ours {rates[-1][0]:.0f}/s, one INSERT {rates[-1][1]:.0f}/s")
            mine, bare = (sum(each) / rounds for each in zip(*rates, strict=True))
            quiet = await ours.steady(mine / 2, seconds)
            beside = await _beside_a_list(hub, postgres, ours)
    return [
        Result("message: 32 connections", mine, bare, mine / bare, "messages/s", "at least 0.5"),
        Result("message: p99 at half load", quiet[int(len(quiet) * 0.99)] * 1000, 0.0, 0.0, "ms", "under 50"),
        Result("message: p99 beside a list", beside[int(len(beside) * 0.99)] * 1000, 0.0, 0.0, "ms", "under 100"),
    ]


async def _beside_a_list(hub: Hub, postgres: PrivatePostgres, load: Load) -> list[float]:
    """Single messages, 20 a second, while another process takes in a list."""
    command = [sys.executable, "-m", "bench.serve", "list"]
    process = await asyncio.create_subprocess_exec(*command, env=dict(os.environ), stderr=asyncio.subprocess.DEVNULL)
    latencies: list[float] = []
    while process.returncode is None:
        latencies += await load.steady(20, 1)
        await asyncio.sleep(0)
    if process.returncode:
        raise SystemExit("the list failed")
    return sorted(latencies)


async def take_in_a_list(hub: Hub) -> None:
    """What the other process does."""
    await list_bench.ours(hub, rows(numbers(960_000_000), 30_000, datetime.now(UTC).year))
