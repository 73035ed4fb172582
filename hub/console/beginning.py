"""`/`: on to the desk that fits someone's roles, or a choice where both do."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from hub.console.gate import Gate
from hub.console.navigation import places_of
from hub.console.page import go, render
from hub.console.routes import Route
from hub.domain.staff import Role


def routes(gate: Gate) -> Iterator[Route]:
    """The route of the first page."""

    async def choose(request: Request) -> Response:
        session = await gate.admit(request, *Role)
        places = places_of(session.staff)
        return go(places[0].begins(session.staff)) if len(places) == 1 else render(request, "beginning.html", places=places)

    yield Route("GET", "/", choose)
