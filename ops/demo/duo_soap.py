"""DUO's service for reports of absence, over mutual TLS, with dials. Plain lxml; nothing here imports the hub.

It takes reports (each reference once, however often it comes) and says which changed. `PUT /dial` takes `{"mode": ...,
"times": n, "code": ...}`, `PUT /changed` what is given from when on, and `GET /counts` says what it did.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

from lxml import etree

from ops.demo.certificates import papers

NAMESPACE: Final = "urn:hub:voorbeeld:duo-verzuim-soap:1"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
MODES: Final = (
    *("ok", "slow", "down", "truncated", "malformed", "wrong-certificate", "fault", "refuse", "stranger", "twice", "strange"),
    *("stuck",),
)
"""What the dial can stand on. `twice` does what is asked and does not answer, `stranger` answers about another report,
`strange` answers outside its schema, `stuck` says that there is more from the same moment on."""
_LARGEST: Final = 1 << 20


@dataclass
class Loket:
    """What all threads share: reports by reference, deliveries by the moment from which they are asked for, and the dial."""

    mode: str = "ok"
    times: int | None = None
    seconds: float = 1.0
    code: str = "PERSOON_ONBEKEND"
    reports: dict[str, str] = field(default_factory=dict)
    deliveries: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def turn(self, mode: str, times: int | None = None, seconds: float = 1.0, code: str = "PERSOON_ONBEKEND") -> None:
        """Sets the dial. Raises ValueError where there is no such mode."""
        if mode not in MODES:
            raise ValueError("no such mode")
        with self.lock:
            self.mode, self.times, self.seconds, self.code = mode, times, seconds, code

    def now(self) -> str:
        """How it behaves now."""
        with self.lock:
            if self.times is not None:
                self.times -= 1
                if self.times < 0:
                    self.mode, self.times = "ok", None
            return self.mode

    def changed(self, begin: str, cases: bytes, after: str) -> None:
        """What is given from this moment on, and from when to ask next. `cases` are elements verzuimgeval."""
        self.deliveries[begin] = (cases, after)

    def count(self, what: str) -> None:
        """One more of it."""
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    loket: ClassVar[Loket]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: an address may be told, a person may not."""

    def say(self, status: int, content: bytes, kind: str = "text/xml; charset=utf-8", *, short: bool = False) -> None:
        """Answers, or half of it."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if short else content)
        self.close_connection = self.close_connection or short

    def body(self) -> bytes:
        """What came."""
        size = int(self.headers.get("Content-Length", 0))
        return self.rfile.read(size) if 0 <= size <= _LARGEST else b""


class Service(_Handler):
    """The service itself."""

    def do_GET(self) -> None:
        """Whoever looks whether somebody is there."""
        self.say(405, b"")

    def do_POST(self) -> None:
        """One message."""
        loket, asked = self.loket, self.body()
        mode = loket.now()
        loket.count("messages")
        if mode == "slow":
            time.sleep(loket.seconds)
        if mode == "malformed":
            self.say(200, b"<html><body>Storing</body></html>", "text/html")
        elif mode == "fault":
            fault = "<faultcode>f:Server</faultcode><faultstring>Storing</faultstring>"
            self.say(500, f'<f:Envelope xmlns:f="{SOAP}"><f:Body><f:Fault>{fault}</f:Fault></f:Body></f:Envelope>'.encode())
        elif mode == "down":
            self.close_connection = True
        else:
            content = self._answer(asked, mode)
            if mode == "twice":
                self.close_connection = True
            else:
                self.say(200, content, short=mode == "truncated")

    def _answer(self, asked: bytes, mode: str) -> bytes:
        question = etree.fromstring(asked, etree.XMLParser(resolve_entities=False, no_network=True))
        message = question.find(f"{{{SOAP}}}Body")[0]
        operation = etree.QName(message).localname.removesuffix("Request")
        self.loket.count(operation)
        made = self._changed(message, mode) if operation.startswith("Aanvraag") else self._taken(message, operation, mode)
        if mode == "strange":
            made = "<anders/>"
        relates = question.findtext(".//{http://www.w3.org/2005/08/addressing}MessageID") or ""
        return (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:RelatesTo>{relates}'
            f'</a:RelatesTo></s:Header><s:Body><{operation}Response xmlns="{NAMESPACE}">{made}</{operation}Response></s:Body>'
            "</s:Envelope>"
        ).encode()

    def _taken(self, message: Any, operation: str, mode: str) -> str:
        loket = self.loket
        given = message.findtext(f"{{{NAMESPACE}}}identificatiecodeBedrijfsdocument")
        name = "identificatiecodeBedrijfsdocument"
        reference = f"<{name}>{'00000000-0000-0000-0000-000000000000' if mode == 'stranger' else given}</{name}>"
        if mode == "refuse":
            return f"<DC0002Foutmelding>{reference}<foutcode>{loket.code}</foutcode></DC0002Foutmelding>"
        with loket.lock:
            known = given in loket.reports
            number = loket.reports.setdefault(given, f"2026-{len(loket.reports):06d}")
        loket.count("known" if known else "new")
        if operation.startswith("Mutatie"):
            return f"<DC0001Bevestiging>{reference}</DC0001Bevestiging>"
        return (
            f"<DC0018LeveringNummerMeldingRelatiefVerzuim>{reference}<nummerMeldingRelatiefVerzuim>{number}"
            "</nummerMeldingRelatiefVerzuim></DC0018LeveringNummerMeldingRelatiefVerzuim>"
        )

    def _changed(self, message: Any, mode: str) -> str:
        loket = self.loket
        if mode == "refuse":
            return f"<DC0002Foutmelding><foutcode>{loket.code}</foutcode></DC0002Foutmelding>"
        begin = message.findtext(f"{{{NAMESPACE}}}beginSelectieperiode") or ""
        cases, after = loket.deliveries.get(begin, (b"", begin or "begin"))
        last = "false" if mode == "stuck" or after in loket.deliveries else "true"
        after = begin or "begin" if mode == "stuck" else after
        head = f'<DC0011LeveringMeldingRelatiefVerzuim beginVolgendeSelectieperiode="{after}" volledig="{last}">'
        return head + cases.decode() + "</DC0011LeveringMeldingRelatiefVerzuim>"


class Controls(_Handler):
    """The controls."""

    def do_GET(self) -> None:
        """The counts."""
        self.say(200, json.dumps(self.loket.counts).encode(), "application/json")

    def do_PUT(self) -> None:
        """Turns the dial, or says what changed (`{"begin": ..., "cases": xml, "after": ...}`)."""
        try:
            given = json.loads(self.body())
            if self.path == "/dial":
                self.loket.turn(**given)
            else:
                self.loket.changed(given["begin"], given["cases"].encode(), given["after"])
        except (ValueError, TypeError, KeyError):
            self.say(400, b"{}", "application/json")
        else:
            self.say(200, b"{}", "application/json")


class _Tls(ThreadingHTTPServer):
    daemon_threads = True
    contexts: dict[str, ssl.SSLContext]
    loket: Loket

    def get_request(self) -> tuple[Any, Any]:
        """Each connection under the certificate that the dial asks for; the handshake is the thread's, not the door's."""
        found, address = super().get_request()
        context = self.contexts["stranger" if self.loket.mode == "wrong-certificate" else "server"]
        return context.wrap_socket(found, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever is not let in, or goes, is no news."""


def opened(home: Path, loket: Loket, port: int = 0, control: int = 0) -> tuple[ThreadingHTTPServer, ThreadingHTTPServer]:
    """The service and its controls, listening in threads of their own. HOME gets `ca.pem`, `hub.pem` and `hub-key.pem`."""
    service = _Tls(("127.0.0.1", port), type("Own", (Service,), {"loket": loket}))
    service.contexts, service.loket = papers(home).contexts(), loket
    controls = ThreadingHTTPServer(("127.0.0.1", control), type("OwnControls", (Controls,), {"loket": loket}))
    controls.daemon_threads = True
    for each in (service, controls):
        threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True).start()
    return service, controls
