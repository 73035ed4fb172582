"""Files over a real SFTP server into a real PostgreSQL: each once, every row of it, wherever the run breaks off."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import Endpoint, FileSource
from hub.db import transaction
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Received, Row
from hub.domain.terms import ConnectorId, LogId, Micros, PartyId
from hub.errors import Conflict, Misconfigured, Retry
from hub.formats.agreed import ColumnMapping
from hub.formats.csv import FORMAT
from hub.normalise import normalise
from hub.normalise.mapping import compile_mapping
from hub.ports import Admitted, Intake, RecordMapping, SealedRow, Tally
from hub.receive.drop import Drops, Instance, Outcome, RunReport
from hub.receive.drop.store import DropStore
from hub.transports.sftp import connect
from tests.hostile.read import MAPPING, file, line

DUO, LOG, CONNECTOR = PartyId("duo"), LogId("regio"), ConnectorId("duo-uitval")
ROOT = Path(__file__).resolve().parents[2]
DUO_TEXT = (ROOT / "hub/connectors/duo_uitval/mapping.yaml").read_text(encoding="utf-8")


def keyed(label: str, data: bytes) -> bytes:
    return hmac.digest(b"test key", label.encode() + b"\0" + data, hashlib.sha256)


def other_than(endpoint: Endpoint, **change: Any) -> Endpoint:
    """The same with an option, a credential (None takes it away) or the address changed."""
    options, held = dict(endpoint.options), dict(endpoint.credentials)
    for name, value in change.items():
        if name in ("known_hosts", "private_key", "password"):
            held[name] = value
        elif name != "address":
            options[name] = value
    kept = {name: value for name, value in held.items() if value is not None}
    return Endpoint(change.get("address", endpoint.address), options, kept, endpoint.timeout_s)


@dataclass
class Server:
    """A sender's server, and what lies in its folder."""

    home: Path
    port: int

    @property
    def endpoint(self) -> Endpoint:
        known, key = (self.home / "known_hosts").read_bytes(), (self.home / "client_key").read_bytes()
        return Endpoint(
            f"sftp://127.0.0.1:{self.port}",
            {"username": "hub", "folder": "/uit"},
            {"known_hosts": known, "private_key": key},
            10,
        )

    def put(self, name: str, data: bytes) -> None:
        (self.home / "data/uit" / name).write_bytes(data)

    def names(self, folder: str = ".") -> list[str]:
        place = self.home / "data/uit" / folder
        return sorted(each.name for each in place.iterdir() if each.is_file()) if place.is_dir() else []


@pytest.fixture(scope="module")
async def process(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    home = tmp_path_factory.mktemp("sender")
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ops.demo.sftp_server", str(home), "--port-file", str(home / "port"), cwd=ROOT
    )
    try:
        async with asyncio.timeout(20):
            while not (home / "port").exists():
                assert running.returncode is None
                await asyncio.sleep(0.02)
        yield Server(home, int((home / "port").read_text()))
    finally:
        running.send_signal(signal.SIGTERM)
        await running.wait()


@pytest.fixture
def server(process: Server) -> Server:
    for each in sorted((process.home / "data/uit").rglob("*"), reverse=True):
        each.rmdir() if each.is_dir() else each.unlink()
    return process


@dataclass
class Clock:
    now: int = 1_790_000_000_000_000

    def now_us(self) -> Micros:
        return Micros(self.now)


class Broken(Exception):
    """The process dies here."""


@dataclass
class DurableWay:
    """Admits as the route does, in one transaction with the door's own rows; remembers what became durable."""

    engine: AsyncEngine
    accepted: list[int] = field(default_factory=list)
    breaks: Callable[[str], None] = lambda _: None

    async def admit_list(
        self, chunks: AsyncIterator[Received], mapping: RecordMapping, intake: Intake, /
    ) -> AsyncIterator[Admitted]:
        async for received in chunks:
            self.breaks("before commit")
            records, rejected = normalise(received.rows, mapping)
            tally = Tally(len(records), len(rejected), 0)
            sealed = [SealedRow(uuid4(), each.row.number, each.faults, b"sealed", 1) for each in rejected]
            async with transaction(self.engine) as connection:
                for claim in intake.claims(received, tally):
                    done = await connection.raw.execute(claim.statement, *map(list, zip(*claim.rows, strict=True)))
                    if done != f"UPDATE {len(claim.rows)}":
                        raise Conflict("Someone was first.")
                for rows in intake.keep(received, sealed):
                    await connection.copy(rows.table, rows.columns, rows.rows)
                self.breaks("in commit")
            self.accepted += [each.row.number for each in records]
            self.breaks("after commit")
            yield Admitted(received.request_id, tally, (), {}, None)


