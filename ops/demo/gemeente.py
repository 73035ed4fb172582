"""The systems of a gemeente that the hub speaks with, with dials for everything that such systems do wrong.

    python -m ops.demo.gemeente [--port N] [--control N] [--secret S] [--key K] [--tls DIR]

On one port: the BRP (`/brp/personen`), case system and catalogue of the ZGW APIs (`/zaken/api/v1`, `/catalogi/api/v1`), and
StUF-ZKN (`/stuf`). On a port of its own its controls: `PUT /dials` with `{"mode": ..., "on": "POST /zaken", "times": n,
"seconds": s}`, and `GET /state`. The first line that it prints says where both are. Nothing here imports the hub, and the token
is checked without the library that the hub signs it with.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ops.demo.certificates import TlsServer
from ops.demo.gemeente_stuf import Stuf

CLIENT, SECRET, KEY = "hub", "een-geheim-voor-de-demo", "een-sleutel-voor-de-demo"
RSIN = "002220647"
STATUSES = ("Ontvangen", "Aangekomen", "Niet verschenen", "Niet bereikt", "Wil niet", "Elders geholpen")
_PAGE = 3
_AN_HOUR = 3600
_BRP_ALWAYS = ("geheimhoudingPersoonsgegevens", "opschortingBijhouding")

Answer = tuple[int, Any]


@dataclass
class Dial:
    """How the systems behave. `on` is a part of `METHOD /path` that it is about, `times` for how many calls; modes:

    ok, slow, down (no answer and no effect), unanswered (the effect and no answer), truncated, malformed, duplicate (what is
    listed comes twice), out_of_order (lists go backwards), wrong_certificate (with `--tls`), other (the BRP answers about
    somebody else), more (it gives more than was asked), unfiltered (lists give everything), or a status such as 401, 409, 503.
    """

    mode: str = "ok"
    on: str = ""
    times: int | None = None
    seconds: float = 1.0


@dataclass
class World:
    """What the systems hold."""

    secret: str
    key: str
    base: str = ""
    dial: Dial = field(default_factory=Dial)
    persons: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"zaken": [], "rollen": [], "statussen": []})
    calls: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    stuf: Stuf = field(default_factory=Stuf)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def turned(self, call: str) -> str:
        """The mode for this call."""
        if self.dial.on not in call:
            return "ok"
        if self.dial.times is not None:
            self.dial.times -= 1
            if self.dial.times < 0:
                self.dial = Dial()
        return self.dial.mode

    @property
    def zaaktype(self) -> str:
        """The one type of case that there is."""
        return f"{self.base}/catalogi/api/v1/zaaktypen/1"


def asked_of_brp(world: World, question: dict[str, Any], mode: str) -> Answer:
    """POST /personen."""
    wrong = [
        {"name": name, "code": "required", "reason": "Parameter is verplicht."}
        for name in ("type", "fields", "burgerservicenummer")
        if not question.get(name)
    ]
    if wrong or question["type"] != "RaadpleegMetBurgerservicenummer" or not isinstance(question["fields"], list):
        return 400, problem(400, "paramsCombination", wrong)
    forbidden = [number for number, name in enumerate(question["fields"]) if name in _BRP_ALWAYS]
    if forbidden:
        return 400, problem(400, "paramsValidation", [{"name": f"fields[{number}]", "code": "fields"} for number in forbidden])
    world.asked.append(question)
    found = [world.persons[number] for number in question["burgerservicenummer"] if number in world.persons]
    place = question.get("gemeenteVanInschrijving")
    found = [one for one in found if place in (None, one.get("gemeenteVanInschrijving", {}).get("code"))]
    if mode != "more":
        found = [_only(one, question["fields"]) for one in found]
    if mode == "other":
        found = [{**one, "burgerservicenummer": "999919696"} for one in found]
    return 200, {"type": question["type"], "personen": found * (2 if mode == "duplicate" else 1)}


def _only(person: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """Of a person only what was asked for, and what comes by itself."""
    kept: dict[str, Any] = {name: person[name] for name in _BRP_ALWAYS if name in person}
    for name in fields:
        source, target, parts = person, kept, name.split(".")
        for part in parts[:-1]:
            if not isinstance(source.get(part), dict):
                break
            source, target = source[part], target.setdefault(part, {})
        else:
            if parts[-1] in source:
                target[parts[-1]] = source[parts[-1]]
    return kept


def listed(world: World, resource: str, query: dict[str, str], mode: str) -> Answer:
    """GET of a list of the Zaken API, in pages."""
    page, wanted = int(query.pop("page", "1")), query
    rows = [one for one in world.rows[resource] if mode == "unfiltered" or all(one.get(k) == v for k, v in wanted.items())]
    rows = rows[::-1] if mode == "out_of_order" else rows
    start, end = (page - 1) * _PAGE, page * _PAGE
    following = f"{world.base}/zaken/api/v1/{resource}?page={page + 1}" if end < len(rows) else None
    results = rows[start:end] * (2 if mode == "duplicate" else 1)
    return 200, {"count": len(rows), "next": following, "previous": None, "results": results}


def made(world: World, resource: str, body: dict[str, Any]) -> Answer:
    """POST of a case, a role or a status."""
    wrong = list(_wrong(world, resource, body))
    if wrong:
        return 400, problem(400, "invalid", [{"name": name, "code": code, "reason": "Onjuist."} for name, code in wrong])
    rows = world.rows[resource]
    row = {"url": f"{world.base}/zaken/api/v1/{resource}/{len(rows) + 1}", **body}
    rows.append(row)
    if resource == "statussen":
        next(one for one in world.rows["zaken"] if one["url"] == body["zaak"])["status"] = row["url"]
    return 201, row


def _wrong(world: World, resource: str, body: dict[str, Any]) -> Any:
    needed = {
        "zaken": ("bronorganisatie", "verantwoordelijkeOrganisatie", "zaaktype", "startdatum"),
        "rollen": ("zaak", "betrokkeneType", "roltype", "roltoelichting"),
        "statussen": ("zaak", "statustype", "datumStatusGezet"),
    }[resource]
    yield from ((name, "required") for name in needed if not body.get(name))
    for name, kind in (("zaaktype", "zaaktypen"), ("roltype", "roltypen"), ("statustype", "statustypen")):
        if name in body and not str(body[name]).startswith(f"{world.base}/catalogi/api/v1/{kind}/"):
            yield name, "bad-url"
    if "zaak" in body and body["zaak"] not in {one["url"] for one in world.rows["zaken"]}:
        yield "zaak", "does_not_exist"
    known = {(one["bronorganisatie"], one["identificatie"]) for one in world.rows["zaken"]}
    if resource == "zaken" and (body.get("bronorganisatie"), body.get("identificatie")) in known:
        yield "identificatie", "identificatie-niet-uniek"
    person = body.get("betrokkeneIdentificatie", {})
    for name, longest in (("inpBsn", 9), ("anpIdentificatie", 17)):
        if len(person.get(name, "")) > longest or (name == "inpBsn" and not _eleven(person.get(name, ""))):
            yield f"betrokkeneIdentificatie.{name}", "invalid"
    for name, longest in (("identificatie", 40), ("omschrijving", 80), ("toelichting", 1000)):
        if len(body.get(name, "")) > longest:
            yield name, "max_length"


def _eleven(number: str) -> bool:
    factors = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return not number or (len(number) == 9 and sum(int(n) * f for n, f in zip(number, factors, strict=True)) % 11 == 0)


def catalogued(world: World, path: str) -> Answer:
    """GET of the catalogue: the statuses that a case can have."""
    rows = [
        {
            "url": f"{world.base}/catalogi/api/v1/statustypen/{number}",
            "omschrijving": name,
            "volgnummer": number,
            "zaaktype": world.zaaktype,
        }
        for number, name in enumerate(STATUSES, 1)
    ]
    if path == "statustypen":
        return 200, {"count": len(rows), "next": None, "previous": None, "results": rows}
    return next(((200, one) for one in rows if one["url"].endswith(f"/{path}")), (404, problem(404, "not_found", [])))


def problem(status: int, code: str, wrong: list[dict[str, str]]) -> dict[str, Any]:
    """What is wrong, as RFC 7807 and the standards of both APIs write it."""
    return {"type": "about:blank", "title": "Fout", "status": status, "code": code, "invalidParams": wrong}


def allowed(header: str, secret: str) -> bool:
    """Whether a token is signed with this secret, by whom it says, within the hour."""
    try:
        signed, _, mark = header.removeprefix("Bearer ").rpartition(".")
        head, claims = (json.loads(_unpadded(part)) for part in signed.split("."))
        proof = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    except (ValueError, TypeError):
        return False
    right = head["alg"] == "HS256" and claims["client_id"] == claims["iss"] == CLIENT
    return right and hmac.compare_digest(proof, _unpadded(mark)) and abs(time.time() - claims["iat"]) < _AN_HOUR


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Door(BaseHTTPRequestHandler):
    """One call to the systems."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm, wbufsize = True, 1 << 16
    world: World

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Nothing is told of calls: they are about persons."""

    def _answer(self) -> None:
        world, parts = self.world, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with world.lock:
            call = f"{self.command} {parts.path}"
            world.calls.append(call)
            mode = world.turned(call)
            if mode == "down" or mode.isdigit():
                status, content = (0, b"") if mode == "down" else (int(mode), _json(problem(int(mode), "error", [])))
            else:
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                status, content = self._done(parts.path, query, body, mode)
        if mode == "slow":
            time.sleep(world.dial.seconds)
        if mode in ("down", "unanswered"):
            self.close_connection = True
            return
        if mode == "malformed":
            content = b'{"personen": {"geheim123": [' + content[:9]
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "text/xml" if parts.path == "/stuf" else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if mode == "truncated" else content)
            self.close_connection = self.close_connection or mode == "truncated"

    def _done(self, path: str, query: dict[str, str], body: bytes, mode: str) -> tuple[int, bytes]:
        if path == "/stuf":
            return self.world.stuf.answer(body)
        try:
            given = json.loads(body) if body else {}
        except ValueError:
            return 400, _json(problem(400, "parse_error", []))
        if path == "/brp/personen" and self.command == "POST":
            if self.headers.get("X-API-KEY") != self.world.key:
                return 401, _json(problem(401, "authentication", []))
            return _written(asked_of_brp(self.world, given, mode))
        if not allowed(self.headers.get("Authorization", ""), self.world.secret):
            return 403, _json(problem(403, "permission_denied", []))
        api, _, rest = path.lstrip("/").partition("/api/v1/")
        if api == "catalogi":
            return _written(catalogued(self.world, rest))
        resource, _, number = rest.partition("/")
        if api != "zaken" or resource not in self.world.rows:
            return 404, _json(problem(404, "not_found", []))
        if resource == "zaken" and self.headers.get("Accept-Crs") != "EPSG:4326":
            return 412, _json(problem(412, "precondition_failed", []))
        if number:
            found = [one for one in self.world.rows[resource] if one["url"].endswith(path)]
            return _written((200, found[0]) if found else (404, problem(404, "not_found", [])))
        if self.command == "GET":
            return _written(listed(self.world, resource, query, mode))
        return _written(made(self.world, resource, given))


class _Controls(BaseHTTPRequestHandler):
    """One call to the controls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm, wbufsize = True, 1 << 16
    world: World

    def log_message(self, *_: object) -> None:
        """Nothing is told of calls."""

    def do_GET(self) -> None:
        with self.world.lock:
            told = {"calls": self.world.calls, "asked": self.world.asked, **self.world.rows, "stuf": self.world.stuf.cases}
            self._say(200, told)

    def do_PUT(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with self.world.lock:
            if self.path == "/persons":
                self.world.persons |= given
            elif self.path == "/dials":
                self.world.dial = Dial(**given)
                self.world.stuf.dial = self.world.dial.mode
            else:
                return self._say(404, {})
        return self._say(200, {})

    def _say(self, status: int, told: dict[str, Any]) -> None:
        content = _json(told)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()


def _written(answer: Answer) -> tuple[int, bytes]:
    return answer[0], _json(answer[1])


def _serve(
    door: Callable[..., BaseHTTPRequestHandler], port: int, tls: Path | None = None, wrong: Callable[[], bool] = bool
) -> TlsServer:
    server = TlsServer(port, door, tls, wrong)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> int:
    """The command line; ends when its input does, or when it is told to."""
    parser = argparse.ArgumentParser(description="The systems of a gemeente, with dials.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--secret", default=SECRET)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--tls", type=Path, help="a folder for its certificates: it speaks TLS then")
    given = parser.parse_args()
    world = World(given.secret, given.key)
    shows = type("Door", (_Door,), {"world": world})
    door = _serve(shows, given.port, given.tls, lambda: world.dial.mode == "wrong_certificate")
    control = _serve(type("Controls", (_Controls,), {"world": world}), given.control)
    world.base = door.url
    where = {
        "brp": f"{world.base}/brp",
        "zaken": f"{world.base}/zaken/api/v1",
        "catalogi": f"{world.base}/catalogi/api/v1",
        "stuf": f"{world.base}/stuf",
        "control": control.url,
    }
    print(json.dumps(where), flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
