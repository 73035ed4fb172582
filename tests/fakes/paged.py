"""A partner's service that gives a list in pages over HTTP, with dials. It speaks HTTP by hand, over one socket at a time."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Call:
    method: str
    path: str
    parameters: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Service:
    """`answer` says what comes back; calls are kept. By default three pages of two records each, in the way of `style`."""

    style: str = "none"
    records: list[dict[str, Any]] = field(default_factory=lambda: [{"id": number} for number in range(1, 7)])
    size: int = 2
    calls: list[Call] = field(default_factory=list)
    dial: Callable[[Call], Reply | None] = lambda _: None
    etags: bool = False
    url: str = ""

    def answer(self, call: Call) -> Reply:
        if (dialled := self.dial(call)) is not None:
            return dialled
        if call.path == "/token":
            token = f"t{len([each for each in self.calls if each.path == '/token'])}"
            return Reply(body=json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600}).encode())
        at = self._at(call)
        some = self.records[at : at + self.size]
        page: dict[str, Any] = {"results": some} | (
            {} if at + self.size < len(self.records) else {"mark": f"m{len(self.records)}"}
        )
        headers = {"Content-Type": "application/json", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
        if at + self.size < len(self.records):
            if self.style == "next":
                page["_links"] = {"next": {"href": f"?at={at + self.size}"}}
            elif self.style == "cursor":
                page["cursor"] = f"c{at + self.size}"
            elif self.style == "link":
                headers["Link"] = (
                    f'</vorige>; rel="prev", <{self.url}/lijst?at={at + self.size}>; title="a, b"; rel="next last"'
                )
        body = json.dumps(page).encode()
        if self.etags:
            headers["ETag"] = f'"{hash(body)}"'
            if call.headers.get("if-none-match") == headers["ETag"]:
                return Reply(304)
        return Reply(200, body, headers)

    def _at(self, call: Call) -> int:
        given = call.parameters
        if call.body.startswith(b"{"):
            given = {name: str(value) for name, value in json.loads(call.body).items()}
        if self.style == "page":
            return (int(given["page"]) - 1) * self.size
        return int(given.get("at") or given.get("offset") or given.get("cursor", "c0")[1:])

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            while True:
                first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split(" ")
                parts = urlsplit(target)
                call = Call(method, parts.path, dict(parse_qsl(parts.query)), headers, body)
                self.calls.append(call)
                reply = self.answer(call)
                head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
                length = "" if reply.status in (204, 304) else f"Content-Length: {len(reply.body)}\r\n"
                writer.write(f"HTTP/1.1 {reply.status} X\r\n{length}{head}\r\n".encode() + reply.body)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(service: Service, tls: ssl.SSLContext | None = None) -> AsyncIterator[Service]:
    """The service on a port of its own; `url` is where."""
    listening = await asyncio.start_server(service.handle, "127.0.0.1", 0, ssl=tls)
    service.url = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        listening.close()
