"""Nothing that a caller sends comes back: not in an answer, not in a header, not in a log line, not in an exception.

A canary is put in every place of a request, one at a time, and everything that leaves the hub is searched for it. The one thing
that is given back on purpose is the caller's own trace and transaction id, which can hold nothing but hexadecimal digits.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx2
import orjson
import pytest

from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.errors import HubError, Malformed, Misconfigured, Refused, Retry, Tampered
from tests.fakes.caller import FORM, headers_of
from tests.fakes.partner import ASSERTION_TYPE, Desk, ec_key, new_bsn, record, signed

WORD = "Kanarievogel"
BSN = new_bsn(77)
CANARIES = (BSN, WORD, f"{BSN[:3]} {BSN[3:6]} {BSN[6:]}")
FIELDS = [field.alias or name for name, field in Uitvalmelding.model_fields.items()]
PATHS = (
    "/v1/uitvalmeldingen",
    "/v1/bezorgingen",
    "/v1/bezorgingen/ontvangst",
    "/v1/berichten",
    "/v1/mededelingen",
    "/v1/verklaringen",
    "/v1/gezondheid",
    "/v1/openapi.json",
    "/oauth/token",
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with desk.client() as client:
        yield client


@pytest.fixture(autouse=True)
def _silent(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Any:
    """Whatever a test of this file did, the logs know nothing of it."""
    caplog.set_level(logging.DEBUG)
    yield
    said = capfd.readouterr()
    for text in (said.out, said.err, caplog.text):
        assert not [canary for canary in CANARIES if canary in text]


def _says_nothing(answer: httpx2.Response) -> None:
    told = f"{answer.status_code} {answer.reason_phrase} {list(answer.headers.raw)!r} {answer.text}".lower()
    assert not [canary for canary in CANARIES if canary.lower() in told]


async def _post(client: httpx2.AsyncClient, desk: Desk, body: bytes, **other: str | None) -> httpx2.Response:
    return await client.post("/v1/uitvalmeldingen", content=body, headers=headers_of(desk, **other))


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("field", FIELDS)
async def test_a_value_of_a_record(desk: Desk, client: httpx2.AsyncClient, field: str, canary: str) -> None:
    for value in (canary, canary * 500, [canary], {canary: canary}, canary + "\n", 5, True, None):
        _says_nothing(await _post(client, desk, orjson.dumps(record() | {field: value, "extra": canary})))
        _says_nothing(await _post(client, desk, orjson.dumps(record() | {field: value})))


_WRITES: dict[str, dict[str, Any]] = {
    "/v1/mededelingen": {"bezorgingen": ["01890000-0000-7000-8000-000000000001"], "datum": "2026-09-20", "tekst": "afspraak"},
    "/v1/verklaringen": {
        "handeling": "vastleggen",
        "bsn": BSN,
        "soort": "toestemming",
        "stem": "ouder",
        "wijze": "balie",
        "doelen": ["hulp"],
        "partijen": ["zorg"],
        "elementen": ["bsn"],
        "gezegdOp": "2026-09-20",
        "vanaf": "2026-09-20",
        "tot": "2027-09-20",
        "geboortedatum": "2007-05-04",
        "ookBezwaar": True,
        "verblijfplaatsAfgeschermd": True,
        "machtiging": {"soort": "ouderlijk-gezag", "kenmerk": WORD},
        "tekst": {"naam": "uitleg", "versie": "3", "sha256": "ab" * 32},
    },
    "/v1/berichten/01890000-0000-7000-8000-000000000002/antwoord": {
        "antwoord": "geweigerd",
        "grond": "AVG_18_2",
        "toelichting": WORD,
    },
}


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize(("path", "field"), [(path, field) for path, body in _WRITES.items() for field in body])
async def test_a_value_of_another_write(desk: Desk, client: httpx2.AsyncClient, path: str, field: str, canary: str) -> None:
    for value in (canary, canary * 500, [canary], {canary: canary}, canary + "\n", 5, True, None):
        for extra in ({}, {"extra": canary}, {canary: 1}):
            body = orjson.dumps(_WRITES[path] | {field: value} | extra)
            _says_nothing(await client.post(path, content=body, headers=headers_of(desk)))


@pytest.mark.parametrize("canary", CANARIES)
async def test_the_name_of_a_field(desk: Desk, client: httpx2.AsyncClient, canary: str) -> None:
    answer = await _post(client, desk, orjson.dumps(record() | {canary: 1, f"{canary}.{canary}": {canary: 2}}))
    assert answer.status_code == 400
    _says_nothing(answer)
    body = {"bezorgingen": [canary, str(uuid4())], canary: canary}
    _says_nothing(await client.post("/v1/bezorgingen/ontvangst", json=body, headers=headers_of(desk)))


@pytest.mark.parametrize(
    "body",
    [
        WORD.encode(),
        f'{{"bsn": {BSN}'.encode(),
        f'{{"bsn": {BSN}}}'.encode(),
        f'"{BSN}"'.encode(),
        BSN.encode(),
        f'["{WORD}"]'.encode(),
        f'{{"{WORD}": "\xff"}}'.encode("latin-1"),
        f'{{"{BSN}":1,"{BSN}":1}}'.encode(),
        f'{{"bsn":"{BSN}"}} {WORD}'.encode(),
        WORD.encode() * 10_000,
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_cannot_be_read(desk: Desk, client: httpx2.AsyncClient, path: str, body: bytes) -> None:
    for media in ("application/json", FORM, WORD, f"application/json; charset={WORD}"):
        _says_nothing(await client.post(path, content=body, headers=headers_of(desk, content_type=media)))


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("path", PATHS)
async def test_a_path_and_a_query(desk: Desk, client: httpx2.AsyncClient, path: str, canary: str) -> None:
    word = quote(canary)
    for address in (
        f"{path}/{word}",
        f"{path}/{word}/",
        f"/{word}{path}",
        f"{path}?{word}",
        f"{path}?bsn={word}",
        f"{path}?limiet={word}",
        f"{path}?{word}={word}",
        f"{path}?limiet=5&{word}=1",
        f"{path}#{word}",
    ):
        for method in ("GET", "POST", "PUT", "OPTIONS", "HEAD"):
            _says_nothing(await client.request(method, address, headers=headers_of(desk)))
            _says_nothing(await client.request(method, address))


HEADERS = [
    "accept",
    "accept-language",
    "authorization",
    "client-cert",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "fsc-transaction-id",
    "host",
    "idempotency-key",
    "if-match",
    "origin",
    "range",
    "referer",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-request-id",
    "x-http-method-override",
]


@pytest.mark.parametrize("name", [*HEADERS, WORD.lower()])
async def test_a_header(desk: Desk, client: httpx2.AsyncClient, name: str) -> None:
    for canary in (*CANARIES, f"Bearer {BSN}", f"Bearer {WORD}.{WORD}.{WORD}", f"00-{BSN}-{BSN}-01", f"{WORD}/1, */*"):
        for path, body in (("/v1/uitvalmeldingen", orjson.dumps(record())), ("/v1/bezorgingen/ontvangst", b"{}")):
            _says_nothing(await client.post(path, content=body, headers=headers_of(desk) | {name: canary}))
        _says_nothing(await client.get("/v1/nergens", headers={name: canary}))
        _says_nothing(await client.post("/oauth/token", content=b"a=b", headers={"content-type": FORM, name: canary}))


@pytest.mark.parametrize("canary", CANARIES)
async def test_a_sign_in(desk: Desk, client: httpx2.AsyncClient, canary: str) -> None:
    good = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": desk.assertion(),
        "client_id": "roc-client",
        "scope": "bezorgingen:ophalen",
    }
    for name in (*good, canary):
        content = urlencode({**good, "client_assertion": desk.assertion(), name: canary})
        _says_nothing(await client.post("/oauth/token", content=content, headers={"content-type": FORM}))
    for claim in ("iss", "sub", "aud", "exp", "iat", "nbf", "jti", canary):
        claims = desk.claims(**{claim: canary})
        for header in (
            {"alg": "ES256", "kid": "roc-1"},
            {"alg": "ES256", "kid": canary},
            {"alg": "ES256", "kid": "roc-1", "typ": canary},
        ):
            content = urlencode({**good, "client_assertion": signed(header, claims, ec_key("roc-1"))})
            answer = await client.post("/oauth/token", content=content, headers={"content-type": FORM})
            if answer.status_code != 200:  # a token holds no claim of the assertion, but is not readable text
                _says_nothing(answer)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize(
    "kind", [ValueError, KeyError, RuntimeError, UnicodeError, HubError, Refused, Retry, Malformed, Misconfigured, Tampered]
)
async def test_an_exception(desk: Desk, client: httpx2.AsyncClient, kind: type[Exception], canary: str) -> None:
    # The hub's own errors are written in its code, and their sentences are logged; for all others the text is lost.
    desk.way.trouble = kind("Sentence.") if issubclass(kind, HubError) else kind(canary)
    desk.way.trouble.__cause__ = ValueError(canary)
    answer = await _post(client, desk, orjson.dumps(record(geslachtsnaam=canary)))
    assert answer.status_code >= 400
    assert "Sentence" not in answer.text
    _says_nothing(answer)
