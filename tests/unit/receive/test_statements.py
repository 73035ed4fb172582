"""`/v1/verklaringen`: recorded and taken back in one call, strictly read, answered alike whatever was known."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from hub.clock import legal_date
from hub.consent.statement import Authority, What
from hub.domain.facts import StatementKind, Voice
from hub.identity.partners import AANLEVEREN
from tests import canary
from tests.fakes.partner import NOW_US, SCHOOL, Desk, ec_key

PATH = "/v1/verklaringen"
SAID = {"handeling": "vastleggen", "bsn": canary.BSN, "soort": "bezwaar", "stem": "jongere", "wijze": "balie"}
YES = {
    **SAID,
    "soort": "toestemming",
    "doelen": ["proef-hulp"],
    "partijen": ["zorg"],
    "geboortedatum": "2005-05-04",
    "tekst": {"naam": "uitleg", "versie": "3", "sha256": "ab" * 32},
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def post(desk: Desk, body: Any, key: str | None = None, **headers: str) -> httpx2.Response:
    given = {
        "authorization": f"Bearer {desk.token()}",
        "content-type": "application/json",
        "idempotency-key": key or uuid4().hex,
    }
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with desk.client() as client:
        return await client.post(PATH, content=content, headers={**given, **headers})


async def test_what_is_said_is_recorded_in_the_callers_name(desk: Desk) -> None:
    answer = await post(desk, YES)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["status"], told["ontvangstbewijs"].startswith("kop.")) == ("vastgelegd", True)
    ((number, said),) = desk.heard.said
    assert (number, said.kind, said.what, said.born) == (canary.BSN, StatementKind.toestemming, What.given, date(2005, 5, 4))
    assert (said.spoken.party, said.spoken.checked_by, said.begins) == (SCHOOL, SCHOOL, legal_date(NOW_US))
    assert (said.scope.purposes, said.scope.parties) == ({"proef-hulp"}, {"zorg"})
    assert UUID(told["verklaringId"])


async def test_a_representative_shows_by_what_right(desk: Desk) -> None:
    await post(desk, {**YES, "stem": "ouder", "machtiging": {"soort": "ouderlijk-gezag", "kenmerk": "uittreksel 3"}})
    ((_, said),) = desk.heard.said
    assert (said.spoken.voice, said.spoken.authority, said.spoken.reference) == (
        Voice.ouder,
        Authority.ouderlijk_gezag,
        "uittreksel 3",
    )


async def test_a_refusal_is_recorded_as_one(desk: Desk) -> None:
    await post(desk, {**YES, "handeling": "weigeren"})
    assert desk.heard.said[0][1].what is What.refused


async def test_to_take_back_asks_no_reason_and_tells_nothing(desk: Desk) -> None:
    answer = await post(desk, {**SAID, "handeling": "intrekken"})
    assert (answer.status_code, answer.json()["status"], answer.json()["ontvangstbewijs"]) == (201, "ingetrokken", None)
    ((number, kind, scope, spoken),) = desk.heard.taken_back
    assert (number, kind, scope.parties, spoken.party) == (canary.BSN, StatementKind.bezwaar, None, SCHOOL)


async def test_the_same_key_and_body_give_the_same_answer_and_change_nothing(desk: Desk) -> None:
    first, second = await post(desk, YES, "a"), await post(desk, YES, "a")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(desk.heard.said) == 1
    assert (await post(desk, SAID, "a")).status_code == 409


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"bsn": "123456789"}, "bsn", "BSN_ONGELDIG"),
        ({"bsn": None, "onderwijsnummer": canary.BSN}, "onderwijsnummer", "ONDERWIJSNUMMER_ONGELDIG"),
        ({"bsn": None}, "rij", "RIJ_ONVOLLEDIG"),
        ({"onderwijsnummer": canary.ONDERWIJSNUMMER}, "rij", "RIJ_ONVOLLEDIG"),
        ({"bsn": 999990019}, "bsn", "WAARDE_ONGELDIG"),
        ({"soort": "ja"}, "soort", "WAARDE_ONGELDIG"),
        ({"reden": "geen zin"}, "?", "VELD_ONBEKEND"),
        ({"tot": "morgen"}, "tot", "DATUM_ONGELDIG"),
        ({"doelen": []}, "doelen", "WAARDE_ONGELDIG"),
        ({"doelen": ["Kanariepiet"]}, "doelen", "WAARDE_ONGELDIG"),
        ({"tekst": {"naam": "uitleg"}}, "tekst", "VERPLICHT_VELD_LEEG"),
        ({"ookBezwaar": "ja"}, "ookBezwaar", "WAARDE_ONGELDIG"),
    ],
)
async def test_what_is_wrong_is_named_without_its_value(desk: Desk, changes: dict[str, Any], field: str, code: str) -> None:
    answer = await post(desk, {**SAID, **changes})
    assert answer.status_code == 400
    assert (field, code) in {(fault["veld"], fault["code"]) for fault in answer.json()["fouten"]}
    assert not canary.found_in(answer.text)
    assert "Kanariepiet" not in answer.text
    assert desk.heard.said == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b'{"bsn":"1","bsn":"2"}'])
async def test_a_body_that_is_none_is_refused(desk: Desk, body: bytes) -> None:
    assert (await post(desk, body)).status_code == 400


async def test_every_field_that_is_missing_is_named(desk: Desk) -> None:
    answer = await post(desk, {"bsn": canary.BSN})
    missing = {fault["veld"] for fault in answer.json()["fouten"] if fault["code"] == "VERPLICHT_VELD_LEEG"}
    assert missing == {"handeling", "soort", "stem", "wijze"}


async def test_a_voice_that_may_not_say_it_is_refused(desk: Desk) -> None:
    desk.heard.refuse = True
    answer = await post(desk, YES)
    assert answer.status_code == 403
    assert not canary.found_in(answer.text)


async def test_another_scope_does_not_do(desk: Desk) -> None:
    other = desk.partners.add(SCHOOL, "andere-client", ec_key("roc-2"), scopes=frozenset({AANLEVEREN}))
    answer = await post(desk, YES, authorization=f"Bearer {desk.token(other)}")
    assert answer.status_code == 403
    assert desk.heard.said == []
