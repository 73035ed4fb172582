"""`/v1/bezwaren`: a controller sees which objections wait for its ruling, and gives it (GDPR 21(1)); the hub decides on none.

Who objects is not told: an objection goes by the id that whoever recorded it was given. The same ruling again changes nothing
and is answered alike, so the key that every write carries is asked for and not remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import legal_date
from hub.domain.terms import PartyId
from hub.errors import Fault, Refused
from hub.identity.partners import VERKLARINGEN
from hub.ports import Clock
from hub.receive.messages import object_of
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, idempotency_key, malformed
from hub.statements.objections import Objection

OBJECTIONS_PATH: Final = "/v1/bezwaren"
RULING_PATH: Final = f"{OBJECTIONS_PATH}/{{bezwaarId}}/besluit"
RULINGS: Final = {"toegewezen": True, "afgewezen": False}


class Objections(Protocol):
    """Where objections wait; `hub.statements.rulings.Rulings` is the one there is."""

    async def waiting(self) -> Sequence[Objection]: ...
    async def rule_for(self, statement_id: UUID, upheld: bool, party: PartyId, /) -> None: ...


class ObjectionDoor:
    """The routes and what they need."""

    def __init__(self, desk: Objections, gate: Gate, clock: Clock) -> None:
        self._desk, self._gate, self._clock = desk, gate, clock

    async def get(self, request: Request) -> Response:
        """Those that wait for the caller, the oldest first."""
        caller = self._gate.admit(request, VERKLARINGEN)
        check_answer_type(request)
        check_no_query(request)
        today = legal_date(self._clock.now_us())
        waiting = [one for one in await self._desk.waiting() if caller.party in (*one.asked, *one.controllers)]
        told = [
            {
                "bezwaarId": str(one.statement_id),
                "gehoordDoor": one.party,
                "doelen": None if one.scope.purposes is None else sorted(one.scope.purposes),
                "gedaanOp": legal_date(one.said_us).isoformat(),
                "uiterlijk": one.until.isoformat(),
                "teLaat": one.late(today),
            }
            for one in waiting
        ]
        return Response(orjson.dumps({"bezwaren": told}), 200, media_type=JSON)

    async def rule(self, request: Request) -> Response:
        """200 once the ruling is in the log, and holds."""
        caller = self._gate.admit(request, VERKLARINGEN)
        check_answer_type(request)
        check_no_query(request)
        idempotency_key(request)
        ruling = _read(await body_of(request))
        try:
            statement = UUID(request.path_params["bezwaarId"])
            await self._desk.rule_for(statement, RULINGS[ruling], caller.party)
        except (ValueError, Refused):
            raise HTTPException(404) from None
        return Response(orjson.dumps({"bezwaarId": str(statement), "besluit": ruling}), 200, media_type=JSON)


def _read(body: bytes) -> str:
    """Raises errors.Malformed."""
    content = object_of(body)
    if any(name != "besluit" for name in content):
        raise malformed(Fault("?", "VELD_ONBEKEND"))
    ruling = content.get("besluit")
    if ruling is None:
        raise malformed(Fault("besluit", "VERPLICHT_VELD_LEEG"))
    if not isinstance(ruling, str) or ruling not in RULINGS:
        raise malformed(Fault("besluit", "CODE_ONBEKEND"))
    return ruling
