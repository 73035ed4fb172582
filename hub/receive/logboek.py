"""`POST /v1/logboek/processing-activities`: the read extension 1.1 of the Logboek Dataverwerkingen, for partners.

The extension asks in a body, so that nothing about a person stands in an address. A caller reads what concerns it and no more.
The id of a person is another one in every record: it narrows a question, and is none by itself. A question changes nothing,
so no key is asked; that it was asked is in the log before it is answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.archive.ldv import ACTIVITY, SUBJECT, SUBJECT_TYPE, SUBJECT_TYPE_NAME
from hub.archive.partners import Answer, Question
from hub.domain.terms import PartyId
from hub.errors import Fault
from hub.identity.partners import LOGBOEK
from hub.receive.messages import object_of
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, malformed

ACTIVITIES_PATH: Final = "/v1/logboek/processing-activities"
USUAL_PAGE: Final = 100
LARGEST_PAGE: Final = 500
LARGEST_CURSOR: Final = (1 << 53) - 1
TOO_WIDE: Final = "VRAAG_TE_RUIM"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}:[\x21-\x7e]{1,500}", re.ASCII)
_COMMITMENT: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_TEXTS: Final = {"traceId": _UUID, ACTIVITY: _URI, SUBJECT: _COMMITMENT, SUBJECT_TYPE_NAME: re.compile(re.escape(SUBJECT_TYPE))}
_TIMES: Final = ("startTime", "endTime")
_NUMBERS: Final = {"cursor": (0, LARGEST_CURSOR), "limit": (1, LARGEST_PAGE)}


class Logbook(Protocol):
    """What partners read of the log; `hub.archive.partners.PartnerLog` is the one there is."""

    @property
    def metadata(self) -> Mapping[str, str]: ...
    async def read(self, party: PartyId, question: Question, /) -> Answer: ...


class LogbookDoor:
    """The route and what it needs."""

    def __init__(self, logbook: Logbook, gate: Gate) -> None:
        self._logbook, self._gate = logbook, gate

    async def post(self, request: Request) -> Response:
        """200 with the records that concern the caller; `nextCursor` where there may be more."""
        caller = self._gate.admit(request, LOGBOEK)
        check_answer_type(request)
        check_no_query(request)
        answer = await self._logbook.read(caller.party, _read(await body_of(request)))
        said: dict[str, Any] = {"metadata": dict(self._logbook.metadata), "processingActivities": list(answer.records)}
        if answer.next is not None:
            said["nextCursor"] = answer.next
        return Response(orjson.dumps(said), 200, media_type=JSON)


def _read(body: bytes) -> Question:
    """Raises errors.Malformed with every fault, and never with a value."""
    content = object_of(body)
    moments: dict[str, int | None] = {name: _moment(content[name]) for name in _TIMES if name in content}
    if faults := list(_faults(content, moments)):
        raise malformed(*faults)
    end = moments.get("endTime")
    return Question(
        trace=UUID(content["traceId"]) if "traceId" in content else None,
        activity=content.get(ACTIVITY),
        subject=content.get(SUBJECT),
        from_us=moments.get("startTime"),
        until_us=None if end is None else end + 1,
        cursor=content.get("cursor", 0),
        limit=content.get("limit", USUAL_PAGE),
    )


def _faults(content: Mapping[str, Any], moments: Mapping[str, int | None]) -> Iterator[Fault]:
    if not content.keys() <= {*_TEXTS, *_TIMES, *_NUMBERS}:
        yield Fault("?", "VELD_ONBEKEND")
    for name, form in _TEXTS.items():
        given = content.get(name)
        if name in content and not (isinstance(given, str) and form.fullmatch(given)):
            yield Fault(name, "WAARDE_ONGELDIG")
    for name, moment in moments.items():
        if moment is None:
            yield Fault(name, "TIJD_ONGELDIG")
    for name, (least, most) in _NUMBERS.items():
        if name in content and not (type(content[name]) is int and least <= content[name] <= most):
            yield Fault(name, "WAARDE_ONGELDIG")
    if "traceId" not in content and ACTIVITY not in content:
        yield Fault(SUBJECT if SUBJECT in content else "traceId", TOO_WIDE)


def _moment(value: Any) -> int | None:
    """In microseconds since 1970 UTC; None for what is no moment of RFC 3339."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        at = datetime.fromisoformat(value.upper())
        return int(at.timestamp()) * 1_000_000 + at.microsecond
    except (ValueError, OverflowError):
        return None
