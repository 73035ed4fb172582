"""Processes of the hub over one PostgreSQL, a sender's SFTP server before them, and partners who call and call again."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import orjson
from pydantic import SecretStr

from hub.app import make_keys, open_hub
from hub.domain.personal import Bsn
from hub.domain.terms import LogId, PartyId
from hub.identity.partners import AANLEVEREN, BERICHTEN, BESLISSINGEN, OPHALEN, VERKLARINGEN
from hub.operations import register_partner
from hub.postgres import Urls
from hub.settings import Settings
from tests.fakes.partner import ASSERTION_TYPE, ec_key, jwks, signed

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "tests/e2e/killing_hub.py"
ISSUER = "http://127.0.0.1:8443"
DUO, SCHOOL = PartyId("duo"), PartyId("mbo-zilverlinde")
DESK, WORK = PartyId("doorstroompunt-lindemark"), PartyId("werk-en-inkomen-aldermeer")
LOG = LogId("hub")
_NAMES = ("PERSOONSGEBONDENNUMMER", "GESLACHTSNAAM", "GEBOORTEDATUM", "GEMEENTECODE", "INDICATIEGEHEIM", "INSTELLINGSCODE")
_NAMES += ("ONDERWIJSSOORT", "DATUMUITSCHRIJVING", "STARTKWALIFICATIE", "OPMERKING")


def persons() -> Iterator[str]:
    """Numbers of invented persons."""
    return (number for number in map(str, range(999_000_000, 999_990_000)) if Bsn.accepts(number))


def row(number: str, **other: str) -> str:
    """One line of a list about that person, who may go to the desk and to Work & Income of Aldermeer."""
    cells = (number, "Verzonnen", "20040504", "9001", "N", "98ZZ", "MBO", "20260930", "N", "")
    return ";".join((dict(zip(_NAMES, cells, strict=True)) | other).values())


def message(number: str, **other: Any) -> dict[str, Any]:
    """The same as a message."""
    return {
        "bsn": number,
        "geslachtsnaam": "Verzonnen",
        "geboortedatum": "2004-05-04",
        "gemeente": "9001",
        "indicatieGeheim": False,
        "brin": "98ZZ",
        "onderwijssoort": "mbo",
        "datumUitschrijving": "2026-09-30",
        "startkwalificatie": False,
        **other,
    }


def until(what: str, holds: Callable[[], Any], patience_s: float = 40) -> Any:
    """Waits until it holds, and fails when it never does."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"in vain waited for: {what}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@dataclass
class Rig:
    """Everything of one run, in one directory."""

    folder: Path
    environment: dict[str, str]
    ports: dict[str, int]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def outbox(self) -> Path:
        """Where the sender puts its lists."""
        return self.folder / "sender/data/uit"

    def start(self, name: str, *command: str, kill_at: str = "") -> subprocess.Popen[bytes]:
        """Starts a process of the hub; `serve-...` listens on its own port. Returns once that answers."""
        own = {"HUB_PORT": str(self.ports[name])} if name in self.ports else {}
        with (self.folder / f"{name}.log").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, str(LAUNCHER), *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**self.environment, **own, "KILL_AT": kill_at},
            )
        self.running[name] = process
        return process

    def listening(self, name: str) -> bool:
        """Whether that server answers."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.ports[name]), 1):
            return True
        return False

    def await_servers(self) -> None:
        """Waits until every server that runs answers, or has been killed again."""
        for name in self.ports:
            if name in self.running:
                until(f"{name} answers", lambda name=name: self.listening(name) or self.running[name].poll() is not None)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the hub to its end."""
        return subprocess.run(
            [sys.executable, str(LAUNCHER), *command],
            cwd=ROOT,
            env={**self.environment, "KILL_AT": "", **environment},
            capture_output=True,
            text=True,
            timeout=60,
            input=environment.pop("STDIN", ""),
        )

    def put(self, name: str, rows: list[str]) -> None:
        """The sender puts a list there, under its name once it is whole."""
        waiting = self.outbox / f"{name}.part"
        waiting.write_text("\r\n".join([";".join(_NAMES), *rows, ""]), encoding="utf-8")
        waiting.rename(self.outbox / name)

    def caller(self, party: PartyId) -> Caller:
        """That partner's system."""
        return Caller(party, [f"http://127.0.0.1:{port}" for port in self.ports.values()])

    def stop(self) -> None:
        """Ends what runs, in its own time, and kills what does not end."""
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()


