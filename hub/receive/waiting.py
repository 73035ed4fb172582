"""`GET /v1/beheer/wachtend`: what waits for people, for the organisation's own list of work; only for who runs the hub."""

from __future__ import annotations

from typing import Any, Final, Protocol

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import legal_date
from hub.domain.staff import Role
from hub.domain.terms import PartyId
from hub.identity.partners import KOPPELINGEN
from hub.ports import Clock
from hub.receive.request import JSON, Gate, check_answer_type, check_no_query
from hub.waiting.model import Item, List, What

WAITING_PATH: Final = "/v1/beheer/wachtend"
WORDS: Final = {
    What.objection: "bezwaar",
    What.forgetting: "vergeten",
    What.notice: "bericht",
    What.refused_notice: "bericht-geweigerd",
    What.informing: "informeren",
    What.advice: "advies",
    What.activation: "in-gebruik-nemen",
    What.signature: "handtekening",
    What.ending: "afspraak-loopt-af",
    What.pruning: "opschonen",
    What.review: "steekproef",
    What.setup: "koppeling",
    What.unconfirmed: "koppeling-alleen-aangezet",
    What.mapping: "mapping",
    What.unconfirmed_mapping: "mapping-alleen-gewijzigd",
    What.layout: "vorm",
    What.credential: "sleutel",
    What.move: "overgang",
    What.unconfirmed_move: "overgang-alleen-gedaan",
    What.move_unfinished: "overgang-niet-af",
    What.quarantine: "quarantaine",
    What.failed: "mislukt",
}
"""What each thing that waits is called in answers."""
ROLES: Final = {
    Role.privacy_officer: "privacy-officer",
    Role.fg: "fg",
    Role.decision_maker: "beslisser",
    Role.administrator: "beheerder",
}


class Waits(Protocol):
    """What waits; `hub.waiting.service.Waiting` is the one there is."""

    async def list(self) -> List: ...


class WaitingDoor:
    """The route and what it needs; `operator` is the party that runs the hub."""

    def __init__(self, waiting: Waits, gate: Gate, operator: PartyId, clock: Clock) -> None:
        self._waiting, self._gate, self._operator, self._clock = waiting, gate, operator, clock

    async def get(self, request: Request) -> Response:
        """All that waits, what ends first in front."""
        if self._gate.admit(request, KOPPELINGEN).party != self._operator:
            raise HTTPException(403)
        check_answer_type(request)
        check_no_query(request)
        found, today = await self._waiting.list(), legal_date(self._clock.now_us())
        told = {"wachtend": [_told(one) | {"teLaat": one.late(today)} for one in found.items], "volledig": not found.unread}
        return Response(orjson.dumps(told), 200, media_type=JSON)


def _told(one: Item) -> dict[str, Any]:
    return {
        "soort": WORDS[one.what],
        "waarover": one.about,
        "rollen": sorted(ROLES[role] for role in one.roles),
        "sinds": None if one.since_us is None else legal_date(one.since_us).isoformat(),
        "uiterlijk": None if one.until is None else one.until.isoformat(),
        "aantal": one.count,
    }
