"""Deliveries: fetched by their recipient alone, until it acknowledges them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from tests.fakes.caller import UNREADABLE, headers_of, is_problem
from tests.fakes.partner import DESK, Desk
from tests.fakes.way import ENTRY


def _hold(desk: Desk, count: int) -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    for number, each in enumerate(ids):
        desk.way.hold(each, DESK, b'{"pseudoniem":"p1-%d","leeftijd":"18-22"}' % number)
    return ids


async def test_deliveries_are_fetched_and_acknowledged(desk: Desk, client: httpx2.AsyncClient) -> None:
    ids = _hold(desk, 3)
    headers = headers_of(desk, authorization=f"Bearer {desk.token(desk.desk)}")
    page = (await client.get("/v1/bezorgingen?limiet=2", headers=headers)).json()
    assert [each["bezorgingId"] for each in page["bezorgingen"]] == [str(each) for each in ids[:2]]
    assert page["bezorgingen"][0] | {"ontvangstbewijs": ""} == {
        "bezorgingId": str(ids[0]),
        "bron": "duo-vsv",
        "recordsoort": "uitvalmelding",
        "inhoud": {"pseudoniem": "p1-0", "leeftijd": "18-22"},
        "logregel": ENTRY,
        "ontvangstbewijs": "",
    }
    assert page["nogWachtend"] == 1
    assert page["checkpoint"]
    stranger = uuid4()
    body = {"bezorgingen": [str(ids[0]), str(ids[0]).upper(), str(stranger)]}
    answer = await client.post("/v1/bezorgingen/ontvangst", json=body, headers=headers)
    assert answer.json() == {"bevestigd": [str(ids[0])], "onbekend": [str(stranger)]}
    left = (await client.get("/v1/bezorgingen", headers=headers)).json()
    assert [each["bezorgingId"] for each in left["bezorgingen"]] == [str(each) for each in ids[1:]]


async def test_nobody_sees_or_acknowledges_what_waits_for_another(desk: Desk, client: httpx2.AsyncClient) -> None:
    (held,) = _hold(desk, 1)
    assert (await client.get("/v1/bezorgingen", headers=headers_of(desk))).json()["bezorgingen"] == []
    answer = await client.post("/v1/bezorgingen/ontvangst", json={"bezorgingen": [str(held)]}, headers=headers_of(desk))
    assert answer.json() == {"bevestigd": [], "onbekend": [str(held)]}


@pytest.mark.parametrize("limit", ["0", "501", "-1", "", "1.0", "1e2", "+5", "%2B5", "٣", "5 ", "99999999999", "nee"])
async def test_limits_that_are_refused(desk: Desk, client: httpx2.AsyncClient, limit: str) -> None:
    answer = await client.get(f"/v1/bezorgingen?limiet={limit}", headers=headers_of(desk))
    is_problem(answer, 400, ("limiet", "LIMIET_ONGELDIG"))


@pytest.mark.parametrize(
    "query", ["bsn=999990019", "limiet=5&limiet=6", "limiet=5&x=1", "Limiet=5", "x", "&", "access_token=abc"]
)
async def test_other_queries_are_refused(desk: Desk, client: httpx2.AsyncClient, query: str) -> None:
    is_problem(await client.get(f"/v1/bezorgingen?{query}", headers=headers_of(desk)), 400, ("?", "PARAMETER_ONBEKEND"))


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("bezorgingen", "VERPLICHT_VELD_LEEG")]),
        ({"bezorgingen": None}, [("bezorgingen", "VERPLICHT_VELD_LEEG")]),
        ({"bezorgingen": "x"}, [("bezorgingen", "WAARDE_ONGELDIG")]),
        ({"bezorgingen": []}, [("bezorgingen", "AANTAL_ONGELDIG")]),
        ({"bezorgingen": [str(uuid4())] * 501}, [("bezorgingen", "AANTAL_ONGELDIG")]),
        ({"bezorgingen": ["x", str(uuid4()), 5, None]}, [(f"bezorgingen[{n}]", "UUID_ONGELDIG") for n in (0, 2, 3)]),
        ({"bezorgingen": [uuid4().hex]}, [("bezorgingen[0]", "UUID_ONGELDIG")]),
        ({"bezorgingen": [f"{{{uuid4()}}}"]}, [("bezorgingen[0]", "UUID_ONGELDIG")]),
        ({"bezorgingen": ["x"], "a": 1, "b": 2}, [("?", "VELD_ONBEKEND"), ("bezorgingen[0]", "UUID_ONGELDIG")]),
        ([], [("rij", "WAARDE_ONGELDIG")]),
    ],
)
async def test_acknowledgements_that_are_refused(
    desk: Desk, client: httpx2.AsyncClient, body: Any, faults: list[tuple[str, str]]
) -> None:
    answer = await client.post("/v1/bezorgingen/ontvangst", content=orjson.dumps(body), headers=headers_of(desk))
    is_problem(answer, 400, *faults)


@pytest.mark.parametrize("body", [b"NaN", b"{", b"\xff", b'{"bezorgingen":[NaN]}'])
async def test_acknowledgements_that_are_no_json(desk: Desk, client: httpx2.AsyncClient, body: bytes) -> None:
    is_problem(await client.post("/v1/bezorgingen/ontvangst", content=body, headers=headers_of(desk)), 400, *UNREADABLE)


async def test_an_acknowledgement_needs_a_key_too(desk: Desk, client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/bezorgingen/ontvangst", json={}, headers=headers_of(desk, idempotency_key=None))
    is_problem(answer, 400, ("Idempotency-Key", "SLEUTEL_ONGELDIG"))


async def test_nothing_is_handed_over_to_who_asks_for_headers_alone(desk: Desk, client: httpx2.AsyncClient) -> None:
    desk.way.trouble = AssertionError("not to be called")
    assert (await client.head("/v1/bezorgingen", headers=headers_of(desk))).status_code == 405
