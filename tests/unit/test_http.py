"""The way out, against a server of bare sockets that keeps to nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import os
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub import __name__ as hub_name
from hub.errors import Misconfigured, Retry
from hub.http import Answer, Away, Barred, Http, Unwelcome
from hub.observe import trace

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
SECRET = "geheim"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each request with `serve`; counts connections and keeps heads and bodies."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.connections = 0
        self.heads: list[str] = []
        self.bodies: list[bytes] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                size = next((int(li.split(":")[1]) for li in head.lower().split("\r\n") if li.startswith("content-length")), 0)
                self.bodies.append(await reader.readexactly(size))
                await self._serve(reader, writer)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(serve: Serve | bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Server, str]]:
    async def write(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(serve)

    server = Server(write if isinstance(serve, bytes) else serve)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield server, f"{'https' if tls else 'http'}://127.0.0.1:{port}/{SECRET}?q={SECRET}"
    finally:
        listening.close()


@asynccontextmanager
async def client(**settings: object) -> AsyncIterator[Http]:
    http = Http(**{"timeout_s": 5.0, **settings})
    try:
        yield http
    finally:
        await http.close()


def closing(text: bytes) -> Serve:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()
        writer.close()

    return serve


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def endless_chunks(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
        await writer.drain()


async def endless_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


async def only_interim(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"x" * 20:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(__import__("socket").SOL_SOCKET, 13, struct.pack("ii", 1, 0))
    writer.transport.abort()


MISBEHAVIOUR: list[tuple[str, Serve | bytes, str]] = [
    ("closes at once", closing(b""), "VERBINDING_VERBROKEN"),
    ("closes in the head", closing(b"HTTP/1.1 200 O"), "VERBINDING_VERBROKEN"),
    ("closes in the body", closing(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "VERBINDING_VERBROKEN"),
    (
        "closes in a chunk",
        closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
        "VERBINDING_VERBROKEN",
    ),
    ("resets", reset, "VERBINDING_VERBROKEN"),
    ("is silent", silent, "TIJD_VERSTREKEN"),
    ("drips", drip, "TIJD_VERSTREKEN"),
    ("says 100 for ever", only_interim, "TIJD_VERSTREKEN"),
    ("never ends", endless, "ANTWOORD_TE_GROOT"),
    ("never ends in chunks", endless_chunks, "ANTWOORD_TE_GROOT"),
    ("never ends its head", endless_head, "ANTWOORD_ONGELDIG"),
    ("one endless header", closing(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000), "ANTWOORD_ONGELDIG"),
    ("speaks no HTTP", closing(b"\x00\x01\x02 SSH-2.0-x\r\n\r\n"), "ANTWOORD_ONGELDIG"),
    ("a wrong status", closing(b"HTTP/1.1 abc OK\r\n\r\n"), "ANTWOORD_ONGELDIG"),
    ("a wrong length", closing(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "ANTWOORD_ONGELDIG"),
    ("two lengths", closing(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "ANTWOORD_ONGELDIG"),
    ("a chunk of no size", closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "ANTWOORD_ONGELDIG"),
    ("an unknown coding", closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: magic\r\n\r\nab"), "ANTWOORD_ONGELDIG"),
    ("a body in gzip unasked", closing(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nab"), "ANTWOORD_ONGELDIG"),
    ("switches protocol", closing(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"), "ANTWOORD_ONGELDIG"),
]


@pytest.mark.parametrize(("serve", "cause"), [case[1:] for case in MISBEHAVIOUR], ids=[case[0] for case in MISBEHAVIOUR])
async def test_a_server_that_misbehaves_is_away_with_a_cause(serve: Serve | bytes, cause: str) -> None:
    async with serving(serve) as (_, url), client(timeout_s=1.0, most_bytes=10_000) as http:
        with pytest.raises(Away) as away:
            await http.post(url, SECRET.encode(), {"X-Key": SECRET})
        assert away.value.cause == cause
        assert isinstance(away.value, Retry)
        assert SECRET not in str(away.value)
        assert away.value.__context__ is None  # nothing of the library's text travels along
        assert away.value.__cause__ is None


async def test_an_answer_comes_back_whole_and_shows_nothing_of_itself() -> None:
    async with serving(b"HTTP/1.1 201 Made\r\nX-Name: a\r\nContent-Length: 6\r\n\r\ngeheim") as (server, url), client() as http:
        answer = await http.post(url, b"{}", {"Content-Type": "application/json"})
        assert (answer.status, answer.headers["x-name"], answer.body) == (201, "a", b"geheim")
        assert SECRET not in repr(answer)
        head = server.heads[0].lower()
        assert server.heads[0].startswith(f"POST /{SECRET}?q={SECRET} HTTP/1.1")
        assert f"user-agent: {hub_name}/" in head
        assert "content-type: application/json" in head
        assert "content-length: 2" in head
        assert "accept-encoding: identity" in head
        assert server.bodies == [b"{}"]


async def test_an_answer_may_be_as_large_as_was_said_and_not_a_byte_larger() -> None:
    for head in (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        async with serving(closing(head + b"x" * 1000)) as (_, url):
            async with client(most_bytes=1000) as http:
                assert len((await http.get(url)).body) == 1000
            async with client(most_bytes=999) as http:
                with pytest.raises(Away, match="too large"):
                    await http.get(url)


async def test_an_interim_answer_is_passed_over() -> None:
    async with serving(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + OK) as (_, url), client() as http:
        assert (await http.get(url)).body == b"hi"


async def test_no_redirect_is_followed_and_no_cookie_is_kept() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as (server, url), client() as http:
        assert [(await http.get(url)).status for _ in range(2)] == [302, 302]
        assert not any("cookie" in head.lower() for head in server.heads)


async def test_the_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(OK) as (_, url), client() as http:
        assert (await http.get(url)).status == 200


async def test_a_connection_is_used_again_and_a_trace_goes_along() -> None:
    async with serving(OK) as (server, url), client() as http:
        with trace() as trace_id:
            for _ in range(3):
                await http.get(url)
        assert server.connections == 1
        assert all(f"traceparent: 00-{trace_id}-" in head for head in server.heads)
        await http.get(url)
        assert "traceparent" not in server.heads[-1]


@pytest.mark.parametrize("behind", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", b"\r\n", b"x" * 200_000])
async def test_what_comes_behind_an_answer_is_never_the_next_answer(behind: bytes) -> None:
    async with serving(OK + behind) as (server, url), client() as http:
        assert [(await http.get(url)).body for _ in range(3)] == [b"hi"] * 3
        assert server.connections == 3


async def test_a_server_that_closes_between_calls_is_called_anew() -> None:
    async with serving(closing(OK)) as (server, url), client() as http:
        for _ in range(3):
            assert (await http.get(url)).body == b"hi"
            await asyncio.sleep(0.02)
        assert server.connections == 3


async def test_a_call_that_ended_badly_leaves_no_connection_behind() -> None:
    async with serving(silent) as (server, url), client(timeout_s=0.1, concurrency=1) as http:
        for _ in range(3):
            with pytest.raises(Away, match="in time"):
                await http.get(url)
        assert server.connections == 3


async def test_calls_beyond_the_limit_wait_their_turn_without_losing_their_time() -> None:
    at_once = most = 0

    async def slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.2)
        at_once -= 1
        writer.write(OK)

    async with serving(slow) as (server, url), client(concurrency=2, timeout_s=0.5) as http:
        answers = await asyncio.gather(*(http.get(url) for _ in range(10)))
        assert {each.status for each in answers} == {200}
        assert (most, server.connections) == (2, 2)


async def test_who_gives_up_frees_the_turn() -> None:
    async with serving(silent) as (_, url), client(concurrency=1) as http:
        waiting = [asyncio.create_task(http.get(url)) for _ in range(3)]
        await asyncio.sleep(0.05)
        for each in waiting:
            each.cancel()
        assert all(isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*waiting, return_exceptions=True))
        async with serving(OK) as (_, other):
            assert (await http.get(other)).status == 200


async def test_nobody_there_and_no_such_name() -> None:
    async with client() as http:
        with pytest.raises(Away) as refused:
            await http.get("http://127.0.0.1:1/")
        with pytest.raises(Away) as unknown:
            await http.get("https://nergens.invalid/")
    assert (refused.value.cause, unknown.value.cause) == ("VERBINDING_GEWEIGERD", "NAAM_ONBEKEND")


async def test_an_error_that_the_caller_is_mending_is_not_taken_for_this_one() -> None:
    async with serving(closing(b"")) as (_, url), client() as http:
        try:
            raise ConnectionRefusedError
        except ConnectionRefusedError:
            with pytest.raises(Away) as away:
                await http.get(url)
    assert away.value.cause == "VERBINDING_VERBROKEN"


@pytest.mark.parametrize(
    "url",
    [
        "http://voorbeeld.nl/",
        "http://127.0.0.1.voorbeeld.nl/",
        "http://10.0.0.1/",
        "https://naam:geheim@voorbeeld.nl/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https:///geheim",
        "geheim",
        "",
        "https://voorbeeld.nl:99999/",
    ],
)
async def test_an_address_that_is_not_safe_is_not_called(url: str) -> None:
    async with client() as http:
        with pytest.raises(Misconfigured) as barred:
            await http.get(url)
    assert isinstance(barred.value, Barred)
    assert barred.value.cause == "ADRES_ONVEILIG"
    assert SECRET not in str(barred.value)


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\0b", "é\u20ac"])
async def test_a_header_that_cannot_be_sent_is_not_shown(value: str) -> None:
    async with serving(OK) as (server, url), client() as http:
        with pytest.raises(Barred) as barred:
            await http.get(url, {"Authorization": f"Bearer {SECRET}{value}"})
        assert SECRET not in f"{barred.value} {barred.value.__context__!r}"
        assert server.heads == []


# -- TLS


def made(folder: Path, name: str, ca: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None) -> tuple:
    """A certificate for 127.0.0.1 and its key, as PEM files; without `ca` an authority's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca[0].subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=-1 if name == "expired" else 1))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.9" if name == "other" else "127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(ca[1] if ca else key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    ca = made(folder, "ca")
    made(folder, "stranger")
    for name in ("server", "client", "expired", "other"):
        made(folder, name, ca)
    return folder


