"""What a route is: a method, a path, and who answers. Each desk gives its own; `hub.console.app` puts them together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


class Route(NamedTuple):
    """One line in the table of routes. A GET also answers HEAD."""

    method: str
    path: str
    handler: Handler


def by_path(routes: Iterable[Route]) -> dict[str, tuple[tuple[str, ...], Handler]]:
    """Per path its methods and one handler for them all, so that a wrong method is told of every right one (405, Allow)."""
    tables: dict[str, dict[str, Handler]] = {}
    for route in routes:
        methods = tables.setdefault(route.path, {})
        if route.method in methods:
            raise ValueError(f"two routes answer {route.method} {route.path}")
        methods[route.method] = route.handler
    return {path: (tuple(methods), _dispatch(methods)) for path, methods in tables.items()}


def _dispatch(methods: dict[str, Handler]) -> Handler:
    async def answer(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method](request)

    return answer
