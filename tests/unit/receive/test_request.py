"""Requests are read strictly: media types, lengths, keys, queries, tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx2
import orjson
import pytest

from hub.domain.records.fields import WITH_DOCUMENT
from hub.receive.request import BODY_LIMIT
from tests.fakes import kinds
from tests.fakes.caller import FORM, headers_of, is_problem, raw_send, send
from tests.fakes.partner import Desk, new_bsn, record


async def test_a_body_may_be_64_kib_and_no_more(desk: Desk, client: httpx2.AsyncClient) -> None:
    good = orjson.dumps(record())
    assert (await send(client, desk, good + b" " * (BODY_LIMIT - len(good)))).status_code == 201
    is_problem(await send(client, desk, good + b" " * (BODY_LIMIT - len(good) + 1)), 413)


async def test_a_record_that_carries_a_document_may_be_larger(desk: Desk, client: httpx2.AsyncClient) -> None:
    file = kinds.body("overstapdossier", onderwijskundigRapport="QUJD" * 40_000)
    assert len(file) > BODY_LIMIT
    for resource, status in (("overstapdossiers", 201), ("vroegsignalen", 413)):
        assert (await client.post(f"/v1/{resource}", content=file, headers=headers_of(desk))).status_code == status
    too_large = file + b" " * (WITH_DOCUMENT - len(file) + 1)
    is_problem(await client.post("/v1/overstapdossiers", content=too_large, headers=headers_of(desk)), 413)


async def test_a_stream_is_read_no_further_than_the_limit(desk: Desk, client: httpx2.AsyncClient) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(64):
            given += 8192
            yield b" " * 8192

    answer = await client.post("/v1/uitvalmeldingen", content=endless(), headers=headers_of(desk))
    is_problem(answer, 413)


@pytest.mark.parametrize("length", ["70000", "-1", "1e3", "99999999999999999999", "٣"])
async def test_lengths_that_are_refused(desk: Desk, length: str) -> None:
    scope_headers = [(name.encode(), value.encode()) for name, value in headers_of(desk).items()]
    status, _ = await raw_send(desk, [*scope_headers, (b"content-length", length.encode())], b"{}")
    assert status == 413


@pytest.mark.parametrize(
    "media",
    [
        None,
        "",
        "text/plain",
        "application/xml",
        "application/json; charset=latin-1",
        "application/jsonx",
        "application/json, text/plain",
        "application/json; boundary=x",
        FORM,
    ],
)
async def test_other_media_types_are_refused(desk: Desk, client: httpx2.AsyncClient, media: str | None) -> None:
    is_problem(await send(client, desk, content_type=media), 415)


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"']
)
async def test_json_is_json(desk: Desk, client: httpx2.AsyncClient, media: str) -> None:
    assert (await send(client, desk, content_type=media)).status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "identity", ""])
async def test_encoded_bodies_are_refused(desk: Desk, client: httpx2.AsyncClient, encoding: str) -> None:
    is_problem(await send(client, desk, content_encoding=encoding), 415)


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 201),
        ("application/*", 201),
        ("text/html, application/json;q=0.5", 201),
        ("application/problem+json, */*;q=0.1", 201),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/json; q=0.000", 406),
        ("", 406),
        ("application/xml, text/*", 406),
    ],
)
async def test_what_the_caller_takes(desk: Desk, client: httpx2.AsyncClient, accept: str, status: int) -> None:
    answer = await send(client, desk, accept=accept)
    assert answer.status_code == status
    if status == 406:
        is_problem(answer, 406)


@pytest.mark.parametrize("key", [None, "", " ", "a b", "x" * 129, "a\tb", "sleutel,\xe9"])
async def test_keys_that_are_refused(desk: Desk, key: str | None) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in headers_of(desk, idempotency_key=key).items()]
    status, body = await raw_send(desk, headers, orjson.dumps(record()))
    assert status == 400
    assert orjson.loads(body)["fouten"][0]["veld"] == "Idempotency-Key"


async def test_two_keys_are_none(desk: Desk) -> None:
    headers = [(name.encode(), value.encode()) for name, value in headers_of(desk).items()]
    status, _ = await raw_send(desk, [*headers, (b"idempotency-key", b"twee")], orjson.dumps(record()))
    assert status == 400


@pytest.mark.parametrize("path", ["/v1/uitvalmeldingen", "/v1/bezorgingen/ontvangst"])
async def test_a_write_takes_no_query(desk: Desk, client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(f"{path}?bsn={new_bsn()}", content=b"{}", headers=headers_of(desk))
    is_problem(answer, 400, ("?", "PARAMETER_ONBEKEND"))


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Basic cm9jOnJvYw==", "Bearer a b", "Bearer \xe9", "x"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/uitvalmeldingen"), ("GET", "/v1/bezorgingen"), ("POST", "/v1/bezorgingen/ontvangst")]
)
async def test_nobody_comes_in_without_a_token(
    desk: Desk, client: httpx2.AsyncClient, method: str, path: str, value: str | None
) -> None:
    headers = {} if value is None else {"authorization": value.encode("latin-1")}
    answer = await client.request(method, path, headers=headers)
    is_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_counts_in_the_header_alone(desk: Desk, client: httpx2.AsyncClient) -> None:
    assert (await client.get(f"/v1/bezorgingen?access_token={desk.token()}")).status_code == 401
    form = urlencode({"access_token": desk.token()})
    assert (await client.post("/v1/uitvalmeldingen", content=form, headers={"content-type": FORM})).status_code == 401
    assert (await client.get("/v1/bezorgingen", headers={"cookie": f"access_token={desk.token()}"})).status_code == 401


async def test_two_tokens_are_none(desk: Desk) -> None:
    headers = [(name.encode(), value.encode()) for name, value in headers_of(desk).items()]
    status, _ = await raw_send(desk, [*headers, (b"authorization", headers[0][1])], orjson.dumps(record()))
    assert status == 401


async def test_a_scope_that_a_token_lacks(desk: Desk, client: httpx2.AsyncClient) -> None:
    narrow = desk.tokens.issue(desk.school, {"bezorgingen:ophalen"}, None)
    answer = await send(client, desk, authorization=f"Bearer {narrow}")
    is_problem(answer, 403)
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert not desk.way.received
