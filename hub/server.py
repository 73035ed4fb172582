"""The REST interface over uvicorn: TLS with the client's certificate handed on, no access log, no banner."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio import BaseTransport
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.app import Hub, api_of
from hub.errors import Misconfigured

GRACE_S = 20


class TlsProtocol(HttpToolsProtocol):
    """Hands the client's certificate to the application as the ASGI TLS extension does, which uvicorn does not offer yet."""

    _tls: dict[str, Any] | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # a transport either way
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


async def serve(server: Server, stopping: asyncio.Event) -> None:
    """Serves until `stopping`; requests under way are finished first. Raises Misconfigured when the address is taken."""
    listening = _listen(server.config.host, server.config.port)

    async def end() -> None:
        await stopping.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets=[listening])
    finally:
        ending.cancel()


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


def server_of(hub: Hub) -> Server:
    """The server over a hub, as its settings say."""
    settings = hub.settings
    tls: dict[str, Any] = {}
    if settings.tls_certificate is not None:
        tls = {"ssl_certfile": settings.tls_certificate, "ssl_keyfile": settings.tls_key}
        if settings.tls_client_ca is not None:
            tls |= {"ssl_ca_certs": settings.tls_client_ca, "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    config = uvicorn.Config(
        api_of(hub),
        host=settings.host,
        port=settings.port,
        http=TlsProtocol,
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
