"""Connectors that show themselves in a way of their own are tried in that way: what a plain call is refused says nothing."""

from __future__ import annotations

import pytest

from hub.connector import Endpoint, SourceBarred, Trouble
from hub.registry import Connector, load_connectors
from hub.transports import TRANSPORTS
from ops.demo.gemeente import allowed
from tests.fakes.paged import Call, Reply, Service, serving

SECRET = "a-secret-of-some-length"
FOUND = load_connectors()


def case_system(call: Call) -> Reply:
    shown = call.method == "GET" and allowed(call.headers.get("authorization", ""), SECRET)
    return Reply(200, b'{"results": []}') if shown else Reply(403)


def brp(call: Call) -> Reply:
    if call.headers.get("x-api-key") != SECRET:
        return Reply(401)
    return Reply(400 if call.path.endswith("/personen") and call.body == b"{}" else 404)


async def tried(connector: Connector, service: Service, secret: str) -> Trouble:
    held = {"secret": secret.encode(), "api_key": secret.encode()}
    try:
        await connector.transport("rest").probe(Endpoint(f"{service.url}/api/v1", {"client_id": "hub"}, held, 5.0))
    except SourceBarred as barred:
        return barred.trouble
    return Trouble.none


@pytest.mark.parametrize(
    ("name", "dial", "refused"),
    [
        ("gemeente_zgw", case_system, Trouble.not_allowed),
        ("gemeente_zgw_status", case_system, Trouble.not_allowed),
        ("gemeente_brp", brp, Trouble.login_refused),
    ],
)
async def test_who_is_let_in_is_and_who_is_not_is_told_why(name: str, dial: object, refused: Trouble) -> None:
    async with serving(Service(dial=dial)) as service:  # type: ignore[arg-type]
        assert await tried(FOUND[name], service, SECRET) is Trouble.none
        assert await tried(FOUND[name], service, SECRET[::-1]) is refused
        assert not any("999" in call.path or b"999" in call.body for call in service.calls), "it is about nobody"


def test_others_are_tried_as_their_transport_does() -> None:
    assert FOUND["lvs_csv"].transport("sftp") is TRANSPORTS["sftp"]
