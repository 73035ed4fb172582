"""Webhooks into a real inbox: who may bring, what is taken, what is told; and nothing of it is ever repeated."""

from __future__ import annotations

import asyncio
import hmac
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from hub.domain.terms import ConnectorId
from hub.errors import HubError
from hub.identity.partners import OPHALEN
from hub.receive import webhook
from hub.receive.edge import Edge
from hub.receive.inbox import Brought, Inbox, InboxSource
from hub.receive.inbox import store as inbox_store
from hub.receive.problem import of_error
from hub.receive.request import Gate
from hub.receive.webhook import BROUGHT_PATH, Webhooks
from tests.fakes.house import open_house
from tests.fakes.inbox import FakeInstances, inbox_of
from tests.fakes.partner import SCHOOL, Desk, ec_key

NAME = ConnectorId("school-rooster")
PATH = f"/v1/koppelingen/{NAME}/berichten"
KEYS = (bytes(range(24)), bytes(range(32)))
BODY = b"bsn;naam\n999990019;Verzonnen\n"
ORIGIN = "events.school.example"


def whsec(key: bytes) -> bytes:
    return b"whsec_" + b64encode(key)


INSTANCE = Brought(
    NAME,
    SCHOOL,
    "webhook",
    "csv",
    {"origin": ORIGIN},
    {"webhook_secret": whsec(KEYS[0]), "webhook_secret_next": whsec(KEYS[1])},
)
EVENTS = replace(INSTANCE, format="json", options={"origin": ORIGIN, "cloudevents": "yes"})


@dataclass
class Door:
    desk: Desk
    instances: FakeInstances
    inbox: Inbox
    client: httpx2.AsyncClient

    async def post(self, content: Any = BODY, path: Any = PATH, **other: Any) -> httpx2.Response:
        good = {"authorization": f"Bearer {self.desk.token()}", "idempotency-key": "m1", "content-type": "text/csv"}
        given = {**good, **{name.replace("_", "-"): value for name, value in other.items()}}
        headers = {name: value for name, value in given.items() if value is not None}
        answer = await self.client.post(path, content=content, headers=headers)
        assert b"Verzonnen" not in answer.content
        return answer

    async def signed(self, content: bytes = BODY, *, by: int = 0, late_s: int = 0, **other: str | None) -> httpx2.Response:
        moment, message = str(self.desk.clock.now_s - late_s), other.get("webhook_id") or "msg_1"
        signature = b64encode(hmac.digest(KEYS[by], f"{message}.{moment}.".encode() + content, "sha256")).decode()
        headers = {"webhook_id": message, "webhook_timestamp": moment, "webhook_signature": f"v1,{signature}", **other}
        return await self.post(content, **{"authorization": None, "idempotency_key": None, **headers})

    async def waiting(self) -> list[bytes]:
        source = InboxSource(self.inbox, NAME, SCHOOL)
        return sorted([b"".join([block async for block in source.read(one.name)]) for one in await source.list()])


@pytest.fixture
async def door(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Door]:
    desk, instances = Desk(), FakeInstances(INSTANCE)
    async with open_house(engine, vault_engine, tmp_path / "mark") as house:
        inbox = inbox_of(house)
        webhooks = Webhooks(inbox, instances, Gate(desk.tokens), desk.clock)
        app = FastAPI(
            middleware=[Middleware(Edge)],
            exception_handlers=dict.fromkeys((HubError, HTTPException), _handle),
        )
        app.add_route(BROUGHT_PATH, webhooks.post, methods=["POST"])
        app.add_route(BROUGHT_PATH, webhooks.options, methods=["OPTIONS"])
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://hub.example.nl") as client:
            yield Door(desk, instances, inbox, client)


async def _handle(request: Any, error: Exception) -> Any:
    return of_error(request, error)


