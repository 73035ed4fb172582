"""What every answer carries, and how every error is answered."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from hub.errors import Conflict, Malformed, Misconfigured, Refused, Retry, Tampered
from hub.receive.edge import Edge
from tests.fakes.caller import ALWAYS, headers_of, is_problem
from tests.fakes.partner import Desk


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/gezondheid", 200),
        ("GET", "/v1/gezondheid/proces", 200),
        ("GET", "/v1/openapi.json", 200),
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/gezondheid/", 404),
        ("GET", "/v1/bezorgingen/", 404),
        ("POST", "/v1/uitvalmeldingen/", 404),
        ("GET", "/v1/uitvalmeldingen/999990019", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/v1//bezorgingen", 404),
        ("GET", "/v1/uitvalmeldingen", 405),
        ("DELETE", "/v1/bezorgingen", 405),
        ("OPTIONS", "/v1/uitvalmeldingen", 405),
        ("TRACE", "/v1/bezorgingen", 405),
        ("GET", "/oauth/token", 405),
    ],
)
async def test_every_answer_carries_the_headers(
    desk: Desk, client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get_list(name) for name in ALWAYS} == {name: [value] for name, value in ALWAYS.items()}
    assert answer.headers["traceparent"]
    assert answer.headers.get("access-control-allow-origin") == ("*" if path == "/v1/openapi.json" else None)
    if status >= 400:
        is_problem(answer, status)
    if status == 405:
        assert answer.headers["allow"]


async def test_a_trace_is_taken_over_or_made(desk: Desk, client: httpx2.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await client.get("/v1/nergens", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.headers["traceparent"].split("-")[1] == trace
    assert answer.headers["traceparent"].split("-")[2] != "00f067aa0ba902b7"
    assert answer.json()["instance"] == f"trace:{trace}"
    for bad in ("", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "x", f"00-{trace}-999990019-01"):
        made = (await client.get("/v1/nergens", headers={"traceparent": bad})).headers["traceparent"].split("-")[1]
        assert len(made) == 32
        assert made != trace


async def test_a_transaction_id_is_passed_back_if_it_is_one(desk: Desk, client: httpx2.AsyncClient) -> None:
    mine = str(uuid4())
    assert (await client.get("/v1/gezondheid", headers={"fsc-transaction-id": mine})).headers["fsc-transaction-id"] == mine
    for bad in ("999990019", mine + "x", mine.replace("-", ""), ""):
        assert "fsc-transaction-id" not in (await client.get("/v1/gezondheid", headers={"fsc-transaction-id": bad})).headers


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("x"), 403),
        (Retry("x", after_s=9), 503),
        (Conflict("x"), 503),
        (Malformed("x"), 400),
        (Misconfigured("x"), 500),
        (Tampered("x"), 500),
        (ValueError("x"), 500),
        (KeyError("x"), 500),
        (ExceptionGroup("x", [ValueError("y")]), 500),
    ],
)
async def test_every_error_has_its_answer(desk: Desk, client: httpx2.AsyncClient, error: Exception, status: int) -> None:
    desk.way.trouble = error
    answer = await client.get("/v1/bezorgingen", headers=headers_of(desk))
    is_problem(answer, status)
    assert answer.headers.get("retry-after") == ({Retry: "9", Conflict: "1"}.get(type(error)))


async def test_readiness_asks_and_liveness_does_not(desk: Desk, client: httpx2.AsyncClient) -> None:
    async def not_ready() -> None:
        raise ConnectionError("secret place")

    desk.ready = not_ready
    answer = await client.get("/v1/gezondheid")
    is_problem(answer, 503)
    assert "secret" not in answer.text
    assert (await client.get("/v1/gezondheid/proces")).status_code == 200


async def test_a_broken_answer_is_broken_off_without_its_error(desk: Desk) -> None:
    async def half(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("999990019")

    async def send(_message: Any) -> None:
        return None

    scope = {"type": "http", "path": "/", "headers": [], "method": "GET"}
    with pytest.raises(Retry) as caught:
        await Edge(half)(scope, None, send)  # type: ignore[arg-type]
    assert caught.value.__context__ is None
    assert "999990019" not in str(caught.value)


async def test_a_caller_who_hangs_up_is_no_failure(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/uitvalmeldingen",
        "query_string": b"",
        "root_path": "",
        "scheme": "https",
    }
    given = [(name.encode(), value.encode()) for name, value in headers_of(desk).items()]
    await desk.app({**scope, "headers": given}, receive, send)
    assert sent == []
    assert capfd.readouterr().err == ""
