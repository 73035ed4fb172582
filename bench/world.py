"""What the benchmarks share: a private database, a hub on it, and persons that were invented in great numbers."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from hub.app import Hub, make_keys, migrate_all, open_hub
from hub.postgres import PrivatePostgres
from hub.settings import Settings

_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
GEMEENTE = "9001"
_HEADER = (
    "PERSOONSGEBONDENNUMMER;GESLACHTSNAAM;VOORNAMEN;GESLACHT;GEBOORTEDATUM;STRAATNAAM;HUISNUMMER;POSTCODE;WOONPLAATS;"
    "GEMEENTECODE;INDICATIEGEHEIM;INSTELLINGSCODE;VESTIGINGSCODE;ONDERWIJSSOORT;OPLEIDINGSCODE;DATUMINSCHRIJVING;"
    "DATUMUITSCHRIJVING;REDENUITVAL;STARTKWALIFICATIE\r\n"
)


def numbers(first: int = 900_000_000) -> Iterator[str]:
    """BSNs that pass the elfproef, from a range that is not issued to anyone in a test or demo of this project."""
    for number in itertools.count(first):
        digits = f"{number:09d}"
        if sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11 == 0:
            yield digits


def born(nth: int, year: int) -> tuple[int, int, int]:
    """A date of birth of somebody of 19 to 22 in `year`."""
    return year - 20 - nth % 3, 1 + nth % 12, 1 + nth % 28


def rows(bsns: Iterator[str], count: int, year: int) -> Iterator[bytes]:
    """Lines of a DUO-like list; everyone may go to the doorstroompunt and to Work & Income."""
    yield _HEADER.encode()
    for nth, bsn in enumerate(itertools.islice(bsns, count)):
        y, m, d = born(nth, year)
        yield (
            f"{bsn};Achternaam{nth % 977};Voornaam{nth % 331};V;{y:04d}{m:02d}{d:02d};Dorpsstraat;{1 + nth % 200};9001AB;"
            f"Aldermeer;{GEMEENTE};N;12AB;00;MBO;25655;{year - 1}0801;{year}0901;4;N\r\n"
        ).encode()


def message(bsn: str, nth: int, year: int) -> bytes:
    """One uitvalmelding as a partner posts it."""
    y, m, d = born(nth, year)
    return json.dumps(
        {
            "bsn": bsn,
            "geslachtsnaam": f"Achternaam{nth % 977}",
            "voornamen": f"Voornaam{nth % 331}",
            "geslacht": "V",
            "geboortedatum": f"{y:04d}-{m:02d}-{d:02d}",
            "straatnaam": "Dorpsstraat",
            "huisnummer": 1 + nth % 200,
            "postcode": "9001AB",
            "woonplaats": "Aldermeer",
            "gemeente": GEMEENTE,
            "indicatieGeheim": False,
            "brin": "12AB",
            "onderwijssoort": "mbo",
            "opleidingscode": "25655",
            "datumInschrijving": f"{year - 1}-08-01",
            "datumUitschrijving": f"{year}-09-01",
            "redenUitval": "4",
            "startkwalificatie": False,
        }
    ).encode()


@dataclass(frozen=True, slots=True)
class Result:
    """One line of `bench/results/latest.json`; `ratio` is ours over baseline, in the direction that `bar` speaks of."""

    name: str
    ours: float
    baseline: float
    ratio: float
    unit: str
    bar: str

    def __str__(self) -> str:
        return f"{self.name:<44}{self.ours:>12.1f}{self.baseline:>12.1f}{self.ratio:>8.2f}  {self.unit}  (bar: {self.bar})"


def say(text: str) -> None:
    """Progress, to standard error; results go to standard output."""
    sys.stderr.write(text + "\n")


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[Hub, PrivatePostgres, Settings]]:
    """A hub on a private PostgreSQL in `folder`, and empty copies of its databases named base and base_vault."""
    with PrivatePostgres(folder / "postgres") as postgres:
        urls = postgres.urls
        settings = settings_for(folder, postgres)
        make_keys(settings)
        await migrate_all(settings, urls)
        admin = await asyncpg.connect(postgres.url("postgres", "postgres").replace("+asyncpg", ""))
        await admin.execute("CREATE DATABASE base TEMPLATE hub OWNER hub_owner")
        await admin.execute("CREATE DATABASE base_vault TEMPLATE hub_vault OWNER hub_vault_owner")
        await admin.close()
        async with open_hub(settings, name="bench") as hub:
            await hub.put_policy_in_use()
            yield hub, postgres, settings


def settings_for(folder: Path, postgres: PrivatePostgres) -> Settings:
    """Settings of a hub on this server."""
    urls = postgres.urls
    os.environ.update(
        HUB_ENVIRONMENT="test",
        HUB_STATE=str(folder / "state"),
        HUB_DATABASE_URL=urls.database,
        HUB_VAULT_URL=urls.vault,
        HUB_MIGRATION_URL=urls.migration,
        HUB_VAULT_MIGRATION_URL=urls.vault_migration,
    )
    return Settings()


def plain(url: str) -> str:
    """The URL as asyncpg takes it."""
    return url.replace("+asyncpg", "")