async def test_a_token_of_the_instances_own_party_brings(door: Door) -> None:
    answer = await door.post(content_type="text/csv; charset=windows-1252; header=present")
    assert (answer.status_code, answer.json()) == (202, {"status": "aangenomen"})
    assert (await door.post()).status_code == 202
    assert (await door.post(b"other")).status_code == 409
    assert (await door.post(b"other", idempotency_key="m2")).status_code == 202
    assert await door.waiting() == [BODY, b"other"]


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (401, {"authorization": None}),
        (401, {"authorization": "Bearer x"}),
        (400, {"idempotency_key": None}),
        (404, {"path": "/v1/koppelingen/unknown/berichten"}),
        (404, {"path": "/v1/koppelingen/Verzonnen/berichten"}),
        (400, {"path": PATH + "?naam=Verzonnen"}),
        (415, {"content_type": "application/json"}),
        (415, {"content_type": "application/cloudevents+json"}),
        (415, {"content_encoding": "gzip"}),
        (413, {"content_length": "67108865"}),
        (400, {"content": b""}),
        (406, {"accept": "text/html"}),
    ],
)
async def test_what_is_not_agreed_is_not_taken(door: Door, status: int, change: dict[str, Any]) -> None:
    assert (await door.post(**change)).status_code == status
    assert await door.waiting() == []


async def test_nobody_brings_for_another_or_without_the_scope(door: Door) -> None:
    assert (await door.post(authorization=f"Bearer {door.desk.token(door.desk.desk)}")).status_code == 404
    reader = door.desk.partners.add(SCHOOL, "roc-reader", ec_key("roc-2"), scopes=frozenset({OPHALEN}))
    assert (await door.post(authorization=f"Bearer {door.desk.token(reader)}")).status_code == 403
    door.instances.one = replace(INSTANCE, protocol="mail")
    assert (await door.post()).status_code == 404
    assert (await door.signed()).status_code == 401


async def test_a_signature_brings_with_either_secret_once(door: Door) -> None:
    assert (await door.signed()).status_code == 202
    assert (await door.signed()).status_code == 202
    assert (await door.signed(b"other")).status_code == 409
    assert (await door.signed(b"next", by=1, webhook_id="msg_2", late_s=299)).status_code == 202
    assert await door.waiting() == [BODY, b"next"]


async def test_one_of_several_signatures_is_enough(door: Door) -> None:
    moment = str(door.desk.clock.now_s)
    good = b64encode(hmac.digest(KEYS[1], f"m.{moment}.".encode() + BODY, "sha256")).decode()
    strange = f"v1a,{good} v2,{good} v1,{b64encode(bytes(32)).decode()}"
    assert (await door.signed(webhook_id="m", webhook_signature=strange)).status_code == 401
    assert (await door.signed(webhook_id="m", webhook_signature=f"{strange} v1,{good}")).status_code == 202


@pytest.mark.parametrize(
    "change",
    [
        {"late_s": 301},
        {"late_s": -301},
        {"webhook_timestamp": "1"},
        {"webhook_timestamp": ""},
        {"webhook_id": "a.b"},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1," + "A" * 43 + "="},
        {"content_type": "text/csv", "webhook_id": "b" * 129},
    ],
)
async def test_what_is_not_well_signed_is_a_strangers(door: Door, change: dict[str, Any]) -> None:
    answer = await door.signed(**change)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="hub"')
    assert await door.waiting() == []


async def test_without_a_secret_no_signature_is_good(door: Door) -> None:
    door.instances.one = replace(INSTANCE, secrets={})
    assert (await door.signed()).status_code == 401


async def test_a_full_inbox_says_when_to_come_back(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_store, "MOST_ITEMS", 0)
    answer = await door.post()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    monkeypatch.setattr(webhook, "MOST_AT_ONCE", 0)
    assert (await door.post()).status_code == 503


async def test_who_is_slow_keeps_nobody_else_waiting(door: Door) -> None:
    other = replace(INSTANCE, connector=ConnectorId("school-anders"))
    door.instances.others[other.connector] = other
    enough = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield BODY
        await enough.wait()

    made_up = {"webhook_id": "m", "webhook_timestamp": str(door.desk.clock.now_s), "webhook_signature": f"v1,{'A' * 43}="}
    strangers = [
        asyncio.create_task(door.post(slow(), authorization=None, idempotency_key=None, **made_up))
        for _ in range(webhook.MOST_AT_ONCE)
    ]
    try:
        done, _ = await asyncio.wait(strangers, timeout=20, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result().status_code for task in done} == {503}
        answer = await door.post(path=PATH.replace(NAME, other.connector))
    finally:
        enough.set()
    assert answer.status_code == 202
    told = Counter([(await task).status_code for task in strangers])
    assert told == {401: webhook.MOST_EACH, 503: webhook.MOST_AT_ONCE - webhook.MOST_EACH}
    assert (await door.post()).status_code == 202


async def test_a_body_that_never_ends_is_read_no_further(door: Door) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(1 << 20)

    answer = await door.post(endless())
    assert answer.status_code == 413
    assert sent <= 66


