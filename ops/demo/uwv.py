"""Suwinet as one college's connection sees it: four services over SOAP, with dials; and a giver of UWV's files.

    python -m ops.demo.uwv suwinet [--home FOLDER [--wss]] [--port N] [--control N]
    python -m ops.demo.uwv files FOLDER [--mode MODE] [--rows N] [--seed N]

The first prints where it listens as JSON: `url`, and `control` for `PUT /dial` (`{"mode": ..., "times": n, ...}`),
`PUT /persons` and `GET /counts`. With `--home` it speaks TLS and asks who calls: the folder gets `ca.pem`, and for the hub
`hub.pem` and `hub-key.pem`; with `--wss` it signs its answers as `signer.pem`, and refuses a question that the hub did not
sign. Its SOAP is plain lxml. Nothing here imports the hub.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from lxml import etree

from ops.demo import uwv_answers as answers
from ops.demo import uwv_files, wss
from ops.demo.certificates import Papers, papers

_HOST = "127.0.0.1"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_LARGEST = 1 << 20
MODES = (
    "ok", "slow", "down", "truncated", "malformed", "wrong-certificate", "fault", "fwi", "warning", "nothing", "stranger",
)  # fmt: skip
"""What the dial can stand on; `service` narrows it to one of them, by what its address begins with."""


@dataclass
class Dial:
    """How they behave: `seconds` for slow, `code` and `kind` (Client or Server) for faults, `times` before all is well."""

    mode: str = "ok"
    service: str = ""
    seconds: float = 1.0
    code: str = "Onbekend"
    kind: str = "Server"
    times: int | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError("no such mode")


@dataclass
class World:
    """What all threads share."""

    dial: Dial = field(default_factory=Dial)
    persons: dict[str, answers.Person] = field(default_factory=lambda: dict(answers.PERSONS))
    counts: dict[str, int] = field(default_factory=dict)
    hats: list[str] = field(default_factory=list)
    papers: Papers | None = None
    signs: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def mode(self, service: str) -> str:
        """How this service behaves now."""
        with self.lock:
            dial = self.dial
            if dial.mode == "ok" or not service.startswith(dial.service):
                return "ok"
            if dial.times is not None:
                dial.times -= 1
                if dial.times < 0:
                    self.dial = Dial()
                    return "ok"
            return dial.mode

    def count(self, what: str) -> None:
        """One more of it."""
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: ClassVar[World]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: an address may be told, a person may not."""

    def body(self) -> bytes:
        """What came with the request."""
        size = int(self.headers.get("Content-Length", 0))
        return self.rfile.read(size) if 0 <= size <= _LARGEST else b""

    def say(self, status: int, content: bytes, kind: str) -> None:
        """Answers."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Services(_Handler):
    """The four services."""

    def do_GET(self) -> None:
        """Whoever looks whether somebody is there."""
        self.say(405, b"", "text/plain")

    def do_POST(self) -> None:
        """One question."""
        world, asked = self.world, self.body()
        service = self.path.split("/")[1] if self.path.count("/") else ""
        world.count("questions")
        mode = world.mode(service)
        if mode == "down":
            self._abort()
            return
        if mode == "slow":
            time.sleep(world.dial.seconds)
        if mode == "malformed":
            self.say(200, b"<html><body>Storing</body></html>", "text/html")
            return
        try:
            question = etree.fromstring(asked, etree.XMLParser(resolve_entities=False, no_network=True))
            status, said = self._answer(question, mode)
        except (etree.XMLSyntaxError, KeyError, IndexError):
            world.count("malformed")
            status, said = 500, answers.fault("Client", "OngeldigBericht")
            question = None
        content = self._wrapped(said, question)
        if mode == "truncated":
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.say(status, content, "text/xml; charset=utf-8")

    def _answer(self, question: Any, mode: str) -> tuple[int, Any]:
        world, dial = self.world, self.world.dial
        if world.signs and world.papers is not None and not wss.signed_by(question, world.papers.hub):
            world.count("unsigned")
            return 500, answers.fault("Client", "NietGeautoriseerd")
        if mode == "fault":
            return 500, answers.fault(dial.kind, dial.code)
        body = question.find(f"{{{_SOAP}}}Body")
        operation = etree.QName(body[0]).localname
        number = body[0].findtext("Burgerservicenr") or ""
        world.count(operation)
        told = question.find("{*}Header/{urn:hub:suwinet:hoedanigheid:1}Hoedanigheid")
        if told is not None:
            world.hats.append("/".join(each.text or "" for each in told))
        person = None if mode == "nothing" else world.persons.get(number)
        said = answers.answer(operation, answers.PARTNER if mode == "stranger" else number, person)
        if mode == "fwi":
            said[:] = []
            answers.message(said, "Fout", dial.code)
        elif mode == "warning" and said.find("ClientSuwi") is not None:
            answers.message(said, "Waarschuwing", dial.code)
        return 200, said

    def _wrapped(self, said: Any, question: Any) -> bytes:
        envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP, "wsa": wss.WSA})
        header, body = etree.SubElement(envelope, f"{{{_SOAP}}}Header"), etree.SubElement(envelope, f"{{{_SOAP}}}Body")
        body.append(said)
        message = None if question is None else question.findtext(f"{{*}}Header/{{{wss.WSA}}}MessageID")
        if message:
            etree.SubElement(header, f"{{{wss.WSA}}}RelatesTo").text = message
        if self.world.signs and self.world.papers is not None:
            wss.sign(envelope, self.world.papers.signer, self.world.papers.signer_key)
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")

    def _abort(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


class Controls(_Handler):
    """The controls."""

    def do_GET(self) -> None:
        """The counts."""
        if self.path == "/counts":
            self._tell({**self.world.counts, "hats": self.world.hats})
        else:
            self.say(404, b"{}", "application/json")

    def do_PUT(self) -> None:
        """Turns the dial, or says who is known."""
        try:
            given = json.loads(self.body())
            if self.path == "/persons":
                self.world.persons = {number: answers.Person(**said) for number, said in given.items()}
            else:
                self.world.dial = Dial(**given)
        except (ValueError, TypeError):
            self.say(400, b'{"wrong": "no such dial"}', "application/json")
            return
        self._tell({})

    def do_POST(self) -> None:
        """As `ops.demo.controls` turns a dial."""
        self.do_PUT()

    def _tell(self, said: Any) -> None:
        self.say(200, json.dumps(said).encode(), "application/json")


class _Server(ThreadingHTTPServer):
    """Over TLS with client certificates where there are papers; the dial decides which certificate is shown."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[_Handler], world: World | None = None) -> None:
        super().__init__((_HOST, port), handler)
        self.world = world
        self._contexts = {} if world is None or world.papers is None else world.papers.contexts()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the thread of the connection, so that a slow handshake holds up nobody else."""
        if self._contexts and self.world is not None:
            wrong = self.world.mode("") == "wrong-certificate"
            try:
                request = self._contexts["stranger" if wrong else "server"].wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError):
                self.world.count("handshakes_failed")
                return
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            super().finish_request(request, client_address)
        with contextlib.suppress(OSError):
            request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of who went away."""


