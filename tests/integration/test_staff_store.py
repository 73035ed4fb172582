"""Sign-ins under way and sessions on a real PostgreSQL."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Conflict
from hub.identity.sessions import Sessions
from hub.identity.staff import Kept
from hub.identity.store import StaffStore
from tests.fakes.partner import NOW_US, StillClock, digest, entropy

LOG, ELSEWHERE, OPERATOR = LogId("rijnmonde"), LogId("haaglanden"), PartyId("hub-rijnmonde")
NOOR = Staff(StaffId("m-0123456789abcdef"), "Noor Demirci", frozenset({Role.privacy_officer, Role.administrator}))
LATER = Micros(NOW_US + 1_000_000)


@pytest.fixture
def store(engine: AsyncEngine) -> StaffStore:
    return StaffStore(engine, LOG, OPERATOR)


async def _rows(engine: AsyncEngine, table: str) -> list[asyncpg.Record]:
    return await db.fetch(engine, f"SELECT * FROM {table}")


async def test_a_sign_in_is_used_up_once_however_many_try(store: StaffStore, engine: AsyncEngine) -> None:
    await store.open_signin(b"s" * 32, "/beheer", LATER, NOW_US)
    tries = await asyncio.gather(*(store.take_signin(b"s" * 32) for _ in range(8)))
    assert [each for each in tries if each is not None] == [("/beheer", LATER)]
    assert await _rows(engine, "identity_signin") == []


async def test_a_sign_in_of_another_log_is_not_found(store: StaffStore, engine: AsyncEngine) -> None:
    await store.open_signin(b"s" * 32, "/", LATER, NOW_US)
    assert await StaffStore(engine, ELSEWHERE, OPERATOR).take_signin(b"s" * 32) is None
    assert await store.take_signin(b"x" * 32) is None
    assert await store.take_signin(b"s" * 32) is not None


async def test_sign_ins_that_expired_go_when_another_begins(store: StaffStore, engine: AsyncEngine) -> None:
    await store.open_signin(b"a" * 32, "/", LATER, NOW_US)
    await StaffStore(engine, ELSEWHERE, OPERATOR).open_signin(b"b" * 32, "/", LATER, NOW_US)
    await store.open_signin(b"c" * 32, "/", Micros(LATER + 1), LATER)
    assert {row["state_digest"][:1] for row in await _rows(engine, "identity_signin")} == {b"b", b"c"}


async def test_a_session_is_found_as_it_was_kept(store: StaffStore, engine: AsyncEngine) -> None:
    await store.add_session(b"s" * 32, Kept(NOOR, NOW_US, LATER))
    decides = Staff(StaffId("m-fedcba9876543210"), "Hester van Galen", frozenset({Role.decision_maker}), PartyId("duo"))
    await store.add_session(b"d" * 32, Kept(decides, NOW_US, LATER))
    assert await store.find_session(b"d" * 32) == Kept(decides, NOW_US, LATER)
    await store.drop_session(b"d" * 32)
    assert await store.find_session(b"s" * 32) == Kept(NOOR, NOW_US, LATER)
    assert await store.find_session(b"x" * 32) is None
    assert await StaffStore(engine, ELSEWHERE, OPERATOR).find_session(b"s" * 32) is None
    (row,) = await _rows(engine, "identity_session")
    assert (row["log_id"], row["party_id"]) == (LOG, OPERATOR)


async def test_a_token_that_is_there_is_not_given_again(store: StaffStore) -> None:
    await store.add_session(b"s" * 32, Kept(NOOR, NOW_US, LATER))
    with pytest.raises(Conflict):
        await store.add_session(b"s" * 32, Kept(NOOR, NOW_US, LATER))


async def test_use_is_kept_and_never_goes_back(store: StaffStore) -> None:
    await store.add_session(b"s" * 32, Kept(NOOR, NOW_US, LATER))
    for seen, kept in ((NOW_US + 5, NOW_US + 5), (NOW_US + 3, NOW_US + 5)):
        await store.touch_session(b"s" * 32, Micros(seen))
        found = await store.find_session(b"s" * 32)
        assert found is not None
        assert found.seen_us == kept
    await store.touch_session(b"x" * 32, NOW_US)


async def test_a_session_that_is_dropped_is_gone(store: StaffStore, engine: AsyncEngine) -> None:
    await store.add_session(b"s" * 32, Kept(NOOR, NOW_US, LATER))
    await StaffStore(engine, ELSEWHERE, OPERATOR).drop_session(b"s" * 32)
    assert await store.find_session(b"s" * 32) is not None
    await store.drop_session(b"s" * 32)
    await store.drop_session(b"s" * 32)
    assert await _rows(engine, "identity_session") == []


async def test_sessions_that_expired_go_when_another_begins(store: StaffStore, engine: AsyncEngine) -> None:
    await store.add_session(b"a" * 32, Kept(NOOR, NOW_US, LATER))
    await store.add_session(b"b" * 32, Kept(NOOR, LATER, Micros(LATER + 1)))
    assert [row["session_digest"] for row in await _rows(engine, "identity_session")] == [b"b" * 32]


async def test_a_role_that_the_hub_no_longer_has_is_nothing(store: StaffStore, engine: AsyncEngine) -> None:
    await store.add_session(b"s" * 32, Kept(NOOR, NOW_US, LATER))
    await db.fetch(engine, "UPDATE identity_session SET roles = ARRAY['keizer', 'fg']")
    found = await store.find_session(b"s" * 32)
    assert found is not None
    assert found.staff.roles == {Role.fg}


async def test_a_session_from_beginning_to_end(store: StaffStore, engine: AsyncEngine) -> None:
    clock = StillClock()
    sessions = Sessions(store, digest, clock, entropy, lifetime_s=3600, idle_s=1800)
    token = await sessions.begin(NOOR)
    clock.us += 61_000_000
    found = await sessions.find(token)
    assert found is not None
    assert found.staff == NOOR
    (row,) = await _rows(engine, "identity_session")
    assert row["seen_us"] == clock.us
    assert token.encode() not in repr(dict(row)).encode()
    await sessions.end(token)
    assert await sessions.find(token) is None


async def test_who_signed_in_is_known_by_name_after_the_session_is_gone(store: StaffStore, engine: AsyncEngine) -> None:
    await store.add_session(b"a" * 32, Kept(Staff(NOOR.staff_id, "Oude Naam", NOOR.roles), NOW_US, LATER))
    await store.add_session(b"b" * 32, Kept(NOOR, NOW_US, LATER))
    await store.drop_session(b"a" * 32)
    await store.drop_session(b"b" * 32)
    assert await store.names() == {str(NOOR.staff_id): NOOR.name}
    assert await StaffStore(engine, ELSEWHERE, OPERATOR).names() == {}
