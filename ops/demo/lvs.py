"""A school's pupil-tracking system over REST, with dials for what such systems do wrong; it also writes transfer files (OSO).

    python -m ops.demo.lvs [--port N] [--control N] [--tls DIR] [--records N] [--size N] [--token T] [--today D]
        [--dossiers DIR]

Its first line is JSON: `url` of the lists (`/uitschrijvingen`, `/meldingen`, `/signalen`, `/portfolios`) and `control`, where
`PUT /dials` sets how it behaves and `GET /counts` says what it did. A dial is `{"mode": ..., "page": n, "times": n,
"seconds": s}`: at that page, or at every one; so many times, or until the next dial. With `--tls` it speaks TLS, lays its
authority (`ca.pem`) into that folder, and knows the dial `wrong_certificate`. It listens on this machine only, ends on
SIGTERM, and imports nothing of the hub.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ops.demo.certificates import TlsServer
from ops.demo.dossiers import write_all
from ops.demo.people import numbers

MODES: Final = ("ok", "slow", "down", "truncated", "duplicate", "out_of_order", "malformed", "limited", "wrong_certificate")
LISTS: Final = ("uitschrijvingen", "meldingen", "signalen", "portfolios")
_NAMES: Final = (
    ("Voorbeeld", "van den", "Noor Anna"),
    ("d'Ancona", "", "José"),
    ("Öztürk-Visser", "", "Zoë"),
    ("Berg", "van 't", "Bo"),
)
_SEED: Final = 95
_ECK: Final = "https://ketenid.nl/201703/"


def records_of(kind: str, count: int, today: date) -> list[dict[str, Any]]:
    """So many invented pupils of the example region, as this list tells of them."""
    return [_record(kind, number, bsn, today) for number, bsn in enumerate(islice(numbers(_SEED), count))]


def _record(kind: str, number: int, bsn: str, today: date) -> dict[str, Any]:
    last, prefix, first = _NAMES[number % len(_NAMES)]
    young = kind in ("signalen", "portfolios")
    pupil: dict[str, Any] = {
        "eckId": _ECK + hashlib.sha512(f"{kind}/{number}".encode()).hexdigest(),
        "persoonsgebondenNummer": bsn,
        "naam": {"achternaam": last, "voornamen": first} | ({"voorvoegsel": prefix} if prefix else {}),
        "geboortedatum": (today - timedelta(days=(6_000 if young else 7_000) + number)).isoformat(),
        "telefoonnummer": f"06-00{number:06d}",
    }
    gemeente = f"900{number % 8 + 1}"
    if young:
        school: dict[str, Any] = {"onderwijssoort": "pro", "ingeschreven": True, "laatsteSchooljaar": True}
        about = {"id": f"{kind}-{number}", "leerling": pupil | {"gemeentecode": gemeente, "onderCuratele": False}}
        if kind == "signalen":
            return about | {"school": school | {"contactpersoon": "M. Verzonnen"}, "hulpBijOvergang": True}
        return about | {
            "school": {"onderwijssoort": "pro"},
            "aanmelding": {"bevestigd": True},
            "paspoort": {"wens": "Kok worden", "steun": "Een vaste begeleider"},
        }
    pupil |= {"geslacht": "MVX"[number % 3], "adres": {"gemeentecode": gemeente, "geheim": number % 7 == 6}}
    study: dict[str, Any] = {"instelling": {"brin": "98ZZ", "vestigingscode": "00"}, "onderwijssoort": "mbo"}
    if kind == "uitschrijvingen":
        study |= {"begindatum": (today - timedelta(days=500)).isoformat(), "einddatum": (today - timedelta(days=3)).isoformat()}
        study["redenUitval"] = "4"
        return {"id": f"u-{number}", "leerling": pupil, "inschrijving": study, "startkwalificatie": False}
    return {
        "id": f"m-{number}",
        "meldingsnummer": f"{today.year}-{number:06d}",
        "gemeldOp": f"{today.isoformat()}T09:30:00",
        "status": "geregistreerd",
        "leerling": pupil,
        "inschrijving": study,
        "startkwalificatie": False,
        "verzuim": {"soort": "maand_of_langer", "begindatum": (today - timedelta(days=40)).isoformat(), "vierWeken": True},
        "actie": {"gevraagd": True},
    }


class School:
    """What the system holds, how it behaves, and what it did."""

    def __init__(self, count: int, size: int, today: date, token: str, *, tls: bool = False) -> None:
        self.lists = {kind: records_of(kind, count, today) for kind in LISTS}
        self.size, self.token, self.tls = size, token, tls
        self.counts: Counter[str] = Counter()
        self._dial: dict[str, Any] = {"mode": "ok"}
        self._lock = threading.Lock()

    def set(self, dial: dict[str, Any]) -> None:
        """How it behaves from the next page on. Raises ValueError for a dial that there is not."""
        if dial.get("mode") not in MODES or dial.keys() - {"mode", "page", "times", "seconds"}:
            raise ValueError("no such dial")
        if dial["mode"] == "wrong_certificate" and not self.tls:
            raise ValueError("it shows no certificate")
        with self._lock:
            self._dial = dict(dial)

    def wrong(self) -> bool:
        """Whether it shows a stranger's certificate to whoever calls now."""
        with self._lock:
            return bool(self._dial["mode"] == "wrong_certificate")

    def behaviour(self, page: int) -> tuple[str, float]:
        """How it behaves at this page, and the seconds that go with it."""
        with self._lock:
            dial, times = self._dial, self._dial.get("times")
            self.counts["calls"] += 1
            if dial.get("page") not in (None, page) or times == 0:
                return "ok", 0.0
            if times is not None:
                dial["times"] = times - 1
            return dial["mode"], float(dial.get("seconds", 1))

    def page(self, kind: str, number: int, mode: str) -> bytes:
        """One page of a list, in the order or with the repetitions that the mode has."""
        records = self.lists[kind]
        start = (number - 1) * self.size
        some = records[start : start + self.size]
        if mode == "out_of_order":
            some = some[::-1]
        if mode == "duplicate":
            some = some + some
        more = {"href": f"?pagina={number + 1}"} if start + self.size < len(records) else None
        body = json.dumps({"_links": {"next": more}, kind: some}, ensure_ascii=False).encode()
        return b"<html>storing</html>" if mode == "malformed" else body


