"""A gemeente's case system that deliveries are pushed to, with dials for everything that such systems do wrong.

    python -m ops.demo.simulator HOME [--port N] [--control N] [--port-file F] [--token T]

It listens on this machine for pages (any path) and, on a port of its own, for its controls: `POST /dial`, `GET /counts`,
`GET /times`. A dial is `{"mode": ..., "times": n, "seconds": s, ...}`; after `times` pages, where given, all is well again.
HOME keeps its cases (`ops.demo.cases`); with the `partner.json` of a partner in it receipts are checked. Nothing here imports
the hub.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from ops.demo.cases import Came, Cases

_HOST = "127.0.0.1"
_LARGEST = 64 << 20
_REASON = "BUITEN_WERKGEBIED"


@dataclass
class Dial:
    """How the system behaves. `seconds` is for slow (before the answer), drip (between two bytes) and Retry-After.

    `poison` fails pages always: those with a delivery of `source`, or about the `share` of persons that a digest picks. `flaky`
    takes one of `of` for a `share` of the pages, as `seed` has it.
    """

    mode: str = "ok"
    times: int | None = None
    seconds: float = 1.0
    source: str | None = None
    share: float = 0.5
    reason: str = _REASON
    seed: int = 0
    of: list[str] = field(default_factory=lambda: ["500", "503", "twice", "reset", "accept-then-close", "garbage", "half"])

    def __post_init__(self) -> None:
        unknown = {self.mode, *self.of} - {*MODES, "ok", "flaky", "down"}
        if unknown:
            raise ValueError(f"no such mode: {', '.join(sorted(unknown))}")
        self.dice = random.Random(self.seed)


@dataclass
class Call:
    """One page under way."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    page: dict[str, Any]
    came: list[Came]
    dial: Dial
    cases: Cases

    def process(self, refuse: str | None = None) -> bytes:
        """Does what is asked and gives the answer that says so."""
        return _said(*self.cases.process(self.page, self.came, refuse))

    def answer(self, status: int, body: bytes = b"", kind: str = "application/json", **headers: object) -> None:
        """Writes an answer."""
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self.writer.write(head.encode() + body)


Mode = Callable[[Call], Awaitable[bool | None]]
"""Answers a page; True where the connection is of no use afterwards."""


async def _ok(call: Call) -> None:
    call.answer(200, call.process())


async def _slow(call: Call) -> None:
    answer = call.process()
    await asyncio.sleep(call.dial.seconds)
    call.answer(200, answer)


async def _drip(call: Call) -> None:
    body = call.process()
    for byte in f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body:
        call.writer.write(bytes([byte]))
        await call.writer.drain()
        await asyncio.sleep(call.dial.seconds)


async def _reset(call: Call) -> bool:
    body = call.process()
    call.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
    await call.writer.drain()
    connection: socket.socket = call.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    call.writer.transport.abort()
    return True


async def _busy(call: Call) -> None:
    call.answer(int(call.dial.mode), Retry_After=int(call.dial.seconds))


async def _wrong_ids(call: Call) -> None:
    call.answer(200, _said([str(uuid4()) for _ in call.came], {}))


async def _twice(call: Call) -> None:
    call.process()
    call.answer(500)


async def _never(call: Call) -> bool:
    call.process()
    await call.reader.read()  # until the other side gives up
    return True


async def _then_close(call: Call) -> bool:
    call.process()
    return True


async def _one_by_one(call: Call) -> None:
    if len(call.came) > 1:
        call.answer(413)
    else:
        await _ok(call)


async def _refuse(call: Call) -> None:
    call.answer(200, call.process(call.dial.reason))


async def _poison(call: Call) -> None:
    dial = call.dial
    if any(each.source == dial.source or each.person[0] < 256 * dial.share for each in call.came):
        call.answer(500)
    else:
        await _ok(call)


async def _huge(call: Call) -> bool:
    call.process()
    call.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        call.writer.write(b" " * 65536)
        await call.writer.drain()


