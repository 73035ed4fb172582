"""`POST /v1/verklaringen`: a young person speaks at a school or gemeente, and whoever hears it records it in one call.

To take something back is the same call with another word, and no reason is asked. The answer tells nobody whether anything was
known before: it is the same whether there was something to take back or not. The same key and body give the same answer again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from hmac import compare_digest
from typing import Annotated, Any, Final, Literal, Protocol
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import legal_date
from hub.consent.statement import Authority, Channel, Hex, Notice, Scope, What
from hub.domain.facts import StatementKind, Voice
from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pgn
from hub.domain.stages import Received
from hub.domain.terms import ElementName, Interface, LogId, PartyId, PurposeId, Term
from hub.errors import Conflict, Fault
from hub.identity.partners import VERKLARINGEN
from hub.ports import Claim, Clock, KeyedDigest
from hub.receive.messages import check_no_field_twice
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, idempotency_key, malformed
from hub.receive.store import Earlier, Idempotency, claim_key
from hub.statements.said import Done, Said, Spoken

STATEMENTS_PATH: Final = "/v1/verklaringen"
RECEIPT_KEYS_PATH: Final = "/.well-known/ontvangstbewijs-jwks.json"
ACTS: Final = {"vastleggen": What.given, "weigeren": What.refused, "intrekken": What.withdrawn}
_ATTEMPTS: Final = 3


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, alias_generator=to_camel)


class ShownText(_Body):
    """The text that was shown to whoever spoke."""

    naam: Term
    versie: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
    sha256: Hex


class ShownAuthority(_Body):
    """By what right a representative spoke, and the reference of the document."""

    soort: Authority
    kenmerk: Personal[Annotated[str, Field(min_length=1, max_length=128)]]


class Verklaring(_Body):
    """What was said, by whom, how."""

    handeling: Literal["vastleggen", "weigeren", "intrekken"]
    bsn: Bsn | None = None
    onderwijsnummer: Onderwijsnummer | None = None
    soort: StatementKind
    stem: Voice
    wijze: Channel
    doelen: Annotated[tuple[PurposeId, ...], Field(min_length=1, max_length=50)] | None = None
    partijen: Annotated[tuple[PartyId, ...], Field(min_length=1, max_length=50)] | None = None
    elementen: Annotated[tuple[ElementName, ...], Field(min_length=1, max_length=100)] | None = None
    gezegd_op: date | None = None
    vanaf: date | None = None
    tot: date | None = None
    geboortedatum: Personal[date] | None = None
    tekst: ShownText | None = None
    machtiging: ShownAuthority | None = None
    ook_bezwaar: bool | None = None
    verblijfplaats_afgeschermd: bool = False

    def __repr__(self) -> str:
        return "Verklaring(<personal>)"

    __str__ = __repr__

    @model_validator(mode="after")
    def _one_number(self) -> Verklaring:
        if (self.bsn is None) == (self.onderwijsnummer is None):
            raise ValueError("one number")
        return self

    @property
    def number(self) -> Pgn:
        """Whose words they are, or about whom."""
        number = self.bsn or self.onderwijsnummer
        assert number is not None, "one number is there"
        return number

    @property
    def scope(self) -> Scope:
        """What it is about."""
        return Scope(
            purposes=None if self.doelen is None else frozenset(self.doelen),
            parties=None if self.partijen is None else frozenset(self.partijen),
            elements=None if self.elementen is None else frozenset(self.elementen),
        )


class StatementsDesk(Protocol):
    """Where statements are recorded; `hub.statements.desk.Statements` is the one there is."""

    async def record(self, number: str, said: Said, /, *, claims: Sequence[Claim], ref: UUID) -> Done: ...
    async def withdraw(
        self, number: str, kind: StatementKind, scope: Scope, spoken: Spoken, /, *, claims: Sequence[Claim]
    ) -> Done: ...


ReceiptOf = Callable[[UUID], Awaitable[str]]
"""The signed receipt of a statement as it was first recorded."""


class StatementDoor:
    """The route and what it needs."""

    def __init__(
        self,
        desk: StatementsDesk,
        receipt_of: ReceiptOf,
        gate: Gate,
        idempotency: Idempotency,
        clock: Clock,
        digest: KeyedDigest,
        new_request_id: Callable[[], UUID],
        log_id: LogId,
    ) -> None:
        self._desk, self._receipt_of, self._gate, self._idempotency = desk, receipt_of, gate, idempotency
        self._clock, self._digest, self._new_request_id, self._log_id = clock, digest, new_request_id, log_id

    async def post(self, request: Request) -> Response:
        """201 once it is in the log, and holds."""
        caller = self._gate.admit(request, VERKLARINGEN)
        check_answer_type(request)
        check_no_query(request)
        key = idempotency_key(request)
        body = await body_of(request)
        check_no_field_twice(body)
        said = _read(body)
        received = Received(
            party=caller.party,
            log_id=self._log_id,
            interface=Interface.rest,
            request_id=self._new_request_id(),
            received_us=self._clock.now_us(),
            rows=(),
            key_digest=self._digest("idempotency-key", f"{self._log_id}\0{caller.party}\0".encode("ascii") + key),
            body_digest=self._digest("idempotency-body", key + b"\0" + body),  # with the key: a body alone cannot be tried
        )
        made = await self._once(received, said)
        recorded = ACTS[said.handeling] is not What.withdrawn
        answer = {
            "verklaringId": str(made),
            "status": "vastgelegd" if recorded else "ingetrokken",
            "ontvangstbewijs": await self._receipt_of(made) if recorded else None,
        }
        return Response(orjson.dumps(answer), 201, media_type=JSON)

    async def _once(self, received: Received, said: Verklaring) -> UUID:
        for _ in range(_ATTEMPTS):
            if (earlier := await self._earlier(received)) is not None:
                return earlier.request_id
            try:
                await self._act(received, said)
            except Conflict:
                continue  # someone was first: with this key, which is then found, or with this person
            return received.request_id
        raise Conflict("The statement was not recorded.", "Others kept recording the same thing.", "Repeat the request.")

    async def _earlier(self, received: Received) -> Earlier | None:
        earlier = await self._idempotency.find(received.party, received.key_digest or b"")
        if earlier is not None and not compare_digest(earlier.body_digest, received.body_digest or b""):
            raise HTTPException(409)
        return earlier

    async def _act(self, received: Received, said: Verklaring) -> None:
        number, what, claims = said.number.reveal(), ACTS[said.handeling], (claim_key(received),)
        spoken = Spoken(
            received.party,
            said.stem,
            said.wijze,
            Term(received.party),
            said.gezegd_op,
            None if said.machtiging is None else said.machtiging.soort,
            "" if said.machtiging is None else said.machtiging.kenmerk.reveal(),
        )
        if what is What.withdrawn:
            await self._desk.withdraw(number, said.soort, said.scope, spoken, claims=claims)
            return
        text = said.tekst
        told = Said(
            said.soort,
            said.scope,
            spoken,
            said.vanaf or said.gezegd_op or legal_date(received.received_us),
            said.tot,
            what,
            None if text is None else Notice(id=text.naam, version=text.versie, sha256=text.sha256),
            None if said.geboortedatum is None else said.geboortedatum.reveal(),
            said.verblijfplaats_afgeschermd,
            said.ook_bezwaar,
        )
        await self._desk.record(number, told, claims=claims, ref=received.request_id)


def _read(body: bytes) -> Verklaring:
    """The body, or errors.Malformed with every fault by field and code, without a value."""
    try:
        return Verklaring.model_validate_json(body)
    except ValidationError as wrong:
        found = wrong.errors(include_url=False, include_context=False, include_input=False)
    raise malformed(*dict.fromkeys(_fault(each["type"], each["loc"]) for each in found))


def _fault(kind: str, loc: tuple[Any, ...]) -> Fault:
    if kind == "extra_forbidden":
        return Fault("?", "VELD_ONBEKEND")
    if kind in ("json_invalid", "model_type") or not loc:
        return Fault("rij", "RIJ_ONVOLLEDIG")
    if kind == "missing":
        return Fault(str(loc[0]), "VERPLICHT_VELD_LEEG")
    if kind in ("bsn_invalid", "onderwijsnummer_invalid"):
        return Fault(str(loc[0]), f"{str(loc[0]).upper()}_ONGELDIG")
    return Fault(str(loc[0]), "DATUM_ONGELDIG" if kind.startswith("date") else "WAARDE_ONGELDIG")
