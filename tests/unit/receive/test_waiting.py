"""`/v1/beheer/wachtend`: what waits for people, for systems of the party that runs the hub alone."""

from __future__ import annotations

from datetime import date

from hub.domain.staff import Role
from hub.domain.terms import Micros, PartyId
from hub.receive.waiting import ROLES, WORDS
from hub.waiting.model import Item, List, What
from tests.fakes.caller import headers_of
from tests.fakes.partner import Desk, ec_key

PATH = "/v1/beheer/wachtend"


async def test_what_waits_is_told_to_whoever_runs_the_hub(desk: Desk) -> None:
    item = Item(What.objection, "duo", frozenset({Role.fg}), Micros(1_788_000_000_000_000), date(2026, 1, 31), "a1")
    desk.waiting.found = List((item,), ("setups",))
    operator = desk.partners.add(PartyId("hub"), "beheer", ec_key("beheer-1"))
    async with desk.client() as client:
        assert (await client.get(PATH, headers=headers_of(desk))).status_code == 403
        answer = await client.get(PATH, headers=headers_of(desk, authorization=f"Bearer {desk.token(operator)}"))
    told = {"soort": "bezwaar", "waarover": "duo", "rollen": ["fg"], "sinds": "2026-08-29", "uiterlijk": "2026-01-31"}
    assert answer.json() == {"wachtend": [{**told, "aantal": 1, "teLaat": True}], "volledig": False}


def test_everything_that_can_wait_has_a_word_and_so_has_every_role_that_it_waits_for() -> None:
    assert (set(WORDS), len(set(WORDS.values()))) == (set(What), len(What))
    assert set(ROLES) == set(Role) - {Role.auditor}