def _serve(given: argparse.Namespace) -> None:
    world = World(papers=None if given.home is None else papers(given.home), signs=given.wss)
    if world.signs and world.papers is None:
        raise SystemExit("--wss asks for --home, where its papers are")
    services = _Server(given.port, type("Bound", (Services,), {"world": world}), world)
    controls = _Server(given.control, type("Bound", (Controls,), {"world": world}))
    scheme = "http" if world.papers is None else "https"
    for server in (services, controls):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    where = {
        "url": f"{scheme}://{_HOST}:{services.server_address[1]}",
        "control": f"http://{_HOST}:{controls.server_address[1]}",
    }
    print(json.dumps(where), flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Suwinet, or a giver of UWV's files, with dials.")
    what = parser.add_subparsers(required=True)
    suwinet = what.add_parser("suwinet")
    suwinet.add_argument("--port", type=int, default=0)
    suwinet.add_argument("--control", type=int, default=0)
    suwinet.add_argument("--home", type=Path)
    suwinet.add_argument("--wss", action="store_true")
    suwinet.set_defaults(do=_serve)
    files = what.add_parser("files")
    files.add_argument("folder", type=Path)
    files.add_argument("--mode", choices=uwv_files.MODES, default="ok")
    files.add_argument("--rows", type=int, default=10)
    files.add_argument("--seed", type=int, default=1)
    files.set_defaults(do=_give)
    given = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    given.do(given)
    return 0


def _give(given: argparse.Namespace) -> None:
    written = uwv_files.give(given.folder, given.mode, given.rows, given.seed)
    print(json.dumps({"files": [path.name for path in written]}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
