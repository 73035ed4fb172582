"""A person erased, and then looked for in everything that is left: with every key, in tables, old backups and exports."""

from __future__ import annotations

import re
import shutil
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import check_receipt
from hub.audit.search import Search
from hub.db import create_engine, transaction
from hub.domain.personal import Bsn, Personal
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.stages import Row
from hub.notices.desk import notice_desk
from hub.postgres import PrivatePostgres, Urls
from hub.protect.committed import is_about
from hub.protect.keys import KeyUse
from hub.protect.minimise import content_of
from hub.protect.pseudonymise import Domain, pseudonyms
from hub.protect.seal import tag_of
from hub.rights.erasure.model import Ground, State
from hub.rights.erasure.service import Forgetting
from hub.rights.erasure.tombs import Tombs
from tests.fakes.consenting import AGENCY, FOUNDATION, young
from tests.fakes.house import DUO, JSON, KEY, LOG, OPERATOR, RING, open_house
from tests.fakes.retaining import verdict
from tests.fakes.told import NUMBERS, Told, open_told

OFFICER = Staff(StaffId("m-00000000000000aa"), "Verzonnen Functionaris", frozenset({Role.privacy_officer}))
DECIDER = Staff(StaffId("m-00000000000000bb"), "Verzonnen Beslisser", frozenset({Role.decision_maker}))
LATER = 60 * 366 * 24 * 3_600_000_000
_NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,}|[A-Za-z0-9_-]{22,}")
TAGGED = {"consent_facts", "consent_event", "consent_notice", "consent_cause", "deliver_outbox", "rights_erasure"}
"""The tables whose rows stand under a tag: in an old backup of the main database they stay together."""
Rows = Mapping[str, list[str]]


def forgetting_of(told: Told, tombs: Tombs) -> Forgetting:
    house, notes = told.house, told.issue.notes
    search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
    desk = notice_desk(house.log, search, notes, house.vault, lambda: told.rules.policy)
    return Forgetting(house.log, notes, house.people, desk, tombs)


@asynccontextmanager
async def _admin(postgres: PrivatePostgres) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
    try:
        yield connection
    finally:
        await connection.close()


async def rows_of(*engines: AsyncEngine) -> Rows:
    """Every row of every table but the log's own, as text; bytes in hexadecimal."""
    found: dict[str, list[str]] = {}
    for engine in engines:
        async with transaction(engine) as connection:
            for (table,) in await connection.raw.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
                if not table.startswith("audit_entry"):
                    found[table] = [
                        str(one[0]) for one in await connection.raw.fetch(f'SELECT one::text FROM "{table}" AS one')
                    ]
    return found


def said_in(export: Mapping[str, bytes]) -> list[str]:
    """The entries of an export, each as text."""
    found: list[str] = []
    for path, content in sorted(export.items()):
        while path.startswith("tile/entries/") and content:
            length = int.from_bytes(content[:2])
            found.append(content[2 : 2 + length].decode())
            content = content[2 + length :]
    return found


def names_in(text: str) -> set[str]:
    """What a row could be tied to another by: identifiers, digests, tags, and the moment that an identifier was made in."""
    found = set(_NAMES.findall(text))
    return found | {f"at {one[:18]}" for one in found if one.count("-") == 4 and one[14] == "7"}


def tied_to(start: Iterable[UUID], rows: Iterable[str], common: set[str]) -> set[str]:
    """All that hangs together with `start`, row by row, leaving out what everybody's rows have in common."""
    named = [names_in(row) - common for row in rows]
    found = {str(one) for one in start}
    while True:
        more = set().union(*(names for names in named if names & found)) - found
        if not more:
            return found
        found |= more


def known_from(told: Told, number: int, contents: Iterable[bytes]) -> set[bytes]:
    """What whoever has the key ring, the number and even the records can make of them."""
    bsn, house = Bsn(NUMBERS[number]), told.house
    pseudonymiser, digests, policy = house.pseudonymiser, house.digests, told.rules.policy
    first, locator = pseudonymiser.first_step(bsn), pseudonymiser.locator(bsn)
    agreements = [agreement.id for agreement in policy.agreements]
    domains = [Domain(*each, bsn.kind) for each in product((FOUNDATION, AGENCY, DUO), policy.purposes, agreements)]
    made = {pseudonyms(pseudonymiser.domain_key(domain), [first])[0].reveal().encode() for domain in domains}
    plain = (NUMBERS[number].encode(), f"{bsn.kind}\0{NUMBERS[number]}".encode(), *contents)
    labels = ("record", "body", "file", "idempotency-body", "idempotency-key", "statement", "authority", "receipt-person")
    made |= {digests(label, text) for label, text in product(labels, plain)}
    records = [content_of(JSON.read(Row(1, Personal(raw), Personal(raw)))) for raw in contents]
    made |= {digests("record", DUO.encode() + b"\0" + record) for record in records}
    return made | {first, locator, tag_of(first), tag_of(locator)}