class Fragile:
    """A file source that breaks where it is told."""

    def __init__(self, inner: FileSource, breaks: Callable[[str], None]) -> None:
        self._inner, self._breaks = inner, breaks

    async def list(self, folder: str = ".") -> object:
        self._breaks("list")
        return await self._inner.list(folder)

    async def stat(self, name: str) -> object:
        self._breaks("stat")
        return await self._inner.stat(name)

    async def read(self, name: str, offset: int = 0) -> AsyncIterator[bytes]:
        self._breaks("open")
        async with contextlib.aclosing(self._inner.read(name, offset)) as blocks:
            async for block in blocks:
                self._breaks("block")
                yield block

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        self._breaks("before move")
        moved = await self._inner.move(name, folder, suffix, marked=marked)
        self._breaks("after move")
        return moved

    async def close(self) -> None:
        await self._inner.close()


@dataclass
class Rig:
    """One worker. `polls` polls twice, with rest enough between for a file to count as whole."""

    server: Server
    engine: AsyncEngine
    clock: Clock = field(default_factory=Clock)
    breaks: Callable[[str], None] = lambda _: None
    mapping: ColumnMapping = MAPPING

    def __post_init__(self) -> None:
        self.way = DurableWay(self.engine, breaks=lambda where: self.breaks(where))

        async def fragile() -> FileSource:
            return Fragile(await connect(self.server.endpoint), lambda where: self.breaks(where))  # type: ignore[return-value]

        async def in_use() -> ColumnMapping:
            return self.mapping

        store = DropStore(self.engine, LOG, DUO, CONNECTOR)
        instance = Instance(CONNECTOR, DUO, LOG)
        self.drops = Drops(instance, fragile, FORMAT, in_use, self.way, store, keyed, self.clock, os.urandom)  # type: ignore[arg-type]

    async def polls(self) -> RunReport:
        await self.drops.poll_once()
        self.clock.now += 60_000_000
        return await self.drops.poll_once()


@pytest.fixture
def rig(server: Server, engine: AsyncEngine) -> Rig:
    return Rig(server, engine)


async def drop_rows(engine: AsyncEngine) -> list[dict[str, object]]:
    async with transaction(engine) as connection:
        return [dict(row) for row in await connection.raw.fetch("SELECT * FROM receive_drop ORDER BY drop_id")]


async def quarantined(engine: AsyncEngine) -> list[int]:
    async with transaction(engine) as connection:
        found = await connection.raw.fetch("SELECT row_number FROM receive_quarantine ORDER BY row_number")
    return [row[0] for row in found]


def many(rows: int) -> bytes:
    """Rows of which every tenth cannot be read, the first of these on line 11."""
    return file(*(line(1, GEBOORTEDATUM="00000000") if n % 10 == 0 else line(1) for n in range(1, rows + 1)))


async def test_a_file_is_taken_once_it_is_at_rest(rig: Rig) -> None:
    rig.server.put("lijst.csv", many(600))
    first = await rig.drops.poll_once()
    assert (first.waiting, first.files) == (1, ())
    again = await rig.drops.poll_once()
    assert (again.waiting, again.files) == (1, ()), "the same, but not for long enough"
    rig.clock.now += 60_000_000
    (report,) = (await rig.drops.poll_once()).files
    assert (report.outcome, report.rows, report.accepted, report.quarantined) == (Outcome.done, 600, 540, 60)
    assert (rig.server.names(), rig.server.names("verwerkt")) == ([], ["lijst.csv"])
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["rows_done"], row["rows_total"]) == ("done", 601, 601)
    assert (row["accepted"], row["quarantined"], row["duplicate"]) == (540, 60, 0)
    assert await quarantined(rig.engine) == list(range(11, 602, 10))


