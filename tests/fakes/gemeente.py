"""The simulated systems of a gemeente, in a process of their own, and connectors to them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2
import orjson

from hub.connector import Endpoint
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId, RecordKind
from ops.demo.gemeente import CLIENT, KEY, RSIN, SECRET

ROOT = Path(__file__).parents[2]
BSN, OTHER = "999909848", "999923389"
PERSON: dict[str, Any] = json.loads((ROOT / "schemas/wire/gemeente_brp/brp-2.7/sample.json").read_text())["personen"][0]


class Gemeente:
    """The systems while they run: `with Gemeente() as gemeente`."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "ops.demo.gemeente"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.where: dict[str, str] = json.loads(self.process.stdout.readline())
        self.control = httpx2.Client(base_url=self.where["control"], trust_env=False)
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        self.control.close()
        self.process.kill()
        self.process.communicate()

    def dial(self, mode: str = "ok", on: str = "", times: int | None = None, seconds: float = 1.0) -> None:
        """Sets how they behave from the next call on."""
        said = {"mode": mode, "on": on, "times": times, "seconds": seconds}
        self.control.put("/dials", json=said).raise_for_status()

    def registers(self, *persons: dict[str, Any]) -> None:
        """Puts persons in the BRP."""
        self.control.put("/persons", json={one["burgerservicenummer"]: one for one in persons}).raise_for_status()

    def state(self) -> dict[str, Any]:
        """What they hold, and what was asked."""
        return dict(self.control.get("/state").json())

    def brp(self, **options: str) -> Endpoint:
        """The way to the BRP."""
        return Endpoint(self.where["brp"], options, {"api_key": KEY.encode()}, timeout_s=5)

    def zgw(self, secret: str = SECRET, **options: str) -> Endpoint:
        """The way to the case system."""
        catalogue = self.where["catalogi"]
        types = {kind: f"{catalogue}/{kind}n/1" for kind in ("zaaktype", "roltype", "statustype")}
        known = {"client_id": CLIENT, "bronorganisatie": RSIN, "catalogi": catalogue, **types}
        return Endpoint(self.where["zaken"], known | options, {"secret": secret.encode()}, timeout_s=5)


def delivery(number: int = 1, kind: str = "overdracht", **other: Any) -> Delivered:
    """A delivery about an invented person, made on 14 November 2024; None drops a field."""
    content = {
        "bsn": BSN,
        "geslachtsnaam": "Verzonnen",
        "geboortedatum": "2006-02-28",
        "indicatieGeheim": False,
        "afgesprokenVervolg": "Gesprek op het Jongerenloket",
    }
    raw = orjson.dumps({name: value for name, value in {**content, **other}.items() if value is not None})
    made = UUID(int=UUID("01932b7e-4c00-7000-8000-000000000000").int + number)
    return Delivered(made, PartyId("x"), PartyId("doorstroompunt-lindemark"), RecordKind(kind), Personal(raw), "{}", "proof")
