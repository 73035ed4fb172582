"""Messages: answered with what was decided, done once, refused with all faults together."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest

from tests.fakes.caller import UNREADABLE, is_problem, send
from tests.fakes.partner import DESK, SCHOOL, Desk, new_bsn, record


async def test_a_message_is_answered_with_its_outcomes_and_proofs(desk: Desk, client: httpx2.AsyncClient) -> None:
    answer = await send(client, desk)
    assert answer.status_code == 201
    assert "location" not in answer.headers
    body = answer.json()
    assert UUID(body["uitvalmeldingId"])
    assert body["status"] == "aangenomen"
    assert [(each["besluit"], each["redenen"]) for each in body["uitkomsten"]] == [
        ("verstrekt", []),
        ("geweigerd", ["GEEN_GRONDSLAG"]),
    ]
    assert all(each["bewijs"].startswith("c2sp.org/tlog-proof@v1\n") for each in body["uitkomsten"])
    assert body["checkpoint"].startswith("log.example.test/hub\n")
    (received,) = desk.way.received
    assert (received.party, received.interface, received.log_id) == (SCHOOL, "rest", "rijnmonde")


async def test_the_same_request_gets_the_same_answer_and_is_done_once(desk: Desk, client: httpx2.AsyncClient) -> None:
    first = await send(client, desk, idempotency_key="een")
    again = await send(client, desk, idempotency_key="een")
    assert (again.status_code, again.content) == (201, first.content)
    assert len(desk.way.received) == 1


async def test_two_at_once_with_one_key_are_done_once(desk: Desk, client: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(send(client, desk, idempotency_key="een") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(desk.way.received) == 1


async def test_one_key_for_two_bodies_is_a_conflict(desk: Desk, client: httpx2.AsyncClient) -> None:
    await send(client, desk, idempotency_key="een")
    is_problem(await send(client, desk, record(gemeente="0363"), idempotency_key="een"), 409)
    assert len(desk.way.received) == 1


async def test_keys_of_two_parties_are_strangers(desk: Desk, client: httpx2.AsyncClient) -> None:
    await send(client, desk, idempotency_key="een")
    other = await send(
        client, desk, record(gemeente="0363"), idempotency_key="een", authorization=f"Bearer {desk.token(desk.desk)}"
    )
    assert other.status_code == 201
    assert {each.party for each in desk.way.received} == {SCHOOL, DESK}


async def test_the_same_content_under_a_new_key_is_a_duplicate(desk: Desk, client: httpx2.AsyncClient) -> None:
    await send(client, desk)
    assert (await send(client, desk)).json()["status"] == "dubbel"


@pytest.mark.parametrize(("conflicts", "status"), [(2, 201), (3, 503)])
async def test_a_conflict_is_tried_again_a_few_times(
    desk: Desk, client: httpx2.AsyncClient, conflicts: int, status: int
) -> None:
    desk.way.conflicts = conflicts
    answer = await send(client, desk)
    assert answer.status_code == status
    if status == 503:
        assert answer.headers["retry-after"] == "1"


async def test_a_refused_message_leaves_its_key_free(desk: Desk, client: httpx2.AsyncClient) -> None:
    is_problem(await send(client, desk, record(gemeente=None), idempotency_key="een"), 400, ("gemeente", "VERPLICHT_VELD_LEEG"))
    assert (await send(client, desk, idempotency_key="een")).status_code == 201


async def test_all_faults_of_a_record_are_told_together(desk: Desk, client: httpx2.AsyncClient) -> None:
    wrong = record(bsn="123456789", geboortedatum="31-12-2008", gemeente=None, startkwalificatie="nee", extra=1)
    is_problem(
        await send(client, desk, wrong),
        400,
        ("bsn", "BSN_ONGELDIG"),
        ("geboortedatum", "DATUM_ONGELDIG"),
        ("gemeente", "VERPLICHT_VELD_LEEG"),
        ("startkwalificatie", "WAARDE_ONGELDIG"),
        ("?", "VELD_ONBEKEND"),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"\xff\xfe",
        b'{"bsn": "\xff"}',
        b'{"bsn": "\xed\xa0\x80"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        orjson.dumps(record()) + b"x",
        orjson.dumps(record()).decode().encode("utf-16"),
        b"\xef\xbb\xbf" + orjson.dumps(record()),
        b'{"huisnummer": ' + b"9" * 5000 + b"}",
        b'{"bsn": "a\nb"}',
    ],
)
async def test_bodies_that_are_no_json(desk: Desk, client: httpx2.AsyncClient, body: bytes) -> None:
    is_problem(await send(client, desk, body), 400, *UNREADABLE)


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        (b"null", "rij", "WAARDE_ONGELDIG"),
        (b"[]", "rij", "WAARDE_ONGELDIG"),
        (b'"tekst"', "rij", "WAARDE_ONGELDIG"),
        (b"12", "rij", "WAARDE_ONGELDIG"),
        (b"NaN", "rij", "WAARDE_ONGELDIG"),
        (b'{"bsn":"%s","bsn":"%s"}' % (new_bsn(1).encode(), new_bsn(2).encode()), "?", "VELD_DUBBEL"),
        (b'{"a":{"b":1,"b":2}}', "?", "VELD_DUBBEL"),
    ],
)
async def test_bodies_that_are_no_record(desk: Desk, client: httpx2.AsyncClient, body: bytes, place: str, code: str) -> None:
    is_problem(await send(client, desk, body), 400, (place, code))


@pytest.mark.parametrize(
    "other",
    [
        {"huisnummer": False},
        {"huisnummer": True},
        {"huisnummer": "12"},
        {"huisnummer": 12.0},
        {"huisnummer": 0},
        {"huisnummer": 2**63},
        {"indicatieGeheim": 0},
        {"indicatieGeheim": "false"},
        {"geslachtsnaam": 5},
        {"geslachtsnaam": ["Verzonnen"]},
        {"geslachtsnaam": {"a": 1}},
        {"geslachtsnaam": "a\u202eb"},
        {"geslachtsnaam": "a\u0000b"},
        {"geslachtsnaam": "x" * 201},
        {"geslachtsnaam": "  "},
        {"geboortedatum": 20080504},
        {"geboortedatum": "2008-02-30"},
        {"geboortedatum": "0000-00-00"},
        {"geboortedatum": "2008-5-4"},
        {"gemeente": "599"},
        {"gemeente": "٠٥٩٩"},
        {"onderwijssoort": "hbo"},
        {"bsn": 999990019},
        {"bsn": "999 990 019"},
        {"bsn": "000000000"},
        {"datumUitschrijving": "2001-01-01"},
    ],
)
async def test_values_that_are_refused(desk: Desk, client: httpx2.AsyncClient, other: dict[str, Any]) -> None:
    answer = await send(client, desk, record(**other))
    (fault,) = {each["veld"] for each in answer.json()["fouten"]}
    is_problem(answer, 400, *((fault, each["code"]) for each in answer.json()["fouten"]))
    assert fault in other
    assert not desk.way.received


async def test_not_a_number_is_refused(desk: Desk, client: httpx2.AsyncClient) -> None:
    for word in (b"NaN", b"Infinity", b"-Infinity", b"1e999"):
        body = orjson.dumps(record())[:-1] + b',"huisnummer":' + word + b"}"
        assert (await send(client, desk, body)).status_code == 400


async def test_escapes_are_the_letters_they_stand_for(desk: Desk, client: httpx2.AsyncClient) -> None:
    body = orjson.dumps(record()).replace(b'"bsn"', b'"\\u0062sn"')
    assert (await send(client, desk, body)).status_code == 201
    twice = body[:-1] + b',"bsn":"999990019"}'
    is_problem(await send(client, desk, twice), 400, ("?", "VELD_DUBBEL"))
