"""`/v1/bezorgingen`: what waits for the calling party, and its word that it has it.

Delivery is at least once: a page is handed over again until it is acknowledged, and the recipient deduplicates by
`bezorgingId`. To acknowledge twice changes nothing, so the key that every write carries is asked for and not remembered.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.handing import written
from hub.domain.terms import Count
from hub.errors import Fault
from hub.identity.partners import OPHALEN
from hub.observe import Event, emit
from hub.ports import Way
from hub.receive.messages import object_of
from hub.receive.request import (
    JSON,
    Gate,
    body_of,
    check_answer_type,
    check_no_query,
    idempotency_key,
    malformed,
    one_number,
)

LARGEST_PAGE: Final = 500
USUAL_PAGE: Final = 100
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_FIELD: Final = "bezorgingen"


class Deliveries:
    """The routes and what they need."""

    def __init__(self, way: Way, gate: Gate) -> None:
        self._way, self._gate = way, gate

    async def get(self, request: Request) -> Response:
        """200 with a page, oldest first, once the log says that it is handed over."""
        if request.method == "HEAD":  # the log would say that something was handed over, and nothing was
            raise HTTPException(405, headers={"Allow": "GET"})
        caller = self._gate.admit(request, OPHALEN)
        check_answer_type(request)
        limit = one_number(request, "limiet", USUAL_PAGE, LARGEST_PAGE)
        handed = await self._way.release(caller.party, limit)
        emit(Event.deliveries_handed, party=caller.party, deliveries=Count(len(handed.deliveries)))
        page = written(handed.deliveries, handed.checkpoint) | {"nogWachtend": int(handed.waiting)}
        return Response(orjson.dumps(page), 200, media_type=JSON)

    async def acknowledge(self, request: Request) -> Response:
        """200 with which of the named deliveries are acknowledged now, and which are not the caller's."""
        caller = self._gate.admit(request, OPHALEN)
        check_answer_type(request)
        check_no_query(request)
        idempotency_key(request)
        asked = _ids(await body_of(request))
        done = {each.delivery_id for each in await self._way.acknowledge(caller.party, asked)}
        emit(Event.deliveries_acknowledged, party=caller.party, deliveries=Count(len(done)))
        answer = {
            "bevestigd": [each for each in asked if each in done],
            "onbekend": [each for each in asked if each not in done],
        }
        return Response(orjson.dumps(answer), 200, media_type=JSON)


def _ids(body: bytes) -> list[UUID]:
    """The delivery ids named in a body, each once. Raises errors.Malformed with every fault."""
    content = object_of(body)
    faults = [Fault("?", "VELD_ONBEKEND") for name in content if name != _FIELD][:1]
    given = content.get(_FIELD)
    if faults := [*faults, *id_faults(given)]:
        raise malformed(*faults)
    return list(dict.fromkeys(UUID(each) for each in content[_FIELD]))


def id_faults(given: object) -> list[Fault]:
    """What is wrong with `bezorgingen`: a list of 1 to 500 delivery ids."""
    if given is None:
        return [Fault(_FIELD, "VERPLICHT_VELD_LEEG")]
    if not isinstance(given, list):
        return [Fault(_FIELD, "WAARDE_ONGELDIG")]
    if not 1 <= len(given) <= LARGEST_PAGE:
        return [Fault(_FIELD, "AANTAL_ONGELDIG")]
    return [
        Fault(f"{_FIELD}[{index}]", "UUID_ONGELDIG")
        for index, each in enumerate(given)
        if not isinstance(each, str) or not _UUID.fullmatch(each.lower())
    ]
