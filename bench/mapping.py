"""Parsing and mapping a DUO-like list: bytes of a CSV file to validated records, on one core; no database, nothing kept.

Baseline: what anybody would write who trusts every file: `csv.reader` over the decoded text, the same cells turned into the
same fields without a check of their own, and the same model's validation. It finds no torn row, tells no fault by its column,
keeps no raw row for quarantine, and reads no date but in one form. Rounds are interleaved, the median counts.
"""

from __future__ import annotations

import csv
import gc
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import orjson

import hub.connectors.duo_uitval
from bench.world import Result, numbers, rows, say
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.formats.csv import FORMAT
from hub.normalise import normalise
from hub.normalise.mapping import load_mapping

ROWS = 100_000
_PIECE = 64 * 1024
_MAPPING = load_mapping(Path(hub.connectors.duo_uitval.__file__).parent / "mapping.yaml")
_FIELDS = {
    "GESLACHTSNAAM": "geslachtsnaam",
    "VOORNAMEN": "voornamen",
    "GESLACHT": "geslacht",
    "STRAATNAAM": "straatnaam",
    "POSTCODE": "postcode",
    "WOONPLAATS": "woonplaats",
    "GEMEENTECODE": "gemeente",
    "INSTELLINGSCODE": "brin",
    "VESTIGINGSCODE": "vestigingscode",
    "OPLEIDINGSCODE": "opleidingscode",
    "REDENUITVAL": "redenUitval",
}


def ours(data: bytes) -> int:
    """As a poll does it: a first look, a second, and the records."""
    inspector = FORMAT.inspect(_MAPPING.columns, _MAPPING.required)
    for start in range(0, len(data), _PIECE):
        inspector.feed(data[start : start + _PIECE])
    reader = FORMAT.read(inspector.finish(), _MAPPING.columns)
    good = 0
    for start in range(0, len(data), _PIECE):
        records, _ = normalise(reader.feed(data[start : start + _PIECE]), _MAPPING)
        good += len(records)
    return good + len(normalise(reader.finish(), _MAPPING)[0])


def bare(data: bytes) -> int:
    """The csv reader and pydantic, and nothing else."""
    good = 0
    for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
        body: dict[str, object] = {field: row[name] for name, field in _FIELDS.items() if row[name]}
        body["bsn"] = row["PERSOONSGEBONDENNUMMER"]
        body["huisnummer"] = int(row["HUISNUMMER"])
        body["onderwijssoort"] = row["ONDERWIJSSOORT"].lower()
        body["indicatieGeheim"] = row["INDICATIEGEHEIM"] == "J"
        body["startkwalificatie"] = row["STARTKWALIFICATIE"] == "J"
        for name, field in (
            ("GEBOORTEDATUM", "geboortedatum"),
            ("DATUMINSCHRIJVING", "datumInschrijving"),
            ("DATUMUITSCHRIJVING", "datumUitschrijving"),
        ):
            day = row[name]
            body[field] = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        Uitvalmelding.model_validate_json(orjson.dumps(body))
        good += 1
    return good


async def run(rounds: int, count: int = ROWS) -> list[Result]:
    """Rows per second of processor time, and how much longer ours takes."""
    data = b"".join(rows(numbers(), count, 2026))
    gc.collect()
    gc.freeze()  # as the hub does when it opens, and with its thresholds
    gc.set_threshold(100_000, 20, 100)
    taken: dict[Callable[[bytes], int], list[float]] = {ours: [], bare: []}
    for number in range(rounds + 1):
        for work, times in taken.items():
            gc.collect()
            began = time.process_time()
            assert work(data) == count
            if number:  # the first round warms up
                times.append(time.process_time() - began)
    mine, base = (statistics.median(taken[work]) for work in (ours, bare))
    ratio = statistics.median(a / b for a, b in zip(taken[ours], taken[bare], strict=True))
    say(f"mapping: {count / mine:.0f} rows/s, bare {count / base:.0f} rows/s, {ratio:.2f} times as long")
    return [
        Result("parse and map a list, against bare", count / mine, count / base, ratio, "rows/s of one core", "time <= 2.5x"),
        Result("parse and map a list", count / mine, 50_000, count / mine / 50_000, "rows/s of one core", ">= 50,000"),
    ]
