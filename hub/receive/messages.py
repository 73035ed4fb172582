"""`POST /v1/uitvalmeldingen` and its like, one resource per kind of record: a record is admitted and its outcome proven.

The same key and body give the same answer again and change nothing; the same key with another body is a conflict. The digest is
of the body's bytes as sent: a client repeats the request it made, it does not write it anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.personal import Personal
from hub.domain.record import PersonRecord
from hub.domain.stages import Received, Row
from hub.domain.terms import Interface, LogId
from hub.errors import Conflict, Fault
from hub.identity.partners import may_give
from hub.normalise import ROW, JsonMapping
from hub.observe import Event, emit
from hub.ports import Admitted, Claim, Clock, KeyedDigest, RowSet, SealedRow, Tally, Way
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, idempotency_key, malformed
from hub.receive.store import Idempotency, claim_key

_ATTEMPTS: Final = 3


class MessageIntake:
    """What the REST door adds to a work item: the key is new; and what is rejected is answered, never kept."""

    def tally(self, tally: Tally, /) -> Tally:
        """A message counts once."""
        return tally

    def claims(self, received: Received, _tally: Tally, /) -> Sequence[Claim]:
        """The key must be new."""
        return (claim_key(received),)

    def keep(self, _received: Received, rejected: Sequence[SealedRow], /) -> Sequence[RowSet]:
        """Raises errors.Malformed with the faults of what was rejected: the caller mends it, nothing of it stays here."""
        if not rejected:
            return ()
        raise malformed(*(Fault(where, code) for row in rejected for where, code in row.faults))


_INTAKE: Final = MessageIntake()


class Messages:
    """The route of one kind of record and what it needs."""

    def __init__(
        self,
        model: type[PersonRecord],
        way: Way,
        gate: Gate,
        idempotency: Idempotency,
        clock: Clock,
        digest: KeyedDigest,
        new_request_id: Callable[[], UUID],
        log_id: LogId,
    ) -> None:
        self._model, self._mapping = model, JsonMapping(model)
        self._way, self._gate, self._idempotency = way, gate, idempotency
        self._clock, self._digest, self._new_request_id, self._log_id = clock, digest, new_request_id, log_id

    async def post(self, request: Request) -> Response:
        """201 with the outcome per recipient, once it is in the log."""
        caller = self._gate.admit(request, may_give(self._model))
        check_answer_type(request)
        check_no_query(request)
        key = idempotency_key(request)
        body = await body_of(request, limit=self._model.LARGEST)
        check_no_field_twice(body)
        raw = Personal(body)
        received = Received(
            party=caller.party,
            log_id=self._log_id,
            interface=Interface.rest,
            request_id=self._new_request_id(),
            received_us=self._clock.now_us(),
            rows=(Row(1, raw, raw),),
            key_digest=self._digest("idempotency-key", f"{self._log_id}\0{caller.party}\0".encode("ascii") + key),
            body_digest=self._digest(
                "idempotency-body", key + b"\0" + self._model.KIND.encode() + b"\0" + body
            ),  # with the key: a body alone cannot be tried
        )
        admitted = await self._admitted(received)
        emit(Event.message_admitted, party=caller.party, request=admitted.request_id, duplicate=bool(admitted.tally.duplicate))
        return Response(orjson.dumps(_answer(self._model, admitted)), 201, media_type=JSON)

    async def _admitted(self, received: Received) -> Admitted:
        key_digest, body_digest = received.key_digest or b"", received.body_digest or b""
        for _ in range(_ATTEMPTS):
            earlier = await self._idempotency.find(received.party, key_digest)
            if earlier is not None:
                if not compare_digest(earlier.body_digest, body_digest):
                    raise HTTPException(409)
                return await self._way.recall(received.party, earlier.request_id)
            try:
                return await self._way.admit(received, self._mapping, _INTAKE)
            except Conflict:
                continue  # someone was first: with this key, which is then found, or with this person
        raise Conflict("The message was not recorded.", "Others kept recording the same thing.", "Repeat the request.")


def check_no_field_twice(body: bytes) -> None:
    """Two readers may take two different values from `{"bsn": A, "bsn": B}`, so it is refused. Raises errors.Malformed."""
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise malformed(Fault(ROW, "RIJ_ONVOLLEDIG")) from None


def object_of(body: bytes) -> dict[str, Any]:
    """A body that is one object of JSON, with no field twice. Raises errors.Malformed."""
    check_no_field_twice(body)
    try:
        content = orjson.loads(body)
    except ValueError:  # NaN, or half a letter: the other reader lets them pass
        raise malformed(Fault(ROW, "RIJ_ONVOLLEDIG")) from None
    if not isinstance(content, dict):
        raise malformed(Fault(ROW, "WAARDE_ONGELDIG"))
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(fields := dict(pairs)) != len(pairs):
        raise malformed(Fault("?", "VELD_DUBBEL"))
    return fields


def _answer(model: type[PersonRecord], admitted: Admitted) -> dict[str, Any]:
    return {
        f"{model.KIND}Id": str(admitted.request_id),
        "status": "dubbel" if admitted.tally.duplicate else "aangenomen",
        "uitkomsten": [
            {
                "ontvanger": str(outcome.recipient),
                "besluit": "verstrekt" if outcome.permitted else "geweigerd",
                "redenen": [str(reason) for reason in outcome.reasons],
                "logregel": admitted.entries.get(outcome.ref),
                "bewijs": admitted.receipts.get(outcome.ref),
            }
            for outcome in admitted.outcomes
        ],
        "checkpoint": admitted.checkpoint,
    }
