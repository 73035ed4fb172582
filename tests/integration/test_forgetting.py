"""Forgetting a person: not a byte of the log changes, nothing can be led back to them, and a backup forgets again."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import check_receipt
from hub.audit.entry import EntryKind
from hub.audit.highwater import HighWater
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.audit.search import Search
from hub.db import Connection, transaction
from hub.domain.personal import Bsn
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import LogId, Micros
from hub.errors import Conflict, HubError, Malformed, Misconfigured, Refused, Tampered
from hub.notices.desk import notice_desk
from hub.ports import About
from hub.protect.committed import is_about
from hub.protect.vault import Vault
from hub.retention.holds import Holds
from hub.retention.model import HoldKind, Scope
from hub.rights.answer import SearchReason
from hub.rights.erasure.model import Against, Ground, State
from hub.rights.erasure.service import Forgetting
from hub.rights.erasure.tombs import Tombs
from hub.rights.keys import PersonKeys
from hub.rights.person import Persons
from tests.fakes.consenting import FOUNDATION, GUIDANCE, young
from tests.fakes.house import KEY, LOG, OPERATOR
from tests.fakes.log import signer
from tests.fakes.told import NUMBERS, Told, open_told

OFFICER = Staff(StaffId("m-00000000000000aa"), "Verzonnen Functionaris", frozenset({Role.privacy_officer}))
DECIDER = Staff(StaffId("m-00000000000000bb"), "Verzonnen Beslisser", frozenset({Role.decision_maker}))
BOTH_ROLES = Staff(StaffId("m-00000000000000cc"), "Verzonnen", frozenset({Role.privacy_officer, Role.fg}))
ADMINISTRATOR = Staff(StaffId("m-00000000000000dd"), "Verzonnen", frozenset({Role.administrator}))
LATER = 60 * 366 * 24 * 3_600_000_000
"""Long enough that no recipient may hold anything any more."""


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def tombs(tmp_path: Path) -> Tombs:
    return Tombs(tmp_path / "forgotten")


@pytest.fixture
def forgetting(told: Told, tombs: Tombs) -> Forgetting:
    house, notes = told.house, told.issue.notes
    search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
    return Forgetting(
        house.log, notes, house.people, notice_desk(house.log, search, notes, house.vault, lambda: told.rules.policy), tombs
    )


async def given(told: Told, *numbers: int) -> None:
    """Records about these came in, went out and were confirmed, long ago."""
    for number in numbers:
        await told.consent(number)
        await told.deliver(number)
    told.house.clock.us += LATER


async def forgotten(told: Told, forgetting: Forgetting, number: int) -> bytes:
    tag = await told.tag(number)
    asked = await forgetting.ask(NUMBERS[number], Ground.term, OFFICER)
    assert asked.obstacles == ()
    done = await forgetting.order(asked.erasure_id, DECIDER)
    assert (done.state, done.decided_by) == (State.done, DECIDER.staff_id)
    return tag


async def dumped(*engines: AsyncEngine) -> dict[str, list[str]]:
    """Every row of every table, as text; bytes in hexadecimal."""
    found: dict[str, list[str]] = {}
    for engine in engines:
        async with transaction(engine) as connection:
            tables = await connection.raw.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            for row in tables:
                if row[0] != "alembic_version" and not row[0].startswith("audit_entry_"):
                    rows = await connection.raw.fetch(f'SELECT one::text FROM "{row[0]}" AS one')
                    found[row[0]] = [str(one[0]) for one in rows]
    return found


async def put_back(connection: Connection, table: str, rows: Sequence[Any]) -> None:
    for row in rows:
        names, marks = ", ".join(row.keys()), ", ".join(f"${place}" for place in range(1, len(row) + 1))
        await connection.raw.execute(f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", *row)


async def test_nothing_leads_back_and_not_a_byte_of_the_log_changes(
    told: Told, forgetting: Forgetting, engine: AsyncEngine, vault_engine: AsyncEngine
) -> None:
    await given(told, 0, 1)
    house = told.house
    theirs = await house.about(await told.tag(0))
    person = await house.people.find(_bsn(0))
    assert person is not None
    before = await house.entries()
    receipts, _ = await house.log.prove(await house.log.locate(sorted(theirs)))

    tag = await forgotten(told, forgetting, 0)

    after = await house.entries()
    assert after[: len(before)] == before
    located = await house.log.locate(sorted(theirs))
    for ref, receipt in receipts.items():
        check_receipt(receipt, located[ref].body, KEY.vkey)
    said = next(one for one in after if one["operation"] == "erase-person")
    assert said["kind"] == "erasure"
    assert tag.hex() not in orjson.dumps(said).decode()
    rows = await dumped(engine, vault_engine)
    named = {table for table, lines in rows.items() if any(tag.hex() in line for line in lines)}
    assert named == {"rights_tombstone", "vault_tombstone"}
    # Whoever still has a key, or the whole of both databases, cannot say which entries were theirs, nor which go together.
    keys = await house.vault.existing([await told.tag(1)])
    for entry in after:
        if entry["kind"] in ("disclosure", "refusal") and UUID(entry["ref"]) in theirs:
            assert not any(is_about(key, other, entry) for other, key in keys.items())
    linking = {"vault_subject", "consent_facts", "consent_event", "consent_notice", "consent_cause"}
    assert not any(str(ref) in line for table in linking for line in rows[table] for ref in theirs)
    assert await house.people.find(_bsn(0)) is None
    answer = await Persons(house.log, forgetting.notices.notices.deliveries.search, told.issue.notes, house.people).search(
        NUMBERS[0], SearchReason.inzage, OFFICER
    )
    assert (answer.has_key, answer.checked, answer.recipients) == (False, 0, ())
    # Who comes back is somebody else.
    await house.send(young(0))
    assert await told.tag(0) != tag


async def test_the_record_of_somebody_forgotten_is_no_duplicate(told: Told, forgetting: Forgetting) -> None:
    await given(told, 0)
    told.house.clock.us -= LATER
    await told.deliver(0)
    told.house.clock.us += LATER
    await forgotten(told, forgetting, 0)
    told.house.clock.us -= LATER
    assert (await told.house.send(young(0))).tally.duplicate == 0


async def test_what_stands_against_it_is_said_and_holds(told: Told, forgetting: Forgetting) -> None:
    await told.consent(0)
    await told.deliver(0)
    asked = await forgetting.ask(NUMBERS[0], Ground.withdrawn, OFFICER)
    assert {one.what for one in asked.obstacles} == {Against.held_by_recipient}
    with pytest.raises(Refused, match="may still hold"):
        await forgetting.order(asked.erasure_id, DECIDER)
    told.house.clock.us += LATER
    holds = Holds(told.house.engine, told.issue.notes)
    for kind, scope, more in (
        (HoldKind.breach, Scope.all, {}),
        (HoldKind.legal_hold, Scope.person, {"tag": await told.tag(0)}),
        (HoldKind.breach, Scope.party, {"word": FOUNDATION}),
        (HoldKind.breach, Scope.purpose, {"word": GUIDANCE}),
    ):
        hold = await holds.open_hold(kind, scope, OFFICER, **more)  # type: ignore[arg-type]
        with pytest.raises(Refused, match=r"open|stands"):
            await forgetting.order(asked.erasure_id, DECIDER)
        await holds.lift_hold(hold.hold_id, DECIDER)
    (notice, *_) = await told.withdrawn(0)
    assert notice.recipient in {one.recipient for one in (await forgetting.preview(asked.erasure_id)).obstacles}
    with pytest.raises(Refused, match=r"[Nn]otices"):
        await forgetting.order(asked.erasure_id, DECIDER)
    assert await told.house.people.find(_bsn(0)) is not None
    assert not [one for one in await told.house.entries() if one["operation"] == "erase-person"]


@pytest.mark.parametrize("scope", [Scope.person, Scope.party, Scope.all])
async def test_a_hold_that_is_opened_at_the_last_moment_wins(
    told: Told, forgetting: Forgetting, monkeypatch: pytest.MonkeyPatch, scope: Scope
) -> None:
    await given(told, 0)
    asked = await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)
    holds, tag, existing = Holds(told.house.engine, told.issue.notes), await told.tag(0), Vault.existing

    about = {Scope.person: {"tag": tag}, Scope.party: {"word": FOUNDATION}, Scope.all: {}}

    async def meanwhile(vault: Vault, tags: Sequence[bytes]) -> dict[bytes, bytes]:
        monkeypatch.undo()
        await holds.open_hold(HoldKind.legal_hold, scope, OFFICER, **about[scope])  # type: ignore[arg-type]
        return await existing(vault, tags)

    monkeypatch.setattr(Forgetting, "_obstacles", _none)
    monkeypatch.setattr(Vault, "existing", meanwhile)
    with pytest.raises(Refused, match="hold"):
        await forgetting.order(asked.erasure_id, DECIDER)
    assert await told.house.people.find(_bsn(0)) is not None


async def test_at_the_keyboard_nobody_decides_alone(told: Told, forgetting: Forgetting) -> None:
    await given(told, 0)
    asked = await forgetting.ask(NUMBERS[0], Ground.term, None)
    with pytest.raises(Refused, match="two persons"):
        await forgetting.order(asked.erasure_id, None)
    assert (await replace(forgetting, alone=True).order(asked.erasure_id, None)).state is State.done


async def _none(*_: object) -> tuple[()]:
    return ()


async def test_what_another_log_of_the_installation_says_stands_against_it(told: Told, tombs: Tombs, tmp_path: Path) -> None:
    """The vault is shared by all hubs of an installation: who asks at one is not forgotten behind the back of another."""
    await told.consent(0)
    await told.deliver(0)
    house, other = told.house, LogId("regio-b")
    mark = HighWater(tmp_path / "other-mark")
    committer = Committer(
        house.engine, other, OPERATOR, signer(9, "hub.example/regio-b"), house.clock, secrets.token_bytes, mark
    )
    await committer.start()
    try:
        notes = Notes(committer, other, OPERATOR, house.clock, secrets.token_bytes, house.vault)
        log = Log(house.engine, other, signer(9, "hub.example/regio-b").vkey)
        search = Search(house.engine, other, OPERATOR, house.vault.tags_of)
        notices = notice_desk(log, search, notes, house.vault, lambda: told.rules.policy)
        theirs = Forgetting(log, notes, house.people, notices, tombs)
        asked = await theirs.ask(NUMBERS[0], Ground.term, OFFICER)
        assert {one.what for one in asked.obstacles} == {Against.held_by_recipient}
        house.clock.us += LATER
        assert (await theirs.preview(asked.erasure_id)).obstacles == ()
    finally:
        await committer.stop()
        mark.close()


async def test_what_waits_stands_against_it(told: Told, forgetting: Forgetting) -> None:
    await told.consent(0)
    await told.house.send(young(0))
    asked = await forgetting.ask(NUMBERS[0], Ground.duty, OFFICER)
    assert Against.waiting in {one.what for one in asked.obstacles}


async def test_two_persons_each_in_their_role(told: Told, forgetting: Forgetting) -> None:
    await given(told, 0)
    for by in (DECIDER, ADMINISTRATOR):
        with pytest.raises(Refused, match="may not"):
            await forgetting.ask(NUMBERS[0], Ground.term, by)
    asked = await forgetting.ask(NUMBERS[0], Ground.term, BOTH_ROLES)
    with pytest.raises(Refused, match="asked before"):
        await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)
    for by, words in ((BOTH_ROLES, "does not decide"), (OFFICER, "may not"), (ADMINISTRATOR, "may not")):
        with pytest.raises(Refused, match=words):
            await forgetting.order(asked.erasure_id, by)
    declined = await forgetting.decline(asked.erasure_id, DECIDER)
    assert declined.state is State.declined
    with pytest.raises(Refused, match="does not wait"):
        await forgetting.order(asked.erasure_id, DECIDER)
    assert await told.house.people.find(_bsn(0)) is not None


@pytest.mark.parametrize("change", ["asked_by = 'm-00000000000000ee'", "subject_tag = $2"])
async def test_who_asked_about_whom_is_what_the_log_and_the_vault_say(
    told: Told, forgetting: Forgetting, engine: AsyncEngine, change: str
) -> None:
    """A row that was changed past the log makes no two persons of one, and forgets nobody else."""
    await given(told, 0, 1)
    asked = await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)
    values = [asked.erasure_id, await told.tag(1)][: change.count("$") + 1]
    async with transaction(engine) as connection:
        await connection.raw.execute(f"UPDATE rights_erasure SET {change} WHERE erasure_id = $1", *values)
    with pytest.raises(Tampered):
        await forgetting.order(asked.erasure_id, DECIDER)
    assert {await told.house.people.find(_bsn(number)) is None for number in (0, 1)} == {False}


@pytest.mark.parametrize("number", ["", "123456789", "geen nummer"])
async def test_no_such_person(told: Told, forgetting: Forgetting, number: str) -> None:
    with pytest.raises(Malformed):
        await forgetting.ask(number, Ground.term, OFFICER)
    with pytest.raises(Refused, match="nobody"):
        await forgetting.ask(NUMBERS[3], Ground.term, OFFICER)


async def test_that_somebody_is_not_known_is_told_to_nobody_unlogged(told: Told, forgetting: Forgetting) -> None:
    """It is what a search answers: whoever asks it here stands in the log as whoever searches does."""
    await given(told, 0)
    await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)
    keys = PersonKeys(told.house.log, told.issue.notes, told.house.people)
    for ask in (
        lambda: forgetting.ask(NUMBERS[3], Ground.term, OFFICER),
        lambda: forgetting.hold(NUMBERS[3], HoldKind.breach, OFFICER),
        lambda: keys.give(NUMBERS[3], SearchReason.inzage, OFFICER),
        lambda: forgetting.ask(NUMBERS[0], Ground.term, OFFICER),
    ):
        before = len(await told.house.entries())
        with pytest.raises(Refused):
            await ask()
        said = (await told.house.entries())[-1]
        assert (len(await told.house.entries()) - before, said["operation"]) == (1, "search-person")
        assert said["details"]["staff"] == OFFICER.staff_id
    with pytest.raises(Refused, match="may not"):
        await forgetting.hold(NUMBERS[3], HoldKind.breach, DECIDER)
    assert said == (await told.house.entries())[-1]


async def test_without_the_log_nobody_is_forgotten(
    told: Told, forgetting: Forgetting, tombs: Tombs, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given(told, 0)
    asked = await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)
    await told.house.committer.stop()
    with pytest.raises(HubError):
        await forgetting.order(asked.erasure_id, DECIDER)
    assert await told.house.people.find(_bsn(0)) is not None
    assert tombs.read() == {}


@pytest.mark.parametrize("broken", ["hub.protect.vault.Vault.forget", "hub.rights.erasure.store.forget"])
async def test_a_crash_half_way_is_finished(
    told: Told,
    forgetting: Forgetting,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    engine: AsyncEngine,
    vault_engine: AsyncEngine,
) -> None:
    await given(told, 0)
    tag = await told.tag(0)
    asked = await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)

    async def crash(*args: Any, **other: Any) -> None:
        raise Conflict("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(broken, crash)
        with pytest.raises(Conflict):
            await forgetting.order(asked.erasure_id, DECIDER)
    assert await forgetting.catch_up() == 1
    rows = await dumped(engine, vault_engine)
    assert {table for table, lines in rows.items() if any(tag.hex() in line for line in lines)} == {
        "rights_tombstone",
        "vault_tombstone",
    }
    assert [one.state for one in await forgetting.requests()] == [State.done]
    assert await forgetting.catch_up() == 0


async def test_a_restored_backup_forgets_again(
    told: Told, forgetting: Forgetting, vault_engine: AsyncEngine, engine: AsyncEngine
) -> None:
    await given(told, 0, 1)
    async with transaction(vault_engine) as connection:
        saved = {table: await connection.raw.fetch(f"SELECT * FROM {table}") for table in ("vault_key", "vault_subject")}
    async with transaction(engine) as connection:
        facts = await connection.raw.fetch("SELECT * FROM consent_facts")
    tag, other = await forgotten(told, forgetting, 0), await told.tag(1)

    # Both databases as they were before: their tombstones are gone too, the file beside them is not.
    async with transaction(vault_engine) as connection:
        for table, rows in saved.items():
            await put_back(connection, table, rows)
    async with transaction(engine) as connection:
        await put_back(connection, "consent_facts", facts)
    assert await told.house.people.find(_bsn(0)) is not None
    assert await forgetting.catch_up() == 1
    assert await told.house.people.find(_bsn(0)) is None
    rows = await dumped(engine, vault_engine)
    assert not any(tag.hex() in line for table in ("vault_key", "vault_subject", "consent_facts") for line in rows[table])
    assert any(other.hex() in line for line in rows["vault_key"])
    assert [one["details"]["count"] for one in await told.by("erase-again")] == [1]  # type: ignore[index]


async def test_a_tombstone_that_one_place_lost_is_put_back_from_the_others(
    told: Told, forgetting: Forgetting, tombs: Tombs, vault_engine: AsyncEngine
) -> None:
    await given(told, 0)
    tag = await forgotten(told, forgetting, 0)
    tombs.path.unlink()
    assert await forgetting.catch_up() == 0
    assert set(tombs.read()) == {tag}


def test_the_file_of_who_was_forgotten(tmp_path: Path) -> None:
    tombs = Tombs(tmp_path / "forgotten")
    one, two = bytes(16), bytes(range(16))
    assert tombs.read() == {}
    tombs.add({one: Micros(10**15)})
    tombs.add({one: Micros(10**15 + 5), two: Micros(10**15 + 1)})
    assert tombs.read() == {one: 10**15, two: 10**15 + 1}
    whole = tombs.path.read_bytes()
    tombs.path.write_bytes(whole[:-7])  # a power cut while it was written
    assert tombs.read() == {one: 10**15}
    tombs.add({two: Micros(10**15 + 1)})
    assert tombs.path.read_bytes() == whole
    tombs.path.write_bytes(whole.replace(b" ", b"x"))
    with pytest.raises(Tampered):
        tombs.read()
    with pytest.raises(Misconfigured):
        Tombs(tmp_path / "forgotten" / "below").add({one: Micros(10**15)})


async def test_a_key_shows_what_the_index_hides_and_what_it_adds(told: Told, vault_engine: AsyncEngine) -> None:
    await given(told, 0, 1)
    house = told.house
    keys = PersonKeys(house.log, told.issue.notes, house.people)
    whole = await keys.compare(NUMBERS[0], SearchReason.controle, OFFICER)
    assert (whole.hidden, whole.foreign, whole.unseen) == ((), (), 0)
    assert len(whole.theirs) >= 2
    async with transaction(vault_engine) as connection:
        await connection.raw.execute("DELETE FROM vault_subject WHERE ref = $1", whole.theirs[0])
    other = (await keys.compare(NUMBERS[1], SearchReason.controle, OFFICER)).theirs[0]
    await house.vault.link([About(OPERATOR, await told.tag(0), other)])
    found = await keys.compare(NUMBERS[0], SearchReason.controle, OFFICER)
    assert (found.hidden, found.foreign) == ((whole.theirs[0],), (other,))
    with pytest.raises(Refused, match="may not"):
        await keys.compare(NUMBERS[0], SearchReason.controle, ADMINISTRATOR)


async def test_what_comes_in_while_the_log_is_looked_through_is_not_foreign(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    await told.consent(0)
    read = Log.bodies

    async def meanwhile(log: Log, start: int, stop: int) -> list[bytes]:
        found = await read(log, start, stop)
        monkeypatch.undo()
        await told.deliver(0)
        return found

    monkeypatch.setattr(Log, "bodies", meanwhile)
    keys = PersonKeys(told.house.log, told.issue.notes, told.house.people)
    found = await keys.compare(NUMBERS[0], SearchReason.controle, OFFICER)
    assert (found.theirs, found.hidden, found.foreign) == ((), (), ())
    assert len((await keys.compare(NUMBERS[0], SearchReason.controle, OFFICER)).theirs) > 0


async def test_who_is_given_a_key_stands_in_the_log_first(told: Told) -> None:
    await given(told, 0)
    keys = PersonKeys(told.house.log, told.issue.notes, told.house.people)
    file = orjson.loads(await keys.give(NUMBERS[0], SearchReason.inzage, OFFICER))
    assert set(file) == {"log", "tag", "key"}
    (entry,) = await told.by("person-key")
    assert entry["kind"] == EntryKind.export
    with pytest.raises(Refused, match="no key"):
        await keys.give(NUMBERS[3], SearchReason.inzage, OFFICER)
    await told.house.committer.stop()
    with pytest.raises(HubError):
        await keys.give(NUMBERS[0], SearchReason.inzage, OFFICER)


def _bsn(number: int) -> Bsn:
    return Bsn(NUMBERS[number])
