"""What is brought to the hub: sealed in a real PostgreSQL, read by the one reader of files, gone when it was read."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.connector import BLOCK, PageSource
from hub.db import listen
from hub.domain.staff import Role
from hub.domain.terms import ConnectorId
from hub.errors import Conflict, Malformed, Refused, Retry, Tampered
from hub.formats.csv import FORMAT
from hub.receive.drop import Drops, Instance, Outcome, RunReport
from hub.receive.drop.store import DropStore
from hub.receive.inbox import AnotherBody, Brought, Full, Inbox, InboxSource, TooLarge, Uploads
from hub.receive.inbox import store as inbox_store
from hub.running.store import CHANNEL
from tests.fakes.admin import person
from tests.fakes.console import staff
from tests.fakes.house import DUO, House, open_house
from tests.fakes.inbox import FakeInstances, inbox_of, parts_of
from tests.fakes.recorder import LOG, OPERATOR
from tests.hostile.read import MAPPING, file

NAME = ConnectorId("school-mail")
BROUGHT = Brought(NAME, DUO, "webhook")
DAY_US = 86_400_000_000


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def inbox(house: House) -> Inbox:
    return inbox_of(house)


async def put(inbox: Inbox, data: bytes, key: bytes | None = None, **other: Any) -> UUID:
    content = inbox.begin()
    content.feed(data)
    (kept,) = await inbox.keep(BROUGHT, "webhook", [content.finish()], key, **other)
    return kept.item_id


def source(inbox: Inbox) -> InboxSource:
    return InboxSource(inbox, NAME, DUO)


async def names(inbox: Inbox, folder: str = ".") -> list[str]:
    return [one.name for one in await source(inbox).list(folder)]


async def content_of(inbox: Inbox, name: str, offset: int = 0) -> list[bytes]:
    return [block async for block in source(inbox).read(name, offset)]


def drops(house: House, inbox: Inbox) -> Drops:
    async def connect() -> InboxSource:
        return source(inbox)

    async def mapping() -> Any:
        return MAPPING

    return Drops(
        Instance(NAME, DUO, LOG, "*", 0),
        connect,
        FORMAT,
        mapping,
        house.route,
        DropStore(house.engine, LOG, DUO, NAME),
        house.digests,
        house.clock,
        secrets.token_bytes,
    )


def outcomes(report: RunReport) -> list[Outcome]:
    return [one.outcome for one in report.files]


async def blocks_kept(house: House) -> int:
    return int((await house.rows("SELECT count(*) AS n FROM receive_inbox_block"))[0]["n"])


async def test_it_is_a_folder_whose_files_are_sealed_and_nameless(house: House, inbox: Inbox) -> None:
    data = secrets.token_bytes(2 * BLOCK) + b"999990019 Verzonnen"
    item = await put(inbox, data)
    assert isinstance(source(inbox), PageSource)
    (listed,) = await source(inbox).list()
    assert (listed.name, listed.size, listed.mtime) == (str(item), len(data), house.clock.us // 1_000_000)
    blocks = await content_of(inbox, listed.name)
    assert [len(block) for block in blocks] == [BLOCK, BLOCK, 19]
    assert b"".join(blocks) == data
    assert b"".join(await content_of(inbox, listed.name, BLOCK + 7)) == data[BLOCK + 7 :]
    kept = await house.rows("SELECT * FROM receive_inbox JOIN receive_inbox_block USING (item_id)")
    assert not any(b"Verzonnen" in value for row in kept for value in row.values() if isinstance(value, bytes))


async def test_what_was_read_has_no_content_and_is_known_again(house: House, inbox: Inbox) -> None:
    await put(inbox, file(person(1), person(2)), b"m1")
    polled = drops(house, inbox)
    first = await polled.poll_once()
    assert (outcomes(first), first.files[0].accepted) == ([Outcome.done], 2)
    assert await blocks_kept(house) == 0
    assert await names(inbox) == []
    await put(inbox, file(person(1), person(2)), b"m2")
    again = await polled.poll_once()
    assert outcomes(again) == [Outcome.known]
    assert await blocks_kept(house) == 0


async def test_what_cannot_be_read_stays_until_it_is_read_again(house: House, inbox: Inbox) -> None:
    item = await put(inbox, b"no;header\n1;2\n")
    polled = drops(house, inbox)
    assert outcomes(await polled.poll_once()) == [Outcome.refused]
    (name,) = await names(inbox, "afgekeurd")
    assert name.startswith(f"afgekeurd/{item}.")
    await house.rows("UPDATE receive_drop SET state = 'again'")
    assert outcomes(await polled.poll_once()) == [Outcome.refused]
    assert await names(inbox, "afgekeurd") == [name]
    house.clock.us += 31 * DAY_US
    assert await inbox.purge(house.clock.us) == 1
    await house.rows("UPDATE receive_drop SET state = 'again'")
    await polled.poll_once()
    assert (await house.rows("SELECT state, reason FROM receive_drop"))[0] == {"state": "refused", "reason": "BESTAND_WEG"}


async def test_the_same_id_stands_for_one_item(inbox: Inbox) -> None:
    item = await put(inbox, b"same", b"m1")
    assert await put(inbox, b"same", b"m1") == item
    with pytest.raises(AnotherBody):
        await put(inbox, b"other", b"m1")
    made = await asyncio.gather(*(put(inbox, b"at once", b"m2") for _ in range(5)))
    assert len(set(made)) == 1
    assert len(await names(inbox)) == 2


async def test_a_repetition_is_known_when_its_content_is_gone(house: House, inbox: Inbox) -> None:
    data = file(person(3))
    item = await put(inbox, data, b"m1")
    await drops(house, inbox).poll_once()
    assert await put(inbox, data, b"m1") == item
    assert await names(inbox) == []


async def test_it_takes_no_more_than_can_wait(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_store, "MOST_ITEMS", 2)
    await put(inbox, b"1")
    held = await asyncio.gather(put(inbox, b"2"), put(inbox, b"3"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in held) == ["Full", "UUID"]
    with pytest.raises(Full) as full:
        await inbox.check_room(BROUGHT)
    assert full.value.after_s == 60
    (name, _) = await names(inbox)
    await source(inbox).move(name, "afgekeurd", "00", marked=True)
    monkeypatch.setattr(inbox_store, "MOST_BYTES", 4)
    await put(inbox, b"45")
    with pytest.raises(Full):
        await put(inbox, b"6")
    await inbox.keep(Brought(ConnectorId("another"), DUO, "mail"), "mail", [])


async def test_who_reads_it_is_told_at_once(engine: AsyncEngine, inbox: Inbox) -> None:
    async with listen(engine, CHANNEL) as heard:
        await put(inbox, b"1")
        async with asyncio.timeout(5):
            assert await anext(heard) == NAME


async def test_another_party_finds_nothing(inbox: Inbox) -> None:
    item = await put(inbox, b"1")
    for other in (InboxSource(inbox, ConnectorId("another"), DUO), InboxSource(inbox, NAME, OPERATOR)):
        assert await other.list() == []
        with pytest.raises(Retry):
            await other.stat(str(item))
        with pytest.raises(Retry):
            await other.move(str(item), "verwerkt", "00")
    for name in ("x", f"afgekeurd/{item}.00", f"verwerkt/{item}"):
        with pytest.raises(Retry):
            await source(inbox).stat(name)


async def test_a_block_that_is_missing_or_moved_is_no_content(house: House, inbox: Inbox) -> None:
    item = await put(inbox, bytes(BLOCK) + b"end")
    other = await put(inbox, bytes(BLOCK) + b"not")
    await house.rows("DELETE FROM receive_inbox_block WHERE item_id = $1 AND number = 1", item)
    with pytest.raises(Tampered):
        await content_of(inbox, str(item))
    await house.rows(
        """INSERT INTO receive_inbox_block SELECT log_id, party_id, $1, number, sealed FROM receive_inbox_block
        WHERE item_id = $2 AND number = 1""",
        item,
        other,
    )
    with pytest.raises(Tampered):
        await content_of(inbox, str(item))


def test_too_much_and_nothing_are_refused(inbox: Inbox) -> None:
    content = inbox.begin()
    for _ in range(64):
        content.feed(bytes(BLOCK))
    with pytest.raises(TooLarge):
        content.feed(b"1")
    with pytest.raises(Malformed):
        inbox.begin().finish()


async def test_an_upload_is_in_the_log_before_it_is_read(house: House, inbox: Inbox) -> None:
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    uploads = Uploads(inbox, FakeInstances(BROUGHT), notes)
    assert await uploads.upload(NAME, parts_of(b"a", b"bc"), staff(Role.administrator)) == 3
    with pytest.raises(Refused):
        await uploads.upload(ConnectorId("unknown"), parts_of(b"a"), None)
    (entry,) = [one for one in await house.entries() if one["operation"] == "upload"]
    (name,) = await names(inbox)
    assert entry["details"] == {"connector": "school-mail", "item": name, "party": "duo", "staff": "m-" + "0" * 16}


async def test_an_upload_that_is_in_no_log_is_not_read(house: House, inbox: Inbox) -> None:
    class Shut:
        log_id = LOG

        async def record(self, item: Any) -> Any:
            raise Conflict("The log is shut.")

    notes = Notes(cast(Any, Shut()), LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    with pytest.raises(Conflict):
        await Uploads(inbox, FakeInstances(BROUGHT), notes).upload(NAME, parts_of(b"a"), None)
    assert await names(inbox) == []
    assert await inbox.purge(house.clock.us + 2 * DAY_US) == 1
    assert await blocks_kept(house) == 0
