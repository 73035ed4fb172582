"""A console with a few pages of its own, behind every kind of door."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console import beginning, signing_in
from hub.console.app import assemble
from hub.console.desk import Desk
from hub.console.gate import Gate
from hub.console.page import go, render
from hub.console.routes import Route
from hub.console.words import TROUBLES
from hub.domain.staff import Role
from hub.errors import Conflict, Malformed, Misconfigured, Refused, Retry, Tampered
from tests.fakes import console

SECRET = "999990019"
"""Stands in every error that is raised here, and may stand in no answer."""

ERRORS = {
    kind.__name__: kind(SECRET, SECRET, SECRET) for kind in (Refused, Retry, Conflict, Malformed, Misconfigured, Tampered)
} | {"ValueError": ValueError(SECRET), "teapot": HTTPException(418, SECRET), "bad": HTTPException(502, SECRET)}


def build(desk: Desk) -> FastAPI:
    gate = Gate(desk.sessions, secure=desk.secure)

    async def officer(request: Request) -> Response:
        await gate.admit(request, Role.privacy_officer, Role.fg)
        return render(request, "trouble.html", trouble=TROUBLES[404])

    async def administrator(request: Request) -> Response:
        await gate.admit(request, Role.administrator)
        return render(request, "trouble.html", trouble=TROUBLES[404])

    async def keep(request: Request) -> Response:
        _, form = await gate.take(request, Role.privacy_officer)
        return Response(form.one("reden") + "|" + form.text("tekst") + "|" + ",".join(form.all("vink")))

    async def unchecked(request: Request) -> Response:
        await gate.admit(request, Role.privacy_officer)
        return go("/functionaris")

    async def broken(request: Request) -> Response:
        raise ERRORS[request.path_params["kind"]]

    return assemble(
        desk,
        (
            *beginning.routes(gate),
            *signing_in.routes(desk, gate),
            Route("GET", "/functionaris", officer),
            Route("POST", "/functionaris", keep),
            Route("POST", "/functionaris/controle", unchecked),
            Route("GET", "/beheer/quarantaine/{id}", administrator),
            Route("GET", "/stuk/{kind}", broken),
        ),
    )


@pytest.fixture
def desk() -> Desk:
    """A desk with nothing behind it."""
    return console.desk()


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    """Its console."""
    return build(desk)


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser in which nobody is signed in."""
    async with console.client(app) as client:
        yield client


@pytest.fixture
async def officer(desk: Desk, app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The browser of a privacy officer."""
    token = await desk.sessions.begin(console.staff(Role.privacy_officer))
    async with console.client(app, token) as client:
        yield client
