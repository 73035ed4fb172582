"""The token endpoint: a token for a good proof, and one and the same refusal for any other."""

from __future__ import annotations

import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx2
import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from hub.errors import Retry
from hub.identity.partners import SCOPES
from tests.fakes.caller import FORM, is_problem, send
from tests.fakes.partner import ASSERTION_TYPE, Desk, ec_key, rsa_key, signed


async def _ask(client: httpx2.AsyncClient, desk: Desk, **other: str | None) -> httpx2.Response:
    good = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": other.pop("client_assertion", None) or desk.assertion(),
    }
    form = {name: value for name, value in {**good, **other}.items() if value is not None}
    return await client.post("/oauth/token", content=urlencode(form), headers={"content-type": FORM})


def _is_error(answer: httpx2.Response, code: str) -> None:
    assert answer.json() == {"error": code}
    assert answer.status_code == (401 if code == "invalid_client" else 400)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_token_is_asked_and_used(desk: Desk, client: httpx2.AsyncClient) -> None:
    answer = await _ask(client, desk)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    assert body["scope"].split() == sorted(SCOPES)
    assert answer.headers["cache-control"] == "no-store"
    assert (await send(client, desk, authorization=f"Bearer {body['access_token']}")).status_code == 201


async def test_a_narrower_token(desk: Desk, client: httpx2.AsyncClient) -> None:
    assert (await _ask(client, desk, scope="bezorgingen:ophalen")).json()["scope"] == "bezorgingen:ophalen"


@pytest.mark.parametrize("scope", ["alles", "", "bezorgingen:ophalen alles", "bezorgingen:ophalen  ", "BEZORGINGEN:OPHALEN"])
async def test_scopes_that_nobody_registered(desk: Desk, client: httpx2.AsyncClient, scope: str) -> None:
    _is_error(await _ask(client, desk, scope=scope), "invalid_scope")


async def test_a_scope_that_this_partner_does_not_have(desk: Desk, client: httpx2.AsyncClient) -> None:
    desk.partners.known["roc-client"] = replace(desk.school, scopes=frozenset({"uitvalmeldingen:aanleveren"}))
    _is_error(await _ask(client, desk, scope="bezorgingen:ophalen"), "invalid_scope")


async def test_an_assertion_works_once(desk: Desk, client: httpx2.AsyncClient) -> None:
    assertion = desk.assertion()
    assert (await _ask(client, desk, client_assertion=assertion)).status_code == 200
    _is_error(await _ask(client, desk, client_assertion=assertion), "invalid_client")
    claims = desk.claims(jti="x" * 32)
    first, second = (
        signed({"alg": "ES256", "kid": "roc-1"}, claims | {"exp": claims["exp"] - n}, ec_key("roc-1")) for n in (0, 1)
    )
    assert (await _ask(client, desk, client_assertion=first)).status_code == 200
    _is_error(await _ask(client, desk, client_assertion=second), "invalid_client")


async def test_a_wrong_scope_uses_the_assertion_up(desk: Desk, client: httpx2.AsyncClient) -> None:
    assertion = desk.assertion()
    _is_error(await _ask(client, desk, client_assertion=assertion, scope="alles"), "invalid_scope")
    _is_error(await _ask(client, desk, client_assertion=assertion), "invalid_client")


async def test_a_deactivated_partner_gets_no_token(desk: Desk, client: httpx2.AsyncClient) -> None:
    del desk.partners.known["roc-client"]
    _is_error(await _ask(client, desk), "invalid_client")


async def test_every_failed_proof_looks_the_same(desk: Desk, client: httpx2.AsyncClient) -> None:
    key = ec_key("roc-1")
    for assertion in (
        "x",
        "a.b.c",
        desk.assertion(aud="https://elders.example"),
        desk.assertion(exp=desk.clock.now_s - 1),
        desk.assertion(exp=desk.clock.now_s + 10**9),
        desk.assertion(iat=None),
        desk.assertion(jti=None),
        signed({"alg": "ES256", "kid": "roc-1"}, desk.claims("nobody"), key),
        signed({"alg": "ES256", "kid": "roc-1"}, desk.claims(), ec_key("stranger")),
        signed({"alg": "PS256", "kid": "dsp-1"}, desk.claims(), rsa_key("dsp-1")),
        signed({"alg": "ES256", "kid": "roc-1"}, desk.claims("dsp-client"), key),
        signed({"alg": "ES256", "kid": "roc-1"}, b"[1]", key),
    ):
        _is_error(await _ask(client, desk, client_assertion=assertion), "invalid_client")
    _is_error(await _ask(client, desk, client_id="dsp-client"), "invalid_client")
    _is_error(await _ask(client, desk, client_assertion_type="urn:x"), "invalid_client")
    assert not desk.partners.spent


