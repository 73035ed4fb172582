"""What every answer of the console carries, whatever the route, and the last stop of an error: one plain ASGI layer.

Content Security Policy Level 3, Fetch Metadata, RFC 6797 (HSTS); NCSC-NL, ICT-beveiligingsrichtlijnen voor webapplicaties.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.console.gate import SIGN_IN
from hub.console.trouble import of_error
from hub.errors import Retry
from hub.observe import report, trace

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'"
)
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Within the console a path may be told; without it browsers would also blank the Origin of our own forms.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"x-robots-tag", b"noindex, nofollow"),
)


class Edge:
    """Wraps the application; see the module. `sign_in_origin` is where the form of the sign-in page may lead."""

    def __init__(self, app: ASGIApp, *, secure: bool, sign_in_origin: str) -> None:
        self._app = app
        self._always = (*_ALWAYS, (b"strict-transport-security", b"max-age=31536000; includeSubDomains")) if secure else _ALWAYS
        self._policy = _POLICY.format("").encode("ascii")
        self._policy_signing_in = _POLICY.format(f" {sign_in_origin}").encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A browser's own trace is not taken over: whoever reads the page names ours, when something is wrong.
        with trace() as trace_id:
            scope["hub.trace"] = str(trace_id)
            policy = self._policy_signing_in if scope["path"] == SIGN_IN else self._policy
            begun = False

            async def dressed(message: Message) -> None:
                nonlocal begun
                if message["type"] == "http.response.start":
                    begun = True
                    headers = [*message.get("headers", ()), *self._always, (b"content-security-policy", policy)]
                    if not any(name == b"cache-control" for name, _ in headers):
                        headers.append((b"cache-control", b"no-store"))
                    message["headers"] = headers
                await send(message)

            try:
                await self._app(scope, receive, dressed)
            except ClientDisconnect:
                return
            except Exception as error:
                if not begun:
                    await _answer(Request(scope), error)(scope, receive, dressed)
                    return
                report(error)
            else:
                return
            # Half an answer has left and cannot be taken back: break off, without the error that caused it.
            raise Retry("The answer was broken off.", "An error arose while it was being sent.", "Repeat the request.")


def _answer(request: Request, error: Exception) -> Response:
    try:
        return of_error(request, error)
    except Exception as second:
        # Not even the page about an error can be made: say so plainly.
        report(second)
        return PlainTextResponse("Er ging iets mis in de hub. Meld het de beheerder.", 500)
