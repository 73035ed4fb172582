"""Connectors set up over REST by two systems of the party that runs the hub."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from fastapi.exceptions import RequestValidationError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.terms import PartyId
from hub.errors import HubError
from hub.identity.partners import KOPPELINGEN
from hub.identity.tokens import Caller
from hub.receive.beheer import BEHEER_PATH, CONNECTION_PATH, BeheerDoor
from hub.receive.edge import Edge
from hub.receive.openapi_beheer import beheer_paths, beheer_schemas
from hub.receive.problem import EXPLANATIONS, of_error
from hub.receive.request import Gate
from hub.receive.waiting import WAITING_PATH
from tests.fakes.certificates import private_key
from tests.fakes.house import House, open_house
from tests.fakes.recorder import OPERATOR
from tests.integration.test_setups import HOST_KEY, SECRET, made

GIVEN: dict[str, Any] = {
    "koppelingId": "duo-lijst",
    "koppelvorm": "duo_uitval",
    "partij": "duo",
    "protocol": "sftp",
    "adres": "sftp://sftp.example.nl",
    "opties": {"username": "hub"},
}
ONE = f"{CONNECTION_PATH}/duo-lijst"


class Known:
    """Lets in whoever says who they are."""

    def admit(self, request: Request, scope: str) -> Caller:
        assert scope == KOPPELINGEN
        party, _, client = request.headers["authorization"].partition("/")
        return Caller(PartyId(party), client, frozenset({scope}))


class Client:
    """Calls as a system of that party."""

    def __init__(self, app: Starlette) -> None:
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://hub.example.nl")

    async def call(self, method: str, path: str, body: Any = None, who: str = f"{OPERATOR}/anna") -> tuple[int, Any]:
        headers = {"authorization": who, "idempotency-key": "k"}
        answer = await self._http.request(method, path, json=body, headers=headers)
        assert SECRET.decode() not in answer.text
        return answer.status_code, answer.json()


@pytest.fixture
async def client(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Client]:
    async def handle(request: Request, error: Exception) -> Response:
        return of_error(request, error)

    async with open_house(engine, vault_engine, tmp_path / "high-water") as house:
        yield Client(app_of(house, handle))


def app_of(house: House, handle: Any) -> Starlette:
    door = BeheerDoor(made(house), cast(Gate, Known()), OPERATOR, house.clock)
    app = Starlette(
        middleware=[Middleware(Edge)],
        exception_handlers=dict.fromkeys((HubError, HTTPException, RequestValidationError), handle),
    )
    for method, path, endpoint in door.routes():
        app.add_route(path, endpoint, methods=[method])
    return app


async def test_two_systems_set_a_connector_up(client: Client) -> None:
    status, made_one = await client.call("POST", CONNECTION_PATH, GIVEN)
    assert (status, made_one["stand"], made_one["nieuwsteVersie"]) == (201, "draft", 1)
    for name, value in (("known_hosts", HOST_KEY), ("password", SECRET)):
        assert (await client.call("PUT", f"{ONE}/sleutels/{name}", {"waarde": value.decode()}))[0] == 200
    assert (await client.call("POST", f"{ONE}/handelingen", {"handeling": "voorstellen"}))[1]["voorgesteld"] is True
    activate = {"handeling": "activeren", "versie": 1}
    assert (await client.call("POST", f"{ONE}/handelingen", activate))[0] == 403, "not by who proposed it"
    status, active = await client.call("POST", f"{ONE}/handelingen", activate, f"{OPERATOR}/bram")
    assert (status, active["stand"], active["actieveVersie"]) == (200, "active", 1)
    assert {one["naam"]: one["vingerafdruk"][:6] for one in active["sleutels"]} == {"known_hosts": "SHA256", "password": ""}
    status, changed = await client.call("PUT", ONE, {**GIVEN, "schema": "daily 06:30", "vanVersie": 1})
    assert (changed["nieuwsteVersie"], changed["actieveInstellingen"]["schema"]) == (2, "")
    _, differ = await client.call("GET", f"{ONE}/verschillen/1/2")
    assert differ["verschillen"] == [{"veld": "schema", "van": "", "tot": "daily 06:30"}]
    _, history = await client.call("GET", f"{ONE}/handelingen")
    assert [one["handeling"] for one in history["handelingen"]][-2:] == ["activate", "change"]
    assert (await client.call("GET", CONNECTION_PATH))[1]["koppelingen"][0]["koppelingId"] == "duo-lijst"
    assert "duo_uitval" in {
        one["koppelvorm"] for one in (await client.call("GET", f"{BEHEER_PATH}/koppelvormen"))[1]["koppelvormen"]
    }
    assert (await client.call("GET", f"{BEHEER_PATH}/verlopend"))[1] == {"sleutels": []}
    _, trial = await client.call("POST", f"{ONE}/proeven", {"soort": "verbinding", "versie": 1})
    assert trial["gelukt"] is False


async def test_what_is_wrong_is_told_by_field_and_code(client: Client) -> None:
    assert (await client.call("GET", CONNECTION_PATH, who="duo/x"))[0] == 403
    assert (await client.call("GET", ONE))[0] == 404
    for wrong, where, code in (
        ({"adres": "https://169.254.169.254/"}, "adres", "ADRES_ONGELDIG"),
        ({"partij": "mbo-zilverlinde"}, "partij", "PARTIJ_PAST_NIET"),
        ({"opties": {}}, "opties.username", "VERPLICHT_VELD_LEEG"),
        ({SECRET.decode(): 1}, "?", "VELD_ONBEKEND"),
    ):
        status, told = await client.call("POST", CONNECTION_PATH, {**GIVEN, **wrong})
        assert (status, [(one["veld"], one["code"]) for one in told["fouten"]]) == (400, [(where, code)])
        assert code in EXPLANATIONS
    await client.call("POST", CONNECTION_PATH, GIVEN)
    status, told = await client.call("PUT", ONE, {**GIVEN, "schema": "daily 06:30", "vanVersie": 7})
    assert (status, told["fouten"][0]["code"]) == (400, "VERSIE_VEROUDERD")
    status, told = await client.call("POST", f"{ONE}/handelingen", {"handeling": "stilzetten"})
    assert (status, told["fouten"][0]["code"]) == (400, "HANDELING_PAST_NIET")
    status, told = await client.call("POST", f"{ONE}/handelingen", {"handeling": "voorstellen"})
    assert {one["veld"] for one in told["fouten"]} == {"sleutels.known_hosts", "sleutels.private_key"}
    status, told = await client.call("PUT", f"{ONE}/sleutels/private_key", {"waarde": SECRET.decode()})
    assert (status, told["fouten"][0]["code"]) == (400, "GEHEIM_ONGELDIG")
    locked = private_key(SECRET).decode()
    for phrase, code in ((None, "WACHTWOORDZIN"), ("another", "WACHTWOORDZIN_ONJUIST")):
        status, told = await client.call("PUT", f"{ONE}/sleutels/private_key", {"waarde": locked, "wachtwoordzin": phrase})
        assert (status, told["fouten"][0]["code"]) == (400, code)
    opens = {"waarde": locked, "wachtwoordzin": SECRET.decode()}
    assert (await client.call("PUT", f"{ONE}/sleutels/private_key", opens))[0] == 200


async def test_what_is_asked_in_no_form_of_ours_is_refused(client: Client) -> None:
    await client.call("POST", CONNECTION_PATH, GIVEN)
    for path, body, where, code in (
        ("handelingen", {"handeling": SECRET.decode()}, "handeling", "CODE_ONBEKEND"),
        ("handelingen", {"handeling": "voorstellen", SECRET.decode(): 1}, "?", "VELD_ONBEKEND"),
        ("handelingen", [1], "rij", "WAARDE_ONGELDIG"),
        ("handelingen", {"handeling": "activeren"}, "versie", "VERPLICHT_VELD_LEEG"),
        ("handelingen", {"handeling": "activeren", "versie": "1"}, "versie", "WAARDE_ONGELDIG"),
        ("handelingen", {"handeling": "activeren", "versie": True}, "versie", "WAARDE_ONGELDIG"),
        ("handelingen", {"handeling": "activeren", "versie": 1, "reden": "zomaar"}, "reden", "CODE_ONBEKEND"),
        ("proeven", {"soort": SECRET.decode()}, "soort", "CODE_ONBEKEND"),
    ):
        status, told = await client.call("POST", f"{ONE}/{path}", body)
        assert (status, [(one["veld"], one["code"]) for one in told["fouten"]]) == (400, [(where, code)])
    status, told = await client.call("PUT", f"{ONE}/sleutels/password", {"waarde": 7})
    assert (status, told["fouten"][0]["veld"]) == (400, "waarde")
    for side in ("een", "\u0661", "9999999"):
        assert (await client.call("GET", f"{ONE}/verschillen/1/{side}"))[0] == 404


def test_every_route_is_described(client: Client) -> None:
    def ref(kind: str, name: str) -> dict[str, str]:
        return {"$ref": f"{kind}/{name}"}

    described = beheer_paths(ref, lambda _, schema: {"schema": ref("schemas", schema)}, lambda *codes: {})
    door = BeheerDoor(cast(Any, None), cast(Gate, None), OPERATOR, cast(Any, None))
    routes = {(method.lower(), path.removeprefix("/v1")) for method, path, _ in (*door.routes(), ("GET", WAITING_PATH, None))}
    assert routes == {(method, path) for path, methods in described.items() for method in methods}
    schemas = beheer_schemas(ref)
    used = set(re.findall(r"schemas/(\w+)", f"{described} {schemas}"))
    assert used == set(schemas)
