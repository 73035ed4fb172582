"""`/v1/logboek/processing-activities`: strictly read, in the caller's name, and never a value told back."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx2
import pytest

from hub.archive.partners import Answer
from hub.identity.partners import LOGBOEK, SCOPES
from hub.receive.logboek import TOO_WIDE
from tests.fakes.caller import headers_of
from tests.fakes.partner import SCHOOL, Desk, ec_key

PATH = "/v1/logboek/processing-activities"
TRACE = "0199c0de-0000-7000-8000-0123456789ab"
ACTIVITY = "dpl.core.processing_activity_id"
SUBJECT = "dpl.core.data_subject_id"
URI = "https://verwerkingen.example/1"


async def post(desk: Desk, body: Any, **other: Any) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with desk.client() as client:
        return await client.post(PATH, content=content, headers=headers_of(desk, **other))


async def test_a_question_is_asked_in_the_callers_name(desk: Desk) -> None:
    desk.logbook.answer = Answer(({"traceId": TRACE},), 12)
    end = "2026-11-30T23:59:59.999999+01:00"
    answer = await post(desk, {ACTIVITY: URI, "startTime": "2026-11-01T00:00:00Z", "endTime": end, "cursor": 7, "limit": 5})
    assert answer.json() == {
        "metadata": {"logbookId": "rijnmonde", "organizationName": "De hub"},
        "processingActivities": [{"traceId": TRACE}],
        "nextCursor": 12,
    }
    ((party, question),) = desk.logbook.asked
    assert party == SCHOOL
    assert (question.trace, question.activity, question.cursor, question.limit) == (None, URI, 7, 5)
    assert (question.from_us, question.until_us) == (1_793_491_200_000_000, 1_796_079_600_000_000)


async def test_the_last_page_names_no_next_one(desk: Desk) -> None:
    assert "nextCursor" not in (await post(desk, {"traceId": TRACE.upper()})).json()
    assert desk.logbook.asked[0][1].trace == UUID(TRACE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("traceId", TOO_WIDE)]),
        ({"startTime": "2026-11-01T00:00:00Z"}, [("traceId", TOO_WIDE)]),
        ({SUBJECT: "A" * 43}, [(SUBJECT, TOO_WIDE)]),
        ({"traceId": "123456782"}, [("traceId", "WAARDE_ONGELDIG")]),
        ({ACTIVITY: "geen uri"}, [(ACTIVITY, "WAARDE_ONGELDIG")]),
        ({ACTIVITY: URI, SUBJECT: "123456782"}, [(SUBJECT, "WAARDE_ONGELDIG")]),
        ({ACTIVITY: URI, SUBJECT + "_type": "BSN"}, [(SUBJECT + "_type", "WAARDE_ONGELDIG")]),
        ({ACTIVITY: URI, "startTime": "2026-02-30T00:00:00Z"}, [("startTime", "TIJD_ONGELDIG")]),
        ({ACTIVITY: URI, "endTime": 5}, [("endTime", "TIJD_ONGELDIG")]),
        ({ACTIVITY: URI, "limit": 501}, [("limit", "WAARDE_ONGELDIG")]),
        ({ACTIVITY: URI, "limit": True}, [("limit", "WAARDE_ONGELDIG")]),
        ({ACTIVITY: URI, "cursor": -1}, [("cursor", "WAARDE_ONGELDIG")]),
        ({ACTIVITY: URI, "bsn": "123456782"}, [("?", "VELD_ONBEKEND")]),
        ([], [("rij", "WAARDE_ONGELDIG")]),
        (b"{", [("rij", "RIJ_ONVOLLEDIG")]),
    ],
)
async def test_what_is_wrong_is_told_by_place_and_code_alone(desk: Desk, body: Any, expected: list[tuple[str, str]]) -> None:
    answer = await post(desk, body)
    assert answer.status_code == 400
    assert [(each["veld"], each["code"]) for each in answer.json()["fouten"]] == expected
    assert "123456782" not in answer.text
    assert not desk.logbook.asked


async def test_nothing_is_asked_in_an_address(desk: Desk) -> None:
    async with desk.client() as client:
        answer = await client.post(f"{PATH}?traceId={TRACE}", content=b"{}", headers=headers_of(desk))
    assert answer.status_code == 400
    assert not desk.logbook.asked


async def test_without_the_scope_nothing_is_read(desk: Desk) -> None:
    other = desk.partners.add(SCHOOL, "roc-zonder", ec_key("roc-9"), scopes=SCOPES - {LOGBOEK})
    answer = await post(desk, {"traceId": TRACE}, authorization=f"Bearer {desk.token(other)}")
    assert answer.status_code == 403
    assert not desk.logbook.asked
