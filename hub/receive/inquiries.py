"""`POST /v1/bevragingen`: a party asks a register about one person, in its own college's connection.

A question changes nothing at the register: the key that every write carries is asked for and not remembered. Each question and
each answer is in the log.
"""

from __future__ import annotations

import re
from typing import Any, Final, Protocol

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.handing import written
from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Fault
from hub.identity.partners import BEVRAGEN
from hub.inquiry.pace import TooMany
from hub.inquiry.service import Answered, Question
from hub.receive.messages import object_of
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, idempotency_key, malformed

INQUIRIES_PATH: Final = "/v1/bevragingen"
_FIELDS: Final = ("register", "bsn", "onderwijsnummer", "gebruiker", "taak")
_WORD: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+){0,10}", re.ASCII)
_USER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)

_FOUND: Final = "Of er voor u een antwoord is. Is dat er niet, dan kent het register deze persoon niet, of u mag het niet weten"

TAG: Final = {"name": "Bevragingen", "description": "Een register bevragen, in de aansluiting van het eigen college"}
ASK: Final[dict[str, Any]] = {
    "operationId": "bevraagRegister",
    "tags": [TAG["name"]],
    "summary": "Bevraag een register over een jongere",
    "description": "De vraag staat in het logboek voordat zij vertrekt, met de taak en een afgeleide van de gebruiker. Van het "
    "antwoord blijft alleen over wat de afspraak toestaat, meestal ja of nee. Het is voor u alleen, en wordt in ditzelfde "
    "antwoord overhandigd; bevestig de ontvangst zoals bij andere bezorgingen.",
}


class Asks(Protocol):
    """Where questions go; `hub.inquiry.service.Inquiries` is the one there is."""

    async def ask(self, asker: PartyId, question: Question, /) -> Answered: ...


class InquiryDoor:
    """The route and what it needs."""

    def __init__(self, asks: Asks, gate: Gate) -> None:
        self._asks, self._gate = asks, gate

    async def post(self, request: Request) -> Response:
        """200 with the answer, once the log says that it is handed over; 503 for who asks too much in an hour."""
        caller = self._gate.admit(request, BEVRAGEN)
        check_answer_type(request)
        check_no_query(request)
        idempotency_key(request)
        try:
            answered = await self._asks.ask(caller.party, _read(await body_of(request)))
        except TooMany as many:
            raise HTTPException(503, headers={"Retry-After": str(many.after_s)}) from None
        return Response(orjson.dumps(_answer(caller.party, answered)), 200, media_type=JSON)


def _answer(asker: PartyId, answered: Answered) -> dict[str, Any]:
    """What may not be told reads as what is not there: that a register knows somebody says something about them already."""
    outcomes = () if answered.admitted is None else answered.admitted.outcomes
    said = next((one for one in outcomes if one.recipient == asker and one.permitted), None)
    return {
        "gevonden": said is not None,
        "besluit": None if said is None else "verstrekt",
        "redenen": [] if said is None else [str(reason) for reason in said.reasons],
        **written(answered.handed.deliveries, answered.handed.checkpoint),
    }


def _read(body: bytes) -> Question:
    """Raises errors.Malformed with every fault."""
    content = object_of(body)
    faults = [Fault("?", "VELD_ONBEKEND") for name in content if name not in _FIELDS][:1]
    for name, shape in (("register", _WORD), ("gebruiker", _USER), ("taak", _WORD)):
        given = content.get(name)
        if given is None:
            faults.append(Fault(name, "VERPLICHT_VELD_LEEG"))
        elif not isinstance(given, str) or not shape.fullmatch(given) or len(given) > 64:
            faults.append(Fault(name, "WAARDE_ONGELDIG"))
    pgn = _pgn(content, faults)
    if faults or pgn is None:
        raise malformed(*faults)
    return Question(ConnectorId(content["register"]), pgn, content["gebruiker"], content["taak"])


def _pgn(content: dict[str, Any], faults: list[Fault]) -> Pgn | None:
    bsn: Any = content.get("bsn")
    other: Any = content.get("onderwijsnummer")
    if (bsn is None) == (other is None):
        faults.append(Fault("bsn", "PGN_EEN_VAN_TWEE"))
    elif bsn is not None:
        if Bsn.accepts(bsn):
            return Bsn(bsn)
        faults.append(Fault("bsn", "BSN_ONGELDIG"))
    elif Onderwijsnummer.accepts(other):
        return Onderwijsnummer(other)
    else:
        faults.append(Fault("onderwijsnummer", "ONDERWIJSNUMMER_ONGELDIG"))
    return None


def schemas(delivery: dict[str, Any]) -> dict[str, Any]:
    """What is sent and answered; `delivery` refers to a delivery as it is fetched."""
    nine = {"type": "string", "pattern": "^[0-9]{9}$"}
    word = {"type": "string", "pattern": f"^{_WORD.pattern}$", "maxLength": 64}
    return {
        "Bevraging": {
            "type": "object",
            "description": "Over wie, aan welk register, door wie en waarvoor. Geef precies een van bsn en onderwijsnummer.",
            "properties": {
                "register": {**word, "description": "Het register zoals uw college het in de hub heeft ingesteld"},
                "bsn": {**nine, "description": "Burgerservicenummer"},
                "onderwijsnummer": {**nine, "description": "Onderwijsnummer van wie geen burgerservicenummer heeft"},
                "gebruiker": {
                    "type": "string",
                    "pattern": f"^{_USER.pattern}$",
                    "description": "Wie vraagt, zoals het register die gebruiker kent; de hub bewaart er een afgeleide van",
                },
                "taak": {**word, "description": "Voor welke taak; een van die bij dit register zijn afgesproken"},
            },
            "required": ["register", "gebruiker", "taak"],
            "additionalProperties": False,
        },
        "BevragingAntwoord": {
            "type": "object",
            "description": "Wat het register zegt, voor zover u het mag weten",
            "properties": {
                "gevonden": {"type": "boolean", "description": _FOUND},
                "besluit": {"type": ["string", "null"], "enum": ["verstrekt", None]},
                "redenen": {"type": "array", "items": {"type": "string"}},
                "bezorgingen": {"type": "array", "items": delivery, "maxItems": 1},
                "checkpoint": {"type": "string", "description": "Checkpoint van het logboek (C2SP tlog-checkpoint)"},
            },
            "required": ["gevonden", "besluit", "redenen", "bezorgingen", "checkpoint"],
            "additionalProperties": False,
        },
    }
