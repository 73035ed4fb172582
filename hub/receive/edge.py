"""What every answer carries and every request passes, whatever the route: one plain ASGI layer around all of them.

NL API Design Rules 2.2: /core/version-header, /core/transport/security-headers, /core/transport/cors; W3C Trace Context;
FSC Logging's transaction id. The layer is also the last stop of an error: nothing that was raised reaches the server, which
would write its text into a log.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import Retry
from hub.observe import trace, traceparent
from hub.receive.problem import of_error

VERSION: Final = "1.0.0"
"""Of the interface, by semantic versioning; the major number is in the path."""

OPEN_PATH: Final = "/v1/openapi.json"

_ALWAYS: Final = (
    (b"api-version", VERSION.encode("ascii")),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
_OPEN: Final = ((b"access-control-allow-origin", b"*"),)
_UUID: Final = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Edge:
    """Wraps the application; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parent, transaction = _of_caller(scope)
        with trace(parent) as trace_id:
            scope["hub.trace"] = str(trace_id)
            own = [*_ALWAYS, (b"traceparent", (traceparent() or "").encode("ascii"))]
            if scope["path"] == OPEN_PATH:
                own += _OPEN
            if transaction is not None:
                own.append((b"fsc-transaction-id", transaction))
            begun = False

            async def dressed(message: Message) -> None:
                nonlocal begun
                if message["type"] == "http.response.start":
                    begun = True
                    given = list(message.get("headers", ()))
                    # What never changes may say how long it is kept; nothing else says anything about it.
                    kept = any(name.lower() == b"cache-control" for name, _ in given)
                    message["headers"] = [*given, *(line for line in own if not (kept and line[0] == b"cache-control"))]
                await send(message)

            try:
                await self._app(scope, receive, dressed)
            except ClientDisconnect:
                return
            except Exception as error:
                answer = of_error(Request(scope), error)
                if not begun:
                    await answer(scope, receive, dressed)
                    return
            else:
                return
            # Half an answer has left and cannot be taken back: break off, without the error that caused it.
            raise Retry("The answer was broken off.", "An error arose while it was being sent.", "Repeat the request.")


def _of_caller(scope: Scope) -> tuple[str | None, bytes | None]:
    """The caller's trace, and its FSC transaction id where that is a UUID and nothing else."""
    given: str | None = None
    transaction: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"traceparent":
            given = value.decode("latin-1")
        elif name == b"fsc-transaction-id" and _UUID.fullmatch(value):
            transaction = value.lower()
    return given, transaction
