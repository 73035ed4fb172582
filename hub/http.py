"""The only outbound HTTP client: one call, one bounded answer, or an error that says what to do.

TLS is verified against the system's authorities or those of `ca`, and the hub shows its own certificate where it has one.
Nothing of the environment is looked at: no proxy, no authority, no key log. No redirect is followed and no cookie kept. A call
ends within its time however slowly the other side speaks, and its answer fits in the space it was given. A connection is used
again only where the answer before ended cleanly. An error names host and port, never a path, a query, a header or a body.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import ssl
import tempfile
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import httpx2

from hub.domain.terms import ReasonCode
from hub.errors import HubError, Misconfigured, Retry
from hub.observe import traceparent

REFUSED: Final = ReasonCode("VERBINDING_GEWEIGERD")
"""Nothing listens there."""
UNKNOWN_NAME: Final = ReasonCode("NAAM_ONBEKEND")
"""The name has no address now."""
TOO_SLOW: Final = ReasonCode("TIJD_VERSTREKEN")
"""The answer was not complete in time; what was sent may have been received."""
BROKEN_OFF: Final = ReasonCode("VERBINDING_VERBROKEN")
"""The connection ended before the answer did; what was sent may have been received."""
TOO_LARGE: Final = ReasonCode("ANTWOORD_TE_GROOT")
"""The answer is larger than what was asked for can be."""
INVALID: Final = ReasonCode("ANTWOORD_ONGELDIG")
"""What came is no answer to what was asked."""
UNTRUSTED: Final = ReasonCode("CERTIFICAAT_ONGELDIG")
"""One of the two sides does not accept the certificate of the other."""
UNSAFE: Final = ReasonCode("ADRES_ONVEILIG")
"""The address cannot be called safely, or not at all."""

LONGEST_PAUSE_S: Final = 3600
_USUAL_PAUSE_S: Final = 30
_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_USER_AGENT: Final = f"hub/{version('hub')}"
_IDLE_S: Final = 15.0
_NOTHING_LOST: Final = "Nothing was lost; it is tried again."


class Away(Retry):
    """The other side is away, slow or not making sense now; `cause` says which, for figures and for who mends it."""

    def __init__(self, cause: ReasonCode, what: str, why: str = "", now: str = _NOTHING_LOST, *, after_s: int = 5) -> None:
        super().__init__(what, why, now, after_s=after_s)
        self.cause = cause


class Barred(Misconfigured):
    """The way to the other side stays shut until somebody changes something, here or there; `cause` says what."""

    def __init__(self, cause: ReasonCode, what: str, why: str = "", now: str = "") -> None:
        super().__init__(what, why, now)
        self.cause = cause


class Unwelcome(Barred):
    """The other side does not accept the certificate that the hub shows, or wants one."""

    def __init__(self, where: str) -> None:
        super().__init__(
            UNTRUSTED,
            "Another system does not accept the hub's certificate.",
            f"{where} asks for another one than the hub shows.",
            "Ask its owner to accept the hub's certificate, or set the one that it accepts.",
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: names of headers in lower case, and the body whole. Neither shows itself: it is a partner's text."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def pause_of(headers: Mapping[str, str]) -> int:
    """The seconds that `Retry-After` asks for (RFC 9110, section 10.2.3), an hour at most.

    A date is read against the answer's own `Date`, so that clocks need not agree.
    """
    asked = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(asked):
        return min(int(asked), LONGEST_PAUSE_S)
    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(headers.get("date", ""))
        return max(0, min(int((until - now).total_seconds()), LONGEST_PAUSE_S))
    except (ValueError, TypeError, OverflowError):
        return _USUAL_PAUSE_S


class Http:
    """Calls other systems, over at most `concurrency` connections at a time; further calls wait their turn.

    `timeout_s` is for a whole call, from its turn on; `most_bytes` for the body of an answer. `certificate` and `key` are the
    hub's own in PEM, `ca` the authorities to trust instead of the system's, each a file or what is in it. Raises
    errors.Misconfigured where one of them cannot be read.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 10.0,
        most_bytes: int = 1 << 20,
        concurrency: int = 10,
        ca: Path | bytes | None = None,
        certificate: Path | bytes | None = None,
        key: Path | bytes | None = None,
    ) -> None:
        self._timeout_s, self._most_bytes = timeout_s, most_bytes
        self._turns = asyncio.Semaphore(concurrency)
        self._transport = httpx2.AsyncHTTPTransport(
            verify=_trust(ca, certificate, key),
            trust_env=False,
            limits=httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency, keepalive_expiry=_IDLE_S),
        )

    async def get(self, url: str, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
        """Raises Away, or errors.Misconfigured where repeating it does not help."""
        return await self._call("GET", url, None, headers)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
        """Raises Away, also where the other side may have received it, or errors.Misconfigured."""
        return await self._call("POST", url, body, headers)

    async def close(self) -> None:
        """Lets go of all connections."""
        await self._transport.aclose()

    async def _call(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        request = _request(method, url, body, headers)
        # For each of TCP and TLS: after its own timeout the library closes the socket, after ours in the handshake it does not.
        request.extensions["timeout"] = {"connect": self._timeout_s * 0.45}
        where = f"{request.url.host}, port {request.url.port or (443 if request.url.scheme == 'https' else 80)}"
        async with self._turns:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._exchange(request, where)
            except HubError:
                raise
            except Exception as wrong:
                error = _told(wrong, where)
        raise error  # out here, so that the library's error, which may show a value, is no context of it

    async def _exchange(self, request: httpx2.Request, where: str) -> Answer:
        response = await self._transport.handle_async_request(request)
        try:
            if response.status_code == 101:
                raise _no_answer(where, "switched to another protocol unasked")
            if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
                raise _no_answer(where, "encoded its answer in a way that was not asked for")
            body = await self._read(response, where)
            if not _at_end(response):
                with suppress(Exception):  # it is given up either way
                    await response.extensions["network_stream"].aclose()
        finally:
            await response.aclose()
        return Answer(response.status_code, MappingProxyType(dict(response.headers)), body)

    async def _read(self, response: httpx2.Response, where: str) -> bytes:
        parts, size = [], 0
        assert isinstance(response.stream, AsyncIterable)
        async for part in response.stream:
            parts.append(part)
            size += len(part)
            if size > self._most_bytes:
                raise Away(TOO_LARGE, "Another system sends an endless or far too large answer.", f"{where} did.")
        return b"".join(parts)


def _request(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> httpx2.Request:
    """Raises Barred where the address or a header cannot be sent."""
    try:
        request = httpx2.Request(
            method,
            url,
            content=body,
            headers={"user-agent": _USER_AGENT, "accept-encoding": "identity", **headers},
        )
    except (httpx2.InvalidURL, ValueError, TypeError):
        request = None
    if request is None or request.url.scheme not in ("http", "https") or not request.url.host or not _has_port(request.url):
        raise Barred(UNSAFE, "A system cannot be called.", "Its address or a header is not well written.", "Correct it.")
    if request.url.userinfo:
        raise Barred(UNSAFE, "A system is not called.", "Its address holds a user name or password.", "Take it out.")
    if request.url.scheme == "http" and not _on_this_machine(request.url.host):
        raise Barred(
            UNSAFE, "A system is not called.", f"{request.url.host} is another machine, and http is not safe.", "Use https."
        )
    if (trace := traceparent()) is not None:
        request.headers["traceparent"] = trace
    return request


def _has_port(url: httpx2.URL) -> bool:
    return url.port is None or 0 < url.port < 65536


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(ca: Path | bytes | None, certificate: Path | bytes | None, key: Path | bytes | None) -> ssl.SSLContext:
    if (certificate is None) != (key is None):
        raise Barred(UNTRUSTED, "The hub cannot show who it is.", "A certificate needs its key, and a key its certificate.")
    # Not ssl.create_default_context: that reads the environment (SSL_CERT_FILE, SSLKEYLOGFILE).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if ca is not None else httpx2.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if isinstance(ca, bytes):
            context.load_verify_locations(cadata=ca.decode("ascii"))
        elif ca is not None:
            context.load_verify_locations(cafile=ca)
    except (OSError, ValueError):  # also ssl.SSLError
        raise Barred(UNTRUSTED, f"The authorities{_named(ca)} cannot be read.", "It is no PEM file.", "Correct it.") from None
    try:
        if certificate is not None and key is not None:
            with _as_file(certificate) as own, _as_file(key) as secret:
                context.load_cert_chain(own, secret, password=lambda: b"")  # or it would ask for one at the terminal
    except (OSError, ValueError):
        raise Barred(
            UNTRUSTED,
            f"The certificate{_named(certificate)} cannot be used.",
            "It or its key is no PEM, or they are no pair.",
        ) from None
    return context


def _named(pem: Path | bytes | None) -> str:
    return f" in {pem}" if isinstance(pem, Path) else ""


@contextmanager
def _as_file(pem: Path | bytes) -> Iterator[Path | str]:
    """A file that the TLS library can open; what is in memory stays there, and no name leads to it afterwards.

    Where the system has no files in memory, it is one that only this user can open, gone as soon as it was read.
    """
    if isinstance(pem, Path):
        yield pem
        return
    handle = _in_memory()
    if handle is None:
        with tempfile.NamedTemporaryFile("wb", buffering=0, prefix="hub-") as file:  # made with mode 0600
            file.write(pem)
            yield file.name
        return
    try:
        os.write(handle, pem)
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def _in_memory() -> int | None:
    make: Callable[[str, int], int] | None = getattr(os, "memfd_create", None)
    try:
        return make("pem", os.MFD_CLOEXEC) if make is not None and Path("/proc/self/fd").is_dir() else None
    except OSError:
        return None


def _at_end(response: httpx2.Response) -> bool:
    """Whether nothing came behind the answer: it would be taken for the answer to the next call over this connection.

    The library keeps such bytes and does not tell, so its parser is asked, and TLS for what is still in it. Where
    the parser is not found, the connection is not used again.
    """
    at: Any = response.stream
    for inner in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
        at = getattr(at, inner, None)
    if at is None or at.trailing_data != (b"", False):
        return False
    tls: ssl.SSLObject | None = response.extensions["network_stream"].get_extra_info("ssl_object")
    if tls is None:
        return True
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return True
    except ssl.SSLError:
        return False
    return False


def _told(wrong: Exception, where: str) -> HubError:
    """What went wrong, for the administrator."""
    errors = list(_chain(wrong))
    for error in errors:
        match error:
            case ssl.SSLCertVerificationError():
                return Barred(
                    UNTRUSTED,
                    "Another system is not who it should be.",
                    f"The certificate of {where} is not valid, not for this name, or not of an authority that the hub trusts.",
                    "Ask its owner which certificate it has, and set the authority for it only if it is theirs.",
                )
            case ssl.SSLError(reason=str(reason)) if "ALERT" in reason and ("CERT" in reason or "UNKNOWN_CA" in reason):
                return Unwelcome(where)
            case socket.gaierror():
                return Away(UNKNOWN_NAME, "Another system cannot be found.", f"No address is known for {where}.")
            case ConnectionRefusedError():
                return Away(REFUSED, "Another system does not answer.", f"Nothing listens at {where}.")
    for error in errors:
        match error:
            case TimeoutError() | httpx2.TimeoutException():
                return Away(TOO_SLOW, "Another system does not answer in time.", f"{where} is silent or slow.")
            case httpx2.LocalProtocolError() | httpx2.UnsupportedProtocol() | UnicodeError():
                return Barred(
                    UNSAFE, "A system cannot be called.", f"What would go to {where} is no HTTP.", "Correct a header."
                )
            case httpx2.RemoteProtocolError() if not str(error).startswith(("Server disconnected", "peer closed")):
                return _no_answer(where, "does not keep to HTTP")
            case ssl.SSLError() if not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
                return _no_answer(where, "does not keep to TLS")
    return Away(BROKEN_OFF, "The connection with another system broke.", f"{where} or the network ended it.")


def _no_answer(where: str, how: str) -> Away:
    return Away(INVALID, "Another system gives no proper answer.", f"{where} {how}.")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it; not its context, for the caller may be mending something else meanwhile."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _chain(each)
        # The library raises `from None`, and wraps the error that it translates.
        error = error.__cause__ or next((each for each in error.args if isinstance(each, BaseException)), None)