@pytest.mark.parametrize(
    ("content", "media", "query", "code"),
    [
        (b"", FORM, "", "invalid_request"),
        (b"grant_type=password", FORM, "", "unsupported_grant_type"),
        (b"grant_type=client_credentials", FORM, "", "invalid_client"),
        (b"grant_type=client_credentials&grant_type=client_credentials", FORM, "", "invalid_request"),
        (b"grant_type=client_credentials&client_secret=x", FORM, "", "invalid_request"),
        (b"grant_type", FORM, "", "invalid_request"),
        (b"a=1&" * 40 + b"a=1", FORM, "", "invalid_request"),
        (b"grant_type=%FF", FORM, "", "invalid_request"),
        (b"grant_type=\xff", FORM, "", "invalid_request"),
        (b"a=" + b"x" * 17_000, FORM, "", "invalid_request"),
        (b'{"grant_type":"client_credentials"}', "application/json", "", "invalid_request"),
        (b"grant_type=client_credentials", FORM, "?scope=x", "invalid_request"),
    ],
)
async def test_token_requests_that_are_refused(
    desk: Desk, client: httpx2.AsyncClient, content: bytes, media: str, query: str, code: str
) -> None:
    _is_error(await client.post(f"/oauth/token{query}", content=content, headers={"content-type": media}), code)


async def test_one_way_of_signing_in(desk: Desk, client: httpx2.AsyncClient) -> None:
    headers = {"content-type": FORM, "authorization": "Basic cm9jOnJvYw=="}
    _is_error(await client.post("/oauth/token", content=b"grant_type=client_credentials", headers=headers), "invalid_request")


async def test_a_register_that_is_away_is_no_refusal(desk: Desk, client: httpx2.AsyncClient, monkeypatch: Any) -> None:
    async def away(_client_id: str) -> None:
        raise Retry("PostgreSQL cannot be reached.", after_s=7)

    monkeypatch.setattr(desk.partners, "find", away)
    answer = await _ask(client, desk)
    is_problem(answer, 503)
    assert answer.headers["retry-after"] == "7"


def _certificate(name: str) -> str:
    key = ec_key(name).private_key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 7, start, start + timedelta(days=400))  # type: ignore[union-attr]
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()  # type: ignore[arg-type]


async def test_a_token_is_bound_to_the_certificate_it_was_asked_with(desk: Desk, client: httpx2.AsyncClient) -> None:
    pem, other = _certificate("one"), _certificate("two")
    async with desk.client({"client_cert_chain": [pem]}) as own, desk.client({"client_cert_chain": [other]}) as stranger:
        token = (await _ask(own, desk)).json()["access_token"]
        body = token.split(".")[1]
        thumbprint = urlsafe_b64encode(sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()).rstrip(b"=").decode()
        claims = orjson.loads(urlsafe_b64decode(body + "=="))
        assert claims["cnf"] == {"x5t#S256": thumbprint}
        for _ in range(2):
            assert (await send(own, desk, authorization=f"Bearer {token}")).status_code == 201
            is_problem(await send(stranger, desk, authorization=f"Bearer {token}"), 401)
            is_problem(await send(client, desk, authorization=f"Bearer {token}", client_cert=pem.replace("\n", "")), 401)
    async with desk.client({"client_cert_chain": []}) as bare:
        is_problem(await send(bare, desk, authorization=f"Bearer {token}"), 401)


async def test_what_the_authorisation_server_tells_about_itself(desk: Desk, client: httpx2.AsyncClient) -> None:
    told = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert told["token_endpoint"] == "https://hub.example.nl/oauth/token"
    assert told["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    keys = (await client.get(told["jwks_uri"].removeprefix("https://hub.example.nl"))).json()["keys"]
    assert [(key["kid"], key["use"], key["alg"]) for key in keys] == [("hub-1", "sig", "ES256")]
    assert not any(set(key) & {"d", "p", "q", "k"} for key in keys)