def lies_in(value: bytes, text: str) -> bool:
    return value.hex() in text or urlsafe_b64encode(value).rstrip(b"=").decode() in text or value.decode("latin-1") in text


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def test_nobody_finds_who_was_erased(
    told: Told, engine: AsyncEngine, vault_engine: AsyncEngine, postgres: PrivatePostgres, database_urls: Urls, tmp_path: Path
) -> None:
    house, tombs = told.house, Tombs(tmp_path / "forgotten")
    forgetting = forgetting_of(told, tombs)
    messages: list[set[UUID]] = []
    contents: list[bytes] = []
    for number in (0, 1):
        await told.consent(number)
    tag, other = await told.tag(0), await told.tag(1)
    for left in ("2026-09-30", "2026-08-31"):
        before = await house.about(tag)
        await told.deliver(0, datumUitschrijving=left)
        contents.append(young(0, datumUitschrijving=left))
        messages.append(await house.about(tag) - before)
        house.clock.us += 86_400_000_000
        await told.deliver(1, datumUitschrijving=left)
        house.clock.us += 86_400_000_000
    first, second = messages
    assert first
    assert second
    theirs, others = first | second, await house.about(other)
    house.clock.us += LATER

    # What is kept from before: a copy of both databases, an export, receipts.
    files_before = {name: content async for name, content in house.log.export()}
    receipts, _ = await house.log.prove(await house.log.locate(sorted(theirs)))
    old_main, old_vault = await rows_of(engine), await rows_of(vault_engine)
    copies = {
        name.rpartition("/")[2]: name.rpartition("/")[2] + "_old" for name in (database_urls.database, database_urls.vault)
    }
    asked = await forgetting.ask(NUMBERS[0], Ground.term, OFFICER)
    shutil.copy(tmp_path / "mark", tmp_path / "mark-restored")
    async with _admin(postgres) as admin:
        for each in (engine, vault_engine):
            await each.dispose()
        for (name, copy), owner in zip(copies.items(), ("hub_owner", "hub_vault_owner"), strict=True):
            await admin.execute(f"CREATE DATABASE {copy} TEMPLATE {name} OWNER {owner} STRATEGY FILE_COPY")
    person = await house.people.find(Bsn(NUMBERS[0]))
    assert person is not None

    assert (await forgetting.order(asked.erasure_id, DECIDER)).state is State.done

    files = {name: content async for name, content in house.log.export()}
    today = await rows_of(engine, vault_engine)
    said = said_in(files)
    entries = [orjson.loads(one) for one in said]
    of = {UUID(one["ref"]): one for one in entries}
    about = [of[ref] for ref in theirs if of[ref]["kind"] in ("disclosure", "refusal")]
    assert len(about) >= 4
    rows = [*(line for each in (today, old_main) for lines in each.values() for line in lines), *said]
    everything = [
        *rows,
        *(content.decode("latin-1") for export in (files, files_before) for content in export.values()),
        *((tmp_path / name).read_text("latin-1") for name in ("mark", "forgotten")),
    ]

    # Nothing that follows from number, records and key ring stands anywhere; the control is what stood in the vault.
    bsn = Bsn(NUMBERS[0])
    mine = known_from(told, 0, contents)
    assert lies_in(house.pseudonymiser.locator(bsn), "\n".join(old_vault["vault_key"]))
    whole = "\n".join(everything)
    assert not [value.hex() for value in mine if lies_in(value, whole)]
    # No key that is left opens an entry of theirs, under whatever name; the control is their own, and the other's.
    async with transaction(vault_engine) as connection:
        locators = [bytes(row[0]) for row in await connection.raw.fetch("SELECT locator FROM vault_key")]
    subjects = list((await house.vault.known(locators)).values())
    guesses = {house.pseudonymiser.first_step(bsn), house.pseudonymiser.locator(bsn), tag}
    keys = {one.key for one in subjects} | {RING.derive(use) for use in KeyUse} | guesses
    tags = {one.tag for one in subjects} | guesses
    assert other in tags
    assert all(is_about(person.key, tag, one) for one in about)
    assert not any(is_about(key, name, one) for one in about for key, name in product(keys, tags))
    # The two messages hang together nowhere; the control is the vault as it was.
    common = set().union(*(names_in(row) for row in rows if names_in(row) & {str(one) for one in others}))
    second_named = {str(one) for one in second}
    left = [*said, *(line for lines in today.values() for line in lines)]
    assert not tied_to(first, left, common) & second_named
    assert tied_to(first, [*left, *old_vault["vault_subject"]], common) & second_named
    # An old backup of the main database ties together what stood under a tag, and nothing else; whose it was it does not say.
    assert tied_to(first, [*left, *(line for lines in old_main.values() for line in lines)], common) & second_named
    untagged = [line for table, lines in old_main.items() if table not in TAGGED for line in lines]
    assert not tied_to(first, [*left, *untagged], common) & second_named
    assert not [row for table in TAGGED - {"deliver_outbox", "rights_erasure"} for row in today[table] if tag.hex() in row]

    # Not a byte of the log changed.
    assert said[: len(said_in(files_before))] == said_in(files_before)
    for ref, receipt in receipts.items():
        check_receipt(receipt, (await house.log.locate([ref]))[ref].body, KEY.vkey)
    assert {verdict(each, tmp_path)[0] for each in (files_before, files)} == {"verified"}

    # Both databases put back as they were: they forget again, by the file alone.
    urls = [url.rpartition("/") for url in (database_urls.database, database_urls.vault)]
    restored, restored_vault = (create_engine(f"{base}/{copies[name]}") for base, _, name in urls)
    try:
        async with open_house(restored, restored_vault, tmp_path / "mark-restored") as again:
            again.clock.us = house.clock.us
            back = forgetting_of(Told(again, told.rules), tombs)
            assert await again.people.find(Bsn(NUMBERS[0])) is not None
            assert await back.catch_up() == 1
            assert await again.people.find(Bsn(NUMBERS[0])) is None
            assert await again.people.find(Bsn(NUMBERS[1])) is not None
            assert [one.state for one in await back.requests()] == [State.done]
            assert await back.catch_up() == 0
    finally:
        await restored.dispose()
        await restored_vault.dispose()
        async with _admin(postgres) as admin:
            for copy in copies.values():
                await admin.execute(f"DROP DATABASE {copy} WITH (FORCE)")
