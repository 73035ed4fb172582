"""Connector instances that administrators set up, over real databases, a real log and a real SFTP server."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.search.hours import Hours
from hub.audit.search.lines import SignalCode
from hub.connector import Endpoint, Setup, Trouble
from hub.db import transaction
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros
from hub.errors import Conflict, HubError, Malformed, Misconfigured, Refused, Tampered
from hub.installed import sent_to, taken_in
from hub.registry import load_connectors
from hub.setups.actor import Actor
from hub.setups.checks import Checks
from hub.setups.rules import FourEyes
from hub.setups.service import Difference, Setups
from hub.setups.standing import GLASS_US, GlassReason, Move, State
from hub.setups.trying import where
from tests.fakes.certificates import certificate, private_key
from tests.fakes.house import House, open_house, shipped
from tests.fakes.recorder import LOG, OPERATOR
from tests.hostile.read import file, line

ROOT = Path(__file__).resolve().parents[2]
ANNA = Actor.staff(Staff(StaffId("m-0123456789abcdef"), "Anna", frozenset({Role.administrator})))
BRAM = Actor.client("beheer-systeem")
CAROLA = Actor("account", "account:k0")
SECRET = b"sesam-open-u-9f3a"
NAME = "duo-lijst"


def checks(*, production: bool = False) -> Checks:
    return Checks(load_connectors(), lambda: shipped().policy.parties, taken=("from-file",), production=production)


def setup(port: int = 22, **other: Any) -> Setup:
    given = {
        "id": NAME,
        "connector": "duo_uitval",
        "party": "duo",
        "protocol": "sftp",
        "address": f"sftp://127.0.0.1:{port}",
        "options": {"username": "hub", "folder": "/uit"},
    }
    return Setup.model_validate({**given, **other})


@dataclass
class Desk:
    """A house with its connector instances."""

    house: House
    setups: Setups

    async def said(self, operation: str) -> list[dict[str, Any]]:
        return [entry for entry in await self.house.entries() if entry["operation"] == operation]

    async def drafted(self, port: int = 22, password: bytes = SECRET) -> None:
        """A draft with its credentials, by Anna."""
        await self.setups.create(setup(port), ANNA)
        await self.setups.credential(NAME, "known_hosts", HOST_KEY, ANNA)
        await self.setups.credential(NAME, "password", password, ANNA)

    async def activated(self, port: int = 22) -> None:
        await self.drafted(port)
        await self.setups.propose(NAME, ANNA)
        await self.setups.activate(NAME, 1, BRAM)

    async def everything(self) -> bytes:
        """Every row of every table, as text."""
        found = b""
        for table in await self.house.rows(
            """SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
            AND has_table_privilege(oid, 'SELECT')"""
        ):
            rows = await self.house.rows(f"SELECT t::text AS row FROM {table['relname']} AS t")
            found += "".join(row["row"] for row in rows).encode()
        return found


HOST_KEY = b"127.0.0.1 " + asyncssh.generate_private_key("ssh-ed25519").export_public_key()


def made(house: House, **other: Any) -> Setups:
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    return Setups(house.engine, LOG, house.log, notes, house.vault, house.clock, secrets.token_bytes, checks(**other))


@pytest.fixture
async def desk(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as house:
        yield Desk(house, made(house))


async def test_a_draft_may_be_mended_and_who_is_sent_to_is_known(desk: Desk) -> None:
    assert await taken_in(desk.setups) == []
    await desk.drafted()
    assert [(one.id, one.party) for one in await taken_in(desk.setups)] == [(NAME, "duo")], "its mapping comes first"
    given: dict[str, Any] = {"id": "lijsten", "connector": "rmc_lijst", "party": "doorstroompunt-lindemark"}
    await desk.setups.create(setup(**given), ANNA)
    await desk.setups.credential("lijsten", "known_hosts", HOST_KEY, ANNA)
    await desk.setups.credential("lijsten", "password", SECRET, ANNA)
    assert await sent_to(desk.setups) == frozenset()
    await desk.setups.propose("lijsten", ANNA)
    await desk.setups.activate("lijsten", 1, BRAM)
    assert await sent_to(desk.setups) == {"doorstroompunt-lindemark"}


async def test_a_connector_is_set_up_by_one_and_activated_by_another(desk: Desk) -> None:
    await desk.drafted()
    with pytest.raises(Refused, match="not proposed"):
        await desk.setups.activate(NAME, 1, BRAM)
    await desk.setups.propose(NAME, ANNA)
    with pytest.raises(Refused, match="yourself"):
        await desk.setups.activate(NAME, 1, ANNA)
    assert await desk.setups.active() == []
    await desk.setups.activate(NAME, 1, BRAM)
    (runs,) = await desk.setups.active()
    assert (runs.setup, runs.number) == (setup(), 1)
    assert runs.endpoint.credentials == {"known_hosts": HOST_KEY, "password": SECRET}
    assert {("username", "hub"), ("folder", "/uit"), ("pattern", "*.csv")} <= set(runs.endpoint.options.items())
    (entry,) = await desk.said("connector-activate")
    assert (entry["kind"], entry["details"]["client"], entry["details"]["connector"]) == ("configuration", BRAM.word, NAME)
    (given, _) = await desk.said("connector-credential")
    assert given["details"]["staff"] == ANNA.word
    assert given["details"]["credential"] == "known_hosts"


async def test_who_proposed_or_changed_it_last_does_not_activate_it(desk: Desk) -> None:
    await desk.drafted()
    await desk.setups.propose(NAME, BRAM)
    for one in (ANNA, BRAM):
        with pytest.raises(Refused, match="yourself"):
            await desk.setups.activate(NAME, 1, one)
    await desk.setups.credential(NAME, "password", b"another", BRAM)
    with pytest.raises(Refused, match="not proposed"):
        await desk.setups.activate(NAME, 1, CAROLA)
    await desk.setups.propose(NAME, BRAM)
    await desk.setups.activate(NAME, 1, CAROLA)


async def test_a_secret_stands_nowhere_but_under_its_seal(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    await desk.activated()
    view = await desk.setups.show(NAME)
    told = f"{view!r} {await desk.setups.active()!r} {await desk.setups.history(NAME)!r}"
    with pytest.raises(Malformed) as wrong:
        await desk.setups.credential(NAME, "private_key", b"\n".join([SECRET] * 3), ANNA)
    told += f"{wrong.value!r} {wrong.value} {wrong.value.faults} {capfd.readouterr()}"
    assert SECRET not in await desk.everything()
    assert SECRET.hex().encode() not in await desk.everything()
    assert SECRET.decode() not in told
    assert [(one.name, one.kind, one.fingerprint[:7], one.waits) for one in view.credentials] == [
        ("known_hosts", "known_hosts", "SHA256:", False),
        ("password", "secret", "", False),
    ]


async def test_the_glass_is_broken_with_a_reason_and_confirmed_by_another(desk: Desk) -> None:
    await desk.drafted()
    await desk.setups.activate(NAME, 1, ANNA, GlassReason.trouble)
    (entry,) = await desk.said("connector-break-glass")
    assert (entry["details"]["reason"], entry["details"]["staff"]) == ("STORING", ANNA.word)
    glass = (await desk.setups.show(NAME)).standing.glass
    assert glass is not None
    assert glass.due_us - glass.us == GLASS_US
    with pytest.raises(Refused, match="yourself"):
        await desk.setups.confirm(NAME, ANNA)
    await desk.setups.change(NAME, setup(batch=7), ANNA)
    with pytest.raises(Refused, match="broken already"):
        await desk.setups.activate(NAME, 2, ANNA, GlassReason.urgent)
    await desk.setups.confirm(NAME, BRAM)
    assert (await desk.setups.show(NAME)).standing.glass is None
    assert len(await desk.said("connector-confirm")) == 1
    search = Search(desk.house.engine, LOG, OPERATOR, desk.house.vault.tags_of, Hours())
    await search.catch_up()
    told = await search.signals(desk.house.clock.now_us(), {})
    assert [(one.code, one.about, one.count) for one in told] == [(SignalCode.glass_broken, NAME, 1)], "the officer is told"


async def test_of_two_who_act_at_once_one_is_told_to_look_again(desk: Desk) -> None:
    await desk.drafted()
    await desk.setups.propose(NAME, ANNA)
    done = await asyncio.gather(
        desk.setups.activate(NAME, 1, BRAM), desk.setups.activate(NAME, 1, CAROLA), return_exceptions=True
    )
    assert sorted(isinstance(one, Move) for one in done) == [False, True]
    assert any(isinstance(one, Conflict | Refused) for one in done)
    assert len(await desk.said("connector-activate")) == 1
    with pytest.raises(Conflict):
        await desk.setups.change(NAME, setup(batch=3), ANNA, after=7)
    twice = await asyncio.gather(*(desk.setups.create(setup(id="twice"), who) for who in (ANNA, BRAM)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in twice) == ["Malformed", "Move"]


async def test_two_systems_of_one_recipient_may_not_carry_the_same(desk: Desk) -> None:
    where = {"connector": "bezorging", "party": "doorstroompunt-lindemark", "protocol": "rest", "options": {}}
    for name in ("desk", "desk-nieuw"):
        await desk.setups.create(setup(id=name, address=f"https://{name}.example", **where), ANNA)
        await desk.setups.credential(name, "token", SECRET, ANNA)
    await desk.setups.propose("desk-nieuw", ANNA)
    await desk.setups.propose("desk", ANNA)
    await desk.setups.activate("desk", 1, BRAM)
    with pytest.raises(Refused, match="desk"):
        await desk.setups.activate("desk-nieuw", 1, BRAM)
    files = {"connector": "rmc_lijst", "party": "doorstroompunt-lindemark", "options": {"username": "hub", "folder": "/in"}}
    await desk.setups.create(setup(id="desk-lijst", **files), ANNA)
    await desk.setups.credential("desk-lijst", "known_hosts", HOST_KEY, ANNA)
    await desk.setups.credential("desk-lijst", "password", SECRET, ANNA)
    await desk.setups.propose("desk-lijst", ANNA)
    assert (await desk.setups.activate("desk-lijst", 1, BRAM)).version == 1, "it carries fewer kinds, and those alone go there"
    await desk.setups.end("desk", BRAM)
    await desk.setups.activate("desk-nieuw", 1, BRAM)


async def test_versions_differ_by_field_and_an_old_one_comes_back_as_a_new_one(desk: Desk) -> None:
    await desk.activated()
    other = setup(address="sftp://sftp.example.nl", options={"username": "hub", "pattern": "duo-*.csv"})
    await desk.setups.change(NAME, other, BRAM)
    (runs,) = await desk.setups.active()
    assert runs.number == 1, "what runs goes on as it is"
    await desk.setups.credential(NAME, "password", b"other", BRAM)
    assert await desk.setups.diff(NAME, 1, 2) == (
        Difference("address", "sftp://127.0.0.1:22", "sftp://sftp.example.nl"),
        Difference("options.folder", "/uit", ""),
        Difference("options.pattern", "", "duo-*.csv"),
        Difference("credentials.password", "", ""),
    )
    await desk.setups.propose(NAME, BRAM)
    await desk.setups.activate(NAME, 2, ANNA)
    await desk.setups.rollback(NAME, 1, ANNA)
    assert await desk.setups.diff(NAME, 1, 3) == (Difference("credentials.password", "", ""),)
    assert [one.number for one in await desk.setups.active()] == [2]
    await desk.setups.propose(NAME, ANNA)
    await desk.setups.activate(NAME, 3, BRAM)
    (runs,) = await desk.setups.active()
    assert (runs.setup, runs.endpoint.credentials["password"]) == (setup(), b"other")
    rows = await desk.house.rows("SELECT name FROM setup_credential WHERE sealed IS NULL")
    assert [row["name"] for row in rows] == ["password"], "what no longer counts is destroyed"


async def test_one_person_stops_it_and_lets_the_same_go_on(desk: Desk) -> None:
    await desk.activated()
    await desk.setups.pause(NAME, ANNA)
    assert await desk.setups.active() == []
    with pytest.raises(Refused, match="does not run"):
        await desk.setups.running(NAME)
    with pytest.raises(Refused):
        await desk.setups.pause(NAME, ANNA)
    await desk.setups.resume(NAME, ANNA)
    assert len(await desk.setups.active()) == 1
    await desk.setups.end(NAME, ANNA)
    assert (await desk.setups.show(NAME)).standing.state is State.ended
    assert await desk.house.rows("SELECT FROM setup_credential WHERE sealed IS NOT NULL") == []
    for act in (desk.setups.change(NAME, setup(batch=2), ANNA), desk.setups.create(setup(), ANNA)):
        with pytest.raises(HubError):
            await act


@pytest.mark.parametrize(
    "tampering",
    [
        "INSERT INTO setup_version SELECT log_id, party_id, instance, 2, connector, replace(body, '127.0.0.1', '127.0.0.9')"
        " FROM setup_version",
        "INSERT INTO setup_move SELECT log_id, party_id, instance, seq + 1, move, version, who, word, digest, entry_ref, us"
        " FROM setup_move WHERE seq = 5",
        "UPDATE setup_credential SET sealed = (SELECT sealed FROM setup_credential WHERE name = 'known_hosts')"
        " WHERE name = 'password'",
        "UPDATE setup_credential SET sealed = NULL WHERE name = 'password'",
        "UPDATE setup_version SET body = replace(body, '127.0.0.1', '127.0.0.9')",
        "DELETE FROM setup_move WHERE seq = 2",
        "UPDATE setup_move SET who = 'account:k1' WHERE move = 'activate'",
    ],
)
async def test_what_was_put_in_past_the_hub_does_not_run(desk: Desk, owner_engine: AsyncEngine, tampering: str) -> None:
    await desk.activated()
    async with transaction(owner_engine) as connection:
        for table in ("setup_move", "setup_version"):
            await connection.raw.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        await connection.raw.execute(tampering)
    fresh = made(desk.house)
    if "INSERT INTO setup_version" in tampering:  # a version that nobody made is not there
        assert [one.number for one in await fresh.active()] == [1]
        with pytest.raises(Refused, match="no version"):
            await fresh.rollback(NAME, 2, ANNA)
        return
    assert await fresh.active() == []
    with pytest.raises(Tampered):
        await fresh.running(NAME)


async def test_what_is_no_move_stops_its_own_instance_alone(desk: Desk) -> None:
    await desk.activated()
    insert = """INSERT INTO setup_move (log_id, party_id, instance, seq, move, version, who, word, digest, entry_ref, us)
        SELECT log_id, {party}, {instance}, {seq}, 'nothing', version, who, word, digest, entry_ref, us FROM setup_move
        WHERE seq = 1"""
    async with transaction(desk.house.engine) as connection:  # as the hub's own role
        await connection.raw.execute(insert.format(party="party_id", instance="'other'", seq=1))
    assert [one.setup.id for one in await made(desk.house).active()] == [NAME]
    for party, instance in (("party_id", "'A b'"), ("'A b'", "'another'")):
        with pytest.raises(Misconfigured):
            async with transaction(desk.house.engine) as connection:
                await connection.raw.execute(insert.format(party=party, instance=instance, seq=1))
    async with transaction(desk.house.engine) as connection:
        await connection.raw.execute(insert.format(party="party_id", instance="instance", seq=99))
    assert await made(desk.house).active() == []


async def test_who_has_the_keys_and_the_database_but_not_the_log_changes_nothing(desk: Desk) -> None:
    await desk.activated()
    (row,) = await desk.house.rows("SELECT credential_id AS id FROM setup_credential WHERE name = 'password'")
    sealed = desk.house.vault.seal_row(b"of somebody else", row["id"].bytes)
    async with transaction(desk.house.engine) as connection:
        await connection.raw.execute("UPDATE setup_credential SET sealed = $1 WHERE credential_id = $2", sealed, row["id"])
    assert await made(desk.house).active() == []


async def test_the_tables_are_only_added_to(desk: Desk, owner_engine: AsyncEngine) -> None:
    await desk.activated()
    for statement in ("DELETE FROM setup_move", "UPDATE setup_version SET body = ''", "TRUNCATE setup_move"):
        async with transaction(owner_engine, swallows=False) as connection:
            with pytest.raises(Exception, match="only added to"):
                await connection.raw.execute(statement)


@pytest.mark.parametrize(
    ("wrong", "where", "code"),
    [
        ({"connector": "none"}, "connector", "CONNECTOR_ONBEKEND"),
        ({"party": "nobody"}, "party", "PARTIJ_ONBEKEND"),
        ({"party": "mbo-zilverlinde"}, "party", "PARTIJ_PAST_NIET"),
        ({"protocol": "rest"}, "protocol", "PROTOCOL_ONBEKEND"),
        ({"address": "sftp://169.254.169.254"}, "address", "ADRES_ONGELDIG"),
        ({"options": {}}, "options.username", "VERPLICHT_VELD_LEEG"),
        ({"options": {"username": "hub", SECRET.decode(): "x"}}, "options.?", "VELD_ONBEKEND"),
        ({"schedule": "now and then"}, "schedule", "SCHEMA_ONGELDIG"),
        ({"window": "at night"}, "window", "SCHEMA_ONGELDIG"),
        ({"college": "college-aldermeer"}, "college", "VELD_ONBEKEND"),
        ({"id": "from-file"}, "id", "NAAM_BEZET"),
    ],
)
async def test_what_does_not_fit_is_not_set_up(desk: Desk, wrong: dict[str, Any], where: str, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        await desk.setups.create(setup(**wrong), ANNA)
    assert [(fault.where, fault.code) for fault in refused.value.faults] == [(where, code)]
    assert SECRET.decode() not in str(refused.value)
    assert await desk.house.rows("SELECT FROM setup_move") == []


async def test_credentials_must_be_whole_before_anything_is_proposed(desk: Desk) -> None:
    await desk.setups.create(setup(), ANNA)
    with pytest.raises(Malformed) as missing:
        await desk.setups.propose(NAME, ANNA)
    assert {fault.where for fault in missing.value.faults} == {"credentials.known_hosts", "credentials.private_key"}
    with pytest.raises(Malformed):
        await desk.setups.activate(NAME, 1, ANNA, GlassReason.urgent)
    with pytest.raises(Malformed):
        await desk.setups.credential(NAME, "token", SECRET, ANNA)
    strict = made(desk.house, production=True)
    await desk.setups.credential(NAME, "known_hosts", HOST_KEY, ANNA)
    await desk.setups.credential(NAME, "password", SECRET, ANNA)
    with pytest.raises(Misconfigured, match="not verified"):
        await strict.propose(NAME, ANNA)


async def test_of_a_choice_the_last_given_counts(desk: Desk) -> None:
    await desk.activated()
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
    await desk.setups.credential(NAME, "private_key", key, ANNA)
    await desk.setups.propose(NAME, ANNA)
    await desk.setups.activate(NAME, 1, BRAM)
    (runs,) = await desk.setups.active()
    assert set(runs.endpoint.credentials) == {"known_hosts", "private_key"}
    await desk.setups.remove_credential(NAME, "private_key", ANNA)
    with pytest.raises(Malformed):
        await desk.setups.propose(NAME, ANNA)


async def test_an_end_that_draws_near_is_told_once_at_each_distance(desk: Desk) -> None:
    now = desk.house.clock.us
    push: dict[str, Any] = {"connector": "bezorging", "protocol": "rest", "address": "https://zaken.example.nl/", "options": {}}
    await desk.setups.create(setup(id="push", party="werk-en-inkomen-aldermeer", **push), ANNA)
    key = private_key()
    await desk.setups.credential("push", "certificate", certificate(key, now, days=45), ANNA)
    await desk.setups.credential("push", "key", key, ANNA)
    day = 86_400_000_000
    told: list[list[int]] = []
    for days in (0, 0, 20, 40, 40, 46):
        told.append([one.days for one in await desk.setups.warn(Micros(now + days * day))])
    assert told == [[60], [], [30], [7], [], [0]]
    (one,) = await desk.setups.expiring(Micros(now + 40 * day))
    assert (one.instance, one.name, one.left) == ("push", "certificate", 5)
    await desk.setups.credential("push", "key", private_key(), ANNA)
    with pytest.raises(Malformed, match="complete"):
        await desk.setups.propose("push", ANNA)


# -- over a real server


@dataclass
class Server:
    home: Path
    port: int

    def credentials(self) -> dict[str, bytes]:
        return {
            "known_hosts": (self.home / "known_hosts").read_bytes(),
            "private_key": (self.home / "client_key").read_bytes(),
        }


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
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


async def connected(desk: Desk, server: Server) -> None:
    await desk.setups.create(setup(server.port), ANNA)
    for name, value in server.credentials().items():
        await desk.setups.credential(NAME, name, value, ANNA)


async def test_a_connection_is_tested_and_a_file_read_without_a_trace(desk: Desk, server: Server) -> None:
    await connected(desk, server)
    assert (await desk.setups.test(NAME, 1, ANNA)).works
    good, bad = line(1, INSTELLINGSCODE="98ZZ"), line(2, GEBOORTEDATUM="99/99/2007", INSTELLINGSCODE="98ZZ")
    (server.home / "data/uit/lijst.csv").write_bytes(file(good, bad))
    (server.home / "data/uit/.wacht.csv").write_bytes(b"x")
    before = sorted((server.home / "data").rglob("*"))
    done = await desk.setups.dry_run(NAME, 1, ANNA)
    seen = done.seen
    assert (done.files, seen.sampled, seen.readable, done.whole, seen.refused) == (1, 2, 1, True, None)
    assert "GEBOORTEDATUM" in done.header
    assert [(one.where, one.code, one.rows) for one in seen.failing] == [("GEBOORTEDATUM", "DATUM_ONGELDIG", 1)]
    assert ("bsn", ("999999999",)) in [(one.field, one.shapes) for one in seen.fields]
    assert sorted((server.home / "data").rglob("*")) == before
    assert await desk.house.rows("SELECT FROM receive_drop") == []
    (server.home / "data/uit/lijst.csv").write_bytes(b"NAAM;IETS\r\nx;y\r\n")
    again = await desk.setups.dry_run(NAME, 1, ANNA)
    assert again.seen.refused is not None
    (logged, _) = await desk.said("connector-dry-run")
    assert (logged["kind"], logged["details"]["mapping"]) == ("access", "duo-uitval/1")
    (tested,) = await desk.said("connector-test")
    assert tested["details"]["outcome"] == Trouble.none.value
    (server.home / "data/uit/lijst.csv").unlink()
    with pytest.raises(Refused, match="nothing to read"):
        await desk.setups.dry_run(NAME, 1, ANNA)


def test_every_option_that_is_an_address_is_where_the_hub_goes() -> None:
    here, there = (setup(options={"username": "hub", "catalogi": f"https://{host}.example.nl/"}) for host in ("a", "b"))
    assert where(here) != where(there)
    assert where(here) == where(setup(options={**here.options, "username": "other"}))


async def test_what_was_activated_alone_is_confirmed_also_after_its_end(desk: Desk) -> None:
    await desk.drafted()
    await desk.setups.activate(NAME, 1, ANNA, GlassReason.trial)
    await desk.setups.end(NAME, ANNA)
    with pytest.raises(FourEyes):
        await desk.setups.confirm(NAME, ANNA)
    await desk.setups.confirm(NAME, BRAM)
    assert (await desk.setups.show(NAME)).standing.glass is None


async def test_who_drafts_another_address_is_not_shown_what_others_gave(desk: Desk) -> None:
    gone: list[Endpoint] = []

    async def diagnose(_transport: Any, endpoint: Endpoint, *, pushes: bool) -> tuple[Any, ...]:
        gone.append(endpoint)
        return ()

    object.__setattr__(desk.setups, "diagnose", diagnose)
    await desk.activated()
    await desk.setups.test(NAME, 1, CAROLA)
    await desk.setups.credential(NAME, "known_hosts", b"# mine\n" + HOST_KEY, BRAM)
    with pytest.raises(FourEyes):
        await desk.setups.test(NAME, 1, BRAM)  # the same address, behind which he trusts somebody else
    await desk.setups.change(NAME, setup(address="sftp://elsewhere.example.nl"), BRAM)
    del gone[:]
    for trial in (desk.setups.test, desk.setups.dry_run):
        with pytest.raises(FourEyes):
            await trial(NAME, 2, BRAM)
    assert gone == []
    await desk.setups.propose(NAME, BRAM)
    with pytest.raises(FourEyes):
        await desk.setups.test(NAME, 2, BRAM)
    await desk.setups.test(NAME, 2, CAROLA)
    await desk.setups.credential(NAME, "password", b"my own", BRAM)
    await desk.setups.test(NAME, 2, BRAM)
    assert [one.credentials["password"] for one in gone] == [SECRET, b"my own"]
    await desk.setups.activate(NAME, 2, BRAM, GlassReason.trial)
    with pytest.raises(FourEyes):
        await desk.setups.test(NAME, 1, CAROLA)  # where nothing runs any more


async def test_the_old_goes_on_until_the_new_one_has_worked(desk: Desk, server: Server) -> None:
    await connected(desk, server)
    await desk.setups.propose(NAME, ANNA)
    await desk.setups.activate(NAME, 1, BRAM)
    with pytest.raises(Refused, match="nothing to rotate"):
        await desk.setups.rotate(NAME, ANNA)
    strange = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
    await desk.setups.credential(NAME, "private_key", strange, ANNA)
    trial, moved = await desk.setups.rotate(NAME, ANNA)
    assert (trial.trouble, moved) == (Trouble.login_refused, None)
    (runs,) = await desk.setups.active()
    assert runs.endpoint.credentials == server.credentials(), "the old one goes on"
    before = runs.version
    good = server.credentials()["private_key"] + b"\n"
    await desk.setups.credential(NAME, "private_key", good, ANNA)
    trial, moved = await desk.setups.rotate(NAME, ANNA)
    assert trial.works
    assert moved is not None
    (runs,) = await desk.setups.active()
    assert runs.endpoint.credentials["private_key"] == good
    assert (runs.version > before, runs.number) == (True, 1)
    assert len(await desk.house.rows("SELECT FROM setup_credential WHERE sealed IS NULL")) == 2
    operations = [entry["operation"] for entry in await desk.house.entries()][-3:]
    assert operations == ["connector-credential", "connector-test", "connector-rotate"]
    await desk.setups.credential(NAME, "known_hosts", HOST_KEY, ANNA)
    with pytest.raises(Refused, match="by one person"):
        await desk.setups.rotate(NAME, ANNA)


async def test_what_changes_nothing_or_something_else_is_refused(desk: Desk) -> None:
    await desk.drafted()
    setups = desk.setups
    with pytest.raises(Malformed) as fixed:
        await setups.change(NAME, setup(party="uwv", connector="uwv_bestand"), ANNA)
    assert {fault.where for fault in fixed.value.faults} == {"connector", "party"}
    for nothing in (
        setups.change(NAME, setup(), ANNA),
        setups.rollback(NAME, 1, ANNA),
        setups.remove_credential(NAME, "private_key", ANNA),
        setups.confirm(NAME, BRAM),
        setups.rotate(NAME, BRAM),
    ):
        with pytest.raises(Refused):
            await nothing
    with pytest.raises(Malformed) as unknown:
        await setups.credential(NAME, "geheim", SECRET, ANNA)
    assert "geheim" not in f"{unknown.value} {unknown.value.faults}"
    with pytest.raises(Refused, match="no version"):
        await setups.rollback(NAME, 7, ANNA)


async def test_what_is_brought_or_sent_is_not_fetched_from_to_try_it(desk: Desk) -> None:
    await desk.setups.create(setup(id="brengen", connector="duo_verzuim", protocol="upload", address="", options={}), ANNA)
    for tried in (desk.setups.test("brengen", 1, ANNA), desk.setups.dry_run("brengen", 1, ANNA)):
        with pytest.raises(Refused, match="nobody to call"):
            await tried
    await desk.setups.create(setup(id="lijsten", connector="rmc_lijst", party="doorstroompunt-lindemark"), ANNA)
    with pytest.raises(Refused, match="Nothing is fetched"):
        await desk.setups.dry_run("lijsten", 1, ANNA)
    with pytest.raises(Refused, match="Nothing is taken in"):
        await desk.setups.sample("lijsten", 1, b"x", ANNA)
    with pytest.raises(Refused, match="too large"):
        await desk.setups.sample("brengen", 1, bytes((8 << 20) + 1), ANNA)