async def test_a_file_that_grows_is_left_alone(rig: Rig) -> None:
    for rows in (1, 2, 3):
        rig.server.put("lijst.csv", many(rows))
        assert (await rig.drops.poll_once()).files == ()
        rig.clock.now += 60_000_000


async def test_a_file_in_parts_waits_for_all_of_them(rig: Rig) -> None:
    rig.server.put("lijst.deel2van2.csv", many(3))
    assert (await rig.polls()).waiting == 1
    assert (await rig.polls()).files == ()
    rig.server.put("lijst.deel1van2.csv", many(2))
    report = await rig.polls()
    assert (report.waiting, [file.accepted for file in report.files]) == (0, [2, 3])
    assert rig.server.names("verwerkt") == ["lijst.deel1van2.csv", "lijst.deel2van2.csv"]


async def test_what_is_no_delivery_is_left_alone(rig: Rig) -> None:
    for name in (".lijst.csv", "lijst.csv.part", "lijst.tmp", "lijst.csv.filepart", "lijst.txt"):
        rig.server.put(name, many(1))
    (rig.server.home / "data/uit/map.csv").mkdir()
    report = await rig.polls()
    assert (report.waiting, report.files) == (0, ())
    assert await drop_rows(rig.engine) == []


async def test_the_same_bytes_again_are_known_and_only_moved(rig: Rig) -> None:
    for name in ("een.csv", "een.csv", "twee.csv"):
        rig.server.put(name, many(3))
        await rig.polls()
    assert rig.way.accepted == [2, 3, 4]
    assert len(rig.server.names("verwerkt")) == 3
    assert len(await drop_rows(rig.engine)) == 1


async def test_a_file_that_cannot_be_read_is_kept_and_says_why(rig: Rig) -> None:
    rig.server.put("leeg.csv", b"")
    (report,) = (await rig.polls()).files
    assert (report.outcome, report.reason) == (Outcome.refused, "BESTAND_LEEG")
    (name,) = rig.server.names("afgekeurd")
    assert re.fullmatch(r"leeg\.[0-9a-f]{8}\.csv", name), "its name tells which file it is"
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["reason"]) == ("refused", "BESTAND_LEEG")


async def test_a_file_of_which_no_end_is_in_sight_is_refused_unread(rig: Rig) -> None:
    """A sparse file costs its sender nothing, and would keep the worker reading for days."""
    rig.server.put("groot.csv", many(1))
    os.truncate(rig.server.home / "data/uit/groot.csv", 1 << 40)
    rig.server.put("lijst.csv", many(3))
    async with asyncio.timeout(20):
        reports = (await rig.polls()).files
    assert {(each.outcome, each.reason) for each in reports} == {(Outcome.refused, "BESTAND_TE_GROOT"), (Outcome.done, None)}
    assert (len(rig.server.names("afgekeurd")), rig.server.names("verwerkt")) == (1, ["lijst.csv"])


