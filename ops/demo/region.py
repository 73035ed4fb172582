"""The invented region as the demo sets it up: its directory, its partners, and the hub's settings."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import yaml

from hub.app import Hub
from hub.domain.terms import PartyId
from hub.errors import Misconfigured
from hub.identity.partners import AANLEVEREN, BERICHTEN, BESLISSINGEN, OPHALEN, VERKLARINGEN
from hub.operations import register_partner
from hub.postgres import Urls
from hub.settings import Settings
from ops.demo import partner
from ops.demo.sftp_server import FOLDER, USER
from ops.demo.voices import COACH

INSTANCE: Final = "duo-voorbeeldregio"
"""The connector that fetches DUO's lists."""
DUO: Final = "duo"
SCHOOL: Final = "mbo-zilverlinde"
DOORSTROOMPUNTEN: Final = ("doorstroompunt-lindemark", "doorstroompunt-schelmonde", "doorstroompunt-heiderland")
FORGETFUL: Final = "doorstroompunt-heiderland"
"""Its system loses a page before it has said that it has it, and gets it again."""
WERK_EN_INKOMEN: Final = tuple(
    f"werk-en-inkomen-{gemeente}" for gemeente in ("rietvoorde", "oosterlinde", "brunsmonde", "vennekerk", "heiderade")
)
PUSHED: Final = "werk-en-inkomen-aldermeer"
"""The hub sends to its case system, which takes what it gets."""
DOWN: Final = "werk-en-inkomen-zilverdam"
"""The hub would send to its case system, which is down."""
SENT_TO: Final = (PUSHED, DOWN)
WITHOUT_SYSTEM: Final = "werk-en-inkomen-wolfslo"
"""It may sign in and nothing of it runs: what is for it stays held, until you fetch it in its place."""
HELD: Final = (WITHOUT_SYSTEM, DOWN)
WITNESS: Final = "doorstroompunt-lindemark"
"""It keeps its receipts, holds the log to them, and cosigns it."""
SYSTEMS: Final = (*DOORSTROOMPUNTEN, *WERK_EN_INKOMEN, COACH)
_LEAVE_S: Final = 60


def clear(directory: Path) -> None:
    """Makes `directory` empty, whatever an earlier run left; waits for a database that is still ending in it."""
    data = str((directory / "postgres").resolve())
    deadline = time.monotonic() + _LEAVE_S
    while inhabitants := list(_inside(data)):
        if time.monotonic() > deadline:
            for pid in inhabitants:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    try:
        if directory.exists():
            shutil.rmtree(directory)
        directory.mkdir(parents=True)
    except OSError as wrong:
        raise Misconfigured(
            f"The directory {directory} of the last run cannot be removed.",
            f"{type(wrong).__name__} at {wrong.filename}.",
            "Remove it as the user who ran the demo then.",
        ) from None
    # The database may run as another user, who passes through to what is its own.
    directory.chmod(0o711)


def _inside(folder: str) -> Iterator[int]:
    """Processes that work in `folder`: every process of a PostgreSQL has its cluster as working directory."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str((process / "cwd").readlink()).startswith(folder):
                yield int(process.name)


def settings_of(directory: Path, urls: Urls) -> dict[str, str]:
    """The hub's settings, as environment variables."""
    port = _free_port()
    return {
        "HUB_ENVIRONMENT": "demo",
        "HUB_LOG_ID": "voorbeeldregio",
        "HUB_LOG_ORIGIN": "voorbeeldregio.example/log",
        "HUB_OPERATOR": "hub",
        "HUB_STATE": str(directory / "hub"),
        "HUB_DATABASE_URL": urls.database,
        "HUB_MIGRATION_URL": urls.migration,
        "HUB_VAULT_URL": urls.vault,
        "HUB_VAULT_MIGRATION_URL": urls.vault_migration,
        "HUB_CONNECTORS": str(directory / "connectors.yaml"),
        "HUB_PORT": str(port),
        "HUB_ISSUER": f"http://127.0.0.1:{port}",
        "HUB_POLL_S": "0.5",
    }


def write_settings(path: Path, environment: dict[str, str]) -> None:
    """Keeps the settings for whoever wants to try the command line; they hold the demo's passwords."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())


def read_settings(environment: dict[str, str]) -> Settings:
    """The same settings for this process; what the shell has set of the hub's own does not count."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
    os.environ.update(environment)
    settings = Settings()
    for name in environment:
        del os.environ[name]
    return settings


def sign_in(environment: dict[str, str], provider: dict[str, Any]) -> dict[str, str]:
    """The settings with the identity provider at which staff sign in."""
    return {
        **environment,
        "HUB_OIDC_ISSUER": provider["issuer"],
        "HUB_OIDC_CLIENT_ID": provider["client_id"],
        "HUB_OIDC_KEY_FILE": str(provider["key_file"]),
    }


def where(home: Path) -> dict[str, str]:
    """The addresses of the case system that keeps house in `home`: for pages (`url`) and for its dial (`control`)."""
    return dict(json.loads((home / "where.json").read_text()))


def write_connectors(path: Path, duo: Path, partners: Path) -> None:
    """The connectors: DUO's folder, its host key pinned; and the case systems that are sent to."""
    instance = {
        "id": INSTANCE,
        "connector": "duo_uitval",
        "party": DUO,
        "host": "127.0.0.1",
        "port": int((duo / "port").read_text()),
        "username": USER,
        "folder": FOLDER,
        "known_hosts": str(duo / "known_hosts"),
        "private_key": str(duo / "client_key"),
        "settle_s": 1,
    }
    recipients = [
        {"id": f"{party}-zaaksysteem", "connector": "bezorging", "party": party, "url": where(partners / party)["url"]}
        for party in SENT_TO
    ]
    path.write_text(yaml.safe_dump({"instances": [instance], "recipients": recipients}, sort_keys=False))


async def register_all(hub: Hub, partners: Path, address: str) -> None:
    """Every partner makes its own key and hands over the public half."""
    takes, gives = [OPHALEN, BERICHTEN], [AANLEVEREN, VERKLARINGEN, BESLISSINGEN]
    for party, scopes in ((SCHOOL, gives), *((name, takes) for name in (*SYSTEMS, *SENT_TO, WITHOUT_SYSTEM))):
        public = partner.make(partners / party, party, address, hub.signer.vkey)
        client_id = json.loads((partners / party / "partner.json").read_text())["client_id"]
        await register_partner(hub, PartyId(party), client_id, public, scopes)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
