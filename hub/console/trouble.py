"""Errors as pages: what, why, what now, from the table in `hub.console.words` and nothing else.

No text of an exception and no value of a request ever reaches a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.gate import Turned
from hub.console.page import render
from hub.console.words import TROUBLES, Trouble
from hub.errors import HubError, Malformed, Misconfigured, Refused, Retry, Tampered
from hub.observe import Event, emit, report

STATUS: Final[Mapping[type[HubError], int]] = MappingProxyType(
    {Refused: 403, Retry: 503, Malformed: 400, Misconfigured: 500, Tampered: 500}
)
"""How each error of the hub is answered; a Conflict is a Retry."""

_EVENTS: Final[Mapping[type[HubError], Event]] = MappingProxyType(
    {
        Refused: Event.request_refused,
        Malformed: Event.request_refused,
        Retry: Event.database_unavailable,
        Misconfigured: Event.misconfigured,
    }
)


def of_error(request: Request, error: Exception) -> Response:
    """The page for anything that was raised, and the log line that belongs to it."""
    match error:
        case HubError():
            report(error, next((event for kind, event in _EVENTS.items() if isinstance(error, kind)), Event.failure))
            status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
            headers = {"Retry-After": str(max(1, error.after_s))} if isinstance(error, Retry) else {}
            return _page(request, status, headers=headers)
        case HTTPException(status_code=303):
            return Response(status_code=303, headers=error.headers)
        case HTTPException():
            if error.status_code == 403:
                emit(Event.request_refused)
            return _page(request, error.status_code, error.trouble if isinstance(error, Turned) else None, error.headers)
        case _:
            report(error)
            return _page(request, 500)


def _page(request: Request, status: int, trouble: Trouble | None = None, headers: Mapping[str, str] | None = None) -> Response:
    known = status if status in TROUBLES else 400 if 400 <= status < 500 else 500
    # Nothing was done, whatever the address says.
    answer = render(request, "trouble.html", known, trouble=trouble or TROUBLES[known], done="")
    answer.headers.update(headers or {})
    return answer
