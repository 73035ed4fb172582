"""The server against callers who send too much, too slowly, or never read what they asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from hub import server
from hub.server import Server, TlsProtocol

GOOD = b"POST /a HTTP/1.1\r\nHost: hub\r\nContent-Length: 4\r\n\r\nbody"
Address = tuple[str, int]


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body whole, and answers with more than any buffer on the way holds where it was `much`."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    answer = b"x" * (64 << 20) if body == b"much" else body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Address]:
    """A server that waits a fifth of a second and no longer."""
    monkeypatch.setattr(server, "PATIENCE_S", 0.2)
    config = uvicorn.Config(echo, http=TlsProtocol, loop="none", lifespan="off", log_config=None, access_log=False)
    running = Server(config)
    listening = server._listen("127.0.0.1", 0)
    task = asyncio.create_task(running.serve(sockets=[listening]))
    yield listening.getsockname()
    running.should_exit = running.force_exit = True
    await task


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server hangs up; fails when it never does."""
    async with asyncio.timeout(15):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def pour(writer: asyncio.StreamWriter, piece: bytes, most: int) -> int:
    """Sends the same again and again until the server hangs up; how many bytes it took."""
    sent = 0
    try:
        async with asyncio.timeout(15):
            while sent < most:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
    except ConnectionError:
        pass
    return sent


async def test_requests_one_after_another_and_pipelined_are_answered(address: Address) -> None:
    reader, writer = await asyncio.open_connection(*address)
    for _ in range(2):
        writer.write(GOOD * 3)
        for _ in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(4) == b"body"
        await asyncio.sleep(0.3)  # longer than a request may take to arrive: between two of them that is no matter
    writer.close()


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHo",
        b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n\r\nhalf",
        b"POST / HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        GOOD + b"\r\n",
        GOOD + GOOD[:-2],
    ],
)
async def test_who_does_not_finish_a_request_is_hung_up_on(address: Address, start: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(start)

    async def trickle() -> None:
        while not writer.is_closing():
            writer.write(b"\r\n" if start in (b"\r\n", GOOD + b"\r\n") else b"")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    try:
        await ended(reader)
    finally:
        trickling.cancel()
        writer.close()


async def test_a_large_body_may_come_as_long_as_it_keeps_coming(address: Address) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: %d\r\n\r\n" % (4 * server.STRIDE))
    for _ in range(4):
        await asyncio.sleep(0.12)  # together longer than a small request may take
        writer.write(bytes(server.STRIDE))
        await writer.drain()
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_body_that_never_ends_is_hung_up_on(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LARGEST_BODY", 2 << 20)
    _, writer = await asyncio.open_connection(*address)
    writer.write(b"POST / HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert await pour(writer, b"10000\r\n" + bytes(65536) + b"\r\n", 48 << 20) < 32 << 20
    writer.close()


@pytest.mark.parametrize("after", [b"", GOOD])
async def test_who_does_not_read_the_answer_is_hung_up_on(address: Address, after: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(GOOD[:-4] + b"much")
    await asyncio.sleep(0.1)
    writer.write(after)
    await asyncio.sleep(1.5)
    assert len(await ended(reader)) < 64 << 20
    writer.close()


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET /", b"a" * 65536),
        (b"GET / HTTP/1.1\r\nA: ", b"a" * 65536),
        (b"GET / HTTP/1.1\r\n", b"A: a\r\n" * 8192),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: a\r\n" * 8192),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 65536),
    ],
)
async def test_a_head_without_end_is_not_kept(
    address: Address, monkeypatch: pytest.MonkeyPatch, start: bytes, piece: bytes
) -> None:
    monkeypatch.setattr(server, "PATIENCE_S", 60)
    _, writer = await asyncio.open_connection(*address)
    writer.write(start)
    assert await pour(writer, piece, 48 << 20) < 32 << 20  # what the machine's own buffers hold is not the server's
    writer.close()
