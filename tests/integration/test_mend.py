"""What an administrator mends, over real databases, a real log and the real way."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

import hub.connectors.duo_uitval
from hub.audit.notes import Notes
from hub.commands import mending as commands
from hub.commands import reading
from hub.connector import Trouble
from hub.db import transaction
from hub.domain.personal import Pgn
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.stages import DropPlace, Received
from hub.domain.terms import ConnectorId, Interface, Micros
from hub.errors import Fault, Misconfigured, Refused, Retry, Tampered
from hub.formats.csv import FORMAT
from hub.health.connectors import mappings as judged
from hub.health.findings import State as Judged
from hub.mend import desk as put_together
from hub.mend.desk import Mending
from hub.mend.files import IN_WORDS
from hub.mend.mappings import GlassReason, Mended
from hub.mend.preview import Changes, Failing
from hub.mend.quarantine import RevealReason
from hub.mend.replay import Replayed
from hub.mend.rows import Cell
from hub.mend.source import Source
from hub.ports import Admitted, Intake, RecordMapping
from hub.receive.drop.store import DropIntake, DropStore
from tests import canary
from tests.fakes.house import DUO, LOG, House, open_house
from tests.fakes.recorder import OPERATOR
from tests.hostile.read import MAPPING, file, line

NAME = ConnectorId("duo-uitval")
INSTALLED = Path(hub.connectors.duo_uitval.__file__).parent / "mapping.yaml"
TEXT = INSTALLED.read_text(encoding="utf-8")
SECOND = TEXT.replace("duo-uitval/1", "duo-uitval/2")
SLASHES = SECOND.replace("forms: [yyyymmdd, yyyy-mm-dd, dd-mm-yyyy]", "forms: [yyyymmdd, yyyy-mm-dd]")
LISTED = SECOND.replace("MBO: mbo", "MBO: mbo, ROC: mbo")
FIRST = Staff(StaffId("m-fedcba9876543210"), "Een Ander", frozenset({Role.administrator}))
WHO = Staff(StaffId("m-0123456789abcdef"), "Een Beheerder", frozenset({Role.administrator}))


@dataclass
class Desk:
    """A house with what mends it."""

    house: House
    mend: Mending
    breaks: Any = None
    admitted: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    async def admit(self, received: Received, mapping: RecordMapping, intake: Intake, /) -> Admitted:
        """The way, which breaks off where a test says so."""
        if self.breaks is not None:
            await self.breaks(self.admitted)
        done = await self.house.route.admit(received, mapping, intake)
        self.admitted += 1
        return done

    async def take(self, *lines: bytes) -> UUID:
        """A file of these lines is taken in, as the poll does."""
        house, data = self.house, file(*lines)
        inspector = FORMAT.inspect(MAPPING.columns, MAPPING.required)
        inspector.feed(data)
        layout = inspector.finish()
        reader = FORMAT.read(layout, MAPPING.columns)
        rows = [*reader.feed(data), *reader.finish()]
        store = DropStore(house.engine, LOG, DUO, NAME)
        drop = await store.claim(
            uuid4(), secrets.token_bytes(32), refused=None, lines=layout.lines, ignored=0, now_us=house.clock.us
        )

        async def chunks() -> AsyncIterator[Received]:
            done = 0
            for start in range(0, len(rows), 250):
                part = tuple(rows[start : start + 250])
                place = DropPlace(drop.drop_id, NAME, done, part[-1].number)
                done = part[-1].number
                yield Received(DUO, LOG, Interface.file, uuid4(), Micros(house.clock.us), part, place)

        async for _ in house.route.admit_list(chunks(), MAPPING, DropIntake()):
            pass
        await store.finish(drop.drop_id, rows[-1].number, house.clock.us)
        return drop.drop_id

    async def adds_up(self) -> tuple[int, int, int]:
        """Accepted, quarantined and duplicate, which are told alike by everything that counts them."""
        house = self.house
        (requests,) = await house.rows(
            """SELECT sum(tally[1])::int AS a, sum(tally[2])::int AS q, sum(tally[3])::int AS d
            FROM audit_request WHERE tally <> '{}'"""
        )
        (drops,) = await house.rows(
            "SELECT sum(accepted)::int AS a, sum(quarantined)::int AS q, sum(duplicate)::int AS d FROM receive_drop"
        )
        (waiting,) = await house.rows("SELECT count(*)::int AS n FROM receive_quarantine WHERE state = 'waiting'")
        (records,) = await house.rows("SELECT count(*)::int AS n FROM receive_record")
        assert requests == drops
        assert (drops["a"], drops["q"]) == (records["n"], waiting["n"])
        return drops["a"], drops["q"], drops["d"]

    async def said(self, operation: str) -> list[dict[str, Any]]:
        """The entries of that operation."""
        return [entry for entry in await self.house.entries() if entry["operation"] == operation]


def put(house: House, desk: Desk, *, production: bool = False) -> Mending:
    sources = MappingProxyType({NAME: Source(NAME, DUO, FORMAT, INSTALLED)})
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)

    async def tag(pgn: Pgn) -> bytes:
        return await house.tag(pgn.reveal())

    opens, clock = house.vault.open_row, house.clock
    return put_together.mending(
        house.engine,
        LOG,
        sources,
        desk,
        house.log,
        notes,
        opens,
        tag,
        clock,
        secrets.token_bytes,
        production=production,  # type: ignore[arg-type]
    )


@pytest.fixture
async def desk(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as house:
        made = Desk(house, None)  # type: ignore[arg-type]
        made.mend = put(house, made)
        yield made


async def use(mend: Mending, text: str) -> Mended:
    """One proposes the mapping, the other puts it into use."""
    proposed = await mend.mappings.propose(NAME, text, FIRST)
    return await mend.mappings.activate(NAME, proposed.version, WHO, ref=proposed.ref)


NUMBERS = tuple(number for number, _ in zip(canary.numbers(), range(600), strict=False))
GOOD = {"INSTELLINGSCODE": "98ZZ"}


def roc(number: int) -> bytes:
    """A row whose kind of school no list has yet."""
    return line(number, ONDERWIJSSOORT="ROC", **GOOD)


def person(number: int, **other: str) -> bytes:
    """One of many rows, each about another invented person."""
    return line(1, PERSOONSGEBONDENNUMMER=NUMBERS[number], **{**GOOD, **other})


async def test_a_mapping_is_mended_rows_are_taken_up_and_everything_adds_up(desk: Desk) -> None:
    await desk.take(line(1, **GOOD), roc(2), line(3, GEBOORTEDATUM="01/02/2007", **GOOD), roc(4), roc(4))
    assert await desk.adds_up() == (1, 4, 0)
    mended = await use(desk.mend, LISTED)
    assert (mended.version, mended.mapping.version) == (2, "duo-uitval/2")
    assert await desk.mend.replay.replay(NAME, WHO) == Replayed(accepted=2, still=1, duplicate=1)
    assert await desk.adds_up() == (3, 1, 1)
    gone = await desk.house.rows("SELECT sealed FROM receive_quarantine WHERE state = 'replayed'")
    assert [row["sealed"] for row in gone] == [None] * 3
    assert await desk.mend.replay.replay(NAME, WHO) == Replayed(still=1), "what was taken up is not taken up twice"
    assert await desk.adds_up() == (3, 1, 1)
    (change,) = await desk.said("mapping-change")
    assert change["kind"] == "configuration"
    assert {name: change["details"][name] for name in ("connector", "staff", "version")} == {
        "connector": NAME,
        "staff": WHO.staff_id,
        "version": "duo-uitval/2",
    }
    first = (await desk.said("replay"))[0]
    assert (first["details"]["rows"], first["details"]["staff"]) == (4, WHO.staff_id)
    (decided,) = {entry["us"] for entry in await desk.house.entries() if entry["kind"] == "disclosure"}
    assert decided


async def test_a_replay_is_decided_anew_and_given_on(desk: Desk) -> None:
    await desk.take(roc(2))
    assert await desk.house.rows("SELECT * FROM deliver_outbox") == []
    await use(desk.mend, LISTED)
    await desk.mend.replay.replay(NAME, None)
    assert await desk.house.rows("SELECT state FROM deliver_outbox") != []


async def test_what_still_fails_waits_for_what_is_wrong_now(desk: Desk) -> None:
    drop = await desk.take(line(1, GEBOORTEDATUM="01/02/2007", ONDERWIJSSOORT="ROC", **GOOD))
    assert {group.code for group in await desk.mend.quarantine.groups()} == {"DATUM_ONGELDIG", "CODE_ONBEKEND"}
    await use(desk.mend, LISTED)
    assert await desk.mend.replay.replay(NAME, None, drop_id=drop) == Replayed(still=1)
    (group,) = await desk.mend.quarantine.groups(NAME)
    assert (group.drop_id, group.where, group.code, group.rows) == (drop, "GEBOORTEDATUM", "DATUM_ONGELDIG", 1)


async def test_only_the_rows_that_were_meant_are_taken_up(desk: Desk) -> None:
    await desk.take(roc(1), line(2, GEBOORTEDATUM="x", **GOOD))
    other = await desk.take(roc(3), roc(4))
    await use(desk.mend, LISTED)
    date = Fault("GEBOORTEDATUM", "DATUM_ONGELDIG")
    assert await desk.mend.replay.replay(NAME, None, fault=date) == Replayed(still=1)
    (first, second) = await desk.mend.quarantine.rows(other)
    assert await desk.mend.replay.replay(NAME, None, ids=[first.quarantine_id]) == Replayed(accepted=1)
    assert await desk.mend.replay.replay(NAME, None, drop_id=other) == Replayed(accepted=1)
    assert await desk.mend.replay.replay(NAME, None, ids=[second.quarantine_id]) == Replayed()
    assert await desk.adds_up() == (2, 2, 0)


async def test_a_row_that_cannot_be_routed_waits_until_it_can(desk: Desk) -> None:
    await desk.take(line(1, GEMEENTECODE="0001", **GOOD))
    assert await desk.mend.replay.replay(NAME, None) == Replayed(still=1)
    assert await desk.adds_up() == (0, 1, 0)
    seen = await desk.mend.mappings.preview(NAME, SECOND, None)
    assert (seen.readable, seen.failing) == (0, (Failing("gemeente", "GEEN_ROUTE", 1),))  # type: ignore[arg-type]


async def test_torn_rows_stay_torn(desk: Desk) -> None:
    """Of a line that was too long only a part was kept, and in which characters another is written would be a guess."""
    long = line(1, OPMERKING="x" * 70_000, **GOOD)
    latin = line(2, GESLACHTSNAAM="Voorbé", **GOOD).decode().encode("cp1252")
    await desk.take(long, latin, line(3)[:-20], line(4, GESLACHTSNAAM="Voorbé", **GOOD))
    before = await desk.adds_up()
    assert before[1] == 3
    assert await desk.mend.replay.replay(NAME, None) == Replayed(still=3)
    assert await desk.adds_up() == before
    assert {group.code for group in await desk.mend.quarantine.groups()} == {"TE_LANG", "TEKEN_ONGELDIG", "RIJ_ONVOLLEDIG"}


async def test_a_header_that_the_mended_mapping_does_not_know_loses_nothing(desk: Desk) -> None:
    drop = await desk.take(roc(1))
    await use(desk.mend, LISTED.replace("INDICATIEGEHEIM:", "GEHEIM:"))
    assert await desk.mend.replay.replay(NAME, None) == Replayed(still=1)
    (row,) = await desk.mend.quarantine.rows(drop)
    assert (row.faults, row.cells) == ((Fault("rij", "KOP_ONBEKEND"),), ())
    await use(desk.mend, LISTED.replace("uitval/2", "uitval/3"))
    assert await desk.mend.replay.replay(NAME, None) == Replayed(accepted=1)


async def test_wherever_a_replay_breaks_off_each_row_counts_once(desk: Desk) -> None:
    await desk.take(*(person(n, ONDERWIJSSOORT="ROC") for n in range(560)), person(0, ONDERWIJSSOORT="ROC"))
    await use(desk.mend, LISTED)

    async def away(admitted: int) -> None:
        if admitted == 1:
            raise Retry("The log is away.")

    desk.breaks = away
    with pytest.raises(Retry):
        await desk.mend.replay.replay(NAME, None)
    assert await desk.adds_up() == (250, 311, 0)
    desk.breaks = None
    assert await desk.mend.replay.replay(NAME, None) == Replayed(accepted=310, duplicate=1)
    assert await desk.adds_up() == (560, 0, 1)


async def test_two_who_replay_at_once_take_each_row_up_once(desk: Desk) -> None:
    await desk.take(*(person(n, ONDERWIJSSOORT="ROC") for n in range(300)))
    await use(desk.mend, LISTED)
    done = await asyncio.gather(*(desk.mend.replay.replay(NAME, None) for _ in range(3)))
    assert sum(one.accepted for one in done) == 300
    assert sum(one.still for one in done) == 0
    assert await desk.adds_up() == (300, 0, 0)


async def test_two_who_replay_the_same_rows_of_many_count_them_once(desk: Desk) -> None:
    drop = await desk.take(*(person(n, ONDERWIJSSOORT="ROC") for n in range(60)))
    ids = [row.quarantine_id for row in await desk.mend.quarantine.rows(drop, limit=20)]
    await use(desk.mend, LISTED)
    both = asyncio.Event()

    async def together(_admitted: int) -> None:
        """Both have read the rows before either has taken them up."""
        desk.last["here"] = desk.last.get("here", 0) + 1
        if desk.last["here"] == 2:
            both.set()
        await both.wait()

    desk.breaks = together
    done = await asyncio.gather(*(desk.mend.replay.replay(NAME, None, ids=ids) for _ in range(2)))
    assert sorted(one.accepted + one.duplicate for one in done) == [0, 20]
    assert await desk.adds_up() == (20, 40, 0)


async def test_a_row_that_does_not_open_is_told_when_the_others_are_done(desk: Desk) -> None:
    drop = await desk.take(roc(1), roc(2), roc(3))
    rows = await desk.mend.quarantine.rows(drop)
    await desk.house.rows(
        """UPDATE receive_quarantine SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1)
        WHERE quarantine_id = $1 RETURNING 1""",
        rows[1].quarantine_id,
    )
    await use(desk.mend, LISTED)
    with pytest.raises(Tampered):
        await desk.mend.replay.replay(NAME, None)
    assert await desk.adds_up() == (2, 1, 0)


# -- mappings


async def test_a_version_must_be_new(desk: Desk) -> None:
    assert await desk.mend.mappings.current(NAME) is None
    with pytest.raises(Refused):
        await use(desk.mend, TEXT)
    await use(desk.mend, LISTED)
    with pytest.raises(Refused):
        await use(desk.mend, LISTED)
    current = await desk.mend.mappings.current(NAME)
    assert current is not None
    assert (current.version, current.text) == (2, LISTED)
    assert len(await desk.said("mapping-change")) == 1


async def test_of_two_mappings_of_one_number_one_comes_into_use(desk: Desk) -> None:
    other = put(desk.house, desk)
    done = await asyncio.gather(use(desk.mend, LISTED), use(other, SLASHES), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) in (["Conflict", "Mended"], ["Mended", "Refused"])
    assert len(await desk.said("mapping-change")) == 1
    ours, theirs = await desk.mend.mappings.text(NAME), await other.mappings.text(NAME)
    assert ours == theirs


async def test_another_process_sees_the_mended_mapping_at_once(desk: Desk) -> None:
    other = put(desk.house, desk)
    assert (await other.mappings.in_use(NAME)).version == "duo-uitval/1"
    await use(desk.mend, LISTED)
    assert (await other.mappings.in_use(NAME)).version == "duo-uitval/2"


@pytest.mark.parametrize("forged", ["new", "old"])
async def test_a_mapping_that_nobody_put_into_use_is_not_used(desk: Desk, forged: str) -> None:
    mended = await use(desk.mend, LISTED)
    third = LISTED.replace("duo-uitval/2", "duo-uitval/3") if forged == "new" else LISTED
    async with transaction(desk.house.engine) as connection:  # as the hub's own role: it may add versions
        await connection.raw.execute(
            """INSERT INTO receive_mapping (log_id, party_id, connector, version, body, entry_ref, created_us)
            SELECT log_id, party_id, connector, 3, $1, entry_ref, created_us FROM receive_mapping WHERE entry_ref = $2""",
            third,
            mended.entry_ref,
        )
    with pytest.raises(Tampered, match="not one that the log speaks of"):
        await put(desk.house, desk).mappings.in_use(NAME)


async def test_production_refuses_what_is_not_verified(desk: Desk) -> None:
    strict = put(desk.house, desk, production=True)
    with pytest.raises(Misconfigured, match="verified"):
        await strict.mappings.in_use(NAME)
    with pytest.raises(Misconfigured, match="verified"):
        await use(strict, LISTED)
    assert await desk.said("mapping-change") == []
    await use(strict, LISTED.replace("verified: false", "verified: true"))
    assert (await strict.mappings.in_use(NAME)).verified


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TEXT.replace("field: voornamen", "field: voornaam"), r"line 1\d.*no field voornaam"),
        (TEXT.replace("MBO: mbo", "MBO: mbo, '999990007': vo"), r"line \d+.*long number"),
        (TEXT.replace("MBO: mbo", "MBO: mbo, '01-02-2007': vo"), r"line \d+.*long number"),
        (TEXT.replace("  PERSOONSGEBONDENNUMMER: {as: pgn}", "") + '\nconstants: {bsn: "999990007"}\n', "about one person"),
        ("a: [", "not YAML"),
        ("a: &a [1]\nb: *a\n", "line 2"),
        ("? [a]\n: b\n", "no word"),
        ("a: 2001-99-99\n", "not YAML"),
        ("[" * 5000, "deeper"),
        ("x" * 70_000, "too long"),
    ],
)
async def test_a_mapping_that_is_wrong_says_where(desk: Desk, text: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        desk.mend.mappings.check(text, NAME)


async def test_a_preview_shows_what_would_become_of_the_rows_and_no_value(desk: Desk) -> None:
    await desk.take(roc(1), roc(2), line(3, GEBOORTEDATUM="01/02/2007", ONDERWIJSSOORT="ROC", **GOOD))
    before = await desk.adds_up()
    seen = await desk.mend.mappings.preview(NAME, LISTED.replace("  OPMERKING:", "  NOTITIE:"), WHO)
    assert (seen.version, seen.waiting, seen.sampled, seen.readable) == ("duo-uitval/2", 3, 3, 2)
    assert seen.failing == (Failing("GEBOORTEDATUM", "DATUM_ONGELDIG", 1),)  # type: ignore[arg-type]
    assert seen.changes == Changes(("NOTITIE",), ("OPMERKING",), ("ONDERWIJSSOORT",))
    shapes = {one.field: one.shapes for one in seen.fields}
    assert shapes["geboortedatum"] == ("9999-99-99",)
    assert shapes["geslachtsnaam"] == ("tekst, 6-10 tekens",)
    assert shapes["bsn"] == ("999999999",)
    assert shapes["onderwijssoort"] == ("code uit de lijst",)
    assert "Voorbeeld" not in repr(seen)
    assert await desk.adds_up() == before
    (entry,) = await desk.said("mapping-preview")
    assert (entry["kind"], entry["details"]["rows"]) == ("access", 3)


# -- quarantine


async def test_rows_are_shown_by_their_shape(desk: Desk) -> None:
    drop = await desk.take(line(1, GEBOORTEDATUM="01/02/2007", OPMERKING="iets", GEMEENTECODE="", **GOOD))
    (row,) = await desk.mend.quarantine.rows(drop)
    cells = {cell.column: cell for cell in row.cells}
    assert cells["GEBOORTEDATUM"] == Cell("GEBOORTEDATUM", "99/99/9999", ("DATUM_ONGELDIG",))  # type: ignore[arg-type]
    assert cells["GEMEENTECODE"] == Cell("GEMEENTECODE", "leeg", ("VERPLICHT_VELD_LEEG",))  # type: ignore[arg-type]
    assert cells["GESLACHTSNAAM"].shape == "tekst, 6-10 tekens"
    assert cells["INDICATIEGEHEIM"].shape == "code uit de lijst"
    assert cells["INSTELLINGSCODE"].shape == "99aa"
    assert cells["OPMERKING"].shape == "niet getoond", "that it is filled already says something"
    assert row.row_number == 2


async def test_a_row_is_revealed_with_a_reason_that_is_in_the_log_first(desk: Desk) -> None:
    raw = roc(2)
    (row,) = await desk.mend.quarantine.rows(await desk.take(raw))
    shown = await desk.mend.quarantine.reveal(row.quarantine_id, RevealReason.mapping, WHO)
    assert shown.line.reveal() == raw.decode()
    assert shown.header.reveal().startswith("PERSOONSGEBONDENNUMMER;")
    assert "Voorbeeld" not in repr(shown)
    (entry,) = await desk.said("reveal-row")
    assert entry["kind"] == "access"
    assert entry["details"] == {
        "connector": NAME,
        "reason": "mapping",
        "row": str(row.quarantine_id),
        "staff": WHO.staff_id,
    }
    found = await desk.house.vault.tags_of([UUID(entry["ref"])])
    assert len(found) == 1, "the person finds who saw their row"


@pytest.mark.parametrize("spoilt", ["torn", "unread"])
async def test_who_saw_a_row_is_found_by_its_person_however_the_row_is_read(desk: Desk, spoilt: str) -> None:
    raw = roc(2)
    (row,) = await desk.mend.quarantine.rows(await desk.take(raw + b";;;;" if spoilt == "torn" else raw))
    if spoilt == "unread":  # by a mapping that reads the number of the person as something else
        blind = LISTED.replace("{as: pgn}", "{as: text, field: bsn}")
        await use(desk.mend, blind)
    await desk.mend.quarantine.reveal(row.quarantine_id, RevealReason.damaged, WHO)
    (entry,) = await desk.said("reveal-row")
    found = await desk.house.vault.tags_of([UUID(entry["ref"])])
    number = raw.split(b";")[0].decode()
    assert list(found.values()) == [await desk.house.tag(number)]


async def test_without_the_log_no_row_is_revealed(desk: Desk) -> None:
    (row,) = await desk.mend.quarantine.rows(await desk.take(roc(2)))
    await desk.house.committer.stop()
    with pytest.raises(Retry):
        await desk.mend.quarantine.reveal(row.quarantine_id, RevealReason.mapping, WHO)


async def test_a_row_that_waits_no_longer_is_not_revealed(desk: Desk) -> None:
    with pytest.raises(Refused):
        await desk.mend.quarantine.reveal(uuid4(), RevealReason.damaged, WHO)
    assert await desk.said("reveal-row") == []


# -- the command line


async def test_the_commands_mend(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[Any] = []

    async def now(_hub: Any) -> Any:
        return desk.mend

    for module in (commands, reading):
        monkeypatch.setattr(module, "mending_now", now)
    app = typer.Typer()
    app.command("other")(lambda: None)
    commands.mending_commands(app, work.append)

    async def say(*words: str) -> str:
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
        told: list[str] = []
        monkeypatch.setattr(commands.typer, "echo", told.append)
        await work.pop()(Policied())
        return "\n".join(told)

    class Policied:
        async def put_policy_in_use(self) -> None:
            """It is."""

    drop = await desk.take(roc(1), line(2, GEBOORTEDATUM="x", **GOOD))
    (tmp_path / "mended.yaml").write_text(LISTED)
    assert await say("mapping", "show", NAME) == TEXT
    assert "ONDERWIJSSOORT: CODE_ONBEKEND" in await say("quarantine", "list")
    assert '"readable": 1' in await say("mapping", "set", NAME, str(tmp_path / "mended.yaml"), "--preview")
    assert (await desk.mend.mappings.in_use(NAME)).version == "duo-uitval/1"
    assert "waits for another" in await say("mapping", "set", NAME, str(tmp_path / "mended.yaml"))
    assert await say("mapping", "waiting", NAME) == LISTED
    with pytest.raises(Refused):  # the operator proposed it
        await say("mapping", "activate", NAME, "2")
    assert "in use" in await say("mapping", "set", NAME, str(tmp_path / "mended.yaml"), "--break-glass", "data-waits")
    assert await say("quarantine", "replay", NAME, "--drop", str(drop)) == "accepted 1  duplicate 0  still in quarantine 1"
    refused = await claim(desk, "KOP_ONBEKEND")
    assert "reads it again" in await say("again", str(refused))
    with pytest.raises(Misconfigured):
        await say("mapping", "show", "Geen Koppeling")
    with pytest.raises(Misconfigured):
        await say("mapping", "set", NAME, str(tmp_path / "nergens.yaml"))


# -- files


async def test_connectors_stand_with_counts_that_add_up(desk: Desk) -> None:
    (never,) = await desk.mend.files.connectors()
    assert (never.polled, never.unwatched, never.last, never.totals.files) == (None, True, None, 0)
    await desk.take(line(1, **GOOD), roc(2))
    store = DropStore(desk.house.engine, LOG, DUO, NAME)
    start = desk.house.clock.us
    await store.polled(Trouble.none, start - 60_000_000)
    await store.polled(Trouble.login_refused, start - 30_000_000)
    await store.polled(Trouble.login_refused, start)
    (standing,) = await desk.mend.files.connectors()
    assert standing.polled is not None
    assert (standing.polled.since_us, standing.polled.polled_us) == (start - 30_000_000, start)
    assert standing.words == "niet bereikbaar: aanmelden geweigerd"
    assert not standing.unwatched
    assert standing.last is not None
    assert (standing.last.state, standing.last.rows, standing.last.accepted, standing.last.quarantined) == ("done", 2, 1, 1)
    assert (standing.totals.files, standing.totals.accepted, standing.totals.quarantined) == (1, 1, 1)
    desk.house.clock.us += 600_000_000
    (standing,) = await desk.mend.files.connectors()
    assert standing.unwatched


async def claim(desk: Desk, refused: str | None) -> UUID:
    store = DropStore(desk.house.engine, LOG, DUO, NAME)
    drop = await store.claim(
        uuid4(),
        secrets.token_bytes(32),
        refused=refused,
        lines=9,
        ignored=0,
        now_us=desk.house.clock.us,  # type: ignore[arg-type]
    )
    return drop.drop_id


async def test_a_list_that_does_not_move_on_is_stuck(desk: Desk) -> None:
    slow, changed = await claim(desk, None), await claim(desk, None)
    assert await desk.mend.files.stuck() == []
    await DropStore(desk.house.engine, LOG, DUO, NAME).stuck(changed, "BESTAND_GEWIJZIGD", desk.house.clock.us)  # type: ignore[arg-type]
    assert [(one.drop_id, one.reason) for one in await desk.mend.files.stuck()] == [(changed, "BESTAND_GEWIJZIGD")]
    desk.house.clock.us += 601_000_000
    assert {one.drop_id for one in await desk.mend.files.stuck(NAME)} == {slow, changed}
    (standing,) = await desk.mend.files.connectors()
    assert standing.totals.stuck == 2


async def test_a_refused_file_is_read_again_when_it_is_in_the_log(desk: Desk) -> None:
    drop, taken = await claim(desk, "KOP_ONBEKEND"), await claim(desk, None)
    assert [one.drop_id for one in await desk.mend.files.refused()] == [drop]
    with pytest.raises(Refused):
        await desk.mend.files.again(taken, WHO)
    await desk.mend.files.again(drop, WHO)
    with pytest.raises(Refused):
        await desk.mend.files.again(drop, WHO)
    (entry,) = await desk.said("file-again")
    assert entry["details"] == {"connector": NAME, "drop": str(drop), "staff": WHO.staff_id}
    (one,) = await desk.mend.files.refused(NAME)
    assert one.state == "again"
    assert len(await desk.mend.files.runs()) == 2


def test_every_trouble_has_its_words() -> None:
    assert set(IN_WORDS) == set(Trouble)


async def test_a_mapping_that_one_put_into_use_alone_is_confirmed_by_another(desk: Desk) -> None:
    mappings, log, day = desk.mend.mappings, desk.house.log, 86_400_000_000
    used = await mappings.break_glass(NAME, LISTED, GlassReason.data_waits, WHO)
    waits = await mappings.alone(NAME)
    assert waits is not None
    assert (waits[0], waits[1].who, waits[1].due_us - waits[1].us) == (used.version, WHO.staff_id, 3 * day)
    for late, state in ((0, Judged.attention), (4 * day, Judged.wrong)):
        (found,) = await judged(desk.house.engine, log, Micros(waits[1].us + late))
        assert (found.code, found.about, found.state) == ("mapping-unconfirmed", NAME, state)
    with pytest.raises(Refused, match="broken already"):
        await mappings.break_glass(NAME, THIRD, GlassReason.data_waits, FIRST)
    with pytest.raises(Refused, match="confirm this yourself"):
        await mappings.confirm(NAME, used.version, WHO)
    async with transaction(desk.house.engine) as connection:  # as the hub's own role: under the entry of the use itself
        await connection.raw.execute(
            """INSERT INTO receive_confirmed (log_id, party_id, connector, version, who, entry_ref, us)
            SELECT log_id, party_id, 'other', version, $1, entry_ref, created_us FROM receive_mapping""",
            FIRST.staff_id,
        )
    assert await mappings.alone(NAME) == waits
    await mappings.confirm(NAME, used.version, FIRST)
    assert await put(desk.house, desk).mappings.alone(NAME) is None
    assert [one["details"]["staff"] for one in await desk.said("mapping-confirm")] == [FIRST.staff_id]
    with pytest.raises(Refused, match="nothing to confirm"):
        await mappings.confirm(NAME, used.version, FIRST)


async def test_a_confirmation_that_the_log_knows_not_is_none_and_who_mends_it_next_has_looked(desk: Desk) -> None:
    mappings = desk.mend.mappings
    await mappings.preview(NAME, LISTED, WHO)
    (seen,) = await desk.said("mapping-preview")  # of this very text, by another: and no confirmation
    await mappings.break_glass(NAME, LISTED, GlassReason.data_waits, FIRST)
    async with transaction(desk.house.engine) as connection:  # as the hub's own role
        await connection.raw.execute(
            """INSERT INTO receive_confirmed (log_id, party_id, connector, version, who, entry_ref, us)
            SELECT log_id, party_id, connector, version, $1, $2, created_us FROM receive_mapping""",
            WHO.staff_id,
            UUID(seen["ref"]),
        )
    assert await mappings.alone(NAME) is not None
    await use(desk.mend, THIRD)
    assert await mappings.alone(NAME) is None


THIRD = LISTED.replace("duo-uitval/2", "duo-uitval/3")
