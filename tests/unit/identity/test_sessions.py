"""Sessions: for how long they hold, and that nothing of a token is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros, PartyId
from hub.identity.sessions import Sessions
from hub.identity.staff import Kept
from tests.fakes.partner import StillClock, digest, entropy
from tests.fakes.provider import FakeStaff

NOOR = Staff(StaffId("m-0123456789abcdef"), "Noor Demirci", frozenset({Role.privacy_officer}))
MINUTE_US = 60_000_000


class Desk:
    def __init__(self) -> None:
        self.store, self.clock = FakeStaff(), StillClock()
        self.sessions = Sessions(self.store, digest, self.clock, entropy, lifetime_s=8 * 3600, idle_s=30 * 60)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_session_is_found_by_its_token(desk: Desk) -> None:
    token = await desk.sessions.begin(NOOR)
    found = await desk.sessions.find(token)
    assert found is not None
    assert found.staff == NOOR
    assert "Noor" not in repr(found)


async def test_only_a_digest_is_kept_and_another_one_guards_the_forms(desk: Desk) -> None:
    token = await desk.sessions.begin(NOOR)
    assert len(token) == 87
    assert list(desk.store.sessions) == [digest("session", token.encode())]
    found = await desk.sessions.find(token)
    assert found is not None
    assert found.csrf == digest("session-csrf", token.encode()).hex()
    assert found.csrf not in repr(found)


async def test_each_session_has_a_token_of_its_own(desk: Desk) -> None:
    first, second = await desk.sessions.begin(NOOR), await desk.sessions.begin(NOOR)
    await desk.sessions.end(first)
    assert await desk.sessions.find(first) is None
    assert await desk.sessions.find(second) is not None


@pytest.mark.parametrize("token", ["", "x" * 43, f"{'x' * 43}.{'x' * 43}", "é" * 43, "\udc80", "x" * 100_000])
async def test_another_token_finds_nobody(desk: Desk, token: str) -> None:
    await desk.sessions.begin(NOOR)
    assert await desk.sessions.find(token) is None
    await desk.sessions.end(token)


@pytest.mark.parametrize(
    "changed",
    [
        {"staff": Staff(NOOR.staff_id, NOOR.name, frozenset({Role.administrator}))},
        {"staff": Staff(NOOR.staff_id, NOOR.name, NOOR.roles | {Role.fg})},
        {"staff": Staff(StaffId("m-fedcba9876543210"), NOOR.name, NOOR.roles)},
        {"staff": Staff(NOOR.staff_id, "Iemand Anders", NOOR.roles)},
        {"staff": Staff(NOOR.staff_id, NOOR.name, NOOR.roles, PartyId("duo"))},
        {"expires_us": Micros(1 << 60)},
    ],
)
async def test_who_can_write_the_register_makes_nobody_more_than_they_are(desk: Desk, changed: dict[str, Any]) -> None:
    token = await desk.sessions.begin(NOOR)
    (place, kept) = desk.store.sessions.popitem()
    desk.store.sessions[place] = replace(kept, **changed)
    assert await desk.sessions.find(token) is None
    assert desk.store.sessions == {}


async def test_an_unused_session_ends(desk: Desk) -> None:
    token = await desk.sessions.begin(NOOR)
    desk.clock.us += 30 * MINUTE_US - 1
    assert await desk.sessions.find(token) is not None
    desk.clock.us += 30 * MINUTE_US
    assert await desk.sessions.find(token) is None
    assert desk.store.sessions == {}


async def test_a_used_session_ends_all_the_same(desk: Desk) -> None:
    token = await desk.sessions.begin(NOOR)
    for _ in range(8 * 60 // 20 - 1):
        desk.clock.us += 20 * MINUTE_US
        assert await desk.sessions.find(token) is not None
    desk.clock.us += 20 * MINUTE_US
    assert await desk.sessions.find(token) is None
    assert desk.store.sessions == {}


async def test_use_is_kept_once_a_minute(desk: Desk) -> None:
    token = await desk.sessions.begin(NOOR)
    for seconds, touched in ((0, 0), (59, 0), (1, 1), (59, 1), (1, 2)):
        desk.clock.us += seconds * 1_000_000
        assert await desk.sessions.find(token) is not None
        assert desk.store.touched == touched


async def test_who_has_no_role_left_has_no_session(desk: Desk) -> None:
    token = await desk.sessions.begin(NOOR)
    (place, kept) = desk.store.sessions.popitem()
    desk.store.sessions[place] = Kept(Staff(NOOR.staff_id, NOOR.name, frozenset()), kept.seen_us, kept.expires_us)
    assert await desk.sessions.find(token) is None
    assert desk.store.sessions == {}