@dataclass
class Caller:
    """A partner who repeats a call, at the next server, until it is answered."""

    party: PartyId
    bases: list[str]
    token: str = ""
    fetched: dict[str, dict[str, Any]] = field(default_factory=dict)

    def _sign_in(self, client: httpx2.Client, base: str) -> None:
        now = int(time.time())
        claims = {"iss": self.party, "sub": self.party, "aud": f"{ISSUER}/oauth/token", "iat": now, "exp": now + 120}
        assertion = signed({"alg": "ES256", "kid": self.party}, {**claims, "jti": uuid4().hex}, ec_key(self.party))
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        answer = client.post(f"{base}/oauth/token", data=form)
        answer.raise_for_status()
        self.token = answer.json()["access_token"]

    def call(
        self, method: str, path: str, content: Any = None, key: str | None = None, patience_s: float = 40
    ) -> httpx2.Response:
        """One call, repeated while the hub is away or busy."""
        end = time.monotonic() + patience_s
        key = key or uuid4().hex
        with httpx2.Client(timeout=20, trust_env=False) as client:
            for base in itertools.cycle(self.bases):
                assert time.monotonic() < end, f"{method} {path} is never answered"
                try:
                    if not self.token:
                        self._sign_in(client, base)
                    headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
                    headers |= {"Content-Type": "application/json"} if content is not None else {}
                    body = None if content is None else orjson.dumps(content)
                    answer = client.request(method, base + path, content=body, headers=headers)
                except httpx2.HTTPError:
                    time.sleep(0.02)
                    continue
                if answer.status_code < 500:
                    return answer
                time.sleep(0.05)
        raise AssertionError("there is no server")

    def fetch(self, limit: int = 100) -> list[str]:
        """Fetches a page and remembers it; gives its ids."""
        answer = self.call("GET", f"/v1/bezorgingen?limiet={limit}")
        assert answer.status_code == 200, answer.text
        page = answer.json()["bezorgingen"]
        for each in page:
            known = self.fetched.setdefault(each["bezorgingId"], each)
            assert known["inhoud"] == each["inhoud"], "a delivery changed"
        return [each["bezorgingId"] for each in page]

    def acknowledge(self, ids: list[str]) -> None:
        """Says that it has them."""
        answer = self.call("POST", "/v1/bezorgingen/ontvangst", {"bezorgingen": ids})
        assert answer.status_code == 200, answer.text

    def drain(self) -> None:
        """Fetches and acknowledges until nothing waits."""
        while ids := self.fetch(500):
            self.acknowledge(ids)


async def admit_partners(urls: Urls, folder: Path) -> None:
    """Registers the partners with keys and scopes, before any process that dies begins."""
    settings = Settings(
        environment="test",
        state=folder / "state",
        database_url=SecretStr(urls.database),
        vault_url=SecretStr(urls.vault),
    )
    make_keys(settings)
    async with open_hub(settings) as hub:
        for party, scope in ((DUO, AANLEVEREN), (SCHOOL, AANLEVEREN), (DESK, OPHALEN), (WORK, OPHALEN)):
            scopes = [scope, BERICHTEN, BESLISSINGEN, VERKLARINGEN]
            await register_partner(hub, party, party, jwks(ec_key(party)), scopes)


@contextmanager
def a_sender(folder: Path) -> Iterator[int]:
    """The sender's SFTP server; gives its port."""
    folder.mkdir()
    command = [sys.executable, "-m", "ops.demo.sftp_server", str(folder), "--port-file", str(folder / "port")]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        until("the sender's server", (folder / "port").exists)
        yield int((folder / "port").read_text())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@contextmanager
def a_rig(folder: Path, urls: Urls, *, recipients: Sequence[Mapping[str, Any]] = (), **more: str) -> Iterator[Rig]:
    """A directory, keys and settings for processes over these databases, which send to these `recipients`."""
    state = folder / "state"
    make_keys(Settings(state=state))
    with a_sender(folder / "sender") as port:
        instance: Mapping[str, Any] = {
            "id": "duo-uitval",
            "connector": "duo_uitval",
            "party": "duo",
            "host": "127.0.0.1",
            "port": port,
            "username": "hub",
            "folder": "/uit",
            "known_hosts": str(folder / "sender/known_hosts"),
            "private_key": str(folder / "sender/client_key"),
            "settle_s": 0,
        }
        (folder / "connectors.yaml").write_bytes(orjson.dumps({"instances": [instance], "recipients": list(recipients)}))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "HUB_ENVIRONMENT": "test",
            "HUB_STATE": str(state),
            "HUB_DATABASE_URL": urls.database,
            "HUB_VAULT_URL": urls.vault,
            "HUB_MIGRATION_URL": urls.migration,
            "HUB_VAULT_MIGRATION_URL": urls.vault_migration,
            "HUB_CONNECTORS": str(folder / "connectors.yaml"),
            "HUB_ISSUER": ISSUER,
            "HUB_POLL_S": "0.2",
            **more,
        }
        rig = Rig(folder, environment, {"serve-1": free_port(), "serve-2": free_port()})
        try:
            yield rig
        finally:
            rig.stop()
