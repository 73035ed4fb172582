"""No number of a person anywhere: not in a file of the databases, not in a log, not in what is handed out about persons' data.

Looked for as it is, backwards, encoded, and as any digest that anybody could work out without a key.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.personal import Onderwijsnummer
from hub.domain.terms import LogId
from hub.postgres import PrivatePostgres, Urls
from hub.protect.keys import KeyRing
from hub.protect.vault import Vault
from tests import canary
from tests.e2e.rig import DESK, DUO, SCHOOL, WORK, Rig, a_rig, admit_partners, message, row, until

NUMBERS = [*itertools.islice(canary.numbers(), 20), *itertools.islice(canary.numbers(Onderwijsnummer), 3)]
DIGESTED = (NUMBERS[0], NUMBERS[10], NUMBERS[16])
"""One that is passed on, one that waits in quarantine, one that came as a message."""
KINDS = ("md5", "sha1", "sha256", "sha512", "blake2b")


def _encoded(raw: bytes) -> list[bytes]:
    texts = [raw.hex().encode(), raw.hex().upper().encode()]
    return [*texts, *(encode(raw).rstrip(b"=") for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode))]


def plain(number: str) -> list[bytes]:
    """The number as it is, backwards, and encoded."""
    return [number.encode(), number.encode()[::-1], number.encode("utf-16-le"), *_encoded(number.encode())]


def digests(number: str) -> list[bytes]:
    """Every digest of it that anybody could work out, raw and encoded."""
    raws = [hashlib.new(kind, number.encode()).digest() for kind in KINDS]
    return [shape for raw in raws for shape in (raw, *_encoded(raw))]


def _beginning(alike: Sequence[bytes]) -> bytes:
    """What all of them begin with."""
    first, last = min(alike), max(alike)
    return first[: next((at for at, byte in enumerate(first) if byte != last[at]), len(first))]


def _stems() -> dict[bytes, set[tuple[int, bytes]]]:
    """What to look for first: the part that the numbers have in common, with where the whole of each begins from there."""
    stems: dict[bytes, set[tuple[int, bytes]]] = {}
    for alike in zip(*map(plain, NUMBERS), strict=True):
        start = _beginning(alike)
        end = _beginning([shape[::-1] for shape in alike])[::-1]
        stem = max(start, end, key=len)
        stems.setdefault(stem, set()).update((0 if stem == start else len(stem) - len(shape), shape) for shape in alike)
    for number in DIGESTED:
        stems |= {shape: {(0, shape)} for shape in digests(number)}
    return stems


STEMS = _stems()


def found_in(places: Iterable[Path]) -> list[tuple[Path, int]]:
    """The files that hold a canary, each with the first place."""
    found: list[tuple[Path, int]] = []
    for path in files(places):
        content = path.read_bytes()
        at = [place for stem, shapes in STEMS.items() for place in _whole(content, stem, shapes)]
        found += [(path, min(at))] if at else []
    return found


def _whole(content: bytes, stem: bytes, shapes: set[tuple[int, bytes]]) -> Iterator[int]:
    at = content.find(stem)
    while at >= 0:
        if (
            place := next((at + back for back, shape in shapes if content.startswith(shape, max(0, at + back))), None)
        ) is not None:
            yield place
            return
        at = content.find(stem, at + 1)


def files(places: Iterable[Path]) -> Iterator[Path]:
    """All files at and below these places."""
    for place in places:
        yield from ([place] if place.is_file() else (path for path in sorted(place.rglob("*")) if path.is_file()))


def work(rig: Rig) -> dict[str, list[str]]:
    """A day of work: a list and messages, good and bad, twice, refused and fetched; gives what recipients got."""
    bsns = NUMBERS[:20]
    lines = [row(number) for number in bsns[:10]]
    lines += [row(bsns[10], GEMEENTECODE="9999"), row(bsns[11], GEBOORTEDATUM="x"), f"{bsns[12]};x", row("9" + bsns[13])]
    lines += [row(bsns[0]), row(bsns[14], INDICATIEGEHEIM="J", OPMERKING=f"bel {bsns[15]}"), row(NUMBERS[20])]
    duo, school, desk, people = (rig.caller(party) for party in (DUO, SCHOOL, DESK, WORK))
    rig.put(f"lijst-{bsns[1]}.csv", lines)
    rig.start("serve-1", "serve")
    rig.start("worker-1", "worker")
    rig.await_servers()
    for number in bsns[16:]:
        content = message(number, opmerking=f"bel {number}")
        for party, other in ((duo, {}), (duo, {}), (school, {}), (duo, {"overlijdensdatum": "2026-10-01"})):
            assert (
                party.call("POST", "/v1/uitvalmeldingen", {**content, **other}, f"sleutel-{number}-{len(other)}").status_code
                == 201
            )
        wrong: list[dict[str, object]] = [{"bsn": f"{number}0"}, {number: number}, {"gemeente": number}, {"bsn": int(number)}]
        for other in wrong:
            assert duo.call("POST", "/v1/uitvalmeldingen", {**content, **other}).status_code in (400, 422)
        duo.call("GET", f"/v1/bezorgingen/{number}?bsn={number}")
        duo.call("POST", f"/v1/uitvalmeldingen?bsn={number}", content)
    until("the list is taken", lambda: not list(rig.outbox.glob("*.csv")))
    desk.fetch(5)
    ids = desk.fetch(500)
    desk.acknowledge(ids[: len(ids) // 2])
    people.drain()
    return {str(each.party): sorted(one["inhoud"].get("bsn", "") for one in each.fetched.values()) for each in (desk, people)}


def speak(rig: Rig) -> None:
    """Young people say things, well and badly put, before and after something was delivered; and decisions are asked about."""
    school, duo, desk = (rig.caller(party) for party in (SCHOOL, DUO, DESK))
    to_coach: dict[str, Any] = {"doelen": ["vrijwillige-coaching"], "partijen": ["zorgaanbieder-rietzorg"]}
    shown = {"naam": "uitleg", "versie": "1", "sha256": "ab" * 32}
    for number in NUMBERS[16:20]:
        plain_no = {"handeling": "vastleggen", "bsn": number, "soort": "bezwaar", "stem": "jongere", "wijze": "balie"}
        yes = {**plain_no, "soort": "toestemming", **to_coach, "geboortedatum": "2005-05-04", "tekst": shown}
        parent = {"stem": "ouder", "machtiging": {"soort": "ouderlijk-gezag", "kenmerk": f"gezag {number}"}}
        for content, status in (
            (yes, 201),
            ({**yes, **parent, "geboortedatum": "2012-05-04"}, 201),
            ({**yes, **to_coach, "handeling": "intrekken"}, 201),
            (plain_no, 201),
            ({**plain_no, "handeling": "intrekken"}, 201),
            ({**yes, **parent, "machtiging": {"soort": "ouderlijk-gezag", "kenmerk": ""}}, 400),
            ({**yes, "partijen": [f"partij-{number}"]}, 400),
            ({**yes, "doelen": [number]}, 400),
            ({**yes, "gezegdOp": number}, 400),
            ({**yes, "gezegdOp": "1960-01-01"}, 400),
            ({**plain_no, "gezegdOp": "1960-01-01"}, 400),
            ({**plain_no, number: number}, 400),
            ({**plain_no, "stem": "school"}, 403),
            ({**plain_no, "bsn": int(number)}, 400),
            ({**plain_no, "bsn": f"{number[:8]}{(int(number[8]) + 1) % 10}"}, 400),
        ):
            answer = school.call("POST", "/v1/verklaringen", content)
            assert (answer.status_code, number in answer.text) == (status, False), answer.text
        assert duo.call("POST", "/v1/verklaringen", {**yes, "partijen": ["duo"]}).status_code == 403
        ask = {
            "subject": {"type": "partij", "id": str(DESK)},
            "action": {"name": "begeleiding-doorstroompunt"},
            "resource": {
                "type": "uitvalmelding",
                "id": "naamloos",
                "properties": {"elementen": ["bsn"], "feiten": {"datum_diploma": "9999-12-31", "onderwijssoort": "mbo"}},
            },
            "context": {"pad": [str(DUO), str(DESK)]},
        }
        wrong: list[Any] = [
            {**ask, "subject": {"type": "partij", "id": number}},
            {**ask, "resource": {"type": "uitvalmelding", "id": number, "properties": {}}},
            {**ask, number: number},
            {**ask, "context": {"pad": [number, number], "time": number}},
            [number],
        ]
        for path in ("/v1/access/evaluation", "/v1/access/evaluations"):
            assert duo.call("POST", path, ask).status_code == 200
            for content in wrong:
                answer = duo.call("POST", path, content)
                assert (answer.status_code, number in answer.text) == (400, False), answer.text
        for content in ({"antwoord": number}, {number: number}, {"antwoord": "ontvangen", "doorgegevenAan": [number]}):
            path = "/v1/berichten/00000000-0000-4000-8000-000000000001/antwoord"
            answer = desk.call("POST", path, content)
            assert (answer.status_code, number in answer.text) == (400, False), answer.text
    assert desk.call("GET", "/v1/berichten").status_code == 200


@pytest.mark.timeout(120)
async def test_no_number_lies_anywhere_when_all_is_done(
    postgres: PrivatePostgres, database_urls: Urls, engine: AsyncEngine, tmp_path: Path
) -> None:
    await admit_partners(engine)
    admin = await asyncpg.connect(
        postgres.url("postgres", database_urls.database.rpartition("/")[2]).replace("+asyncpg", ""), ssl=False
    )
    began = await admin.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
    with a_rig(tmp_path, database_urls) as rig:
        got = await asyncio.to_thread(work, rig)
        await asyncio.to_thread(speak, rig)
        assert set(NUMBERS[:10]) < set(got[DESK]), "the numbers did pass through"
        said = [
            await asyncio.to_thread(rig.run, *command)
            for command in (
                ("audit", "export", str(tmp_path / "export")),
                ("admin", "status", "--json"),
                ("connector", "runs", "--json"),
                ("admin", "partner", "list", "--json"),
            )
        ]
        assert all(each.returncode == 0 for each in said), [each.stderr for each in said]
        (tmp_path / "said.log").write_text("".join(each.stdout + each.stderr for each in said))
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch("SELECT quarantine_id, sealed FROM receive_quarantine")
    vault = Vault(engine, KeyRing.load(tmp_path / "state/keyring.json"), LogId("hub"), lambda count: bytes(count))
    kept = b" ".join(vault.open_row(row["sealed"], row["quarantine_id"].bytes) for row in rows)
    assert len(rows) == 4
    assert NUMBERS[10].encode() in kept, "what could not be read is kept, sealed"

    try:
        await admin.execute("CHECKPOINT")
        oids = await admin.fetch(
            "SELECT oid FROM pg_database WHERE datname = ANY($1)",
            [url.rpartition("/")[2] for url in (database_urls.database, database_urls.vault)],
        )
        data = postgres.directory / "data"
        databases = [data / "base" / str(row[0]) for row in oids]

        def written() -> list[Path]:
            return [path for path in sorted((data / "pg_wal").iterdir()) if path.is_file() and path.name >= began]

        places = [*databases, *written(), postgres.log, tmp_path / "state", tmp_path / "export", tmp_path / "said.log"]
        places += [tmp_path / "serve-1.log", tmp_path / "worker-1.log"]
        looked = list(files(places))
        assert len(looked) > 500
        assert {"serve-1.log", "worker-1.log"} <= {path.name for path in looked}
        assert found_in(places) == []

        # The test of the test: put one where each kind of place is, and it is found.
        await admin.execute("CREATE TABLE planted AS SELECT $1::text AS value".replace("$1", f"'{NUMBERS[0]}'"))
        await admin.execute("CHECKPOINT")
        planted = {path.parent for path, _ in found_in([*written(), *databases])}
        assert planted == {data / "pg_wal", databases[0]} or planted == {data / "pg_wal", databases[1]}
    finally:
        await admin.close()


@pytest.mark.parametrize("shape", [*plain(NUMBERS[0]), *plain(NUMBERS[22]), *digests(NUMBERS[0])])
def test_a_planted_number_is_found_in_every_shape(tmp_path: Path, shape: bytes) -> None:
    (tmp_path / "planted.log").write_bytes(b"x" * 5000 + shape + b"x" * 5000)
    assert found_in([tmp_path]) == [(tmp_path / "planted.log", 5000)]


def test_what_is_keyed_is_not_taken_for_a_number(tmp_path: Path) -> None:
    (tmp_path / "fine.log").write_text(json.dumps({"ref": "01a19c21-7200-7000-a44a-217238445433", "us": 1_793_620_800_000_000}))
    assert found_in([tmp_path]) == []