async def test_a_file_that_goes_on_beyond_its_size_is_left_for_another_look(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(*_: object) -> AsyncIterator[bytes]:
        while True:
            yield many(1)

    monkeypatch.setattr(Fragile, "read", endless)
    rig.server.put("lijst.csv", many(3))
    async with asyncio.timeout(20):
        (report,) = (await rig.polls()).files
    assert (report.outcome, rig.server.names()) == (Outcome.changed, ["lijst.csv"])


class Wrong:
    """A mapping that asks for a column that no file has."""

    version, columns, required = "wrong/1", MAPPING.columns, MAPPING.required | {"ANDERS"}
    ignored, tree, reads = MAPPING.ignored, MAPPING.tree, MAPPING.reads

    def read(self, row: Row, /) -> Uitvalmelding:
        raise AssertionError("a refused file has no rows")


async def refuse(rig: Rig, data: bytes = many(20)) -> UUID:
    """A file that the wrong mapping refuses, and its id."""
    rig.server.put("lijst.csv", data)
    rig.mapping = Wrong()
    (report,) = (await rig.polls()).files
    assert (report.outcome, report.reason) == (Outcome.refused, "KOP_ONBEKEND")
    assert report.drop_id is not None
    return report.drop_id


async def ask_again(rig: Rig, drop_id: UUID) -> None:
    async with transaction(rig.engine) as connection:
        await connection.raw.execute("UPDATE receive_drop SET state = 'again' WHERE drop_id = $1", drop_id)


async def test_a_refused_file_that_comes_again_is_taken_once_the_mapping_is_mended(rig: Rig) -> None:
    await refuse(rig)
    rig.mapping = MAPPING
    folder = rig.server.home / "data/uit"
    (name,) = rig.server.names("afgekeurd")
    (folder / "afgekeurd" / name).rename(folder / "lijst.csv")
    (report,) = (await rig.polls()).files
    assert (report.outcome, report.rows) == (Outcome.done, 20)
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["reason"], row["accepted"], row["quarantined"]) == ("done", None, 18, 2)


@pytest.mark.parametrize("name", [None, "lijst.csv", "van vroeger"])
async def test_a_refused_file_is_fetched_back_when_it_is_asked_for(rig: Rig, name: str | None) -> None:
    """Under the mark in its name, or what it is called: what is in it tells."""
    drop_id = await refuse(rig)
    rig.mapping = MAPPING
    refused = rig.server.home / "data/uit/afgekeurd"
    (refused / "ander.csv").write_bytes(many(3))
    if name is not None:
        (refused / rig.server.names("afgekeurd")[1]).rename(refused / name)
    await ask_again(rig, drop_id)
    (report,) = (await rig.drops.poll_once()).files
    assert (report.drop_id, report.outcome, report.rows) == (drop_id, Outcome.done, 20)
    assert rig.server.names("afgekeurd") == ["ander.csv"], "nobody asked for the other"
    assert rig.server.names("verwerkt") == [name or "lijst.csv"]
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["accepted"], row["quarantined"]) == ("done", 18, 2)


async def test_a_file_that_still_cannot_be_read_is_refused_anew(rig: Rig) -> None:
    drop_id = await refuse(rig)
    marked = rig.server.names("afgekeurd")
    await ask_again(rig, drop_id)
    (report,) = (await rig.drops.poll_once()).files
    assert (report.drop_id, report.outcome, report.reason) == (drop_id, Outcome.refused, "KOP_ONBEKEND")
    assert rig.server.names("afgekeurd") == marked, "its mark is not put twice"
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["reason"]) == ("refused", "KOP_ONBEKEND")


async def test_a_refused_file_that_is_gone_says_so(rig: Rig) -> None:
    drop_id = await refuse(rig)
    (name,) = rig.server.names("afgekeurd")
    (rig.server.home / "data/uit/afgekeurd" / name).unlink()
    await ask_again(rig, drop_id)
    assert (await rig.drops.poll_once()).files == ()
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["reason"]) == ("refused", "BESTAND_WEG")


async def test_wherever_fetching_back_dies_the_file_is_read_again(server: Server, engine: AsyncEngine) -> None:
    steps: list[str] = []
    for death in range(40):
        async with transaction(engine) as connection:
            await connection.raw.execute("UPDATE receive_drop SET file_digest = uuid_send(gen_random_uuid())")
        first = Rig(server, engine)
        drop_id = await refuse(first)
        first.mapping = MAPPING
        await ask_again(first, drop_id)
        count = 0

        def die(where: str, at: int = death) -> None:
            nonlocal count
            count += 1
            if count == at + 1:
                steps.append(where)
                raise Broken(where)

        first.breaks = die
        with contextlib.suppress(Broken):
            await first.drops.poll_once()
        second = Rig(server, engine)
        await second.polls()
        row = next(each for each in await drop_rows(engine) if UUID(str(each["drop_id"])) == drop_id)
        assert (row["state"], row["accepted"], row["quarantined"]) == ("done", 18, 2), steps
        assert (server.names(), server.names("afgekeurd")) == ([], []), steps
        if count <= death:
            break
    assert "after move" in steps
    assert "before commit" in steps


