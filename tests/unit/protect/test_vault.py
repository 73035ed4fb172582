"""The vault on a real PostgreSQL: one key per person whoever asks first, and none that another ring opens."""

from __future__ import annotations

import asyncio
import secrets

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import create_engine, transaction
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Tampered
from hub.postgres import Urls
from hub.protect.keys import KeyRing
from hub.protect.seal import tag_of
from hub.protect.vault import Vault

RING = KeyRing(bytes(range(32)), 1)
LOG, PARTY, NOW = LogId("regio-a"), PartyId("duo"), Micros(1_790_000_000_000_000)
WHO = [bytes([number]) * 16 for number in range(60)]


def vault_on(engine: AsyncEngine, ring: KeyRing = RING) -> Vault:
    return Vault(engine, ring, LOG, secrets.token_bytes)


@pytest.fixture
def vault(vault_engine: AsyncEngine) -> Vault:
    return vault_on(vault_engine)


async def test_a_person_keeps_the_key_that_was_made_first(vault: Vault, vault_engine: AsyncEngine) -> None:
    made = await vault.subjects(WHO, PARTY, NOW)
    assert set(made) == set(WHO)
    assert len(set(made.values())) == len(WHO)
    assert all(len(one.key) == 32 and one.tag == tag_of(one.key) for one in made.values())
    assert await vault_on(vault_engine).subjects([*WHO, *WHO], PartyId("mbo-zilverlinde"), NOW) == made
    assert await vault.known(WHO) == made
    assert await vault.existing([one.tag for one in made.values()]) == dict(made.values())


async def test_whoever_asks_at_once_agrees(database_urls: Urls) -> None:
    """Processes of their own, so to speak: engines of their own, in any order, in part the same persons."""
    engines = [create_engine(database_urls.vault, pool_size=4) for _ in range(3)]
    many = [number.to_bytes(16) for number in range(2000)]
    try:
        asked = [
            vault_on(engine).subjects(tags, PARTY, NOW)
            for engine in engines
            for tags in (many, many[::-1], many[700:], many[1400::-1])
        ]
        answers = await asyncio.gather(*asked)
    finally:
        for engine in engines:
            await engine.dispose()
    for tag in many:
        assert len({answer[tag] for answer in answers if tag in answer}) == 1


async def test_no_key_lies_there_as_it_is(vault: Vault, vault_engine: AsyncEngine) -> None:
    made = await vault.subjects(WHO[:5], PARTY, NOW)
    async with transaction(vault_engine) as connection:
        rows = await connection.raw.fetch("SELECT * FROM vault_key")
    assert len(rows) == 5
    for row in rows:
        assert all(one.key not in row["wrapped"] for one in made.values())
        assert (row["log_id"], row["party_id"], row["kek_version"], row["created_us"]) == (LOG, PARTY, 1, NOW)


async def test_another_key_ring_opens_nothing(vault: Vault, vault_engine: AsyncEngine) -> None:
    made = await vault.subjects(WHO[:2], PARTY, NOW)
    for ring in (KeyRing(bytes(32), 1), KeyRing(bytes(range(32)), 2)):
        stranger = vault_on(vault_engine, ring)
        with pytest.raises(Tampered, match="key ring"):
            await stranger.subjects(WHO[:1], PARTY, NOW)
        with pytest.raises(Tampered, match="key ring"):
            await stranger.existing([made[WHO[0]].tag])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE vault_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE locator = $1",
        "UPDATE vault_key SET wrapped = '' WHERE locator = $1",
        "UPDATE vault_key SET wrapped = (SELECT wrapped FROM vault_key WHERE locator <> $1 LIMIT 1) WHERE locator = $1",
    ],
)
async def test_a_changed_or_exchanged_key_is_seen(vault: Vault, vault_engine: AsyncEngine, change: str) -> None:
    await vault.subjects(WHO[:2], PARTY, NOW)
    async with transaction(vault_engine) as connection:
        assert await connection.raw.execute(change, WHO[0]) == "UPDATE 1"
    with pytest.raises(Tampered):
        await vault.subjects(WHO[:1], PARTY, NOW)


async def test_who_was_erased_has_no_key(vault: Vault, vault_engine: AsyncEngine) -> None:
    made = await vault.subjects(WHO[:2], PARTY, NOW)
    async with transaction(vault_engine) as connection:
        await connection.raw.execute("DELETE FROM vault_key WHERE locator = $1", WHO[0])
    assert await vault.known(WHO[:2]) == {WHO[1]: made[WHO[1]]}
    again = await vault.subjects(WHO[:1], PARTY, NOW)
    assert again[WHO[0]].tag != made[WHO[0]].tag


async def test_existing_makes_nothing(vault: Vault) -> None:
    assert await vault.known(WHO) == {}
    assert await vault.existing([]) == {}


async def test_a_row_in_quarantine_opens_for_its_own_place_and_ring(vault: Vault, vault_engine: AsyncEngine) -> None:
    sealed = vault.seal_row(b"a row", b"place")
    assert vault.open_row(sealed, b"place") == b"a row"
    assert vault.seal_row(b"a row", b"place") != sealed
    for other, place in ((vault, b"elsewhere"), (vault_on(vault_engine, KeyRing(bytes(32), 1)), b"place")):
        with pytest.raises(Tampered):
            other.open_row(sealed, place)
