"""Nothing that identifies anywhere: not in a file or dump of the databases, not in a log, not in what is handed out.

Numbers, names, days of birth and addresses are looked for as they are, backwards, encoded, and as any digest that anybody could
work out without a key.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.app import Hub, open_hub
from hub.archive.reading import Period
from hub.archive.service import Form
from hub.console.officer.telling import Teller
from hub.db import transaction
from hub.domain.personal import Onderwijsnummer
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros
from hub.operations import export_log, exports_of
from hub.postgres import PrivatePostgres, Urls
from hub.rights.answer import SearchReason
from hub.rights.erasure.model import Ground
from hub.rights.person import Persons
from hub.settings import Settings
from tests import canary
from tests.e2e.rig import DESK, DUO, SCHOOL, WORK, Rig, a_rig, admit_partners, message, row, until
from tests.traces import AROUND, Traces, digests, files, opened, plain, said

NUMBERS = [*itertools.islice(canary.numbers(), 20), *itertools.islice(canary.numbers(Onderwijsnummer), 3)]
BORN, POSTCODE, HOUSE = "2004-02-29", "9998ZX", 80808
VALUES = (*NUMBERS, canary.NAME, BORN, f";{BORN.replace('-', '')};", POSTCODE)
DIGESTED = (NUMBERS[0], NUMBERS[10], NUMBERS[16], NUMBERS[20], canary.NAME, BORN, f"{POSTCODE}{HOUSE}", f"{POSTCODE} {HOUSE}")
"""Of the numbers: one that is passed on, one that waits in quarantine, one that came as a message, an onderwijsnummer."""
TRACES = Traces(VALUES, DIGESTED)
OFFICER = Staff(StaffId("m-00000000000000aa"), "Verzonnen Functionaris", frozenset({Role.privacy_officer}))
DECIDER = Staff(StaffId("m-00000000000000bb"), "Verzonnen Beslisser", frozenset({Role.decision_maker}))
LATER = 60 * 366 * 24 * 3_600_000_000
"""Long enough that no recipient may hold anything any more."""


def work(rig: Rig) -> dict[str, list[str]]:
    """A day of work: a list and messages, good and bad, twice, refused and fetched; gives what recipients got."""
    bsns = NUMBERS[:20]
    named = {"GESLACHTSNAAM": canary.NAME, "GEBOORTEDATUM": BORN.replace("-", "")}
    lines = [row(number, **named) for number in bsns[:10]]
    lines += [
        row(bsns[10], **{**named, "GEMEENTECODE": "9999"}),
        row(bsns[11], GEBOORTEDATUM="x"),
        f"{bsns[12]};x",
        row("9" + bsns[13]),
    ]
    lines += [row(bsns[0]), row(bsns[14], INDICATIEGEHEIM="J", OPMERKING=f"bel {bsns[15]}"), row(NUMBERS[20])]
    duo, school, desk, people = (rig.caller(party) for party in (DUO, SCHOOL, DESK, WORK))
    rig.put(f"lijst-{bsns[1]}.csv", lines)
    rig.start("serve-1", "serve")
    rig.start("worker-1", "worker")
    rig.await_servers()
    for number in bsns[16:]:
        lives = {"geslachtsnaam": canary.NAME, "geboortedatum": BORN, "postcode": POSTCODE, "huisnummer": HOUSE}
        content = message(number, opmerking=f"bel {number}", **lives)
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


async def hand_out(hub: Hub, into: Path) -> None:
    """Somebody is searched, and everything that the hub hands out is handed out, in every form."""
    into.mkdir()  # noqa: ASYNC240  # nobody waits for it
    exports = exports_of(hub)
    await export_log(hub, into / "log")
    with (into / "log.zip").open("wb") as target:
        await exports.archive(target)
    for form in Form:
        with (into / f"log.{form.value}").open("wb") as target:
            await exports.write(form, Period(None, None), target, peers={hub.operator: "00000099000000000001"})
    answer = await Persons(hub.log, hub.search, hub.notes, hub.people).search(NUMBERS[1], SearchReason.inzage, OFFICER)
    assert answer.checked
    telling = Teller(SimpleNamespace(log=hub.log, policy=hub.policy))  # type: ignore[arg-type]
    (into / "letter.pdf").write_bytes(await exports.letter(answer, telling, by=OFFICER.staff_id))
    (into / "person.key").write_bytes(await hub.person_keys.give(NUMBERS[1], SearchReason.inzage, OFFICER))
    for packed in ("log.zip", "log.xlsx", "log.pdf", "letter.pdf"):
        opened(into / packed, into / f"{packed}-opened")
    assert "Wie kreeg gegevens over u" in (into / "letter.pdf-opened/text").read_text()


async def forget(hub: Hub) -> None:
    """The first of the list is forgotten, as if it were long after."""

    class Later:
        def now_us(self) -> Micros:
            return Micros(hub.clock.now_us() + LATER)

    forgetting = replace(hub.forgetting, notes=replace(hub.notes, clock=Later()))
    asked = await forgetting.ask(NUMBERS[1], Ground.term, OFFICER)
    await forgetting.order(asked.erasure_id, DECIDER)


async def dump(url: str, into: Path) -> list[str]:
    """Every table of that database as text, bytes in hexadecimal; gives their names."""
    into.mkdir()  # noqa: ASYNC240  # nobody waits for it
    connection = await asyncpg.connect(url, ssl=False)
    try:
        names = [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        for name in names:
            await connection.copy_from_query(f'SELECT * FROM "{name}"', output=into / name)
    finally:
        await connection.close()
    return names


@pytest.mark.timeout(120)
async def test_nothing_of_a_person_lies_anywhere_when_all_is_done(
    postgres: PrivatePostgres, database_urls: Urls, engine: AsyncEngine, tmp_path: Path
) -> None:
    await admit_partners(database_urls, tmp_path)
    main, vault = (url.rpartition("/")[2] for url in (database_urls.database, database_urls.vault))

    def address(name: str) -> str:
        return postgres.url("postgres", name).replace("+asyncpg", "")

    admin = await asyncpg.connect(address(main), ssl=False)
    began = await admin.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
    with a_rig(tmp_path, database_urls) as rig:
        got = await asyncio.to_thread(work, rig)
        await asyncio.to_thread(speak, rig)
        assert set(NUMBERS[:10]) < set(got[DESK]), "the numbers did pass through"
        desk = rig.caller(DESK)
        await asyncio.to_thread(desk.fetch, 500)
        if theirs := [ref for ref, one in desk.fetched.items() if one["inhoud"].get("bsn") == NUMBERS[1]]:
            await asyncio.to_thread(desk.acknowledge, theirs)
        told = [
            await asyncio.to_thread(rig.run, *command, **given)
            for command, given in (
                (("admin", "status", "--json"), {}),
                (("connector", "runs", "--json"), {}),
                (("rights", "complete", "--reason", SearchReason.inzage.value), {"STDIN": f"{NUMBERS[2]}\n"}),
                (("rights", "forget", "ask", "--ground", "niet-meer-nodig"), {"STDIN": f"{NUMBERS[3]}\n"}),
            )
        ]
        assert all(each.returncode == 0 for each in told), [each.stderr for each in told]
        (tmp_path / "said.log").write_text("".join(each.stdout + each.stderr for each in told))
    settings = Settings(
        environment="test",
        state=tmp_path / "state",
        database_url=SecretStr(database_urls.database),
        vault_url=SecretStr(database_urls.vault),
    )
    async with open_hub(settings) as hub:
        await hub.put_policy_in_use()
        await hand_out(hub, tmp_path / "handed")
        await forget(hub)
        await export_log(hub, tmp_path / "afterwards")
        async with transaction(engine) as connection:
            rows = await connection.raw.fetch("SELECT quarantine_id, sealed FROM receive_quarantine")
        kept = b" ".join(hub.vault.open_row(row["sealed"], row["quarantine_id"].bytes) for row in rows)
    assert len(rows) == 4
    assert NUMBERS[10].encode() in kept, "what could not be read is kept, sealed"

    try:
        assert {"audit_entry", "deliver_outbox"} <= set(await dump(address(main), tmp_path / "dump"))
        assert "vault_key" in await dump(address(vault), tmp_path / "dump-vault")
        await admin.execute("CHECKPOINT")
        oids = await admin.fetch("SELECT oid FROM pg_database WHERE datname = ANY($1)", [main, vault])
        data = postgres.directory / "data"
        databases = [data / "base" / str(row[0]) for row in oids]

        def written() -> list[Path]:
            return [path for path in sorted((data / "pg_wal").iterdir()) if path.is_file() and path.name >= began]

        places = [
            *databases,
            *written(),
            postgres.log,
            tmp_path / "said.log",
            tmp_path / "serve-1.log",
            tmp_path / "worker-1.log",
        ]
        places += [tmp_path / name for name in ("state", "handed", "afterwards", "dump", "dump-vault")]
        looked = {path.name for path in files(places)}
        assert len(looked) > 300
        assert {"serve-1.log", "worker-1.log", "forgotten", "high-water", "vault_key", "person.key"} <= looked
        assert TRACES.found_in(places) == []

        # The test of the test: put one where each kind of place is, and it is found.
        planted = hashlib.sha256(f"bsn:{NUMBERS[0]}".encode()).digest()
        await admin.execute(
            f"CREATE TABLE planted AS SELECT '{NUMBERS[0]}'::text AS value, '\\x{planted.hex()}'::bytea AS digest"
        )
        await admin.execute("CHECKPOINT")
        places = [*databases, *written()]
        assert {path.parent for path, _ in TRACES.found_in(places)} in ({data / "pg_wal", one} for one in databases)
    finally:
        await admin.close()


def test_what_is_planted_is_found_in_every_shape(tmp_path: Path) -> None:
    """Each in a file of its own; one look finds them all, and nothing else."""
    shapes = {shape for value in VALUES for each in said(value) for shape in plain(each)}
    shapes |= {shape for value in DIGESTED for shape in digests(value, AROUND[:5])}
    shapes |= set(digests(NUMBERS[16]))
    for at, shape in enumerate(sorted(shapes)):
        (tmp_path / f"{at:05d}").write_bytes(b"\0x" * 50 + shape + b"\xffx" * 50)
    (tmp_path / "fine").write_text(json.dumps({"ref": "01a19c21-7200-7000-a44a-217238445433", "us": 1_793_620_800_000_000}))
    found = {path.name for path, _ in TRACES.found_in([tmp_path])}
    assert [at for at in range(len(shapes)) if f"{at:05d}" not in found] == []
    assert "fine" not in found


def test_what_is_packed_is_looked_through(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "log.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("tile/entries/000", f"x{NUMBERS[0]}x" * 9)
    assert TRACES.found_in([tmp_path / "log.zip"]) == []
    assert len(TRACES.found_in([opened(tmp_path / "log.zip", tmp_path / "log")])) == 1