async def test_a_mended_mapping_works_at_the_next_poll(rig: Rig) -> None:
    rig.server.put("een.csv", many(10))
    await rig.polls()
    rig.mapping = compile_mapping(DUO_TEXT.replace("duo-uitval/1", "duo-uitval/2").replace("[yyyymmdd,", "["), Path("duo/m"))
    rig.server.put("twee.csv", file(line(1), line(2, GEBOORTEDATUM="2007-02-01")))
    (report,) = (await rig.polls()).files
    assert (report.accepted, report.quarantined) == (0, 2), "DATUMUITSCHRIJVING is written as it no longer may"


async def polled(engine: AsyncEngine) -> tuple[str, int, int]:
    async with transaction(engine) as connection:
        (row,) = await connection.raw.fetch("SELECT outcome, since_us, polled_us FROM receive_connector")
    return row[0], row[1], row[2]


async def test_how_the_polls_go_is_kept_by_code_and_since_when(rig: Rig) -> None:
    start = rig.clock.now
    await rig.drops.poll_once()
    assert await polled(rig.engine) == ("BEREIKT", start, start)
    rig.clock.now += 30_000_000
    await rig.drops.poll_once()
    assert (await polled(rig.engine))[2] == start, "once a minute is enough while nothing changes"
    rig.clock.now += 31_000_000
    await rig.drops.poll_once()
    assert await polled(rig.engine) == ("BEREIKT", start, rig.clock.now)
    rig.clock.now += 1_000_000
    failed = rig.clock.now

    async def away() -> FileSource:
        return await connect(other_than(rig.server.endpoint, username="somebody"))

    rig.drops._connect = away
    for _ in range(2):
        with pytest.raises(Misconfigured):
            await rig.drops.poll_once()
        assert await polled(rig.engine) == ("AANMELDEN_GEWEIGERD", failed, rig.clock.now)
        rig.clock.now += 61_000_000


async def test_a_file_that_changes_between_the_looks_stops_before_it_is_parsed(rig: Rig) -> None:
    """Same size, same second: only the digest of the block tells."""
    good, other = many(300), many(300).replace(b"Voorbeeld", b"Verzonnen")
    rig.server.put("lijst.csv", good)
    place = rig.server.home / "data/uit/lijst.csv"
    times = (place.stat().st_atime, place.stat().st_mtime)
    opened = 0

    def swap(where: str) -> None:
        nonlocal opened
        opened += where == "open"
        if where == "open" and opened == 2:
            place.write_bytes(other)
            os.utime(place, times)

    rig.breaks = swap
    (report,) = (await rig.polls()).files
    assert (report.outcome, report.reason, rig.way.accepted) == (Outcome.changed, "BESTAND_GEWIJZIGD", [])
    (row,) = await drop_rows(rig.engine)
    assert (row["state"], row["reason"], row["rows_done"]) == ("taken", "BESTAND_GEWIJZIGD", 0)
    rig.breaks = lambda _: None
    (report,) = (await rig.polls()).files
    assert (report.outcome, report.accepted, report.quarantined) == (Outcome.done, 270, 30)


async def test_a_file_that_is_replaced_while_it_is_moved_comes_back(rig: Rig) -> None:
    rig.server.put("lijst.csv", many(3))

    def replaced(where: str) -> None:
        if where == "before move":
            rig.breaks = lambda _: None
            rig.server.put("lijst.csv", many(4))

    rig.breaks = replaced
    with pytest.raises(Retry):
        await rig.polls()
    assert rig.server.names() == ["lijst.csv"]
    (report,) = (await rig.polls()).files
    assert (report.outcome, report.rows) == (Outcome.done, 4)


