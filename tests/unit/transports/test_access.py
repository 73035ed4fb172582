"""What the hub shows a service fits together, or is refused before anything is called."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hub.connector import Endpoint, SourceAway, SourceBarred, Trouble
from hub.transports.access import Access
from hub.transports.web import http_of
from tests.fakes.paged import Reply, Service, serving

PEM = serialization.Encoding.PEM
OAUTH = {"client_id": "hub", "token_url": "https://idp.example/token"}


def pem(key: Any) -> bytes:
    return bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


@pytest.mark.parametrize(
    ("options", "credentials", "says"),
    [
        ({}, {"token": b"a", "password": b"b"}, "only one of them"),
        ({}, {"password": b"b"}, "user name"),
        ({"client_id": "hub"}, {"client_secret": b"b"}, "token_url"),
        ({"token_url": OAUTH["token_url"]}, {"client_secret": b"b"}, "client_id"),
        (OAUTH, {"client_key": b"geheim"}, "no private key"),
        (OAUTH, {"client_key": pem(ec.generate_private_key(ec.SECP384R1()))}, "P-256"),
        (
            OAUTH,
            {
                "client_key": rsa.generate_private_key(65537, 2048)
                .public_key()
                .public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            },
            "no private key",
        ),
    ],
)
async def test_what_does_not_go_together_is_refused(options: dict[str, str], credentials: dict[str, bytes], says: str) -> None:
    nobody: Any = None
    with pytest.raises(SourceBarred, match=says) as barred:
        Access(Endpoint("https://partner.example", options, credentials), nobody)
    assert "geheim" not in f"{barred.value} {barred.value.why} {barred.value.__context__!r}"


@pytest.mark.parametrize(
    ("reply", "trouble"),
    [
        (Reply(400, b'{"error":"geheim"}'), Trouble.login_refused),
        (Reply(401), Trouble.login_refused),
        (Reply(500), Trouble.partner_failed),
        (Reply(200, b"geheim"), Trouble.no_answer),
        (Reply(200, b'{"access_token":7}'), Trouble.no_answer),
        (Reply(200, b'{"access_token":"geheim\\nX: y"}'), Trouble.no_answer),
        (Reply(200, b'{"access_token":"geheim","token_type":"mac"}'), Trouble.no_answer),
    ],
)
async def test_no_token_is_told_and_not_repeated(reply: Reply, trouble: Trouble) -> None:
    async with serving(Service(dial=lambda _: reply)) as service:
        endpoint = Endpoint(service.url, OAUTH | {"token_url": f"{service.url}/token"}, {"client_secret": b"b"}, 5.0)
        http = http_of(endpoint, 10_000)
        try:
            with pytest.raises((SourceAway, SourceBarred)) as wrong:
                await Access(endpoint, http).headers()
        finally:
            await http.close()
    assert wrong.value.trouble is trouble
    assert "geheim" not in f"{wrong.value} {wrong.value.__context__!r}"
