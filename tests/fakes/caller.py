"""Calls to the interface as tests make them, and what every problem must look like."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2
import orjson

from tests.fakes.partner import Desk, record

ALWAYS = {
    "api-version": "1.0.0",
    "cache-control": "no-store",
    "content-security-policy": "frame-ancestors 'none'",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
FORM = "application/x-www-form-urlencoded"
UNREADABLE = (("rij", "RIJ_ONVOLLEDIG"),)


def headers_of(desk: Desk, **other: str | None) -> dict[str, str]:
    """The headers of a good write, with others; None drops one."""
    good = {"authorization": f"Bearer {desk.token()}", "idempotency-key": uuid4().hex, "content-type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in other.items()}
    return {name: value for name, value in {**good, **named}.items() if value is not None}


async def send(client: httpx2.AsyncClient, desk: Desk, content: Any = None, **other: str | None) -> httpx2.Response:
    """Send a message: bytes as they are, anything else as JSON, the good record without any."""
    body = content if isinstance(content, bytes) else orjson.dumps(record() if content is None else content)
    return await client.post("/v1/uitvalmeldingen", content=body, headers=headers_of(desk, **other))


def is_problem(answer: httpx2.Response, status: int, *faults: tuple[str, str]) -> None:
    """The answer is a problem in full, with exactly these faults."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("trace:")
    assert {(fault["veld"], fault["code"]) for fault in body.get("fouten", ())} == set(faults)
    assert all(fault["uitleg"] for fault in body.get("fouten", ()))
    assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS


async def raw_send(desk: Desk, headers: list[tuple[bytes, bytes]], body: bytes, query: bytes = b"") -> tuple[int, bytes]:
    """Send a message as no client library would."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/v1/uitvalmeldingen",
        "raw_path": b"/v1/uitvalmeldingen",
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("hub.example.nl", 443),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await desk.app(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])