def shown(folder: Path, name: str = "server", *, asks: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    if asks:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_tls_is_verified_against_the_given_authority(certificates: Path) -> None:
    async with serving(OK, shown(certificates)) as (server, url), client(ca=certificates / "ca.pem") as http:
        assert [(await http.get(url)).body for _ in range(2)] == [b"hi"] * 2
        assert server.connections == 1


@pytest.mark.parametrize("behind", [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", b"x" * 40_000])
async def test_what_comes_behind_an_answer_in_a_tls_record_of_its_own_is_not_the_next_answer(
    certificates: Path, behind: bytes
) -> None:
    async def two_records(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.write(behind)

    async with serving(two_records, shown(certificates)) as (_, url), client(ca=certificates / "ca.pem") as http:
        for _ in range(20):
            with suppress(Away):
                assert (await http.get(url)).body == b"hi"


@pytest.mark.parametrize(
    ("server_shows", "trusted"), [("stranger", "ca"), ("expired", "ca"), ("other", "ca"), ("server", None)]
)
async def test_a_certificate_that_does_not_hold_bars_the_way(
    certificates: Path, server_shows: str, trusted: str | None
) -> None:
    ca = None if trusted is None else certificates / f"{trusted}.pem"
    async with serving(OK, shown(certificates, server_shows)) as (server, url), client(ca=ca) as http:
        with pytest.raises(Barred) as barred:
            await http.get(url)
        assert barred.value.cause == "CERTIFICAAT_ONGELDIG"
        assert server.heads == []


async def test_the_environment_names_no_authority(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(certificates / "ca.pem"))
    monkeypatch.setenv("SSLKEYLOGFILE", os.fspath(certificates / "keys.log"))
    async with serving(OK, shown(certificates)) as (_, url), client() as http, client(ca=certificates / "ca.pem") as trusting:
        with pytest.raises(Barred):
            await http.get(url)
        await trusting.get(url)
    assert not (certificates / "keys.log").exists()


async def test_the_hub_shows_its_own_certificate(certificates: Path) -> None:
    mine = {"certificate": certificates / "client.pem", "key": certificates / "client.key"}
    strange = {"certificate": certificates / "stranger.pem", "key": certificates / "stranger.key"}
    async with serving(OK, shown(certificates, asks=True)) as (server, url):
        async with client(ca=certificates / "ca.pem", **mine) as http:
            assert (await http.get(url)).status == 200
        for shows in ({}, strange):
            async with client(ca=certificates / "ca.pem", **shows) as http:
                # The server's word that it wants another one may be lost when it closes with the request unread.
                with pytest.raises((Barred, Away)) as wrong:
                    await http.get(url)
            assert isinstance(wrong.value, Unwelcome) or wrong.value.cause == "VERBINDING_VERBROKEN"
        assert len(server.heads) == 1


async def test_who_never_shakes_hands_is_away_in_time() -> None:
    async with serving(OK) as (_, url), client(timeout_s=0.4) as http:
        with pytest.raises(Away) as away:
            await http.get(url.replace("http:", "https:"))
    assert away.value.cause == "TIJD_VERSTREKEN"


async def test_plain_http_where_tls_is_expected_is_no_answer() -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with client() as http:
        with pytest.raises(Away) as away:
            await http.get(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/")
    listening.close()
    assert away.value.cause == "ANTWOORD_ONGELDIG"


def test_files_that_are_no_certificates_are_named(tmp_path: Path, certificates: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("geen certificaat")
    for settings in (
        {"ca": bad},
        {"ca": tmp_path / "none.pem"},
        {"certificate": bad, "key": bad},
        {"certificate": certificates / "client.pem"},
        {"key": certificates / "client.key"},
        {"certificate": certificates / "client.pem", "key": certificates / "server.key"},
    ):
        with pytest.raises(Barred):
            Http(**settings)


@pytest.mark.parametrize("memory", [True, False], ids=["memory", "no memory"])
async def test_a_key_in_memory_is_shown_and_leaves_nothing_behind(
    certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: bool
) -> None:
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))
    if not memory:
        monkeypatch.delattr(os, "memfd_create")
    mine = {name: (certificates / f"client.{end}").read_bytes() for name, end in (("certificate", "pem"), ("key", "key"))}
    async with (
        serving(OK, shown(certificates, asks=True)) as (_, url),
        client(ca=(certificates / "ca.pem").read_bytes(), **mine) as http,
    ):
        assert (await http.post(url, b"x")).status == 200
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # in a coroutine, a folder of nothing


def test_an_answer_is_a_value() -> None:
    assert Answer(200, {}, b"") == Answer(200, {}, b"")
