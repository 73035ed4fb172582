"""Notices: fetched by their recipient alone until acknowledged; answered in the agreed form, and what was done is signed."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from hub.notices.model import Action, Ground, Happened, Method
from tests.fakes.caller import UNREADABLE, headers_of, is_problem
from tests.fakes.partner import DESK, SCHOOL, Desk, ec_key, rsa_key, signed


def _headers(desk: Desk, **other: Any) -> dict[str, str]:
    return headers_of(desk, authorization=f"Bearer {desk.token(desk.desk)}", **other)


def _statement(notice: UUID, *, key: Any = None, alg: str = "PS256", typ: str = "verklaring+jwt", **other: Any) -> str:
    key = key or rsa_key("dsp-1")
    says = {"berichtId": str(notice), "antwoord": "uitgevoerd", "wijze": "gewist", "iat": 1_790_000_000, **other}
    return signed({"alg": alg, "kid": key.kid, "typ": typ}, says, key)


async def _answer(desk: Desk, client: httpx2.AsyncClient, notice: object, body: Any) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.post(f"/v1/berichten/{notice}/antwoord", content=content, headers=_headers(desk))


async def test_notices_are_fetched_until_they_are_acknowledged(desk: Desk, client: httpx2.AsyncClient) -> None:
    ref = desk.notices.put(DESK)
    desk.notices.put(SCHOOL)
    (found,) = (await client.get("/v1/berichten?limiet=5", headers=_headers(desk))).json()["berichten"]
    (delivery,) = desk.notices.kept[ref].items
    assert found == {
        "berichtId": str(ref),
        "aanleiding": "verklaring-ingetrokken",
        "gevraagd": "wissen",
        "grondslag": "AVG, artikel 7, derde lid, artikel 17, eerste lid, onder b, en artikel 19",
        "uiterlijk": "2026-09-21",
        "afspraak": None,
        "bezorgingen": [{"bezorgingId": str(delivery), "elementen": ["geslachtsnaam"]}],
        "volgtUit": None,
    }
    answer = await _answer(desk, client, ref, {"antwoord": "ontvangen"})
    assert answer.json() == {"berichtId": str(ref), "status": "ontvangen"}
    assert (await client.get("/v1/berichten", headers=_headers(desk))).json() == {"berichten": []}


async def test_what_was_done_is_signed_and_kept_as_it_was_signed(desk: Desk, client: httpx2.AsyncClient) -> None:
    ref = desk.notices.put(DESK)
    statement = _statement(ref)
    body = {"antwoord": "uitgevoerd", "wijze": "gewist", "ondertekening": statement, "doorgegevenAan": ["duo"]}
    assert (await _answer(desk, client, ref, body)).json()["status"] == "uitgevoerd"
    (taken,) = desk.notices.answers
    assert (taken.kind, taken.method, taken.onward) == (Happened.attested, Method.erased, ("duo",))
    assert (taken.digest, taken.text) == (sha256(statement.encode()).digest(), statement)


async def test_a_refusal_goes_with_its_ground(desk: Desk, client: httpx2.AsyncClient) -> None:
    ref = desk.notices.put(DESK)
    body = {"antwoord": "geweigerd", "grond": "AVG_17_3_B", "toelichting": "Wij moeten dit bewaren."}
    assert (await _answer(desk, client, ref, body)).json()["status"] == "geweigerd"
    assert desk.notices.answers[0].ground is Ground.legal_duty
    assert "bewaren" not in repr(desk.notices.answers[0])


@pytest.mark.parametrize(
    "made",
    [
        {"key": ec_key("dsp-1"), "alg": "ES256"},
        {"key": ec_key("roc-1"), "alg": "ES256"},
        {"typ": "JWT"},
        {"wijze": "beperkt"},
        {"berichtId": str(uuid4())},
        {"meer": "x"},
        {"iat": "gisteren"},
    ],
)
async def test_statements_that_prove_nothing(desk: Desk, client: httpx2.AsyncClient, made: dict[str, Any]) -> None:
    ref = desk.notices.put(DESK)
    body = {"antwoord": "uitgevoerd", "wijze": "gewist", "ondertekening": _statement(ref, **made)}
    is_problem(await _answer(desk, client, ref, body), 400, ("ondertekening", "HANDTEKENING_ONGELDIG"))
    assert desk.notices.answers == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("antwoord", "VERPLICHT_VELD_LEEG")]),
        ({"antwoord": "misschien"}, [("antwoord", "CODE_ONBEKEND")]),
        ({"antwoord": 5, "bsn": "x"}, [("?", "VELD_ONBEKEND"), ("antwoord", "WAARDE_ONGELDIG")]),
        ({"antwoord": "ontvangen", "wijze": "gewist"}, [("wijze", "ANTWOORD_PAST_NIET")]),
        ({"antwoord": "uitgevoerd"}, [("wijze", "VERPLICHT_VELD_LEEG"), ("ondertekening", "VERPLICHT_VELD_LEEG")]),
        ({"antwoord": "geweigerd"}, [("grond", "VERPLICHT_VELD_LEEG")]),
        ({"antwoord": "geweigerd", "grond": "GEEN_ZIN"}, [("grond", "CODE_ONBEKEND")]),
        ({"antwoord": "geweigerd", "grond": "AVG_18_2", "toelichting": "x" * 4001}, [("toelichting", "TE_LANG")]),
        ({"antwoord": "ontvangen", "doorgegevenAan": "duo"}, [("doorgegevenAan", "WAARDE_ONGELDIG")]),
        (
            {"antwoord": "ontvangen", "doorgegevenAan": ["duo", "D U O", 5]},
            [(f"doorgegevenAan[{n}]", "WAARDE_ONGELDIG") for n in (1, 2)],
        ),
        ({"antwoord": "ontvangen", "doorgegevenAan": ["duo"] * 51}, [("doorgegevenAan", "AANTAL_ONGELDIG")]),
        ([], [("rij", "WAARDE_ONGELDIG")]),
    ],
)
async def test_answers_that_are_refused(
    desk: Desk, client: httpx2.AsyncClient, body: Any, faults: list[tuple[str, str]]
) -> None:
    ref = desk.notices.put(DESK)
    is_problem(await _answer(desk, client, ref, body), 400, *faults)
    assert desk.notices.answers == []


@pytest.mark.parametrize("body", [b"NaN", b"{", b"\xff"])
async def test_answers_that_are_no_json(desk: Desk, client: httpx2.AsyncClient, body: bytes) -> None:
    is_problem(await _answer(desk, client, desk.notices.put(DESK), body), 400, *UNREADABLE)


async def test_nobody_learns_of_another_s_notice(desk: Desk, client: httpx2.AsyncClient) -> None:
    for unknown in (desk.notices.put(SCHOOL), uuid4(), "x", "%00"):
        is_problem(await _answer(desk, client, unknown, {"antwoord": "ontvangen"}), 404)


async def test_less_than_is_asked_is_not_done(desk: Desk, client: httpx2.AsyncClient) -> None:
    ref = desk.notices.put(DESK, Action.erase)
    body = {"antwoord": "uitgevoerd", "wijze": "beperkt", "ondertekening": _statement(ref, wijze="beperkt")}
    is_problem(await _answer(desk, client, ref, body), 400, ("wijze", "WIJZE_ONVOLDOENDE"))


async def test_another_answer_afterwards_is_not_taken(desk: Desk, client: httpx2.AsyncClient) -> None:
    ref = desk.notices.put(DESK)
    await _answer(desk, client, ref, {"antwoord": "geweigerd", "grond": "AVG_18_2"})
    is_problem(
        await _answer(desk, client, ref, {"antwoord": "uitgevoerd", "wijze": "gewist", "ondertekening": _statement(ref)}), 403
    )


async def test_the_scope_is_asked(desk: Desk, client: httpx2.AsyncClient) -> None:
    weak = desk.tokens.issue(desk.desk, frozenset({"bezorgingen:ophalen"}), None)
    headers = headers_of(desk, authorization=f"Bearer {weak}")
    is_problem(await client.get("/v1/berichten", headers=headers), 403)
    assert (await client.head("/v1/berichten", headers=_headers(desk))).status_code == 405