def _serve(school: School) -> type[BaseHTTPRequestHandler]:
    class Handler(_Quiet):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            kind, number = parts.path.strip("/"), int(parse_qs(parts.query).get("pagina", ["1"])[0])
            mode, seconds = school.behaviour(number)
            if mode == "down":
                self.close_connection = True
            elif school.token and self.headers.get("Authorization") != f"Bearer {school.token}":
                self.answer(401)
            elif kind not in LISTS:
                self.answer(404)
            elif mode == "limited":
                school.counts["limited"] += 1
                self.answer(429, headers={"Retry-After": str(int(seconds))})
            else:
                time.sleep(seconds if mode == "slow" else 0)
                self.give(school.page(kind, number, mode), cut=mode == "truncated")

        def give(self, body: bytes, *, cut: bool) -> None:
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            same = self.headers.get("If-None-Match") == tag
            school.counts["same" if same else "pages"] += 1
            if same:
                self.answer(304, headers={"ETag": tag})
            else:
                self.answer(200, body, cut=cut, headers={"ETag": tag})

    return Handler


def _control(school: School) -> type[BaseHTTPRequestHandler]:
    class Handler(_Quiet):
        def do_PUT(self) -> None:
            try:
                school.set(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            except (ValueError, AttributeError):
                self.answer(400)
            else:
                self.answer(204)

        def do_GET(self) -> None:
            self.answer(200, json.dumps(dict(school.counts)).encode())

    return Handler


class _Quiet(BaseHTTPRequestHandler):
    """Says nothing of whom it answers."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_said: object) -> None: ...

    def answer(self, status: int, body: bytes = b"", *, cut: bool = False, headers: Mapping[str, str] | None = None) -> None:
        """Writes an answer; when `cut`, half of what it says that it is."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}.items():
            if not (status in (204, 304) and name.startswith("Content-")):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="A school's pupil-tracking system.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--records", type=int, default=7)
    parser.add_argument("--size", type=int, default=3)
    parser.add_argument("--token", default="")
    parser.add_argument("--today", type=date.fromisoformat, default=date(2026, 11, 2))
    parser.add_argument("--dossiers", type=Path, help="a folder that gets transfer files of invented pupils")
    parser.add_argument("--tls", type=Path, help="a folder for its certificates: it speaks TLS then")
    given = parser.parse_args()
    if given.dossiers is not None:
        write_all(given.dossiers, given.records)
    school = School(given.records, given.size, given.today, given.token, tls=given.tls is not None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    control = ThreadingHTTPServer(("127.0.0.1", given.control), _control(school))
    pages = TlsServer(given.port, _serve(school), given.tls, school.wrong)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(json.dumps({"url": pages.url, "control": f"http://127.0.0.1:{control.server_port}"}), flush=True)
    pages.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
