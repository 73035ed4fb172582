"""What the doctor says of connector instances."""

from __future__ import annotations

from types import MappingProxyType
from uuid import UUID

from hub.domain.terms import PartyId
from hub.health.connectors import judge_alone, judge_ends
from hub.health.findings import State
from hub.setups.standing import GLASS_US, Glass, Standing
from hub.setups.store import Held

DAY, NOW = 86_400_000_000, 1_790_000_000_000_000


def held(days: int, sealed: bytes | None = b"x") -> Held:
    return Held(UUID(int=1), "push", 2, "certificate", "certificate", sealed, "", NOW + days * DAY)


def test_an_end_is_told_sixty_and_seven_days_ahead() -> None:
    one = Standing("push", PartyId("duo"), held=MappingProxyType({"certificate": 2, "gone": -3}))
    states = [judge_ends([one], {("push", 2): held(days)}, NOW)[0].state for days in (61, 60, 8, 7, -1)]
    assert states == [State.ok, State.attention, State.attention, State.wrong, State.wrong]
    assert judge_ends([one], {("push", 2): held(1, None)}, NOW)[0].state is State.ok


def test_what_one_person_activated_is_told_until_another_confirms_it() -> None:
    one = Standing("push", PartyId("duo"), glass=Glass("account:k0", 1, "STORING", NOW))
    assert [judge_alone([one], NOW + late)[0].state for late in (0, GLASS_US + 1)] == [State.attention, State.wrong]
    assert judge_alone([Standing("push", PartyId("duo"))], NOW)[0].state is State.ok