async def test_an_event_is_its_data(door: Door) -> None:
    door.instances.one = EVENTS
    events = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/school", "ce_type": "nl.school.lijst"}
    data = b'{"n": 1.10, "naam": "Verzonnen"}'
    binary: dict[str, Any] = {"content": data, "content_type": "application/json", "idempotency_key": None}
    assert (await door.post(**binary, **events)).status_code == 202
    assert (await door.post(**binary, **events)).status_code == 202
    assert (await door.post(**{**binary, "content": b"{}"}, **events)).status_code == 409
    assert (await door.post(**binary, **{**events, "ce_specversion": "0.3"})).status_code == 400
    assert (await door.post(**binary)).status_code == 400
    whole = b'{"specversion":"1.0","id":"2","source":"/school","type":"t","data": ' + data + b" }"
    structured = {"content_type": "application/cloudevents+json", "idempotency_key": None}
    assert (await door.post(whole, **structured)).status_code == 202
    signed = whole.replace(b'"id":"2"', b'"id":"3"')
    assert (await door.signed(signed, content_type="application/cloudevents+json")).status_code == 202
    assert await door.waiting() == [data] * 3
    assert (await door.post(b"[]", content_type="application/cloudevents-batch+json")).status_code == 415


async def test_the_handshake_names_whom_the_instance_knows(door: Door) -> None:
    async def ask(origin: str, path: str = PATH) -> httpx2.Response:
        headers = {"webhook-request-origin": origin, "webhook-request-callback": "https://evil.example/call"}
        return await door.client.options(path, headers={**headers, "webhook-request-rate": "120"})

    assert (await ask(ORIGIN)).status_code == 403
    door.instances.one = EVENTS
    answer = await ask(ORIGIN.upper())
    assert answer.status_code == 200
    assert (answer.headers["webhook-allowed-origin"], answer.headers["webhook-allowed-rate"]) == (ORIGIN, "*")
    for origin, path in (("evil.example", PATH), ("*", PATH), (ORIGIN, PATH.replace("school", "other"))):
        assert (await ask(origin, path)).status_code == 403


_UNKNOWN = "/v1/koppelingen/school-anders/berichten"


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"content_type": "application/json"},
        {"content_encoding": "gzip"},
        {"accept": "text/html"},
        {"content_length": "67108865"},
        {"content": b""},
        {"webhook_id": "a.b"},
        {"webhook_timestamp": "1"},
        {"webhook_signature": "v1,x"},
    ],
)
async def test_who_cannot_sign_learns_not_whether_an_instance_is_there(door: Door, change: dict[str, Any]) -> None:
    signature = "v1," + b64encode(bytes(32)).decode()
    headers = {"webhook_id": "msg_1", "webhook_timestamp": str(door.desk.clock.now_s), "webhook_signature": signature}
    trace = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}
    asked = {"authorization": None, "idempotency_key": None, **headers, **trace, **change}
    there, nowhere = await door.post(**asked), await door.post(path=_UNKNOWN, **asked)
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
    told, told_nowhere = ({**one.headers, "traceparent": ""} for one in (there, nowhere))
    assert told == told_nowhere
    door.instances.one = replace(EVENTS, secrets={})
    assert (await door.post(**asked)).status_code == nowhere.status_code


async def test_a_full_inbox_is_told_to_who_signed_alone(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_store, "MOST_ITEMS", 0)
    assert (await door.signed()).status_code == 503
    assert (await door.signed(webhook_signature="v1," + b64encode(bytes(32)).decode())).status_code == 401


async def test_what_one_signs_that_the_instance_does_not_take_is_said_after_its_body(door: Door) -> None:
    assert (await door.signed(content_type="application/json")).status_code == 415
    assert await door.waiting() == []


async def test_a_signature_under_the_key_that_is_nobodys_is_a_strangers(door: Door) -> None:
    moment = str(door.desk.clock.now_s)
    made = b64encode(hmac.digest(bytes(32), f"msg_1.{moment}.".encode() + BODY, "sha256")).decode()
    headers = {"webhook_id": "msg_1", "webhook_timestamp": moment, "webhook_signature": f"v1,{made}"}
    asked = {"authorization": None, "idempotency_key": None, **headers}
    assert (await door.post(path=_UNKNOWN, **asked)).status_code == 401
    door.instances.one = replace(INSTANCE, secrets={})
    assert (await door.post(**asked)).status_code == 401
