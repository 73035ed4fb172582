"""`POST /v1/mededelingen`: a party reports that the young persons of these deliveries were told of them (GDPR 13, 14).

To report the same twice changes nothing and is answered alike, so the key that every write carries is asked for and not
remembered. Whose telling it is, the clause says; of a delivery that is another's to tell, no more is said than that it is
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.terms import PartyId
from hub.errors import Fault
from hub.identity.partners import MEDEDELINGEN
from hub.receive.deliveries import id_faults
from hub.receive.messages import object_of
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, idempotency_key, malformed
from hub.rights.informing.model import Reported, Telling

INFORMED_PATH: Final = "/v1/mededelingen"
OF_AGREEMENT: Final = "afspraak"
_FIELDS: Final = ("bezorgingen", "datum", "tekst")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TEXT: Final = re.compile(rf"{OF_AGREEMENT}|[0-9a-f]{{64}}", re.ASCII)


class InformedDesk(Protocol):
    """Where reports go; `hub.rights.informing.service.Informing` is the one there is."""

    async def record(self, telling: Telling, caller: PartyId | None, /) -> Reported: ...


class InformedDoor:
    """The route and what it needs."""

    def __init__(self, desk: InformedDesk, gate: Gate) -> None:
        self._desk, self._gate = desk, gate

    async def post(self, request: Request) -> Response:
        """200 with the deliveries of which the log says now that they were told of, and those that are not the caller's."""
        caller = self._gate.admit(request, MEDEDELINGEN)
        check_answer_type(request)
        check_no_query(request)
        idempotency_key(request)
        reported = await self._desk.record(_read(await body_of(request)), caller.party)
        answer = {"vastgelegd": list(reported.stands), "onbekend": list(reported.unknown)}
        return Response(orjson.dumps(answer), 200, media_type=JSON)


def _read(body: bytes) -> Telling:
    """Raises errors.Malformed with every fault."""
    content = object_of(body)
    day = _day(content.get("datum"))
    if faults := _faults(content, day):
        raise malformed(*faults)
    assert day is not None, "a report without a day has a fault"
    deliveries = tuple(dict.fromkeys(UUID(each) for each in content["bezorgingen"]))
    return Telling(deliveries, day, None if content["tekst"] == OF_AGREEMENT else bytes.fromhex(content["tekst"]))


def _faults(content: Mapping[str, Any], day: date | None) -> list[Fault]:
    faults = [Fault("?", "VELD_ONBEKEND") for name in content if name not in _FIELDS][:1]
    faults += id_faults(content.get("bezorgingen"))
    if day is None:
        faults.append(Fault("datum", "VERPLICHT_VELD_LEEG" if content.get("datum") is None else "DATUM_ONGELDIG"))
    text = content.get("tekst")
    if text is None:
        faults.append(Fault("tekst", "VERPLICHT_VELD_LEEG"))
    elif not isinstance(text, str) or not _TEXT.fullmatch(text):
        faults.append(Fault("tekst", "WAARDE_ONGELDIG"))
    return faults


def _day(given: object) -> date | None:
    if not isinstance(given, str) or not _DAY.fullmatch(given):
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None
