"""The REST interface over uvicorn: TLS with the client's certificate handed on, bounded waiting, no access log, no banner."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio import BaseTransport
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.errors import Misconfigured
from hub.settings import Settings

GRACE_S = 20
PATIENCE_S = 20.0
"""Seconds in which a request must arrive whole, and in which an answer that is on its way must be taken."""
LARGEST_HEAD = 1 << 20
"""Bytes of a request beside its body, as they came."""
LARGEST_BODY = 65 << 20
"""Bytes of a body; what a route takes of it is for the route to say, and nothing of it is kept here."""
STRIDE = 1 << 20
"""Bytes of a body that must arrive in the time that a request has."""


class _Patience:
    """Breaks a connection off when what was waited for has not come in time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop, self._transport = loop, transport
        self._end: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Waits anew where nothing is waited for yet."""
        if self._end is None:
            self._end = self._loop.call_later(PATIENCE_S, self._transport.abort)

    def stop(self) -> None:
        """What was waited for has come."""
        if self._end is not None:
            self._end.cancel()
            self._end = None


class PatientProtocol(HttpToolsProtocol):
    """Bounds what uvicorn leaves open: how large a request may be, how slowly it may come, how slowly an answer is taken."""

    _size = _body = 0

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # a transport either way
        self._arriving, self._leaving = (_Patience(self.loop, self.transport) for _ in range(2))
        self._arriving.start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arriving.stop()
        self._leaving.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        under_way: RequestResponseCycle | None = self.cycle
        if under_way is None or under_way.response_complete:
            self._arriving.start()
        self._size += len(data)
        super().data_received(data)
        if self._size - self._body > LARGEST_HEAD or self._body > LARGEST_BODY:
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arriving.start()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._body // STRIDE < (self._body + len(body)) // STRIDE:
            self._arriving.stop()
            self._arriving.start()
        self._body += len(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._size = self._body = 0
        self._arriving.stop()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._leaving.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._leaving.stop()


class TlsProtocol(PatientProtocol):
    """Hands the client's certificate to the application as the ASGI TLS extension does, which uvicorn does not offer yet."""

    _tls: dict[str, Any] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            certificate = tls.getpeercert(binary_form=True)
            chain = [ssl.DER_cert_to_PEM_cert(certificate)] if certificate else []
            self._tls = {"tls_version": tls.version(), "client_cert_chain": chain}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._tls is not None:
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # a typed dict in uvicorn
            scope["extensions"] = {**scope.get("extensions", {}), "tls": self._tls}


class Server(uvicorn.Server):
    """Leaves the signals to the command line: uvicorn would raise them again, and end the process before the hub is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(server: Server, stopping: asyncio.Event, ready: Callable[[], None] = lambda: None) -> None:
    """Serves until `stopping`; requests under way are finished first. `ready` is called once the address is the hub's own.

    Raises Misconfigured when the address is taken or the TLS files cannot be read.
    """
    _load_tls(server.config)
    listening = _listen(server.config.host, server.config.port)
    ready()

    async def end() -> None:
        await stopping.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets=[listening])
    finally:
        ending.cancel()


def _load_tls(config: uvicorn.Config) -> None:
    try:
        config.load()
    except OSError:  # ssl.SSLError is one
        raise Misconfigured(
            "The TLS certificate or its key cannot be read.",
            "A file is missing, is not readable, is no PEM, or the two do not belong together.",
            "Check HUB_TLS_CERTIFICATE, HUB_TLS_KEY and HUB_TLS_CLIENT_CA.",
        ) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError:
        raise Misconfigured(
            f"The hub cannot listen on {host}, port {port}.",
            "Another process does, or the address is not this machine's.",
            "Stop the other process, or set HUB_HOST and HUB_PORT.",
        ) from None


def server_of(app: ASGIApp, settings: Settings) -> Server:
    """The server of `app`, as the settings say."""
    tls: dict[str, Any] = {}
    if settings.tls_certificate is not None:
        tls = {"ssl_certfile": settings.tls_certificate, "ssl_keyfile": settings.tls_key}
        if settings.tls_client_ca is not None:
            tls |= {"ssl_ca_certs": settings.tls_client_ca, "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=TlsProtocol,
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=GRACE_S,
        **tls,
    )
    return Server(config)
