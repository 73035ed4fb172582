"""The web console: every route in one table, everything it needs handed in as a `Desk`."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from hub.console import beginning, signing_in, static_files, todo
from hub.console.admin import routes as administrator
from hub.console.desk import Desk
from hub.console.edge import Edge
from hub.console.gate import Gate
from hub.console.officer import routes as officer
from hub.console.routes import Route, by_path
from hub.console.trouble import of_error
from hub.errors import HubError


def create_console(desk: Desk) -> FastAPI:
    """The application: server-rendered pages for staff, each behind its roles."""
    waits = None if desk.waiting is None else todo.Counts(desk.waiting)
    gate = Gate(desk.sessions, secure=desk.secure, waits=waits)
    return assemble(
        desk,
        (
            *beginning.routes(gate),
            *signing_in.routes(desk, gate),
            *administrator(desk, gate),
            *(todo.routes(desk.waiting, gate, desk.clock) if desk.waiting else ()),
            *(officer.routes(desk.officer, gate, desk.clock) if desk.officer else ()),
        ),
    )


def assemble(desk: Desk, routes: Iterable[Route]) -> FastAPI:
    """An application of `routes` and the static files, under one strict edge."""
    app = FastAPI(
        title="Hub",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Edge, secure=desk.secure, sign_in_origin=desk.sign_in_origin)],
        exception_handlers=dict.fromkeys((HubError, HTTPException, RequestValidationError), _handle),
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False},
    )
    app.state.desk = desk
    for path, (methods, handler) in by_path((Route("GET", static_files.PATH, static_files.serve), *routes)).items():
        app.add_route(path, handler, methods=list(methods))
    return app


async def _handle(request: Request, error: Exception) -> Response:
    return of_error(request, error)
