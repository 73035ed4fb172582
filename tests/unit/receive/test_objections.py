"""`/v1/bezwaren`: a controller sees what waits for its own ruling and gives it; of another's no more is said than of none."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.consent.statement import Scope
from hub.domain.terms import Micros, PartyId
from hub.identity.partners import SCOPES, VERKLARINGEN
from hub.statements.objections import Objection
from tests.fakes.caller import headers_of
from tests.fakes.partner import SCHOOL, Desk, ec_key

PATH = "/v1/bezwaren"
HEARD = PartyId("leerplicht-lindemark")


def waits(desk: Desk, *asked: PartyId, until: date = date(2026, 10, 1)) -> UUID:
    made = Objection(uuid4(), HEARD, Scope(), Micros(1_788_000_000_000_000), until, asked, ())
    desk.objections.known.append(made)
    return made.statement_id


async def rule(desk: Desk, statement: object, body: Any) -> tuple[int, Any]:
    async with desk.client() as client:
        answer = await client.post(f"{PATH}/{statement}/besluit", json=body, headers=headers_of(desk))
    return answer.status_code, answer.json()


async def test_a_party_sees_its_own_with_their_term(desk: Desk) -> None:
    mine = waits(desk, SCHOOL)
    late = waits(desk, SCHOOL, until=date(2026, 1, 31))
    waits(desk, HEARD)
    async with desk.client() as client:
        answer = await client.get(PATH, headers=headers_of(desk))
    told = answer.json()["bezwaren"]
    assert [(one["bezwaarId"], one["teLaat"]) for one in told] == [(str(mine), False), (str(late), True)]
    assert told[0] == {
        "bezwaarId": str(mine),
        "gehoordDoor": HEARD,
        "doelen": None,
        "gedaanOp": "2026-08-29",
        "uiterlijk": "2026-10-01",
        "teLaat": False,
    }


async def test_a_ruling_is_given_in_the_callers_name(desk: Desk) -> None:
    mine, others = waits(desk, SCHOOL), waits(desk, HEARD)
    assert await rule(desk, mine, {"besluit": "afgewezen"}) == (200, {"bezwaarId": str(mine), "besluit": "afgewezen"})
    assert desk.objections.ruled == [(mine, False, SCHOOL)]
    for unknown in (others, uuid4(), "iets"):
        assert (await rule(desk, unknown, {"besluit": "toegewezen"}))[0] == 404
    assert len(desk.objections.ruled) == 1


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("besluit", "VERPLICHT_VELD_LEEG")),
        ({"besluit": "misschien"}, ("besluit", "CODE_ONBEKEND")),
        ({"besluit": 1}, ("besluit", "CODE_ONBEKEND")),
        ({"besluit": "toegewezen", "bsn": "999"}, ("?", "VELD_ONBEKEND")),
        ([], ("rij", "WAARDE_ONGELDIG")),
    ],
)
async def test_what_is_no_ruling_is_refused(desk: Desk, body: Any, fault: tuple[str, str]) -> None:
    status, answer = await rule(desk, waits(desk, SCHOOL), body)
    assert (status, [(one["veld"], one["code"]) for one in answer["fouten"]]) == (400, [fault])
    assert desk.objections.ruled == []


async def test_another_scope_opens_neither(desk: Desk) -> None:
    partner = desk.partners.add(HEARD, "andere", ec_key("andere-1"), scopes=SCOPES - {VERKLARINGEN})
    async with desk.client() as client:
        headers = headers_of(desk, authorization=f"Bearer {desk.token(partner)}")
        assert (await client.get(PATH, headers=headers)).status_code == 403
        assert (await client.post(f"{PATH}/{uuid4()}/besluit", json={}, headers=headers)).status_code == 403