async def _half(call: Call) -> None:
    body = call.process()
    call.answer(200, body[: len(body) // 2])


async def _partial(call: Call) -> None:
    some = call.came[::2]
    page = {"bezorgingen": call.page["bezorgingen"][::2]}
    call.answer(200, _said(*call.cases.process(page, some)))


def _plain(status: int, body: bytes = b"", kind: str = "text/html", **headers: object) -> Mode:
    async def answer(call: Call) -> None:
        call.answer(status, body, kind, **headers)

    return answer


MODES: dict[str, Mode] = {
    "slow": _slow,
    "drip": _drip,
    "reset": _reset,
    "500": _plain(500, b"<h1>Er ging iets mis</h1>"),
    "503": _busy,
    "429": _busy,
    "garbage": _plain(200, b"<html><body>Onderhoud</body></html>"),
    "empty": _plain(200),
    "wrong-ids": _wrong_ids,
    "twice": _twice,
    "accept-never-answers": _never,
    "accept-then-close": _then_close,
    "401": _plain(401),
    "413": _one_by_one,
    "refuse": _refuse,
    "poison": _poison,
    "redirect": _plain(307, Location="/elders"),
    "huge": _huge,
    "half": _half,
    "partial": _partial,
}
"""What the dial can stand on, beside `ok`, `flaky` and `down` (which closes the port)."""


class Simulator:
    """The system: its cases, its dial, and the port for pages, which can be closed and opened again."""

    def __init__(self, cases: Cases, token: str | None) -> None:
        self._cases, self._token, self._dial = cases, token, Dial()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._busy = 0
        self.port = 0

    async def listen(self, port: int) -> None:
        """Opens the port for pages."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, _HOST, port or self.port, limit=1 << 20, backlog=256)
            self.port = self._server.sockets[0].getsockname()[1]

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call to the controls."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head, body = await _request(reader)
            status, said = 200, b"{}"
            if head.startswith("GET /counts "):
                said = json.dumps(self._cases.counts() | {"mode": self._dial.mode}).encode()
            elif head.startswith("GET /times "):
                said = json.dumps(self._cases.times()).encode()
            elif head.startswith("POST /dial "):
                try:
                    await self._turn(Dial(**json.loads(body)))
                except (ValueError, TypeError) as wrong:
                    status, said = 400, json.dumps({"wrong": str(wrong)}).encode()
            else:
                status = 404
            answer = f"HTTP/1.1 {status} S\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n"
            writer.write(f"{answer}Connection: close\r\n\r\n".encode() + said)
            await writer.drain()
        writer.close()

    async def _turn(self, dial: Dial) -> None:
        self._dial = dial
        if dial.mode != "down":
            await self.listen(self.port)
        elif self._server is not None:
            server, self._server = self._server, None
            server.close()
            for writer in tuple(self._open):
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            # Cancelled when the process ends, which asyncio would tell at length.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
                while True:
                    head, body = await _request(reader)
                    self._busy += 1
                    self._cases.most("high_water", self._busy)
                    try:
                        done = await self._page(head, body, reader, writer)
                        await writer.drain()
                    finally:
                        self._busy -= 1
                    if done:
                        return
        finally:
            self._open.discard(writer)
            writer.close()

    async def _page(self, head: str, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        self._cases.add("requests")
        call = Call(reader, writer, {}, [], self._dial, self._cases)
        if self._token is not None and f"\r\nauthorization: bearer {self._token}\r\n".lower() not in f"{head}\r\n".lower():
            call.answer(401)
            return False
        try:
            call.page = json.loads(body)
            if "berichten" in call.page:  # notices: it says that it has them, and answers later what it did
                told = [each["berichtId"] for each in call.page["berichten"]]
                for _ in told:
                    self._cases.add("notices")
                call.answer(200, _said(told, {}))
                return False
            call.came = self._cases.read(call.page)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._cases.add("malformed")
            call.answer(400)
            return False
        self._cases.arrive(call.came)
        self._cases.most("largest_page", len(call.came))
        return bool(await self._mode()(call))

    def _mode(self) -> Mode:
        dial = self._dial
        if dial.times is not None:
            dial.times -= 1
            if dial.times < 0:
                self._dial = dial = Dial()
        name = dial.mode
        if name == "flaky":
            name = dial.dice.choice(dial.of) if dial.dice.random() < dial.share else "ok"
        return MODES.get(name, _ok)


async def _request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The head and body of a request. Raises asyncio.IncompleteReadError where the other side has gone."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")[:-2]
    size = 0
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-length":
            size = int(value)
    if not 0 <= size <= _LARGEST:
        raise ConnectionError("too large")
    return head, await reader.readexactly(size)


def _said(confirmed: list[str], refused: dict[str, str]) -> bytes:
    refusals = [{"bezorgingId": each, "reden": reason} for each, reason in refused.items()]
    return json.dumps({"bevestigd": confirmed, "geweigerd": refusals}).encode()


async def _run(given: argparse.Namespace) -> None:
    simulator = Simulator(Cases(given.home), given.token)
    await simulator.listen(given.port)
    control = await asyncio.start_server(simulator.control, _HOST, given.control)
    where = {
        "url": f"http://{_HOST}:{simulator.port}/bezorgingen",
        "control": f"http://{_HOST}:{control.sockets[0].getsockname()[1]}",
    }
    if given.port_file is not None:
        early = given.port_file.with_suffix(".new")
        early.write_text(json.dumps(where))
        early.replace(given.port_file)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    print(json.dumps(where), flush=True)
    await stopping.wait()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="A gemeente's case system, with dials.")
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--port-file", type=Path)
    parser.add_argument("--token")
    asyncio.run(_run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
