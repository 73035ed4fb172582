"""`/v1/mededelingen`: strictly read, in the caller's name, and no more said of another's delivery than that it is unknown."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from hub.identity.partners import MEDEDELINGEN, SCOPES
from hub.rights.informing.model import Telling
from tests.fakes.caller import headers_of
from tests.fakes.partner import SCHOOL, Desk, ec_key

PATH = "/v1/mededelingen"
ONE = str(uuid4())
SAID = {"bezorgingen": [ONE], "datum": "2026-09-20", "tekst": "afspraak"}


async def post(desk: Desk, body: Any, **other: Any) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with desk.client() as client:
        return await client.post(PATH, content=content, headers=headers_of(desk, **other))


def faults(answer: httpx2.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400
    return [(each["veld"], each["code"]) for each in answer.json()["fouten"]]


async def test_a_report_is_taken_in_the_callers_name(desk: Desk) -> None:
    answer = await post(desk, SAID)
    assert (answer.status_code, answer.json()) == (200, {"vastgelegd": [ONE], "onbekend": []})
    ((telling, caller),) = desk.informed.told
    assert caller == SCHOOL
    assert (list(map(str, telling.deliveries)), telling.day, telling.text) == ([ONE], date(2026, 9, 20), None)


async def test_a_text_of_ones_own_is_named_by_its_digest(desk: Desk) -> None:
    await post(desk, {**SAID, "tekst": "ab" * 32, "bezorgingen": [ONE, ONE.upper(), ONE]})
    assert desk.informed.told[0][0] == Telling(desk.informed.told[0][0].deliveries[:1], date(2026, 9, 20), b"\xab" * 32)


async def test_what_another_tells_of_is_unknown(desk: Desk) -> None:
    other = uuid4()
    desk.informed.foreign.add(other)
    answer = (await post(desk, {**SAID, "bezorgingen": [ONE, str(other)]})).json()
    assert answer == {"vastgelegd": [ONE], "onbekend": [str(other)]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"bezorgingen": []}, [("bezorgingen", "AANTAL_ONGELDIG")]),
        ({"bezorgingen": [ONE] * 501}, [("bezorgingen", "AANTAL_ONGELDIG")]),
        ({"bezorgingen": ONE}, [("bezorgingen", "WAARDE_ONGELDIG")]),
        ({"bezorgingen": [ONE, "x", 3]}, [("bezorgingen[1]", "UUID_ONGELDIG"), ("bezorgingen[2]", "UUID_ONGELDIG")]),
        ({"bezorgingen": None}, [("bezorgingen", "VERPLICHT_VELD_LEEG")]),
        ({"datum": "20260920"}, [("datum", "DATUM_ONGELDIG")]),
        ({"datum": "2026-02-30"}, [("datum", "DATUM_ONGELDIG")]),
        ({"datum": 20260920}, [("datum", "DATUM_ONGELDIG")]),
        ({"datum": None}, [("datum", "VERPLICHT_VELD_LEEG")]),
        ({"tekst": "Wij kregen uw naam."}, [("tekst", "WAARDE_ONGELDIG")]),
        ({"tekst": "AB" * 32}, [("tekst", "WAARDE_ONGELDIG")]),
        ({"tekst": None}, [("tekst", "VERPLICHT_VELD_LEEG")]),
        ({"bsn": "1", "naam": "2"}, [("?", "VELD_ONBEKEND")]),
    ],
)
async def test_what_is_wrong_is_named_by_place_and_code(desk: Desk, change: dict[str, Any], expected: Any) -> None:
    assert faults(await post(desk, {**SAID, **change})) == expected
    assert desk.informed.told == []


async def test_every_fault_is_told_at_once(desk: Desk) -> None:
    assert faults(await post(desk, {})) == [(name, "VERPLICHT_VELD_LEEG") for name in SAID]
    assert faults(await post(desk, b"[]")) == [("rij", "WAARDE_ONGELDIG")]
    assert faults(await post(desk, b"{")) == [("rij", "RIJ_ONVOLLEDIG")]
    assert faults(await post(desk, b'{"datum":"2026-09-20","datum":"2026-09-21"}')) == [("?", "VELD_DUBBEL")]


async def test_the_scope_the_key_and_no_query_are_asked_for(desk: Desk) -> None:
    assert MEDEDELINGEN in desk.school.scopes
    desk.partners.add(SCHOOL, "other", ec_key("other-1"), scopes=SCOPES - {MEDEDELINGEN})
    token = desk.token(desk.partners.known["other"])
    assert (await post(desk, SAID, authorization=f"Bearer {token}")).status_code == 403
    assert (await post(desk, SAID, authorization=None)).status_code == 401
    assert faults(await post(desk, SAID, idempotency_key=None)) == [("Idempotency-Key", "SLEUTEL_ONGELDIG")]
    async with desk.client() as client:
        assert faults(await client.post(f"{PATH}?bsn=1", json=SAID, headers=headers_of(desk))) == [("?", "PARAMETER_ONBEKEND")]
    assert desk.informed.told == []
