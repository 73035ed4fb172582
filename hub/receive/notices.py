"""`/v1/berichten`: what the calling party must do with data that it received, and its answer to that.

A notice comes back until it is acknowledged. To answer the same twice changes nothing, so the key that every write carries is
asked for and not remembered. Who says that it was done signs that with a key of its own, so that it can be shown afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.terms import PartyId
from hub.errors import Fault, Refused
from hub.identity.partners import BERICHTEN, Partner, Partners
from hub.identity.tokens import check_attestation
from hub.notices.issue import Unknown
from hub.notices.model import Answer, Channel, Ground, Happened, Method, Notice
from hub.notices.wire import METHODS, STATES, written
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

NOTICES_PATH: Final = "/v1/berichten"
ANSWER_PATH: Final = "/v1/berichten/{berichtId}/antwoord"
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
LARGEST_PAGE: Final = 500
USUAL_PAGE: Final = 100
MOST_ONWARD: Final = 50
ANSWERS: Final[Mapping[str, Happened]] = {
    "ontvangen": Happened.acknowledged,
    "uitgevoerd": Happened.attested,
    "geweigerd": Happened.refused,
}
_METHODS: Final = {word: method for method, word in METHODS.items()}
_FIELDS: Final = ("antwoord", "wijze", "ondertekening", "grond", "toelichting", "doorgegevenAan")
_OF: Final = {
    Happened.acknowledged: frozenset({"antwoord", "doorgegevenAan"}),
    Happened.attested: frozenset({"antwoord", "wijze", "ondertekening", "doorgegevenAan"}),
    Happened.refused: frozenset({"antwoord", "grond", "toelichting", "doorgegevenAan"}),
}


class NoticesDesk(Protocol):
    """Where notices wait and answers go; `hub.notices.desk.NoticeDesk` is the one there is."""

    async def fetch(self, recipient: PartyId, limit: int, /) -> Sequence[Notice]: ...
    async def answer(self, notice_id: UUID, answer: Answer, /, *, recipient: PartyId) -> Notice: ...


class NoticePages:
    """The routes and what they need."""

    def __init__(self, desk: NoticesDesk, partners: Partners, gate: Gate) -> None:
        self._desk, self._partners, self._gate = desk, partners, gate

    async def get(self, request: Request) -> Response:
        """200 with what the caller has not acknowledged, oldest first, once the log says that it is handed over."""
        if request.method == "HEAD":  # the log would say that something was handed over, and nothing was
            raise HTTPException(405, headers={"Allow": "GET"})
        caller = self._gate.admit(request, BERICHTEN)
        check_answer_type(request)
        limit = one_number(request, "limiet", USUAL_PAGE, LARGEST_PAGE)
        found = await self._desk.fetch(caller.party, limit)
        return Response(orjson.dumps(written(found)), 200, media_type=JSON)

    async def answer(self, request: Request) -> Response:
        """200 with how the notice stands now; 404 for one that is not the caller's."""
        caller = self._gate.admit(request, BERICHTEN)
        check_answer_type(request)
        check_no_query(request)
        idempotency_key(request)
        notice_id = _id(request.path_params["berichtId"])
        content = _read(await body_of(request))
        partner = await self._partners.find(caller.client_id)
        try:
            notice = await self._desk.answer(notice_id, _answer(notice_id, content, partner), recipient=caller.party)
        except Unknown:
            raise HTTPException(404) from None
        said = {"berichtId": str(notice.notice_id), "status": STATES[notice.state]}
        return Response(orjson.dumps(said), 200, media_type=JSON)


def _id(text: str) -> UUID:
    if not _UUID.fullmatch(text.lower()):
        raise HTTPException(404)
    return UUID(text)


def _read(body: bytes) -> dict[str, Any]:
    """The fields of an answer, each of its own type. Raises errors.Malformed with every fault."""
    content = object_of(body)
    faults = [Fault("?", "VELD_ONBEKEND") for name in content if name not in _FIELDS][:1]
    for name in _FIELDS[:5]:
        if name in content and not isinstance(content[name], str):
            faults.append(Fault(name, "WAARDE_ONGELDIG"))
    if "antwoord" not in content:
        faults.append(Fault("antwoord", "VERPLICHT_VELD_LEEG"))
    for name, words in (("antwoord", ANSWERS), ("wijze", _METHODS), ("grond", list(Ground))):
        if isinstance(content.get(name), str) and content[name] not in words:
            faults.append(Fault(name, "CODE_ONBEKEND"))
    faults += _onward_faults(content.get("doorgegevenAan", []))
    if faults:
        raise malformed(*faults)
    allowed = _OF[ANSWERS[content["antwoord"]]]
    if extra := [Fault(name, "ANTWOORD_PAST_NIET") for name in _FIELDS if name in content and name not in allowed]:
        raise malformed(*extra)
    return content


def _onward_faults(given: object) -> list[Fault]:
    if not isinstance(given, list):
        return [Fault("doorgegevenAan", "WAARDE_ONGELDIG")]
    if len(given) > MOST_ONWARD:
        return [Fault("doorgegevenAan", "AANTAL_ONGELDIG")]
    return [Fault(f"doorgegevenAan[{index}]", "WAARDE_ONGELDIG") for index, each in enumerate(given) if not _is_party(each)]


def _is_party(word: object) -> bool:
    try:
        return isinstance(word, str) and bool(PartyId(word))
    except ValueError:
        return False


def _answer(notice_id: UUID, content: Mapping[str, Any], partner: Partner | None) -> Answer:
    kind, signed = ANSWERS[content["antwoord"]], content.get("ondertekening", "")
    method = _METHODS.get(content.get("wijze", ""))
    if signed and method is not None:
        _check_signature(notice_id, method, signed, partner)
    return Answer(
        kind=kind,
        channel=Channel.rest,
        method=method,
        ground=Ground(content["grond"]) if "grond" in content else None,
        digest=sha256(signed.encode()).digest() if signed else None,
        text=signed or content.get("toelichting", ""),
        onward=tuple(map(PartyId, content.get("doorgegevenAan", ()))),
    )


def _check_signature(notice_id: UUID, method: Method, signed: str, partner: Partner | None) -> None:
    says = {"berichtId": str(notice_id), "antwoord": "uitgevoerd", "wijze": METHODS[method]}
    try:
        if partner is None:
            raise Refused("The statement was refused.", "Its signer is not registered any more.", "Ask the administrator.")
        check_attestation(signed, partner, says)
    except Refused:
        raise malformed(Fault("ondertekening", "HANDTEKENING_ONGELDIG")) from None