async def test_wherever_it_dies_nothing_is_lost_and_nothing_twice(server: Server, engine: AsyncEngine) -> None:
    data = many(700)  # three chunks
    steps: list[str] = []
    whole = Rig(server, engine, breaks=steps.append)
    server.put("proef.csv", data)
    await whole.polls()
    assert len(steps) > 12
    for death in range(len(steps)):
        async with transaction(engine) as connection:
            await connection.raw.execute("UPDATE receive_drop SET file_digest = uuid_send(gen_random_uuid())")
        count = 0

        def die(where: str, at: int = death) -> None:
            nonlocal count
            count += 1
            if count == at + 1:
                raise Broken(where)

        server.put("lijst.csv", data)
        first = Rig(server, engine, breaks=die)
        with contextlib.suppress(Broken):
            await first.polls()
        assert count == death + 1
        second = Rig(server, engine)  # a new process, which remembers nothing
        await second.polls()
        done = first.way.accepted + second.way.accepted
        # A death after the commit but before the fake noted it is what the database knows and the list does not.
        row = max(await drop_rows(engine), key=lambda each: str(each["drop_id"]))
        assert (row["state"], row["accepted"], row["quarantined"], row["rows_done"]) == ("done", 630, 70, 701), steps[death]
        assert sorted(done) == sorted(set(done)), steps[death]
        assert len(done) == 630, steps[death]
        assert server.names() == [], steps[death]


async def test_of_two_workers_one_takes_the_file(server: Server, engine: AsyncEngine) -> None:
    server.put("lijst.csv", many(500))
    one, two = Rig(server, engine), Rig(server, engine)
    await one.drops.poll_once()
    await two.drops.poll_once()
    one.clock.now += 60_000_000
    two.clock.now += 60_000_000
    reports = await asyncio.gather(one.drops.poll_once(), two.drops.poll_once())
    assert sorted(len(one.way.accepted + two.way.accepted) for _ in reports) == [450, 450]
    assert any(report.busy or not report.files for report in reports)


async def test_without_the_lock_the_place_in_the_file_keeps_it_right(server: Server, engine: AsyncEngine) -> None:
    server.put("lijst.csv", file(*[line(1)] * 700))  # without quarantine, whose own key would stop the second
    one, two = Rig(server, engine), Rig(server, engine)

    @contextlib.asynccontextmanager
    async def always(_self: object) -> AsyncIterator[bool]:
        yield True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DropStore, "alone", always)
        await one.drops.poll_once()
        await two.drops.poll_once()
        one.clock.now += 60_000_000
        two.clock.now += 60_000_000
        await asyncio.gather(one.drops.poll_once(), two.drops.poll_once(), return_exceptions=True)
        await Rig(server, engine).polls()
    done = one.way.accepted + two.way.accepted
    assert len(done) == len(set(done)), "no row was admitted twice"
    (row,) = await drop_rows(engine)
    assert row["accepted"] == 700


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"known_hosts": b""}, Misconfigured, "host key"),
        ({"known_hosts": b"[127.0.0.1]:1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1\n"}, Misconfigured, "host key"),
        ({"username": "somebody"}, Misconfigured, "let the hub in"),
        ({"private_key": None, "password": b"wrong"}, Misconfigured, "let the hub in"),
        ({"private_key": None}, Misconfigured, "login"),
        ({"private_key": b"no key"}, Misconfigured, "private key"),
        ({"folder": "/elders"}, Misconfigured, "folder"),
        ({"address": "sftp://127.0.0.1:1"}, Retry, "this port"),
        ({"address": "sftp://nowhere.invalid"}, Misconfigured, "cannot be found"),
    ],
)
async def test_what_is_wrong_with_a_connection_is_told_apart(
    server: Server, change: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as caught:
        await connect(other_than(server.endpoint, **change))
    assert says in str(caught.value)
    assert caught.value.__cause__ is None


async def test_the_users_own_known_hosts_are_not_looked_at(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_bytes(server.endpoint.credentials["known_hosts"])
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Misconfigured, match="host key"):
        await connect(other_than(server.endpoint, known_hosts=b"  "))
    with pytest.raises(Misconfigured, match="host key"):
        await connect(other_than(server.endpoint, known_hosts=b""))


async def test_another_servers_key_is_refused(server: Server) -> None:
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(Misconfigured, match="host key"):
        await connect(other_than(server.endpoint, known_hosts=f"[127.0.0.1]:{server.port} {other}".encode()))
