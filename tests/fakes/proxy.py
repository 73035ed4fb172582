"""A way to PostgreSQL that is cut at the worst moment: while a transaction commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

COMMIT = b"Q\x00\x00\x00\x0cCOMMIT;\x00"


class Cut(Enum):
    """Where the connection breaks: before COMMIT arrives, after it was done, or long before it arrives."""

    before = "before"
    after = "after"
    late = "late"


@dataclass
class Proxy:
    """Cuts the next commit that passes once `cut` is set; `happened` says that it did."""

    host: str
    port: int
    cut: Cut | None = None
    happened: asyncio.Event = field(default_factory=asyncio.Event)
    here: int = 0

    def url(self, url: str) -> str:
        """The same URL through here."""
        return url.replace(f":{self.port}/", f":{self.here}/")

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self.host, self.port)
        back = asyncio.create_task(_copy(server_reader, writer))
        try:
            while data := await reader.read(65536):
                if self.cut is not None and COMMIT in data:
                    cut, self.cut = self.cut, None
                    await self._break(cut, data, back, writer, server_writer)
                    return
                server_writer.write(data)
                await server_writer.drain()
        except OSError:
            pass
        finally:
            back.cancel()
            with suppress(OSError, asyncio.CancelledError):
                await back
            for end in (writer, server_writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _break(
        self, cut: Cut, data: bytes, back: asyncio.Task[None], client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        back.cancel()
        if cut is Cut.late:
            client.transport.abort()
            self.happened.set()
            await asyncio.sleep(0.3)
        if cut is not Cut.before:
            server.write(data)
            await server.drain()
            await asyncio.sleep(0.1)
        client.transport.abort()
        self.happened.set()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def between(port: int) -> AsyncIterator[Proxy]:
    """A proxy before the server at `port` on this machine."""
    proxy = Proxy("127.0.0.1", port)
    server = await asyncio.start_server(proxy._pass_on, "127.0.0.1", 0)
    proxy.here = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
